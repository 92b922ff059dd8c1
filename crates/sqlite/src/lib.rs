//! SQLite files as source and target: the embedded default of dbferry.
//!
//! From the bottom up:
//!
//! - [`config`]: what the user says about a file, and `connect`: how it is opened. A source is
//!   opened so that nothing of it changes, a target so that a killed process loses no chunk.
//! - `fault`: what SQLite's result codes mean to a person. `task`: SQLite blocks, so every call
//!   runs on a thread of its own and the asynchronous side only waits.
//! - `dialect`: quoting, tokens, and a reader of `CREATE` statements, which are the only place
//!   where SQLite keeps much of a definition.
//! - `datatypes`, `codec`: declared types and affinities, and cells to and from storage classes.
//! - `content`: a scan that decides types by what a column really holds.
//! - `schema`, `check`: the catalog and the findings.
//! - `snapshot`: reading chunks. `load`, `ledger`: writing them with their records.
//! - `ddl`: definitions for the target.
//! - [`endpoint`]: the seam of `dbferry_core` over all of this.
//!
//! What is deliberately not here: capture of changes (SQLite has no log that another process can
//! read), virtual tables, attached and temporary databases.

mod check;
mod codec;
pub mod config;
mod connect;
mod content;
mod datatypes;
mod ddl;
mod dialect;
pub mod endpoint;
mod fault;
mod filter;
mod ledger;
mod load;
mod schema;
mod snapshot;
mod task;

pub use config::SqliteConfig;
pub use endpoint::SqliteEndpoint;

/// The family of this connector.
pub const FAMILY: dbferry_core::Family = dbferry_core::Family("sqlite");

/// The one schema of a SQLite file.
pub const SCHEMA: &str = "main";
