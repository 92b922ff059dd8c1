//! Ctrl-C and SIGTERM: the first stops cleanly, the second aborts.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use dbferry_control::STOP_DEADLINE;
use dbferry_core::{Code, Error};

use crate::app::ABORTED;
use crate::show::Terminal;

/// Listens to signals until it is dropped.
pub(crate) struct Listener(AbortHandle);

impl Listener {
    /// Begins to listen: the first signal cancels `cancel`, the second ends the process after
    /// saying that `resume` goes on.
    ///
    /// # Errors
    /// `Internal` when the system refuses to deliver signals.
    pub(crate) fn start(
        terminal: &Terminal,
        cancel: &CancellationToken,
        resume: String,
    ) -> Result<Self, Error> {
        let mut signals = Signals::new().map_err(|error| {
            Error::definite(Code::Internal, "signals cannot be received").with_source(error)
        })?;
        let (terminal, cancel) = (terminal.clone(), cancel.clone());
        let task = tokio::spawn(async move {
            signals.next().await;
            terminal.note(format!(
                "Stopping: finishing what is in flight, for at most {} seconds. \
                 Ctrl-C again aborts.",
                STOP_DEADLINE.as_secs()
            ));
            cancel.cancel();
            signals.next().await;
            terminal.note(format!(
                "Aborted. Nothing is lost; what was in flight is repeated by: {resume}"
            ));
            std::process::exit(ABORTED);
        });
        Ok(Self(task.abort_handle()))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
