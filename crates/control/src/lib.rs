//! The control plane: tasks, their lifecycle, and the store that remembers them.
//!
//! This is its embedded form, in which one process does everything and state lies in one
//! directory on disk. From the bottom up:
//!
//! - [`state_dir`], [`store`], [`lease`]: the directory, documents with revisions in one SQLite
//!   file, and the right to run a task.
//! - [`endpoint`], [`lifecycle`], [`task`], [`progress`]: what is stored of a task.
//! - [`service`], and the runs of its tasks in `run.rs`: what can be done with tasks.
//!
//! The life of a task in a store:
//!
//! 1. [`TaskService::create`] checks its rules and settings and writes it.
//! 2. [`TaskService::run`] takes the lease, lets the engine work, and stores how it ended.
//! 3. After a stop, a failure or a killed process, `run` goes on where the last one came to.
//! 4. [`TaskService::delete`] forgets it, here and on the target.
//!
//! What is not here: connectors (the binary opens endpoints through [`Connectors`]), retries (the
//! engine's), and passwords. They are asked for when an endpoint is opened, and never stored.

pub mod endpoint;
pub mod lease;
pub mod lifecycle;
pub mod progress;
mod report;
mod run;
pub mod service;
pub mod state_dir;
pub mod store;
pub mod task;

pub use endpoint::{EndpointSpec, PasswordPlace};
pub use lease::{Lease, Leases};
pub use lifecycle::{Event, Lifecycle, Status};
pub use progress::{ProgressMeter, RunProgress, TableCounts};
pub use run::STOP_DEADLINE;
pub use service::{
    Connectors, EndpointCheck, TargetLedger, TaskDetails, TaskService, TaskView, Watch,
};
pub use state_dir::StateDir;
pub use store::SqliteStore;
pub use task::{NewTask, Task, TaskOptions};
