//! How far a running task is, for whoever watches it.
//!
//! Workers move counters; a watcher takes a [`ProgressSnapshot`] whenever it likes. Taking one
//! costs nothing to the workers. Rates and the time left come from a [`RateMeter`], which compares
//! the snapshots that one watcher took.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use dbferry_core::{ErrorReport, TableName};
use serde::{Deserialize, Serialize};

/// What a task is doing as a whole. The phases come in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading catalogs and planning.
    #[default]
    Planning,
    /// Creating schemas and tables.
    Preparing,
    /// Copying rows; finished tables get their indexes meanwhile.
    Loading,
    /// Rows are in; indexes are being built.
    Completing,
    /// Adding foreign keys, then creating views, routines, triggers and the like.
    Connecting,
    /// Counting rows and objects on both sides.
    TakingInventory,
    /// Nothing more to do.
    Finished,
}

/// What a task does with one table. Set by the engine alone, stored with the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum TableStage {
    /// Nothing was done yet.
    #[default]
    Waiting,
    /// The table is being created or emptied on the target; whether it was is not known after a
    /// crash.
    Preparing,
    /// The table is ready for rows, and may hold some: the target's ledger tells how many.
    Loading,
    /// Every row is in; indexes are missing.
    Loaded,
    /// Rows, indexes and checks are in.
    Completed,
}

/// The progress of one task, shared between its workers and its watchers.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    phase: RwLock<Phase>,
    tables: RwLock<Vec<TableCounters>>,
    objects_expected: AtomicU64,
    objects_created: AtomicU64,
    retries: AtomicU64,
}

#[derive(Debug)]
struct TableCounters {
    source: TableName,
    target: TableName,
    rows_expected: u64,
    bytes_expected: u64,
    rows: AtomicU64,
    bytes: AtomicU64,
    workers: AtomicU32,
    status: Mutex<TableStatus>,
}

#[derive(Debug, Default, Clone)]
struct TableStatus {
    stage: TableStage,
    error: Option<ErrorReport>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            phase: RwLock::default(),
            tables: RwLock::default(),
            objects_expected: AtomicU64::new(0),
            objects_created: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        }
    }
}

/// What is known of a table before it is copied.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedTable {
    pub(crate) source: TableName,
    pub(crate) target: TableName,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
}

impl Progress {
    /// Takes a picture of the task as it is now.
    pub fn snapshot(&self) -> ProgressSnapshot {
        let tables: Vec<_> = read(&self.tables)
            .iter()
            .map(TableCounters::snapshot)
            .collect();
        ProgressSnapshot {
            phase: *read(&self.phase),
            elapsed_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            rows: tables.iter().map(|table| table.rows).sum(),
            rows_expected: tables.iter().map(TableProgress::rows_in_all).sum(),
            bytes: tables.iter().map(|table| table.bytes).sum(),
            bytes_expected: tables.iter().map(TableProgress::bytes_in_all).sum(),
            objects_created: self.objects_created.load(Ordering::Relaxed),
            objects_expected: self.objects_expected.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
            tables,
        }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.phase.write().unwrap_or_else(PoisonError::into_inner) = phase;
        tracing::info!(?phase, "phase entered");
    }

    pub(crate) fn expect_tables(&self, tables: impl IntoIterator<Item = ExpectedTable>) {
        let counters = tables.into_iter().map(|table| TableCounters {
            source: table.source,
            target: table.target,
            rows_expected: table.rows,
            bytes_expected: table.bytes,
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            workers: AtomicU32::new(0),
            status: Mutex::default(),
        });
        *self.tables.write().unwrap_or_else(PoisonError::into_inner) = counters.collect();
    }

    pub(crate) fn expect_objects(&self, objects: usize) {
        self.objects_expected
            .store(objects as u64, Ordering::Relaxed);
    }

