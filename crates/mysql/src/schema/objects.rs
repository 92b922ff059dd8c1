//! Views, routines, triggers, events and sequences.
//!
//! Each is asked for with `SHOW CREATE` while its schema is the default one, and kept as text
//! without its definer. The settings that give the text its meaning stand beside it: `sql_mode`,
//! the collation of its literals, an event's time zone. The client's character set is not among
//! them: it says how the bytes of the original statement were to be read, and here they are UTF-8.

use dbferry_core::{Code, Error, ObjectKind, ObjectName, StoredObject, TableName};

use super::questions::{Answer, Question, ask};
use super::tables::{Listed, ListedKind};
use super::{among, events, order, statement};
use crate::dialect;
use crate::sessions::{Purpose, Sessions};
use crate::tokens::Quoting;
use crate::wire::Row;

/// An object, before its definition is read.
#[derive(Debug, Clone)]
struct Found {
    kind: ObjectKind,
    name: ObjectName,
    table: Option<TableName>,
    /// As `SHOW CREATE` calls it.
    word: &'static str,
    /// Whether it acts by itself.
    active: bool,
}

/// Reads all objects in an order in which they can be created.
pub(super) async fn read(
    sessions: &Sessions,
    schemas: &[&str],
    listed: &[Listed],
) -> Result<Vec<StoredObject>, Error> {
    let mut found = sequences_and_views(listed, ListedKind::Sequence);
    found.extend(list_routines(sessions, schemas).await?);
    let mut objects = read_found(sessions, &found).await?;
    join_packages(&mut objects);
    let found = sequences_and_views(listed, ListedKind::View);
    objects.extend(order::views(read_found(sessions, &found).await?));
    let mut found = list_triggers(sessions, schemas).await?;
    found.extend(list_events(sessions, schemas).await?);
    objects.extend(read_found(sessions, &found).await?);
    Ok(objects)
}

/// The views that refer to what does not exist.
pub(super) async fn broken_views(
    sessions: &Sessions,
    listed: &[Listed],
) -> Result<Vec<ObjectName>, Error> {
    let found = sequences_and_views(listed, ListedKind::View);
    let questions: Vec<Question> = found.iter().map(question).collect();
    let answers = ask(sessions, &questions).await?;
    let broken = |answer: &Option<Answer>| answer.as_ref().is_some_and(|answer| answer.broken);
    Ok(found
        .into_iter()
        .zip(answers)
        .filter(|(_, answer)| broken(answer))
        .map(|(found, _)| found.name)
        .collect())
}

/// Reads one object of the same kind and name as `wanted`.
pub(super) async fn read_one(
    sessions: &Sessions,
    wanted: &StoredObject,
) -> Result<Option<StoredObject>, Error> {
    let words: &[&'static str] = match wanted.kind {
        ObjectKind::Sequence => &["SEQUENCE"],
        ObjectKind::Function => &["FUNCTION"],
        ObjectKind::Procedure => &["PROCEDURE"],
        ObjectKind::Package => &["PACKAGE", "PACKAGE BODY"],
        ObjectKind::View => &["VIEW"],
        ObjectKind::Trigger => &["TRIGGER"],
        ObjectKind::Event => &["EVENT"],
        ObjectKind::Account => return Ok(None),
    };
    let found: Vec<Found> = words
        .iter()
        .map(|&word| Found {
            kind: wanted.kind,
            name: wanted.name.clone(),
            table: wanted.table.clone(),
            word,
            active: false,
        })
        .collect();
    let mut objects = read_found(sessions, &found).await?;
    join_packages(&mut objects);
    Ok(objects.pop())
}

fn sequences_and_views(listed: &[Listed], kind: ListedKind) -> Vec<Found> {
    let (object, word) = match kind {
        ListedKind::Sequence => (ObjectKind::Sequence, "SEQUENCE"),
        _ => (ObjectKind::View, "VIEW"),
    };
    listed
        .iter()
        .filter(|listed| listed.kind == kind)
        .map(|listed| Found {
            kind: object,
            name: listed.name.clone(),
            table: None,
            word,
            active: false,
        })
        .collect()
}

