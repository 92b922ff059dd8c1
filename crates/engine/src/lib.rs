//! The data plane: runs one task against the seam of the core crate.
//!
//! A run goes through these phases:
//!
//! 1. **Planning** ([`plan()`]): rules are applied to the source's catalog, tables are put into
//!    the target's terms, and everything that a person should know first becomes a finding. A
//!    finding of severity error ends the run before anything is changed.
//! 2. **Loading**: schemas are created, then workers open, load and complete tables, each at its
//!    own pace. Loaded rows and the record of how far a segment came commit together on the
//!    target; that ledger, not what dbferry remembers, decides what is left after a fault.
//! 3. **Connecting**: foreign keys, then views, routines, triggers and the like.
//! 4. **Inventory**: rows and objects are counted on both sides. Success is what the inventory
//!    says, never the end of a loop.
//!
//! A table that fails is suspended with its reason while the others go on. A task that is stopped
//! or interrupted at any point is run again with the same [`TaskSpec`] and goes on.
//!
//! Nothing here names a database. What a run remembers goes through
//! [`dbferry_core::state::StateStore`], and who watches it reads [`Progress`].

mod connect;
mod inventory;
pub mod limits;
mod load;
pub mod plan;
mod policy;
pub mod progress;
mod record;
pub mod report;
mod retry;

use std::collections::HashSet;
use std::sync::Arc;

use dbferry_core::state::StateStore;
use dbferry_core::{Code, Error, Severity, Source, TableName, Target, TaskId};
use dbferry_mapping::{ResolvedSettings, TableMappings};
use tokio_util::sync::CancellationToken;

pub use limits::Limits;
pub use plan::{Plan, PlanSummary, TablePlanSummary, plan};
pub use progress::{Phase, Progress, ProgressSnapshot, Rate, RateMeter, TableProgress, TableStage};
pub use report::{ObjectReport, Report, TableReport};

use crate::connect::Connecting;
use crate::load::Load;
use crate::plan::plan_with;
use crate::progress::ExpectedTable;
use crate::record::{Stored, TableRecord, TableRecords};
use crate::retry::{Attempts, RetrySettings, until_done};

/// Workers when the settings leave it open: one per core, but no more than servers like.
const WORKERS_MIN: usize = 2;
const WORKERS_MAX: usize = 8;

/// What a task is to do.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    /// The task's identity, under which source, target and store remember it.
    pub id: TaskId,
    /// Which tables take part and what they become.
    pub mappings: TableMappings,
    /// How.
    pub settings: ResolvedSettings,
    /// Whether accounts and grants go along.
    pub accounts: bool,
    /// The memory that the task may use, in bytes.
    pub memory_bytes: u64,
    /// The sizes that the load works in.
    pub limits: Limits,
}

/// Where rows come from and where they go.
#[derive(Clone)]
pub struct Ends {
    /// Where rows come from.
    pub source: Arc<dyn Source>,
    /// Where they go.
    pub target: Arc<dyn Target>,
}

/// A task with everything that its run needs.
pub struct Run {
    /// What to do.
    pub spec: TaskSpec,
    /// Between which databases.
    pub ends: Ends,
    /// What was and will be remembered.
    pub store: Arc<dyn StateStore>,
    /// Where watchers look.
    pub progress: Arc<Progress>,
    /// Stops the run cleanly.
    pub cancel: CancellationToken,
}

