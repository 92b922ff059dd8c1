//! How far a run is, in the form that is stored for other processes to watch.
//!
//! A full snapshot names every table; of ten thousand that is megabytes a second. What is stored
//! counts all of them and names those that somebody would look at: the ones in work, and the ones
//! that were suspended.

use dbferry_core::Error;
use dbferry_engine::{ProgressSnapshot, Rate, RateMeter, TableProgress, TableStage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::task::unreadable;

/// The format of stored progress.
const FORMAT: u32 = 1;

/// A run at one moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunProgress {
    format: u32,
    /// When this was so.
    pub taken_at: Timestamp,
    /// How fast it goes.
    pub rate: Rate,
    /// How many tables are where.
    pub counts: TableCounts,
    /// The state of the run; of the tables only those in work and those that were suspended.
    pub snapshot: ProgressSnapshot,
}

/// How many tables are where. Each is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableCounts {
    /// All of them.
    pub total: usize,
    /// Not begun.
    pub waiting: usize,
    /// Being created or loaded.
    pub loading: usize,
    /// Loaded, while indexes are missing.
    pub loaded: usize,
    /// Rows and indexes are in.
    pub completed: usize,
    /// Left as they are, with a reason.
    pub suspended: usize,
}

impl TableCounts {
    /// Counts tables.
    pub fn of(tables: &[TableProgress]) -> Self {
        let mut counts = Self {
            total: tables.len(),
            ..Self::default()
        };
        for table in tables {
            *counts.place(table) += 1;
        }
        counts
    }

    fn place(&mut self, table: &TableProgress) -> &mut usize {
        match table.stage {
            _ if table.error.is_some() => &mut self.suspended,
            TableStage::Waiting => &mut self.waiting,
            TableStage::Preparing | TableStage::Loading => &mut self.loading,
            TableStage::Loaded => &mut self.loaded,
            TableStage::Completed => &mut self.completed,
        }
    }
}

impl RunProgress {
    /// Takes the present state of a run, measured by `meter`.
    pub fn new(mut snapshot: ProgressSnapshot, meter: &mut RateMeter) -> Self {
        let rate = meter.measure(&snapshot);
        let counts = TableCounts::of(&snapshot.tables);
        snapshot.tables.retain(is_of_interest);
        Self {
            format: FORMAT,
            taken_at: Timestamp::now(),
            rate,
            counts,
            snapshot,
        }
    }

    pub(crate) fn decode(key: &str, value: &[u8]) -> Result<Self, Error> {
        let progress: Self = serde_json::from_slice(value)
            .map_err(|error| unreadable(key, value).with_source(error))?;
        if progress.format == FORMAT {
            Ok(progress)
        } else {
            Err(unreadable(key, value))
        }
    }
}

fn is_of_interest(table: &TableProgress) -> bool {
    let in_work = match table.stage {
        TableStage::Preparing | TableStage::Loading => true,
        TableStage::Loaded => table.workers > 0,
        TableStage::Waiting | TableStage::Completed => false,
    };
    in_work || table.error.is_some()
}
