//! A database in memory that implements both halves of the seam.
//!
//! It has tables with byte cells, transactions that hold the loaded rows back until they commit,
//! unique primary keys, and the target's ledger with its version guard. Faults fall at every call,
//! before or after its effect. What it does not have (types, dialects, indexes) the engine does
//! not look at.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use dbferry_core::catalog::{Column, Key, KeyKind, KeyPart, Schema, TableSize};
use dbferry_core::filter::Filter;
use dbferry_core::{
    Capabilities, Catalog, CatalogScope, Chunk, Code, DataType, Endpoint, Error, ExistingTable,
    Family, Fetched, Finding, KeyCells, KeyTiming, Loader, NameCase, Role, RowBatch, SegmentRecord,
    Source, StoredObject, Table, TableLoad, TableName, TableRead, TableReader, TableStatements,
    Target, TaskId, Translation,
};

use crate::faults::{Faults, give_way};

/// A row: one cell per column.
pub type Row = Vec<Option<Vec<u8>>>;

/// A database in memory. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryDatabase {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    capabilities: Capabilities,
    faults: Faults,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    tables: BTreeMap<TableName, MemoryTable>,
    objects: Vec<StoredObject>,
    ledger: BTreeMap<(TaskId, TableName, u32), SegmentRecord>,
    /// Rows that were ever committed, to catch work done twice.
    rows_committed: u64,
}

#[derive(Debug, Clone)]
struct MemoryTable {
    definition: Table,
    rows: Vec<Row>,
}

impl MemoryDatabase {
    /// Makes an empty database of this name.
    pub fn new(name: &str) -> Self {
        Self {
            shared: Arc::new(Shared {
                capabilities: Capabilities {
                    family: Family("memory"),
                    product: "memory".to_owned(),
                    server_identity: name.to_owned(),
                    loaders_max: 4,
                    readers_max: 4,
                    name_case: NameCase::Sensitive,
                    only_schema: None,
                },
                faults: Faults::none(),
                content: Mutex::default(),
            }),
        }
    }

    /// The faults of this database.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Makes a table with columns `id` and `value`, of which `id` is the key if `keyed`.
    pub fn add_table(&self, name: &TableName, keyed: bool, rows: Vec<Row>) {
        let mut definition = Table::new(name.clone());
        let binary = || DataType::VarBinary { length: None };
        definition.columns = vec![
            Column::new("id", binary(), "bytes"),
            Column::new("value", binary(), "bytes"),
        ];
        if keyed {
            definition.columns[0].nullable = false;
            definition.keys.push(Key {
                name: String::new(),
                kind: KeyKind::Primary,
                parts: vec![KeyPart::column("id")],
                visible: true,
                condition: None,
                comment: String::new(),
                options: Vec::new(),
            });
        }
        let bytes = rows
            .iter()
            .flatten()
            .flatten()
            .map(|cell| cell.len() as u64)
            .sum();
        definition.size = TableSize {
            rows: rows.len() as u64,
            data_bytes: bytes,
            index_bytes: 0,
        };
        self.lock()
            .tables
            .insert(name.clone(), MemoryTable { definition, rows });
    }

    /// Makes the catalog claim another size for a table, so that it is cut into more pieces.
    pub fn claim_size(&self, name: &TableName, size: TableSize) {
        if let Some(table) = self.lock().tables.get_mut(name) {
            table.definition.size = size;
        }
    }

    /// The rows of a table in key order; `None` when there is no such table.
    pub fn rows(&self, name: &TableName) -> Option<Vec<Row>> {
        let mut rows = self.lock().tables.get(name)?.rows.clone();
        rows.sort();
        Some(rows)
    }

    /// How many rows were ever committed, removed ones included.
    pub fn rows_committed(&self) -> u64 {
        self.lock().rows_committed
    }

    /// Segments that the ledger remembers.
    pub fn ledger_len(&self) -> usize {
        self.lock().ledger.len()
    }

    fn around<T>(&self, effect: impl FnOnce(&mut Content) -> Result<T, Error>) -> Result<T, Error> {
        self.shared.faults.around(|| effect(&mut self.lock()))
    }

    #[expect(
        clippy::unwrap_used,
        reason = "a poisoned lock fails the test, as it should"
    )]
    fn lock(&self) -> std::sync::MutexGuard<'_, Content> {
        self.shared.content.lock().unwrap()
    }
}

fn absent(table: &TableName) -> Error {
    Error::definite(Code::ObjectMissing, "no such table").with_object(table)
}

#[async_trait]
impl Endpoint for MemoryDatabase {
    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    async fn check(&self, _: Role, _: &CatalogScope) -> Result<Vec<Finding>, Error> {
        Ok(Vec::new())
    }

