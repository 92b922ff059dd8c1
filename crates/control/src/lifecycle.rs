//! The life of a task: its stored states, what may follow each, and the words shown for them.
//!
//! ```text
//! Ready ──start──▶ Running ──finish──▶ Finished ──start, unless complete──▶ Running
//!                   │  │ │
//!                   │  │ └──fail──▶ Failed ──start──▶ Running
//!                   │  └──request stop──▶ Stopping ──stop, finish, fail──▶ …
//!                   └──stop──▶ Stopped ──start──▶ Running
//! ```
//!
//! Every state leads to `Deleting`, which leads nowhere. The process that holds the task's lease
//! sets all of them but two: `Stopping` is set by whoever asks for the stop, and `Ready` by
//! whoever creates the task.
//!
//! A process that is killed leaves `Running` or `Stopping` behind. The lease, which died with it,
//! tells that this is not so any more: [`Lifecycle::status`] then says `interrupted`, and the
//! next holder of the lease may start the task again. Nothing has to clean up first.

use dbferry_core::{Class, Code, Error, ErrorReport};
use serde::{Deserialize, Serialize};

/// The stored state of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Lifecycle {
    /// It was created and never ran. Followed by `Running`, `Deleting`.
    Ready,
    /// The process with the lease works on it. Followed by every state but `Ready`.
    Running {
        /// The process, for people.
        process: u32,
    },
    /// It runs, and was asked to stop. Followed by `Stopped`; by `Finished` or `Failed` when the
    /// run ended before it took notice; and by `Running` when it was killed.
    Stopping {
        /// The process, for people.
        process: u32,
    },
    /// It was stopped on request and can go on. Followed by `Running`, `Deleting`.
    Stopped,
    /// It could not go on. Followed by `Running`, `Deleting`.
    Failed {
        /// Why.
        error: ErrorReport,
    },
    /// It came to its end. Followed by `Deleting`, and by `Running` unless it is complete.
    Finished {
        /// Whether everything that was planned is on the target.
        complete: bool,
    },
    /// It is being deleted. Followed by nothing.
    Deleting,
}

/// What happens to a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The holder of the lease begins a run, the first or a further one.
    Start {
        /// The process of the holder.
        process: u32,
    },
    /// Somebody asks for a stop.
    RequestStop,
    /// The run has stopped on request.
    Stop,
    /// The run cannot go on.
    Fail(ErrorReport),
    /// The run came to its end.
    Finish {
        /// Whether everything that was planned is on the target.
        complete: bool,
    },
    /// The holder of the lease begins to delete the task.
    Delete,
}

impl Lifecycle {
    /// The state after `event`. Events but `RequestStop` are for the holder of the lease.
    ///
    /// # Errors
    /// `TaskStateConflict` when the event is impossible in this state.
    pub fn after(&self, event: Event) -> Result<Self, Error> {
        match (self, event) {
            (Self::Finished { complete: true }, Event::Start { .. }) => Err(refused(
                "the task is complete: there is nothing to go on with",
                "to copy everything again, run `dbferry migrate` with a --table-preparation",
            )),
            (Self::Deleting, Event::Start { .. }) => Err(refused(
                "the task is being deleted",
                "finish that with `dbferry delete`",
            )),
            (_, Event::Start { process }) => Ok(Self::Running { process }),
            (Self::Running { process } | Self::Stopping { process }, Event::RequestStop) => {
                Ok(Self::Stopping { process: *process })
            }
            (Self::Running { .. } | Self::Stopping { .. }, event) => Ok(event.ends_run_as()),
            (_, Event::Delete) => Ok(Self::Deleting),
            (_, Event::RequestStop | Event::Stop | Event::Fail(_) | Event::Finish { .. }) => {
                Err(refused(
                    "the task is not running",
                    "see where it is with `dbferry status`",
                ))
            }
        }
    }

    /// The state for people and programs; `lease_held` tells whether a process works on the task.
    pub fn status(&self, lease_held: bool) -> Status {
        match self {
            Self::Ready => Status::Ready,
            Self::Running { .. } | Self::Stopping { .. } if !lease_held => Status::Interrupted,
            Self::Running { .. } => Status::Running,
            Self::Stopping { .. } => Status::Stopping,
            Self::Stopped => Status::Stopped,
            Self::Failed { .. } => Status::Failed,
            Self::Finished { complete: true } => Status::Complete,
            Self::Finished { complete: false } => Status::Incomplete,
            Self::Deleting => Status::Deleting,
        }
    }

    /// AWS DMS's `StopReason`, for a task that does not run.
    pub fn dms_stop_reason(&self) -> Option<&'static str> {
        match self {
            Self::Ready | Self::Running { .. } | Self::Stopping { .. } | Self::Deleting => None,
            Self::Stopped => Some("Stop Reason NORMAL"),
            Self::Finished { .. } => Some("Stop Reason FULL_LOAD_ONLY_FINISHED"),
            Self::Failed { error } => Some(match error.class {
                Class::Transient => "Stop Reason RECOVERABLE_ERROR",
                Class::Definite => "Stop Reason FATAL_ERROR",
            }),
        }
    }
}

