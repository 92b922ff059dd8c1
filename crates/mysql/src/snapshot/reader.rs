//! One connection that reads chunk after chunk.
//!
//! [`Reader::open`] sends the chunk's `SELECT`; [`Reader::fetch`] appends what arrives to the
//! caller's batch. Where no column needs finishing, rows go from the socket's buffer into that
//! batch and nowhere else.

use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::{Chunk, Code, Error, Fetched, RowBatch, TableRead, TableReader};

use super::filter;
use super::keyset::{conditions, key_columns, row_end, walkable_index};
use super::select::{Finish, Selected, check_utf8, select_list};
use crate::codec::row_name::row_name;
use crate::dialect;
use crate::sessions::{Purpose, Sessions};
use crate::wire::{self, BatchLimits, Connection, Discarded, FetchStatus};

/// Makes the server send values as they are stored instead of converting them.
const RAW_RESULTS: &str = "SET SESSION character_set_results = NULL";

/// A column that the table does not have (any more).
const UNKNOWN_COLUMN: u16 = 1054;
/// A partition that the table does not have (any more).
const UNKNOWN_PARTITION: u16 = 1735;
/// An index that the table does not have (any more).
const UNKNOWN_INDEX: u16 = 1176;

/// Opens a connection that sends values as they are stored.
pub(crate) async fn open_raw(sessions: &Sessions) -> Result<Connection, Error> {
    let mut connection = sessions.open(Purpose::Read).await?;
    connection.execute(RAW_RESULTS).await?;
    Ok(connection)
}

/// Reads chunks with a connection of its own.
#[derive(Debug)]
pub struct Reader {
    sessions: Sessions,
    connection: Connection,
    plan: Option<Plan>,
    /// Whether a chunk is open.
    open: bool,
    /// Rows that must be finished, before they go into the caller's batch.
    arrived: RowBatch,
}

impl Reader {
    /// Opens a reader.
    ///
    /// # Errors
    /// What the connection brings.
    pub async fn connect(sessions: &Sessions) -> Result<Self, Error> {
        Ok(Self {
            sessions: sessions.clone(),
            connection: open_raw(sessions).await?,
            plan: None,
            open: false,
            arrived: RowBatch::default(),
        })
    }

    /// Makes the plan of a table, unless it is the one of the chunk before.
    fn plan(&mut self, read: &Arc<TableRead>) -> &Plan {
        match self.plan.take() {
            Some(plan) if Arc::ptr_eq(&plan.read, read) => self.plan.insert(plan),
            _ => self.plan.insert(Plan::new(read)),
        }
    }

    /// Ends a chunk that was not read to its end.
    async fn abandon_chunk(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.open)
            && self.connection.discard_stream().await? == Discarded::Closed
        {
            self.connection = open_raw(&self.sessions).await?;
        }
        Ok(())
    }

    async fn fetch_rows(
        &mut self,
        batch: &mut RowBatch,
        bytes_max: usize,
    ) -> Result<Fetched, Error> {
        let Some(plan) = &self.plan else {
            return Err(no_chunk());
        };
        let first = batch.rows();
        let limits = BatchLimits {
            bytes: bytes_max,
            rows: usize::MAX,
        };
        let status = match plan.finishing {
            Finishing::None => self.connection.fetch(batch, limits).await,
            Finishing::CheckOnly => {
                let status = self.connection.fetch(batch, limits).await;
                plan.check(batch, first)?;
                status
            }
            Finishing::Rewrite => {
                self.arrived.reset(batch.columns());
                let left = BatchLimits {
                    bytes: bytes_max.saturating_sub(batch.byte_len()),
                    ..limits
                };
                let status = self.connection.fetch(&mut self.arrived, left).await;
                plan.rewrite(&self.arrived, batch)?;
                self.arrived.shrink_to(bytes_max.saturating_mul(2));
                status
            }
        };
        match status.map_err(|error| named(error, &plan.read))? {
            FetchStatus::More => Ok(Fetched::More),
            FetchStatus::Done => Ok(Fetched::End),
        }
    }
}

