//! Connections whose session is in a known state.
//!
//! A server's configuration decides about time zones, quoting, silent truncation and time limits,
//! so nothing is left to it: every session sets all that could change what a statement means.
//! All of it works with ordinary rights. Settings that need a privilege, or that only some
//! versions have, are *optional*: they are tried once, when the endpoint opens, and from then on
//! only those that were accepted are sent, so that a session is set up in one round trip.
//!
//! | purpose | what it is for | besides the common settings |
//! |---|---|---|
//! | catalog | reading `information_schema` and `SHOW CREATE` | sizes as they are now, not cached |
//! | read | reading rows | an empty `sql_mode`: nothing is padded, no quote changes its meaning |
//! | load | writing rows | strict, invalid and zero dates allowed, no key and constraint checks |
//! | define | DDL | as load, with a short wait for locks |
//!
//! [`Sessions`] opens connections for workers, which own them, and keeps a few idle ones for
//! short calls: [`Sessions::borrow`].

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use dbferry_core::Error;

use crate::config::MySqlConfig;
use crate::retry;
use crate::server::Server;
use crate::wire::Connection;

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Reading the catalog.
    Catalog,
    /// Reading rows.
    Read,
    /// Writing rows.
    Load,
    /// Defining objects.
    Define,
}

/// The `sql_mode` of sessions that read. Empty: quotes and backslashes have their usual meaning,
/// CHAR is not padded, `SHOW CREATE` leaves nothing out.
const READ_MODE: &str = "";

/// The `sql_mode` of sessions that write. Strict, so that no value is changed silently; but what
/// the source holds may go in: 0 as a number of its own in auto-increment columns, zero and
/// partial dates, dates that no calendar has. An engine that is not there is an error.
const WRITE_MODE: &str = "STRICT_TRANS_TABLES,STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,\
    ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";

/// Settings of every session, known to all supported servers.
///
/// The limits in seconds: a reader may be held up by a slow target, and a loader by a slow source,
/// for an hour; an idle session stays for a day.
const COMMON: &str = "SESSION time_zone = '+00:00', SESSION autocommit = 1, \
    SESSION sql_quote_show_create = 1, SESSION sql_auto_is_null = 0, SESSION sql_safe_updates = 0, \
    SESSION sql_big_selects = 1, SESSION sql_select_limit = 18446744073709551615, \
    SESSION wait_timeout = 86400, \
    SESSION net_read_timeout = 3600, SESSION net_write_timeout = 3600, \
    SESSION innodb_lock_wait_timeout = 60";

/// Settings that need a privilege on some servers, or that some lack: for whom, and what.
const OPTIONAL: &[(&[Purpose], &str)] = {
    use Purpose::{Catalog, Define, Load, Read};
    &[
        // Limits on the run time of a statement.
        (
            &[Catalog, Read, Load, Define],
            "SESSION max_statement_time = 0",
        ),
        (&[Catalog, Read], "SESSION max_execution_time = 0"),
        // Sizes and counters as they are now.
        (&[Catalog], "SESSION information_schema_stats_expiry = 0"),
        (
            &[Catalog],
            "SESSION show_gipk_in_create_table_and_information_schema = 1",
        ),
        (
            &[Catalog],
            "SESSION show_create_table_skip_secondary_engine = 0",
        ),
        // The salt of a password's hash may hold any byte.
        (&[Catalog], "SESSION print_identified_with_as_hex = 1"),
        // The most warnings that can be read back; this is the highest value. MySQL 9 wants
        // SESSION_VARIABLES_ADMIN for it, so a loader must do with fewer.
        (&[Load], "SESSION max_error_count = 65535"),
        // Rows of a system-versioned table, with the times that they had.
        (&[Load], "SESSION system_versioning_insert_history = 1"),
        // Checks held on the source; MariaDB can leave them out for a session.
        (&[Load, Define], "SESSION check_constraint_checks = 0"),
        // Adding a key changes nothing of a table's history.
        (
            &[Define],
            "SESSION system_versioning_alter_history = 'KEEP'",
        ),
        // Tables are created as they are on the source.
        (&[Define], "SESSION sql_require_primary_key = 0"),
        (&[Define], "SESSION sql_generate_invisible_primary_key = 0"),
        (&[Define], "SESSION restrict_fk_on_non_standard_key = 0"),
        (&[Define], "SESSION explicit_defaults_for_timestamp = 1"),
        (&[Define], "SESSION innodb_strict_mode = 1"),
    ]
};

/// The most idle connections that are kept.
const IDLE_MAX: usize = 8;

/// Opens connections to one server. Cheap to clone; clones share the idle connections.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: MySqlConfig,
    server: Server,
    /// The optional settings that the server accepted.
    accepted: Vec<(&'static [Purpose], &'static str)>,
    idle: Mutex<Vec<(Purpose, Connection)>>,
}

impl Sessions {
    /// Connects, and learns what the server is. A server that cannot be reached is not tried
    /// again: the user waits, and the address may be wrong.
    ///
    /// # Errors
    /// What the connection brings, and `ServerUnsupported`.
    pub async fn connect(config: MySqlConfig) -> Result<Self, Error> {
        let mut connection = Connection::connect(&config.connect).await?;
        connection.execute("SET NAMES utf8mb4").await?;
        connection
            .execute(&format!("SET SESSION sql_mode = '{READ_MODE}'"))
            .await?;
        let server = Server::identify(&mut connection).await?;
        let accepted = probe(&mut connection).await?;
        connection.close().await;
        let idle = Mutex::default();
        Ok(Self(Arc::new(Inner {
            config,
            server,
            accepted,
            idle,
        })))
    }

