//! SQLite through the seam: what a user of it may rely on, one behaviour per test.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod catalog;
mod content;
mod faults;
mod filters;
mod loading;
mod support;
mod translation;
mod untouched;
mod values;
