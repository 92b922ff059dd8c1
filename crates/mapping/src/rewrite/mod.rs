//! Texts of the source under the names of the target.
//!
//! Views, routines, triggers, checks and generated columns are text in the source's dialect, and
//! stay so; only the names in them change. No parser of a whole dialect is needed for that, and
//! none would be complete: `token.rs` tells names from literals and comments, `expression.rs`
//! replaces columns in texts that belong to one table, and `object.rs` follows names through
//! whole statements.
//!
//! The rule is to replace what is certain and to report what is not. Literals and comments are
//! never touched.

mod expression;
mod object;
mod token;

pub(crate) use expression::{Rewritten, columns};
pub(crate) use object::{Mentions, NameMap, Setting, object};
pub use token::Dialect;
pub(crate) use token::tokens;
