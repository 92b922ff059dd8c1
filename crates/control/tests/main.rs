//! What the control plane promises: a store that conforms, leases that end with their process,
//! and tasks that can be run, stopped, resumed and forgotten.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lease;
mod store;
mod tasks;
