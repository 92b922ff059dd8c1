//! Adding to a loaded table what the load did without.
//!
//! What the table lacks is found by reading it back, so that a repetition adds only what is still
//! missing. A key that is there under the same name but is another one is not touched: the table
//! is then not the one that was planned.

use dbferry_core::catalog::{ForeignKey, Key};
use dbferry_core::{Code, Error, Table};

use super::{create, definition, refused};
use crate::schema;
use crate::sessions::{Purpose, Sessions};

/// Adds keys, checks and the auto-increment value that the table still lacks.
///
/// # Errors
/// `DuplicateKey` when rows collide in a unique key, `TargetTableMismatch` when a key of the same
/// name is another one, `ObjectMissing`, `DefinitionRefused`.
pub async fn table(sessions: &Sessions, table: &Table) -> Result<(), Error> {
    let there = read(sessions, table).await?;
    let mut missing: Vec<&Key> = Vec::new();
    for key in &table.keys {
        match there
            .keys
            .iter()
            .find(|other| same_name(&other.name, &key.name))
        {
            None => missing.push(key),
            Some(other) if is_same(key, other) => {}
            Some(_) => return Err(differs(table, key)),
        }
    }
    let next = table
        .auto_increment
        .filter(|next| *next > there.auto_increment.unwrap_or(1));
    let mut statements: Vec<String> = add_checks(table, &there).into_iter().collect();
    statements.extend(definition::add_keys(
        table,
        &missing,
        next,
        sessions.server(),
    ));
    run(sessions, table, &statements).await
}

/// Adds the foreign keys that the table still lacks.
///
/// # Errors
/// `ObjectMissing` when the table or one that it refers to does not exist, `DefinitionRefused`.
pub async fn foreign_keys(sessions: &Sessions, table: &Table) -> Result<(), Error> {
    if table.foreign_keys.is_empty() {
        return Ok(());
    }
    let there = read(sessions, table).await?;
    let mut missing = Vec::new();
    for key in &table.foreign_keys {
        if !there
            .foreign_keys
            .iter()
            .any(|other| same_name(&other.name, &key.name))
        {
            missing.push(resolved(sessions, table, key).await?);
        }
    }
    let missing: Vec<&ForeignKey> = missing.iter().collect();
    let statement = definition::add_foreign_keys(table, &missing, sessions.server());
    let statements: Vec<String> = statement.into_iter().collect();
    run(sessions, table, &statements).await
}

/// Makes sure that the table referred to exists, since the server does not while checks are off,
/// and names its primary key's columns where none are named.
async fn resolved(
    sessions: &Sessions,
    table: &Table,
    key: &ForeignKey,
) -> Result<ForeignKey, Error> {
    let mut key = key.clone();
    let referenced = match key.referenced == table.name {
        true => Some(table.clone()),
        false => schema::read_table(sessions, &key.referenced).await?,
    };
    let Some(referenced) = referenced else {
        let message = format!(
            "foreign key '{}' refers to {}, which does not exist on the target",
            key.name.escape_debug(),
            key.referenced
        );
        return Err(Error::definite(Code::ObjectMissing, message)
            .with_object(&table.name)
            .with_hint("select that table too, or drop the foreign key on the source"));
    };
    if key.referenced_columns.is_empty() {
        let parts = referenced
            .primary_key()
            .map(|key| key.parts.as_slice())
            .unwrap_or_default();
        key.referenced_columns = parts
            .iter()
            .filter_map(|part| match &part.of {
                dbferry_core::catalog::KeyPartOf::Column(name) => Some(name.clone()),
                dbferry_core::catalog::KeyPartOf::Expression(_) => None,
            })
            .collect();
    }
    Ok(key)
}

async fn read(sessions: &Sessions, table: &Table) -> Result<Table, Error> {
    schema::read_table(sessions, &table.name)
        .await?
        .ok_or_else(|| {
            Error::definite(
                Code::ObjectMissing,
                "the table does not exist on the target",
            )
            .with_object(&table.name)
        })
}

