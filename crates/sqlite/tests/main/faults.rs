//! Files that cannot be used: each a clear error.

use std::sync::Arc;

use dbferry_core::{CellForm, Class, Code, Endpoint, Error, Role, Source, Target};
use dbferry_sqlite::{SqliteConfig, SqliteEndpoint};
use rusqlite::Connection;

use crate::support::{Folder, cells, migrate, read_of, scope, source, target};

async fn refusal(config: SqliteConfig) -> Error {
    match SqliteEndpoint::open(config).await {
        Ok(_) => panic!("the file was opened"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn what_is_no_database_is_told_apart() {
    let folder = Folder::new();
    std::fs::write(
        folder.path("text.db"),
        "this is a long text and not a database ".repeat(50),
    )
    .unwrap();
    let check = async |config: SqliteConfig, message: &str| {
        let error = refusal(config).await;
        assert_eq!(
            (error.code(), error.class()),
            (Code::FileUnavailable, Class::Definite)
        );
        assert!(error.to_string().contains(message), "{error}");
        assert!(
            error.hint().is_some() && error.object().is_some(),
            "{error:?}"
        );
    };
    check(
        SqliteConfig::source(folder.path("missing.db")),
        "does not exist",
    )
    .await;
    check(SqliteConfig::source(folder.path("")), "is a directory").await;
    check(
        SqliteConfig::target(folder.path("no/such/b.db")),
        "directory of the file",
    )
    .await;
    check(
        SqliteConfig::source(folder.path("text.db")),
        "not a SQLite database",
    )
    .await;
    let mut no_create = SqliteConfig::target(folder.path("b.db"));
    no_create.create = false;
    check(no_create, "does not exist").await;
    assert!(!folder.path("b.db").exists());
}

#[tokio::test]
async fn a_damaged_file_is_told_as_such() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (v); INSERT INTO t \
                  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                  SELECT hex(randomblob(40)) FROM n";
    let path = folder.database("a.db", script);
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len() - 4096;
    bytes[8192..end].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let a = source(&path).await;
    let catalog = a.catalog(&scope()).await;
    let error = match catalog {
        Ok(catalog) => {
            let read = read_of(&a, &catalog.tables[0], CellForm::Native);
            cells(&a, &read).await.unwrap_err()
        }
        Err(error) => error,
    };
    assert_eq!(error.code(), Code::FileUnavailable);
    assert!(error.to_string().contains("damaged"), "{error}");
}

#[tokio::test]
async fn a_table_that_changed_or_vanished_is_not_read() {
    let folder = Folder::new();
    let path = folder.database("a.db", "CREATE TABLE t (a INT); CREATE TABLE u (a)");
    let a = source(&path).await;
    let tables = a.catalog(&scope()).await.unwrap().tables;
    let read = |index: usize| read_of(&a, &tables[index], CellForm::Native);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("ALTER TABLE t ADD COLUMN b TEXT; DROP TABLE u")
        .unwrap();
    assert_eq!(
        cells(&a, &read(0)).await.unwrap_err().code(),
        Code::DefinitionChanged
    );
    assert_eq!(
        cells(&a, &read(1)).await.unwrap_err().code(),
        Code::ObjectMissing
    );
}

#[tokio::test]
async fn a_reader_goes_on_after_a_chunk_that_failed() {
    let folder = Folder::new();
    let script =
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b INT); INSERT INTO t VALUES (1, 'x'), (2, 2)";
    let a = source(folder.database("a.db", script)).await;
    let table = a.catalog(&scope()).await.unwrap().tables.remove(0);
    let bad = read_of(&a, &table, CellForm::Canonical);
    let good = read_of(&a, &table, CellForm::Native);
    let mut reader = a.reader().await.unwrap();
    let mut batch = dbferry_core::RowBatch::new(2);
    let whole = dbferry_core::Chunk::default();
    reader.open(&bad, &whole).await.unwrap();
    let error = reader.fetch(&mut batch, 100).await.unwrap_err();
    assert_eq!(error.code(), Code::ValueUnrepresentable);
    reader.open(&good, &whole).await.unwrap();
    batch.reset(2);
    reader.fetch(&mut batch, 100).await.unwrap();
    assert_eq!(batch.rows(), 2);
}

#[tokio::test]
async fn a_target_that_cannot_be_written_is_found_before_anything_moves() {
    let folder = Folder::new();
    let path = folder.database("b.db", "CREATE TABLE t (a)");
    let read_only = source(&path).await;
    let findings = read_only.check(Role::Target, &scope()).await.unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding.id == "sqlite-read-only")
    );
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut config = SqliteConfig::target(&path);
    config.busy_timeout = std::time::Duration::from_millis(1);
    let b = SqliteEndpoint::open(config).await.unwrap();
    let findings = b.check(Role::Target, &scope()).await.unwrap();
    assert!(findings.iter().any(|finding| finding.id == "sqlite-locked"));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(b.check(Role::Target, &scope()).await.unwrap(), []);
}