    /// What the server is.
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// What the user chose.
    pub fn config(&self) -> &MySqlConfig {
        &self.0.config
    }

    /// Whether sessions have this optional setting.
    pub fn accepts(&self, variable: &str) -> bool {
        let starts = format!("SESSION {variable} ");
        self.0
            .accepted
            .iter()
            .any(|(_, setting)| setting.starts_with(&starts))
    }

    /// Opens a connection that the caller owns. Transient faults are tried again for a moment.
    ///
    /// # Errors
    /// What the connection brings; `PrivilegeMissing` when the user asked for sessions without
    /// binary log and the account may not have them.
    pub async fn open(&self, purpose: Purpose) -> Result<Connection, Error> {
        retry::transient(|| self.open_once(purpose)).await
    }

    async fn open_once(&self, purpose: Purpose) -> Result<Connection, Error> {
        let mut connection = Connection::connect(&self.0.config.connect).await?;
        for statement in self.setup(purpose) {
            connection.execute(&statement).await?;
        }
        if self.0.config.skip_log_bin && matches!(purpose, Purpose::Load | Purpose::Define) {
            connection
                .execute("SET SESSION sql_log_bin = 0")
                .await
                .map_err(|error| Error::from(error).with_hint(NO_LOG_HINT))?;
        }
        Ok(connection)
    }

    /// The statements that bring a new session into its state.
    fn setup(&self, purpose: Purpose) -> [String; 2] {
        let mut settings = format!("SET NAMES utf8mb4, {COMMON}");
        settings.push_str(match purpose {
            Purpose::Catalog | Purpose::Read => "",
            Purpose::Load => ", SESSION foreign_key_checks = 0, SESSION unique_checks = 1",
            Purpose::Define => {
                ", SESSION foreign_key_checks = 0, SESSION unique_checks = 1, \
                 SESSION lock_wait_timeout = 120"
            }
        });
        let mode = match purpose {
            Purpose::Catalog | Purpose::Read => READ_MODE,
            Purpose::Load | Purpose::Define => WRITE_MODE,
        };
        settings.push_str(&format!(", SESSION sql_mode = '{mode}'"));
        for (purposes, setting) in &self.0.accepted {
            if purposes.contains(&purpose) {
                settings.push_str(", ");
                settings.push_str(setting);
            }
        }
        [
            settings,
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE".into(),
        ]
    }

    /// Brings a session whose settings were changed back into the state of its purpose.
    ///
    /// # Errors
    /// What the connection brings.
    pub async fn restore(
        &self,
        connection: &mut Connection,
        purpose: Purpose,
    ) -> Result<(), Error> {
        let [settings, _] = self.setup(purpose);
        connection.execute(&settings).await?;
        Ok(())
    }

    /// Takes an idle connection, or opens one; it becomes idle again when dropped.
    ///
    /// # Errors
    /// As [`Sessions::open`].
    pub async fn borrow(&self, purpose: Purpose) -> Result<Borrowed, Error> {
        while let Some(mut connection) = self.take_idle(purpose) {
            if connection.ping().await.is_ok() {
                return Ok(self.lend(purpose, connection));
            }
        }
        Ok(self.lend(purpose, self.open(purpose).await?))
    }

    fn lend(&self, purpose: Purpose, connection: Connection) -> Borrowed {
        Borrowed {
            sessions: self.clone(),
            purpose,
            connection: Some(connection),
        }
    }

    fn take_idle(&self, purpose: Purpose) -> Option<Connection> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let index = idle.iter().position(|(other, _)| *other == purpose)?;
        Some(idle.swap_remove(index).1)
    }

    fn put_idle(&self, purpose: Purpose, connection: Connection) {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push((purpose, connection));
        }
    }
}

const NO_LOG_HINT: &str = "grant SUPER, SYSTEM_VARIABLES_ADMIN or (MariaDB) BINLOG ADMIN to the \
    account, or leave skip-log-bin out of the address";

/// Tries each optional setting.
async fn probe(
    connection: &mut Connection,
) -> Result<Vec<(&'static [Purpose], &'static str)>, Error> {
    let mut accepted = Vec::new();
    for (purposes, setting) in OPTIONAL {
        match connection.execute(&format!("SET {setting}")).await {
            Ok(_) => accepted.push((*purposes, *setting)),
            // Unknown, read-only in a session, or not permitted.
            Err(error) if error.server().is_some() => {
                tracing::debug!(setting, %error, "a session setting is not available");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(accepted)
}

/// A connection that goes back to the idle ones when it is dropped, unless it is broken.
#[derive(Debug)]
pub struct Borrowed {
    sessions: Sessions,
    purpose: Purpose,
    /// `None` only while it is dropped or was discarded.
    connection: Option<Connection>,
}

impl Borrowed {
    /// Closes the connection instead of giving it back, since its session has been changed.
    pub async fn discard(mut self) {
        if let Some(connection) = self.connection.take() {
            connection.close().await;
        }
    }
}

impl Deref for Borrowed {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a borrowed connection is taken only when it is given up"),
        }
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut Connection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a borrowed connection is taken only when it is given up"),
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(connection) = self
            .connection
            .take()
            .filter(|connection| !connection.is_broken())
        {
            self.sessions.put_idle(self.purpose, connection);
        }
    }
}
