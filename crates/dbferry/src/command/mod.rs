//! The commands, each in a few steps.

mod inspect;
mod run;
mod tasks;

use clap::CommandFactory;
use dbferry_core::{Code, Error};

use crate::app::{App, Exit};
use crate::cli::{Cli, Command};

pub(crate) use self::run::run_task;

/// Does what the command says.
///
/// # Errors
/// Whatever kept it from being done.
pub(crate) async fn run(app: &App, command: Command) -> Result<Exit, Error> {
    match command {
        Command::Migrate(migrate) => run::migrate(app, migrate).await,
        Command::Resume(resume) => run::resume(app, resume).await,
        Command::Plan(plan) => inspect::plan(app, plan).await,
        Command::Check(check) => inspect::check(app, check).await,
        Command::Status(status) => tasks::status(app, status).await,
        Command::Stop { task } => tasks::stop(app, task).await,
        Command::Delete(delete) => tasks::delete(app, delete).await,
        Command::Demo(demo) => crate::demo::run(app, demo).await,
        Command::Completions { shell } => completions(app, shell),
        Command::Man { dir } => manual(app, dir.as_deref()),
    }
}

fn completions(app: &App, shell: clap_complete::Shell) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "dbferry", &mut script);
    app.terminal
        .data(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}

fn manual(app: &App, dir: Option<&std::path::Path>) -> Result<Exit, Error> {
    let unwritable = |error: std::io::Error| {
        let error = Error::definite(Code::FileUnavailable, "a manual page cannot be written")
            .with_source(error);
        match dir {
            Some(dir) => error.with_object(dir.display()),
            None => error,
        }
    };
    match dir {
        Some(dir) => {
            std::fs::create_dir_all(dir).map_err(unwritable)?;
            clap_mangen::generate_to(Cli::command(), dir).map_err(unwritable)?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(unwritable)?;
            app.terminal.data(String::from_utf8_lossy(&page).trim_end());
        }
    }
    Ok(Exit::Done)
}