    async fn catalog(&self, _: &CatalogScope) -> Result<Catalog, Error> {
        let content = self.lock();
        let tables: Vec<_> = content
            .tables
            .values()
            .map(|table| table.definition.clone())
            .collect();
        let mut schemas: Vec<_> = tables
            .iter()
            .map(|table| Schema {
                name: table.name.schema.clone(),
                ..Schema::default()
            })
            .collect();
        schemas.dedup();
        Ok(Catalog {
            schemas,
            tables,
            objects: content.objects.clone(),
        })
    }

    async fn count_rows(&self, table: &TableName, _: Option<&Filter>) -> Result<u64, Error> {
        let content = self.lock();
        let table = content.tables.get(table).ok_or_else(|| absent(table))?;
        Ok(table.rows.len() as u64)
    }
}

#[async_trait]
impl Source for MemoryDatabase {
    fn walkable_key(&self, table: &Table) -> Option<Vec<usize>> {
        table.row_key()
    }

    async fn split(&self, read: &TableRead, pieces: usize) -> Result<Vec<KeyCells>, Error> {
        give_way().await;
        self.around(|content| {
            let table = content
                .tables
                .get(&read.table.name)
                .ok_or_else(|| absent(&read.table.name))?;
            let mut keys: Vec<_> = table.rows.iter().filter_map(|row| row[0].clone()).collect();
            keys.sort();
            let step = (keys.len() / pieces.max(1)).max(1);
            Ok(keys
                .chunks(step)
                .filter_map(|part| part.last())
                .map(|key| KeyCells(vec![key.clone()]))
                .collect())
        })
    }

    async fn reader(&self) -> Result<Box<dyn TableReader>, Error> {
        give_way().await;
        self.around(|_| Ok(()))?;
        Ok(Box::new(MemoryReader {
            database: self.clone(),
            left: Vec::new(),
        }))
    }
}

struct MemoryReader {
    database: MemoryDatabase,
    /// Rows still to deliver, last first.
    left: Vec<Row>,
}

#[async_trait]
impl TableReader for MemoryReader {
    async fn open(&mut self, read: &Arc<TableRead>, chunk: &Chunk) -> Result<(), Error> {
        give_way().await;
        let mut rows = self.database.around(|content| {
            let table = content
                .tables
                .get(&read.table.name)
                .ok_or_else(|| absent(&read.table.name))?;
            Ok(table.rows.clone())
        })?;
        if !read.key.is_empty() {
            rows.sort();
            rows.retain(|row| within(row, chunk));
        }
        if let Some(rows_max) = chunk.rows_max {
            rows.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
        }
        rows.reverse();
        self.left = rows;
        Ok(())
    }

    async fn fetch(&mut self, batch: &mut RowBatch, bytes_max: usize) -> Result<Fetched, Error> {
        give_way().await;
        self.database.around(|_| Ok(()))?;
        while let Some(row) = self.left.pop() {
            for cell in &row {
                match cell {
                    Some(cell) => batch.push(cell)?,
                    None => batch.push_null()?,
                }
            }
            if batch.byte_len() >= bytes_max {
                return Ok(Fetched::More);
            }
        }
        Ok(Fetched::End)
    }
}

fn within(row: &Row, chunk: &Chunk) -> bool {
    let key = row[0].as_deref().unwrap_or_default();
    let after = chunk
        .range
        .after
        .as_ref()
        .is_none_or(|after| key > after.0[0].as_slice());
    let until = chunk
        .range
        .until
        .as_ref()
        .is_none_or(|until| key <= until.0[0].as_slice());
    after && until
}

#[async_trait]
impl Target for MemoryDatabase {
    fn translate(&self, table: &Table, _: Family) -> Translation<Table> {
        Translation {
            object: table.clone(),
            findings: Vec::new(),
        }
    }

    fn translate_schema(&self, schema: &Schema, _: Family) -> Translation<Schema> {
        Translation {
            object: schema.clone(),
            findings: Vec::new(),
        }
    }

    fn translate_object(&self, object: &StoredObject, _: Family) -> Translation<StoredObject> {
        Translation {
            object: object.clone(),
            findings: Vec::new(),
        }
    }

    fn definition(&self, table: &Table, _: KeyTiming) -> TableStatements {
        TableStatements {
            create: vec![format!("make {}", table.name)],
            complete: Vec::new(),
        }
    }

    /// Tables whose names begin with `heap` keep what was written when a load is given up.
    fn rolls_back(&self, table: &Table) -> bool {
        !table.name.name.starts_with("heap")
    }

    async fn existing(&self, tables: &[TableName]) -> Result<Vec<ExistingTable>, Error> {
        let content = self.lock();
        Ok(tables
            .iter()
            .filter_map(|name| {
                let table = content.tables.get(name)?;
                Some(ExistingTable {
                    name: name.clone(),
                    has_rows: !table.rows.is_empty(),
                })
            })
            .collect())
    }

    async fn create_schema(&self, _: &Schema) -> Result<(), Error> {
        Ok(())
    }

