//! The wiring: which connector serves which address. No other crate knows them all.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use dbferry_control::{Connectors, EndpointSpec};
use dbferry_core::{Code, EndpointAddress, Error, Role, Secret, Source, Target};
use dbferry_mysql::config::{MySqlConfig, SCHEMES as MYSQL_SCHEMES};
use dbferry_mysql::endpoint::MySqlEndpoint;
use dbferry_sqlite::{SqliteConfig, SqliteEndpoint};

/// The kinds of databases that have a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// MySQL, MariaDB, Aurora MySQL.
    MySql,
    /// SQLite.
    Sqlite,
}

impl Kind {
    /// The kind that an address means.
    ///
    /// # Errors
    /// `EndpointInvalid` when no connector serves its scheme.
    pub(crate) fn of(address: &EndpointAddress) -> Result<Self, Error> {
        match address.scheme.as_str() {
            "sqlite" => Ok(Self::Sqlite),
            scheme if MYSQL_SCHEMES.contains(&scheme) => Ok(Self::MySql),
            scheme => Err(Error::definite(
                Code::EndpointInvalid,
                format!("no connector serves the scheme {scheme:?}"),
            )
            .with_object(address)
            .with_hint(format!("write one of sqlite, {}", MYSQL_SCHEMES.join(", ")))),
        }
    }

    /// Whether its endpoints have accounts with passwords.
    pub(crate) const fn has_accounts(self) -> bool {
        matches!(self, Self::MySql)
    }

    /// The one schema of its databases, for a kind that has no more.
    pub(crate) const fn only_schema(self) -> Option<&'static str> {
        match self {
            Self::MySql => None,
            Self::Sqlite => Some(dbferry_sqlite::SCHEMA),
        }
    }

    /// The one database that an address of this kind is about, if it names one.
    pub(crate) fn database(self, address: &EndpointAddress) -> Option<&str> {
        match self {
            Self::MySql => address.database(),
            Self::Sqlite => None,
        }
    }
}

/// Reads an address as the user wrote it, and makes it mean the same from every directory.
///
/// # Errors
/// `EndpointInvalid`, also for whatever its connector does not understand.
pub(crate) fn read_address(text: &str, role: Role) -> Result<EndpointAddress, Error> {
    let mut address = EndpointAddress::parse(text)?;
    let kind = Kind::of(&address)?;
    if kind == Kind::Sqlite && !address.path.is_empty() {
        address.path = absolute(&address.path)?;
    }
    match kind {
        Kind::MySql => MySqlConfig::from_address(&address).map(|_| ()),
        Kind::Sqlite => SqliteConfig::from_address(&address, role).map(|_| ()),
    }
    .map_err(|error| error.with_object(&address))?;
    Ok(address)
}

/// Takes a file away again that was made only by looking: a command that changes nothing leaves
/// no empty database behind.
pub(crate) struct NoNewFile(Option<PathBuf>);

impl NoNewFile {
    /// Remembers whether the file of an address exists.
    pub(crate) fn at(address: &EndpointAddress) -> Self {
        let missing = |path: &PathBuf| !path.exists();
        Self(match Kind::of(address) {
            Ok(Kind::Sqlite) => Some(PathBuf::from(&address.path)).filter(missing),
            Ok(Kind::MySql) | Err(_) => None,
        })
    }
}

impl Drop for NoNewFile {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && path.metadata().is_ok_and(|made| made.len() == 0)
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::warn!(path = %path.display(), %error, "empty file left behind");
        }
    }
}

fn absolute(path: &str) -> Result<String, Error> {
    std::path::absolute(path)
        .map(PathBuf::into_os_string)
        .ok()
        .and_then(|path| path.into_string().ok())
        .ok_or_else(|| {
            Error::definite(
                Code::EndpointInvalid,
                "the present directory has no name that fits",
            )
            .with_hint("write the whole path of the file")
        })
}

/// Opens endpoints with the passwords that were found for them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections {
    pub(crate) source_password: Option<Secret>,
    pub(crate) target_password: Option<Secret>,
}

#[async_trait]
impl Connectors for Connections {
    async fn source(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Source>, Error> {
        let address = with_password(endpoint, self.source_password.as_ref());
        match Kind::of(&address)? {
            Kind::MySql => Ok(Arc::new(open_mysql(&address).await?)),
            Kind::Sqlite => Ok(Arc::new(open_sqlite(&address, Role::Source).await?)),
        }
    }

    async fn target(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Target>, Error> {
        let address = with_password(endpoint, self.target_password.as_ref());
        match Kind::of(&address)? {
            Kind::MySql => Ok(Arc::new(open_mysql(&address).await?)),
            Kind::Sqlite => Ok(Arc::new(open_sqlite(&address, Role::Target).await?)),
        }
    }
}

fn with_password(endpoint: &EndpointSpec, password: Option<&Secret>) -> EndpointAddress {
    let mut address = endpoint.address.clone();
    address.password = password.cloned();
    address
}

async fn open_mysql(address: &EndpointAddress) -> Result<MySqlEndpoint, Error> {
    let config = MySqlConfig::from_address(address)?;
    MySqlEndpoint::open(config)
        .await
        .map_err(|error| error.with_object(address))
}

async fn open_sqlite(address: &EndpointAddress, role: Role) -> Result<SqliteEndpoint, Error> {
    let config = SqliteConfig::from_address(address, role)?;
    SqliteEndpoint::open(config)
        .await
        .map_err(|error| error.with_object(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_mean_the_same_from_every_directory() {
        let address = read_address("sqlite:some/file.db", Role::Source).unwrap();
        assert!(std::path::Path::new(&address.path).is_absolute());
        assert!(address.path.ends_with("some/file.db"));
    }

    #[test]
    fn what_no_connector_understands_is_refused_before_anything_happens() {
        for text in [
            "postgres://a@h/",
            "mysql://h/",
            "mysql://a@h/?colour=red",
            "sqlite:",
            "file",
        ] {
            let error = read_address(text, Role::Source).unwrap_err();
            assert_eq!(error.code(), Code::EndpointInvalid, "{text}");
            assert!(error.hint().is_some(), "{text}");
        }
    }
}
