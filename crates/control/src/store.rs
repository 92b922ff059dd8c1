//! The embedded state store: documents with revisions in one SQLite file.
//!
//! # Shape
//!
//! One thread owns the one connection and takes work from a bounded queue, so writers of one
//! process never wait for each other's locks. Processes share the file: each write is a
//! `BEGIN IMMEDIATE` transaction, which waits its turn, and the write-ahead log lets readers read
//! meanwhile. Revisions come from one counter for all keys, so that a key that was deleted and
//! written again never repeats one.
//!
//! # Durability
//!
//! A write that returned survives the death of the process. The log is not flushed to the disk
//! with each write (`synchronous = NORMAL`), so a power cut may undo the last moments, in whole
//! transactions: the store then speaks of an earlier point of the same run. Rows are safe either
//! way, because the target's own ledger, committed with the rows, says what is loaded.
//!
//! # Format
//!
//! `user_version` is the format. An older one is upgraded in one transaction when the store is
//! opened; a newer one is refused. Every write looks again, so a process of an older version that
//! is still alive when a newer one upgrades the file stops at its next write, and never writes
//! into a format it does not know.
//!
//! # Debugging
//!
//! `sqlite3 state.db 'SELECT key, revision, value FROM documents'` shows everything.

use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use dbferry_core::state::{Document, StateStore};
use dbferry_core::{Code, Error};
use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

use crate::state_dir::{StateDir, open_private_file};

/// The format that this version writes.
const FORMAT: u32 = 1;

/// Marks the file as ours: `dbfy` in ASCII.
const APPLICATION_ID: i32 = 0x6462_6679;

/// How long a write waits for another process's write. Writes take well under a millisecond; only
/// a suspended process can hold the lock for longer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests that may wait for the thread. Callers wait for their answers, so there are never more
/// than there are workers.
const QUEUE_LEN: usize = 64;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// A [`StateStore`] in a file. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    work: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the store of a state directory, making or upgrading it where needed.
    ///
    /// # Errors
    /// `StateUnavailable` when the file cannot be opened, is damaged, is not a store, or was
    /// written by a newer version.
    pub fn open(dir: &StateDir) -> Result<Self, Error> {
        let path = dir.database();
        drop(open_private_file(&path)?);
        let mut connection = open(&path).map_err(|error| error.with_object(path.display()))?;
        let (work, mut queue) = mpsc::channel::<Work>(QUEUE_LEN);
        let thread = std::thread::Builder::new()
            .name("state-store".into())
            .spawn(move || {
                while let Some(work) = queue.blocking_recv() {
                    work(&mut connection);
                }
            })
            .map_err(|error| {
                Error::definite(Code::StateUnavailable, "no thread can be started")
                    .with_source(error)
            })?;
        Ok(Self {
            path,
            work: Some(work),
            thread: Some(thread),
        })
    }

    /// Runs `work` on the thread that owns the connection.
    ///
    /// When the future is dropped, the work is done or not done, but never half.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // The caller may have gone; then nobody needs the answer.
            let _ = reply.send(work(connection));
        });
        let gone = || Error::definite(Code::StateUnavailable, "the state store has stopped");
        self.work
            .as_ref()
            .ok_or_else(gone)?
            .send(work)
            .await
            .map_err(|_| gone())?;
        answer
            .await
            .map_err(|_| gone())?
            .map_err(|error| error.with_object(self.path.display()))
    }
}

impl Drop for SqliteStore {
    /// Waits for the work that is queued, so that nothing which was asked for is lost.
    fn drop(&mut self) {
        drop(self.work.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the state store panicked");
        }
    }
}

