//! What kind of server this is, and what it can do.
//!
//! Asked once, when an endpoint is opened. From then on nothing asks the server about itself:
//! differences between products and versions are methods of [`Server`], each with the version in
//! which it came, so that the list of differences can be read in one place.
//!
//! Supported are MySQL from 5.7 and MariaDB from 10.5, as products and inside of managed services
//! (Amazon RDS and Aurora, Google Cloud SQL, Azure). Servers that only speak the protocol (TiDB,
//! Vitess, SingleStore, …) are refused: they differ in what their logs and locks promise.

mod facts;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use dbferry_core::{Code, Error};

use crate::privileges::Privileges;
use crate::wire::Connection;

/// Which product the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// MySQL, Percona Server and Aurora MySQL.
    MySql,
    /// MariaDB.
    MariaDb,
}

/// Who runs the server, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hosting {
    /// Nobody known.
    Plain,
    /// Percona Server.
    Percona,
    /// Amazon RDS.
    Rds,
    /// Amazon Aurora, with its own version.
    Aurora(String),
}

/// A version, as it compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u16, pub u16, pub u16);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl Version {
    /// Reads the beginning of a version text such as `10.11.19-MariaDB-log`.
    pub fn parse(text: &str) -> Option<Self> {
        let end = text
            .find(|c: char| c != '.' && !c.is_ascii_digit())
            .unwrap_or(text.len());
        let mut parts = text[..end].split('.').map(str::parse::<u16>);
        let mut part = || parts.next().and_then(Result::ok);
        Some(Self(part()?, part()?, part().unwrap_or(0)))
    }
}

/// Products that call themselves MySQL and are not.
const IMPOSTORS: &[&str] = &[
    "TiDB",
    "Vitess",
    "SingleStore",
    "MemSQL",
    "OceanBase",
    "PolarDB-X",
    "StarRocks",
    "Doris",
    "ClickHouse",
    "Dolt",
];

/// The oldest versions with what a migration rests on.
const OLDEST_MYSQL: Version = Version(5, 7, 0);
const OLDEST_MARIADB: Version = Version(10, 5, 0);

/// The newest series that tests have seen.
const NEWEST_MYSQL: Version = Version(9, u16::MAX, 0);
const NEWEST_MARIADB: Version = Version(11, u16::MAX, 0);

/// A server, its settings and the account's privileges, as they were when the endpoint opened.
#[derive(Debug, Clone)]
pub struct Server {
    /// Which product.
    pub flavour: Flavour,
    /// Who runs it.
    pub hosting: Hosting,
    /// Its version.
    pub version: Version,
    /// Global variables by lower-case name, as far as any code asks for them.
    variables: BTreeMap<String, String>,
    /// Every collation with its character set.
    collations: BTreeMap<String, String>,
    /// The default collation of every character set.
    default_collations: BTreeMap<String, String>,
    /// The storage engines that can be used, in lower case.
    engines: BTreeSet<String>,
    /// The account, as `user@host`.
    pub account: String,
    /// What it may do.
    pub privileges: Privileges,
    /// Every account of the server, as `user@host`; `None` where it may not be asked.
    pub accounts: Option<BTreeSet<String>>,
}

impl Server {
    /// Asks a server about itself.
    ///
    /// # Errors
    /// `ServerUnsupported`, and what the connection brings.
    pub async fn identify(connection: &mut Connection) -> Result<Self, Error> {
        let flavour = match connection.server().mariadb {
            true => Flavour::MariaDb,
            false => Flavour::MySql,
        };
        let variables = facts::variables(connection).await?;
        let version = identify_version(flavour, &variables)?;
        let (collations, default_collations) = facts::collations(connection).await?;
        Ok(Self {
            flavour,
            hosting: identify_hosting(&variables),
            version,
            collations,
            default_collations,
            engines: facts::engines(connection).await?,
            account: facts::account(connection).await?,
            privileges: facts::privileges(connection, flavour, version).await?,
            accounts: facts::accounts(connection).await,
            variables,
        })
    }

