//! What a target remembers of a load: one row per segment, in a schema of its own.
//!
//! The rows are written in the transactions that load the segments, so they are true whatever
//! crashes. One row per segment, not per table: appliers and loaders of different segments never
//! wait for one another, and neither do the target's own replicas.
//!
//! Names are kept as bytes, since names that differ by case may be different tables. Keys are
//! JSON text, in which every byte that is not printable is escaped; they are of constant size and
//! never part of an index.
//!
//! The table's name carries the version of its layout.

use dbferry_core::{Code, Error, KeyCells, KeyRange, SegmentRecord, TableName, TaskId};

use crate::dialect;
use crate::wire::{self, Connection, Row};

/// The table of version 1.
const TABLE: &str = "segments_v1";

/// Its columns. Names have at most 64 characters of 3 bytes.
const COLUMNS: &str = "task VARBINARY(255) NOT NULL, \
    schema_name VARBINARY(192) NOT NULL, \
    table_name VARBINARY(192) NOT NULL, \
    segment INT UNSIGNED NOT NULL, \
    key_range LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL, \
    partition_name VARBINARY(192) NULL, \
    reached LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, \
    done TINYINT UNSIGNED NOT NULL, \
    rows_loaded BIGINT UNSIGNED NOT NULL, \
    bytes_loaded BIGINT UNSIGNED NOT NULL, \
    version BIGINT UNSIGNED NOT NULL, \
    PRIMARY KEY (task, schema_name, table_name, segment)";

const DUPLICATE_ENTRY: u16 = 1062;
const UNKNOWN_TABLE: u16 = 1146;

/// The segments' records, in the schema of this name.
#[derive(Debug, Clone)]
pub struct Ledger {
    schema: String,
}

impl Ledger {
    /// Names the place; nothing is asked.
    pub fn new(schema: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
        }
    }

    fn table(&self) -> String {
        format!("{}.{TABLE}", dialect::identifier(&self.schema))
    }

    /// Makes the place, where there is none. A place that exists needs no right to create.
    ///
    /// # Errors
    /// `PrivilegeMissing`.
    pub async fn ensure(&self, connection: &mut Connection) -> Result<(), Error> {
        if self
            .exists(connection, &format!("table_name = '{TABLE}'"))
            .await?
        {
            return Ok(());
        }
        let schema = dialect::identifier(&self.schema);
        if !self.schema_exists(connection).await? {
            let sql = format!("CREATE DATABASE IF NOT EXISTS {schema} CHARACTER SET utf8mb4");
            connection
                .execute(&sql)
                .await
                .map_err(|error| self.unavailable(error))?;
        }
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} ({COLUMNS}) ENGINE=InnoDB",
            self.table()
        );
        connection
            .execute(&sql)
            .await
            .map_err(|error| self.unavailable(error))?;
        Ok(())
    }

    async fn exists(&self, connection: &mut Connection, condition: &str) -> Result<bool, Error> {
        let sql = format!(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = {} AND {condition}",
            dialect::string(&self.schema)
        );
        Ok(!connection.query(&sql).await?.is_empty())
    }

    async fn schema_exists(&self, connection: &mut Connection) -> Result<bool, Error> {
        let sql = format!(
            "SELECT 1 FROM information_schema.schemata WHERE schema_name = {}",
            dialect::string(&self.schema)
        );
        Ok(!connection.query(&sql).await?.is_empty())
    }

    fn unavailable(&self, error: wire::Error) -> Error {
        Error::from(error).with_object(format!("schema {}", self.schema.escape_debug()))
    }

    /// Reads the records of a task.
    ///
    /// # Errors
    /// `StateUnavailable` for a record that cannot be understood, and what the connection brings.
    pub async fn read(
        &self,
        connection: &mut Connection,
        task: &TaskId,
    ) -> Result<Vec<SegmentRecord>, Error> {
        let sql = format!(
            "SELECT schema_name, table_name, segment, key_range, partition_name, reached, done, \
             rows_loaded, bytes_loaded, version FROM {} WHERE task = {} \
             ORDER BY schema_name, table_name, segment",
            self.table(),
            text(&task.0)
        );
        let set = connection
            .query(&sql)
            .await
            .map_err(|error| self.unavailable(error))?;
        set.rows().map(|row| record(&row)).collect()
    }

    /// Writes a record over the one of the version before it, in the open transaction.
    ///
    /// # Errors
    /// `StateConflict` when the stored version is another.
    pub async fn write(
        &self,
        connection: &mut Connection,
        task: &TaskId,
        record: &SegmentRecord,
    ) -> Result<(), Error> {
        let sql = match record.version {
            1 => self.insert(task, record)?,
            _ => self.update(task, record)?,
        };
        let written = connection.execute(&sql).await;
        match written {
            Ok(outcome) if outcome.affected_rows == 1 => Ok(()),
            Ok(_) => Err(conflict(record)),
            Err(error) => match error.server().map(|error| error.code) {
                Some(DUPLICATE_ENTRY) => Err(conflict(record)),
                // Another task's end has just taken the empty table away. A new loader makes it.
                Some(UNKNOWN_TABLE) => {
                    let message = "the records of the load were removed meanwhile";
                    Err(Error::transient(Code::StateUnavailable, message)
                        .with_source(Error::from(error)))
                }
                _ => Err(self.unavailable(error)),
            },
        }
    }

    fn insert(&self, task: &TaskId, record: &SegmentRecord) -> Result<String, Error> {
        Ok(format!(
            "INSERT INTO {} SET task = {}, schema_name = {}, table_name = {}, segment = {}, {}",
            self.table(),
            text(&task.0),
            text(&record.table.schema),
            text(&record.table.name),
            record.segment,
            assignments(record)?
        ))
    }

    fn update(&self, task: &TaskId, record: &SegmentRecord) -> Result<String, Error> {
        Ok(format!(
            "UPDATE {} SET {} WHERE {} AND segment = {} AND version = {}",
            self.table(),
            assignments(record)?,
            of_table(task, &record.table),
            record.segment,
            record.version.saturating_sub(1)
        ))
    }

    /// Forgets the segments of a table.
    ///
    /// # Errors
    /// What the connection brings.
    pub async fn forget_segments(
        &self,
        connection: &mut Connection,
        task: &TaskId,
        table: &TableName,
    ) -> Result<(), Error> {
        self.delete(connection, &of_table(task, table)).await
    }

    /// Forgets a task, and removes the place when it is empty.
    ///
    /// # Errors
    /// What the connection brings.
    pub async fn forget_task(
        &self,
        connection: &mut Connection,
        task: &TaskId,
    ) -> Result<(), Error> {
        self.delete(connection, &format!("task = {}", text(&task.0)))
            .await?;
        let sql = format!("SELECT 1 FROM {} LIMIT 1", self.table());
        match connection.query(&sql).await {
            Ok(set) if set.is_empty() => self.remove(connection).await,
            Ok(_) => Ok(()),
            Err(error) => ignore_missing(error).map_err(|error| self.unavailable(error)),
        }
    }

    async fn delete(&self, connection: &mut Connection, condition: &str) -> Result<(), Error> {
        let sql = format!("DELETE FROM {} WHERE {condition}", self.table());
        match connection.execute(&sql).await {
            Ok(_) => Ok(()),
            Err(error) => ignore_missing(error).map_err(|error| self.unavailable(error)),
        }
    }

    /// Removes the empty place. Nobody is harmed by one that stays, so a right that is missing is
    /// no error.
    async fn remove(&self, connection: &mut Connection) -> Result<(), Error> {
        let sql = format!("DROP TABLE IF EXISTS {}", self.table());
        if let Err(error) = connection.execute(&sql).await {
            return keep_going(error);
        }
        if self.exists(connection, "TRUE").await? {
            return Ok(());
        }
        let sql = format!(
            "DROP DATABASE IF EXISTS {}",
            dialect::identifier(&self.schema)
        );
        match connection.execute(&sql).await {
            Ok(_) => Ok(()),
            Err(error) => keep_going(error),
        }
    }
}

