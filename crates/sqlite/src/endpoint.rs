//! The seam of `dbferry_core` over a SQLite file.

use std::sync::Arc;

use async_trait::async_trait;
use dbferry_core::catalog::Schema;
use dbferry_core::filter::Filter;
use dbferry_core::{
    Capabilities, Catalog, CatalogScope, Code, Endpoint, Error, ExistingTable, Family, Finding,
    KeyCells, KeyTiming, Loader, NameCase, Role, SegmentRecord, Source, StoredObject, Table,
    TableName, TableRead, TableReader, TableStatements, Target, TaskId, Translation,
};
use rusqlite::Connection;

use crate::codec::unsigned;
use crate::config::SqliteConfig;
use crate::connect::Opener;
use crate::ddl::{apply, translate};
use crate::fault::explain;
use crate::load::{SqliteLoader, Turn};
use crate::schema::tables;
use crate::snapshot::reader::Reader;
use crate::snapshot::{range, split};
use crate::{FAMILY, SCHEMA, check, filter, ledger, schema, task};

/// Connections that may read at once: more than cores would only compete for them.
const READERS_MAX: usize = 8;

/// A SQLite file as source or target.
pub struct SqliteEndpoint {
    opener: Arc<Opener>,
    capabilities: Capabilities,
    turn: Turn,
}

impl SqliteEndpoint {
    /// Opens the file, makes it if the configuration says so, and proves that it is a database.
    ///
    /// # Errors
    /// `FileUnavailable` for what is missing, not allowed, damaged or no database; `LockConflict`.
    pub async fn open(config: SqliteConfig) -> Result<Self, Error> {
        let opener = tokio::task::spawn_blocking(move || Opener::new(config).map(Arc::new))
            .await
            .map_err(|error| {
                Error::definite(Code::Internal, "a thread of the SQLite connector failed")
                    .with_source(error)
            })??;
        let product = task::run(&opener, version).await?;
        let capabilities = Capabilities {
            family: FAMILY,
            product,
            server_identity: identity(&opener),
            loaders_max: 1,
            readers_max: READERS_MAX,
            name_case: NameCase::Insensitive,
            only_schema: Some(SCHEMA.to_owned()),
        };
        Ok(Self {
            opener,
            capabilities,
            turn: Turn::default(),
        })
    }

    /// Runs work that writes, when it is its turn.
    async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, Error> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        task::run(&self.opener, move |connection| {
            let _turn = turn;
            work(connection)
        })
        .await
    }
}

fn version(connection: &mut Connection) -> Result<String, Error> {
    connection
        .query_row("SELECT sqlite_version()", [], |row| row.get::<_, String>(0))
        .map(|version| format!("SQLite {version}"))
        .map_err(explain)
}

/// The file itself, whatever links lead to it.
#[cfg(unix)]
fn identity(opener: &Opener) -> String {
    use std::os::unix::fs::MetadataExt;
    match std::fs::metadata(opener.path()) {
        Ok(metadata) => format!("sqlite:{}:{}", metadata.dev(), metadata.ino()),
        Err(_) => format!("sqlite:{}", opener.path().display()),
    }
}

#[cfg(not(unix))]
fn identity(opener: &Opener) -> String {
    let canonical = std::fs::canonicalize(opener.path());
    let path = canonical.unwrap_or_else(|_| opener.path().to_owned());
    format!("sqlite:{}", path.display())
}

#[async_trait]
impl Endpoint for SqliteEndpoint {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self, role: Role, scope: &CatalogScope) -> Result<Vec<Finding>, Error> {
        let (opener, scope) = (Arc::clone(&self.opener), scope.clone());
        task::run(&self.opener, move |connection| {
            check::run(connection, &opener, role, &scope)
        })
        .await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Catalog, Error> {
        let scope = scope.clone();
        task::run(&self.opener, move |connection| {
            schema::read(connection, &scope)
        })
        .await
    }

    async fn count_rows(&self, table: &TableName, filter: Option<&Filter>) -> Result<u64, Error> {
        let (table, filter) = (table.clone(), filter.cloned());
        task::run(&self.opener, move |connection| {
            count(connection, &table, filter.as_ref())
        })
        .await
    }
}

