//! The endpoint: this family behind the seam.
//!
//! Nothing happens here but handing on: `schema` and `check` read, `ddl` defines, `snapshot`
//! reads rows, `load` writes them. All share one [`Sessions`].

use async_trait::async_trait;
use dbferry_core::catalog::Schema;
use dbferry_core::filter::Filter;
use dbferry_core::source::{KeyCells, TableRead, TableReader};
use dbferry_core::target::{
    ExistingTable, KeyTiming, Loader, SegmentRecord, TableStatements, Translation,
};
use dbferry_core::{
    Capabilities, Catalog, CatalogScope, Code, Endpoint, Error, Family, Finding, NameCase, Role,
    Source, StoredObject, Table, TableName, Target, TaskId,
};

use crate::config::MySqlConfig;
use crate::load::ledger::Ledger;
use crate::sessions::{Purpose, Sessions};
use crate::{FAMILY, check, ddl, dialect, load, schema, snapshot};

/// The most connections for rows. More do not make a server faster, and others want some too.
const WORKERS_MAX: u64 = 32;

/// The share of a server's connections that rows may take: a quarter.
const CONNECTIONS_SHARE: u64 = 4;

/// A MySQL, MariaDB or Aurora MySQL server as source and target.
#[derive(Debug, Clone)]
pub struct MySqlEndpoint {
    sessions: Sessions,
    capabilities: Capabilities,
}

impl MySqlEndpoint {
    /// Connects, and learns what the server is.
    ///
    /// # Errors
    /// What the connection brings, and `ServerUnsupported`.
    pub async fn open(config: MySqlConfig) -> Result<Self, Error> {
        let sessions = Sessions::connect(config).await?;
        let capabilities = capabilities(&sessions);
        Ok(Self {
            sessions,
            capabilities,
        })
    }

    /// The sessions that everything of this endpoint uses.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    fn ledger_of(&self) -> Ledger {
        Ledger::new(&self.sessions.config().control_schema)
    }
}

fn capabilities(sessions: &Sessions) -> Capabilities {
    let server = sessions.server();
    let connections = server.number("max_connections").unwrap_or(100) / CONNECTIONS_SHARE;
    let workers = usize::try_from(connections.clamp(1, WORKERS_MAX)).unwrap_or(1);
    Capabilities {
        family: FAMILY,
        product: server.product(),
        server_identity: server.identity(),
        loaders_max: workers,
        readers_max: workers,
        name_case: match server.folds_names() {
            true => NameCase::Insensitive,
            false => NameCase::Sensitive,
        },
        only_schema: None,
    }
}

#[async_trait]
impl Endpoint for MySqlEndpoint {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self, role: Role, scope: &CatalogScope) -> Result<Vec<Finding>, Error> {
        check::run(&self.sessions, role, scope).await
    }

    async fn catalog(&self, scope: &CatalogScope) -> Result<Catalog, Error> {
        schema::read(&self.sessions, scope).await
    }

    async fn count_rows(&self, table: &TableName, filter: Option<&Filter>) -> Result<u64, Error> {
        let mut sql = format!("SELECT COUNT(*) FROM {}", dialect::object(table));
        if let Some(filter) = filter {
            let described = schema::read_table(&self.sessions, table)
                .await?
                .ok_or_else(|| {
                    Error::definite(Code::ObjectMissing, "the table does not exist")
                        .with_object(table)
                })?;
            if let Some(condition) = snapshot::filter::condition(&described, filter)? {
                sql.push_str(&format!(" WHERE {condition}"));
            }
        }
        let mut connection = self.sessions.borrow(Purpose::Read).await?;
        let set = connection
            .query(&sql)
            .await
            .map_err(|error| Error::from(error).with_object(table))?;
        Ok(set.require_first()?.u64(0)?)
    }
}

#[async_trait]
impl Source for MySqlEndpoint {
    fn walkable_key(&self, table: &Table) -> Option<Vec<usize>> {
        snapshot::keyset::walkable_key(table)
    }

    async fn split(&self, read: &TableRead, pieces: usize) -> Result<Vec<KeyCells>, Error> {
        snapshot::split::split(&self.sessions, read, pieces).await
    }

    async fn reader(&self) -> Result<Box<dyn TableReader>, Error> {
        Ok(Box::new(
            snapshot::reader::Reader::connect(&self.sessions).await?,
        ))
    }
}

#[async_trait]
impl Target for MySqlEndpoint {
    fn translate(&self, table: &Table, from: Family) -> Translation<Table> {
        ddl::translate::table(table, from, self.sessions.server())
    }

    fn translate_schema(&self, schema: &Schema, from: Family) -> Translation<Schema> {
        ddl::translate::schema(schema, from, self.sessions.server())
    }

    fn translate_object(&self, object: &StoredObject, from: Family) -> Translation<StoredObject> {
        let definer = self.sessions.config().definer;
        ddl::translate::object(object, from, self.sessions.server(), definer)
    }

    fn definition(&self, table: &Table, keys: KeyTiming) -> TableStatements {
        ddl::definition::statements(table, keys, self.sessions.server())
    }

    fn rolls_back(&self, table: &Table) -> bool {
        load::rolls_back(table)
    }

    async fn existing(&self, tables: &[TableName]) -> Result<Vec<ExistingTable>, Error> {
        ddl::create::existing(&self.sessions, tables).await
    }

    async fn create_schema(&self, schema: &Schema) -> Result<(), Error> {
        ddl::create::schema(&self.sessions, schema).await
    }

    async fn create_table(&self, table: &Table, keys: KeyTiming) -> Result<(), Error> {
        ddl::create::table(&self.sessions, table, keys).await
    }

    async fn drop_table(&self, table: &TableName) -> Result<(), Error> {
        ddl::create::drop_table(&self.sessions, table).await
    }

    async fn empty_table(&self, table: &TableName) -> Result<(), Error> {
        ddl::create::empty_table(&self.sessions, table).await
    }

    async fn complete_table(&self, table: &Table) -> Result<(), Error> {
        ddl::complete::table(&self.sessions, table).await
    }

    async fn add_foreign_keys(&self, table: &Table) -> Result<(), Error> {
        ddl::complete::foreign_keys(&self.sessions, table).await
    }

    async fn create_object(&self, object: &StoredObject) -> Result<(), Error> {
        ddl::objects::create(&self.sessions, object).await
    }

    async fn loader(&self, task: &TaskId) -> Result<Box<dyn Loader>, Error> {
        Ok(Box::new(
            load::loader::Loader::connect(&self.sessions, task).await?,
        ))
    }

    async fn ledger(&self, task: &TaskId) -> Result<Vec<SegmentRecord>, Error> {
        let mut connection = self.sessions.borrow(Purpose::Define).await?;
        let ledger = self.ledger_of();
        ledger.ensure(&mut connection).await?;
        ledger.read(&mut connection, task).await
    }

    async fn forget_segments(&self, task: &TaskId, table: &TableName) -> Result<(), Error> {
        let mut connection = self.sessions.borrow(Purpose::Define).await?;
        self.ledger_of()
            .forget_segments(&mut connection, task, table)
            .await
    }

    async fn forget_task(&self, task: &TaskId) -> Result<(), Error> {
        let mut connection = self.sessions.borrow(Purpose::Define).await?;
        self.ledger_of().forget_task(&mut connection, task).await
    }
}
