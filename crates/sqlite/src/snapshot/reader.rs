//! The reader: one connection that reads chunks.
//!
//! The connection lives on its own thread and serves two commands. `Open` begins a read
//! transaction, makes sure that the table is still as described, and leaves a statement open;
//! `Fetch` steps it and fills the batch that came with the command, which then goes back with the
//! answer. So the buffers are the engine's own, and nothing is read ahead of it. At the end of
//! the chunk, and when another is opened, the transaction ends.

use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::{Chunk, Code, Error, Fetched, RowBatch, Table, TableRead, TableReader};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};
use tokio::sync::{mpsc, oneshot};

use super::range;
use crate::codec::canonical::Encoder;
use crate::connect::Opener;
use crate::dialect::structure::SQL;
use crate::fault::{explain, unfit};
use crate::task::Session;

type Filled = (RowBatch, Result<Fetched, Error>);

enum Command {
    Open {
        read: Arc<TableRead>,
        chunk: Chunk,
        reply: oneshot::Sender<Result<(), Error>>,
    },
    Fetch {
        batch: RowBatch,
        bytes_max: usize,
        reply: oneshot::Sender<Filled>,
    },
}

/// A reader of one file.
pub(crate) struct Reader(Session<Command>);

impl Reader {
    /// Opens the connection.
    pub(crate) async fn start(opener: &Arc<Opener>) -> Result<Self, Error> {
        Session::start(opener, serve).await.map(Self)
    }
}

#[async_trait]
impl TableReader for Reader {
    async fn open(&mut self, read: &Arc<TableRead>, chunk: &Chunk) -> Result<(), Error> {
        let (read, chunk) = (Arc::clone(read), chunk.clone());
        self.0
            .ask(|reply| Command::Open { read, chunk, reply })
            .await?
    }

    async fn fetch(&mut self, batch: &mut RowBatch, bytes_max: usize) -> Result<Fetched, Error> {
        let lent = std::mem::take(batch);
        let (filled, outcome) = self
            .0
            .ask(|reply| Command::Fetch {
                batch: lent,
                bytes_max,
                reply,
            })
            .await?;
        *batch = filled;
        outcome
    }
}

/// Serves commands until there are no more.
fn serve(connection: &mut Connection, mut commands: mpsc::Receiver<Command>) {
    let mut next = commands.blocking_recv();
    while let Some(command) = next {
        next = match command {
            Command::Open { read, chunk, reply } => {
                let next = serve_chunk(connection, &mut commands, &read, &chunk, reply);
                end_view(connection);
                next.or_else(|| commands.blocking_recv())
            }
            Command::Fetch { batch, reply, .. } => {
                let error = Error::definite(Code::Internal, "no chunk is open");
                drop(reply.send((batch, Err(error))));
                commands.blocking_recv()
            }
        };
    }
}

/// Ends the read transaction, whether or not it has begun.
fn end_view(connection: &Connection) {
    if !connection.is_autocommit() {
        // A read transaction has nothing to lose; closing the connection ends it, too.
        if let Err(error) = connection.execute_batch("ROLLBACK") {
            tracing::warn!(%error, "read transaction not ended");
        }
    }
}

/// Serves one chunk to its end or to the next command that is not about it.
fn serve_chunk(
    connection: &Connection,
    commands: &mut mpsc::Receiver<Command>,
    read: &TableRead,
    chunk: &Chunk,
    reply: oneshot::Sender<Result<(), Error>>,
) -> Option<Command> {
    let named = |error: Error| error.with_object(format!("table {}", read.table.name));
    let prepared = begin(connection, read, chunk).map_err(named);
    let mut statement = match prepared {
        Ok(statement) => statement,
        Err(error) => {
            drop(reply.send(Err(error)));
            return None;
        }
    };
    let mut rows = statement.raw_query();
    let encoding = Encoding::new(read);
    drop(reply.send(Ok(())));
    loop {
        match commands.blocking_recv()? {
            Command::Fetch {
                mut batch,
                bytes_max,
                reply,
            } => {
                let outcome = encoding
                    .fill(&mut rows, &mut batch, bytes_max)
                    .map_err(named);
                let more = matches!(outcome, Ok(Fetched::More));
                if reply.send((batch, outcome)).is_err() || !more {
                    return None;
                }
            }
            open @ Command::Open { .. } => return Some(open),
        }
    }
}

