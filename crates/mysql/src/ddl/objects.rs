//! Making views, routines, triggers, events, sequences and accounts.
//!
//! An object is created with its schema as the default one and with the session settings that it
//! was written under. An event is created switched off and then switched on if it is to act: so
//! the same call, made again with the object active, is what switches it on at cutover.
//!
//! # Repetition
//!
//! An object that is there already is compared with the wanted one. Triggers are kept by the
//! servers as they were written. Views, routines and events are not quite: to compare one, the
//! wanted one is created under a name of its own, printed by the server, and dropped again. What
//! differs is somebody else's and is not touched.

use dbferry_core::{Code, Error, ObjectKind, ObjectName, StoredObject};

use super::{number, refused};
use crate::dialect;
use crate::schema::{self, accounts, statement};
use crate::sessions::{Borrowed, Purpose, Sessions};
use crate::tokens::Quoting;
use crate::wire;

/// The name of an object that exists only to be compared.
const SCRATCH: &str = "dbferry_scratch";

/// Creates an object unless an equal one exists.
///
/// # Errors
/// `TargetNotEmpty` when another object has the name; `DefinitionRefused` with the server's
/// reason; `PrivilegeMissing`; `ObjectMissing` when it refers to what is not there.
pub async fn create(sessions: &Sessions, object: &StoredObject) -> Result<(), Error> {
    if object.kind == ObjectKind::Account {
        return create_account(sessions, object).await;
    }
    let there = schema::read_object(sessions, object).await?;
    let done = match &there {
        Some(there) => how_much_is_there(sessions, object, there).await?,
        None => 0,
    };
    let mut statements = with_definer(object, &object.statements[done..])?;
    if object.active && object.kind == ObjectKind::Event {
        statements.push(enable_event(object));
    }
    run(sessions, object, &statements).await
}

fn quoting(object: &StoredObject) -> Quoting {
    let mode = object.settings.iter().find(|(name, _)| name == "sql_mode");
    mode.map_or(Quoting::default(), |(_, mode)| Quoting::of_sql_mode(mode))
}

fn with_definer(object: &StoredObject, statements: &[String]) -> Result<Vec<String>, Error> {
    let definer = object
        .definer
        .as_deref()
        .filter(|_| object.kind != ObjectKind::Sequence);
    statements
        .iter()
        .map(|text| match definer {
            Some(definer) => statement::with_definer(text, definer, quoting(object)),
            None => Ok(text.clone()),
        })
        .collect()
}

fn enable_event(object: &StoredObject) -> String {
    // Whoever alters an event becomes its definer, unless told otherwise.
    let definer = match &object.definer {
        Some(definer) => format!("DEFINER={} ", statement::account(definer)),
        None => String::new(),
    };
    format!(
        "ALTER {definer}EVENT {} ENABLE",
        dialect::identifier(&object.name.name)
    )
}

/// Runs statements under an object's settings.
async fn run(
    sessions: &Sessions,
    object: &StoredObject,
    statements: &[String],
) -> Result<(), Error> {
    if statements.is_empty() {
        return Ok(());
    }
    let mut connection = sessions.borrow(Purpose::Define).await?;
    let result = match enter(&mut connection, object).await {
        Ok(()) => execute_all(&mut connection, statements).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => sessions.restore(&mut connection, Purpose::Define).await,
        Err(error) => {
            connection.discard().await;
            Err(explained(error, object))
        }
    }
}

/// Brings a session into the state that the object was written in.
async fn enter(connection: &mut Borrowed, object: &StoredObject) -> wire::Result<()> {
    connection.select_database(&object.name.schema).await?;
    let settings: Vec<String> = object
        .settings
        .iter()
        .map(|(name, value)| format!("SESSION {name} = {}", dialect::string(value)))
        .collect();
    if !settings.is_empty() {
        connection
            .execute(&format!("SET {}", settings.join(", ")))
            .await?;
    }
    Ok(())
}

async fn execute_all(connection: &mut Borrowed, statements: &[String]) -> wire::Result<()> {
    for statement in statements {
        connection.execute(statement).await?;
    }
    Ok(())
}

/// The errors of a server that does not trust the creators of functions, and what they need.
const NOT_TRUSTED: &[u16] = &[1418, 1419];

/// The error of a time zone that the server does not know by name.
const UNKNOWN_TIME_ZONE: u16 = 1298;

