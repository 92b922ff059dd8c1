//! What a target remembers of a load: one row per segment, in tables of dbferry's own.
//!
//! The tables come with the first question for a task's records and go with the last task. While
//! they are there the file is in WAL mode, which is the mode for a load: a chunk's commit costs
//! no sync, readers go on, and with `synchronous = NORMAL` a killed process loses nothing while
//! a power failure can lose the last commits but never damages the file. Rows and records lie in
//! the same file, so what is lost is lost together and the load resumes behind it. The mode that
//! the file had is remembered in [`JOURNAL`] and restored when the tables go.

use dbferry_core::{Code, Error, KeyRange, SegmentRecord, TableName, TaskId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::codec::{signed, unsigned};
use crate::fault::explain;
use crate::schema::tables::exists;

/// How the names of dbferry's own tables begin; catalogs leave them out.
pub(crate) const PREFIX: &str = "dbferry_control_";
/// The table of the segments.
const SEGMENTS: &str = "dbferry_control_segments";
/// The table that remembers the journal mode of before.
const JOURNAL: &str = "dbferry_control_journal";

const CREATE: &str = include_str!("ledger.sql");

/// Reads a task's records; makes the tables when there are none.
pub(crate) fn read(
    connection: &mut Connection,
    task: &TaskId,
) -> Result<Vec<SegmentRecord>, Error> {
    if !exists(connection, SEGMENTS)? {
        create(connection)?;
    }
    use_wal(connection)?;
    let mut statement = connection
        .prepare(
            "SELECT schema_name, table_name, segment, key_range, partition, reached, done, \
             row_count, byte_count, version FROM main.dbferry_control_segments \
             WHERE task = ?1 ORDER BY schema_name, table_name, segment",
        )
        .map_err(explain)?;
    let rows = statement
        .query_map([&task.0], |row| Ok(record(row)))
        .map_err(explain)?;
    rows.map(|row| row.map_err(explain)?).collect()
}

fn create(connection: &mut Connection) -> Result<(), Error> {
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(explain)?;
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(explain)?;
    // Another process may have been faster.
    if !exists(&transaction, SEGMENTS)? {
        transaction.execute_batch(CREATE).map_err(explain)?;
        transaction
            .execute(
                "INSERT INTO main.dbferry_control_journal (mode) VALUES (?1)",
                [mode],
            )
            .map_err(explain)?;
    }
    transaction.commit().map_err(explain)
}

/// Changes to WAL mode. On a file system that cannot do it the file stays as it is, and the load
/// is slower but no less safe.
fn use_wal(connection: &Connection) -> Result<(), Error> {
    connection
        .query_row("PRAGMA main.journal_mode = WAL", [], |_| Ok(()))
        .map_err(explain)
}

fn record(row: &Row<'_>) -> Result<SegmentRecord, Error> {
    let text = |at: usize| row.get::<_, String>(at).map_err(explain);
    let number = |at: usize| row.get(at).map(unsigned).map_err(explain);
    let reached: Option<String> = row.get(5).map_err(explain)?;
    Ok(SegmentRecord {
        table: TableName::new(text(0)?, text(1)?),
        segment: row.get(2).map_err(explain)?,
        range: from_json::<KeyRange>(&text(3)?)?,
        partition: row.get(4).map_err(explain)?,
        reached: reached.map(|json| from_json(&json)).transpose()?,
        done: row.get(6).map_err(explain)?,
        rows: number(7)?,
        bytes: number(8)?,
        version: number(9)?,
    })
}

fn from_json<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        Error::definite(
            Code::StateUnavailable,
            "a load record of the target cannot be read",
        )
        .with_hint("forget the task's records and load its tables anew")
        .with_source(error)
    })
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::definite(Code::Internal, "a load record cannot be written").with_source(error)
    })
}

