//! One connection that loads. The essay of `load` tells the order of things.

use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::{Code, Error, RowBatch, SegmentRecord, TableLoad, TaskId};

use super::data::Encoder;
use super::insert::Statement;
use super::ledger::Ledger;
use super::plan::Plan;
use super::verdict::{Sent, prove};
use crate::config::LocalInfile;
use crate::sessions::{Purpose, Sessions};
use crate::wire::{self, Connection, LOAD_PACKET_BYTES};

/// What a session that loads has besides. `load` tells why unique checks are on; messages are
/// read by machine, so they are in English; and a note, as of a decimal that was rounded, is a
/// warning like any other.
const SETTINGS: &str = "SET SESSION autocommit = 0, SESSION sql_notes = 1, \
    SESSION lc_messages = 'en_US'";

/// The server does not allow `LOAD DATA LOCAL`.
const LOCAL_INFILE_OFF: [u16; 3] = [1148, 3948, 4166];

/// Bytes of cells after which a statement ends that keeps other loaders out of its table: about a
/// quarter of a second's work for the server, so that nobody waits for long.
const EXCLUSIVE_BYTES: usize = 8 << 20;

/// `innodb_autoinc_lock_mode` from which no statement locks the table.
const INTERLEAVED: u64 = 2;

/// What the server accepts when it does not say.
const PACKET_BYTES_DEFAULT: u64 = 4 << 20;

/// How rows are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    LoadData,
    Insert,
}

/// Loads rows with a connection of its own.
#[derive(Debug)]
pub struct Loader {
    sessions: Sessions,
    ledger: Ledger,
    task: TaskId,
    connection: Connection,
    method: Method,
    packet_bytes_max: usize,
    /// Whether `LOAD DATA` locks a table that numbers its rows.
    locks_numbered_tables: bool,
    plan: Option<Plan>,
    sent: Sent,
    encoder: Encoder,
    statement: Statement,
    /// Whether a `LOAD DATA` statement is open.
    loading: bool,
    /// Bytes of cells in the statement at hand.
    bytes: usize,
}

impl Loader {
    /// Opens a loader that writes for this task, and makes the place for its records.
    ///
    /// # Errors
    /// What the connection brings, and `PrivilegeMissing` where the place cannot be made.
    pub async fn connect(sessions: &Sessions, task: &TaskId) -> Result<Self, Error> {
        let server = sessions.server();
        let allowed = server.is_on("local_infile");
        let wanted = sessions.config().local_infile == LocalInfile::Auto;
        let packet_bytes_max = server
            .number("max_allowed_packet")
            .unwrap_or(PACKET_BYTES_DEFAULT);
        let ledger = Ledger::new(&sessions.config().control_schema);
        let mut connection = open(sessions).await?;
        ledger.ensure(&mut connection).await?;
        let locks_numbered_tables = locks_numbered_tables(&mut connection).await?;
        // Reading the catalog has begun a transaction.
        connection.execute("COMMIT").await?;
        Ok(Self {
            sessions: sessions.clone(),
            ledger,
            task: task.clone(),
            connection,
            method: if allowed && wanted {
                Method::LoadData
            } else {
                Method::Insert
            },
            packet_bytes_max: usize::try_from(packet_bytes_max).unwrap_or(usize::MAX),
            locks_numbered_tables,
            plan: None,
            sent: Sent::default(),
            encoder: Encoder::default(),
            statement: Statement::default(),
            loading: false,
            bytes: 0,
        })
    }

    async fn load_data(&mut self, batch: &RowBatch) -> Result<(), Error> {
        self.encoder.restart();
        while !self.encode(batch).await? {
            if self.is_full() {
                self.end_statement().await?;
                self.open_load().await?;
            }
        }
        Ok(())
    }

    /// Sends rows of the batch until the buffer or the statement is full; returns whether all of
    /// them were sent.
    async fn encode(&mut self, batch: &RowBatch) -> Result<bool, Error> {
        let Self {
            connection,
            plan,
            sent,
            encoder,
            ..
        } = self;
        let Some(plan) = plan.as_ref() else {
            return Err(not_begun());
        };
        let out = connection.load_buffer();
        let done = encoder.encode(plan, batch, sent, out, LOAD_PACKET_BYTES)?;
        if connection.load_buffer_is_full() {
            connection
                .load_flush()
                .await
                .map_err(|error| named(plan, error))?;
        }
        Ok(done)
    }

    /// Whether the statement must be proved before it takes another row.
    fn is_full(&self) -> bool {
        self.plan
            .as_ref()
            .is_some_and(|plan| self.sent.is_full(plan))
    }

