//! Full load: many workers, one board.
//!
//! Each worker owns one reader and one loader and performs one [`board::Job`] after the other:
//! it opens a table, loads a segment, or completes a table. Whatever a fault interrupts is taken
//! up again from the target's ledger, which alone knows which rows are in.

pub(crate) mod board;
pub(crate) mod budget;
pub(crate) mod segment;
mod sizer;
mod tables;
mod worker;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dbferry_core::{Code, Error, SegmentRecord, TableName};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use self::board::{Board, Job, Next, Outcome};
use self::budget::MemoryBudget;
use self::worker::Worker;
use crate::plan::{Plan, TablePlan, fingerprint};
use crate::policy::{Consequence, consequence};
use crate::progress::{Progress, TableStage};
use crate::record::{Stored, TableRecord, TableRecords};
use crate::retry::RetrySettings;
use crate::{Ends, TaskSpec};

/// Everything that the workers of one load share.
pub(crate) struct Load {
    spec: Arc<TaskSpec>,
    ends: Ends,
    tables: Vec<Arc<TablePlan>>,
    records: TableRecords,
    stored: Vec<tokio::sync::Mutex<Stored>>,
    budget: MemoryBudget,
    retry: RetrySettings,
    progress: Arc<Progress>,
    /// Cancelled when the task is stopped, or when nothing can go on.
    cancel: CancellationToken,
    board: Mutex<Board>,
    board_changed: Notify,
    /// Tables suspended in this run.
    suspended: AtomicUsize,
}

impl Load {
    /// Reads what is known of earlier runs and lays out what is left to do.
    pub(crate) async fn prepare(
        spec: Arc<TaskSpec>,
        ends: Ends,
        plan: &Plan,
        (records, known): (TableRecords, Vec<(TableName, Stored)>),
        progress: Arc<Progress>,
        cancel: CancellationToken,
    ) -> Result<Self, Error> {
        let known: HashMap<_, _> = known.into_iter().collect();
        let ledger = group(ends.target.ledger(&spec.id).await?);
        let mut done = HashSet::new();
        let mut stored = Vec::with_capacity(plan.tables.len());
        for (index, table) in plan.tables.iter().enumerate() {
            let name = &table.load.table.name;
            let known = known.get(name).cloned();
            let table_stored =
                known.unwrap_or_else(|| Stored::new(TableRecord::new(fingerprint(table))));
            let segments = ledger.get(name).map_or(&[][..], Vec::as_slice);
            show(&progress, index, &table_stored, segments);
            if table_stored.record.stage == TableStage::Completed {
                done.insert(index);
            }
            stored.push(tokio::sync::Mutex::new(table_stored));
        }
        Ok(Self {
            board: Mutex::new(Board::new(plan.tables.len(), &done)),
            board_changed: Notify::new(),
            suspended: AtomicUsize::new(0),
            budget: MemoryBudget::new(spec.memory_bytes / BUDGET_SHARE),
            retry: spec.retry_settings(),
            tables: plan.tables.clone(),
            spec,
            ends,
            records,
            stored,
            progress,
            cancel: cancel.child_token(),
        })
    }

    /// Loads and completes every table that can be. Tables that cannot are suspended, each with
    /// its reason in its record.
    ///
    /// # Errors
    /// The first error because of which nothing can go on, and `Stopped`.
    pub(crate) async fn run(self: &Arc<Self>) -> Result<(), Error> {
        let mut workers = JoinSet::new();
        for number in 0..self.spec.workers(&self.ends) {
            let load = Arc::clone(self);
            workers.spawn(async move { load.work(number).await });
        }
        let mut first_error = None;
        while let Some(ended) = workers.join_next().await {
            let ended = ended.unwrap_or_else(|panic| {
                Err(Error::definite(Code::Internal, "a worker panicked").with_source(panic))
            });
            if let Err(error) = ended {
                self.cancel.cancel();
                // What the others say after the first is that they were stopped.
                first_error.get_or_insert(error);
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    /// What is known of each table, in plan order.
    pub(crate) async fn records(&self) -> Vec<TableRecord> {
        let mut records = Vec::with_capacity(self.stored.len());
        for stored in &self.stored {
            records.push(stored.lock().await.record.clone());
        }
        records
    }

    async fn work(self: &Arc<Self>, number: usize) -> Result<(), Error> {
        let mut worker = Worker::new(Arc::clone(self), number);
        while let Some(job) = self.next_job().await? {
            let table = job.table();
            let outcome = match worker.perform(job).await {
                Ok(outcome) => outcome,
                Err(error) => self.meet(table, error).await?,
            };
            self.lock_board().report(table, outcome);
            self.board_changed.notify_waiters();
        }
        Ok(())
    }

    /// Waits for a job; `None` when there is none any more.
    async fn next_job(&self) -> Result<Option<Job>, Error> {
        loop {
            // Registered before the look, so that no change between the two is missed.
            let changed = self.board_changed.notified();
            match self.lock_board().claim() {
                _ if self.cancel.is_cancelled() => return Err(crate::retry::stopped()),
                Next::Job(job) => return Ok(Some(job)),
                Next::Finished => return Ok(None),
                Next::Wait => {}
            }
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(crate::retry::stopped()),
                () = changed => {}
            }
        }
    }

    /// Decides what an error of a table means, and keeps it with the table.
    async fn meet(&self, table: usize, error: Error) -> Result<Outcome, Error> {
        let error = error.with_object(&self.tables[table].load.table.name);
        let suspended = self.suspended.load(Ordering::Relaxed);
        if consequence(&error, &self.spec.settings, suspended) == Consequence::StopTask {
            return Err(error);
        }
        tracing::warn!(error = %error.report(), "table suspended");
        self.suspended.fetch_add(1, Ordering::Relaxed);
        let mut stored = self.stored[table].lock().await;
        stored.record.error = Some(error.report());
        self.progress
            .set_stage(table, stored.record.stage, stored.record.error.clone());
        self.records
            .save(&self.tables[table].load.table.name, &mut stored)
            .await?;
        Ok(Outcome::Suspended)
    }

    /// Moves a table on to the next stage, first in the store and then for those who watch.
    async fn enter_stage(
        &self,
        table: usize,
        change: impl FnOnce(&mut TableRecord),
    ) -> Result<(), Error> {
        let mut stored = self.stored[table].lock().await;
        change(&mut stored.record);
        stored.record.error = None;
        self.records
            .save(&self.tables[table].load.table.name, &mut stored)
            .await?;
        self.progress.set_stage(table, stored.record.stage, None);
        Ok(())
    }

    fn lock_board(&self) -> std::sync::MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part of the task's memory that rows in transit may take: the rest is for the buffers of
/// connections, for what an allocator keeps, and for the program itself.
const BUDGET_SHARE: u64 = 2;

/// Sorts a ledger by table.
fn group(ledger: Vec<SegmentRecord>) -> HashMap<TableName, Vec<SegmentRecord>> {
    let mut tables: HashMap<_, Vec<_>> = HashMap::new();
    for record in ledger {
        tables.entry(record.table.clone()).or_default().push(record);
    }
    tables
}

/// Shows the state that an earlier run left.
fn show(progress: &Progress, table: usize, stored: &Stored, segments: &[SegmentRecord]) {
    let rows = segments.iter().map(|segment| segment.rows).sum();
    let bytes = segments.iter().map(|segment| segment.bytes).sum();
    progress.set_rows(table, rows, bytes);
    progress.set_stage(table, stored.record.stage, None);
}
