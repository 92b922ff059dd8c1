//! What the target remembers of the load, read by SQL while the load goes on.
//!
//! The record of a segment is written in the transaction of its rows. So a record that falls back
//! means that committed rows were lost, or are loaded again. Only tables that start anew after an
//! interruption may fall back.

use std::collections::HashMap;

use super::fixture::RESTARTED;
use super::server::Server;

const SEGMENTS: &str = "SELECT CONVERT(table_name USING utf8mb4), segment, rows_loaded, version \
    FROM dbferry_control.segments_v1";

/// The records of one task, as they were last seen.
#[derive(Default)]
pub(super) struct Ledger {
    segments: HashMap<(String, String), Progress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Progress {
    version: u64,
    rows: u64,
}

impl Ledger {
    /// Reads the records, where the target is there and has any.
    ///
    /// # Panics
    /// When the record of a table that can go on has fallen back.
    pub(super) fn look(&mut self, target: &Server) {
        let Ok(rows) = target.try_query(SEGMENTS) else {
            return;
        };
        for row in rows {
            let now = Progress {
                version: row[3].parse().unwrap(),
                rows: row[2].parse().unwrap(),
            };
            let segment = (row[0].clone(), row[1].clone());
            if let Some(before) = self.segments.insert(segment.clone(), now) {
                let restarted = RESTARTED.contains(&segment.0.as_str());
                let went_on = now.version >= before.version && now.rows >= before.rows;
                assert!(
                    went_on || restarted,
                    "{segment:?}: {now:?} after {before:?}"
                );
            }
        }
    }

    /// Rows committed.
    pub(super) fn rows(&self) -> u64 {
        self.segments.values().map(|segment| segment.rows).sum()
    }

    /// Rows committed that no run may load again.
    pub(super) fn rows_kept(&self) -> u64 {
        let kept = |(table, _): &&(String, String)| !RESTARTED.contains(&table.as_str());
        let segments = self.segments.iter().filter(|(segment, _)| kept(segment));
        segments.map(|(_, progress)| progress.rows).sum()
    }
}
