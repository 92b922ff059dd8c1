//! Loading: what is there after a commit, after a fault, after a loader that vanished.

use std::sync::Arc;

use dbferry_core::row::RowBatch;
use dbferry_core::{
    CellForm, Class, Code, ColumnLoad, DataType, Endpoint, KeyCells, KeyTiming, Table, TableLoad,
    Target, TaskId,
};
use dbferry_sqlite::{SqliteConfig, SqliteEndpoint};
use rusqlite::Connection;

use crate::support::{Folder, contents, load, name, record, scope, target, task};

/// The first table of a file as something to load canonical text into.
async fn canonical(b: &SqliteEndpoint, types: &[DataType]) -> Arc<TableLoad> {
    let catalog = b.catalog(&scope()).await.unwrap();
    load_into(&catalog.tables[0], types)
}

fn load_into(table: &Table, types: &[DataType]) -> Arc<TableLoad> {
    let columns = types
        .iter()
        .enumerate()
        .map(|(column, data_type)| ColumnLoad {
            column,
            form: CellForm::Canonical,
            data_type: data_type.clone(),
        });
    Arc::new(TableLoad {
        table: table.clone(),
        columns: columns.collect(),
    })
}

fn batch(rows: &[&[&str]]) -> RowBatch {
    let mut batch = RowBatch::new(rows[0].len());
    for cell in rows.iter().copied().flatten() {
        batch.push(cell.as_bytes()).unwrap();
    }
    batch
}

const INTEGER: DataType = DataType::Integer {
    bits: 64,
    signed: true,
};
const TEXT: DataType = DataType::Text { bytes_max: None };

async fn rows(b: &SqliteEndpoint, table: &str) -> u64 {
    b.count_rows(&name(table), None).await.unwrap()
}

#[tokio::test]
async fn rows_and_record_are_committed_together() {
    let folder = Folder::new();
    let b = target(folder.database("b.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, v)")).await;
    assert_eq!(b.ledger(&task()).await.unwrap(), []);
    let into = canonical(&b, &[INTEGER, TEXT]).await;
    let mut loader = b.loader(&task()).await.unwrap();
    let mut written = record(&name("t"), 1, false);
    written.reached = Some(KeyCells(vec![b"\xff\0".to_vec()]));
    written.range.until = Some(KeyCells(vec![b"2".to_vec()]));
    written.rows = 1;
    loader.begin(&into).await.unwrap();
    loader.write(&batch(&[&["1", "a"]])).await.unwrap();
    loader.commit(&written).await.unwrap();
    assert_eq!(b.ledger(&task()).await.unwrap(), [written.clone()]);

    written.version = 2;
    written.done = true;
    loader.begin(&into).await.unwrap();
    loader.commit(&written).await.unwrap();
    assert_eq!(b.ledger(&task()).await.unwrap(), [written]);
    assert_eq!(b.ledger(&TaskId("other".into())).await.unwrap(), []);
    assert_eq!(rows(&b, "t").await, 1);
}

#[tokio::test]
async fn a_chunk_that_another_worker_has_loaded_is_not_loaded_again() {
    let folder = Folder::new();
    let b = target(folder.database("b.db", "CREATE TABLE t (v)")).await;
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let mut loader = b.loader(&task()).await.unwrap();
    load(&mut *loader, &into, &[batch(&[&["a"]])])
        .await
        .unwrap();
    for version in [1, 3] {
        loader.begin(&into).await.unwrap();
        loader.write(&batch(&[&["again"]])).await.unwrap();
        let error = loader
            .commit(&record(&name("t"), version, true))
            .await
            .unwrap_err();
        assert_eq!(
            (error.code(), error.class()),
            (Code::StateConflict, Class::Definite)
        );
        loader.rollback().await.unwrap();
        assert_eq!(rows(&b, "t").await, 1);
    }
}

#[tokio::test]
async fn a_loader_that_vanishes_leaves_nothing_behind() {
    let folder = Folder::new();
    let b = target(folder.database("b.db", "CREATE TABLE t (v)")).await;
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let mut first = b.loader(&task()).await.unwrap();
    load(&mut *first, &into, &[batch(&[&["kept"]])])
        .await
        .unwrap();
    first.begin(&into).await.unwrap();
    first.write(&batch(&[&["lost"]])).await.unwrap();
    drop(first);

    // The next one waits for its turn, not for a time.
    let mut second = b.loader(&task()).await.unwrap();
    second.begin(&into).await.unwrap();
    second.write(&batch(&[&["second"]])).await.unwrap();
    second.commit(&record(&name("t"), 2, true)).await.unwrap();
    assert_eq!(rows(&b, "t").await, 2);
}

