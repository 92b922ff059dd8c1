//! What the control plane promises: a store that conforms, leases that end with their process,
//! and tasks that can be run, stopped, resumed and forgotten.

mod lease;
mod store;
mod tasks;
