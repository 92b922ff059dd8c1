//! How far a run is, in the form that is stored for other processes to watch.
//!
//! A full snapshot names every table; of ten thousand that is megabytes a second. What is stored
//! counts all of them and names those that somebody would look at: the ones in work, and the ones
//! that were suspended.
//!
//! How much is done is measured by the estimated size of tables, and inside a table by its rows:
//! estimates are compared with estimates alone, so that a server which counts pages where cells
//! are counted here does not bend the result, and thousands of tiny tables count as the work that
//! they are.

use std::collections::VecDeque;

use dbferry_core::Error;
use dbferry_engine::{Phase, ProgressSnapshot, Rate, RateMeter, TableProgress, TableStage};
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
    /// How much of the load is done, from 0 to 1; `None` before it has begun.
    pub part_done: Option<f64>,
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

/// What the work with a table costs beside its rows, in bytes that could be loaded meanwhile.
const TABLE_COST_BYTES: u64 = 64 << 10;

/// A table that is loading counts as done by this much at most: its indexes are still missing,
/// and its rows were estimated.
const LOADING_PART_MAX: f64 = 0.99;

/// The span of time from which the time left is told. Longer than that of the rates, which may
/// jump; people plan with this one.
const ESTIMATE_WINDOW_MS: u64 = 60_000;

/// Measures a run by the snapshots that one watcher takes of it.
#[derive(Debug, Default)]
pub struct ProgressMeter {
    rates: RateMeter,
    /// Elapsed milliseconds and part done of the snapshots in the window.
    parts: VecDeque<(u64, f64)>,
}

impl ProgressMeter {
    /// Takes note of a snapshot.
    pub fn measure(&mut self, mut snapshot: ProgressSnapshot) -> RunProgress {
        let part_done = part_done(&snapshot);
        let rate = Rate {
            seconds_left: self.seconds_left(snapshot.elapsed_ms, part_done),
            ..self.rates.measure(&snapshot)
        };
        let counts = TableCounts::of(&snapshot.tables);
        snapshot.tables.retain(is_of_interest);
        RunProgress {
            format: FORMAT,
            taken_at: Timestamp::now(),
            rate,
            part_done,
            counts,
            snapshot,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate is for people")]
    fn seconds_left(&mut self, elapsed_ms: u64, part_done: Option<f64>) -> Option<f64> {
        let now = (elapsed_ms, part_done?);
        self.parts.push_back(now);
        while self.parts.len() > 2
            && self
                .parts
                .front()
                .is_some_and(|first| first.0 + ESTIMATE_WINDOW_MS < now.0)
        {
            self.parts.pop_front();
        }
        let first = self.parts.front()?;
        let (seconds, part) = ((now.0 - first.0) as f64 / 1000.0, now.1 - first.1);
        (part > 0.0 && seconds > 0.0).then(|| (1.0 - now.1) * seconds / part)
    }
}

/// How much of the load is done.
#[expect(clippy::cast_precision_loss, reason = "it becomes a percentage")]
fn part_done(snapshot: &ProgressSnapshot) -> Option<f64> {
    if snapshot.phase < Phase::Loading || snapshot.tables.is_empty() {
        return None;
    }
    let (mut done, mut all) = (0.0, 0.0);
    for table in &snapshot.tables {
        let weight = (table.bytes_expected + TABLE_COST_BYTES) as f64;
        all += weight;
        done += weight * table_part_done(table);
    }
    Some(done / all)
}

#[expect(clippy::cast_precision_loss, reason = "it becomes a percentage")]
fn table_part_done(table: &TableProgress) -> f64 {
    match table.stage {
        // Nothing more will be done with it in this run.
        _ if table.error.is_some() => 1.0,
        TableStage::Waiting | TableStage::Preparing => 0.0,
        TableStage::Loading if table.rows_expected == 0 => 0.0,
        TableStage::Loading => {
            (table.rows as f64 / table.rows_expected as f64).min(LOADING_PART_MAX)
        }
        TableStage::Loaded => LOADING_PART_MAX,
        TableStage::Completed => 1.0,
    }
}

impl RunProgress {
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

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{Code, TableName};

    fn table(stage: TableStage, rows: u64, rows_expected: u64) -> TableProgress {
        TableProgress {
            source: TableName::new("a", "b"),
            target: TableName::new("a", "b"),
            stage,
            rows,
            rows_expected,
            // Servers count pages: far more than the cells hold.
            bytes: rows,
            bytes_expected: rows_expected * 1000,
            workers: 1,
            error: None,
        }
    }

    fn snapshot(elapsed_ms: u64, tables: Vec<TableProgress>) -> ProgressSnapshot {
        ProgressSnapshot {
            phase: Phase::Loading,
            elapsed_ms,
            rows: tables.iter().map(|table| table.rows).sum(),
            rows_expected: 0,
            bytes: 0,
            bytes_expected: 0,
            objects_created: 0,
            objects_expected: 0,
            retries: 0,
            tables,
        }
    }

    /// Thousand tables, of which so many are completed.
    fn tiny(elapsed_ms: u64, completed: usize) -> ProgressSnapshot {
        let stage = |number| match number < completed {
            true => TableStage::Completed,
            false => TableStage::Waiting,
        };
        snapshot(
            elapsed_ms,
            (0..1000).map(|number| table(stage(number), 0, 4)).collect(),
        )
    }

    #[test]
    fn tiny_tables_count_as_the_work_that_they_are() {
        let mut meter = ProgressMeter::default();
        meter.measure(tiny(0, 0));
        let progress = meter.measure(tiny(10_000, 250));
        assert!((progress.part_done.unwrap() - 0.25).abs() < 1e-9);
        assert!((progress.rate.seconds_left.unwrap() - 30.0).abs() < 1e-6);
    }

    #[test]
    fn the_part_done_only_ever_grows_while_estimates_turn_out_wrong() {
        let steps = [
            table(TableStage::Waiting, 0, 1_000_000),
            table(TableStage::Loading, 500_000, 1_000_000),
            table(TableStage::Loading, 1_500_000, 1_000_000),
            table(TableStage::Loaded, 2_000_000, 1_000_000),
            table(TableStage::Completed, 2_000_000, 1_000_000),
        ];
        let parts: Vec<_> = steps
            .map(|table| part_done(&snapshot(0, vec![table])).unwrap())
            .into();
        assert!(parts.is_sorted(), "{parts:?}");
        assert_eq!((parts[0], parts[4]), (0.0, 1.0));
    }

    #[test]
    fn each_table_is_counted_once_and_only_interesting_ones_are_kept() {
        let mut suspended = table(TableStage::Loading, 1, 2);
        suspended.error = Some(Error::definite(Code::ValueRefused, "refused").report());
        let tables = vec![
            table(TableStage::Waiting, 0, 1),
            table(TableStage::Loading, 1, 2),
            table(TableStage::Completed, 2, 2),
            suspended,
        ];
        let progress = ProgressMeter::default().measure(snapshot(0, tables));
        let TableCounts {
            total,
            waiting,
            loading,
            loaded,
            completed,
            suspended,
        } = progress.counts;
        assert_eq!(
            (total, waiting, loading, loaded, completed, suspended),
            (4, 1, 1, 0, 1, 1)
        );
        assert_eq!(progress.snapshot.tables.len(), 2);
        let stored = serde_json::to_vec(&progress).unwrap();
        assert_eq!(
            RunProgress::decode("k", &stored).unwrap().counts,
            progress.counts
        );
    }
}