#[async_trait]
impl StateStore for SqliteStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, Error> {
        let key = key.to_owned();
        self.call(move |connection| {
            connection
                .prepare_cached("SELECT revision, value FROM documents WHERE key = ?1")
                .and_then(|mut select| select.query_one([key], document).optional())
                .map_err(fault)
        })
        .await
    }

    async fn put(&self, key: &str, value: &[u8], replaces: Option<u64>) -> Result<u64, Error> {
        let (key, value) = (key.to_owned(), value.to_owned());
        self.call(move |connection| {
            write(connection, &key, replaces, |transaction| {
                let revision = next_revision(transaction)?;
                transaction
                    .prepare_cached(
                        "INSERT INTO documents (key, revision, value) VALUES (?1, ?2, ?3) \
                         ON CONFLICT (key) DO UPDATE \
                         SET revision = excluded.revision, value = excluded.value",
                    )?
                    .execute(params![key, revision, value])?;
                Ok(revision.cast_unsigned())
            })
        })
        .await
    }

    async fn delete(&self, key: &str, replaces: u64) -> Result<(), Error> {
        let key = key.to_owned();
        self.call(move |connection| {
            write(connection, &key, Some(replaces), |transaction| {
                transaction
                    .prepare_cached("DELETE FROM documents WHERE key = ?1")?
                    .execute([&key])
                    .map(|_| ())
            })
        })
        .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Document)>, Error> {
        let prefix = prefix.to_owned();
        self.call(move |connection| list(connection, &prefix).map_err(fault))
            .await
    }
}

/// Opens the file and brings it to the present format.
fn open(path: &std::path::Path) -> Result<Connection, Error> {
    let mut connection = Connection::open(path).map_err(fault)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(fault)?;
    upgrade(&mut connection)?;
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        .map_err(fault)?;
    Ok(connection)
}

/// Upgrades the file step by step, in one transaction that other processes wait for.
fn upgrade(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    match format_of(&transaction).map_err(fault)? {
        FORMAT => return Ok(()),
        0 => create(&transaction)?,
        newer => return Err(too_new(newer)),
    }
    transaction.commit().map_err(fault)
}

/// Makes format 1 in an empty file.
fn create(connection: &Connection) -> Result<(), Error> {
    let tables: i64 = connection
        .query_one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(fault)?;
    if tables > 0 {
        return Err(Error::definite(
            Code::StateUnavailable,
            "the file is a database, but not one of dbferry's state",
        ));
    }
    connection
        .execute_batch(&format!(
            "CREATE TABLE documents (
                 key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE revisions (last INTEGER NOT NULL) STRICT;
             INSERT INTO revisions VALUES (0);
             PRAGMA application_id = {APPLICATION_ID};
             PRAGMA user_version = {FORMAT};"
        ))
        .map_err(fault)
}

fn format_of(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Runs a write of one key in a transaction, after making sure that it replaces what its caller
/// believes to be there.
fn write<T>(
    connection: &mut Connection,
    key: &str,
    replaces: Option<u64>,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, Error> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    match format_of(&transaction).map_err(fault)? {
        FORMAT => {}
        other => return Err(too_new(other)),
    }
    let stored: Option<i64> = transaction
        .prepare_cached("SELECT revision FROM documents WHERE key = ?1")
        .and_then(|mut select| select.query_one([key], |row| row.get(0)).optional())
        .map_err(fault)?;
    if stored.map(i64::cast_unsigned) != replaces {
        return Err(conflict(key));
    }
    let result = change(&transaction).map_err(fault)?;
    transaction.commit().map_err(fault)?;
    Ok(result)
}

fn next_revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("UPDATE revisions SET last = last + 1 RETURNING last")?
        .query_one([], |row| row.get(0))
}

fn list(connection: &Connection, prefix: &str) -> rusqlite::Result<Vec<(String, Document)>> {
    let mut select = connection.prepare_cached(
        "SELECT revision, value, key FROM documents WHERE key >= ?1 ORDER BY key",
    )?;
    let mut rows = select.query([prefix])?;
    let mut found = Vec::new();
    // Keys with a common prefix stand together, so the first other one ends the list.
    while let Some(row) = rows.next()? {
        let key: String = row.get(2)?;
        if !key.starts_with(prefix) {
            break;
        }
        found.push((key, document(row)?));
    }
    Ok(found)
}

