//! Log lines go to standard error, above the progress that is drawn there.

use std::io::{self, Write};

use dbferry_core::{Code, Error};
use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::cli::LogFormat;
use crate::show::Terminal;

/// Begins to log.
///
/// # Errors
/// `SettingsInvalid` when `level` is neither a level nor a filter.
pub(crate) fn start(terminal: &Terminal, level: &str, format: LogFormat) -> Result<(), Error> {
    let filter = EnvFilter::builder().parse(level).map_err(|error| {
        Error::definite(Code::SettingsInvalid, "the log level cannot be understood")
            .with_object(level)
            .with_hint("write error, warn, info, debug or trace, or a filter like warn,dbferry_mysql=debug")
            .with_source(error)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(AboveBars(terminal.bars().clone()))
        .with_ansi(console::colors_enabled_stderr());
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}

#[derive(Clone)]
struct AboveBars(MultiProgress);

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for AboveBars {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(line))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