#[tokio::test]
async fn committed_chunks_survive_a_process_that_is_killed() {
    let folder = Folder::new();
    let path = folder.database("b.db", "CREATE TABLE t (v)");
    let b = target(&path).await;
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let mut loader = b.loader(&task()).await.unwrap();
    load(&mut *loader, &into, &[batch(&[&["kept"]])])
        .await
        .unwrap();
    loader.begin(&into).await.unwrap();
    loader.write(&batch(&[&["lost"]])).await.unwrap();

    // What is on the disk now is what a killed process leaves: the files without their locks.
    let copy = folder.path("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path("b.db-wal"), folder.path("copy.db-wal")).unwrap();
    let after = target(&copy).await;
    assert_eq!(rows(&after, "t").await, 1);
    assert_eq!(after.ledger(&task()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn loaders_and_definitions_take_turns() {
    let folder = Folder::new();
    let b = Arc::new(target(folder.database("b.db", "CREATE TABLE t (v)")).await);
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let workers = (0..4_u32).map(|segment| {
        let (b, into) = (Arc::clone(&b), Arc::clone(&into));
        tokio::spawn(async move {
            let mut loader = b.loader(&task()).await.unwrap();
            for version in 1..=5 {
                loader.begin(&into).await.unwrap();
                loader.write(&batch(&[&["a"], &["b"]])).await.unwrap();
                let mut record = record(&name("t"), version, false);
                record.segment = segment;
                loader.commit(&record).await.unwrap();
            }
            let made = Table::new(name(&format!("made{segment}")));
            let column = dbferry_core::Column::new("a", INTEGER, "INTEGER");
            let made = Table {
                columns: vec![column],
                ..made
            };
            b.create_table(&made, KeyTiming::AfterLoad).await.unwrap();
        })
    });
    let workers: Vec<_> = workers.collect();
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(rows(&b, "t").await, 40);
}

#[tokio::test]
async fn a_writer_of_another_program_is_a_reason_to_try_again() {
    let folder = Folder::new();
    let path = folder.database("b.db", "CREATE TABLE t (v)");
    let mut config = SqliteConfig::target(&path);
    config.busy_timeout = std::time::Duration::from_millis(1);
    let b = SqliteEndpoint::open(config).await.unwrap();
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut loader = b.loader(&task()).await.unwrap();
    let error = loader.begin(&into).await.unwrap_err();
    assert_eq!(
        (error.code(), error.class()),
        (Code::LockConflict, Class::Transient)
    );
    other.execute_batch("ROLLBACK").unwrap();
    let mut loader = b.loader(&task()).await.unwrap();
    load(&mut *loader, &into, &[batch(&[&["a"]])])
        .await
        .unwrap();
}

#[tokio::test]
async fn constraints_that_ignore_or_replace_lose_no_row() {
    let folder = Folder::new();
    for clause in ["IGNORE", "REPLACE"] {
        let script = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT {clause}, \
             v TEXT NOT NULL ON CONFLICT {clause} DEFAULT 'x')"
        );
        let b = target(folder.database(clause, &script)).await;
        b.ledger(&task()).await.unwrap();
        let into = canonical(&b, &[INTEGER, TEXT]).await;
        let mut loader = b.loader(&task()).await.unwrap();
        let twice = [batch(&[&["7", "a"], &["7", "b"]])];
        let error = load(&mut *loader, &into, &twice).await.unwrap_err();
        assert_eq!(error.code(), Code::DuplicateKey);
        assert_eq!(error.object(), Some("table main.t, the row with id '7'"));
        loader.rollback().await.unwrap();

        let mut null = RowBatch::new(2);
        null.push(b"1").unwrap();
        null.push_null().unwrap();
        let error = load(&mut *loader, &into, &[null]).await.unwrap_err();
        assert_eq!(error.code(), Code::ValueRefused);
        loader.rollback().await.unwrap();
        assert_eq!(rows(&b, "t").await, 0);
    }
}

#[tokio::test]
async fn triggers_and_references_leave_a_load_alone() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (v TEXT REFERENCES missing (v)); CREATE TABLE u (v);
                  CREATE TRIGGER copied AFTER INSERT ON t BEGIN INSERT INTO u VALUES (1); END";
    let b = target(folder.database("b.db", script)).await;
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT]).await;
    let mut loader = b.loader(&task()).await.unwrap();
    load(&mut *loader, &into, &[batch(&[&["a"]])])
        .await
        .unwrap();
    assert_eq!((rows(&b, "t").await, rows(&b, "u").await), (1, 0));
    b.empty_table(&name("t")).await.unwrap();
    assert_eq!(rows(&b, "t").await, 0);
}

