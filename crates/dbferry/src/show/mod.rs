//! What a person or a program reads.
//!
//! Data goes to standard output, everything else to standard error. [`Terminal`] is the one door
//! to both, since lines must not tear the progress that is drawn on the same screen.

pub(crate) mod failure;
pub(crate) mod finding;
pub(crate) mod json;
pub(crate) mod plan;
pub(crate) mod report;
mod table;
pub(crate) mod task;

use std::io::Write;

use console::{Style, Term};
use indicatif::{MultiProgress, ProgressDrawTarget};
use serde::Serialize;

/// Both output streams, and how they are used.
#[derive(Debug, Clone)]
pub(crate) struct Terminal {
    bars: MultiProgress,
    form: Form,
}

/// The form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people, with progress that is redrawn in place.
    Live,
    /// For people and logs, line by line.
    Lines,
    /// For programs.
    Json,
}

impl Terminal {
    /// Decides the form: JSON when asked for, live on a terminal unless that is unwanted.
    pub(crate) fn new(json: bool, no_progress: bool) -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let form = match json {
            true => Form::Json,
            false if no_progress || dumb || !Term::stderr().is_term() => Form::Lines,
            false => Form::Live,
        };
        let target = match form {
            Form::Live => ProgressDrawTarget::stderr(),
            Form::Lines | Form::Json => ProgressDrawTarget::hidden(),
        };
        Self {
            bars: MultiProgress::with_draw_target(target),
            form,
        }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    pub(crate) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Where live progress is drawn.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Writes a line for people to standard error.
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        // Nothing can be told to anybody when standard error is gone.
        self.bars.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{}", line.as_ref());
        });
    }

    /// Writes data to standard output. A reader that has gone away, as `head` does, ends the
    /// process without a complaint.
    pub(crate) fn data(&self, text: impl AsRef<str>) {
        self.bars.suspend(|| {
            let mut out = std::io::stdout().lock();
            if writeln!(out, "{}", text.as_ref())
                .and_then(|()| out.flush())
                .is_err()
            {
                std::process::exit(0);
            }
        });
    }

    /// Writes a value as one line of JSON to standard output.
    pub(crate) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(text) => self.data(text),
            Err(error) => tracing::error!(%error, "value not writable as JSON"),
        }
    }
}

/// Standard error's styles; plain where `NO_COLOR` is set or it is not a terminal.
pub(crate) fn style() -> Style {
    Style::new().for_stderr()
}

/// Standard output's styles, likewise.
pub(crate) fn out_style() -> Style {
    Style::new().for_stdout()
}

/// A text from elsewhere, with whatever could steer a terminal replaced.
pub(crate) fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_others_never_reach_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\nc\r"), "a\u{fffd}[2Jb\nc\u{fffd}");
    }
}
