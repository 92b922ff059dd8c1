//! Definitions: written, translated, carried out.
//!
//! - `translate` puts a definition of another server into this one's terms, and `definition`
//!   writes it as SQL. Both are pure.
//! - `create` makes and empties tables, `complete` adds what the load did without, `objects`
//!   makes views, routines, triggers and the like. Each looks at what is there first: after a
//!   crash nobody knows whether the last statement took effect.
//!
//! All of it runs in sessions of purpose *define*, where the foreign keys of other tables do not
//! stand in the way.

pub mod complete;
pub mod create;
pub mod definition;
pub mod objects;
pub mod translate;

use dbferry_core::{Code, Error};

use crate::wire;

/// The error of a definition that a server did not accept: what has no code of its own is
/// `DefinitionRefused` here.
fn refused(error: wire::Error, object: &impl std::fmt::Display) -> Error {
    let from_server = error.server().is_some();
    let error = Error::from(error);
    let unsorted = from_server && error.code() == Code::ServerError && !error.is_transient();
    match unsorted {
        true => Error::definite(Code::DefinitionRefused, error.to_string()).with_object(object),
        false => error.with_object(object),
    }
}

/// The number of a server's error.
fn number(error: &wire::Error) -> Option<u16> {
    error.server().map(|server| server.code)
}
