//! Commands that look and change nothing: `plan` and `check`.

use dbferry_control::{EndpointSpec, TaskService};
use dbferry_core::{Capabilities, Error, Finding, Role, Severity};
use serde::Serialize;

use super::run::warn_of_visible_passwords;
use crate::app::{App, Exit};
use crate::cli::{self, Check, Plan};
use crate::connectors::{Connections, NoNewFile, read_address};
use crate::request::{self, endpoint};
use crate::show::{self, finding, harmless};

/// Shows what a migration would do.
pub(super) async fn plan(app: &App, plan: Plan) -> Result<Exit, Error> {
    let (new, connections) = request::new_task(&plan.task, None)?;
    warn_of_visible_passwords(app, &[&new.source, &new.target]);
    let _no_new_file = NoNewFile::at(&new.target.address);
    let summary = app.service(connections)?.plan(new).await?;
    match app.terminal.is_json() {
        true => app.terminal.json(&summary),
        false => show::plan::show(&app.terminal, &summary, plan.brief),
    }
    Ok(if show::plan::is_blocked(&summary) {
        Exit::Blocked
    } else {
        Exit::Done
    })
}

/// The answer of `check` for one role.
#[derive(Serialize)]
struct RoleCheck {
    role: Role,
    endpoint: Capabilities,
    findings: Vec<Finding>,
}

/// Tests an endpoint, for one role or for both.
pub(super) async fn check(app: &App, check: Check) -> Result<Exit, Error> {
    let roles: &[Role] = match check.role {
        Some(cli::Role::Source) => &[Role::Source],
        Some(cli::Role::Target) => &[Role::Target],
        None => &[Role::Source, Role::Target],
    };
    // Both roles are of one account, so its password is asked for once.
    let address = read_address(&check.url, roles[0])?;
    let (spec, password) = endpoint(address, roles[0], check.password_file.as_deref())?;
    warn_of_visible_passwords(app, &[&spec]);
    let connections = Connections {
        source_password: password.clone(),
        target_password: password,
    };
    let service = app.service(connections)?;
    let mut answers = Vec::new();
    for &role in roles {
        let spec = EndpointSpec::new(read_address(&check.url, role)?, spec.password.clone());
        answers.push(check_as(&service, &spec, role).await?);
    }
    match app.terminal.is_json() {
        true => app.terminal.json(&answers),
        false => answers.iter().for_each(|answer| show_check(app, answer)),
    }
    let fatal = |finding: &Finding| finding.severity == Severity::Error;
    let blocked = |answer: &RoleCheck| answer.findings.iter().any(fatal);
    Ok(match answers.iter().any(blocked) {
        true => Exit::Blocked,
        false => Exit::Done,
    })
}

async fn check_as(
    service: &TaskService,
    spec: &EndpointSpec,
    role: Role,
) -> Result<RoleCheck, Error> {
    let _no_new_file = NoNewFile::at(&spec.address);
    let answer = service.check(spec, role).await?;
    Ok(RoleCheck {
        role,
        endpoint: answer.capabilities,
        findings: answer.findings,
    })
}

fn show_check(app: &App, answer: &RoleCheck) {
    let role = crate::password::name_of(answer.role);
    let verdict = match finding::summary(&answer.findings) {
        None => "ready".into(),
        Some(summary) => summary,
    };
    app.terminal.data(format!(
        "{} as {role}: {verdict}",
        harmless(&answer.endpoint.product)
    ));
    for line in finding::lines(&answer.findings) {
        app.terminal.data(format!("  {line}"));
    }
}