    /// A global variable as it was when the endpoint opened; `None` where the server has none of
    /// this name.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A global variable that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.variable(name)?.parse().ok()
    }

    /// Whether a global switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.variable(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("on"))
    }

    /// Product and version for people, such as `MariaDB 10.11.14`.
    pub fn product(&self) -> String {
        match (&self.hosting, self.flavour) {
            (Hosting::Aurora(aurora), _) => format!("Aurora MySQL {aurora} ({})", self.version),
            (Hosting::Rds, Flavour::MySql) => format!("MySQL {} on RDS", self.version),
            (Hosting::Rds, Flavour::MariaDb) => format!("MariaDB {} on RDS", self.version),
            (Hosting::Percona, _) => format!("Percona Server {}", self.version),
            (Hosting::Plain, Flavour::MySql) => format!("MySQL {}", self.version),
            (Hosting::Plain, Flavour::MariaDb) => format!("MariaDB {}", self.version),
        }
    }

    /// What tells this server from every other. MySQL has a UUID. MariaDB has only a hash of
    /// network card and port, which a copied machine repeats, so host and data folder stand with
    /// it.
    pub fn identity(&self) -> String {
        match self.variable("server_uuid") {
            Some(uuid) => format!("mysql:{uuid}"),
            None => {
                let part = |name| self.variable(name).unwrap_or("");
                let parts = ["server_uid", "hostname", "port", "datadir", "server_id"].map(part);
                format!("mariadb:{}", parts.join(":"))
            }
        }
    }

    /// Whether this is a newer series than tests have seen.
    pub fn untested(&self) -> bool {
        match self.flavour {
            Flavour::MySql => self.version > NEWEST_MYSQL,
            Flavour::MariaDb => self.version > NEWEST_MARIADB,
        }
    }

    /// Whether a collation exists.
    pub fn has_collation(&self, collation: &str) -> bool {
        self.collations.contains_key(collation)
    }

    /// The character set of a collation.
    pub fn charset_of(&self, collation: &str) -> Option<&str> {
        self.collations.get(collation).map(String::as_str)
    }

    /// The collation that a character set has unless another is named.
    pub fn default_collation(&self, charset: &str) -> Option<&str> {
        self.default_collations.get(charset).map(String::as_str)
    }

    /// Whether a storage engine can be used.
    pub fn has_engine(&self, engine: &str) -> bool {
        self.engines.contains(&engine.to_ascii_lowercase())
    }

    /// Whether names of schemas and tables that differ by case are the same.
    pub fn folds_names(&self) -> bool {
        self.number("lower_case_table_names").unwrap_or(0) != 0
    }

    fn is(&self, flavour: Flavour, since: Version) -> bool {
        self.flavour == flavour && self.version >= since
    }

    fn since(&self, mysql: Version, mariadb: Version) -> bool {
        self.is(Flavour::MySql, mysql) || self.is(Flavour::MariaDb, mariadb)
    }

    /// Whether this is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.flavour == Flavour::MariaDb
    }

    /// Whether checks are kept rather than parsed and forgotten.
    pub fn has_checks(&self) -> bool {
        self.since(Version(8, 0, 16), OLDEST_MARIADB)
    }

    /// Whether checks can be switched off one by one.
    pub fn has_unenforced_checks(&self) -> bool {
        self.is(Flavour::MySql, Version(8, 0, 16))
    }

    /// Whether a default may be any expression.
    pub fn has_expression_defaults(&self) -> bool {
        self.since(Version(8, 0, 13), OLDEST_MARIADB)
    }

    /// Whether the key parts of an index may descend.
    pub fn has_descending_keys(&self) -> bool {
        self.since(Version(8, 0, 1), Version(10, 8, 1))
    }

    /// Whether a key part may be an expression.
    pub fn has_functional_keys(&self) -> bool {
        self.is(Flavour::MySql, Version(8, 0, 13))
    }

    /// Whether columns may be invisible.
    pub fn has_invisible_columns(&self) -> bool {
        self.since(Version(8, 0, 23), OLDEST_MARIADB)
    }

    /// The word that hides an index from the planner; `None` where there is none.
    pub fn invisible_key_word(&self) -> Option<&'static str> {
        match self.flavour {
            Flavour::MySql => (self.version >= Version(8, 0, 0)).then_some("INVISIBLE"),
            Flavour::MariaDb => (self.version >= Version(10, 6, 0)).then_some("IGNORED"),
        }
    }

    /// Whether there is a type of JSON documents, rather than an alias of text.
    pub fn has_json_type(&self) -> bool {
        self.flavour == Flavour::MySql
    }

    /// Whether a geometry column may be bound to one spatial reference system.
    pub fn has_column_srid(&self) -> bool {
        self.is(Flavour::MySql, Version(8, 0, 3))
    }

    /// Whether there are vectors.
    pub fn has_vectors(&self) -> bool {
        self.since(Version(9, 0, 0), Version(11, 7, 0))
    }

    /// Whether the `uuid` type exists.
    pub fn has_uuid_type(&self) -> bool {
        self.is(Flavour::MariaDb, Version(10, 7, 0))
    }

    /// Whether the `inet4` type exists; `inet6` does in every supported MariaDB.
    pub fn has_inet4_type(&self) -> bool {
        self.is(Flavour::MariaDb, Version(10, 10, 0))
    }

    /// Whether the account may name another as the definer of an object.
    pub fn may_set_definer(&self) -> bool {
        let names: &[&str] = match self.flavour {
            Flavour::MySql => &["SUPER", "SET_USER_ID", "SET_ANY_DEFINER"],
            Flavour::MariaDb => &["SUPER", "SET USER"],
        };
        self.privileges.has_any(names)
    }

    /// Whether functions and triggers can be created: with the binary log on, that takes SUPER or
    /// a setting of the server.
    pub fn may_create_functions(&self) -> bool {
        !self.is_on("log_bin")
            || self.is_on("log_bin_trust_function_creators")
            || self.privileges.has_any(&["SUPER"])
    }
}

