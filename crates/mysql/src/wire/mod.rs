//! The MySQL protocol, as a connection that reads and writes at the speed of the socket.
//!
//! This is our own client because the hot paths of a migration are two: rows coming in and rows
//! going out. A driver for applications allocates per row and per value; here a row is copied once,
//! from the read buffer into a [`dbferry_core::RowBatch`], and a load is encoded once, into the
//! buffer that is written. The change reader uses the same connection for raw packets.
//! `mysql_common` gives the constants, the password scrambles and the RSA arithmetic.
//!
//! # Layers
//!
//! | layer | modules | knows |
//! |---|---|---|
//! | calls | `connection`, `query`, `stream`, `load`, `raw` | statements and their answers |
//! | exchange | `exchange` | one command, its payloads, the state between calls |
//! | bytes | `transport`, `tls` | sockets, encryption, time limits |
//! | formats | `frame`, `packet`, `rows`, `handshake`, `auth`, `public_key` | bytes to values, no I/O |
//! | errors | `error`, `server_errors` | what went wrong, and what it means |
//!
//! # The life of a connection
//!
//! 1. Connect, and read the greeting (`handshake`).
//! 2. Where wanted and offered, ask for TLS and encrypt everything from here (`tls`).
//! 3. Answer the greeting, and authenticate (`auth`).
//! 4. One call at a time: [`Connection::query`], [`Connection::execute`], a stream, a load, raw
//!    packets. `connection` lists the states between calls.
//! 5. [`Connection::close`], or drop it.
//!
//! # What it does not do
//!
//! No pool, no retries, no prepared statements, no compression, no several statements in one call.
//! It never opens a local file. Text results only: text is lossless for every type once the select
//! list is written with care, which is the business of the codecs.
//!
//! # Compatibility
//!
//! MySQL 5.7 and later, MariaDB 10.2 and later, Aurora MySQL: servers with authentication plugins.
//! The session speaks `utf8mb4`, and reports *matched* rows of updates. MariaDB is spoken to as
//! MySQL, without its extended capabilities.
//!
//! # Debugging
//!
//! A protocol error names the rule that was broken. `ssldump` and Wireshark decode plain sessions;
//! [`TlsMode::Disabled`] on a test server makes one.

mod auth;
mod connection;
mod error;
mod exchange;
mod frame;
mod handshake;
mod load;
mod options;
mod packet;
mod public_key;
mod query;
mod raw;
mod rows;
mod server_errors;
mod stream;
mod tls;
mod transport;

pub use connection::Connection;
pub use error::{Error, Result, ServerError, Step};
pub use handshake::{ServerGreeting, TlsSession};
pub use load::LOAD_PACKET_BYTES;
pub use mysql_common::constants::{ColumnFlags, ColumnType, StatusFlags};
pub use options::{ConnectOptions, DEFAULT_PORT, TlsMode, TlsOptions};
pub use packet::{Column, Outcome};
pub use query::{ColumnIndex, ResultSet, Row};
pub use rows::BatchLimits;
pub use stream::{Discarded, FetchStatus};
