//! One worker: a reader, a loader, and the jobs they are used for.

use std::sync::Arc;

use dbferry_core::{Code, Error, Loader, SegmentRecord, TableReader};
use dbferry_mapping::RowTransform;

use super::Load;
use super::board::{Job, Outcome};
use super::segment::SegmentCopy;
use crate::plan::TablePlan;
use crate::retry::until_done;

/// A worker of a load. Its connections are opened when they are first needed, and thrown away
/// after an error.
pub(super) struct Worker {
    load: Arc<Load>,
    number: usize,
    reader: Option<Box<dyn TableReader>>,
    loader: Option<Box<dyn Loader>>,
}

impl Worker {
    pub(super) fn new(load: Arc<Load>, number: usize) -> Self {
        Self {
            load,
            number,
            reader: None,
            loader: None,
        }
    }

    /// Does a job.
    ///
    /// # Errors
    /// What repeated attempts could not mend.
    pub(super) async fn perform(&mut self, job: Job) -> Result<Outcome, Error> {
        let table = job.table();
        self.load.progress.worker_joined(table);
        tracing::debug!(worker = self.number, table = %self.table(table).source, ?job, "job taken");
        let outcome = match job {
            Job::Open(table) => self.load.open(table).await,
            Job::Load(table, record) => self.load_segment(table, record).await,
            Job::Complete(table) => self.load.complete(table).await,
        };
        self.load.progress.worker_left(table);
        outcome
    }

    fn table(&self, table: usize) -> Arc<TablePlan> {
        Arc::clone(&self.load.tables[table])
    }

    /// Loads a segment to its end, through any number of faults as long as it gets on.
    async fn load_segment(
        &mut self,
        table: usize,
        mut record: SegmentRecord,
    ) -> Result<Outcome, Error> {
        let load = Arc::clone(&self.load);
        let plan = self.table(table);
        let mut attempts = load.attempts();
        loop {
            let known = record.version;
            let Err(error) = self.copy(table, &plan, &mut record).await else {
                break;
            };
            (self.reader, self.loader) = (None, None);
            if error.code() == Code::Stopped {
                return Err(error);
            }
            let stored = until_done(load.attempts(), || load.reread(table, &plan, &record)).await?;
            if stored.version > known {
                attempts.made_headway();
            } else {
                attempts.pause_after(error).await?;
            }
            record = stored;
            if record.done {
                break;
            }
        }
        Ok(Outcome::Loaded)
    }

    async fn copy(
        &mut self,
        table: usize,
        plan: &TablePlan,
        record: &mut SegmentRecord,
    ) -> Result<(), Error> {
        let ends = &self.load.ends;
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(ends.source.reader().await?),
        };
        let loader = match &mut self.loader {
            Some(loader) => loader,
            none => none.insert(ends.target.loader(&self.load.spec.id).await?),
        };
        let mut transform = RowTransform::new(&plan.mapping, &plan.read, &plan.load)?;
        SegmentCopy {
            table: plan,
            table_index: table,
            reader: &mut **reader,
            loader: &mut **loader,
            transform: transform.as_mut(),
            budget: &self.load.budget,
            limits: self.load.spec.effective_limits(),
            progress: &self.load.progress,
            cancel: &self.load.cancel,
        }
        .run(record)
        .await
    }
}
