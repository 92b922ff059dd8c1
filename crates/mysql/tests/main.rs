//! Tests of this crate against real servers.
//!
//! `scripts/servers start` runs them; `scripts/servers env` prints the variables that name them.

#[cfg(test)]
mod load;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod support;
#[cfg(test)]
mod values;
#[cfg(test)]
mod wire;
