//! Running definitions. Each is safe to repeat: what is there is looked at first.

use dbferry_core::catalog::Key;
use dbferry_core::{
    Code, Error, ExistingTable, KeyTiming, ObjectKind, StoredObject, Table, TableName,
    TableStatements,
};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::render;
use crate::dialect::structure::{AUTOINCREMENT, index_sql, rowid_column};
use crate::dialect::{quote, same_name};
use crate::fault::explain;
use crate::schema::tables;

/// The statements that define a table, for people.
pub(crate) fn statements(table: &Table, keys: KeyTiming) -> TableStatements {
    let mut statements = TableStatements {
        create: vec![render::create_table(table)],
        complete: Vec::new(),
    };
    let indexes = render::indexes(table).map(|key| render::create_index(table, key));
    match keys {
        KeyTiming::WithTable => statements.create.extend(indexes),
        KeyTiming::AfterLoad => statements.complete.extend(indexes),
    }
    if let Some(sql) = sequence_sql(table) {
        statements.complete.push(sql);
    }
    statements
}

/// Tells which tables exist. A view counts as a table with rows: its name is taken.
pub(crate) fn existing(
    connection: &Connection,
    names: &[TableName],
) -> Result<Vec<ExistingTable>, Error> {
    let mut found = Vec::new();
    for name in names {
        let Some(kind) = kind_of(connection, &name.name)? else {
            continue;
        };
        let has_rows = kind != "table" || has_rows(connection, &name.name)?;
        found.push(ExistingTable {
            name: name.clone(),
            has_rows,
        });
    }
    Ok(found)
}

fn kind_of(connection: &Connection, name: &str) -> Result<Option<String>, Error> {
    connection
        .prepare_cached(
            "SELECT type FROM main.sqlite_schema \
             WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
        )
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(explain)
}

fn has_rows(connection: &Connection, table: &str) -> Result<bool, Error> {
    connection
        .prepare(&format!("SELECT 1 FROM main.{}", quote(table)))
        .and_then(|mut statement| statement.exists([]))
        .map_err(explain)
}

/// Creates a table, with its indexes if they are wanted now.
pub(crate) fn create_table(
    connection: &mut Connection,
    table: &Table,
    keys: KeyTiming,
) -> Result<(), Error> {
    let object = format!("table {}", table.name);
    if kind_of(connection, &table.name.name)?.is_some() {
        let message = "the target already has a table or view of this name";
        return Err(Error::definite(Code::TargetNotEmpty, message).with_object(object));
    }
    let transaction = immediate(connection)?;
    for sql in statements(table, keys).create {
        define(&transaction, &sql).map_err(|error| error.with_object(&object))?;
    }
    transaction.commit().map_err(explain)
}

fn immediate(connection: &mut Connection) -> Result<rusqlite::Transaction<'_>, Error> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(explain)
}

/// Runs a definition; what SQLite says against its text is a refusal.
fn define(connection: &Connection, sql: &str) -> Result<(), Error> {
    connection.execute_batch(sql).map_err(|error| {
        let text = error.to_string();
        match explain(error) {
            error if error.code() == Code::ServerError || error.code() == Code::ObjectMissing => {
                Error::definite(
                    Code::DefinitionRefused,
                    format!("SQLite refused a definition: {text}"),
                )
            }
            error => error,
        }
    })
}

/// Drops a table, if it exists.
pub(crate) fn drop_table(connection: &mut Connection, table: &TableName) -> Result<(), Error> {
    if kind_of(connection, &table.name)?.as_deref() == Some("view") {
        let message = "the name belongs to a view, which is not dropped for a table";
        return Err(Error::definite(Code::TargetNotEmpty, message)
            .with_object(format!("table {table}"))
            .with_hint("drop the view, or rename the table"));
    }
    let sql = format!("DROP TABLE IF EXISTS main.{}", quote(&table.name));
    connection.execute_batch(&sql).map_err(explain)
}

/// Empties a table; its numbering begins anew.
pub(crate) fn empty_table(connection: &mut Connection, table: &TableName) -> Result<(), Error> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .map_err(explain)?;
    let transaction = immediate(connection)?;
    transaction
        .execute_batch(&format!("DELETE FROM main.{}", quote(&table.name)))
        .map_err(|error| explain(error).with_object(format!("table {table}")))?;
    if tables::exists(&transaction, "sqlite_sequence")? {
        transaction
            .execute(
                "DELETE FROM main.sqlite_sequence WHERE name = ?1 COLLATE NOCASE",
                [&table.name],
            )
            .map_err(explain)?;
    }
    transaction.commit().map_err(explain)
}

