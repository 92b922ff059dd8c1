//! Writing: the half of the seam that rows go to.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::{Schema, StoredObject, Table};
use crate::data_type::DataType;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::finding::Finding;
use crate::name::{Family, TableName, TaskId};
use crate::row::{CellForm, RowBatch};
use crate::source::{KeyCells, KeyRange};

/// A database that rows are written to.
///
/// Every method that defines something is safe to repeat: it looks at what is there first, since
/// after a crash nobody knows whether the last statement took effect.
#[async_trait]
pub trait Target: Endpoint {
    /// Puts a table of another server into this target's own terms: its types, character sets,
    /// collations, options. Pure; every deviation that a user could care about is a finding, and
    /// what has no counterpart is one of severity error.
    fn translate(&self, table: &Table, from: Family) -> Translation<Table>;

    /// The same for a schema.
    fn translate_schema(&self, schema: &Schema, from: Family) -> Translation<Schema>;

    /// The same for a view, routine, trigger or the like, whose names have been mapped already.
    /// A text in a foreign dialect is refused.
    fn translate_object(&self, object: &StoredObject, from: Family) -> Translation<StoredObject>;

    /// The statements that [`Target::create_table`], [`Target::complete_table`] and
    /// [`Target::add_foreign_keys`] would run, for people to read.
    fn definition(&self, table: &Table, keys: KeyTiming) -> TableStatements;

    /// Whether a load into this table can be rolled back. Where it cannot, as with an engine
    /// without transactions, the engine starts the table anew after an interruption.
    fn rolls_back(&self, table: &Table) -> bool;

    /// Tells which of these tables exist, and whether they hold rows.
    ///
    /// # Errors
    /// What the connection brings.
    async fn existing(&self, tables: &[TableName]) -> Result<Vec<ExistingTable>, Error>;

    /// Creates a schema unless it exists.
    ///
    /// # Errors
    /// `PrivilegeMissing`, `DefinitionRefused`.
    async fn create_schema(&self, schema: &Schema) -> Result<(), Error>;

    /// Creates a table with the keys that `keys` asks for, without triggers. An existing table of
    /// the same name is an error.
    ///
    /// # Errors
    /// `PrivilegeMissing`, `DefinitionRefused`, `TargetNotEmpty`.
    async fn create_table(&self, table: &Table, keys: KeyTiming) -> Result<(), Error>;

    /// Drops a table, rows and all, whatever refers to it; no error when it does not exist.
    ///
    /// # Errors
    /// `PrivilegeMissing`.
    async fn drop_table(&self, table: &TableName) -> Result<(), Error>;

    /// Empties a table, whatever refers to it.
    ///
    /// # Errors
    /// `PrivilegeMissing`, `ObjectMissing`.
    async fn empty_table(&self, table: &TableName) -> Result<(), Error>;

    /// Adds whatever the loaded table still lacks of its own definition: secondary indexes,
    /// checks, the auto-increment value; in as few passes over its rows as the database allows.
    /// Foreign keys come later, with [`Target::add_foreign_keys`], since they need the keys of
    /// other tables.
    ///
    /// # Errors
    /// `DuplicateKey` when rows collide in a unique key, `DefinitionRefused`.
    async fn complete_table(&self, table: &Table) -> Result<(), Error>;

    /// Adds the foreign keys that the table still lacks, without a pass over its rows where the
    /// database allows. Called when every table is complete.
    ///
    /// # Errors
    /// `DefinitionRefused`.
    async fn add_foreign_keys(&self, table: &Table) -> Result<(), Error>;

    /// Creates a view, routine, trigger or the like unless an equal one exists.
    ///
    /// # Errors
    /// `DefinitionRefused` with the server's reason, `PrivilegeMissing`.
    async fn create_object(&self, object: &StoredObject) -> Result<(), Error>;

    /// Opens a loader with a connection of its own, writing for this task.
    ///
    /// # Errors
    /// What the connection brings.
    async fn loader(&self, task: &TaskId) -> Result<Box<dyn Loader>, Error>;

    /// Reads what the target itself remembers of the task's load; makes the place for it when
    /// there is none.
    ///
    /// # Errors
    /// `PrivilegeMissing`.
    async fn ledger(&self, task: &TaskId) -> Result<Vec<SegmentRecord>, Error>;

