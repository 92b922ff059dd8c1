//! The right to run a task, held by one process at a time.
//!
//! A lease is a lock that the operating system keeps on an open file. It ends with the process
//! that holds it, however that process ends, so a killed run never stands in the way of its
//! resumption, and no clock or heartbeat has to be trusted. A process id beside a start time was
//! the alternative; it needs guesses where ids are reused or name spaces differ.
//!
//! The file's content, the holder's process id, is for people alone. The lock is advisory and
//! local: a state directory on a network file system must support locks, or must not be shared.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

use dbferry_core::{Code, Error, TaskId};

use crate::state_dir::{StateDir, open_private_file, unavailable};

/// How often a lock that is taken is tried again. Looking whether a lease is held takes its lock
/// for microseconds, which must not turn a run away.
const ATTEMPTS: u32 = 10;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The leases of one state directory.
#[derive(Debug, Clone)]
pub struct Leases(PathBuf);

/// A task's lease. Dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    _locked: File,
    path: PathBuf,
}

impl Leases {
    /// The leases of this directory.
    pub fn new(dir: &StateDir) -> Self {
        Self(dir.leases())
    }

    /// Takes the lease of a task.
    ///
    /// # Errors
    /// `TaskLocked` when another process, or another run of this one, holds it;
    /// `StateUnavailable`.
    pub async fn acquire(&self, task: &TaskId) -> Result<Lease, Error> {
        let path = self.path(task);
        let mut file = open_private_file(&path)?;
        for _ in 1..ATTEMPTS {
            if try_lock(&file, &path)? {
                return Lease::sign(file, path);
            }
            tokio::time::sleep(PAUSE).await;
        }
        if try_lock(&file, &path)? {
            return Lease::sign(file, path);
        }
        Err(taken(task, &mut file))
    }

    /// Whether somebody holds the lease of a task now.
    ///
    /// # Errors
    /// `StateUnavailable`.
    pub fn is_held(&self, task: &TaskId) -> Result<bool, Error> {
        let path = self.path(task);
        if !path.exists() {
            return Ok(false);
        }
        Ok(!try_lock(&open_private_file(&path)?, &path)?)
    }

    fn path(&self, task: &TaskId) -> PathBuf {
        self.0.join(format!("{task}.lock"))
    }
}

impl Lease {
    fn sign(mut file: File, path: PathBuf) -> Result<Self, Error> {
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(|error| unavailable("cannot be written", &path, error))?;
        Ok(Self {
            _locked: file,
            path,
        })
    }

    /// Gives the lease back for good, when its task is gone.
    pub(crate) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "lease file left behind");
        }
    }
}

fn try_lock(file: &File, path: &std::path::Path) -> Result<bool, Error> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(unavailable("cannot be locked", path, error)),
    }
}

fn taken(task: &TaskId, file: &mut File) -> Error {
    let mut holder = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.read_to_string(&mut holder));
    let holder = match (read, holder.trim()) {
        (Ok(_), process) if !process.is_empty() => format!(" (process {process})"),
        _ => String::new(),
    };
    Error::definite(
        Code::TaskLocked,
        format!("another process works on this task{holder}"),
    )
    .with_object(format!("task {task}"))
    .with_hint("watch it with `dbferry status --watch`, or stop it with `dbferry stop`")
}