async fn run(sessions: &Sessions, table: &Table, statements: &[String]) -> Result<(), Error> {
    if statements.is_empty() {
        return Ok(());
    }
    let mut connection = sessions.borrow(Purpose::Define).await?;
    connection
        .select_database(&table.name.schema)
        .await
        .map_err(|error| refused(error, &table.name))?;
    for statement in statements {
        connection
            .execute(statement)
            .await
            .map_err(|error| refused(error, &table.name))?;
    }
    Ok(())
}

/// The statement that adds checks which a table lacks. They come with the table, so this is for
/// tables that were there before.
fn add_checks(table: &Table, there: &Table) -> Option<String> {
    let lines: Vec<String> = table
        .checks
        .iter()
        .filter(|check| match &check.column {
            Some(column) => !there
                .checks
                .iter()
                .any(|other| other.column.as_ref() == Some(column)),
            None => {
                let own = create::own_check_name(table, &check.name);
                !there
                    .checks
                    .iter()
                    .any(|other| other.name == check.name || other.name == own)
            }
        })
        .map(|check| format!("ADD {}", definition::check_line(check)))
        .collect();
    let name = crate::dialect::object(&table.name);
    (!lines.is_empty()).then(|| format!("ALTER TABLE {name}\n  {}", lines.join(",\n  ")))
}

/// Names of keys compare without regard to case; the primary key has none.
fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Whether two keys hold the same columns in the same way. How the server writes an expression is
/// its own matter.
fn is_same(one: &Key, other: &Key) -> bool {
    use dbferry_core::catalog::KeyPartOf::{Column, Expression};
    one.kind == other.kind
        && one.parts.len() == other.parts.len()
        && one.parts.iter().zip(&other.parts).all(|(one, other)| {
            let same_of = match (&one.of, &other.of) {
                (Column(one), Column(other)) => same_name(one, other),
                (Expression(_), Expression(_)) => true,
                _ => false,
            };
            same_of && one.prefix == other.prefix && one.descending == other.descending
        })
}

fn differs(table: &Table, key: &Key) -> Error {
    let message = format!(
        "the target's key '{}' has the same name and is over other columns",
        key.name.escape_debug()
    );
    Error::definite(Code::TargetTableMismatch, message)
        .with_object(&table.name)
        .with_hint("drop that key on the target, or let the task make the table anew")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::catalog::{KeyKind, KeyPart};

    #[test]
    fn keys_are_the_same_when_they_hold_the_same() {
        let key = |kind, parts: &[(&str, Option<u32>, bool)]| Key {
            name: "k".into(),
            kind,
            parts: parts
                .iter()
                .map(|(name, prefix, descending)| KeyPart {
                    prefix: *prefix,
                    descending: *descending,
                    ..KeyPart::column(*name)
                })
                .collect(),
            visible: true,
            condition: None,
            comment: String::new(),
            options: Vec::new(),
        };
        let one = key(KeyKind::Plain, &[("a", None, false), ("b", Some(3), true)]);
        let check = |other: Key, same| assert_eq!(is_same(&one, &other), same, "{other:?}");
        check(
            Key {
                comment: "c".into(),
                visible: false,
                ..one.clone()
            },
            true,
        );
        check(
            key(KeyKind::Plain, &[("A", None, false), ("b", Some(3), true)]),
            true,
        );
        check(
            key(KeyKind::Unique, &[("a", None, false), ("b", Some(3), true)]),
            false,
        );
        check(key(KeyKind::Plain, &[("a", None, false)]), false);
        check(
            key(KeyKind::Plain, &[("a", None, false), ("b", Some(4), true)]),
            false,
        );
        check(
            key(KeyKind::Plain, &[("a", None, false), ("b", Some(3), false)]),
            false,
        );
    }
}
