//! The connection against MariaDB and MySQL: the same list for both.

#![cfg(test)]

mod auth;
mod calls;
mod failures;
mod loads;
mod streams;
mod tls;

use std::path::PathBuf;
use std::process::Command;

use dbferry_core::{Code, Secret};
use dbferry_mysql::wire::{ConnectOptions, Connection, Error, TlsMode};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const MARIADB: &str = "DBFERRY_TEST_MARIADB_A";
const MYSQL: &str = "DBFERRY_TEST_MYSQL_A";
const BOTH: [&str; 2] = [MARIADB, MYSQL];

/// The value of a variable, without which no test can run.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run `scripts/servers start`, then `eval \"$(scripts/servers env)\"`"
        )
    })
}

/// Options for a server; plain TCP, so that the other modes are chosen by the tests about them.
fn options(name: &str) -> ConnectOptions {
    options_of_url(&variable(name))
}

/// Options from `mysql://user:password@host:port/`.
fn options_of_url(url: &str) -> ConnectOptions {
    let rest = url
        .trim()
        .strip_prefix("mysql://")
        .expect("a mysql:// address");
    let (account, address) = rest.split_once('@').expect("an account");
    let (user, password) = account.split_once(':').expect("a password");
    let (host, port) = address
        .trim_end_matches('/')
        .split_once(':')
        .expect("a port");
    let mut options = ConnectOptions::new(host, user, Secret::new(password));
    options.port = port.parse().expect("a port number");
    options.tls.mode = TlsMode::Disabled;
    options
}

/// Options for another user, whose password is the name.
fn options_as(name: &str, user: &str) -> ConnectOptions {
    ConnectOptions {
        user: user.into(),
        password: Secret::new(user),
        ..options(name)
    }
}

async fn connect(name: &str) -> Connection {
    Connection::connect(&options(name))
        .await
        .expect("a connection")
}

/// A connection with an empty database of this name as its default.
async fn connect_to_fresh(name: &str, database: &str) -> Connection {
    let mut connection = connect(name).await;
    recreate(&mut connection, database).await;
    connection
}

async fn recreate(connection: &mut Connection, database: &str) {
    connection
        .execute(&format!("DROP DATABASE IF EXISTS `{database}`"))
        .await
        .unwrap();
    connection
        .execute(&format!("CREATE DATABASE `{database}`"))
        .await
        .unwrap();
    connection.select_database(database).await.unwrap();
}

/// Creates table `t` with the rows 1 to `rows`, each with `bytes` bytes of text.
async fn fill(connection: &mut Connection, rows: usize, bytes: usize) {
    connection
        .execute("CREATE TABLE t (a INT PRIMARY KEY, b LONGTEXT)")
        .await
        .unwrap();
    connection.execute("BEGIN").await.unwrap();
    connection
        .load_begin("LOAD DATA LOCAL INFILE 'rows' INTO TABLE t")
        .await
        .unwrap();
    let text = "x".repeat(bytes);
    for row in 1..=rows {
        connection
            .load_write(format!("{row}\t{text}\n").as_bytes())
            .await
            .unwrap();
    }
    connection.load_finish().await.unwrap();
    connection.execute("COMMIT").await.unwrap();
}

/// The code that a person would see.
fn code(error: Error) -> Code {
    dbferry_core::Error::from(error).code()
}

/// A server of one test's own, stopped at its end.
struct FreshServer {
    directory: PathBuf,
    options: ConnectOptions,
}

impl FreshServer {
    fn start(kind: &str, test: &str, extra: &[&str]) -> Self {
        let directory = std::env::temp_dir().join(format!("dbferry-{test}-{}", std::process::id()));
        let small = if kind == "mysql" {
            "--innodb-redo-log-capacity=8M"
        } else {
            "--innodb-log-file-size=8M"
        };
        let output = Command::new(variable("DBFERRY_TEST_SERVERS"))
            .args(["fresh", kind])
            .arg(&directory)
            .args(["0", "--", small])
            .args(extra)
            .output()
            .expect("the server script runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let url = String::from_utf8(output.stdout).expect("an address");
        Self {
            directory,
            options: options_of_url(&url),
        }
    }

    fn kill(&self) {
        self.script("kill");
    }

    fn script(&self, command: &str) {
        let result = Command::new(variable("DBFERRY_TEST_SERVERS"))
            .arg(command)
            .arg(&self.directory)
            .output();
        assert!(result.is_ok(), "{result:?}");
    }
}

impl Drop for FreshServer {
    fn drop(&mut self) {
        self.script("kill");
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A server that says `bytes` to whoever connects and then keeps silent, without reading.
async fn speaking_server(
    bytes: &'static [u8],
) -> (ConnectOptions, tokio::task::JoinHandle<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = ConnectOptions::new("127.0.0.1", "u", Secret::new("p"));
    options.port = listener.local_addr().unwrap().port();
    let accepted = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    });
    (options, accepted)
}

/// The greeting of a server without TLS, then the OK that ends authentication.
const GREETING_AND_OK: &[u8] =
    b"\x53\x00\x00\x00\x0a10.11.0-MariaDB\x00\x07\x00\x00\x00abcdefgh\x00\
    \xfe\xf7\x2d\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00\
    ijklmnopqrst\x00mysql_native_password\x00\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";