impl Event {
    /// The state in which a run ends by this event.
    fn ends_run_as(self) -> Lifecycle {
        match self {
            Self::Start { process } => Lifecycle::Running { process },
            Self::RequestStop | Self::Stop => Lifecycle::Stopped,
            Self::Fail(error) => Lifecycle::Failed { error },
            Self::Finish { complete } => Lifecycle::Finished { complete },
            Self::Delete => Lifecycle::Deleting,
        }
    }
}

/// The state of a task as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Never ran.
    Ready,
    /// Runs.
    Running,
    /// Was asked to stop and has not yet.
    Stopping,
    /// Stopped on request.
    Stopped,
    /// Its process ended without a word; it can go on.
    Interrupted,
    /// Could not go on.
    Failed,
    /// Everything that was planned is on the target.
    Complete,
    /// Came to its end, but some tables or objects are not there.
    Incomplete,
    /// Is being deleted.
    Deleting,
}

impl Status {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Deleting => "deleting",
        }
    }

    /// The task status of AWS DMS's API. An interrupted task counts as failed there: DMS has no
    /// word for it, and `failed` is the one from which its clients know how to resume.
    pub const fn as_dms(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped | Self::Complete | Self::Incomplete => "stopped",
            Self::Interrupted | Self::Failed => "failed",
            Self::Deleting => "deleting",
        }
    }

    /// Whether a process works on the task.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Stopping)
    }

    /// Whether the task can go on from where it is.
    pub const fn can_resume(self) -> bool {
        matches!(
            self,
            Self::Stopped | Self::Interrupted | Self::Failed | Self::Incomplete
        )
    }
}

fn refused(message: &str, hint: &str) -> Error {
    Error::definite(Code::TaskStateConflict, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROCESS: u32 = 7;

    fn failed() -> ErrorReport {
        Error::transient(Code::ConnectionLost, "gone").report()
    }

    fn states() -> [Lifecycle; 8] {
        [
            Lifecycle::Ready,
            Lifecycle::Running { process: PROCESS },
            Lifecycle::Stopping { process: PROCESS },
            Lifecycle::Stopped,
            Lifecycle::Failed { error: failed() },
            Lifecycle::Finished { complete: false },
            Lifecycle::Finished { complete: true },
            Lifecycle::Deleting,
        ]
    }

    /// `expected` has one letter per state, in the order of [`states`]: the state that follows
    /// (`R`unning, `G` stopping, `S`topped, `F`ailed, `E` finished, `D`eleting), or `.` for
    /// refused.
    fn check(event: Event, expected: &str) {
        let letter = |state: Result<Lifecycle, Error>| match state {
            Ok(Lifecycle::Ready) => 'Y',
            Ok(Lifecycle::Running { .. }) => 'R',
            Ok(Lifecycle::Stopping { .. }) => 'G',
            Ok(Lifecycle::Stopped) => 'S',
            Ok(Lifecycle::Failed { .. }) => 'F',
            Ok(Lifecycle::Finished { .. }) => 'E',
            Ok(Lifecycle::Deleting) => 'D',
            Err(error) => {
                assert_eq!(error.code(), Code::TaskStateConflict);
                '.'
            }
        };
        let found: String = states()
            .iter()
            .map(|state| letter(state.after(event.clone())))
            .collect();
        assert_eq!(found, expected, "{event:?}");
    }

    #[test]
    fn only_possible_transitions_are_made() {
        check(Event::Start { process: 8 }, "RRRRRR..");
        check(Event::RequestStop, ".GG.....");
        check(Event::Stop, ".SS.....");
        check(Event::Fail(failed()), ".FF.....");
        check(Event::Finish { complete: true }, ".EE.....");
        check(Event::Delete, "DDDDDDDD");
    }

    #[test]
    fn a_run_without_its_lease_was_interrupted_and_can_resume() {
        let running = Lifecycle::Running { process: PROCESS };
        assert_eq!(running.status(true), Status::Running);
        assert_eq!(running.status(false), Status::Interrupted);
        assert!(running.status(false).can_resume());
        assert!(!running.status(true).can_resume());
    }

    #[test]
    fn states_survive_storage() {
        for state in states() {
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(
                serde_json::from_str::<Lifecycle>(&json).unwrap(),
                state,
                "{json}"
            );
        }
    }

    #[test]
    fn dms_sees_its_own_words() {
        let shown: Vec<_> = states()
            .iter()
            .map(|state| (state.status(true).as_dms(), state.dms_stop_reason()))
            .collect();
        let finished = Some("Stop Reason FULL_LOAD_ONLY_FINISHED");
        assert_eq!(
            shown,
            [
                ("ready", None),
                ("running", None),
                ("stopping", None),
                ("stopped", Some("Stop Reason NORMAL")),
                ("failed", Some("Stop Reason RECOVERABLE_ERROR")),
                ("stopped", finished),
                ("stopped", finished),
                ("deleting", None),
            ]
        );
    }
}
