//! The loader: one connection that writes rows.
//!
//! SQLite has one writer. The loaders of an endpoint, and its definitions, take turns by a fair
//! lock in this process, so that none of them starves in SQLite's own busy loop; writers of
//! other processes are waited for with the busy timeout. A turn lasts from `begin` to `commit`
//! or `rollback`, and ends with the loader's thread if the loader is dropped: the connection
//! closes, SQLite rolls back.
//!
//! While rows are inserted, triggers and foreign keys are off, and every insert says `OR ABORT`,
//! which overrides the `ON CONFLICT` clauses of the table: a constraint that ignores or replaces
//! would lose rows in silence. Affinities that would change a value are found out before the
//! insert (`codec::bind`).
//!
//! `write` hands a copy of the batch to the thread and returns once the batch before it is in,
//! so one batch is inserted while the next is read. Its error may therefore come with the next
//! call.

use std::fmt::Write;
use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::{CellForm, Code, Error, Loader, RowBatch, SegmentRecord, TableLoad, TaskId};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection};
use tokio::sync::{OwnedMutexGuard, mpsc, oneshot};

use crate::codec::Bound;
use crate::codec::bind::Decoder;
use crate::connect::Opener;
use crate::datatypes::affinity;
use crate::dialect::quote;
use crate::dialect::structure::STRICT;
use crate::fault::{explain, unfit};
use crate::ledger;
use crate::snapshot::range::table_name;
use crate::task::{Session, gone};

/// The lock that writers of this process take turns by.
pub(crate) type Turn = Arc<tokio::sync::Mutex<()>>;

type Outcome = Result<(), Error>;

enum Command {
    Begin {
        load: Arc<TableLoad>,
        turn: OwnedMutexGuard<()>,
        reply: oneshot::Sender<Outcome>,
    },
    Write {
        batch: RowBatch,
        reply: oneshot::Sender<Outcome>,
    },
    Commit {
        record: SegmentRecord,
        reply: oneshot::Sender<Outcome>,
    },
    Rollback {
        reply: oneshot::Sender<Outcome>,
    },
}

/// A loader of one file.
pub(crate) struct SqliteLoader {
    session: Session<Command>,
    turn: Turn,
    in_flight: Option<oneshot::Receiver<Outcome>>,
}

impl SqliteLoader {
    /// Opens the connection.
    pub(crate) async fn start(
        opener: &Arc<Opener>,
        turn: Turn,
        task: TaskId,
    ) -> Result<Self, Error> {
        let session = Session::start(opener, move |connection, commands| {
            serve(connection, commands, &task);
        })
        .await?;
        Ok(Self {
            session,
            turn,
            in_flight: None,
        })
    }

    /// Waits for the batch that is being written.
    async fn settle(&mut self) -> Outcome {
        match self.in_flight.take() {
            Some(outcome) => outcome.await.map_err(|_| gone())?,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Loader for SqliteLoader {
    async fn begin(&mut self, load: &Arc<TableLoad>) -> Outcome {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let load = Arc::clone(load);
        self.session
            .ask(|reply| Command::Begin { load, turn, reply })
            .await?
    }

    async fn write(&mut self, batch: &RowBatch) -> Outcome {
        self.settle().await?;
        let batch = batch.clone();
        let outcome = self
            .session
            .send(|reply| Command::Write { batch, reply })
            .await?;
        self.in_flight = Some(outcome);
        Ok(())
    }

    async fn commit(&mut self, record: &SegmentRecord) -> Outcome {
        self.settle().await?;
        let record = record.clone();
        self.session
            .ask(|reply| Command::Commit { record, reply })
            .await?
    }

    async fn rollback(&mut self) -> Outcome {
        self.in_flight = None;
        self.session
            .ask(|reply| Command::Rollback { reply })
            .await?
    }
}

/// A load that has begun.
struct Running<'a> {
    insert: Insert<'a>,
    _turn: OwnedMutexGuard<()>,
}

/// Serves commands until there are no more. Whatever is open then is rolled back by the end of
/// the connection.
fn serve(connection: &mut Connection, mut commands: mpsc::Receiver<Command>, task: &TaskId) {
    let connection = &*connection;
    let mut running: Option<Running<'_>> = None;
    while let Some(command) = commands.blocking_recv() {
        match command {
            Command::Begin { load, turn, reply } => {
                let begun = begin(connection, &load).map(|insert| Running {
                    insert,
                    _turn: turn,
                });
                let (outcome, next) = match begun {
                    Ok(begun) => (Ok(()), Some(begun)),
                    Err(error) => (Err(error), None),
                };
                running = next;
                drop(reply.send(outcome));
            }
            Command::Write { batch, reply } => {
                let outcome = match &mut running {
                    Some(running) => running.insert.rows(&batch),
                    None => Err(not_begun()),
                };
                drop(reply.send(outcome));
            }
            Command::Commit { record, reply } => {
                let outcome = match running.take() {
                    Some(running) => commit(connection, running, task, &record),
                    None => Err(not_begun()),
                };
                drop(reply.send(outcome));
            }
            Command::Rollback { reply } => {
                let outcome = rollback(connection);
                running = None;
                drop(reply.send(outcome));
            }
        }
    }
}

fn not_begun() -> Error {
    Error::definite(Code::Internal, "no load has begun")
}

fn begin<'a>(connection: &'a Connection, load: &Arc<TableLoad>) -> Result<Insert<'a>, Error> {
    let named = |error: Error| error.with_object(format!("table {}", load.table.name));
    prepare_session(connection).map_err(explain)?;
    connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(|error| named(explain(error)))?;
    Insert::new(connection, load).map_err(|error| {
        drop(rollback(connection));
        named(error)
    })
}