    /// Forgets segments of a table, so that it can be loaded anew.
    ///
    /// # Errors
    /// What the connection brings.
    async fn forget_segments(&self, task: &TaskId, table: &TableName) -> Result<(), Error>;

    /// Removes what the target remembers of the task, and the place for it when nobody else
    /// uses it.
    ///
    /// # Errors
    /// What the connection brings.
    async fn forget_task(&self, task: &TaskId) -> Result<(), Error>;
}

/// One connection that loads chunks, used by one worker.
///
/// The calls come as `begin`, any number of `write`, then `commit` or `rollback`. After an error
/// other than of `begin` only `rollback` may follow; after an error of class transient the loader
/// is not used again.
#[async_trait]
pub trait Loader: Send {
    /// Opens a transaction for rows of one segment of a table.
    ///
    /// # Errors
    /// What the connection brings.
    async fn begin(&mut self, load: &Arc<TableLoad>) -> Result<(), Error>;

    /// Writes rows.
    ///
    /// # Errors
    /// `ValueRefused`, `DuplicateKey` and the like, naming column and key of the row where the
    /// server tells them.
    async fn write(&mut self, batch: &RowBatch) -> Result<(), Error>;

    /// Makes the rows and the segment's record durable in one transaction, after proving that
    /// every row was taken as it was sent: anything that the server skipped, cut or changed is an
    /// error.
    ///
    /// `record.version` must follow the stored one by exactly one.
    ///
    /// # Errors
    /// As `write`; `StateConflict` when another worker has written the segment's record; after an
    /// error of class transient it is unknown whether the commit took effect, and
    /// [`Target::ledger`] tells.
    async fn commit(&mut self, record: &SegmentRecord) -> Result<(), Error>;

    /// Gives the transaction up.
    ///
    /// # Errors
    /// What the connection brings; the server then rolls back by itself.
    async fn rollback(&mut self) -> Result<(), Error>;
}

/// An object in the target's own terms, and what was noticed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation<T> {
    /// The object.
    pub object: T,
    /// What differs, and what has no counterpart.
    pub findings: Vec<Finding>,
}

/// When secondary keys are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyTiming {
    /// With the table: right for small tables, where a second statement costs more than it saves.
    WithTable,
    /// When the rows are in: one sort instead of many inserts.
    AfterLoad,
}

/// The statements that define a table, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TableStatements {
    /// Run before the load.
    pub create: Vec<String>,
    /// Run after it.
    pub complete: Vec<String>,
}

/// A table that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingTable {
    /// Its name as asked for.
    pub name: TableName,
    /// Whether it holds a row.
    pub has_rows: bool,
}

/// What is loaded into a table, the same for all of its segments.
#[derive(Debug, Clone, PartialEq)]
pub struct TableLoad {
    /// The table in the target's own terms.
    pub table: Table,
    /// What the cells of a batch are, in cell order.
    pub columns: Vec<ColumnLoad>,
}

impl TableLoad {
    /// The described column behind the cell at `index`.
    pub fn column(&self, index: usize) -> &crate::catalog::Column {
        &self.table.columns[self.columns[index].column]
    }
}

/// Where the cells of one position go.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnLoad {
    /// The position in the table's columns.
    pub column: usize,
    /// How the cells are written.
    pub form: CellForm,
    /// The type whose canonical text the cells hold when the form is canonical: that of the
    /// source column, or of the computed value.
    pub data_type: DataType,
}

/// How far one segment of a table is loaded: what the target remembers, one row per segment.
///
/// A segment is a key range that one worker walks from its start to its end in chunks. Each chunk
/// moves `reached` on, in the transaction that holds the chunk's rows. So the record has constant
/// size however large the table, and a crash resumes at the chunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentRecord {
    /// The target table.
    pub table: TableName,
    /// The segment's number within its table, from 0.
    pub segment: u32,
    /// The keys of the segment.
    pub range: KeyRange,
    /// The partition that the segment reads, when it reads only one.
    pub partition: Option<String>,
    /// Rows up to this key are loaded; `None` before the first chunk.
    pub reached: Option<KeyCells>,
    /// Whether the segment is loaded to its end.
    pub done: bool,
    /// Rows loaded.
    pub rows: u64,
    /// Bytes of cells loaded.
    pub bytes: u64,
    /// Grows by one with every write of the record; the first has 1.
    pub version: u64,
}