fn keep_going(error: wire::Error) -> Result<(), Error> {
    if error.server().is_none() {
        return Err(error.into());
    }
    tracing::debug!(%error, "the empty records of loads stay");
    Ok(())
}

/// A place that does not exist holds nothing.
fn ignore_missing(error: wire::Error) -> Result<(), wire::Error> {
    const UNKNOWN_DATABASE: u16 = 1049;
    match error.server().map(|error| error.code) {
        Some(UNKNOWN_TABLE | UNKNOWN_DATABASE) => Ok(()),
        _ => Err(error),
    }
}

fn text(value: &str) -> String {
    dialect::bytes(value.as_bytes())
}

fn of_table(task: &TaskId, table: &TableName) -> String {
    format!(
        "task = {} AND schema_name = {} AND table_name = {}",
        text(&task.0),
        text(&table.schema),
        text(&table.name)
    )
}

fn assignments(record: &SegmentRecord) -> Result<String, Error> {
    let optional = |value: Option<String>| value.unwrap_or_else(|| "NULL".to_owned());
    let reached = record.reached.as_ref().map(json).transpose()?;
    Ok(format!(
        "key_range = {}, partition_name = {}, reached = {}, done = {}, rows_loaded = {}, \
         bytes_loaded = {}, version = {}",
        dialect::string(&json(&record.range)?),
        optional(record.partition.as_deref().map(text)),
        optional(reached.map(|json| dialect::string(&json))),
        u8::from(record.done),
        record.rows,
        record.bytes,
        record.version
    ))
}

fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::definite(Code::Internal, "a key cannot be written down").with_source(error)
    })
}

fn record(row: &Row<'_>) -> Result<SegmentRecord, Error> {
    let unreadable = |error: serde_json::Error| {
        Error::definite(
            Code::StateUnavailable,
            "a record of the load cannot be understood",
        )
        .with_source(error)
    };
    let range: KeyRange = serde_json::from_str(row.text("key_range")?).map_err(unreadable)?;
    let reached = row.opt_text("reached")?;
    let reached: Option<KeyCells> = reached
        .map(serde_json::from_str)
        .transpose()
        .map_err(unreadable)?;
    Ok(SegmentRecord {
        table: TableName::new(row.text("schema_name")?, row.text("table_name")?),
        segment: u32::try_from(row.u64("segment")?).unwrap_or(u32::MAX),
        range,
        partition: row.opt_text("partition_name")?.map(str::to_owned),
        reached,
        done: row.u64("done")? != 0,
        rows: row.u64("rows_loaded")?,
        bytes: row.u64("bytes_loaded")?,
        version: row.u64("version")?,
    })
}

fn conflict(record: &SegmentRecord) -> Error {
    let message = "another worker has written the record of this segment";
    Error::definite(Code::StateConflict, message)
        .with_object(format!("{} segment {}", record.table, record.segment))
}