/// Begins the read transaction and prepares the statement.
fn begin<'a>(
    connection: &'a Connection,
    read: &TableRead,
    chunk: &Chunk,
) -> Result<rusqlite::Statement<'a>, Error> {
    connection.execute_batch("BEGIN").map_err(explain)?;
    prove_unchanged(connection, &read.table)?;
    let query = range::chunk(read, chunk)?;
    let mut statement = connection.prepare(&query.sql).map_err(explain)?;
    for (at, value) in query.values.iter().enumerate() {
        statement
            .raw_bind_parameter(at + 1, value)
            .map_err(explain)?;
    }
    Ok(statement)
}

/// Compares the table's stored statement with the one that the catalog saw.
fn prove_unchanged(connection: &Connection, table: &Table) -> Result<(), Error> {
    const CURRENT: &str = "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    let found = connection
        .prepare_cached(CURRENT)
        .and_then(|mut statement| {
            let mut rows = statement.query([&table.name.name])?;
            rows.next()?.map(|row| row.get::<_, String>(0)).transpose()
        })
        .map_err(explain)?;
    match (found, table.option(SQL)) {
        (None, _) => Err(Error::definite(
            Code::ObjectMissing,
            "the table does not exist any more",
        )),
        (Some(now), Some(then)) if now != then => Err(Error::definite(
            Code::DefinitionChanged,
            "the table's definition has changed since it was read",
        )
        .with_hint("start again, so that the new definition is taken over")),
        _ => Ok(()),
    }
}

/// How the rows of a table become cells.
struct Encoding<'a> {
    read: &'a TableRead,
    columns: Vec<Encoder>,
}

impl<'a> Encoding<'a> {
    fn new(read: &'a TableRead) -> Self {
        let columns = read.columns.iter().enumerate().map(|(at, column)| {
            let data_type = &read.table.columns[column.column].data_type;
            Encoder::new(column.form, data_type, read.key.contains(&at))
        });
        Self {
            read,
            columns: columns.collect(),
        }
    }

    /// Appends rows until about `bytes_max` bytes are there.
    fn fill(
        &self,
        rows: &mut Rows<'_>,
        batch: &mut RowBatch,
        bytes_max: usize,
    ) -> Result<Fetched, Error> {
        if batch.is_empty() {
            batch.reset(self.columns.len());
        }
        while batch.byte_len() < bytes_max {
            match rows.next().map_err(explain)? {
                Some(row) => self.push(row, batch)?,
                None => return Ok(Fetched::End),
            }
        }
        Ok(Fetched::More)
    }

    fn push(&self, row: &Row<'_>, batch: &mut RowBatch) -> Result<(), Error> {
        for (at, encoder) in self.columns.iter().enumerate() {
            let value = row.get_ref(at).map_err(explain)?;
            if matches!(value, ValueRef::Null) {
                batch.push_null()?;
                continue;
            }
            if let Err(reason) = encoder.encode(value, batch.open_cell()) {
                let column = &self.read.column(at).name;
                return Err(unfit(
                    reason,
                    &self.read.table.name,
                    column,
                    &name_of(&self.read.table, row, self.columns.len()),
                ));
            }
            batch.end_cell()?;
        }
        self.prove_key(row)
    }

    /// A NULL in the key would leave its row out of every later chunk.
    fn prove_key(&self, row: &Row<'_>) -> Result<(), Error> {
        for &at in &self.read.key {
            if matches!(row.get_ref(at), Ok(ValueRef::Null)) {
                let column = &self.read.column(at).name;
                let message = format!("the key column {column:?} has come to hold NULL");
                return Err(Error::definite(Code::DefinitionChanged, message)
                    .with_hint("start again, so that the table is read in another way"));
            }
        }
        Ok(())
    }
}

/// A row in words: its rowid or primary key, which stand in the columns from `first` on.
pub(crate) fn name_of(table: &Table, row: &Row<'_>, first: usize) -> String {
    /// Long keys are cut: the message is for people.
    const KEY_CHARACTERS_MAX: usize = 60;
    let names = range::identity(table);
    let parts: Vec<String> = names
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let text: String = match row.get_ref(first + at) {
                Ok(ValueRef::Integer(integer)) => integer.to_string(),
                Ok(ValueRef::Real(real)) => real.to_string(),
                Ok(ValueRef::Text(bytes)) => {
                    format!("'{}'", String::from_utf8_lossy(bytes).escape_debug())
                }
                Ok(ValueRef::Blob(bytes)) => format!("x'{}'", bytes.escape_ascii()),
                Ok(ValueRef::Null) | Err(_) => "NULL".to_owned(),
            };
            let short: String = text.chars().take(KEY_CHARACTERS_MAX).collect();
            format!("{name} {short}")
        })
        .collect();
    match parts.is_empty() {
        true => "a row".to_owned(),
        false => format!("the row with {}", parts.join(", ")),
    }
}
