//! Measures a copy from file to file through the seam.
//!
//! `cargo run --release -p dbferry-sqlite --example file_to_file -- 200000`: makes that many rows
//! of mixed types in a temporary directory, copies them with one reader and one loader at work at
//! the same time, builds an index, and prints the time of each step and µs a row.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dbferry_core::{
    CatalogScope, CellForm, Chunk, ColumnLoad, ColumnRead, Endpoint, Error, Fetched, KeyRange,
    KeyTiming, RowBatch, SegmentRecord, Source, TableLoad, TableRead, Target, TaskId,
};
use dbferry_sqlite::{FAMILY, SqliteConfig, SqliteEndpoint};

/// As the engine sizes them.
const BATCH_BYTES: usize = 256 * 1024;
const COMMIT_BYTES: usize = 32 * 1024 * 1024;

const TABLE: &str = "CREATE TABLE item (id INTEGER PRIMARY KEY, customer INTEGER, name TEXT, \
    price DECIMAL(10,2), rating REAL, note TEXT, made DATETIME, active BOOLEAN, image BLOB); \
    CREATE INDEX by_customer ON item (customer)";
const ROWS: &str = "INSERT INTO item WITH RECURSIVE n(i) AS \
    (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
    SELECT i, i * 7919 % 10007, 'item number ' || i, i % 100000 / 100.0, i / 3.0, \
    CASE WHEN i % 5 THEN 'a note of some length about item ' || i END, \
    datetime(1600000000 + i, 'unixepoch'), i % 2, randomblob(i % 40) FROM n";

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: i64 = std::env::args()
        .nth(1)
        .map_or(Ok(200_000), |rows| rows.parse())?;
    let folder = std::env::temp_dir().join(format!("dbferry-copy-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let from = folder.join("from.db");
    make(&from, rows)?;
    let copied = copy(&from, &folder.join("to.db"), rows).await;
    std::fs::remove_dir_all(&folder)?;
    Ok(copied?)
}

fn make(path: &Path, rows: i64) -> rusqlite::Result<()> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(TABLE)?;
    connection.execute(ROWS, [rows]).map(drop)
}

async fn copy(from: &Path, to: &Path, rows: i64) -> Result<(), Error> {
    let source = SqliteEndpoint::open(SqliteConfig::source(from)).await?;
    let target = SqliteEndpoint::open(SqliteConfig::target(to)).await?;
    let task = TaskId("measure".to_owned());
    for (form, name) in [
        (CellForm::Native, "native"),
        (CellForm::Canonical, "canonical"),
    ] {
        let scope = CatalogScope {
            exact_types: form == CellForm::Canonical,
            ..CatalogScope::default()
        };
        let start = Instant::now();
        let mut tables = source.catalog(&scope).await?.tables;
        let table = tables.remove(0);
        let described = start.elapsed();
        target.ledger(&task).await?;
        target.drop_table(&table.name).await?;
        let made = target.translate(&table, FAMILY).object;
        target.create_table(&made, KeyTiming::AfterLoad).await?;
        let start = Instant::now();
        let read = Arc::new(TableRead {
            columns: (0..table.columns.len())
                .map(|column| ColumnRead { column, form })
                .collect(),
            key: source.walkable_key(&table).unwrap_or_default(),
            filter: None,
            table,
        });
        load(&source, &target, &task, &read, &made).await?;
        let loaded = start.elapsed();
        let start = Instant::now();
        target.complete_table(&made).await?;
        let completed = start.elapsed();
        target.forget_task(&task).await?;
        println!(
            "{name}: catalog {described:.2?}, {rows} rows in {loaded:.2?} = {:.2} µs a row, \
             index {completed:.2?}",
            loaded.as_secs_f64() * 1e6 / f64::from(u32::try_from(rows).unwrap_or(u32::MAX))
        );
    }
    Ok(())
}

async fn load(
    source: &SqliteEndpoint,
    target: &SqliteEndpoint,
    task: &TaskId,
    read: &Arc<TableRead>,
    made: &dbferry_core::Table,
) -> Result<(), Error> {
    let columns = read.columns.iter().map(|column| ColumnLoad {
        column: column.column,
        form: column.form,
        data_type: read.table.columns[column.column].data_type.clone(),
    });
    let into = Arc::new(TableLoad {
        table: made.clone(),
        columns: columns.collect(),
    });
    let (full, mut batches) = tokio::sync::mpsc::channel::<RowBatch>(4);
    let (empty, mut empties) = tokio::sync::mpsc::channel::<RowBatch>(6);
    let reading = async move {
        let mut reader = source.reader().await?;
        reader.open(read, &Chunk::default()).await?;
        loop {
            let mut batch = empties.try_recv().unwrap_or_default();
            batch.reset(read.columns.len());
            let fetched = reader.fetch(&mut batch, BATCH_BYTES).await?;
            if full.send(batch).await.is_err() || fetched == Fetched::End {
                return Ok::<_, Error>(());
            }
        }
    };
    let loading = async move {
        let mut loader = target.loader(task).await?;
        let mut record = SegmentRecord {
            table: made.name.clone(),
            segment: 0,
            range: KeyRange::default(),
            partition: None,
            reached: None,
            done: false,
            rows: 0,
            bytes: 0,
            version: 0,
        };
        loader.begin(&into).await?;
        let mut bytes = 0;
        while let Some(batch) = batches.recv().await {
            loader.write(&batch).await?;
            bytes += batch.byte_len();
            // A full queue has batches enough.
            drop(empty.try_send(batch));
            if bytes > COMMIT_BYTES {
                record.version += 1;
                loader.commit(&record).await?;
                loader.begin(&into).await?;
                bytes = 0;
            }
        }
        record.version += 1;
        loader.commit(&record).await
    };
    tokio::try_join!(reading, loading).map(drop)
}
