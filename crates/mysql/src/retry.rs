//! Trying again after a fault that passes by itself.
//!
//! This bridges moments: a server that drops a connection, a failover's first seconds. Whoever
//! calls the connector has the patience for longer outages, and the right to give up.

use std::time::Duration;

use dbferry_core::Error;

/// The pauses between attempts: three more attempts within 1.3 seconds.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(250),
    Duration::from_secs(1),
];

/// Calls `attempt` until it succeeds, fails definitely, or has failed transiently four times.
///
/// # Errors
/// The last error.
pub async fn transient<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, Error>
where
    // Not `AsyncFnMut`: the compiler cannot show yet that the future of one may change threads.
    F: Future<Output = Result<T, Error>>,
{
    for pause in PAUSES {
        match attempt().await {
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, pause_ms = pause.as_millis(), "trying again");
                tokio::time::sleep(pause).await;
            }
            result => return result,
        }
    }
    attempt().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::Code;

    async fn attempts(fault: fn() -> Error, failures: usize) -> (usize, bool) {
        let count = std::cell::Cell::new(0);
        let result = transient(|| async {
            count.set(count.get() + 1);
            if count.get() <= failures {
                Err(fault())
            } else {
                Ok(())
            }
        })
        .await;
        (count.get(), result.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn only_transient_faults_are_tried_again() {
        let lost = || Error::transient(Code::ConnectionLost, "lost");
        let denied = || Error::definite(Code::AccessDenied, "denied");
        assert_eq!(attempts(lost, 0).await, (1, true));
        assert_eq!(attempts(lost, 2).await, (3, true));
        assert_eq!(attempts(lost, 9).await, (4, false));
        assert_eq!(attempts(denied, 1).await, (1, false));
    }
}
