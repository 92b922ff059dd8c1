//! What comes after the rows: foreign keys between tables, then views, routines, triggers and the
//! like.

use std::collections::HashSet;
use std::sync::Arc;

use dbferry_core::{Code, Error, ErrorReport, ObjectKind, StoredObject, TableName};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::plan::{Plan, TablePlan};
use crate::policy::{Consequence, consequence};
use crate::progress::{Phase, Progress};
use crate::retry::{Attempts, RetrySettings, until_done};
use crate::{Ends, TaskSpec};

/// Connects complete tables with each other and with the objects that stand on them.
pub(crate) struct Connecting<'a> {
    pub(crate) spec: &'a TaskSpec,
    pub(crate) ends: &'a Ends,
    pub(crate) retry: &'a RetrySettings,
    pub(crate) progress: &'a Progress,
    pub(crate) cancel: &'a CancellationToken,
}

/// What could not be connected: for each object or table, why.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) tables: Vec<(TableName, ErrorReport)>,
    pub(crate) objects: Vec<(StoredObject, ErrorReport)>,
}

impl Connecting<'_> {
    /// Creates the sequences, before any table whose defaults may take numbers from them.
    ///
    /// # Errors
    /// Only what stops the whole task.
    pub(crate) async fn create_sequences(&self, plan: &Plan) -> Result<Failures, Error> {
        self.progress.expect_objects(plan.all_objects().count());
        let mut failures = Failures::default();
        for sequence in &plan.sequences {
            if let Some(failure) = self.create(sequence).await? {
                failures.objects.push((sequence.clone(), failure));
            }
        }
        Ok(failures)
    }

    /// Adds the foreign keys of complete tables and creates the objects that stand on tables, in
    /// order; adds to the failures that are known already.
    ///
    /// # Errors
    /// Only what stops the whole task.
    pub(crate) async fn run(
        &self,
        plan: &Plan,
        complete: &HashSet<TableName>,
        mut failures: Failures,
    ) -> Result<Failures, Error> {
        self.progress.enter(Phase::Connecting);
        failures
            .tables
            .extend(self.add_foreign_keys(plan, complete).await?);
        for object in &plan.objects {
            if let Some(failure) = self.create_object(object, complete, plan).await? {
                failures.objects.push((object.clone(), failure));
            }
        }
        Ok(failures)
    }

    async fn add_foreign_keys(
        &self,
        plan: &Plan,
        complete: &HashSet<TableName>,
    ) -> Result<Vec<(TableName, ErrorReport)>, Error> {
        let referring = plan.tables.iter().filter(|table| {
            complete.contains(&table.load.table.name) && !table.load.table.foreign_keys.is_empty()
        });
        let failures: Vec<_> = stream::iter(referring)
            .map(|table| self.connect_table(table))
            .buffer_unordered(self.spec.workers(self.ends))
            .try_collect()
            .await?;
        Ok(failures.into_iter().flatten().collect())
    }

    async fn connect_table(
        &self,
        table: &Arc<TablePlan>,
    ) -> Result<Option<(TableName, ErrorReport)>, Error> {
        let target = &table.load.table;
        let added = until_done(self.attempts(), || {
            self.ends.target.add_foreign_keys(target)
        })
        .await;
        let failure = self.meet(added.map_err(|error| error.with_object(&target.name)))?;
        Ok(failure.map(|failure| (target.name.clone(), failure)))
    }

    async fn create_object(
        &self,
        object: &StoredObject,
        complete: &HashSet<TableName>,
        plan: &Plan,
    ) -> Result<Option<ErrorReport>, Error> {
        if let Some(table) = orphaned(object, complete, plan) {
            return Ok(Some(without_table(object, table).report()));
        }
        self.create(object).await
    }

    async fn create(&self, object: &StoredObject) -> Result<Option<ErrorReport>, Error> {
        let created = until_done(self.attempts(), || self.ends.target.create_object(object)).await;
        let label = format!("{} {}", object.kind.as_str(), object.name);
        let failure = self.meet(created.map_err(|error| error.with_object(label)))?;
        if failure.is_none() {
            self.progress.object_created();
        }
        Ok(failure)
    }

    fn attempts(&self) -> Attempts<'_> {
        Attempts::new(self.retry, self.progress, self.cancel)
    }

    /// Passes on what stops the task, and gives the rest back to be recorded.
    fn meet(&self, result: Result<(), Error>) -> Result<Option<ErrorReport>, Error> {
        match result {
            Ok(()) if self.cancel.is_cancelled() => Err(crate::retry::stopped()),
            Ok(()) => Ok(None),
            Err(error) if consequence(&error, &self.spec.settings, 0) == Consequence::StopTask => {
                Err(error)
            }
            Err(error) => {
                tracing::warn!(error = %error.report(), "object left out");
                Ok(Some(error.report()))
            }
        }
    }
}

/// The table of a trigger, when it is one of the plan's and not complete. A trigger must not act
/// on rows that are still being loaded.
fn orphaned<'a>(
    object: &'a StoredObject,
    complete: &HashSet<TableName>,
    plan: &Plan,
) -> Option<&'a TableName> {
    let table = object
        .table
        .as_ref()
        .filter(|_| object.kind == ObjectKind::Trigger)?;
    let planned = plan
        .tables
        .iter()
        .any(|planned| planned.load.table.name == *table);
    (planned && !complete.contains(table)).then_some(table)
}

fn without_table(object: &StoredObject, table: &TableName) -> Error {
    Error::definite(
        Code::ObjectMissing,
        format!("its table {table} is not complete"),
    )
    .with_object(format!("{} {}", object.kind.as_str(), object.name))
    .with_hint("resume the task when the table's fault is mended")
}
