//! Reading tables: chunks, the keys that bound them, and the rows as cells.
//!
//! A table is read in chunks. A chunk is one `SELECT` in autocommit: InnoDB gives every statement
//! a consistent view of its own, which ends with the last row, so no transaction is ever long.
//!
//! | module | what |
//! |---|---|
//! | [`select`] | the select list: one expression per column and cell form, and what is left to do to the cell here |
//! | [`keyset`] | the conditions that bound a chunk, in the server's own order of keys |
//! | [`filter`] | which rows take part |
//! | [`reader`] | one connection that reads chunk after chunk |
//! | [`split`] | keys that cut a table into about equal parts |
//!
//! # Why the server's order
//!
//! The order of keys is a matter of types and collations, and two servers may disagree. So no key
//! is ever compared here. The last key of a chunk goes back into the statement of the next one,
//! as a literal of the column's own type and charset, and the server compares it by the column's
//! own collation. Key cells come from the source and lie on the target in between, so every
//! literal is built from bytes that were looked at.

pub mod filter;
pub mod keyset;
pub mod reader;
pub mod select;
pub mod split;
