//! Values: storage classes, keys of every kind, refusals.

use std::sync::Arc;

use dbferry_core::{
    CellForm, Chunk, Code, Endpoint, KeyCells, KeyRange, RowBatch, Source, TableRead,
};
use dbferry_sqlite::SqliteEndpoint;
use proptest::prelude::*;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use crate::support::{
    Folder, cells, contents, exact, migrate, name, read_chunk, read_of, scope, source, target,
};

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        2 => any::<i64>().prop_map(Value::Integer),
        1 => (-3_i64..3).prop_map(Value::Integer),
        2 => any::<f64>().prop_map(Value::Real),
        1 => (-3.0_f64..3.0).prop_map(|real| Value::Real(real.round())),
        2 => "[aAbB0-9é\\x00 .e]{0,6}".prop_map(Value::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..6).prop_map(Value::Blob),
    ]
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_storage_class_arrives_in_every_column(
        rows in proptest::collection::vec(proptest::collection::vec(any_value(), 5), 0..30)
    ) {
        let folder = Folder::new();
        let script = "CREATE TABLE t (a, i INTEGER, n NUMERIC, r REAL, t TEXT)";
        let from = folder.database("a.db", script);
        let connection = Connection::open(&from).unwrap();
        for row in &rows {
            let values = rusqlite::params_from_iter(row);
            connection.execute("INSERT INTO t VALUES (?, ?, ?, ?, ?)", values).unwrap();
        }
        drop(connection);
        let to = folder.path("b.db");
        wait(async { migrate(&source(&from).await, &target(&to).await).await });
        prop_assert_eq!(contents(&from, "t"), contents(&to, "t"));
    }

    #[test]
    fn chunks_by_key_are_the_table_without_gap_or_overlap(
        keys in proptest::collection::vec((any_value(), any_value()), 1..40),
        rows_max in 1_u64..7,
        pieces in 1_usize..6,
        table in prop_oneof![
            Just("(a COLLATE NOCASE, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID"),
            Just("(a NUMERIC NOT NULL, b BLOB NOT NULL, PRIMARY KEY (b DESC, a DESC))"),
            Just("(a NOT NULL, b TEXT COLLATE RTRIM NOT NULL, UNIQUE (b, a))"),
            Just("(a INTEGER PRIMARY KEY, b)"),
        ],
    ) {
        let folder = Folder::new();
        let from = folder.database("a.db", &format!("CREATE TABLE t {table}"));
        let connection = Connection::open(&from).unwrap();
        for (a, b) in &keys {
            // What the table itself does not take is no concern here.
            let parameters: [&dyn ToSql; 2] = [a, b];
            let _ = connection.execute("INSERT INTO t VALUES (?, ?)", parameters);
        }
        drop(connection);
        wait(async {
            let a = source(&from).await;
            let catalog = a.catalog(&scope()).await.unwrap();
            let read = read_of(&a, &catalog.tables[0], CellForm::Native);
            assert!(!read.key.is_empty());
            let whole = cells(&a, &read).await.unwrap();
            assert_eq!(walk(&a, &read, KeyRange::default(), rows_max).await, whole);

            let cuts = a.split(&read, pieces).await.unwrap();
            assert!(cuts.len() < pieces);
            let mut parts = Vec::new();
            let ends = cuts.iter().cloned().map(Some).chain([None]);
            let mut after: Option<KeyCells> = None;
            for until in ends {
                let range = KeyRange { after, until: until.clone() };
                parts.extend(walk(&a, &read, range, rows_max).await);
                after = until;
            }
            assert_eq!(parts, whole);
        });
    }
}

