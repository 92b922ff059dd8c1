//! What the rules come to once they are applied to a catalog.
//!
//! A [`Resolution`] answers, for one task, which tables take part, what each becomes on the
//! target, and where every target cell comes from. It holds no rules any more: the engine reads
//! it and never asks why.

use std::collections::BTreeSet;
use std::sync::Arc;

use dbferry_core::catalog::{Schema, Table};
use dbferry_core::filter::Filter;
use dbferry_core::{DataType, Finding, KeyCells, ObjectKind, ObjectName, StoredObject, TableName};

use crate::expression::{Expression, Input};

/// Everything that a task moves, and what it leaves out.
#[derive(Debug, Clone, Default)]
pub struct Resolution {
    /// The selected tables, highest load order first, then by source name.
    pub tables: Vec<TableMapping>,
    /// The schemas that the target needs, under their target names, their defaults still in the
    /// source's terms. Where several source schemas become one, the first gives the defaults.
    pub schemas: Vec<Schema>,
    /// Source and target name of every schema that takes part, by source name.
    pub schema_names: Vec<(String, String)>,
    /// The views, routines, triggers and the like that go along, every name mapped, still in the
    /// source's dialect; in the catalog's order.
    pub objects: Vec<StoredObject>,
    /// What stays behind, and why; in the catalog's order, tables first.
    pub unselected: Vec<Unselected>,
    /// Whatever deserves a look before the task starts.
    pub findings: Vec<Finding>,
}

impl Resolution {
    /// The mapping of the source table of this name.
    pub fn table(&self, source: &TableName) -> Option<&TableMapping> {
        self.tables
            .iter()
            .find(|table| table.source.name == *source)
    }
}

/// Something of the catalog that is not moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unselected {
    /// What it is; `None` is a table.
    pub kind: Option<ObjectKind>,
    /// Its name on the source.
    pub name: ObjectName,
    /// Why it stays behind.
    pub reason: Reason,
}

/// Why something stays behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// No rule includes it.
    NotIncluded,
    /// This rule excludes it.
    Excluded {
        /// The rule's id.
        rule: u64,
    },
    /// It needs something that stays behind.
    Needs(ObjectName),
    /// It needs a column that is left out.
    NeedsColumn {
        /// The source table.
        table: TableName,
        /// Its column.
        column: String,
    },
}

impl std::fmt::Display for Reason {
    /// For people: completes "left out: ".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotIncluded => f.write_str("no rule includes it"),
            Self::Excluded { rule } => write!(f, "rule {rule} excludes it"),
            Self::Needs(name) => write!(f, "it needs {name}, which is not migrated"),
            Self::NeedsColumn { table, column } => {
                write!(
                    f,
                    "it needs column {column:?} of {table}, which is left out"
                )
            }
        }
    }
}

/// One selected table: what it is, what it becomes, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct TableMapping {
    /// The table as the source's catalog describes it.
    pub source: Table,
    /// The table with names, columns, keys and references mapped, still in the source's terms. A
    /// column whose type was changed or that was added has no declared type.
    pub mapped: Table,
    /// Where the cells of the written columns come from, in the order of the mapped columns.
    /// Columns that the target fills by itself (generated ones, added ones without an
    /// expression, before-image columns) are not among them.
    pub columns: Vec<ColumnMapping>,
    /// Before-image columns, which only changes fill: target position and source position.
    pub before_images: Vec<(usize, usize)>,
    /// Which rows take part.
    pub filter: Option<Filter>,
    /// Higher starts earlier; `None` starts after every table that has one.
    pub load_order: Option<u32>,
    /// How the user wants the table cut.
    pub parallel_load: Option<ParallelLoad>,
    /// How the user wants large values carried. Values are always carried whole.
    pub lob: Option<LobSettings>,
    /// Columns that are compared in a way of their own.
    pub validation_overrides: Vec<ValidationOverride>,
}

