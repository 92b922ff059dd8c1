//! For tests alone.
//!
//! [`memory`] is a database in memory that implements both halves of the seam and fails on
//! demand, so that the engine's promises can be tested at every point where a fault can fall.
//! [`state`] is a state store in memory, and the conformance suite of the trait.

pub mod faults;
pub mod memory;
pub mod state;
