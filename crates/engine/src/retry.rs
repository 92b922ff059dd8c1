//! The one loop that tries again.

use std::time::Duration;

use dbferry_core::{Code, Error};
use tokio_util::sync::CancellationToken;

use crate::progress::Progress;

/// The pause before the first repeated attempt; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How often and how patiently transient faults are met.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetrySettings {
    /// Repeated attempts without headway between them.
    pub(crate) attempts_max: u32,
    /// The longest pause between two attempts.
    pub(crate) pause_max: Duration,
}

/// Counts the attempts at one piece of work and pauses between them.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    settings: &'a RetrySettings,
    progress: &'a Progress,
    cancel: &'a CancellationToken,
    failed: u32,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        settings: &'a RetrySettings,
        progress: &'a Progress,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            settings,
            progress,
            cancel,
            failed: 0,
        }
    }

    /// Takes note that the work made headway, so that a long load survives any number of faults
    /// as long as it gets on between them.
    pub(crate) fn made_headway(&mut self) {
        self.failed = 0;
    }

    /// Pauses before another attempt.
    ///
    /// # Errors
    /// The given error when it is definite or the attempts are used up, and `Stopped` when the
    /// task is stopped meanwhile.
    pub(crate) async fn pause_after(&mut self, error: Error) -> Result<(), Error> {
        self.failed += 1;
        if !error.is_transient() || self.failed > self.settings.attempts_max {
            return Err(error);
        }
        let pause = FIRST_PAUSE
            .saturating_mul(1 << (self.failed - 1).min(16))
            .min(self.settings.pause_max);
        tracing::warn!(error = %error.report(), attempt = self.failed, ?pause, "trying again");
        self.progress.retried();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(stopped()),
            () = tokio::time::sleep(pause) => Ok(()),
        }
    }
}

/// Runs `work` until it succeeds or fails for good.
pub(crate) async fn until_done<T, F>(
    mut attempts: Attempts<'_>,
    mut work: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    loop {
        match work().await {
            Ok(value) => return Ok(value),
            Err(error) => attempts.pause_after(error).await?,
        }
    }
}

/// The error of work that was stopped on request.
pub(crate) fn stopped() -> Error {
    Error::definite(Code::Stopped, "the task was stopped")
        .with_hint("resume it; loaded chunks are not loaded again")
}