/// Walks a range in chunks of at most `rows_max` rows, as the engine does.
async fn walk(
    a: &SqliteEndpoint,
    read: &Arc<TableRead>,
    range: KeyRange,
    rows_max: u64,
) -> Vec<Option<Vec<u8>>> {
    let mut chunk = Chunk {
        range,
        partition: None,
        rows_max: Some(rows_max),
    };
    let mut cells = Vec::new();
    loop {
        let batches = read_chunk(a, read, &chunk, 40).await.unwrap();
        let rows: usize = batches.iter().map(RowBatch::rows).sum();
        for batch in &batches {
            cells.extend(batch.cells().map(|cell| cell.map(<[u8]>::to_vec)));
            if let Some(last) = batch.rows().checked_sub(1) {
                chunk.range.after = Some(read.key_of(batch, last).unwrap());
            }
        }
        if (rows as u64) < rows_max {
            return cells;
        }
    }
}

#[tokio::test]
async fn text_that_is_not_utf8_goes_to_sqlite_and_nowhere_else() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);
                  INSERT INTO t VALUES (1, 'fine'), (17, CAST(x'ff00fe' AS TEXT))";
    let from = folder.database("a.db", script);
    let a = source(&from).await;
    let to = folder.path("b.db");
    migrate(&a, &target(&to).await).await;
    assert_eq!(contents(&from, "t"), contents(&to, "t"));

    let catalog = a.catalog(&scope()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Canonical);
    let error = cells(&a, &read).await.unwrap_err();
    assert_eq!(error.code(), Code::ValueUnrepresentable);
    assert_eq!(error.object(), Some("table main.t"));
    assert!(error.to_string().contains("\"v\"") && error.to_string().contains("rowid 17"));
}

#[tokio::test]
async fn keys_of_text_that_is_not_utf8_are_walked() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (k TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
                  INSERT INTO t VALUES (CAST(x'fe' AS TEXT)), (CAST(x'ff' AS TEXT)), ('a')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&scope()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Native);
    let walked = walk(&a, &read, KeyRange::default(), 1).await;
    let expected = [&b"ta"[..], b"t\xfe", b"t\xff"].map(|cell| Some(cell.to_vec()));
    assert_eq!(walked, expected);
}

#[tokio::test]
async fn a_key_that_may_hold_null_is_walked_as_long_as_it_does_not() {
    let folder = Folder::new();
    let from = folder.database(
        "a.db",
        "CREATE TABLE t (k TEXT PRIMARY KEY); INSERT INTO t VALUES ('a'), ('b')",
    );
    let a = source(&from).await;
    let catalog = a.catalog(&scope()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Native);
    assert_eq!(read.key, [0]);

    Connection::open(&from)
        .unwrap()
        .execute("INSERT INTO t VALUES (NULL)", [])
        .unwrap();
    let error = cells(&a, &read).await.unwrap_err();
    assert_eq!(error.code(), Code::DefinitionChanged);
    let catalog = a.catalog(&scope()).await.unwrap();
    assert_eq!(a.walkable_key(catalog.table(&name("t")).unwrap()), None);
}

#[tokio::test]
async fn rows_are_canonical_text_for_other_families() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (id INTEGER PRIMARY KEY, b BOOLEAN, d DECIMAL(6,2), \
                  at DATETIME, f REAL, x BLOB, u, \"null\" TEXT);
                  INSERT INTO t VALUES (-1, 1, 12.5, '2024-02-29 01:02:03.5', 0.1, x'00', 'a', NULL), \
                  (2, 0, 3, '2024-02-29T01:02', 9e999, x'', 5, '')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&exact()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Canonical);
    let text = |cell: &str| Some(cell.as_bytes().to_vec());
    let expected = [
        text("-1"),
        text("t"),
        text("12.50"),
        text("2024-02-29 01:02:03.5"),
        text("0.1"),
        text("\0"),
        text("a"),
        None,
        text("2"),
        text("f"),
        text("3.00"),
        text("2024-02-29 01:02:00.0"),
        text("Infinity"),
        text(""),
        text("5"),
        text(""),
    ];
    assert_eq!(cells(&a, &read).await.unwrap(), expected);
}
