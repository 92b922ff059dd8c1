//! Tests of this crate against real servers.
//!
//! `scripts/servers start` runs them; `scripts/servers env` prints the variables that name them.

mod load;
mod schema;
mod sessions;
mod snapshot;
mod support;
mod values;
mod wire;
