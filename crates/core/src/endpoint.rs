//! What source and target have in common.

use async_trait::async_trait;
use serde::Serialize;

use crate::catalog::{Catalog, CatalogScope};
use crate::error::Error;
use crate::filter::Filter;
use crate::finding::Finding;
use crate::name::{Family, TableName};

/// A configured connection to one database.
///
/// Implementations are shared between workers and open connections as they need them.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// What this database is and can do. Known once the endpoint exists: opening it connects.
    fn capabilities(&self) -> &Capabilities;

    /// Looks for whatever would keep the endpoint from serving in `role`.
    ///
    /// # Errors
    /// Only when the server cannot be asked; what it answers are findings.
    async fn check(&self, role: Role, scope: &CatalogScope) -> Result<Vec<Finding>, Error>;

    /// Reads the catalog. Objects of the server itself are left out.
    ///
    /// # Errors
    /// `ObjectMissing` when a schema of the scope does not exist, `PrivilegeMissing`, and what
    /// the connection brings.
    async fn catalog(&self, scope: &CatalogScope) -> Result<Catalog, Error>;

    /// Counts the rows of a table that pass the filter, exactly.
    ///
    /// # Errors
    /// `ObjectMissing`, `PrivilegeMissing`, and what the connection brings.
    async fn count_rows(&self, table: &TableName, filter: Option<&Filter>) -> Result<u64, Error>;
}

/// The part that an endpoint plays in a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Rows come from it.
    Source,
    /// Rows go to it.
    Target,
}

/// What a database is and can do, so that the engine plans around what it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Which dialect and types it has.
    pub family: Family,
    /// Product and version for people, such as `MariaDB 10.11.14`.
    pub product: String,
    /// What tells this server from every other: the same value means the same server.
    pub server_identity: String,
    /// Connections that may load at once; an embedded database with one writer says 1.
    pub loaders_max: usize,
    /// Connections that may read at once.
    pub readers_max: usize,
    /// How names of tables and schemas compare.
    pub name_case: NameCase,
    /// The schema that every table is in, for a database that has only one.
    pub only_schema: Option<String>,
}

/// How a server compares the names of tables and schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameCase {
    /// Names that differ by case are different.
    Sensitive,
    /// Names that differ by case are the same.
    Insensitive,
}
