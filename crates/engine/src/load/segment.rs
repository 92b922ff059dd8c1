//! Copies one segment: a reader and a loader side by side.
//!
//! The reading half walks the segment chunk by chunk, each in a short read view of its own, and
//! hands batches over. The loading half writes them and commits from time to time, together with
//! the segment's record. The two do not share boundaries: a commit may fall anywhere between two
//! batches, because the record holds the key of the last row before it. While a commit is under
//! way the next rows are being read.
//!
//! Both halves run in one task: they wait for the network most of the time, and a batch that was
//! just read is still in the cache when it is written.

use std::time::Instant;

use dbferry_core::{
    Chunk, Code, Error, Fetched, KeyCells, KeyRange, Loader, RowBatch, SegmentRecord, TableReader,
};
use dbferry_mapping::RowTransform;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::budget::{Lease, MemoryBudget};
use super::sizer::ChunkSizer;
use crate::limits::Limits;
use crate::plan::TablePlan;
use crate::progress::Progress;
use crate::retry::stopped;

/// Batches between the two halves.
const QUEUE_BATCHES: usize = 4;

/// What a segment's copy needs.
pub(crate) struct SegmentCopy<'a> {
    pub(crate) table: &'a TablePlan,
    pub(crate) table_index: usize,
    pub(crate) reader: &'a mut dyn TableReader,
    pub(crate) loader: &'a mut dyn Loader,
    pub(crate) transform: Option<&'a mut RowTransform>,
    pub(crate) budget: &'a MemoryBudget,
    pub(crate) limits: Limits,
    pub(crate) progress: &'a Progress,
    pub(crate) cancel: &'a CancellationToken,
}

/// What the reading half hands over.
enum Message {
    Rows(LeasedBatch),
    /// The segment is read to its end.
    End,
}

struct LeasedBatch {
    rows: RowBatch,
    /// The key of the last row, where the table is walked by key.
    last_key: Option<KeyCells>,
    _lease: Lease,
}

impl SegmentCopy<'_> {
    /// Copies what the record says is left of the segment, and moves the record on with every
    /// commit, so that after an error it tells how far the segment came.
    ///
    /// # Errors
    /// What reader and loader bring, and `Stopped` after a clean stop.
    pub(crate) async fn run(self, record: &mut SegmentRecord) -> Result<(), Error> {
        let (rows_out, rows_in) = mpsc::channel(QUEUE_BATCHES);
        let (empties_out, empties_in) = mpsc::channel(QUEUE_BATCHES + 2);
        let range = KeyRange {
            after: record
                .reached
                .clone()
                .or_else(|| record.range.after.clone()),
            until: record.range.until.clone(),
        };
        let reading = Reading {
            table: self.table,
            reader: self.reader,
            budget: self.budget,
            cancel: self.cancel,
            rows: rows_out,
            empties: empties_in,
            partition: record.partition.clone(),
            limits: self.limits,
            batch_bytes: self.limits.batch_bytes,
        };
        let loading = Loading {
            table: self.table,
            table_index: self.table_index,
            loader: self.loader,
            transform: self.transform,
            progress: self.progress,
            rows: rows_in,
            empties: empties_out,
            limits: self.limits,
            uncommitted: Uncommitted::default(),
            converted: RowBatch::default(),
        };
        // The loading half ends first only by an error, and its error is then the cause.
        let (read, loaded) = tokio::join!(reading.run(range), loading.run(record));
        loaded?;
        read
    }
}

/// The reading half.
struct Reading<'a> {
    table: &'a TablePlan,
    reader: &'a mut dyn TableReader,
    budget: &'a MemoryBudget,
    cancel: &'a CancellationToken,
    rows: mpsc::Sender<Message>,
    empties: mpsc::Receiver<RowBatch>,
    partition: Option<String>,
    limits: Limits,
    /// What the next batch is expected to occupy.
    batch_bytes: usize,
}

impl Reading<'_> {
    async fn run(mut self, mut range: KeyRange) -> Result<(), Error> {
        let size = self.table.read.table.size;
        let mut sizer = ChunkSizer::new(self.limits.chunk_bytes, size.rows, size.data_bytes);
        let walked = !self.table.read.key.is_empty();
        loop {
            let rows_max = walked.then(|| sizer.rows());
            let chunk = Chunk {
                range: range.clone(),
                partition: self.partition.clone(),
                rows_max,
            };
            self.reader.open(&self.table.read, &chunk).await?;
            let Some(read) = self.read_chunk().await? else {
                return Ok(());
            };
            if rows_max.is_none_or(|rows_max| read.rows < rows_max) {
                // When nobody listens any more, the loading half has the error.
                let _ = self.rows.send(Message::End).await;
                return Ok(());
            }
            sizer.learn(read.rows, read.bytes);
            range.after = read.last_key;
        }
    }

    /// Reads the open chunk to its end; `None` when the loading half has given up.
    async fn read_chunk(&mut self) -> Result<Option<ReadChunk>, Error> {
        let mut read = ReadChunk::default();
        loop {
            if self.cancel.is_cancelled() {
                return Err(stopped());
            }
            let (batch, fetched) = self.read_batch().await?;
            let rows = batch.rows.rows() as u64;
            if rows > 0 {
                read.rows += rows;
                read.bytes += batch.rows.byte_len() as u64;
                read.last_key.clone_from(&batch.last_key);
                if self.rows.send(Message::Rows(batch)).await.is_err() {
                    return Ok(None);
                }
            }
            if fetched == Fetched::End {
                return Ok(Some(read));
            }
        }
    }

    async fn read_batch(&mut self) -> Result<(LeasedBatch, Fetched), Error> {
        let mut lease = self.budget.lease(self.batch_bytes).await?;
        let read = &self.table.read;
        let mut rows = self.empties.try_recv().unwrap_or_default();
        rows.reset(read.columns.len());
        let fetched = self
            .reader
            .fetch(&mut rows, self.limits.batch_bytes)
            .await?;
        // A large value in this batch announces large values in the next.
        self.batch_bytes = rows.capacity().max(self.limits.batch_bytes);
        self.budget.adjust(&mut lease, rows.capacity());
        let last_key = match rows.rows().checked_sub(1) {
            Some(last) if !read.key.is_empty() => Some(read.key_of(&rows, last)?),
            _ => None,
        };
        Ok((
            LeasedBatch {
                rows,
                last_key,
                _lease: lease,
            },
            fetched,
        ))
    }
}

