//! Loading: rows into tables, each chunk proved and committed with its record.
//!
//! | module | what |
//! |---|---|
//! | [`plan`] | the statements of a table, and the way of each column |
//! | [`data`] | rows as the data of `LOAD DATA` |
//! | [`insert`] | rows as `INSERT`, where `LOAD DATA` is off |
//! | [`verdict`] | whether the server took every row as it was sent, and if not, which |
//! | [`ledger`] | the segments' records |
//! | [`loader`] | one connection that loads |
//!
//! # A transaction
//!
//! 1. `begin` remembers the table. Nothing is sent: the session has autocommit off.
//! 2. `write` encodes rows into the send buffer of one `LOAD DATA LOCAL INFILE`, which the first
//!    row opens.
//! 3. `commit` ends the statement, proves it ([`verdict`]), writes the segment's record, guarded
//!    by its version, and commits. `rollback` takes all of it back.
//!
//! A chunk without rows costs the record alone.
//!
//! # Why it is exact
//!
//! `LOCAL` has the semantics of `IGNORE`: a value that does not fit is changed, a row whose key
//! exists is skipped, and both are mere warnings. So nothing is taken on trust: the number of
//! rows inserted must be the number sent, and there must be no warning. One warning is expected,
//! the error value of an ENUM, and only in the rows and columns where one was sent; and one is
//! nobody's loss, a result that the server computes and rounds as it did on the source. `INSERT` is
//! sent with `IGNORE` too, so that both paths are proved by the same code, and tell the row.
//!
//! # Why it is fast
//!
//! The server's work is what a load takes: parsing a row, and inserting it into the tree. Measured
//! as the server's own CPU time for sysbench rows of 190 bytes (MariaDB 10.11, MySQL 9.7; two
//! shared cores of a busy machine, so good for comparison only):
//!
//! | | MariaDB | MySQL |
//! |---|---|---|
//! | `LOAD DATA`, `CHARACTER SET binary` | 4.8 µs | 5.5 µs |
//! | the same, `CHARACTER SET utf8mb4` | 5.0 µs | 6.0 to 7.5 µs |
//! | the same, `unique_checks = 0` | 10 µs | 5.4 to 6.0 µs |
//! | the same, `foreign_key_checks = 1` | 4.7 µs | 5.7 µs |
//! | `INSERT` of a megabyte | 8.8 µs | 10.5 µs |
//!
//! * `LOAD DATA` over `INSERT`: no SQL to parse. One statement per transaction, and large
//!   transactions: each commit is a synchronisation of log and binary log.
//! * Rows come in key order, so the tree grows at its right edge and pages fill up.
//! * `unique_checks` stays on. Off, InnoDB may store a duplicate in a secondary unique key
//!   without a word, and MariaDB takes another path that locks the table for one loader and
//!   sorts the rows first. It saves nothing: large tables are loaded without secondary keys, and
//!   the primary key is always checked.
//! * Foreign keys are not checked, since parents may come later, not for speed.
//!
//! # Tables that number their rows
//!
//! With `innodb_autoinc_lock_mode` below 2, the default of MariaDB, a `LOAD DATA` locks a table
//! with an `AUTO_INCREMENT` column for its whole length, so several loaders of such a table take
//! turns. Statements are kept short there, or one loader would wait for another until its lock
//! wait ends. It is worth more to load several tables at once.
//!
//! # Tables without transactions
//!
//! MyISAM, Aria, MEMORY and the like keep what they were given, whatever becomes of the
//! transaction. [`rolls_back`] tells them; the engine loads such a table in one piece and starts
//! it anew after an interruption.

pub mod data;
pub mod insert;
pub mod ledger;
pub mod loader;
pub mod plan;
pub mod verdict;

use dbferry_core::Table;

/// Engines with transactions. Whatever else there may be is taken to have none.
const TRANSACTIONAL: &[&str] = &["InnoDB", "ROCKSDB", "NDB", "NDBCLUSTER", "TokuDB"];

/// Whether a load into this table can be rolled back. A table that names no engine gets the
/// server's default, which is InnoDB wherever a migration makes sense.
pub fn rolls_back(table: &Table) -> bool {
    table.option("ENGINE").is_none_or(|engine| {
        TRANSACTIONAL
            .iter()
            .any(|known| known.eq_ignore_ascii_case(engine))
    })
}