async fn list_routines(sessions: &Sessions, schemas: &[&str]) -> Result<Vec<Found>, Error> {
    let sql = format!(
        "SELECT routine_schema, routine_name, routine_type FROM information_schema.routines \
         WHERE {} ORDER BY routine_type, routine_schema, routine_name",
        among("routine_schema", schemas)
    );
    list(sessions, schemas, &sql, |row| {
        let (kind, word) = match row.text(2)? {
            "FUNCTION" => (ObjectKind::Function, "FUNCTION"),
            "PROCEDURE" => (ObjectKind::Procedure, "PROCEDURE"),
            "PACKAGE" => (ObjectKind::Package, "PACKAGE"),
            "PACKAGE BODY" => (ObjectKind::Package, "PACKAGE BODY"),
            // Libraries of MySQL 9, which only some editions have.
            _ => return Ok(None),
        };
        Ok(Some((kind, word, None, false)))
    })
    .await
}

/// Triggers in the order in which they fire: created so, they fire so.
async fn list_triggers(sessions: &Sessions, schemas: &[&str]) -> Result<Vec<Found>, Error> {
    let sql = format!(
        "SELECT trigger_schema, trigger_name, event_object_table FROM information_schema.triggers \
         WHERE {} ORDER BY trigger_schema, event_object_table, action_timing, event_manipulation, \
         action_order",
        among("trigger_schema", schemas)
    );
    list(sessions, schemas, &sql, |row| {
        let table = row.text(2)?.to_owned();
        Ok(Some((ObjectKind::Trigger, "TRIGGER", Some(table), false)))
    })
    .await
}

async fn list_events(sessions: &Sessions, schemas: &[&str]) -> Result<Vec<Found>, Error> {
    let sql = format!(
        "SELECT event_schema, event_name, status FROM information_schema.events \
         WHERE {} ORDER BY event_schema, event_name",
        among("event_schema", schemas)
    );
    list(sessions, schemas, &sql, |row| {
        let active = row.text(2)? == "ENABLED";
        Ok(Some((ObjectKind::Event, "EVENT", None, active)))
    })
    .await
}