    async fn create_table(&self, table: &Table, _: KeyTiming) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            if content.tables.contains_key(&table.name) {
                return Err(Error::definite(Code::TargetNotEmpty, "the table exists"));
            }
            let created = MemoryTable {
                definition: table.clone(),
                rows: Vec::new(),
            };
            content.tables.insert(table.name.clone(), created);
            Ok(())
        })
    }

    async fn drop_table(&self, table: &TableName) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            content.tables.remove(table);
            Ok(())
        })
    }

    async fn empty_table(&self, table: &TableName) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            content
                .tables
                .get_mut(table)
                .ok_or_else(|| absent(table))?
                .rows
                .clear();
            Ok(())
        })
    }

    async fn complete_table(&self, table: &Table) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            content
                .tables
                .get(&table.name)
                .map(|_| ())
                .ok_or_else(|| absent(&table.name))
        })
    }

    async fn add_foreign_keys(&self, _: &Table) -> Result<(), Error> {
        give_way().await;
        self.around(|_| Ok(()))
    }

    async fn create_object(&self, object: &StoredObject) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            if !content.objects.contains(object) {
                content.objects.push(object.clone());
            }
            Ok(())
        })
    }

    async fn loader(&self, task: &TaskId) -> Result<Box<dyn Loader>, Error> {
        give_way().await;
        self.around(|_| Ok(()))?;
        Ok(Box::new(MemoryLoader {
            database: self.clone(),
            task: task.clone(),
            open: None,
        }))
    }

    async fn ledger(&self, task: &TaskId) -> Result<Vec<SegmentRecord>, Error> {
        give_way().await;
        self.around(|content| {
            let records = content
                .ledger
                .iter()
                .filter(|((owner, ..), _)| owner == task);
            Ok(records.map(|(_, record)| record.clone()).collect())
        })
    }

    async fn forget_segments(&self, task: &TaskId, table: &TableName) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            content
                .ledger
                .retain(|(owner, name, _), _| owner != task || name != table);
            Ok(())
        })
    }

    async fn forget_task(&self, task: &TaskId) -> Result<(), Error> {
        give_way().await;
        self.around(|content| {
            content.ledger.retain(|(owner, ..), _| owner != task);
            Ok(())
        })
    }
}

struct MemoryLoader {
    database: MemoryDatabase,
    task: TaskId,
    open: Option<OpenLoad>,
}

struct OpenLoad {
    table: TableName,
    keyed: bool,
    rolls_back: bool,
    rows: Vec<Row>,
}

#[async_trait]
impl Loader for MemoryLoader {
    async fn begin(&mut self, load: &Arc<TableLoad>) -> Result<(), Error> {
        give_way().await;
        self.database.around(|_| Ok(()))?;
        self.open = Some(OpenLoad {
            table: load.table.name.clone(),
            keyed: load.table.row_key().is_some(),
            rolls_back: self.database.rolls_back(&load.table),
            rows: Vec::new(),
        });
        Ok(())
    }

    async fn write(&mut self, batch: &RowBatch) -> Result<(), Error> {
        give_way().await;
        let Some(open) = &mut self.open else {
            return Err(not_begun());
        };
        let rows = (0..batch.rows()).map(|row| {
            batch
                .row(row)
                .map(|cell| cell.map(<[u8]>::to_vec))
                .collect::<Row>()
        });
        let rows: Vec<_> = rows.collect();
        self.database.around(|content| {
            if open.rolls_back {
                open.rows.extend(rows);
            } else {
                insert(content, &open.table, open.keyed, rows)?;
            }
            Ok(())
        })
    }

    async fn commit(&mut self, record: &SegmentRecord) -> Result<(), Error> {
        give_way().await;
        let Some(open) = self.open.take() else {
            return Err(not_begun());
        };
        let key = (self.task.clone(), record.table.clone(), record.segment);
        self.database.around(|content| {
            let stored = content.ledger.get(&key).map_or(0, |stored| stored.version);
            if stored + 1 != record.version {
                return Err(Error::definite(
                    Code::StateConflict,
                    "another version is stored",
                ));
            }
            insert(content, &open.table, open.keyed, open.rows)?;
            content.ledger.insert(key, record.clone());
            Ok(())
        })
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.open = None;
        Ok(())
    }
}

fn insert(
    content: &mut Content,
    name: &TableName,
    keyed: bool,
    rows: Vec<Row>,
) -> Result<(), Error> {
    let table = content.tables.get_mut(name).ok_or_else(|| absent(name))?;
    let mut together = table.rows.clone();
    together.extend_from_slice(&rows);
    together.sort();
    if keyed && together.windows(2).any(|pair| pair[0][0] == pair[1][0]) {
        return Err(Error::definite(Code::DuplicateKey, "two rows have one key").with_object(name));
    }
    table.rows = together;
    content.rows_committed += rows.len() as u64;
    Ok(())
}

fn not_begun() -> Error {
    Error::definite(Code::Internal, "no load was begun")
}