#[async_trait]
impl TableReader for Reader {
    async fn open(&mut self, read: &Arc<TableRead>, chunk: &Chunk) -> Result<(), Error> {
        self.abandon_chunk().await?;
        let sql = self.plan(read).statement(chunk)?;
        self.connection
            .query_stream(&sql)
            .await
            .map_err(|error| named(error, read))?;
        self.open = true;
        Ok(())
    }

    async fn fetch(&mut self, batch: &mut RowBatch, bytes_max: usize) -> Result<Fetched, Error> {
        if !self.open {
            return Err(no_chunk());
        }
        let fetched = self.fetch_rows(batch, bytes_max).await?;
        self.open = fetched == Fetched::More;
        Ok(fetched)
    }
}

fn no_chunk() -> Error {
    Error::definite(Code::Internal, "no chunk is open")
}

/// Names the table, and tells a changed definition from a fault of ours.
pub(crate) fn named(error: wire::Error, read: &TableRead) -> Error {
    let code = error.server().map(|error| error.code);
    let error = match code {
        Some(UNKNOWN_COLUMN | UNKNOWN_PARTITION | UNKNOWN_INDEX) => {
            let message = "the table is not as it was when the task was planned";
            Error::definite(Code::DefinitionChanged, message)
                .with_hint("load the table anew")
                .with_source(Error::from(error))
        }
        _ => error.into(),
    };
    error.with_object(&read.table.name)
}

/// What has to be done to the rows that arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finishing {
    None,
    /// Some cells are looked at.
    CheckOnly,
    /// Some cells change.
    Rewrite,
}

/// How a table is read.
#[derive(Debug)]
struct Plan {
    read: Arc<TableRead>,
    columns: Vec<Selected>,
    finishing: Finishing,
}

impl Plan {
    fn new(read: &Arc<TableRead>) -> Self {
        let columns = select_list(read);
        let all = |test: fn(Finish) -> bool| columns.iter().all(|column| test(column.finish));
        let finishing = if all(|finish| finish == Finish::Nothing) {
            Finishing::None
        } else if all(|finish| matches!(finish, Finish::Nothing | Finish::CheckUtf8)) {
            Finishing::CheckOnly
        } else {
            Finishing::Rewrite
        };
        Self {
            read: Arc::clone(read),
            columns,
            finishing,
        }
    }

    fn statement(&self, chunk: &Chunk) -> Result<String, Error> {
        let list: Vec<&str> = self
            .columns
            .iter()
            .map(|column| column.expression.as_str())
            .collect();
        select(&self.read, &list.join(", "), chunk)
    }

    /// Looks at the cells of the rows from `first` on.
    fn check(&self, batch: &RowBatch, first: usize) -> Result<(), Error> {
        for (index, column) in self.columns.iter().enumerate() {
            if column.finish != Finish::CheckUtf8 {
                continue;
            }
            for row in first..batch.rows() {
                let Some(cell) = batch.cell(row, index) else {
                    continue;
                };
                check_utf8(cell).map_err(|error| self.at(error, batch, row, index))?;
            }
        }
        Ok(())
    }