type Kind = (ObjectKind, &'static str, Option<String>, bool);

/// Runs a query whose first two columns are a schema and a name.
async fn list(
    sessions: &Sessions,
    schemas: &[&str],
    sql: &str,
    kind: impl Fn(&Row<'_>) -> Result<Option<Kind>, Error> + Send,
) -> Result<Vec<Found>, Error> {
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let set = connection.query(sql).await?;
    let mut found = Vec::new();
    for row in set.rows() {
        let (schema, name) = (row.text(0)?, row.text(1)?);
        let Some((kind, word, table, active)) = kind(&row)? else {
            continue;
        };
        if schemas.contains(&schema) {
            found.push(Found {
                kind,
                name: ObjectName::new(schema, name),
                table: table.map(|table| TableName::new(schema, table)),
                word,
                active,
            });
        }
    }
    Ok(found)
}

/// Reads the definitions of objects, in their order.
async fn read_found(sessions: &Sessions, found: &[Found]) -> Result<Vec<StoredObject>, Error> {
    let questions: Vec<Question> = found.iter().map(question).collect();
    let answers = ask(sessions, &questions).await?;
    let mut objects = Vec::with_capacity(found.len());
    for (found, answer) in found.iter().zip(answers) {
        match answer {
            Some(answer) if !answer.broken => {
                let mut object =
                    understand(found, &answer).map_err(|error| error.with_object(&found.name))?;
                if found.kind == ObjectKind::Sequence {
                    object
                        .statements
                        .extend(sequence_state(sessions, &found.name).await?);
                }
                objects.push(object);
            }
            _ => {}
        }
    }
    Ok(objects)
}

fn question(found: &Found) -> Question {
    let sql = format!(
        "SHOW CREATE {} {}",
        found.word,
        dialect::object(&found.name)
    );
    Question {
        object: found.name.clone(),
        sql,
    }
}

/// The column of `SHOW CREATE` that holds the statement.
fn statement_column(word: &str) -> &'static str {
    match word {
        "VIEW" => "Create View",
        "FUNCTION" => "Create Function",
        "PROCEDURE" => "Create Procedure",
        "PACKAGE" => "Create Package",
        "PACKAGE BODY" => "Create Package Body",
        "TRIGGER" => "SQL Original Statement",
        "EVENT" => "Create Event",
        _ => "Create Table",
    }
}

fn understand(found: &Found, answer: &Answer) -> Result<StoredObject, Error> {
    let row = answer.set.require_first()?;
    let column = |name: &str| row.opt_text(name).ok().flatten();
    let sql = row
        .opt_text(statement_column(found.word))?
        .ok_or_else(|| hidden(found))?;
    let sql_mode = column("sql_mode");
    let quoting = Quoting::of_sql_mode(sql_mode.unwrap_or(""));
    let undefined = statement::without_definer(sql, quoting)?;
    let mut text = statement::with_plain_head(&undefined.statement, &found.name.schema, quoting)?;
    if found.kind == ObjectKind::View {
        text = statement::without_schema(&text, &found.name.schema);
    }
    let active = found.kind == ObjectKind::Event
        && (found.active || !events::is_disabled_event(&text, quoting)?);
    if found.kind == ObjectKind::Event {
        text = events::disabled_event(&text, quoting)?;
    }
    let mut settings = Vec::new();
    for (name, value) in [
        ("sql_mode", sql_mode),
        ("collation_connection", column("collation_connection")),
        ("time_zone", column("time_zone")),
    ] {
        settings.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    Ok(StoredObject {
        kind: found.kind,
        name: found.name.clone(),
        table: found.table.clone(),
        statements: vec![text],
        definer: undefined.definer,
        settings,
        active,
    })
}

fn hidden(found: &Found) -> Error {
    let word = found.word.to_lowercase();
    Error::definite(
        Code::PrivilegeMissing,
        format!("the account may not see the body of a {word}"),
    )
    .with_hint("grant SHOW_ROUTINE (MySQL 8.0.20 and later) or SELECT on *.* to the account")
}

/// The statement that brings a new sequence to where this one stands.
async fn sequence_state(sessions: &Sessions, name: &ObjectName) -> Result<Option<String>, Error> {
    let sql = format!(
        "SELECT next_not_cached_value, minimum_value, maximum_value, cycle_count FROM {}",
        dialect::object(name)
    );
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let set = connection.query(&sql).await?;
    let Some(row) = set.first() else {
        return Ok(None);
    };
    let (next, minimum, maximum) = (row.text(0)?, row.text(1)?, row.text(2)?);
    let number = |text: &str| text.parse::<i128>().ok();
    // An exhausted sequence stands beyond its range, where it cannot be set.
    let (value, used) = match (number(next), number(minimum), number(maximum)) {
        (Some(value), _, Some(limit)) if value > limit => (maximum, 1),
        (Some(value), Some(limit), _) if value < limit => (minimum, 1),
        _ => (next, 0),
    };
    let name = dialect::identifier(&name.name);
    Ok(Some(format!(
        "DO SETVAL({name}, {value}, {used}, {})",
        row.text(3)?
    )))
}

/// Makes one object of a package and its body, which share their name.
fn join_packages(objects: &mut Vec<StoredObject>) {
    let mut index = 0;
    while index < objects.len() {
        let head = objects[..index].iter().position(|other| {
            other.kind == ObjectKind::Package
                && objects[index].kind == ObjectKind::Package
                && other.name == objects[index].name
        });
        match head {
            Some(head) => {
                let body = objects.remove(index);
                objects[head].statements.extend(body.statements);
            }
            None => index += 1,
        }
    }
}