    pub(crate) fn object_created(&self) {
        self.objects_created.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_rows(&self, table: usize, rows: u64, bytes: u64) {
        let tables = read(&self.tables);
        tables[table].rows.fetch_add(rows, Ordering::Relaxed);
        tables[table].bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Sets the rows of a table back to what its ledger says, when work is repeated.
    pub(crate) fn set_rows(&self, table: usize, rows: u64, bytes: u64) {
        let tables = read(&self.tables);
        tables[table].rows.store(rows, Ordering::Relaxed);
        tables[table].bytes.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_stage(&self, table: usize, stage: TableStage, error: Option<ErrorReport>) {
        *lock(&read(&self.tables)[table].status) = TableStatus { stage, error };
    }

    pub(crate) fn worker_joined(&self, table: usize) {
        read(&self.tables)[table]
            .workers
            .fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn worker_left(&self, table: usize) {
        read(&self.tables)[table]
            .workers
            .fetch_sub(1, Ordering::Relaxed);
    }
}

impl TableCounters {
    fn snapshot(&self) -> TableProgress {
        let status = lock(&self.status).clone();
        TableProgress {
            source: self.source.clone(),
            target: self.target.clone(),
            stage: status.stage,
            rows: self.rows.load(Ordering::Relaxed),
            rows_expected: self.rows_expected,
            bytes: self.bytes.load(Ordering::Relaxed),
            bytes_expected: self.bytes_expected,
            workers: self.workers.load(Ordering::Relaxed),
            error: status.error,
        }
    }
}

fn read<T>(value: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    value.read().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A task at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProgressSnapshot {
    /// What it is doing.
    pub phase: Phase,
    /// Milliseconds since this run began.
    pub elapsed_ms: u64,
    /// Rows on the target.
    pub rows: u64,
    /// Rows in all: estimates until a table is loaded, exact afterwards.
    pub rows_expected: u64,
    /// Bytes of cells on the target.
    pub bytes: u64,
    /// Bytes in all, estimated likewise.
    pub bytes_expected: u64,
    /// Views, routines, triggers and the like that exist on the target.
    pub objects_created: u64,
    /// How many of them there will be.
    pub objects_expected: u64,
    /// Attempts that were repeated after a transient fault.
    pub retries: u64,
    /// The tables, in plan order.
    pub tables: Vec<TableProgress>,
}

/// A table at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableProgress {
    /// Its name on the source.
    pub source: TableName,
    /// Its name on the target.
    pub target: TableName,
    /// What is being done with it.
    pub stage: TableStage,
    /// Rows on the target.
    pub rows: u64,
    /// The source's estimate of its rows.
    pub rows_expected: u64,
    /// Bytes of cells on the target.
    pub bytes: u64,
    /// The source's estimate of its bytes.
    pub bytes_expected: u64,
    /// Workers that are busy with it.
    pub workers: u32,
    /// Why it was suspended.
    pub error: Option<ErrorReport>,
}

impl TableProgress {
    /// Its rows in all: exact once loaded, else the estimate, but never less than is there.
    pub fn rows_in_all(&self) -> u64 {
        match self.stage {
            TableStage::Loaded | TableStage::Completed => self.rows,
            _ => self.rows_expected.max(self.rows),
        }
    }

    /// Its bytes in all, likewise.
    pub fn bytes_in_all(&self) -> u64 {
        match self.stage {
            TableStage::Loaded | TableStage::Completed => self.bytes,
            _ => self.bytes_expected.max(self.bytes),
        }
    }
}

/// The span of time over which a rate is measured.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Rates as one watcher sees them.
#[derive(Debug, Default)]
pub struct RateMeter {
    /// Elapsed milliseconds, rows and bytes of the snapshots in the window.
    samples: VecDeque<(u64, u64, u64)>,
}

/// How fast a task is, and how long it will take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Rows per second.
    pub rows_per_second: f64,
    /// Bytes of cells per second.
    pub bytes_per_second: f64,
    /// Seconds until the rows are in, at this rate; `None` while it cannot be told.
    pub seconds_left: Option<f64>,
}

impl RateMeter {
    /// Takes note of a snapshot and tells the rate over the last seconds.
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
    pub fn measure(&mut self, snapshot: &ProgressSnapshot) -> Rate {
        let now = (snapshot.elapsed_ms, snapshot.rows, snapshot.bytes);
        self.samples.push_back(now);
        while self.samples.len() > 2 && self.too_old(now.0) {
            self.samples.pop_front();
        }
        let first = self.samples.front().copied().unwrap_or(now);
        let seconds = now.0.saturating_sub(first.0) as f64 / 1000.0;
        if seconds <= 0.0 {
            return Rate::default();
        }
        let bytes_per_second = now.2.saturating_sub(first.2) as f64 / seconds;
        let bytes_left = snapshot.bytes_expected.saturating_sub(snapshot.bytes) as f64;
        Rate {
            rows_per_second: now.1.saturating_sub(first.1) as f64 / seconds,
            bytes_per_second,
            seconds_left: (bytes_per_second > 0.0).then(|| bytes_left / bytes_per_second),
        }
    }

    fn too_old(&self, now_ms: u64) -> bool {
        self.samples
            .front()
            .is_some_and(|(elapsed, ..)| u128::from(now_ms - elapsed) > RATE_WINDOW.as_millis())
    }
}
