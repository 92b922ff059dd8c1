//! Statements with small results, and statements with none.

use dbferry_core::RowBatch;
use mysql_common::constants::Command;

use super::connection::{Connection, State};
use super::error::{Error, Result};
use super::packet::{Answer, Column, Outcome};
use super::rows::BatchLimits;

/// The most bytes of a buffered result: room for the catalogue of a million columns. Whatever may
/// be larger is read as a stream.
const RESULT_BYTES_MAX: usize = 256 << 20;

/// A result that was read completely.
#[derive(Debug, Clone)]
pub struct ResultSet {
    columns: Vec<Column>,
    rows: RowBatch,
    outcome: Outcome,
}

impl ResultSet {
    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The cells, as in any batch.
    pub fn batch(&self) -> &RowBatch {
        &self.rows
    }

    /// Warnings and status of the statement.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.rows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows, in the server's order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|index| Row { set: self, index })
    }

    /// The first row.
    pub fn first(&self) -> Option<Row<'_>> {
        (!self.is_empty()).then_some(Row {
            set: self,
            index: 0,
        })
    }

    /// The first row of a result that must have one.
    ///
    /// # Errors
    /// [`Error::Value`] when there is none.
    pub fn require_first(&self) -> Result<Row<'_>> {
        self.first().ok_or_else(|| Error::Value {
            column: self
                .columns
                .first()
                .map(|column| column.name.clone())
                .unwrap_or_default(),
            expected: "a row",
            found: "absent",
        })
    }
}

/// What names a column: its position, or its name without regard to ASCII case (MySQL 8 spells
/// the columns of `information_schema` in capitals, MariaDB as the query does).
pub trait ColumnIndex: Copy {
    /// The position among these columns.
    fn position(self, columns: &[Column]) -> Option<usize>;
    /// The name or number, for a message.
    fn label(self) -> String;
}

impl ColumnIndex for usize {
    fn position(self, columns: &[Column]) -> Option<usize> {
        (self < columns.len()).then_some(self)
    }

    fn label(self) -> String {
        self.to_string()
    }
}

impl ColumnIndex for &str {
    fn position(self, columns: &[Column]) -> Option<usize> {
        columns
            .iter()
            .position(|column| column.name.eq_ignore_ascii_case(self))
    }

    fn label(self) -> String {
        self.to_owned()
    }
}

/// A row of a [`ResultSet`].
///
/// Every accessor fails with [`Error::Value`] when there is no such column or its cell is not
/// what was asked for; those without `opt_` also when it is NULL.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    set: &'a ResultSet,
    index: usize,
}

impl<'a> Row<'a> {
    /// The bytes of a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn opt_bytes(&self, column: impl ColumnIndex) -> Result<Option<&'a [u8]>> {
        let position = column
            .position(&self.set.columns)
            .ok_or_else(|| wrong(column, "a column of the result", "absent"))?;
        Ok(self.set.rows.cell(self.index, position))
    }

    /// The bytes of a cell.
    ///
    /// # Errors
    /// When there is no such column, or on NULL.
    pub fn bytes(&self, column: impl ColumnIndex) -> Result<&'a [u8]> {
        self.opt_bytes(column)?
            .ok_or_else(|| wrong(column, "bytes", "NULL"))
    }

    /// The text of a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or the bytes are not UTF-8.
    pub fn opt_text(&self, column: impl ColumnIndex) -> Result<Option<&'a str>> {
        let Some(bytes) = self.opt_bytes(column)? else {
            return Ok(None);
        };
        std::str::from_utf8(bytes)
            .map(Some)
            .map_err(|_| wrong(column, "text", "not valid UTF-8"))
    }

    /// The text of a cell.
    ///
    /// # Errors
    /// As [`Row::opt_text`], and on NULL.
    pub fn text(&self, column: impl ColumnIndex) -> Result<&'a str> {
        self.opt_text(column)?
            .ok_or_else(|| wrong(column, "text", "NULL"))
    }

    /// The number in a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or the text is no such number.
    pub fn opt_u64(&self, column: impl ColumnIndex) -> Result<Option<u64>> {
        self.opt_number(column, "a number from 0 to 2^64 - 1")
    }

    /// The number in a cell.
    ///
    /// # Errors
    /// As [`Row::opt_u64`], and on NULL.
    pub fn u64(&self, column: impl ColumnIndex) -> Result<u64> {
        self.opt_u64(column)?
            .ok_or_else(|| wrong(column, "a number", "NULL"))
    }

    /// The signed number in a cell, `None` for NULL.
    ///
    /// # Errors
    /// When there is no such column or the text is no such number.
    pub fn opt_i64(&self, column: impl ColumnIndex) -> Result<Option<i64>> {
        self.opt_number(column, "a number from -2^63 to 2^63 - 1")
    }

    /// The signed number in a cell.
    ///
    /// # Errors
    /// As [`Row::opt_i64`], and on NULL.
    pub fn i64(&self, column: impl ColumnIndex) -> Result<i64> {
        self.opt_i64(column)?
            .ok_or_else(|| wrong(column, "a number", "NULL"))
    }

    fn opt_number<T: std::str::FromStr>(
        &self,
        column: impl ColumnIndex,
        expected: &'static str,
    ) -> Result<Option<T>> {
        let Some(text) = self.opt_text(column)? else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| wrong(column, expected, "something else"))
    }
}

fn wrong(column: impl ColumnIndex, expected: &'static str, found: &'static str) -> Error {
    Error::Value {
        column: column.label(),
        expected,
        found,
    }
}

impl Connection {
    /// Runs a statement and reads its rows, all of them. A statement without rows gives an empty
    /// set without columns; of several results (`CALL`) the first is kept.
    ///
    /// # Errors
    /// What the server reports, [`Error::ResultTooLarge`], and those of the connection.
    pub async fn query(&mut self, sql: &str) -> Result<ResultSet> {
        self.enter()?;
        let result = self.run(sql).await;
        self.leave(result, State::Idle)
    }

    /// Runs a statement for its effect. Rows that it returns are read and dropped.
    ///
    /// # Errors
    /// As [`Connection::query`].
    pub async fn execute(&mut self, sql: &str) -> Result<Outcome> {
        self.query(sql).await.map(|set| set.outcome)
    }

    async fn run(&mut self, sql: &str) -> Result<ResultSet> {
        let (columns, rows, outcome) = match self
            .exchange(Command::COM_QUERY as u8, sql.as_bytes())
            .await?
        {
            Answer::Done(outcome) => (Vec::new(), RowBatch::new(0), outcome),
            Answer::LocalInfile => return Err(Error::LocalInfileRefused),
            Answer::Rows(columns) => self.read_rows(columns).await?,
        };
        let outcome = self.drain_results(outcome).await?;
        Ok(ResultSet {
            columns,
            rows,
            outcome,
        })
    }

    async fn read_rows(&mut self, columns: usize) -> Result<(Vec<Column>, RowBatch, Outcome)> {
        let mut reader = self.read_columns(columns).await?;
        let mut batch = RowBatch::new(columns);
        let limits = BatchLimits {
            bytes: RESULT_BYTES_MAX,
            rows: usize::MAX,
        };
        match self.append_rows(&mut reader, &mut batch, limits).await? {
            Some(outcome) => Ok((self.columns.clone(), batch, outcome)),
            None => Err(Error::ResultTooLarge {
                bytes_max: RESULT_BYTES_MAX,
            }),
        }
    }
}