fn explained(error: wire::Error, object: &StoredObject) -> Error {
    let number = number(&error);
    let error = refused(error, &format!("{} {}", object.kind.as_str(), object.name));
    match number {
        Some(number) if NOT_TRUSTED.contains(&number) => error.with_hint(
            "set log_bin_trust_function_creators = ON on the target, in its parameter group where \
             it is managed",
        ),
        Some(UNKNOWN_TIME_ZONE) => error.with_hint(
            "load the time zone tables on the target (mysql_tzinfo_to_sql), then resume",
        ),
        _ if error.code() == Code::PrivilegeMissing && object.definer.is_some() => error.with_hint(
            "grant the target's account what it needs to name another definer, or choose \
             definer=current in the target's address",
        ),
        _ => error,
    }
}

/// Tells how many of the statements have taken effect already.
async fn how_much_is_there(
    sessions: &Sessions,
    wanted: &StoredObject,
    there: &StoredObject,
) -> Result<usize, Error> {
    let quoting = quoting(wanted);
    let equal = |one: &String, other: &String| statement::same(one, other, quoting);
    if wanted.kind == ObjectKind::Sequence {
        // Where it stands is set again; how it counts must be the same.
        let same = wanted.statements.first().zip(there.statements.first());
        return if same.is_some_and(|(one, other)| equal(one, other)) {
            Ok(1)
        } else {
            Err(taken(wanted))
        };
    }
    let begun = there.statements.len() <= wanted.statements.len()
        && wanted
            .statements
            .iter()
            .zip(&there.statements)
            .all(|(one, other)| equal(one, other));
    if begun && same_surroundings(wanted, there) {
        return Ok(there.statements.len());
    }
    let reprinted = matches!(
        wanted.kind,
        ObjectKind::View | ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event
    );
    if reprinted && is_same_when_printed(sessions, wanted, there).await? {
        return Ok(wanted.statements.len());
    }
    Err(taken(wanted))
}

fn taken(object: &StoredObject) -> Error {
    let kind = object.kind.as_str();
    Error::definite(
        Code::TargetNotEmpty,
        format!("the target has another {kind} of this name"),
    )
    .with_object(&object.name)
    .with_hint("drop or rename it on the target, then resume")
}

/// Whether definer and mode are the same. The order of modes means nothing.
fn same_surroundings(wanted: &StoredObject, there: &StoredObject) -> bool {
    let modes = |object: &StoredObject| {
        let mode = object.settings.iter().find(|(name, _)| name == "sql_mode");
        let mut modes: Vec<String> = mode
            .map_or("", |(_, mode)| mode)
            .split(',')
            .map(str::to_owned)
            .collect();
        modes.sort();
        modes
    };
    let definer = wanted.definer.is_none() || wanted.definer == there.definer;
    definer && modes(wanted) == modes(there)
}

/// Compares the object with the wanted one as the server prints that.
async fn is_same_when_printed(
    sessions: &Sessions,
    wanted: &StoredObject,
    there: &StoredObject,
) -> Result<bool, Error> {
    let quoting = quoting(wanted);
    let renamed = |text: &String| statement::renamed(text, SCRATCH, quoting);
    let mut scratch = wanted.clone();
    scratch.name = ObjectName::new(&wanted.name.schema, SCRATCH);
    scratch.statements = wanted
        .statements
        .iter()
        .map(renamed)
        .collect::<Result<_, _>>()?;
    let drop = format!(
        "DROP {} IF EXISTS {}",
        wanted.kind.as_str(),
        dialect::identifier(SCRATCH)
    );
    let mut statements = vec![drop.clone()];
    statements.extend(with_definer(&scratch, &scratch.statements)?);
    run(sessions, &scratch, &statements).await?;
    let printed = schema::read_object(sessions, &scratch).await;
    run(sessions, &scratch, &[drop]).await?;
    let Some(printed) = printed? else {
        return Ok(false);
    };
    let others: Vec<String> = there
        .statements
        .iter()
        .map(renamed)
        .collect::<Result<_, _>>()?;
    Ok(printed.statements.len() == others.len()
        && printed
            .statements
            .iter()
            .zip(&others)
            .all(|(one, other)| statement::same(one, other, quoting))
        && same_surroundings(&printed, there))
}

/// Creates an account unless it exists, and grants it what it may do.
async fn create_account(sessions: &Sessions, object: &StoredObject) -> Result<(), Error> {
    let mut connection = sessions.borrow(Purpose::Define).await?;
    for statement in &object.statements {
        let creates = statement.starts_with("CREATE");
        if creates && accounts::exists(&mut connection, &object.name.name).await? {
            continue;
        }
        connection
            .execute(statement)
            .await
            .map_err(|error| refused(error, &format!("account {}", object.name)))?;
    }
    Ok(())
}
