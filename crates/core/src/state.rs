//! Stored state: documents under keys with revisions.

use async_trait::async_trait;

use crate::error::Error;

/// The place where tasks, endpoints and progress are remembered.
///
/// Keys are paths such as `tasks/0197…/tables`. A write names the revision that it replaces, so
/// two writers never overwrite each other unseen.
#[async_trait]
pub trait StateStore: Send + Sync {
    /// Reads a document; `None` when there is none.
    ///
    /// # Errors
    /// `StateUnavailable`.
    async fn get(&self, key: &str) -> Result<Option<Document>, Error>;

    /// Writes a document over the one of revision `replaces`, or a new one when that is `None`.
    /// Returns the new revision.
    ///
    /// # Errors
    /// `StateConflict` when the stored revision is another, `StateUnavailable`.
    async fn put(&self, key: &str, value: &[u8], replaces: Option<u64>) -> Result<u64, Error>;

    /// Removes the document of revision `replaces`.
    ///
    /// # Errors
    /// As [`StateStore::put`].
    async fn delete(&self, key: &str, replaces: u64) -> Result<(), Error>;

    /// Lists the keys that begin with `prefix`, with their documents, in key order.
    ///
    /// # Errors
    /// `StateUnavailable`.
    async fn list(&self, prefix: &str) -> Result<Vec<(String, Document)>, Error>;
}

/// A stored document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Grows with every write of the key.
    pub revision: u64,
    /// The content, JSON by convention.
    pub value: Vec<u8>,
}
