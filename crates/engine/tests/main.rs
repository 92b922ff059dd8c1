//! The engine's promises, against databases in memory whose every call can fail.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod copying;
mod faults;
mod preparation;
mod world;