/// Builds the indexes that are missing and raises the numbering.
pub(crate) fn complete_table(connection: &mut Connection, table: &Table) -> Result<(), Error> {
    let object = format!("table {}", table.name);
    // The sort of an index build may use a second core.
    connection
        .pragma_update(None, "threads", 2)
        .map_err(explain)?;
    let there = tables::read_one(connection, &table.name)?;
    let transaction = immediate(connection)?;
    for key in render::indexes(table) {
        if !has_index(&there, key) {
            define(&transaction, &render::create_index(table, key))
                .map_err(|error| error.with_object(format!("{object} index {}", key.name)))?;
        }
    }
    raise_sequence(&transaction, table)?;
    transaction.commit().map_err(explain)
}

/// Whether the table has this index: another one of the same name is for SQLite to refuse.
fn has_index(there: &Table, wanted: &Key) -> bool {
    there
        .keys
        .iter()
        .filter(|key| index_sql(key).is_some())
        .any(|key| {
            same_name(&key.name, &wanted.name)
                && key.kind == wanted.kind
                && key.parts == wanted.parts
                && key.condition == wanted.condition
        })
}

/// The last number given out, for a table whose key says `AUTOINCREMENT`.
fn sequence(table: &Table) -> Option<i64> {
    let column = &table.columns[rowid_column(table)?];
    let remembers = column
        .attributes
        .iter()
        .any(|attribute| attribute == AUTOINCREMENT);
    let next = table.auto_increment.filter(|_| remembers)?;
    Some(i64::try_from(next.saturating_sub(1)).unwrap_or(i64::MAX))
}

fn sequence_sql(table: &Table) -> Option<String> {
    sequence(table).map(|used| {
        format!(
            "UPDATE sqlite_sequence SET seq = max(seq, {used}) WHERE name = {}",
            crate::dialect::quote_text(&table.name.name)
        )
    })
}

/// Makes sure that no number that the source has given out is given out again.
fn raise_sequence(connection: &Connection, table: &Table) -> Result<(), Error> {
    let (Some(used), Some(sql)) = (sequence(table), sequence_sql(table)) else {
        return Ok(());
    };
    let updated = connection.execute(&sql, []).map_err(explain)?;
    if updated == 0 {
        connection
            .execute(
                "INSERT INTO main.sqlite_sequence (name, seq) VALUES (?1, ?2)",
                rusqlite::params![table.name.name, used],
            )
            .map_err(explain)?;
    }
    Ok(())
}

/// Proves that the table has its foreign keys: SQLite can define them with the table alone.
pub(crate) fn prove_foreign_keys(connection: &Connection, table: &Table) -> Result<(), Error> {
    if table.foreign_keys.is_empty() {
        return Ok(());
    }
    let there = tables::read_one(connection, &table.name)?;
    for wanted in &table.foreign_keys {
        let found = there.foreign_keys.iter().any(|key| {
            same_names(&key.columns, &wanted.columns)
                && same_name(&key.referenced.name, &wanted.referenced.name)
                && key.on_delete == wanted.on_delete
                && key.on_update == wanted.on_update
        });
        if !found {
            let message = format!("the existing table lacks the foreign key {:?}", wanted.name);
            return Err(Error::definite(Code::DefinitionRefused, message)
                .with_object(format!("table {}", table.name))
                .with_hint("SQLite cannot add it later: let dbferry create the table anew"));
        }
    }
    Ok(())
}

fn same_names(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_name(a, b))
}

/// Creates a view or trigger, unless an equal one exists.
pub(crate) fn create_object(
    connection: &mut Connection,
    object: &StoredObject,
) -> Result<(), Error> {
    let named = format!("{} {}", object.kind.as_str(), object.name);
    let kind = match object.kind {
        ObjectKind::View => "view",
        ObjectKind::Trigger => "trigger",
        _ => {
            let message = "SQLite has no objects of this kind";
            return Err(Error::definite(Code::Untranslatable, message).with_object(named));
        }
    };
    let found: Option<String> = connection
        .query_row(
            "SELECT sql FROM main.sqlite_schema WHERE type = ?1 AND name = ?2 COLLATE NOCASE",
            [kind, &object.name.name],
            |row| row.get(0),
        )
        .optional()
        .map_err(explain)?;
    match found {
        Some(there)
            if object
                .statements
                .iter()
                .any(|sql| same_statement(sql, &there)) =>
        {
            Ok(())
        }
        Some(_) => Err(Error::definite(
            Code::DefinitionRefused,
            format!("the target has another {kind} of this name"),
        )
        .with_object(named)
        .with_hint(format!("drop the {kind} on the target, then resume"))),
        None => {
            let transaction = immediate(connection)?;
            for sql in &object.statements {
                define(&transaction, sql).map_err(|error| error.with_object(&named))?;
            }
            transaction.commit().map_err(explain)
        }
    }
}

/// Whether two statements are the same token for token.
fn same_statement(a: &str, b: &str) -> bool {
    let tokens = |sql: &str| -> Vec<String> {
        crate::dialect::tokens::tokenize(sql)
            .iter()
            .map(|token| token.text(sql).to_owned())
            .collect()
    };
    tokens(a) == tokens(b)
}
