//! The compiled binary, as a person or a script uses it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod chaos;
mod inputs;
mod interruption;
mod migration;
mod servers;
mod support;
