//! The connection against MariaDB and MySQL: the same list for both.

use dbferry_core::{RowBatch, Secret};
use dbferry_mysql::wire::{BatchLimits, ConnectOptions, Connection, Error, FetchStatus, TlsMode};

const MARIADB: &str = "DBFERRY_TEST_MARIADB_A";
const MYSQL: &str = "DBFERRY_TEST_MYSQL_A";
const BOTH: [&str; 2] = [MARIADB, MYSQL];

/// The value of a variable, without which no test can run.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run `eval \"$(scripts/servers env)\"` after `scripts/servers start`"
        )
    })
}

/// Options from `mysql://user:password@host:port/`.
fn options(name: &str) -> ConnectOptions {
    let url = variable(name);
    let rest = url.strip_prefix("mysql://").expect("a mysql:// address");
    let (account, address) = rest.split_once('@').expect("an account");
    let (user, password) = account.split_once(':').expect("a password");
    let (host, port) = address
        .trim_end_matches('/')
        .split_once(':')
        .expect("a port");
    let mut options = ConnectOptions::new(host, user, Secret::new(password));
    options.port = port.parse().expect("a port number");
    options
}

async fn connect(name: &str) -> Connection {
    Connection::connect(&options(name))
        .await
        .expect("a connection")
}

/// A connection with an empty database of this name as its default.
async fn connect_to_fresh(name: &str, database: &str) -> Connection {
    let mut connection = connect(name).await;
    connection
        .execute(&format!("DROP DATABASE IF EXISTS `{database}`"))
        .await
        .unwrap();
    connection
        .execute(&format!("CREATE DATABASE `{database}`"))
        .await
        .unwrap();
    connection.select_database(database).await.unwrap();
    connection
}

const LIMITS: BatchLimits = BatchLimits {
    bytes: 1 << 20,
    rows: 10_000,
};

#[tokio::test]
async fn query_returns_typed_cells() {
    for server in BOTH {
        let mut connection = connect(server).await;
        let set = connection
            .query(
                "SELECT 1 AS one, NULL AS nothing, 'ä€😀' AS text, -7 AS negative, X'FF' AS bytes",
            )
            .await
            .unwrap();
        let row = set.require_first().unwrap();
        assert_eq!(row.u64("ONE").unwrap(), 1);
        assert_eq!(row.opt_text("nothing").unwrap(), None);
        assert_eq!(row.text(2).unwrap(), "ä€😀");
        assert_eq!(row.i64("negative").unwrap(), -7);
        assert_eq!(row.bytes("bytes").unwrap(), [0xFF]);
        assert!(matches!(
            row.text("bytes"),
            Err(Error::Value {
                found: "not valid UTF-8",
                ..
            })
        ));
        assert!(matches!(row.u64("negative"), Err(Error::Value { .. })));
        assert!(matches!(row.text("absent"), Err(Error::Value { .. })));
        connection.close().await;
    }
}

#[tokio::test]
async fn stream_returns_every_row_in_batches() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_stream").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR(300))")
            .await
            .unwrap();
        connection
            .execute("SET SESSION cte_max_recursion_depth = 100000")
            .await
            .ok();
        connection
            .execute("SET SESSION max_recursive_iterations = 100000")
            .await
            .ok();
        connection
            .execute(
                "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n \
                 WHERE i < 20000) SELECT i, IF(i % 10 = 0, NULL, REPEAT('x', i % 300)) FROM n",
            )
            .await
            .unwrap();
        connection
            .query_stream("SELECT a, b FROM t ORDER BY a")
            .await
            .unwrap();
        assert_eq!(connection.columns()[1].name, "b");
        let (mut batch, mut expected) = (RowBatch::new(2), 1);
        loop {
            batch.reset(2);
            let limits = BatchLimits {
                bytes: 100_000,
                rows: 777,
            };
            let status = connection.fetch(&mut batch, limits).await.unwrap();
            assert!(batch.rows() <= 777);
            for row in 0..batch.rows() {
                assert_eq!(batch.cell(row, 0), Some(expected.to_string().as_bytes()));
                let length = batch.cell(row, 1).map(<[u8]>::len);
                assert_eq!(length, (expected % 10 != 0).then_some(expected % 300));
                expected += 1;
            }
            if status == FetchStatus::Done {
                break;
            }
        }
        assert_eq!(expected, 20_001);
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn load_stores_what_was_written() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
            .await
            .unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection
            .load_begin("LOAD DATA LOCAL INFILE 'rows' INTO TABLE t CHARACTER SET utf8mb4")
            .await
            .unwrap();
        for row in 0..10_000 {
            let buffer = connection.load_buffer();
            buffer.extend_from_slice(format!("{row}\t{}\n", "y".repeat(100)).as_bytes());
            if connection.load_buffer_is_full() {
                connection.load_flush().await.unwrap();
            }
        }
        connection.load_write(b"10000\tlast\n").await.unwrap();
        let outcome = connection.load_finish().await.unwrap();
        assert_eq!((outcome.affected_rows, outcome.warnings), (10_001, 0));
        assert!(
            outcome.info.starts_with("Records: 10001"),
            "{}",
            outcome.info
        );
        connection.execute("COMMIT").await.unwrap();
        let set = connection
            .query("SELECT COUNT(*), MIN(LENGTH(b)) FROM t")
            .await
            .unwrap();
        let row = set.require_first().unwrap();
        assert_eq!((row.u64(0).unwrap(), row.u64(1).unwrap()), (10_001, 4));
    }
}
