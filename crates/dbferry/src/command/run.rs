//! Commands that run a task in this process: `migrate` and `resume`.

use dbferry_control::{
    EndpointSpec, NewTask, PasswordPlace, TargetLedger, Task, TaskService, Watch,
};
use dbferry_core::{Code, Error, Role};
use dbferry_engine::Report;

use crate::app::{App, Exit};
use crate::cli::{Migrate, PasswordFiles, Resume};
use crate::connectors::{Connections, NoNewFile};
use crate::request;
use crate::show::{self, json};
use crate::signals::Listener;
use crate::{password, watch};

/// Creates a task and runs it.
pub(super) async fn migrate(app: &App, migrate: Migrate) -> Result<Exit, Error> {
    let (new, connections) = request::new_task(&migrate.task, migrate.name)?;
    warn_of_visible_passwords(app, &[&new.source, &new.target]);
    let _no_new_file = NoNewFile::at(&new.target.address);
    let service = app.service(connections)?;
    mention_unfinished(app, &service, &new).await?;
    let task = service.create(new).await?;
    run_task(app, &service, &task).await
}

/// Goes on with a task.
pub(super) async fn resume(app: &App, resume: Resume) -> Result<Exit, Error> {
    let task = app
        .service(Connections::default())?
        .find(&resume.task.task)
        .await?;
    let connections = passwords_of(&task, &resume.passwords)?;
    run_task(app, &app.service(connections)?, &task).await
}

/// The passwords of a task that ran before.
fn passwords_of(task: &Task, files: &PasswordFiles) -> Result<Connections, Error> {
    let sources = password::of_process();
    let source_file = files.source_password_file.as_deref();
    let target_file = files.target_password_file.as_deref();
    Ok(Connections {
        source_password: sources.find_again(&task.source, Role::Source, source_file)?,
        target_password: sources.find_again(&task.target, Role::Target, target_file)?,
    })
}

/// Runs a task to its end, watched, and shows what it achieved.
///
/// # Errors
/// What stopped the run, other than a request.
pub(crate) async fn run_task(app: &App, service: &TaskService, task: &Task) -> Result<Exit, Error> {
    let resume = app.command("resume", &task.handle);
    match app.terminal.is_json() {
        true => app
            .terminal
            .json(&json::Event::Started { task: task.into() }),
        false => show::task::show_start(&app.terminal, task, &resume),
    }
    let watch = Watch::default();
    let outcome = {
        let _signals = Listener::start(&app.terminal, &watch.cancel, resume.clone())?;
        let run = service.run(&task.id, watch.clone());
        watch::alongside(&app.terminal, &watch.progress, run).await
    };
    match outcome {
        Ok(report) => Ok(finished(app, &service.find(&task.id.0).await?, &report)),
        Err(error) if error.code() == Code::Stopped => {
            Ok(stopped(app, &service.find(&task.id.0).await?, &resume))
        }
        Err(error) => Err(failed(app, service, task, &resume, error).await),
    }
}

fn finished(app: &App, task: &Task, report: &Report) -> Exit {
    match app.terminal.is_json() {
        true => app.terminal.json(&json::Event::Report {
            task: task.into(),
            report,
        }),
        false => show::report::show(&app.terminal, report, task.runs),
    }
    match report.complete {
        true => Exit::Done,
        false => {
            let resume = app.command("resume", &task.handle);
            app.terminal
                .note(format!("Mend what stands above, then: {resume}"));
            Exit::Incomplete
        }
    }
}

fn stopped(app: &App, task: &Task, resume: &str) -> Exit {
    if app.terminal.is_json() {
        app.terminal.json(&json::Event::Stopped {
            task: task.into(),
            resume,
        });
    }
    app.terminal.note(format!(
        "Stopped. What is loaded stays; go on with: {resume}"
    ));
    Exit::Stopped
}

/// Says what remains after a failure. A task that has changed nothing is not kept: there is
/// nothing to resume, and the mended command makes another.
async fn failed(
    app: &App,
    service: &TaskService,
    task: &Task,
    resume: &str,
    error: Error,
) -> Error {
    match service.has_begun(&task.id).await {
        Ok(false) if error.code() != Code::TaskLocked && task.runs == 0 => {
            if let Err(error) = service.delete(&task.id, TargetLedger::Leave).await {
                tracing::warn!(error = %error.report(), "task not removed");
            }
            app.terminal
                .note("Nothing was changed, and the task is not kept.");
        }
        _ => {
            if !matches!(error.code(), Code::TaskLocked | Code::TaskStateConflict) {
                app.terminal
                    .note(format!("What is loaded stays; go on with: {resume}"));
            }
        }
    }
    error
}

/// Passwords in arguments can be read by everybody on the machine, from the list of processes.
pub(super) fn warn_of_visible_passwords(app: &App, endpoints: &[&EndpointSpec]) {
    let visible = |endpoint: &&EndpointSpec| endpoint.password == PasswordPlace::Address;
    if endpoints.iter().any(visible) {
        let word = show::style().yellow().bold().apply_to("warning");
        app.terminal.note(format!(
            "{word}: a password in an address can be seen by others on this machine and stays in \
             the shell's history.\n  Use {}, {} or a password file instead.",
            password::variable_of(Role::Source),
            password::variable_of(Role::Target),
        ));
    }
}

/// Reminds of tasks between the same endpoints that could go on: most often the user wants that.
async fn mention_unfinished(app: &App, service: &TaskService, new: &NewTask) -> Result<(), Error> {
    for view in service.list().await? {
        let task = &view.task;
        let same =
            task.source.address == new.source.address && task.target.address == new.target.address;
        if same && view.status.can_resume() {
            app.terminal.note(format!(
                "note: task {} between the same endpoints is {}; to go on with it: {}",
                task.handle,
                view.status.as_str(),
                app.command("resume", &task.handle)
            ));
        }
    }
    Ok(())
}
