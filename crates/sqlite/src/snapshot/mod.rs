//! Reading tables: chunks by key, each in a read transaction of its own.
//!
//! [`range`] writes the statements, [`reader`] runs them, [`split`] finds keys that cut a table
//! into parts. A key is walked in the order of its own collations; SQLite's order of storage
//! classes (NULL, numbers, text, blobs) is total, so a column of mixed classes is walked like any
//! other.

pub(crate) mod range;
pub(crate) mod reader;
pub(crate) mod split;
