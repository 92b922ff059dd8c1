//! Watching a run: live on a terminal, line by line elsewhere, as JSON for programs.
//!
//! The run itself knows nothing of its watcher. [`alongside`] looks at its counters a few times a
//! second while it works, and hands what it saw to one of three displays.

mod display;
pub(crate) mod picture;

use std::time::Duration;

use dbferry_control::{ProgressMeter, TaskDetails, TaskService};
use dbferry_core::{Error, TaskId};
use dbferry_engine::Progress;
use tokio::time::MissedTickBehavior;

use self::display::Display;
use crate::show::{Form, Terminal};

/// How often live progress is drawn: as often as an eye can follow numbers.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// How often JSON progress is printed.
const JSON_INTERVAL: Duration = Duration::from_secs(1);

/// How often a line is printed where lines stay, as in the log of a job.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// How often the stored progress of another process's run is read; it is written once a second.
const STORED_INTERVAL: Duration = Duration::from_millis(500);

/// Above so many tables, a picture is taken less often, because it names them all.
const MANY_TABLES: usize = 1000;

/// Runs `work` to its end and shows its progress meanwhile.
pub(crate) async fn alongside<T>(
    terminal: &Terminal,
    progress: &Progress,
    work: impl Future<Output = T>,
) -> T {
    let mut display = Display::new(terminal);
    let mut meter = ProgressMeter::default();
    let mut ticks = tokio::time::interval(interval(terminal.form()));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first tick comes at once, when there is nothing to see.
    ticks.tick().await;
    tokio::pin!(work);
    loop {
        // The end of the work comes first; a look at it may wait.
        tokio::select! {
            biased;
            outcome = &mut work => {
                display.last_look(progress.snapshot(), &mut meter);
                return outcome;
            }
            _ = ticks.tick() => {
                let snapshot = progress.snapshot();
                if snapshot.tables.len() > MANY_TABLES && terminal.form() == Form::Live {
                    ticks.reset_after(LIVE_INTERVAL * 5);
                }
                display.look(snapshot, &mut meter);
            }
        }
    }
}

fn interval(form: Form) -> Duration {
    match form {
        Form::Live => LIVE_INTERVAL,
        Form::Lines => LINE_INTERVAL,
        Form::Json => JSON_INTERVAL,
    }
}

/// Watches a task that another process runs, until no process runs it any more.
///
/// # Errors
/// `TaskMissing` when the task is deleted meanwhile, `StateUnavailable`.
pub(crate) async fn from_afar(
    terminal: &Terminal,
    service: &TaskService,
    id: &TaskId,
) -> Result<TaskDetails, Error> {
    let mut display = Display::new(terminal);
    let mut ticks = tokio::time::interval(STORED_INTERVAL.max(interval(terminal.form())));
    let mut last_seen = None;
    loop {
        ticks.tick().await;
        let details = service.show(id).await?;
        if let Some(progress) = &details.progress
            && last_seen.replace(progress.taken_at) != Some(progress.taken_at)
        {
            display.show(progress);
        }
        if !details.view.status.is_active() {
            return Ok(details);
        }
    }
}