/// What was read of a chunk.
#[derive(Default)]
struct ReadChunk {
    rows: u64,
    bytes: u64,
    last_key: Option<KeyCells>,
}

/// The loading half.
struct Loading<'a> {
    table: &'a TablePlan,
    table_index: usize,
    loader: &'a mut dyn Loader,
    transform: Option<&'a mut RowTransform>,
    progress: &'a Progress,
    rows: mpsc::Receiver<Message>,
    empties: mpsc::Sender<RowBatch>,
    limits: Limits,
    uncommitted: Uncommitted,
    /// Rows after transformation.
    converted: RowBatch,
}

/// What the open transaction holds.
#[derive(Default)]
struct Uncommitted {
    begun: Option<Instant>,
    rows: u64,
    bytes: u64,
    reached: Option<KeyCells>,
}

impl Uncommitted {
    fn is_due(&self, limits: &Limits) -> bool {
        self.bytes >= limits.commit_bytes
            || self.rows >= limits.commit_rows
            || self
                .begun
                .is_some_and(|begun| begun.elapsed() >= limits.commit_interval)
    }
}

impl Loading<'_> {
    async fn run(mut self, record: &mut SegmentRecord) -> Result<(), Error> {
        match self.load(record).await {
            Ok(()) => Ok(()),
            Err(error) => {
                if self.uncommitted.begun.is_some() && !error.is_transient() {
                    // The error at hand is the one to tell; without a rollback the connection
                    // is closed, which rolls back as well.
                    let _ = self.loader.rollback().await;
                }
                Err(error)
            }
        }
    }

    async fn load(&mut self, record: &mut SegmentRecord) -> Result<(), Error> {
        while let Some(message) = self.rows.recv().await {
            match message {
                Message::Rows(batch) => self.write(batch).await?,
                Message::End => return self.commit(record, true).await,
            }
            if self.uncommitted.is_due(&self.limits) {
                self.commit(record, false).await?;
            }
        }
        // The reading half stopped early. What is here is worth keeping where it can be gone on
        // from.
        match (self.uncommitted.begun.is_some(), self.table.resumable) {
            (false, _) => Ok(()),
            (true, true) => self.commit(record, false).await,
            (true, false) => self.loader.rollback().await,
        }
    }

    async fn write(&mut self, batch: LeasedBatch) -> Result<(), Error> {
        self.begin().await?;
        let LeasedBatch {
            mut rows,
            last_key,
            _lease,
        } = batch;
        match &mut self.transform {
            Some(transform) => {
                self.converted.reset(self.table.load.columns.len());
                transform.apply(&rows, &mut self.converted)?;
                self.loader.write(&self.converted).await?;
            }
            None => self.loader.write(&rows).await?,
        }
        self.uncommitted.rows += rows.rows() as u64;
        self.uncommitted.bytes += rows.byte_len() as u64;
        self.uncommitted.reached = last_key;
        self.progress
            .add_rows(self.table_index, rows.rows() as u64, rows.byte_len() as u64);
        rows.shrink_to(self.limits.batch_bytes * 2);
        // A full queue means that there are batches enough.
        let _ = self.empties.try_send(rows);
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), Error> {
        if self.uncommitted.begun.is_none() {
            self.loader.begin(&self.table.load).await?;
            self.uncommitted.begun = Some(Instant::now());
        }
        Ok(())
    }

    async fn commit(&mut self, record: &mut SegmentRecord, done: bool) -> Result<(), Error> {
        self.begin().await?;
        let next = self.next_record(record, done)?;
        self.loader.commit(&next).await?;
        self.uncommitted = Uncommitted::default();
        *record = next;
        Ok(())
    }

    fn next_record(&self, record: &SegmentRecord, done: bool) -> Result<SegmentRecord, Error> {
        let mut next = record.clone();
        next.version += 1;
        next.rows += self.uncommitted.rows;
        next.bytes += self.uncommitted.bytes;
        next.done = done;
        if self.uncommitted.reached.is_some() {
            next.reached.clone_from(&self.uncommitted.reached);
        }
        if self.table.resumable && self.uncommitted.rows > 0 && next.reached.is_none() {
            return Err(Error::definite(
                Code::Internal,
                "rows were loaded without their key",
            ));
        }
        Ok(next)
    }
}

/// Makes the record of a segment of which nothing is loaded.
pub(crate) fn fresh_record(
    table: &TablePlan,
    segment: u32,
    plan: &crate::record::SegmentPlan,
) -> SegmentRecord {
    SegmentRecord {
        table: table.load.table.name.clone(),
        segment,
        range: plan.range.clone(),
        partition: plan.partition.clone(),
        reached: None,
        done: false,
        rows: 0,
        bytes: 0,
        version: 0,
    }
}
