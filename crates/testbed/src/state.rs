//! A state store in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use dbferry_core::state::{Document, StateStore};
use dbferry_core::{Code, Error};

/// Documents in memory, gone with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    documents: Mutex<BTreeMap<String, Document>>,
}

impl MemoryStore {
    #[expect(
        clippy::unwrap_used,
        reason = "a poisoned lock fails the test, as it should"
    )]
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Document>> {
        self.documents.lock().unwrap()
    }
}

#[async_trait]
impl StateStore for MemoryStore {
    async fn get(&self, key: &str) -> Result<Option<Document>, Error> {
        Ok(self.lock().get(key).cloned())
    }

    async fn put(&self, key: &str, value: &[u8], replaces: Option<u64>) -> Result<u64, Error> {
        let mut documents = self.lock();
        expect_revision(&documents, key, replaces)?;
        let revision = replaces.unwrap_or(0) + 1;
        documents.insert(
            key.to_owned(),
            Document {
                revision,
                value: value.to_vec(),
            },
        );
        Ok(revision)
    }

    async fn delete(&self, key: &str, replaces: u64) -> Result<(), Error> {
        let mut documents = self.lock();
        expect_revision(&documents, key, Some(replaces))?;
        documents.remove(key);
        Ok(())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Document)>, Error> {
        let documents = self.lock();
        let listed = documents.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(listed
            .map(|(key, document)| (key.clone(), document.clone()))
            .collect())
    }
}

fn expect_revision(
    documents: &BTreeMap<String, Document>,
    key: &str,
    expected: Option<u64>,
) -> Result<(), Error> {
    if documents.get(key).map(|document| document.revision) == expected {
        return Ok(());
    }
    Err(Error::definite(
        Code::StateConflict,
        "the stored document has another revision",
    )
    .with_object(key))
}

/// What every state store must do. Panics where one does not.
///
/// # Panics
/// When the store breaks a promise of the trait.
#[expect(clippy::unwrap_used, reason = "a test in library form")]
pub async fn conforms(store: &dyn StateStore) {
    assert_eq!(store.get("a/1").await.unwrap(), None);
    let first = store.put("a/1", b"one", None).await.unwrap();
    let again = store.put("a/1", b"again", None).await.unwrap_err();
    assert_eq!(
        again.code(),
        Code::StateConflict,
        "a new document never replaces another"
    );
    let second = store.put("a/1", b"two", Some(first)).await.unwrap();
    assert!(second > first, "revisions grow");
    let stale = store.put("a/1", b"three", Some(first)).await.unwrap_err();
    assert_eq!(stale.code(), Code::StateConflict);
    assert_eq!(store.get("a/1").await.unwrap().unwrap().value, b"two");

    store.put("a/0", b"", None).await.unwrap();
    store.put("a%", b"", None).await.unwrap();
    store.put("b/1", b"\x00\xff", None).await.unwrap();
    let listed = store.list("a/").await.unwrap();
    let keys: Vec<_> = listed.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["a/0", "a/1"], "by prefix as it is, in key order");
    assert_eq!(store.list("").await.unwrap().len(), 4);

    let stale = store.delete("a/1", first).await.unwrap_err();
    assert_eq!(stale.code(), Code::StateConflict);
    store.delete("a/1", second).await.unwrap();
    assert_eq!(store.get("a/1").await.unwrap(), None);
    assert_eq!(
        store.delete("a/1", second).await.unwrap_err().code(),
        Code::StateConflict
    );
}
