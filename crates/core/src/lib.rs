//! The vocabulary of dbferry: what every other crate speaks, without any input or output.
//!
//! From the bottom up:
//!
//! - [`name`], [`data_type`], [`catalog`], [`filter`]: what a database contains.
//! - [`row`]: rows in transit, as cells of text in one buffer; [`float`]: the text of a float.
//! - [`error`], [`finding`]: what goes wrong, and what a check sees.
//! - [`address`]: where a database is, as the user writes it.
//! - [`endpoint`], [`source`], [`target`]: the seam. Connectors implement it, the engine works
//!   against it alone. It is object-safe: one dynamic call and one boxed future per batch.
//! - [`state`]: the one small trait behind which stored state lies.
//!
//! There is no driver, no async runtime and no file system here, and no name of a database
//! decides anything: whatever one family alone understands travels as text of its dialect.

pub mod address;
pub mod catalog;
pub mod data_type;
pub mod endpoint;
pub mod error;
pub mod filter;
pub mod finding;
pub mod float;
pub mod name;
pub mod row;
pub mod secret;
pub mod source;
pub mod state;
pub mod target;

pub use address::EndpointAddress;
pub use catalog::{Catalog, CatalogScope, Column, ObjectKind, StoredObject, Table};
pub use data_type::DataType;
pub use endpoint::{Capabilities, Endpoint, NameCase, Role};
pub use error::{Class, Code, Error, ErrorReport};
pub use finding::{Finding, Severity};
pub use name::{Family, ObjectName, TableName, TaskId};
pub use row::{CellForm, RowBatch};
pub use secret::Secret;
pub use source::{Chunk, ColumnRead, Fetched, KeyCells, KeyRange, Source, TableRead, TableReader};
pub use target::{
    ColumnLoad, ExistingTable, KeyTiming, Loader, SegmentRecord, TableLoad, TableStatements,
    Target, Translation,
};
