//! The settings that the engine reads.

use std::time::Duration;

use dbferry_core::Finding;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TaskSettings;

/// Task settings without a question left.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedSettings {
    /// The schema that every table goes to, unless a rule renames its schema.
    pub target_schema: Option<String>,
    /// What happens to target tables that exist.
    pub table_preparation: TablePreparation,
    /// Whether columns of large objects take part.
    pub support_lobs: bool,
    /// Segments that load at once, 1 to 49; `None` leaves it to the engine.
    pub load_workers: Option<u16>,
    /// Rows after which the target commits; `None` leaves it to the engine.
    pub commit_rows: Option<u16>,
    /// Whether it is an error when the rules match no table.
    pub fail_on_no_tables: bool,
    /// What follows when a row cannot be converted.
    pub data_error: RowErrorPolicy,
    /// What follows when a value would be cut.
    pub data_truncation_error: RowErrorPolicy,
    /// What follows when a value cannot be masked. `LogError` loads it unmasked.
    pub data_masking_error: RowErrorPolicy,
    /// After so many rows with errors `data_error_escalation` applies; 0 is never.
    pub data_error_escalation_count: u32,
    /// What follows then.
    pub data_error_escalation: TableErrorPolicy,
    /// What follows when a table fails.
    pub table_error: TableErrorPolicy,
    /// After so many failed tables the task stops; 0 is never.
    pub table_error_escalation_count: u32,
    /// How often and when what failed for a transient reason is tried again.
    pub retry: RetryPolicy,
    /// What was given but has no effect.
    not_effective: Vec<Finding>,
}

impl ResolvedSettings {
    /// What was given but does not have the effect that DMS gives it.
    pub fn not_effective(&self) -> Vec<Finding> {
        self.not_effective.clone()
    }
}

impl Default for ResolvedSettings {
    fn default() -> Self {
        TaskSettings::default().resolve()
    }
}

/// What happens to a target table that exists when the task starts anew. A missing table is
/// created in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TablePreparation {
    /// Used as it is when it is empty; refused when it holds rows. The default.
    RefuseNonEmpty,
    /// Used as it is, rows and all.
    DoNothing,
    /// Emptied.
    Truncate,
    /// Dropped and created.
    DropAndCreate,
}

/// What follows from an error of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowErrorPolicy {
    /// The row is left out.
    IgnoreRecord,
    /// The row is left out and the error logged.
    LogError,
    /// The table stops.
    SuspendTable,
    /// The task stops.
    StopTask,
}

/// What follows from an error of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TableErrorPolicy {
    /// The table stops, the others go on.
    SuspendTable,
    /// The task stops.
    StopTask,
}

/// How often and when something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The most attempts after the first; `None` leaves it to the engine.
    pub attempts_max: Option<u32>,
    /// The pause before the first of them.
    pub interval: Duration,
    /// Whether the pause doubles every time.
    pub doubles: bool,
    /// The longest pause.
    pub interval_max: Duration,
    /// Whether to give up once the pause has reached its longest.
    pub stops_at_interval_max: bool,
}

impl TaskSettings {
    /// What the engine reads.
    pub fn resolve(&self) -> ResolvedSettings {
        ResolvedSettings {
            target_schema: self.target_schema(),
            table_preparation: self.table_preparation(),
            support_lobs: self.flag("/TargetMetadata/SupportLobs"),
            load_workers: self
                .given("/FullLoadSettings/MaxFullLoadSubTasks")
                .and_then(Value::as_u64)
                .and_then(|workers| u16::try_from(workers).ok()),
            commit_rows: self
                .given("/FullLoadSettings/CommitRate")
                .and_then(Value::as_u64)
                .and_then(|rows| u16::try_from(rows).ok()),
            fail_on_no_tables: self.flag("/ErrorBehavior/FailOnNoTablesCaptured"),
            data_error: self.row_policy("DataErrorPolicy"),
            data_truncation_error: self.row_policy("DataTruncationErrorPolicy"),
            data_masking_error: self.row_policy("DataMaskingErrorPolicy"),
            data_error_escalation_count: self.count("DataErrorEscalationCount"),
            data_error_escalation: self.table_policy("DataErrorEscalationPolicy"),
            table_error: self.table_policy("TableErrorPolicy"),
            table_error_escalation_count: self.count("TableErrorEscalationCount"),
            retry: self.retry(),
            not_effective: self.not_effective(),
        }
    }

    fn target_schema(&self) -> Option<String> {
        let schema = self.word("/TargetMetadata/TargetSchema");
        (!schema.is_empty()).then(|| schema.to_owned())
    }

    fn table_preparation(&self) -> TablePreparation {
        match self.word("/FullLoadSettings/TargetTablePrepMode") {
            "DO_NOTHING" => TablePreparation::DoNothing,
            "TRUNCATE_BEFORE_LOAD" => TablePreparation::Truncate,
            "DROP_AND_CREATE" => TablePreparation::DropAndCreate,
            _ => TablePreparation::RefuseNonEmpty,
        }
    }

    fn retry(&self) -> RetryPolicy {
        let seconds = |name| Duration::from_secs(u64::from(self.count(name)));
        let count = self.number("/ErrorBehavior/RecoverableErrorCount");
        RetryPolicy {
            attempts_max: u32::try_from(count).ok(),
            interval: seconds("RecoverableErrorInterval"),
            doubles: self.flag("/ErrorBehavior/RecoverableErrorThrottling"),
            interval_max: seconds("RecoverableErrorThrottlingMax"),
            stops_at_interval_max: self
                .flag("/ErrorBehavior/RecoverableErrorStopRetryAfterThrottlingMax"),
        }
    }

    fn row_policy(&self, name: &str) -> RowErrorPolicy {
        match self.word(&format!("/ErrorBehavior/{name}")) {
            "IGNORE_RECORD" => RowErrorPolicy::IgnoreRecord,
            "LOG_ERROR" => RowErrorPolicy::LogError,
            "STOP_TASK" => RowErrorPolicy::StopTask,
            _ => RowErrorPolicy::SuspendTable,
        }
    }

    fn table_policy(&self, name: &str) -> TableErrorPolicy {
        match self.word(&format!("/ErrorBehavior/{name}")) {
            "STOP_TASK" => TableErrorPolicy::StopTask,
            _ => TableErrorPolicy::SuspendTable,
        }
    }

    /// A count of the error behaviour, which the table keeps from being negative.
    fn count(&self, name: &str) -> u32 {
        u32::try_from(self.number(&format!("/ErrorBehavior/{name}"))).unwrap_or(0)
    }

    fn number(&self, path: &str) -> i64 {
        self.document
            .pointer(path)
            .and_then(Value::as_i64)
            .unwrap_or(0)
    }

    fn flag(&self, path: &str) -> bool {
        self.document
            .pointer(path)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    fn word(&self, path: &str) -> &str {
        self.document
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or("")
    }
}