    fn rewrite(&self, arrived: &RowBatch, batch: &mut RowBatch) -> Result<(), Error> {
        for row in 0..arrived.rows() {
            for (index, (cell, column)) in arrived.row(row).zip(&self.columns).enumerate() {
                match cell {
                    None => batch.push_null()?,
                    Some(cell) => {
                        column
                            .finish
                            .apply(cell, batch.open_cell())
                            .map_err(|error| self.at(error, arrived, row, index))?;
                        batch.end_cell()?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Names the column, and the row by its key.
    fn at(&self, error: Error, batch: &RowBatch, row: usize, column: usize) -> Error {
        let names = self
            .read
            .key
            .iter()
            .map(|&index| self.read.column(index).name.as_str());
        let cells = self.read.key.iter().map(|&index| batch.cell(row, index));
        let key = row_name(names.zip(cells));
        let name = &self.read.column(column).name;
        error.with_object(format!(
            "{} column {}{key}",
            self.read.table.name,
            name.escape_debug()
        ))
    }
}

/// The `SELECT` of a chunk, for a select list.
///
/// # Errors
/// `Internal` for a key that the table cannot be walked by, or key values that are not of their
/// columns' types; `RuleNotApplicable` for a filter on a column that does not exist.
pub fn select(read: &TableRead, list: &str, chunk: &Chunk) -> Result<String, Error> {
    let columns = key_columns(read)?;
    let mut sql = format!("SELECT {list} FROM {}", dialect::object(&read.table.name));
    if let Some(partition) = &chunk.partition {
        sql.push_str(&format!(" PARTITION ({})", dialect::identifier(partition)));
    }
    if row_end(&read.table).is_some() {
        // The old rows belong to the table as well.
        sql.push_str(" FOR SYSTEM_TIME ALL");
    }
    if let Some(index) = walkable_index(&read.table).filter(|_| !columns.is_empty()) {
        // Other indexes may look cheaper to the planner, and then every chunk is sorted.
        sql.push_str(&format!(" FORCE INDEX ({})", dialect::identifier(index)));
    }
    let mut all = conditions(&columns, &chunk.range)?;
    if let Some(filter) = &read.filter {
        all.extend(filter::condition(&read.table, filter)?);
    }
    if !all.is_empty() {
        sql.push_str(&format!(" WHERE {}", all.join(" AND ")));
    }
    if !columns.is_empty() {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        sql.push_str(&format!(" ORDER BY {}", names.join(", ")));
    }
    if let Some(rows) = chunk.rows_max {
        sql.push_str(&format!(" LIMIT {rows}"));
    }
    Ok(sql)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::catalog::{Key, KeyKind, KeyPart};
    use dbferry_core::{
        CellForm, Column, ColumnRead, DataType, KeyCells, KeyRange, ObjectName, Table,
    };

    #[test]
    fn a_chunk_is_one_statement() {
        let mut table = Table::new(ObjectName::new("d", "t`"));
        let int = DataType::Integer {
            bits: 32,
            signed: true,
        };
        table.columns.push(Column::new("id", int, "int"));
        table
            .columns
            .push(Column::new("f", DataType::Float { bits: 32 }, "float"));
        table.columns[0].nullable = false;
        table.keys.push(Key {
            name: String::new(),
            kind: KeyKind::Primary,
            parts: vec![KeyPart::column("id")],
            visible: true,
            condition: None,
            comment: String::new(),
            options: Vec::new(),
        });
        let column = |column| ColumnRead {
            column,
            form: CellForm::Native,
        };
        let mut read = TableRead {
            table,
            columns: vec![column(1), column(0)],
            key: vec![1],
            filter: None,
        };
        let key = |text: &str| Some(KeyCells(vec![text.into()]));
        let chunk = Chunk {
            range: KeyRange {
                after: key("5"),
                until: key("9"),
            },
            partition: Some("p0".into()),
            rows_max: Some(100),
        };
        let plan = Plan::new(&Arc::new(read.clone()));
        assert_eq!(
            plan.statement(&chunk).unwrap(),
            "SELECT `f` * 1e0, `id` FROM `d`.`t``` PARTITION (`p0`) FORCE INDEX (`PRIMARY`) \
             WHERE `id` > 5 AND `id` <= 9 ORDER BY `id` LIMIT 100"
        );
        read.key.clear();
        let plan = Plan::new(&Arc::new(read));
        assert_eq!(
            plan.statement(&Chunk::default()).unwrap(),
            "SELECT `f` * 1e0, `id` FROM `d`.`t```"
        );
    }
}
