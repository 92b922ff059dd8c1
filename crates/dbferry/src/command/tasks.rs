//! Commands about tasks that this process does not run: `status`, `stop` and `delete`.

use dbferry_control::{TargetLedger, TaskService};
use dbferry_core::{Error, Role};

use crate::app::{App, Exit};
use crate::cli::{Delete, Status, TaskName};
use crate::connectors::Connections;
use crate::show::{json, task};
use crate::{password, watch};

/// Lists tasks, or shows one.
pub(super) async fn status(app: &App, status: Status) -> Result<Exit, Error> {
    let service = app.service(Connections::default())?;
    match &status.task {
        None => list(app, &service).await,
        Some(name) => show(app, &service, name, status.watch).await,
    }
}

async fn list(app: &App, service: &TaskService) -> Result<Exit, Error> {
    let tasks = service.list().await?;
    match app.terminal.is_json() {
        true => app.terminal.json(
            &tasks
                .iter()
                .map(json::TaskSummary::from)
                .collect::<Vec<_>>(),
        ),
        false => task::show_list(&app.terminal, &tasks),
    }
    Ok(Exit::Done)
}

async fn show(app: &App, service: &TaskService, name: &str, watch: bool) -> Result<Exit, Error> {
    let task = service.find(name).await?;
    let details = match watch {
        true => watch::from_afar(&app.terminal, service, &task.id).await?,
        false => service.show(&task.id).await?,
    };
    match app.terminal.is_json() {
        true => app.terminal.json(&json::Details::from(&details)),
        false => task::show_details(&app.terminal, &details),
    }
    if details.view.status.can_resume() {
        let resume = app.command("resume", &task.handle);
        app.terminal.note(format!("Go on with: {resume}"));
    }
    Ok(Exit::Done)
}

/// Asks the process that runs a task to stop it.
pub(super) async fn stop(app: &App, name: TaskName) -> Result<Exit, Error> {
    let service = app.service(Connections::default())?;
    let task = service.find(&name.task).await?;
    service.stop(&task.id).await?;
    match app.terminal.is_json() {
        true => app.terminal.json(&json::TaskSummary::from(&task)),
        false => app.terminal.note(format!(
            "Task {} was asked to stop; watch it with: {}",
            task.handle,
            app.command("status --watch", &task.handle)
        )),
    }
    Ok(Exit::Done)
}

/// Forgets a task.
pub(super) async fn delete(app: &App, delete: Delete) -> Result<Exit, Error> {
    let service = app.service(Connections::default())?;
    let task = service.find(&delete.task.task).await?;
    let ledger = match delete.local_only {
        true => TargetLedger::Leave,
        false => TargetLedger::Remove,
    };
    let mut connections = Connections::default();
    if ledger == TargetLedger::Remove && service.has_begun(&task.id).await? {
        let file = delete.target_password_file.as_deref();
        connections.target_password =
            password::of_process().find_again(&task.target, Role::Target, file)?;
    }
    app.service(connections)?.delete(&task.id, ledger).await?;
    match app.terminal.is_json() {
        true => app.terminal.json(&json::TaskSummary::from(&task)),
        false => app
            .terminal
            .note(format!("Task {} is forgotten.", task.handle)),
    }
    Ok(Exit::Done)
}
