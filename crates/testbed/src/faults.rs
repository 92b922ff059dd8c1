//! Faults on demand.

use std::sync::Mutex;

use dbferry_core::{Code, Error};

/// Decides at each call of a database in memory whether it fails, and on which side of its
/// effect. Deterministic: the same seed gives the same faults at the same calls.
#[derive(Debug, Default)]
pub struct Faults {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    random: u64,
    /// One call in so many fails; 0 is never.
    one_in: u64,
    left: u64,
    calls: u64,
}

/// Where a fault falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fall {
    /// Nothing fails.
    Nowhere,
    /// The call fails and has no effect.
    Before,
    /// The call takes effect, and its answer is lost.
    After,
}

impl Faults {
    /// No faults until [`Faults::arm`] says so.
    pub fn none() -> Self {
        Self::default()
    }

    /// Lets about one call in `one_in` fail from now on, `faults` times at most.
    ///
    /// # Panics
    /// When another user of the lock panicked.
    pub fn arm(&self, seed: u64, one_in: u64, faults: u64) {
        let mut state = self.lock();
        state.random = seed | 1;
        state.one_in = one_in;
        state.left = faults;
    }

    /// How many calls were asked about.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Draws for one call.
    pub fn draw(&self) -> Fall {
        let mut state = self.lock();
        state.calls += 1;
        if state.one_in == 0 || state.left == 0 {
            return Fall::Nowhere;
        }
        // xorshift64: good enough to spread faults, and free of dependencies.
        state.random ^= state.random << 13;
        state.random ^= state.random >> 7;
        state.random ^= state.random << 17;
        if !state.random.is_multiple_of(state.one_in) {
            return Fall::Nowhere;
        }
        state.left -= 1;
        match state.random >> 40 & 1 {
            0 => Fall::Before,
            _ => Fall::After,
        }
    }

    /// Runs `effect` with whatever fault is drawn for it.
    ///
    /// # Errors
    /// A transient error when a fault was drawn, before or after the effect; else what the effect
    /// brings.
    pub fn around<T>(&self, effect: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        match self.draw() {
            Fall::Nowhere => effect(),
            Fall::Before => Err(lost("before")),
            Fall::After => {
                effect()?;
                Err(lost("after"))
            }
        }
    }

    #[expect(
        clippy::unwrap_used,
        reason = "a poisoned lock fails the test, as it should"
    )]
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// Lets other tasks run, as a call over a network does.
pub async fn give_way() {
    let mut given = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn lost(side: &str) -> Error {
    Error::transient(
        Code::ConnectionLost,
        format!("made to fail {side} its effect"),
    )
}
