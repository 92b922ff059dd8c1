//! Blocking work behind asynchronous calls.
//!
//! SQLite blocks its thread. A single call ([`run`]) borrows a thread of the runtime's blocking
//! pool, with a connection of its own. A reader or loader ([`Session`]) keeps such a thread and
//! its connection as long as it lives, because an open statement cannot leave the thread that
//! steps it; it serves commands from a bounded channel, one at a time.
//!
//! Everything is cancel-safe in the same way: who stops waiting interrupts the statement that
//! runs, and the thread then closes its connection, which rolls back. The runtime owns the
//! threads and waits for them when it ends, so no file is left half closed.

use std::sync::{Arc, Mutex, PoisonError};

use dbferry_core::{Code, Error};
use rusqlite::{Connection, InterruptHandle};
use tokio::sync::{mpsc, oneshot};

use crate::connect::Opener;

/// Runs blocking work with a new connection.
///
/// # Errors
/// What opening and the work bring.
pub(crate) async fn run<T, F>(opener: &Arc<Opener>, work: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
{
    let opener = Arc::clone(opener);
    let stop = Stop::default();
    let _guard = Guard(stop.clone());
    let task = tokio::task::spawn_blocking(move || {
        let mut connection = opener.open()?;
        stop.watch(&connection);
        work(&mut connection)
    });
    task.await.map_err(|error| {
        Error::definite(Code::Internal, "a thread of the SQLite connector failed")
            .with_source(error)
    })?
}

/// A connection on a thread of its own that serves commands.
pub(crate) struct Session<C> {
    commands: mpsc::Sender<C>,
    _guard: Guard,
}

impl<C: Send + 'static> Session<C> {
    /// Opens the connection and starts to serve. `serve` returns when no command comes any more.
    ///
    /// # Errors
    /// What opening brings.
    pub(crate) async fn start<F>(opener: &Arc<Opener>, serve: F) -> Result<Self, Error>
    where
        F: FnOnce(&mut Connection, mpsc::Receiver<C>) + Send + 'static,
    {
        let (commands, receiver) = mpsc::channel(1);
        let (opened, wait) = oneshot::channel();
        let stop = Stop::default();
        let guard = Guard(stop.clone());
        let opener = Arc::clone(opener);
        tokio::task::spawn_blocking(move || match opener.open() {
            Ok(mut connection) => {
                stop.watch(&connection);
                if opened.send(Ok(())).is_ok() {
                    serve(&mut connection, receiver);
                }
            }
            // Nobody waits any more: nobody needs the error.
            Err(error) => drop(opened.send(Err(error))),
        });
        wait.await.map_err(|_| gone())??;
        Ok(Self {
            commands,
            _guard: guard,
        })
    }

    /// Sends a command that will be answered through the receiver.
    ///
    /// # Errors
    /// When the thread is gone, which is a fault of ours.
    pub(crate) async fn send<R>(
        &self,
        command: impl FnOnce(oneshot::Sender<R>) -> C,
    ) -> Result<oneshot::Receiver<R>, Error> {
        let (reply, answer) = oneshot::channel();
        match self.commands.send(command(reply)).await {
            Ok(()) => Ok(answer),
            Err(_) => Err(gone()),
        }
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub(crate) async fn ask<R>(
        &self,
        command: impl FnOnce(oneshot::Sender<R>) -> C,
    ) -> Result<R, Error> {
        self.send(command).await?.await.map_err(|_| gone())
    }
}

/// The error when a thread has ended without an answer.
pub(crate) fn gone() -> Error {
    Error::definite(Code::Internal, "a thread of the SQLite connector has ended")
}

/// What stops the statement that runs on another thread.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<Watched>>);

#[derive(Default)]
struct Watched {
    handle: Option<InterruptHandle>,
    stopped: bool,
}

impl Stop {
    fn watch(&self, connection: &Connection) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = connection.get_interrupt_handle();
        if watched.stopped {
            handle.interrupt();
        }
        watched.handle = Some(handle);
    }
}

/// Stops the work when it is dropped. After the work has ended this does nothing.
struct Guard(Stop);

impl Drop for Guard {
    fn drop(&mut self) {
        let mut watched = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        watched.stopped = true;
        if let Some(handle) = &watched.handle {
            handle.interrupt();
        }
    }
}
