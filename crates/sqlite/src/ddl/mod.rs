//! Definitions for the target.
//!
//! [`translate`] puts tables of other families into SQLite's terms, [`render`] writes statements,
//! [`apply`] runs them. A table that comes from SQLite unchanged gets the very statement that its
//! source has; as soon as a name, a type or a clause differs, the statement is written anew from
//! the structure.

pub(crate) mod apply;
pub(crate) mod foreign;
pub(crate) mod render;
pub(crate) mod translate;
