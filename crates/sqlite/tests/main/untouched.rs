//! A source is the same after the copy as before, and so is its directory.

use std::path::Path;

use dbferry_core::{Endpoint, Role};
use dbferry_sqlite::{SqliteConfig, SqliteEndpoint};
use rusqlite::Connection;

use crate::support::{Folder, exact, migrate, target};

const SCRIPT: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'a')";

/// The names and contents of everything in a directory that begins with `a.db`.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.starts_with("a.db"))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Does everything that is ever done to a source.
fn use_as_source(config: SqliteConfig, folder: &Folder) {
    // The runtime waits for the threads, and so for every file to be closed.
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let a = SqliteEndpoint::open(config).await.unwrap();
        a.check(Role::Source, &exact()).await.unwrap();
        a.catalog(&exact()).await.unwrap();
        migrate(&a, &target(folder.path("b.db")).await).await;
    });
}

#[test]
fn a_file_with_rollback_journal_is_left_alone() {
    let folder = Folder::new();
    let path = folder.database("a.db", SCRIPT);
    let before = files(&folder.path(""));
    use_as_source(SqliteConfig::source(&path), &folder);
    assert_eq!(files(&folder.path("")), before);
}

#[test]
fn a_file_in_wal_mode_is_left_without_helper_files() {
    let folder = Folder::new();
    let path = folder.database("a.db", &format!("PRAGMA journal_mode = WAL; {SCRIPT}"));
    let before = files(&folder.path(""));
    assert_eq!(before.len(), 1);
    use_as_source(SqliteConfig::source(&path), &folder);
    assert_eq!(files(&folder.path("")), before);
}

#[test]
fn a_wal_that_another_program_left_is_read_and_left() {
    let folder = Folder::new();
    let path = folder.database("a.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (v)");
    let other = Connection::open(&path).unwrap();
    other
        .execute("INSERT INTO t VALUES ('in the log alone')", [])
        .unwrap();
    let before = files(&folder.path(""));
    use_as_source(SqliteConfig::source(&path), &folder);
    let after = files(&folder.path(""));
    let main_and_log = |files: &[(String, Vec<u8>)]| -> Vec<(String, Vec<u8>)> {
        // The index of the log is shared memory: readers leave their marks in it.
        files
            .iter()
            .filter(|(name, _)| !name.ends_with("-shm"))
            .cloned()
            .collect()
    };
    assert_eq!(main_and_log(&after), main_and_log(&before));
    assert_eq!(crate::support::contents(&folder.path("b.db"), "t").len(), 1);
    drop(other);
}

#[test]
fn an_immutable_file_is_read_without_helper_files() {
    let folder = Folder::new();
    let path = folder.database("a.db", &format!("PRAGMA journal_mode = WAL; {SCRIPT}"));
    let odd = folder.path("a.db ?#%é");
    std::fs::rename(&path, &odd).unwrap();
    let before = files(&folder.path(""));
    let mut config = SqliteConfig::source(&odd);
    config.immutable = true;
    use_as_source(config, &folder);
    assert_eq!(files(&folder.path("")), before);
}
