//! Making schemas and tables, and emptying them.

use dbferry_core::catalog::Schema;
use dbferry_core::target::{ExistingTable, KeyTiming};
use dbferry_core::{Code, Error, Table, TableName};

use super::{definition, number, refused};
use crate::dialect;
use crate::schema::questions;
use crate::sessions::{Purpose, Sessions};

/// A table of this name exists.
const TABLE_EXISTS: u16 = 1050;

/// Another table of the schema has a check of this name.
const CHECK_NAME_TAKEN: u16 = 3822;

/// Creates a schema unless it exists.
///
/// # Errors
/// `PrivilegeMissing`, `DefinitionRefused`.
pub async fn schema(sessions: &Sessions, schema: &Schema) -> Result<(), Error> {
    let mut sql = format!(
        "CREATE DATABASE IF NOT EXISTS {}",
        dialect::identifier(&schema.name)
    );
    if let Some(charset) = &schema.charset {
        sql.push_str(&format!(" CHARACTER SET {charset}"));
    }
    if let Some(collation) = &schema.collation {
        sql.push_str(&format!(" COLLATE {collation}"));
    }
    if !schema.comment.is_empty() && sessions.server().is_mariadb() {
        sql.push_str(&format!(" COMMENT {}", dialect::string(&schema.comment)));
    }
    let mut connection = sessions.borrow(Purpose::Define).await?;
    let result = connection.execute(&sql).await;
    result
        .map(|_| ())
        .map_err(|error| refused(error, &schema.name.escape_debug()))
}

/// Creates a table.
///
/// # Errors
/// `TargetNotEmpty` when there is a table or view of this name, `PrivilegeMissing`,
/// `DefinitionRefused`.
pub async fn table(sessions: &Sessions, table: &Table, keys: KeyTiming) -> Result<(), Error> {
    let server = sessions.server();
    let mut connection = sessions.borrow(Purpose::Define).await?;
    // Names without schema, as that of a sequence in a default, mean this one.
    connection
        .select_database(&table.name.schema)
        .await
        .map_err(|error| refused(error, &table.name))?;
    let mut result = connection
        .execute(&definition::create(table, keys, server))
        .await;
    if result.as_ref().err().and_then(number) == Some(CHECK_NAME_TAKEN) {
        let renamed = with_own_check_names(table);
        result = connection
            .execute(&definition::create(&renamed, keys, server))
            .await;
    }
    match result {
        Ok(_) => Ok(()),
        Err(error) if number(&error) == Some(TABLE_EXISTS) => Err(Error::definite(
            Code::TargetNotEmpty,
            "the target has a table or view of this name",
        )
        .with_object(&table.name)
        .with_hint("drop or rename it, or let the task do so by its settings")),
        Err(error) => Err(refused(error, &table.name)),
    }
}

/// The name that a check gets when its own is taken: that of its table before it. MariaDB wants
/// names that are unique in their table, MySQL in their schema.
pub(super) fn own_check_name(table: &Table, name: &str) -> String {
    let name = format!("{}_{name}", table.name.name);
    name.chars().take(dialect::NAME_CHARS_MAX).collect()
}

fn with_own_check_names(table: &Table) -> Table {
    let mut renamed = table.clone();
    for check in renamed
        .checks
        .iter_mut()
        .filter(|check| !check.name.is_empty())
    {
        check.name = own_check_name(table, &check.name);
    }
    renamed
}

/// Drops a table, whatever refers to it; no error when there is none.
///
/// # Errors
/// `PrivilegeMissing`, and what the connection brings.
pub async fn drop_table(sessions: &Sessions, table: &TableName) -> Result<(), Error> {
    let mut connection = sessions.borrow(Purpose::Define).await?;
    let sql = format!("DROP TABLE IF EXISTS {}", dialect::object(table));
    connection
        .execute(&sql)
        .await
        .map(|_| ())
        .map_err(|error| refused(error, table))
}

/// Why a table cannot be truncated but may be emptied row by row: foreign keys, history, or the
/// privilege to drop.
const NOT_TRUNCATED: &[u16] = &[1701, 4137, 1142];

/// Empties a table, whatever refers to it.
///
/// # Errors
/// `PrivilegeMissing`, `ObjectMissing`.
pub async fn empty_table(sessions: &Sessions, table: &TableName) -> Result<(), Error> {
    let name = dialect::object(table);
    let mut connection = sessions.borrow(Purpose::Define).await?;
    let error = match connection.execute(&format!("TRUNCATE TABLE {name}")).await {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    if !number(&error).is_some_and(|number| NOT_TRUNCATED.contains(&number)) {
        return Err(refused(error, table));
    }
    let versioned = number(&error) == Some(4137);
    let mut statements = vec![format!("DELETE FROM {name}")];
    if versioned {
        statements.push(format!("DELETE HISTORY FROM {name}"));
    }
    for statement in &statements {
        connection
            .execute(statement)
            .await
            .map_err(|error| refused(error, table))?;
    }
    Ok(())
}

/// Tells which of these tables exist, and whether they hold rows.
///
/// # Errors
/// What the connection brings.
pub async fn existing(
    sessions: &Sessions,
    tables: &[TableName],
) -> Result<Vec<ExistingTable>, Error> {
    let questions: Vec<questions::Question> = tables
        .iter()
        .map(|name| questions::Question {
            object: name.clone(),
            sql: format!("SELECT 1 FROM {} LIMIT 1", dialect::object(name)),
        })
        .collect();
    let answers = questions::ask(sessions, &questions).await?;
    Ok(tables
        .iter()
        .zip(answers)
        .filter_map(|(name, answer)| {
            let has_rows = !answer?.set.is_empty();
            Some(ExistingTable {
                name: name.clone(),
                has_rows,
            })
        })
        .collect())
}
