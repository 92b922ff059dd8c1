//! Files of a test's own, and a small migration through the seam.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dbferry_core::{
    CatalogScope, CellForm, Chunk, ColumnLoad, ColumnRead, Endpoint, Error, Fetched, KeyRange,
    KeyTiming, Loader, RowBatch, SegmentRecord, Source, Table, TableLoad, TableName, TableRead,
    Target, TaskId,
};
use dbferry_sqlite::{FAMILY, SqliteConfig, SqliteEndpoint};
use rusqlite::Connection;

/// A directory that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dbferry-sqlite-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Makes a database by a script.
    pub(crate) fn database(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path(name);
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        connection.execute_batch(script).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn source(path: impl AsRef<Path>) -> SqliteEndpoint {
    SqliteEndpoint::open(SqliteConfig::source(path.as_ref()))
        .await
        .unwrap()
}

pub(crate) async fn target(path: impl AsRef<Path>) -> SqliteEndpoint {
    SqliteEndpoint::open(SqliteConfig::target(path.as_ref()))
        .await
        .unwrap()
}

pub(crate) fn scope() -> CatalogScope {
    CatalogScope::default()
}

pub(crate) fn exact() -> CatalogScope {
    CatalogScope {
        exact_types: true,
        ..CatalogScope::default()
    }
}

pub(crate) fn name(table: &str) -> TableName {
    TableName::new("main", table)
}

pub(crate) fn task() -> TaskId {
    TaskId("test".to_owned())
}

/// Every column that is not computed, read in one form.
pub(crate) fn read_of(source: &SqliteEndpoint, table: &Table, form: CellForm) -> Arc<TableRead> {
    let columns: Vec<ColumnRead> = (0..table.columns.len())
        .filter(|&column| table.columns[column].generated.is_none())
        .map(|column| ColumnRead { column, form })
        .collect();
    let key = source.walkable_key(table).unwrap_or_default();
    let position = |column| {
        columns
            .iter()
            .position(|read| read.column == column)
            .unwrap()
    };
    Arc::new(TableRead {
        key: key.into_iter().map(position).collect(),
        columns: columns.clone(),
        table: table.clone(),
        filter: None,
    })
}

pub(crate) fn load_of(read: &TableRead, table: &Table) -> Arc<TableLoad> {
    let columns = read.columns.iter().map(|column| ColumnLoad {
        column: column.column,
        form: column.form,
        data_type: read.table.columns[column.column].data_type.clone(),
    });
    Arc::new(TableLoad {
        columns: columns.collect(),
        table: table.clone(),
    })
}

/// Reads a chunk to its end, in batches of about `bytes_max` bytes.
pub(crate) async fn read_chunk(
    source: &SqliteEndpoint,
    read: &Arc<TableRead>,
    chunk: &Chunk,
    bytes_max: usize,
) -> Result<Vec<RowBatch>, Error> {
    let mut reader = source.reader().await?;
    reader.open(read, chunk).await?;
    let mut batches = Vec::new();
    loop {
        let mut batch = RowBatch::new(read.columns.len());
        let fetched = reader.fetch(&mut batch, bytes_max).await?;
        batches.push(batch);
        if fetched == Fetched::End {
            return Ok(batches);
        }
    }
}

/// Every cell of a table, row after row.
pub(crate) async fn cells(
    source: &SqliteEndpoint,
    read: &Arc<TableRead>,
) -> Result<Vec<Option<Vec<u8>>>, Error> {
    let batches = read_chunk(source, read, &Chunk::default(), 1 << 16).await?;
    Ok(batches
        .iter()
        .flat_map(|batch| {
            batch
                .cells()
                .map(|cell| cell.map(<[u8]>::to_vec))
                .collect::<Vec<_>>()
        })
        .collect())
}

pub(crate) fn record(table: &TableName, version: u64, done: bool) -> SegmentRecord {
    SegmentRecord {
        table: table.clone(),
        segment: 0,
        range: KeyRange::default(),
        partition: None,
        reached: None,
        done,
        rows: 0,
        bytes: 0,
        version,
    }
}

/// Loads batches as one segment.
pub(crate) async fn load(
    loader: &mut dyn Loader,
    load: &Arc<TableLoad>,
    batches: &[RowBatch],
) -> Result<(), Error> {
    loader.begin(load).await?;
    for batch in batches {
        loader.write(batch).await?;
    }
    loader.commit(&record(&load.table.name, 1, true)).await
}

/// Migrates everything between two files, as the engine does.
pub(crate) async fn migrate(source: &SqliteEndpoint, target: &SqliteEndpoint) {
    let catalog = source.catalog(&scope()).await.unwrap();
    assert!(target.ledger(&task()).await.unwrap().is_empty());
    let mut tables = Vec::new();
    for table in &catalog.tables {
        let translation = target.translate(table, FAMILY);
        assert_eq!(translation.findings, []);
        let table = translation.object;
        target
            .create_table(&table, KeyTiming::AfterLoad)
            .await
            .unwrap();
        let read = read_of(source, table_of(&catalog.tables, &table), CellForm::Native);
        let mut loader = target.loader(&task()).await.unwrap();
        let batches = read_chunk(source, &read, &Chunk::default(), 4096)
            .await
            .unwrap();
        load(&mut *loader, &load_of(&read, &table), &batches)
            .await
            .unwrap();
        tables.push(table);
    }
    for table in &tables {
        // Twice, since a crash between may ask for it again.
        target.complete_table(table).await.unwrap();
        target.complete_table(table).await.unwrap();
        target.add_foreign_keys(table).await.unwrap();
    }
    for object in &catalog.objects {
        target.create_object(object).await.unwrap();
        target.create_object(object).await.unwrap();
    }
    assert_eq!(target.ledger(&task()).await.unwrap().len(), tables.len());
    target.forget_task(&task()).await.unwrap();
}

fn table_of<'a>(tables: &'a [Table], wanted: &Table) -> &'a Table {
    tables
        .iter()
        .find(|table| table.name == wanted.name)
        .unwrap()
}

/// The statements of a file by name.
pub(crate) fn definitions(path: &Path) -> Vec<(String, String, Option<String>)> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every row of a table with storage classes, as `typeof` and `quote` tell them.
pub(crate) fn contents(path: &Path, table: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let quoted = format!("\"{}\"", table.replace('"', "\"\""));
    let mut columns = connection
        .prepare(&format!("SELECT * FROM {quoted}"))
        .unwrap();
    let count = columns.column_count();
    let mut rows = columns.raw_query();
    let mut contents = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values: Vec<String> = (0..count)
            .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
            .collect();
        contents.push(values.join(" | "));
    }
    contents.sort();
    contents
}