#[tokio::test]
async fn broken_references_are_told_and_taken_over() {
    let folder = Folder::new();
    let script = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));
                  INSERT INTO c VALUES (5)";
    let a = source(folder.database("a.db", script)).await;
    let b = target(folder.path("b.db")).await;
    migrate(&a, &b).await;
    for (end, role) in [(&a, Role::Source), (&b, Role::Target)] {
        let findings = end.check(role, &scope()).await.unwrap();
        let broken = findings
            .iter()
            .find(|finding| finding.id == "sqlite-broken-references");
        assert_eq!(broken.unwrap().object.as_deref(), Some("table main.c"));
    }
}

#[tokio::test]
async fn a_collation_of_another_program_is_told() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (a TEXT COLLATE NOCASE PRIMARY KEY NOT NULL); CREATE TABLE u (a);
                  INSERT INTO t VALUES ('x'); PRAGMA writable_schema = ON;
                  UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'german')";
    let path = folder.database("a.db", script);
    let a = source(&path).await;
    let findings = a.check(Role::Source, &scope()).await.unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding.id == "sqlite-collation-unknown")
    );
    let table = a.catalog(&scope()).await.unwrap().tables.remove(0);
    assert_eq!(a.walkable_key(&table), None);
    let read = read_of(&a, &table, CellForm::Native);
    assert_eq!(cells(&a, &read).await.unwrap(), [Some(b"tx".to_vec())]);
    let b = Arc::new(target(folder.path("b.db")).await);
    let translation = b.translate(&table, dbferry_sqlite::FAMILY);
    assert!(
        translation
            .findings
            .iter()
            .any(|finding| finding.severity == dbferry_core::Severity::Error)
    );
}

#[tokio::test]
async fn an_unfinished_transaction_of_a_crashed_program_is_told() {
    let folder = Folder::new();
    let path = folder.database("a.db", "CREATE TABLE t (v); INSERT INTO t VALUES (1)");
    let crashing = Connection::open(&path).unwrap();
    let script = "PRAGMA cache_size = 1; BEGIN; UPDATE t SET v = zeroblob(100000); \
                  INSERT INTO t VALUES (zeroblob(1000000))";
    crashing.execute_batch(script).unwrap();
    let copy = folder.path("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::copy(folder.path("a.db-journal"), folder.path("copy.db-journal")).unwrap();
    let error = refusal(SqliteConfig::source(&copy)).await;
    assert_eq!(error.code(), Code::FileUnavailable);
    assert!(
        error.to_string().contains("unfinished transaction"),
        "{error}"
    );
}

#[tokio::test]
async fn a_reader_that_vanishes_lets_go_of_the_file() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (v); INSERT INTO t \
                  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) \
                  SELECT i FROM n";
    let path = folder.database("a.db", script);
    let a = source(&path).await;
    let table = a.catalog(&scope()).await.unwrap().tables.remove(0);
    let read = read_of(&a, &table, CellForm::Native);
    let mut reader = a.reader().await.unwrap();
    let mut batch = dbferry_core::RowBatch::new(1);
    reader
        .open(&read, &dbferry_core::Chunk::default())
        .await
        .unwrap();
    reader.fetch(&mut batch, 100).await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    assert!(
        other.execute("DELETE FROM t", []).is_err(),
        "the chunk's view is open"
    );
    drop(reader);
    other
        .busy_timeout(std::time::Duration::from_secs(30))
        .unwrap();
    other.execute("DELETE FROM t", []).unwrap();
}
