//! What a run achieved: the inventory that proves a migration.

use dbferry_core::{ErrorReport, Finding, ObjectKind, ObjectName, TableName};
use serde::{Deserialize, Serialize};

use crate::progress::TableStage;

/// The result of a run that came to its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whether everything that was planned is on the target, with equal row counts.
    pub complete: bool,
    /// How long the run took, in milliseconds.
    pub elapsed_ms: u64,
    /// The tables, in plan order.
    pub tables: Vec<TableReport>,
    /// Views, routines, triggers and the like, in the order of their creation.
    pub objects: Vec<ObjectReport>,
    /// Objects of the source that the target cannot take, and why. They do not make the report
    /// incomplete: the plan said so before anything was moved.
    #[serde(default)]
    pub left_out: Vec<ObjectReport>,
    /// What the plan noticed.
    pub findings: Vec<Finding>,
}

/// What became of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TableReport {
    /// Its name on the source.
    pub source: TableName,
    /// Its name on the target.
    pub target: TableName,
    /// How far it came.
    pub stage: TableStage,
    /// Rows that were loaded.
    pub rows_loaded: u64,
    /// Bytes of cells that were loaded.
    pub bytes_loaded: u64,
    /// Rows on the source that pass the table's filter, counted at the end.
    pub rows_source: Option<u64>,
    /// Rows on the target, counted at the end.
    pub rows_target: Option<u64>,
    /// Indexes, foreign keys and checks that the definition has and the target lacks.
    pub missing: Vec<String>,
    /// Why it was suspended.
    pub error: Option<ErrorReport>,
}

impl TableReport {
    /// Whether the table is whole and the counts agree.
    pub fn is_complete(&self) -> bool {
        self.stage == TableStage::Completed
            && self.error.is_none()
            && self.missing.is_empty()
            && self.rows_source.is_some()
            && self.rows_source == self.rows_target
    }
}

/// What became of a view, routine, trigger or the like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObjectReport {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name on the target.
    pub name: ObjectName,
    /// Whether the target has it.
    pub present: bool,
    /// Why it has not.
    pub error: Option<ErrorReport>,
}
