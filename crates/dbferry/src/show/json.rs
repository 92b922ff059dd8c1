//! The JSON that programs read. docs/cli.md describes every shape; a change here is a change
//! there, and members are only ever added.

use dbferry_control::{RunProgress, Task, TaskDetails, TaskView};
use dbferry_core::ErrorReport;
use dbferry_engine::{Phase, Report, TableProgress};
use jiff::Timestamp;
use serde::Serialize;

/// One line of a command that runs a task.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event<'a> {
    /// The task is about to run.
    Started {
        /// Which.
        task: TaskSummary<'a>,
    },
    /// How far it is.
    Progress(ProgressLine<'a>),
    /// It came to its end.
    Report {
        /// Which.
        task: TaskSummary<'a>,
        /// What it achieved.
        #[serde(flatten)]
        report: &'a Report,
    },
    /// It was stopped on request.
    Stopped {
        /// Which.
        task: TaskSummary<'a>,
        /// The command that goes on.
        resume: &'a str,
    },
    /// The command failed. Every command may print this as its last line.
    Error {
        /// Why.
        error: &'a ErrorReport,
    },
}

/// A task in brief.
#[derive(Debug, Serialize)]
pub(crate) struct TaskSummary<'a> {
    id: &'a str,
    handle: &'a str,
    name: Option<&'a str>,
    source: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    stopped_at: Option<Timestamp>,
    runs: u32,
}

impl<'a> From<&'a Task> for TaskSummary<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            id: &task.id.0,
            handle: &task.handle,
            name: task.name.as_deref(),
            source: task.source.to_string(),
            target: task.target.to_string(),
            status: None,
            created_at: task.created_at,
            started_at: task.started_at,
            stopped_at: task.stopped_at,
            runs: task.runs,
        }
    }
}

impl<'a> From<&'a TaskView> for TaskSummary<'a> {
    fn from(view: &'a TaskView) -> Self {
        Self {
            status: Some(view.status.as_str()),
            ..Self::from(&view.task)
        }
    }
}

/// Everything about a task.
#[derive(Debug, Serialize)]
pub(crate) struct Details<'a> {
    #[serde(flatten)]
    summary: TaskSummary<'a>,
    dms_status: &'static str,
    dms_stop_reason: Option<&'static str>,
    error: Option<&'a ErrorReport>,
    progress: Option<ProgressLine<'a>>,
    report: Option<&'a Report>,
}

impl<'a> From<&'a TaskDetails> for Details<'a> {
    fn from(details: &'a TaskDetails) -> Self {
        let lifecycle = &details.view.task.lifecycle;
        Self {
            summary: TaskSummary::from(&details.view),
            dms_status: details.view.status.as_dms(),
            dms_stop_reason: lifecycle.dms_stop_reason(),
            error: match lifecycle {
                dbferry_control::Lifecycle::Failed { error } => Some(error),
                _ => None,
            },
            progress: details.progress.as_ref().map(ProgressLine::from),
            report: details.report.as_ref(),
        }
    }
}

/// A run at one moment.
#[derive(Debug, Serialize)]
pub(crate) struct ProgressLine<'a> {
    taken_at: Timestamp,
    phase: Phase,
    elapsed_ms: u64,
    part_done: Option<f64>,
    rows: u64,
    rows_expected: u64,
    bytes: u64,
    bytes_expected: u64,
    rows_per_second: f64,
    bytes_per_second: f64,
    seconds_left: Option<f64>,
    objects_created: u64,
    objects_expected: u64,
    retries: u64,
    table_counts: dbferry_control::TableCounts,
    /// Those in work, and those that were suspended.
    tables: &'a [TableProgress],
}

impl<'a> From<&'a RunProgress> for ProgressLine<'a> {
    fn from(progress: &'a RunProgress) -> Self {
        let snapshot = &progress.snapshot;
        Self {
            taken_at: progress.taken_at,
            phase: snapshot.phase,
            elapsed_ms: snapshot.elapsed_ms,
            part_done: progress.part_done,
            rows: snapshot.rows,
            rows_expected: snapshot.rows_expected,
            bytes: snapshot.bytes,
            bytes_expected: snapshot.bytes_expected,
            rows_per_second: progress.rate.rows_per_second,
            bytes_per_second: progress.rate.bytes_per_second,
            seconds_left: progress.rate.seconds_left,
            objects_created: snapshot.objects_created,
            objects_expected: snapshot.objects_expected,
            retries: snapshot.retries,
            table_counts: progress.counts,
            tables: &snapshot.tables,
        }
    }
}