    /// Opens the `LOAD DATA` statement; `false` when the server does not allow it.
    async fn open_load(&mut self) -> Result<bool, Error> {
        let Some(plan) = &self.plan else {
            return Err(not_begun());
        };
        match self.connection.load_begin(&plan.load_statement()).await {
            Ok(()) => {
                self.loading = true;
                Ok(true)
            }
            Err(error) if is_off(&error) => {
                tracing::debug!(%error, "rows are loaded with INSERT");
                Ok(false)
            }
            Err(error) => Err(named(plan, error)),
        }
    }

    async fn insert(&mut self, batch: &RowBatch) -> Result<(), Error> {
        for row in 0..batch.rows() {
            if !self.push_row(batch, row)? {
                self.end_statement().await?;
                self.push_row(batch, row)?;
            }
            if self.is_full() {
                self.end_statement().await?;
            }
        }
        Ok(())
    }

    fn push_row(&mut self, batch: &RowBatch, row: usize) -> Result<bool, Error> {
        let Self {
            plan,
            sent,
            statement,
            packet_bytes_max,
            ..
        } = self;
        let Some(plan) = plan.as_ref() else {
            return Err(not_begun());
        };
        statement.push_row(plan, batch, row, sent, *packet_bytes_max)
    }

    /// Ends the statement at hand and proves it.
    async fn end_statement(&mut self) -> Result<(), Error> {
        let Self {
            connection,
            plan,
            sent,
            statement,
            loading,
            bytes,
            ..
        } = self;
        let Some(plan) = plan.as_ref() else {
            return Err(not_begun());
        };
        let outcome = if std::mem::take(loading) {
            connection.load_finish().await
        } else if !statement.is_empty() {
            connection.execute(statement.sql()).await
        } else {
            return Ok(());
        };
        let outcome = outcome.map_err(|error| named(plan, error))?;
        prove(connection, plan, sent, &outcome).await?;
        statement.clear();
        sent.reset(plan);
        *bytes = 0;
        Ok(())
    }

    /// Whether other loaders of the table have waited long enough.
    fn keeps_others_waiting(&self) -> bool {
        self.bytes >= EXCLUSIVE_BYTES
            && self.locks_numbered_tables
            && self.plan.as_ref().is_some_and(Plan::numbers_rows)
    }

    /// Gives up what is not committed, and makes the connection usable again.
    async fn reset(&mut self) -> Result<(), Error> {
        self.statement.clear();
        if std::mem::take(&mut self.loading) {
            self.connection.load_abort();
        }
        if self.connection.is_broken() {
            self.connection = open(&self.sessions).await?;
        } else {
            self.connection.execute("ROLLBACK").await?;
        }
        Ok(())
    }
}

#[async_trait]
impl dbferry_core::Loader for Loader {
    async fn begin(&mut self, load: &Arc<TableLoad>) -> Result<(), Error> {
        let binary_json = self.sessions.server().has_json_type();
        let plan = match self.plan.take() {
            Some(plan) if Arc::ptr_eq(&plan.load, load) => plan,
            _ => Plan::new(load, binary_json),
        };
        self.sent.reset(&plan);
        self.bytes = 0;
        self.plan = Some(plan);
        Ok(())
    }

    async fn write(&mut self, batch: &RowBatch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        if self.method == Method::LoadData && !self.loading && !self.open_load().await? {
            self.method = Method::Insert;
        }
        match self.method {
            Method::LoadData => self.load_data(batch).await?,
            Method::Insert => self.insert(batch).await?,
        }
        self.bytes += batch.byte_len();
        if self.is_full() || self.keeps_others_waiting() {
            self.end_statement().await?;
        }
        Ok(())
    }

    async fn commit(&mut self, record: &SegmentRecord) -> Result<(), Error> {
        self.end_statement().await?;
        self.ledger
            .write(&mut self.connection, &self.task, record)
            .await?;
        self.connection.execute("COMMIT").await?;
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.reset().await
    }
}

async fn open(sessions: &Sessions) -> Result<Connection, Error> {
    let mut connection = sessions.open(Purpose::Load).await?;
    connection.execute(SETTINGS).await?;
    Ok(connection)
}

/// Whether a statement whose number of rows is not known beforehand locks the table for its whole
/// length when a column numbers the rows, even if it brings the numbers along.
async fn locks_numbered_tables(connection: &mut Connection) -> Result<bool, Error> {
    let set = connection
        .query("SELECT @@innodb_autoinc_lock_mode")
        .await?;
    Ok(set.require_first()?.u64(0)? < INTERLEAVED)
}

fn is_off(error: &wire::Error) -> bool {
    error
        .server()
        .is_some_and(|error| LOCAL_INFILE_OFF.contains(&error.code))
}

fn named(plan: &Plan, error: wire::Error) -> Error {
    Error::from(error).with_object(&plan.load.table.name)
}

fn not_begun() -> Error {
    Error::definite(Code::Internal, "no load was begun")
}
