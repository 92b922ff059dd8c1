//! The demonstration: a sample shop, made on the source and migrated to the target.
//!
//! 1. The shop is made anew: on SQLite a file, on a server the database of --database, which is
//!    dropped first on both sides. Nothing else is touched.
//! 2. A task migrates it, by the same code as `dbferry migrate`.
//!
//! The shop ([`shop`]) is the same every time, so that two demonstrations can be compared.

mod mysql;
mod shop;
mod sqlite;

use std::path::{Path, PathBuf};
use std::time::Instant;

use dbferry_core::{Code, EndpointAddress, Error, Role};

use crate::app::{App, Exit};
use crate::cli::{self, Demo, DemoEngine};
use crate::command::run_task;
use crate::connectors::read_address;
use crate::request;
use crate::size::{count, span};

/// Makes the shop and migrates it.
pub(crate) async fn run(app: &App, demo: Demo) -> Result<Exit, Error> {
    let dir = demo
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join("dbferry-demo"));
    std::fs::create_dir_all(&dir).map_err(|error| unusable(&dir, error))?;
    // The demonstration's tasks stay out of the list of real ones.
    let app = App {
        terminal: app.terminal.clone(),
        state_dir: Some(dir.join("state")),
        repeats_state_dir: true,
    };
    let app = &app;
    let started = Instant::now();
    app.terminal.note("Making a sample shop …");
    let (source, target, rows) = match demo.engine {
        DemoEngine::Sqlite => files(&dir)?,
        DemoEngine::Mariadb | DemoEngine::Mysql => servers(&demo).await?,
    };
    app.terminal.note(format!(
        "{} rows made in {}.\n",
        count(rows),
        span(started.elapsed())
    ));
    let choices = choices(demo.passwords);
    let (new, connections) = request::task_between(source, target, &choices, None)?;
    let service = app.service(connections)?;
    let task = service.create(new).await?;
    run_task(app, &service, &task).await
}

/// Makes the shop in a file; returns where it is, where it goes, and its rows.
fn files(dir: &Path) -> Result<(EndpointAddress, EndpointAddress, u64), Error> {
    let (source, target) = (dir.join("shop.db"), dir.join("shop-migrated.db"));
    for path in [&source, &target] {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            remove(&with_suffix(path, suffix))?;
        }
    }
    let rows = sqlite::make(&source)?;
    Ok((address(&source)?, address(&target)?, rows))
}

/// Makes the shop on a server; returns as [`files`].
async fn servers(demo: &Demo) -> Result<(EndpointAddress, EndpointAddress, u64), Error> {
    let (Some(source), Some(target)) = (&demo.source, &demo.target) else {
        return Err(
            Error::definite(Code::EndpointInvalid, "a server is missing")
                .with_hint("give --source and --target"),
        );
    };
    let source = server(
        source,
        Role::Source,
        demo.passwords.source_password_file.as_deref(),
    )?;
    let target = server(
        target,
        Role::Target,
        demo.passwords.target_password_file.as_deref(),
    )?;
    mysql::drop_shop(&target, &demo.database).await?;
    let rows = mysql::make(&source, &demo.database).await?;
    let source = EndpointAddress {
        path: format!("/{}", demo.database),
        ..source
    };
    Ok((source, target, rows))
}

/// Reads the address of a server, whose databases do not matter here, and finds its password.
fn server(text: &str, role: Role, file: Option<&Path>) -> Result<EndpointAddress, Error> {
    let address = read_address(text, role)?;
    let (_, password) = request::endpoint(address.clone(), role, file)?;
    Ok(EndpointAddress {
        path: "/".into(),
        password,
        ..address
    })
}

fn choices(passwords: cli::PasswordFiles) -> cli::Choices {
    cli::Choices {
        selection: cli::Selection::default(),
        settings: None,
        table_preparation: None,
        parallel: None,
        memory: cli::MEMORY_DEFAULT,
        users: false,
        passwords,
    }
}

fn address(path: &Path) -> Result<EndpointAddress, Error> {
    let path = std::path::absolute(path).map_err(|error| unusable(path, error))?;
    let path = path.to_str().map(str::to_owned).ok_or_else(|| {
        Error::definite(Code::FileUnavailable, "the directory's name is not UTF-8")
    })?;
    Ok(EndpointAddress {
        path,
        ..EndpointAddress::parse("sqlite:")?
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(path, error)),
        _ => Ok(()),
    }
}

fn unusable(path: &Path, error: std::io::Error) -> Error {
    Error::definite(
        Code::FileUnavailable,
        "the place of the demonstration cannot be used",
    )
    .with_object(path.display())
    .with_hint("name another place with --dir")
    .with_source(error)
}
