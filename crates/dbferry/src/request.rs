//! From the arguments of a command to a task: addresses, rules, settings, passwords.
//!
//! Whatever can be found wrong without a connection is found here, before a task exists.

use std::path::Path;

use dbferry_control::{EndpointSpec, NewTask, PasswordPlace, TaskOptions};
use dbferry_core::{Code, EndpointAddress, Error, Role, Secret};
use dbferry_mapping::{Shortcuts, TableMappings, TaskSettings};
use serde_json::{Map, Value, json};

use crate::cli::{Choices, Selection, TablePreparation, TaskArguments};
use crate::connectors::{Connections, Kind, read_address};
use crate::password;
use crate::size::ByteSize;

/// The least memory that rows in transit need: a batch being read, one being written, per
/// worker, and a large value.
const MEMORY_MIN: ByteSize = ByteSize(16 << 20);

/// Makes a task of arguments, and finds the passwords of its endpoints.
///
/// # Errors
/// `EndpointInvalid`, `MappingInvalid`, `SettingsInvalid`, `FileUnavailable`.
pub(crate) fn new_task(
    arguments: &TaskArguments,
    name: Option<String>,
) -> Result<(NewTask, Connections), Error> {
    let source = read_address(&arguments.source, Role::Source)?;
    let target = read_address(&arguments.target, Role::Target)?;
    task_between(source, target, &arguments.choices, name)
}

/// Makes a task between two addresses.
///
/// # Errors
/// As [`new_task`].
pub(crate) fn task_between(
    source: EndpointAddress,
    target: EndpointAddress,
    choices: &Choices,
    name: Option<String>,
) -> Result<(NewTask, Connections), Error> {
    refuse_little_memory(choices.memory)?;
    let mappings = mappings(&choices.selection, &source)?;
    let settings = settings(choices, &target)?;
    let files = &choices.passwords;
    let (source, source_password) =
        endpoint(source, Role::Source, files.source_password_file.as_deref())?;
    let (target, target_password) =
        endpoint(target, Role::Target, files.target_password_file.as_deref())?;
    let options = TaskOptions {
        accounts: choices.users,
        memory_bytes: choices.memory.0,
    };
    let new = NewTask {
        name,
        source,
        target,
        mappings,
        settings,
        options,
    };
    Ok((
        new,
        Connections {
            source_password,
            target_password,
        },
    ))
}

fn refuse_little_memory(memory: ByteSize) -> Result<(), Error> {
    if memory >= MEMORY_MIN {
        return Ok(());
    }
    Err(Error::definite(
        Code::SettingsInvalid,
        "the memory is too little to work with",
    )
    .with_object(format!("--memory {memory}"))
    .with_hint(format!("give at least {MEMORY_MIN}")))
}

/// Describes an endpoint and finds its password.
///
/// # Errors
/// `FileUnavailable`, and `EndpointInvalid` when there is no password and nobody to ask.
pub(crate) fn endpoint(
    address: EndpointAddress,
    role: Role,
    password_file: Option<&Path>,
) -> Result<(EndpointSpec, Option<Secret>), Error> {
    if !Kind::of(&address)?.has_accounts() {
        return Ok((EndpointSpec::new(address, PasswordPlace::Nowhere), None));
    }
    let (mut place, found) = password::of_process().find(&address, role, password_file)?;
    if place == PasswordPlace::Address && found.as_ref() == Some(&Secret::default()) {
        // `user:@host` says that there is none, which is nothing to keep secret.
        place = PasswordPlace::Nowhere;
    }
    Ok((EndpointSpec::new(address, place), found))
}

/// The rules, as JSON: from a file, or from the short forms of the command line.
fn mappings(selection: &Selection, source: &EndpointAddress) -> Result<String, Error> {
    if let Some(path) = &selection.mappings {
        let text = read_file(path)?;
        let parsed = TableMappings::parse(&text).map_err(Error::from);
        return parsed
            .map(|_| text)
            .map_err(|error| error.with_object(path.display()));
    }
    let kind = Kind::of(source)?;
    let mut tables = selection.tables.clone();
    if tables.is_empty() {
        tables.extend(kind.database(source).map(quoted));
    }
    let shortcuts = Shortcuts {
        tables,
        exclude: selection.exclude.clone(),
        rename: selection.rename.clone(),
        only_schema: kind.only_schema().map(str::to_owned),
    };
    Ok(shortcuts.mappings()?.as_json().to_owned())
}

/// A name in which every character stands for itself.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// The settings, as JSON: those of a file, and over them what the command line says.
fn settings(choices: &Choices, target: &EndpointAddress) -> Result<String, Error> {
    let mut settings = TaskSettings::default();
    if let Some(database) = Kind::of(target)?.database(target) {
        let overlay = json!({ "TargetMetadata": { "TargetSchema": database } });
        settings = settings.parse_over(&overlay.to_string())?;
    }
    if let Some(path) = &choices.settings {
        let parsed = settings.parse_over(&read_file(path)?).map_err(Error::from);
        settings = parsed.map_err(|error| error.with_object(path.display()))?;
    }
    let mut full_load = Map::new();
    if let Some(preparation) = choices.table_preparation {
        full_load.insert("TargetTablePrepMode".into(), dms_word(preparation).into());
    }
    if let Some(workers) = choices.parallel {
        full_load.insert("MaxFullLoadSubTasks".into(), workers.into());
    }
    if !full_load.is_empty() {
        let overlay = Value::from_iter([("FullLoadSettings", Value::Object(full_load))]);
        settings = settings.parse_over(&overlay.to_string())?;
    }
    Ok(settings.written())
}

/// The preparation in the words of AWS DMS's settings.
fn dms_word(preparation: TablePreparation) -> &'static str {
    match preparation {
        TablePreparation::Refuse => "REFUSE_NON_EMPTY",
        TablePreparation::DoNothing => "DO_NOTHING",
        TablePreparation::Truncate => "TRUNCATE_BEFORE_LOAD",
        TablePreparation::DropAndCreate => "DROP_AND_CREATE",
    }
}

fn read_file(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::definite(Code::FileUnavailable, "the file cannot be read")
            .with_object(path.display())
            .with_source(error)
    })
}