fn identify_version(
    flavour: Flavour,
    variables: &BTreeMap<String, String>,
) -> Result<Version, Error> {
    let text = |name| variables.get(name).map_or("", String::as_str);
    let full = format!("{} {}", text("version"), text("version_comment"));
    if let Some(product) = IMPOSTORS.iter().find(|product| full.contains(*product)) {
        return Err(unsupported(format!(
            "the server is {product}, which only speaks the protocol"
        )));
    }
    let version = Version::parse(text("version")).ok_or_else(|| {
        unsupported(format!(
            "the server's version '{}' cannot be understood",
            text("version")
        ))
    })?;
    let oldest = match flavour {
        Flavour::MySql => OLDEST_MYSQL,
        Flavour::MariaDb => OLDEST_MARIADB,
    };
    if version < oldest {
        return Err(unsupported(format!(
            "the server's version {version} is older than {oldest}"
        )));
    }
    Ok(version)
}

fn unsupported(message: String) -> Error {
    Error::definite(Code::ServerUnsupported, message)
        .with_hint("MySQL 5.7 to 9, MariaDB 10.5 to 11 and Aurora MySQL 2 and 3 are supported")
}

fn identify_hosting(variables: &BTreeMap<String, String>) -> Hosting {
    let text = |name| variables.get(name).map_or("", String::as_str);
    if let Some(aurora) = variables.get("aurora_version") {
        Hosting::Aurora(aurora.clone())
    } else if text("basedir").starts_with("/rdsdbbin") {
        Hosting::Rds
    } else if text("version_comment").contains("Percona") {
        Hosting::Percona
    } else {
        Hosting::Plain
    }
}

#[cfg(test)]
pub(crate) mod tests;