/// Rows are taken as they are sent: no triggers, no foreign keys; and see the ledger for why
/// `NORMAL` is enough in WAL mode. In other modes it would not be.
fn prepare_session(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous = if mode == "wal" { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)
}

fn commit(
    connection: &Connection,
    running: Running<'_>,
    task: &TaskId,
    record: &SegmentRecord,
) -> Outcome {
    let outcome = ledger::write(connection, task, record)
        .and_then(|()| connection.execute_batch("COMMIT").map_err(explain));
    if outcome.is_err() {
        drop(rollback(connection));
    }
    drop(running);
    outcome.map_err(|error| error.with_object(format!("table {}", record.table)))
}

fn rollback(connection: &Connection) -> Outcome {
    // Some errors, such as a full disk, roll back by themselves.
    match connection.is_autocommit() {
        true => Ok(()),
        false => connection.execute_batch("ROLLBACK").map_err(explain),
    }
}

/// The insert of a table, with the way of each cell.
struct Insert<'a> {
    statement: CachedStatement<'a>,
    decoders: Vec<Decoder>,
    load: Arc<TableLoad>,
}

impl<'a> Insert<'a> {
    fn new(connection: &'a Connection, load: &Arc<TableLoad>) -> Result<Self, Error> {
        let strict = load.table.option(STRICT).is_some();
        let mut decoders = Vec::with_capacity(load.columns.len());
        for (at, column) in load.columns.iter().enumerate() {
            let affinity = affinity(&load.column(at).declared, strict);
            let decoder = Decoder::new(column.form, &column.data_type, affinity);
            if !decoder.is_possible() {
                return Err(impossible(load, at));
            }
            decoders.push(decoder);
        }
        Ok(Self {
            statement: connection.prepare_cached(&insert(load)).map_err(explain)?,
            decoders,
            load: Arc::clone(load),
        })
    }

    fn rows(&mut self, batch: &RowBatch) -> Outcome {
        if batch.is_empty() {
            return Ok(());
        }
        if batch.columns() != self.decoders.len() {
            return Err(Error::definite(
                Code::Internal,
                "a batch does not fit its table",
            ));
        }
        for row in 0..batch.rows() {
            for (at, cell) in batch.row(row).enumerate() {
                self.bind(at, cell, batch, row)?;
            }
            let inserted = self.statement.raw_execute();
            let inserted = inserted.map_err(|error| self.refused(error, batch, row))?;
            if inserted != 1 {
                return Err(self.not_taken(batch, row));
            }
        }
        Ok(())
    }

    #[inline]
    fn bind(&mut self, at: usize, cell: Option<&[u8]>, batch: &RowBatch, row: usize) -> Outcome {
        let value = match cell.map(|cell| self.decoders[at].decode(cell)) {
            None => ValueRef::Null,
            Some(Ok(value)) => value,
            Some(Err(reason)) => {
                let column = &self.load.column(at).name;
                let row = self.name_of(batch, row);
                return Err(unfit(reason, &self.load.table.name, column, &row));
            }
        };
        self.statement
            .raw_bind_parameter(at + 1, Bound(value))
            .map_err(explain)
    }

    fn refused(&self, error: rusqlite::Error, batch: &RowBatch, row: usize) -> Error {
        let explained = explain(error);
        let hint = match explained.code() {
            Code::DuplicateKey | Code::ValueRefused => self.name_of(batch, row),
            _ => return explained.with_object(format!("table {}", self.load.table.name)),
        };
        explained
            .with_object(format!("table {}, {hint}", self.load.table.name))
            .with_hint("compare the keys and constraints of source and target")
    }

    fn not_taken(&self, batch: &RowBatch, row: usize) -> Error {
        Error::definite(
            Code::ValueRefused,
            "a row was not inserted, and SQLite gave no reason",
        )
        .with_object(format!(
            "table {}, {}",
            self.load.table.name,
            self.name_of(batch, row)
        ))
    }

    /// A row in words, by the cells of its key.
    fn name_of(&self, batch: &RowBatch, row: usize) -> String {
        /// Long keys are cut: the message is for people.
        const KEY_BYTES_MAX: usize = 60;
        let key = self.load.table.row_key().unwrap_or_default();
        let mut text = String::new();
        for (at, column) in self.load.columns.iter().enumerate() {
            let cell = batch.cell(row, at).filter(|_| key.contains(&column.column));
            if let Some(cell) = cell {
                let skip = usize::from(column.form == CellForm::Native);
                let shown = &cell[skip.min(cell.len())..cell.len().min(KEY_BYTES_MAX)];
                let name = &self.load.table.columns[column.column].name;
                // Writing to a string cannot fail.
                let _ = write!(text, " {} '{}'", name.escape_debug(), shown.escape_ascii());
            }
        }
        match text.is_empty() {
            true => format!("row {} of its batch", row + 1),
            false => format!("the row with{text}"),
        }
    }
}

fn impossible(load: &TableLoad, at: usize) -> Error {
    let column = &load.column(at).name;
    Error::definite(
        Code::ValueUnrepresentable,
        format!("the values of column {column:?} are of a type that SQLite cannot hold"),
    )
    .with_hint("leave the column out, or map it to a string")
}

/// The statement that inserts one row.
fn insert(load: &TableLoad) -> String {
    let names = load
        .columns
        .iter()
        .enumerate()
        .map(|(at, _)| quote(&load.column(at).name));
    let names: Vec<String> = names.collect();
    let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
    format!(
        "INSERT OR ABORT INTO {} ({}) VALUES ({})",
        table_name(&load.table),
        names.join(", "),
        places.join(", ")
    )
}