fn count(connection: &Connection, name: &TableName, filter: Option<&Filter>) -> Result<u64, Error> {
    let table = tables::read_one(connection, name)?;
    let mut sql = format!("SELECT count(*) FROM {}", range::table_name(&table));
    let mut values = Vec::new();
    if let Some(filter) = filter.filter(|filter| !filter.terms.is_empty()) {
        let conditions = filter::conditions(&table, filter, &mut values)?;
        sql.push_str(" WHERE ");
        sql.push_str(&conditions.join(" AND "));
    }
    connection
        .query_row(&sql, rusqlite::params_from_iter(values), |row| row.get(0))
        .map(unsigned)
        .map_err(|error| explain(error).with_object(format!("table {name}")))
}

#[async_trait]
impl Source for SqliteEndpoint {
    fn walkable_key(&self, table: &Table) -> Option<Vec<usize>> {
        range::walkable_key(table)
    }

    async fn split(&self, read: &TableRead, pieces: usize) -> Result<Vec<KeyCells>, Error> {
        let read = read.clone();
        task::run(&self.opener, move |connection| {
            split::split(connection, &read, pieces)
                .map_err(|error| error.with_object(format!("table {}", read.table.name)))
        })
        .await
    }

    async fn reader(&self) -> Result<Box<dyn TableReader>, Error> {
        Ok(Box::new(Reader::start(&self.opener).await?))
    }
}

#[async_trait]
impl Target for SqliteEndpoint {
    fn translate(&self, table: &Table, from: Family) -> Translation<Table> {
        translate::table(table, from)
    }

    fn translate_schema(&self, schema: &Schema, from: Family) -> Translation<Schema> {
        translate::schema(schema, from)
    }

    fn translate_object(&self, object: &StoredObject, from: Family) -> Translation<StoredObject> {
        translate::object(object, from)
    }

    fn definition(&self, table: &Table, keys: KeyTiming) -> TableStatements {
        apply::statements(table, keys)
    }

    fn rolls_back(&self, _table: &Table) -> bool {
        true
    }

    async fn existing(&self, tables: &[TableName]) -> Result<Vec<ExistingTable>, Error> {
        let tables = tables.to_vec();
        task::run(&self.opener, move |connection| {
            apply::existing(connection, &tables)
        })
        .await
    }

    async fn create_schema(&self, schema: &Schema) -> Result<(), Error> {
        match schema.name == SCHEMA {
            true => Ok(()),
            false => Err(Error::definite(
                Code::DefinitionRefused,
                format!("a SQLite file has the schema {SCHEMA:?} alone"),
            )
            .with_object(format!("schema {}", schema.name.escape_debug()))),
        }
    }

    async fn create_table(&self, table: &Table, keys: KeyTiming) -> Result<(), Error> {
        let table = table.clone();
        self.write(move |connection| apply::create_table(connection, &table, keys))
            .await
    }

    async fn drop_table(&self, table: &TableName) -> Result<(), Error> {
        let table = table.clone();
        self.write(move |connection| apply::drop_table(connection, &table))
            .await
    }

    async fn empty_table(&self, table: &TableName) -> Result<(), Error> {
        let table = table.clone();
        self.write(move |connection| apply::empty_table(connection, &table))
            .await
    }

    async fn complete_table(&self, table: &Table) -> Result<(), Error> {
        let table = table.clone();
        self.write(move |connection| apply::complete_table(connection, &table))
            .await
    }

    async fn add_foreign_keys(&self, table: &Table) -> Result<(), Error> {
        let table = table.clone();
        task::run(&self.opener, move |connection| {
            apply::prove_foreign_keys(connection, &table)
        })
        .await
    }

    async fn create_object(&self, object: &StoredObject) -> Result<(), Error> {
        let object = object.clone();
        self.write(move |connection| apply::create_object(connection, &object))
            .await
    }

    async fn loader(&self, task: &TaskId) -> Result<Box<dyn Loader>, Error> {
        let turn = Arc::clone(&self.turn);
        let loader = SqliteLoader::start(&self.opener, turn, task.clone()).await?;
        Ok(Box::new(loader))
    }

    async fn ledger(&self, task: &TaskId) -> Result<Vec<SegmentRecord>, Error> {
        let task = task.clone();
        self.write(move |connection| ledger::read(connection, &task))
            .await
    }

    async fn forget_segments(&self, task: &TaskId, table: &TableName) -> Result<(), Error> {
        let (task, table) = (task.clone(), table.clone());
        self.write(move |connection| ledger::forget_table(connection, &task, &table))
            .await
    }

    async fn forget_task(&self, task: &TaskId) -> Result<(), Error> {
        let task = task.clone();
        self.write(move |connection| ledger::forget_task(connection, &task))
            .await
    }
}
