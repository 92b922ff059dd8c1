//! Reading a large result batch by batch.
//!
//! The result is part of the connection's state, not a borrow of it, so whoever owns the
//! connection can keep a stream open across calls:
//!
//! 1. [`Connection::query_stream`] sends the statement and reads the columns;
//! 2. [`Connection::fetch`] appends rows to a batch up to its limits, until it says
//!    [`FetchStatus::Done`];
//! 3. or [`Connection::discard_stream`] gives the rest up.
//!
//! The server sends as fast as we read; when we do not, TCP holds it back, and it holds its locks
//! and read view (and gives up after its `net_write_timeout`).

use dbferry_core::RowBatch;
use mysql_common::constants::{CapabilityFlags, Command};

use super::connection::{Connection, State};
use super::error::{Error, Result};
use super::packet::{Answer, Column, Outcome, parse_column, parse_end};
use super::rows::{BatchLimits, Progress, RowReader};
use super::transport::INBOUND_BYTES;

/// How much of an abandoned result is read before the connection is given up instead. At loopback
/// or data-centre speed this takes some milliseconds, about what a new connection costs.
const DISCARD_BYTES_MAX: usize = 4 << 20;

/// Whether a stream has more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FetchStatus {
    /// The batch is full; there may be more.
    More,
    /// The rows have ended, and the connection is idle.
    Done,
}

/// What became of a connection whose stream was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// The rest was short and has been read; the connection is idle.
    Idle,
    /// The rest was long; the connection has been closed.
    Closed,
}

impl Connection {
    /// Sends a statement that returns rows and reads its columns. The rows follow by
    /// [`Connection::fetch`].
    ///
    /// # Errors
    /// What the server reports; [`Error::Protocol`] when the statement returns no rows.
    pub async fn query_stream(&mut self, sql: &str) -> Result<()> {
        self.enter()?;
        let result = self.open_stream(sql).await;
        match result {
            Ok(reader) => self.leave(Ok(()), State::Streaming(reader)),
            Err(error) => self.leave(Err(error), State::Closed),
        }
    }

    async fn open_stream(&mut self, sql: &str) -> Result<RowReader> {
        match self
            .exchange(Command::COM_QUERY as u8, sql.as_bytes())
            .await?
        {
            Answer::Rows(columns) => self.read_columns(columns).await,
            Answer::Done(_) => Err(Error::protocol("a query returned no rows")),
            Answer::LocalInfile => Err(Error::LocalInfileRefused),
        }
    }

    /// Reads the columns of a result; the reader of its rows comes back.
    pub(super) async fn read_columns(&mut self, columns: usize) -> Result<RowReader> {
        self.columns.clear();
        for _ in 0..columns {
            let column = parse_column(self.receive_payload().await?)?;
            self.columns.push(column);
        }
        let capabilities = self.capabilities;
        if !capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
            parse_end(self.receive_payload().await?, capabilities)?;
        }
        Ok(RowReader::new(columns, capabilities))
    }

    /// The columns of the stream, or of the last result.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Appends rows of the stream to `batch` until it reaches `limits` or the rows end. The batch
    /// must be for as many columns as the stream has.
    ///
    /// # Errors
    /// What the server reports, which ends the stream, and those of the connection. The batch
    /// must then be thrown away, as its last row may be incomplete.
    pub async fn fetch(
        &mut self,
        batch: &mut RowBatch,
        limits: BatchLimits,
    ) -> Result<FetchStatus> {
        let mut reader = self.take_stream()?;
        if batch.columns() != self.columns.len() {
            self.state = State::Streaming(reader);
            let (batch, stream) = (batch.columns(), self.columns.len());
            return Err(Error::ColumnsDiffer { batch, stream });
        }
        match self.append_rows(&mut reader, batch, limits).await {
            Ok(None) => self.leave(Ok(FetchStatus::More), State::Streaming(reader)),
            Ok(Some(outcome)) => {
                let result = self.drain_results(outcome).await.map(|_| FetchStatus::Done);
                self.leave(result, State::Idle)
            }
            Err(error) => self.leave(Err(error), State::Idle),
        }
    }

    /// Reads rows until the batch is full (`None`) or the rows end.
    pub(super) async fn append_rows(
        &mut self,
        reader: &mut RowReader,
        batch: &mut RowBatch,
        limits: BatchLimits,
    ) -> Result<Option<Outcome>> {
        loop {
            let mut input = self.inbound.unread();
            let progress =
                reader.append(&mut self.framer, &mut input, INBOUND_BYTES, batch, limits);
            let left = input.len();
            self.inbound.keep_last(left);
            match progress? {
                Progress::Full => return Ok(None),
                Progress::Ended(outcome) => return Ok(Some(outcome)),
                Progress::Hungry => {
                    self.inbound
                        .fill(&mut self.transport, self.options.read_timeout)
                        .await?;
                }
            }
        }
    }

    /// Gives the rest of the stream up: reads it when it is short, else closes the connection.
    ///
    /// # Errors
    /// What the server reports among the rest, and those of the connection.
    pub async fn discard_stream(&mut self) -> Result<Discarded> {
        let mut reader = self.take_stream()?;
        let mut batch = RowBatch::new(self.columns.len());
        let limits = BatchLimits {
            bytes: DISCARD_BYTES_MAX,
            rows: usize::MAX,
        };
        match self.append_rows(&mut reader, &mut batch, limits).await {
            Ok(None) => self.leave(Ok(Discarded::Closed), State::Closed),
            Ok(Some(outcome)) => {
                let result = self.drain_results(outcome).await.map(|_| Discarded::Idle);
                self.leave(result, State::Idle)
            }
            Err(error) => self.leave(Err(error), State::Idle),
        }
    }

    fn take_stream(&mut self) -> Result<RowReader> {
        match std::mem::replace(&mut self.state, State::Busy) {
            State::Streaming(reader) => Ok(reader),
            State::Idle => {
                self.state = State::Idle;
                Err(Error::Busy { state: "idle" })
            }
            other => {
                self.state = other;
                Err(self.misused())
            }
        }
    }

    /// Reads and drops the results that follow the first one, as those of a procedure do. An
    /// error in one of them is the error of the statement. The last outcome comes back.
    pub(super) async fn drain_results(&mut self, mut outcome: Outcome) -> Result<Outcome> {
        let limits = BatchLimits {
            bytes: DISCARD_BYTES_MAX,
            rows: usize::MAX,
        };
        while Self::more_results(&outcome) {
            outcome = match self.receive_answer().await? {
                Answer::Done(outcome) => outcome,
                Answer::LocalInfile => return Err(Error::LocalInfileRefused),
                Answer::Rows(columns) => self.drain_rows(columns, limits).await?,
            };
        }
        Ok(outcome)
    }

    async fn drain_rows(&mut self, columns: usize, limits: BatchLimits) -> Result<Outcome> {
        let kept = std::mem::take(&mut self.columns);
        let mut reader = self.read_columns(columns).await?;
        self.columns = kept;
        let mut batch = RowBatch::new(columns);
        loop {
            batch.reset(columns);
            if let Some(outcome) = self.append_rows(&mut reader, &mut batch, limits).await? {
                return Ok(outcome);
            }
        }
    }
}