impl TableMapping {
    /// The positions of the source columns that expressions look at, ascending, each once. They
    /// have to be read, in canonical form, whether they are written or not.
    pub fn columns_for_expressions(&self) -> Vec<usize> {
        let looked_at = self.columns.iter();
        let looked_at = looked_at.flat_map(ColumnMapping::expression_columns);
        looked_at.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether the cells of this source column must be read in canonical form, because an
    /// expression or a mask looks at them.
    pub fn needs_canonical(&self, source_column: usize) -> bool {
        self.columns.iter().any(|column| {
            (column.mask.is_some() && column.source_column() == Some(source_column))
                || column
                    .expression_columns()
                    .any(|index| index == source_column)
        })
    }

    /// Whether every written cell is a source cell as it was read.
    pub fn copies_cells(&self) -> bool {
        self.columns
            .iter()
            .all(|column| column.mask.is_none() && column.source_column().is_some())
    }
}

/// One written column of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMapping {
    /// The position in [`TableMapping::mapped`]'s columns.
    pub target: usize,
    /// Where its cells come from.
    pub origin: ColumnOrigin,
    /// What is done to its values so that they give nothing away.
    pub mask: Option<Mask>,
}

impl ColumnMapping {
    /// The position of the source column that is copied.
    pub fn source_column(&self) -> Option<usize> {
        match &self.origin {
            ColumnOrigin::Source(index) => Some(*index),
            ColumnOrigin::Expression(_) => None,
        }
    }

    /// The type whose canonical text the cells hold when they are in canonical form.
    pub fn data_type<'a>(&'a self, table: &'a TableMapping) -> &'a DataType {
        match &self.origin {
            ColumnOrigin::Source(index) => &table.source.columns[*index].data_type,
            ColumnOrigin::Expression(_) => &table.mapped.columns[self.target].data_type,
        }
    }

    /// The positions of the source columns that the expression looks at.
    fn expression_columns(&self) -> impl Iterator<Item = usize> {
        let inputs: &[Input] = match &self.origin {
            ColumnOrigin::Source(_) => &[],
            ColumnOrigin::Expression(computed) => &computed.inputs,
        };
        inputs.iter().filter_map(Input::column)
    }
}

/// Where the cells of a written column come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnOrigin {
    /// The source column at this position.
    Source(usize),
    /// An expression over the row.
    Expression(Computed),
}

/// An expression bound to the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Computed {
    /// The expression.
    pub expression: Arc<Expression>,
    /// What each of its parameters is, in [`Expression::references`] order.
    pub inputs: Vec<Input>,
}

/// What is done to a value so that it gives nothing away. NULL stays NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// Every digit becomes this printable ASCII character.
    Digits(u8),
    /// Every digit becomes a random one; numbers stay within their type.
    RandomDigits,
    /// The value becomes its SHA-256 digest, 64 upper-case hexadecimal digits, unsalted.
    Hash,
}

/// How the user wants a table cut for a parallel load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParallelLoad {
    /// One segment.
    None,
    /// One segment per partition.
    PartitionsAuto,
    /// One segment for each of these partitions. Partitions that the rule does not name stand at
    /// the end of the list: no row is left behind.
    Partitions(Vec<String>),
    /// Ranges of keys.
    Ranges {
        /// Source columns.
        columns: Vec<String>,
        /// Ascending upper bounds in canonical text, each with as many cells as there are
        /// columns. A last, open range takes the rest.
        boundaries: Vec<KeyCells>,
    },
}

/// How the user wants large values carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LobSettings {
    /// The mode.
    pub mode: LobMode,
    /// The size up to which a value goes with its row, in KiB; 0 is none.
    pub bulk_max_kib: u32,
}

/// The modes of carrying large values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobMode {
    /// With the row, longer ones cut. dbferry never cuts.
    Limited,
    /// Whole.
    Unlimited,
    /// As the task says.
    None,
}

/// A column that validation compares through functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationOverride {
    /// The position of the source column.
    pub source_column: usize,
    /// SQL for the source with `${column-name}` in place of the column.
    pub source_function: String,
    /// SQL for the target with `${column-name}` in place of the column.
    pub target_function: String,
}
