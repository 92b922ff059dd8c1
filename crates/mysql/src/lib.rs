//! Everything of the MySQL family: MySQL, MariaDB and Aurora MySQL as source and target.
//!
//! From the bottom up:
//!
//! - [`wire`]: the protocol, as a connection.
//! - [`dialect`], [`tokens`]: SQL text, written and read.
//! - [`config`], [`privileges`], [`server`], [`sessions`]: what the user chose, what the server
//!   is, and connections in a known state.
//! - [`datatypes`], [`schema`], [`ddl`]: definitions, read, translated and carried out.
//! - [`check`]: what would keep a server from serving.
//! - `codec`, [`snapshot`], [`load`]: cells to SQL and back, reading tables, writing rows.
//! - [`endpoint`]: all of it behind the seam.

pub mod check;
mod codec;
pub mod config;
pub mod datatypes;
pub mod ddl;
pub mod dialect;
pub mod endpoint;
pub mod load;
pub mod privileges;
pub mod retry;
pub mod schema;
pub mod server;
pub mod sessions;
pub mod snapshot;
pub mod tokens;
pub mod wire;

use dbferry_core::Family;

/// The family of MySQL, MariaDB and Aurora MySQL.
pub const FAMILY: Family = Family("mysql");