fn document(row: &rusqlite::Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        revision: row.get::<_, i64>(0)?.cast_unsigned(),
        value: row.get(1)?,
    })
}

fn conflict(key: &str) -> Error {
    Error::definite(
        Code::StateConflict,
        "the stored document was changed by somebody else",
    )
    .with_object(key)
}

fn too_new(format: u32) -> Error {
    Error::definite(
        Code::StateUnavailable,
        format!("the state has format {format}, and this version of dbferry knows {FORMAT}"),
    )
    .with_hint("use the newest version of dbferry that has worked with this state directory")
}

/// What an error of SQLite means.
fn fault(error: rusqlite::Error) -> Error {
    let (message, hint) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            return Error::transient(
                Code::StateUnavailable,
                "the state is locked by another process",
            )
            .with_source(error);
        }
        Some(ErrorCode::DiskFull) => ("there is no space left for the state", "free some space"),
        Some(ErrorCode::NotADatabase) => (
            "the file is not a database",
            "move it away; a new store is made in its place, without the tasks of the old one",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            "the state is damaged",
            "restore the directory, or move it away and begin a new one",
        ),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => (
            "the state cannot be opened for writing",
            "name a directory that you may write with --state-dir or DBFERRY_STATE_DIR",
        ),
        _ => ("the state cannot be read or written", "look at the cause"),
    };
    Error::definite(Code::StateUnavailable, message)
        .with_hint(hint)
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, StateDir) {
        let place = tempfile::tempdir().unwrap();
        let dir = StateDir::open(place.path()).unwrap();
        (place, dir)
    }

    fn refusal(dir: &StateDir) -> String {
        let error = SqliteStore::open(dir).unwrap_err();
        assert_eq!(error.code(), Code::StateUnavailable);
        error.to_string()
    }

    #[tokio::test]
    async fn a_file_of_format_1_opens_with_its_documents() {
        let (_place, dir) = store();
        // Word for word what the first version wrote.
        Connection::open(dir.database())
            .unwrap()
            .execute_batch(
                "CREATE TABLE documents (
                     key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value BLOB NOT NULL
                 ) STRICT, WITHOUT ROWID;
                 CREATE TABLE revisions (last INTEGER NOT NULL) STRICT;
                 INSERT INTO revisions VALUES (7);
                 INSERT INTO documents VALUES ('a', 7, x'7b7d');
                 PRAGMA application_id = 1684170361;
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        let store = SqliteStore::open(&dir).unwrap();
        let document = store.get("a").await.unwrap().unwrap();
        assert_eq!(
            document,
            Document {
                revision: 7,
                value: b"{}".to_vec()
            }
        );
        assert_eq!(store.put("a", b"[]", Some(7)).await.unwrap(), 8);
    }

    #[tokio::test]
    async fn a_newer_format_is_refused_and_stops_a_process_that_is_alive() {
        let (_place, dir) = store();
        let store = SqliteStore::open(&dir).unwrap();
        store.put("a", b"1", None).await.unwrap();
        Connection::open(dir.database())
            .unwrap()
            .pragma_update(None, "user_version", FORMAT + 1)
            .unwrap();
        let error = store.put("b", b"1", None).await.unwrap_err();
        assert_eq!(error.code(), Code::StateUnavailable);
        assert!(refusal(&dir).contains("format 2"));
    }

    #[test]
    fn files_of_others_are_left_alone() {
        let (_place, dir) = store();
        std::fs::write(dir.database(), "not a database, but long enough to look at").unwrap();
        assert_eq!(refusal(&dir), "the file is not a database");

        std::fs::remove_file(dir.database()).unwrap();
        Connection::open(dir.database())
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        assert!(refusal(&dir).contains("not one of dbferry's state"));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_the_state() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let dir = StateDir::open(place.path().join("made")).unwrap();
        let _store = SqliteStore::open(&dir).unwrap();
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(dir.path()), 0o700);
        for entry in std::fs::read_dir(dir.path()).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        }
    }
}