/// Runs a task to its end, from wherever earlier runs of it came.
///
/// # Errors
/// What stops the whole task: `Stopped` on request, faults of the world that lasted, findings
/// that forbid to start. The task can be run again. Tables and objects that failed alone are in
/// the report instead.
pub async fn run(run: Run) -> Result<Report, Error> {
    let Run {
        spec,
        ends,
        store,
        progress,
        cancel,
    } = run;
    let spec = Arc::new(spec);
    let retry = spec.retry_settings();
    progress.enter(Phase::Planning);
    let records = TableRecords::new(store, &spec.id);
    let known = records.load().await?;
    let plan = plan_with(&spec, &ends, &begun(&known)).await?;
    refuse_blocked(&plan)?;
    progress.expect_tables(plan.tables.iter().map(|table| ExpectedTable {
        source: table.source.clone(),
        target: table.load.table.name.clone(),
        rows: table.read.table.size.rows,
        bytes: table.read.table.size.data_bytes,
    }));

    progress.enter(Phase::Preparing);
    for schema in &plan.schemas {
        ends.target.create_schema(schema).await?;
    }
    let connecting = Connecting {
        spec: &spec,
        ends: &ends,
        retry: &retry,
        progress: &progress,
        cancel: &cancel,
    };
    let failures = connecting.create_sequences(&plan).await?;
    let load = Load::prepare(
        Arc::clone(&spec),
        ends.clone(),
        &plan,
        (records, known),
        Arc::clone(&progress),
        cancel.clone(),
    );
    let load = Arc::new(load.await?);
    progress.enter(Phase::Loading);
    load.run().await?;

    let records = load.records().await;
    let complete = complete_tables(&plan, &records);
    let failures = connecting.run(&plan, &complete, failures).await?;
    let attempts = || Attempts::new(&retry, &progress, &cancel);
    let report = inventory::take(
        &spec,
        &ends,
        &plan,
        &records,
        failures,
        &progress,
        attempts(),
    );
    let report = report.await?;
    if report.complete {
        until_done(attempts(), || ends.target.forget_task(&spec.id)).await?;
    }
    progress.enter(Phase::Finished);
    Ok(report)
}

/// The tables whose rows on the target are the task's own.
fn begun(known: &[(TableName, Stored)]) -> HashSet<TableName> {
    let begun = known
        .iter()
        .filter(|(_, stored)| match stored.record.stage {
            TableStage::Waiting | TableStage::Preparing => false,
            TableStage::Loading | TableStage::Loaded | TableStage::Completed => true,
        });
    begun.map(|(name, _)| name.clone()).collect()
}

fn complete_tables(plan: &Plan, records: &[TableRecord]) -> HashSet<TableName> {
    plan.tables
        .iter()
        .zip(records)
        .filter(|(_, record)| record.stage == TableStage::Completed)
        .map(|(table, _)| table.load.table.name.clone())
        .collect()
}

/// Turns the findings that forbid to start into one error.
fn refuse_blocked(plan: &Plan) -> Result<(), Error> {
    let blocking: Vec<_> = plan
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    let Some(first) = blocking.first() else {
        return Ok(());
    };
    let mut message = first.message.clone();
    if blocking.len() > 1 {
        message = format!("{message} (and {} more findings)", blocking.len() - 1);
    }
    let mut error = Error::definite(blocking_code(&first.id), message);
    if let Some(object) = &first.object {
        error = error.with_object(object);
    }
    Err(match &first.fix {
        Some(fix) => error.with_hint(fix.clone()),
        None => error.with_hint("dbferry plan shows every finding"),
    })
}

fn blocking_code(id: &str) -> Code {
    match id {
        "target-not-empty" => Code::TargetNotEmpty,
        "target-table-mismatch" => Code::TargetTableMismatch,
        _ => Code::Untranslatable,
    }
}

impl TaskSpec {
    /// How many workers load at once.
    pub(crate) fn workers(&self, ends: &Ends) -> usize {
        let cores = std::thread::available_parallelism().map_or(WORKERS_MIN, usize::from);
        let automatic = cores.clamp(WORKERS_MIN, WORKERS_MAX);
        let wanted = self.settings.load_workers.map_or(automatic, usize::from);
        let (source, target) = (ends.source.capabilities(), ends.target.capabilities());
        wanted
            .min(source.readers_max)
            .min(target.loaders_max)
            .max(1)
    }

    /// The sizes of the load, as far as the settings do not name others.
    pub(crate) fn effective_limits(&self) -> Limits {
        let commit_rows = self.settings.commit_rows.map_or(u64::MAX, u64::from);
        Limits {
            commit_rows: self.limits.commit_rows.min(commit_rows),
            ..self.limits
        }
    }

    pub(crate) fn retry_settings(&self) -> RetrySettings {
        let policy = &self.settings.retry;
        match policy.attempts_max {
            None => RetrySettings {
                attempts_max: RETRY_ATTEMPTS,
                pause_max: policy.interval,
            },
            Some(attempts_max) if policy.doubles => RetrySettings {
                attempts_max,
                pause_max: policy.interval_max,
            },
            Some(attempts_max) => RetrySettings {
                attempts_max,
                pause_max: policy.interval,
            },
        }
    }
}

/// Attempts without headway, when the settings leave it open: with pauses that double from 0.1 s
/// to the default interval of 5 s, a server may be away for about five minutes.
const RETRY_ATTEMPTS: u32 = 65;
