//! The `dbferry` binary: the command line, and the wiring of connectors.
//!
//! - `cli`: commands and arguments. `command`: what each command does, in few steps.
//! - `request`: from arguments to a task. `password`: where passwords come from.
//! - `connectors`: the only place that knows every connector.
//! - `watch`, `show`: what a person or a program sees.
//! - `demo`: the sample shop.
//!
//! A command returns how the process shall end, or an error that is printed here, once.

mod app;
mod cli;
mod command;
mod connectors;
mod demo;
mod logging;
mod password;
mod request;
mod show;
mod signals;
mod size;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use dbferry_core::{Code, Error};

use crate::app::{App, Exit};
use crate::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let app = App::new(&cli.global);
    let exit = match run(&app, cli) {
        Ok(exit) => exit,
        Err(error) => {
            report(&app, &error);
            Exit::Failed
        }
    };
    ExitCode::from(exit.code())
}

fn run(app: &App, cli: Cli) -> Result<Exit, Error> {
    logging::start(&app.terminal, &cli.global.log_level, cli.global.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| {
        Error::definite(Code::Internal, "the runtime cannot be started").with_source(error)
    })?;
    runtime.block_on(command::run(app, cli.command))
}

/// Prints an error, for people and, where asked for, for programs.
fn report(app: &App, error: &Error) {
    let report = error.report();
    app.terminal.note(show::failure::lines(&report));
    if app.terminal.is_json() {
        app.terminal
            .json(&show::json::Event::Error { error: &report });
    }
}
