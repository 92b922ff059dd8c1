//! A server of the test's own, which it may kill.

use std::path::PathBuf;
use std::process::Command;

use dbferry_core::EndpointAddress;
use dbferry_mysql::config::MySqlConfig;
use dbferry_mysql::wire::{Connection, Result, ResultSet, Row};

use crate::servers::blocking;

/// The password of the user, which is also called so.
pub(super) const PASSWORD: &str = "dbferry";

/// What is committed survives a kill; and a crash is recovered from in no time.
const OPTIONS: [&str; 2] = [
    "--innodb-flush-log-at-trx-commit=1",
    "--default-storage-engine=InnoDB",
];

/// The cells of a result, NULL as an empty text.
pub(super) type Rows = Vec<Vec<String>>;

/// A throw-away server, gone at the end.
pub(super) struct Server {
    kind: String,
    dir: PathBuf,
    address: EndpointAddress,
    runs: bool,
}

impl Server {
    /// Makes a server of this kind in a new folder.
    pub(super) fn fresh(kind: &str, dir: PathBuf) -> Self {
        let place = dir.display().to_string();
        let mut arguments = vec!["fresh", kind, &place, "0", "--"];
        arguments.extend(OPTIONS);
        let address = script(&arguments).trim().parse().unwrap();
        Self {
            kind: kind.to_owned(),
            dir,
            address,
            runs: true,
        }
    }

    /// What it is: `mariadb` or `mysql`.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// Its address without a password.
    pub(super) fn url(&self, database: &str) -> String {
        let port = self.address.port.unwrap();
        format!("mysql://dbferry@127.0.0.1:{port}/{database}")
    }

    /// Kills it as a crash does, and returns when it is dead.
    pub(super) fn kill(&mut self) {
        script(&["kill", &self.dir.display().to_string()]);
        self.runs = false;
    }

    /// Starts it again, and returns when it answers.
    pub(super) fn start(&mut self) {
        script(&["start", &self.dir.display().to_string()]);
        self.runs = true;
    }

    /// Whether it was not killed.
    pub(super) fn runs(&self) -> bool {
        self.runs
    }

    pub(super) fn query(&self, sql: &str) -> Rows {
        self.query_all(&[sql]).remove(0)
    }

    /// The rows of each query, all in one session.
    pub(super) fn query_all<T: AsRef<str>>(&self, queries: &[T]) -> Vec<Rows> {
        self.try_query_all(queries).unwrap()
    }

    /// As [`Server::query`], of a server that may be away, or lack what is asked about.
    pub(super) fn try_query(&self, sql: &str) -> Result<Rows> {
        Ok(self.try_query_all(&[sql])?.remove(0))
    }

    fn try_query_all<T: AsRef<str>>(&self, queries: &[T]) -> Result<Vec<Rows>> {
        blocking(async {
            let mut connection = self.connect().await?;
            let mut results = Vec::new();
            for query in queries {
                results.push(rows(&connection.query(query.as_ref()).await?)?);
            }
            connection.close().await;
            Ok(results)
        })
    }

    pub(super) fn execute(&self, statement: &str) {
        self.execute_all(&[statement]);
    }

    /// Runs statements in one session.
    pub(super) fn execute_all<T: AsRef<str>>(&self, statements: &[T]) {
        blocking(async {
            let mut connection = self.connect().await.unwrap();
            for statement in statements {
                let statement = statement.as_ref();
                if let Err(error) = connection.execute(statement).await {
                    panic!("{error}: {statement}");
                }
            }
            connection.close().await;
        });
    }

    async fn connect(&self) -> Result<Connection> {
        let config = MySqlConfig::from_address(&self.address).unwrap();
        let mut connection = Connection::connect(&config.connect).await?;
        connection
            .execute("SET NAMES utf8mb4, SESSION time_zone = '+00:00'")
            .await?;
        // MySQL shows no view where no database is chosen.
        connection.select_database("mysql").await?;
        Ok(connection)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that has failed says why; this is not it.
        let _ = command(&["kill", &self.dir.display().to_string()]).output();
    }
}

fn rows(set: &ResultSet) -> Result<Rows> {
    let width = set.columns().len();
    let cells = |row: Row<'_>| {
        (0..width)
            .map(|index| Ok(row.opt_text(index)?.unwrap_or_default().to_owned()))
            .collect()
    };
    set.rows().map(cells).collect()
}

/// A call of the script that runs servers.
fn command(arguments: &[&str]) -> Command {
    let Ok(path) = std::env::var("DBFERRY_TEST_SERVERS") else {
        panic!("DBFERRY_TEST_SERVERS is not set; run: eval \"$(scripts/servers env)\"");
    };
    let mut command = Command::new(path);
    command.args(arguments);
    command
}

/// Calls it, and returns what it printed.
fn script(arguments: &[&str]) -> String {
    let output = command(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
