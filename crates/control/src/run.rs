//! One run of a task, from taking its lease to storing its result.
//!
//! 1. The lease is taken and the task becomes `Running`.
//! 2. Both ends are connected.
//! 3. The engine runs. Beside it a recorder stores the progress once a second, and looks whether
//!    a stop was asked for through the store, by whichever process.
//! 4. The report or the error is stored, the task takes its final state, the lease is given back.
//!
//! A stop is clean: the engine finishes what is in flight. What does not end within
//! [`STOP_DEADLINE`] is abandoned; the target rolls it back, and a later run repeats it.

use std::time::Duration;

use dbferry_core::{Code, Error, TaskId};
use dbferry_engine::{Report, Run};
use jiff::Timestamp;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::lifecycle::{Event, Lifecycle};
use crate::progress::ProgressMeter;
use crate::report::StoredReport;
use crate::service::{TaskService, Watch, task_spec};
use crate::task::{Task, encode, progress_key, report_key};

/// How long a stopping run may take to finish what is in flight. A chunk takes seconds; only an
/// index build takes longer, and that is repeated.
pub const STOP_DEADLINE: Duration = Duration::from_secs(30);

/// How often the progress of a run is stored, and a request to stop it is noticed.
const RECORD_INTERVAL: Duration = Duration::from_secs(1);

impl TaskService {
    /// Runs a task to its end, the first time or from wherever earlier runs of it came.
    ///
    /// When the future is dropped, the task counts as interrupted and can be run again.
    ///
    /// # Errors
    /// `TaskLocked` while another process runs it, `TaskStateConflict` when it is complete or
    /// being deleted, `TaskMissing`, `StateUnavailable`; `Stopped` after a stop; and whatever
    /// stopped the run, which is also stored with the task.
    pub async fn run(&self, id: &TaskId, watch: Watch) -> Result<Report, Error> {
        self.load(id).await?;
        let _lease = self.leases.acquire(id).await?;
        let task = self.update(id, Task::start).await?;
        tracing::info!(task = %id, runs = task.runs, "run started");
        let outcome = self.attempt(&task, &watch).await;
        if let Err(error) = self.record(id, &watch, &mut ProgressMeter::default()).await {
            tracing::warn!(task = %id, error = %error.report(), "progress not stored");
        }
        self.conclude(id, outcome).await
    }

    async fn attempt(&self, task: &Task, watch: &Watch) -> Result<Report, Error> {
        let spec = task_spec(task)?;
        let ends = tokio::select! {
            biased;
            () = watch.cancel.cancelled() => return Err(stopped()),
            ends = self.connect(task) => ends?,
        };
        let run = dbferry_engine::run(Run {
            spec,
            ends,
            store: self.store.clone(),
            progress: watch.progress.clone(),
            cancel: watch.cancel.clone(),
        });
        tokio::select! {
            biased;
            outcome = run => outcome,
            () = abandonment(&watch.cancel) => Err(stopped()),
            () = self.keep_recording(&task.id, watch) => Err(stopped()),
        }
    }

    /// Records progress until the future is dropped.
    async fn keep_recording(&self, id: &TaskId, watch: &Watch) {
        let mut meter = ProgressMeter::default();
        let mut ticks = tokio::time::interval(RECORD_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Err(error) = self.record(id, watch, &mut meter).await {
                tracing::warn!(task = %id, error = %error.report(), "progress not stored");
            }
            match self.load(id).await {
                Ok((task, _)) if matches!(task.lifecycle, Lifecycle::Stopping { .. }) => {
                    watch.cancel.cancel();
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(task = %id, error = %error.report(), "task not readable");
                }
            }
        }
    }

    async fn record(
        &self,
        id: &TaskId,
        watch: &Watch,
        meter: &mut ProgressMeter,
    ) -> Result<(), Error> {
        let progress = meter.measure(watch.progress.snapshot());
        self.overwrite(&progress_key(id), &encode(&progress)?).await
    }

    /// Stores how a run ended.
    async fn conclude(&self, id: &TaskId, outcome: Result<Report, Error>) -> Result<Report, Error> {
        let event = match &outcome {
            Ok(report) => {
                let stored = encode(&StoredReport::new(report.clone()))?;
                self.overwrite(&report_key(id), &stored).await?;
                Event::Finish {
                    complete: report.complete,
                }
            }
            Err(error) if error.code() == Code::Stopped => Event::Stop,
            Err(error) => Event::Fail(error.report()),
        };
        let task = self.update(id, |task| task.end(event.clone())).await?;
        tracing::info!(task = %id, lifecycle = ?task.lifecycle, "run ended");
        outcome
    }

    /// Writes a document that only the holder of the lease writes.
    async fn overwrite(&self, key: &str, value: &[u8]) -> Result<(), Error> {
        let replaces = self.store.get(key).await?.map(|document| document.revision);
        self.store.put(key, value, replaces).await.map(|_| ())
    }
}

impl Task {
    fn start(&mut self) -> Result<(), Error> {
        self.happens(Event::Start {
            process: std::process::id(),
        })?;
        self.runs += 1;
        self.started_at = Some(Timestamp::now());
        self.stopped_at = None;
        Ok(())
    }

    fn end(&mut self, event: Event) -> Result<(), Error> {
        self.happens(event)?;
        self.stopped_at = Some(Timestamp::now());
        Ok(())
    }

    pub(crate) fn happens(&mut self, event: Event) -> Result<(), Error> {
        self.lifecycle = self
            .lifecycle
            .after(event)
            .map_err(|error| error.with_object(format!("task {}", self.handle)))?;
        Ok(())
    }
}

/// Ends when a stop was asked for and the deadline has passed.
async fn abandonment(cancel: &CancellationToken) {
    cancel.cancelled().await;
    tokio::time::sleep(STOP_DEADLINE).await;
    tracing::warn!(deadline = ?STOP_DEADLINE, "unfinished work abandoned");
}

fn stopped() -> Error {
    Error::definite(Code::Stopped, "the task was stopped")
        .with_hint("resume it; loaded chunks are not loaded again")
}
