use std::sync::Arc;

use dbferry_control::{SqliteStore, StateDir};
use dbferry_core::state::StateStore;
use dbferry_testbed::state::{MemoryStore, conforms};

#[tokio::test]
async fn the_sqlite_store_conforms() {
    let place = tempfile::tempdir().unwrap();
    let dir = StateDir::open(place.path()).unwrap();
    conforms(&SqliteStore::open(&dir).unwrap()).await;
}

#[tokio::test]
async fn the_memory_store_conforms() {
    conforms(&MemoryStore::default()).await;
}

#[tokio::test]
async fn documents_and_revisions_outlive_the_store() {
    let place = tempfile::tempdir().unwrap();
    let dir = StateDir::open(place.path()).unwrap();
    let first = {
        let store = SqliteStore::open(&dir).unwrap();
        store.put("a", b"one", None).await.unwrap()
    };
    let store = SqliteStore::open(&dir).unwrap();
    assert_eq!(store.get("a").await.unwrap().unwrap().value, b"one");
    store.delete("a", first).await.unwrap();
    let again = store.put("a", b"two", None).await.unwrap();
    assert!(
        again > first,
        "a key that was deleted never repeats a revision"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_several_processes_never_overwrite_each_other() {
    const WRITERS: usize = 4;
    const ADDITIONS: u64 = 50;
    let place = tempfile::tempdir().unwrap();
    let dir = StateDir::open(place.path()).unwrap();
    let writers = (0..WRITERS).map(|_| {
        // A store of its own has a connection of its own, as another process has.
        let store = Arc::new(SqliteStore::open(&dir).unwrap());
        tokio::spawn(async move {
            for _ in 0..ADDITIONS {
                while !add_one(&*store).await {}
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let store = SqliteStore::open(&dir).unwrap();
    let counted = store.get("counter").await.unwrap().unwrap().value;
    assert_eq!(counted, (WRITERS as u64 * ADDITIONS).to_string().as_bytes());
}

/// Adds one to a counter; `false` when somebody else was faster.
async fn add_one(store: &dyn StateStore) -> bool {
    let stored = store.get("counter").await.unwrap();
    let counted: u64 = stored.as_ref().map_or(0, |document| {
        std::str::from_utf8(&document.value)
            .unwrap()
            .parse()
            .unwrap()
    });
    let replaces = stored.map(|document| document.revision);
    let next = (counted + 1).to_string();
    store
        .put("counter", next.as_bytes(), replaces)
        .await
        .is_ok()
}
