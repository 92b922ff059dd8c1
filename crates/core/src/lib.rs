//! The vocabulary of dbferry.
pub mod error;
pub mod row;
pub mod secret;

pub use error::{Class, Code, Error, ErrorReport};
pub use row::{CellForm, RowBatch};
pub use secret::Secret;