#[tokio::test]
async fn a_value_that_the_column_would_change_is_refused_with_its_row() {
    let folder = Folder::new();
    let b = target(folder.database(
        "b.db",
        "CREATE TABLE t (id TEXT PRIMARY KEY NOT NULL, v INT)",
    ))
    .await;
    b.ledger(&task()).await.unwrap();
    let into = canonical(&b, &[TEXT, TEXT]).await;
    let mut loader = b.loader(&task()).await.unwrap();
    let zip = [batch(&[&["ok", "12"], &["zip", "00501"]])];
    let error = load(&mut *loader, &into, &zip).await.unwrap_err();
    assert_eq!(error.code(), Code::ValueUnrepresentable);
    assert!(error.to_string().contains("\"v\""), "{error}");
    assert!(error.to_string().contains("id 'zip'"), "{error}");
}

#[tokio::test]
async fn duplicates_in_a_later_index_name_it() {
    let folder = Folder::new();
    let path = folder.database("b.db", "CREATE TABLE t (v); INSERT INTO t VALUES (1), (1)");
    let b = target(&path).await;
    let model = folder.database(
        "a.db",
        "CREATE TABLE t (v); CREATE UNIQUE INDEX only ON t (v)",
    );
    let wanted = target(&model)
        .await
        .catalog(&scope())
        .await
        .unwrap()
        .tables
        .remove(0);
    let error = b.complete_table(&wanted).await.unwrap_err();
    assert_eq!(error.code(), Code::DuplicateKey);
    assert_eq!(error.object(), Some("table main.t index only"));
    assert_eq!(contents(&path, "t").len(), 2);
}

#[tokio::test]
async fn numbers_go_on_where_the_source_stopped() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)";
    let path = folder.database("b.db", script);
    let b = target(&path).await;
    let mut table = b.catalog(&scope()).await.unwrap().tables.remove(0);
    table.auto_increment = Some(101);
    b.complete_table(&table).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute("INSERT INTO t DEFAULT VALUES", [])
        .unwrap();
    assert_eq!(connection.last_insert_rowid(), 101);
    drop(connection);
    // Never back.
    table.auto_increment = Some(5);
    b.complete_table(&table).await.unwrap();
    let next = b
        .catalog(&scope())
        .await
        .unwrap()
        .tables
        .remove(0)
        .auto_increment;
    assert_eq!(next, Some(102));
    b.empty_table(&name("t")).await.unwrap();
    assert_eq!(
        b.catalog(&scope()).await.unwrap().tables[0].auto_increment,
        None
    );
}

#[tokio::test]
async fn what_is_remembered_can_be_forgotten() {
    let folder = Folder::new();
    let path = folder.database("b.db", "CREATE TABLE t (v)");
    let b = target(&path).await;
    let mode = || {
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            .unwrap()
    };
    let into = canonical(&b, &[TEXT]).await;
    let other = TaskId("other".to_owned());
    for task in [&task(), &other] {
        b.ledger(task).await.unwrap();
        let mut loader = b.loader(task).await.unwrap();
        load(&mut *loader, &into, &[batch(&[&["a"]])])
            .await
            .unwrap();
    }
    assert_eq!(mode(), "wal");
    b.forget_segments(&task(), &name("t")).await.unwrap();
    assert_eq!(b.ledger(&task()).await.unwrap(), []);
    b.forget_task(&task()).await.unwrap();
    assert_eq!(b.ledger(&other).await.unwrap().len(), 1);
    b.forget_task(&other).await.unwrap();
    b.forget_task(&other).await.unwrap();
    assert_eq!(mode(), "delete");
    assert_eq!(b.catalog(&scope()).await.unwrap().tables.len(), 1);
    assert!(!folder.path("b.db-wal").exists());
}

#[tokio::test]
async fn tables_are_found_dropped_and_made_safely() {
    let folder = Folder::new();
    let script = "CREATE TABLE full (v); INSERT INTO full VALUES (1); CREATE TABLE empty (v);
                  CREATE VIEW seen AS SELECT 1; CREATE TABLE child (v REFERENCES full (v))";
    let b = target(folder.database("b.db", script)).await;
    let names = ["FULL", "empty", "seen", "missing"].map(name);
    let existing = b.existing(&names).await.unwrap();
    let found: Vec<_> = existing
        .iter()
        .map(|table| (table.name.name.as_str(), table.has_rows))
        .collect();
    assert_eq!(found, [("FULL", true), ("empty", false), ("seen", true)]);

    let table = b
        .catalog(&scope())
        .await
        .unwrap()
        .table(&name("empty"))
        .unwrap()
        .clone();
    let error = b
        .create_table(&table, KeyTiming::AfterLoad)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TargetNotEmpty);
    for _ in 0..2 {
        b.drop_table(&name("full")).await.unwrap();
    }
    let error = b.drop_table(&name("seen")).await.unwrap_err();
    assert_eq!(error.code(), Code::TargetNotEmpty);
    let error = b.empty_table(&name("missing")).await.unwrap_err();
    assert_eq!(error.code(), Code::ObjectMissing);
}
