//! Table mappings and task settings: what AWS DMS calls by these names, read, checked, and
//! resolved against a catalog.
//!
//! From the outside in:
//!
//! - [`TableMappings::parse`] reads the rules of a task from DMS's JSON and reports every fault
//!   with line, column and rule. [`shortcuts`] writes the same JSON from command-line options.
//! - [`TaskSettings::parse`] does so for the settings; [`TaskSettings::resolve`] leaves nothing
//!   open.
//! - [`resolve()`] applies the rules to a catalog. Its [`Resolution`] says for every table what
//!   it becomes on the target and where each cell comes from, for every other object how its text
//!   reads under the new names, and for everything else why it stays behind.
//! - [`RowTransform`] does to rows what a [`TableMapping`] says.
//!
//! The crate is pure: no connection, no file, no async runtime. It contains SQLite, not as a
//! database but as the evaluator of expressions, whose syntax DMS defines as SQLite's; see
//! [`expression`].
//!
//! Where dbferry departs from DMS, `docs/mappings.md` and `docs/settings.md` say so. The rule
//! behind all departures: nothing is lost or changed without a word.

mod dms_type;
mod document;
pub mod expression;
mod parse;
mod pattern;
mod problem;
pub mod resolution;
mod resolve;
mod rewrite;
pub mod rules;
#[cfg(test)]
mod sample;
pub mod settings;
pub mod shortcuts;
mod transform;

pub use dms_type::DmsType;
pub use pattern::Pattern;
pub use problem::{Problem, Problems};
pub use resolution::{
    ColumnMapping, ColumnOrigin, Computed, LobMode, LobSettings, Mask, ParallelLoad, Reason,
    Resolution, TableMapping, Unselected, ValidationOverride,
};
pub use resolve::{ResolveOptions, resolve};
pub use rewrite::Dialect;
pub use rules::TableMappings;
pub use settings::{
    ResolvedSettings, RetryPolicy, RowErrorPolicy, TableErrorPolicy, TablePreparation, TaskSettings,
};
pub use shortcuts::Shortcuts;
pub use transform::{RowFault, RowTransform, Verdict};