/// Writes a record over the version before it, in the caller's transaction.
///
/// # Errors
/// `StateConflict` when the stored version is another.
pub(crate) fn write(
    connection: &Connection,
    task: &TaskId,
    record: &SegmentRecord,
) -> Result<(), Error> {
    const FIRST: &str = "INSERT INTO main.dbferry_control_segments (task, schema_name, \
        table_name, segment, key_range, partition, reached, done, row_count, byte_count, version) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING";
    const NEXT: &str = "UPDATE main.dbferry_control_segments SET key_range = ?5, \
        partition = ?6, reached = ?7, done = ?8, row_count = ?9, byte_count = ?10, version = ?11 \
        WHERE task = ?1 AND schema_name = ?2 AND table_name = ?3 AND segment = ?4 \
        AND version = ?11 - 1";
    let sql = if record.version == 1 { FIRST } else { NEXT };
    let reached = record.reached.as_ref().map(to_json).transpose()?;
    let range = to_json(&record.range)?;
    let written = connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.execute(params![
                task.0,
                record.table.schema,
                record.table.name,
                record.segment,
                range,
                record.partition,
                reached,
                record.done,
                signed(record.rows),
                signed(record.bytes),
                signed(record.version),
            ])
        })
        .map_err(explain)?;
    match written {
        1 => Ok(()),
        _ => Err(conflict(record)),
    }
}

fn conflict(record: &SegmentRecord) -> Error {
    let message = format!(
        "segment {} is not at version {} any more: another worker has loaded it",
        record.segment,
        record.version.saturating_sub(1)
    );
    Error::definite(Code::StateConflict, message).with_object(format!("table {}", record.table))
}

/// Forgets the records of a table.
pub(crate) fn forget_table(
    connection: &Connection,
    task: &TaskId,
    table: &TableName,
) -> Result<(), Error> {
    if !exists(connection, SEGMENTS)? {
        return Ok(());
    }
    connection
        .execute(
            "DELETE FROM main.dbferry_control_segments \
             WHERE task = ?1 AND schema_name = ?2 AND table_name = ?3",
            params![task.0, table.schema, table.name],
        )
        .map(drop)
        .map_err(explain)
}

/// Forgets a task. After the last one the tables go, and the journal mode of before comes back.
pub(crate) fn forget_task(connection: &mut Connection, task: &TaskId) -> Result<(), Error> {
    if !exists(connection, SEGMENTS)? {
        return Ok(());
    }
    connection
        .execute(
            "DELETE FROM main.dbferry_control_segments WHERE task = ?1",
            [&task.0],
        )
        .map_err(explain)?;
    let others = connection
        .prepare("SELECT 1 FROM main.dbferry_control_segments")
        .and_then(|mut statement| statement.exists([]))
        .map_err(explain)?;
    match others {
        true => Ok(()),
        false => remove(connection),
    }
}

fn remove(connection: &mut Connection) -> Result<(), Error> {
    let mode: Option<String> = connection
        .query_row("SELECT mode FROM main.dbferry_control_journal", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(explain)?;
    let drop_both = format!("DROP TABLE main.{SEGMENTS}; DROP TABLE main.{JOURNAL};");
    let transaction = connection.transaction().map_err(explain)?;
    transaction.execute_batch(&drop_both).map_err(explain)?;
    transaction.commit().map_err(explain)?;
    restore_mode(connection, mode.as_deref().unwrap_or("wal"));
    Ok(())
}

/// Leaves WAL mode again. That needs the file for oneself: where another program has it open, it
/// stays in WAL mode, which is no fault.
fn restore_mode(connection: &Connection, mode: &str) {
    let known = ["delete", "truncate", "persist"].contains(&mode);
    if !known {
        return;
    }
    let restored =
        connection.query_row(
            &format!("PRAGMA main.journal_mode = {mode}"),
            [],
            |_| Ok(()),
        );
    if let Err(error) = restored {
        tracing::warn!(%error, mode, "journal mode not restored");
    }
}
