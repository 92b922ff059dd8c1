//! Rows and record become durable together, or not at all.

use dbferry_core::{Code, Loader as _};
use dbferry_mysql::load::ledger::Ledger;
use dbferry_mysql::load::rolls_back;
use dbferry_mysql::sessions::Purpose;

use super::{Fixture, PATHS, TARGETS, batch};
use crate::values::copy::{Path, run};

#[tokio::test]
async fn a_rollback_leaves_nothing() {
    for server in TARGETS {
        for path in PATHS {
            let mut fixture = Fixture::new(server, path, "rollback", "id INT PRIMARY KEY").await;
            let load = fixture.load();
            fixture.loader.begin(&load).await.unwrap();
            fixture.loader.write(&batch(&[&[Some("1")]])).await.unwrap();
            fixture.loader.rollback().await.unwrap();
            assert_eq!(fixture.content().await, "", "{server} {path:?}");
            fixture.load_rows(&[&[Some("2")]]).await.unwrap();
            assert_eq!(fixture.content().await, "2", "{server} {path:?}");
            fixture.drop().await;
        }
    }
}

/// Nobody sees rows before their record.
#[tokio::test]
async fn rows_are_invisible_until_the_commit() {
    for server in TARGETS {
        for path in PATHS {
            let mut fixture = Fixture::new(server, path, "invisible", "id INT PRIMARY KEY").await;
            let load = fixture.load();
            fixture.loader.begin(&load).await.unwrap();
            for id in ["1", "2", "3"] {
                fixture.loader.write(&batch(&[&[Some(id)]])).await.unwrap();
            }
            assert_eq!(fixture.content().await, "", "{server} {path:?}");
            let mut next = fixture.record.clone();
            next.version = 1;
            fixture.loader.commit(&next).await.unwrap();
            assert_eq!(fixture.content().await, "1,2,3", "{server} {path:?}");
            fixture.drop().await;
        }
    }
}

/// A second worker on the same segment does not get its rows in.
#[tokio::test]
async fn a_record_of_another_version_takes_the_rows_back() {
    for server in TARGETS {
        for path in PATHS {
            let mut fixture = Fixture::new(server, path, "version", "id INT PRIMARY KEY").await;
            fixture.load_rows(&[&[Some("1")]]).await.unwrap();
            for stored in [0, 1, 7] {
                // The stored version is 1; only a record of version 2 follows.
                fixture.record.version = stored;
                let id = if stored == 1 { "9" } else { "8" };
                let loaded = fixture.load_rows(&[&[Some(id)]]).await;
                match stored {
                    1 => loaded.unwrap(),
                    _ => assert_eq!(loaded.unwrap_err().code(), Code::StateConflict, "{server}"),
                }
                let expected = if stored == 0 { "1" } else { "1,9" };
                assert_eq!(
                    fixture.content().await,
                    expected,
                    "{server} {path:?} {stored}"
                );
            }
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn a_chunk_without_rows_moves_the_record_on() {
    for server in TARGETS {
        let columns = "id INT PRIMARY KEY";
        let mut fixture = Fixture::new(server, Path::LoadData, "no_rows", columns).await;
        let load = fixture.load();
        for version in 1..4 {
            fixture.loader.begin(&load).await.unwrap();
            let mut next = fixture.record.clone();
            next.version = version;
            fixture.loader.commit(&next).await.unwrap();
        }
        let task = crate::values::copy::task("dbferry_l_no_rows");
        let ledger = Ledger::new("dbferry_control");
        let mut connection = fixture.sessions.open(Purpose::Define).await.unwrap();
        let records = ledger.read(&mut connection, &task).await.unwrap();
        assert_eq!((records.len(), records[0].version), (1, 3), "{server}");
        fixture.drop().await;
    }
}

/// The engine must load such a table in one piece.
#[tokio::test]
async fn engines_without_transactions_are_known() {
    for server in TARGETS {
        for (engine, expected) in [("InnoDB", true), ("MyISAM", false), ("MEMORY", false)] {
            let columns = "id INT PRIMARY KEY";
            let mut fixture = Fixture::new(server, Path::LoadData, "engines", columns).await;
            run(
                &mut fixture.connection,
                &format!("ALTER TABLE t ENGINE = {engine}"),
            )
            .await;
            let table =
                crate::values::copy::describe(&fixture.sessions, "dbferry_l_engines", "t").await;
            assert_eq!(rolls_back(&table), expected, "{server} {engine}");
            let load = fixture.load();
            fixture.loader.begin(&load).await.unwrap();
            fixture
                .loader
                .write(&batch(&[&[Some("1")], &[Some("1")]]))
                .await
                .unwrap();
            let mut next = fixture.record.clone();
            next.version = 1;
            let error = fixture.loader.commit(&next).await.unwrap_err();
            assert_eq!(error.code(), Code::DuplicateKey, "{server} {engine}");
            fixture.loader.rollback().await.unwrap();
            let left = fixture.content().await;
            assert_eq!(
                left.is_empty(),
                expected,
                "{server} {engine} keeps '{left}'"
            );
            fixture.drop().await;
        }
    }
}

/// One loader serves many tables and many segments.
#[tokio::test]
async fn a_loader_goes_from_table_to_table() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY";
            let mut fixture = Fixture::new(server, path, "tables", columns).await;
            run(
                &mut fixture.connection,
                "CREATE TABLE u (id VARCHAR(5) PRIMARY KEY)",
            )
            .await;
            fixture.load_rows(&[&[Some("1")]]).await.unwrap();
            let other =
                crate::values::copy::describe(&fixture.sessions, "dbferry_l_tables", "u").await;
            let first = std::mem::replace(&mut fixture.table, other);
            let record = std::mem::replace(
                &mut fixture.record,
                crate::values::copy::fresh_record(&fixture.table, 0),
            );
            fixture
                .load_rows(&[&[Some("x")], &[Some("1")]])
                .await
                .unwrap();
            (fixture.table, fixture.record) = (first, record);
            fixture.load_rows(&[&[Some("2")]]).await.unwrap();
            assert_eq!(fixture.content().await, "1,2", "{server} {path:?}");
            let sql = "SELECT GROUP_CONCAT(id ORDER BY id) FROM u";
            let found = crate::support::value(&mut fixture.connection, sql).await;
            assert_eq!(found, "1,x", "{server} {path:?}");
            fixture.drop().await;
        }
    }
}

/// Rows of many statements, as a table that numbers its rows gets them on some servers, are one
/// transaction all the same.
#[tokio::test]
async fn a_large_load_of_a_numbered_table_is_one_transaction() {
    let text = "x".repeat(1 << 20);
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT AUTO_INCREMENT PRIMARY KEY, a LONGTEXT";
            let mut fixture = Fixture::new(server, path, "numbered", columns).await;
            let load = fixture.load();
            fixture.loader.begin(&load).await.unwrap();
            for id in 1..=20 {
                let id = id.to_string();
                let rows: [&[Option<&str>]; 1] = [&[Some(&id), Some(&text)]];
                fixture.loader.write(&batch(&rows)).await.unwrap();
            }
            assert_eq!(fixture.content().await, "", "{server} {path:?}");
            let mut next = fixture.record.clone();
            next.version = 1;
            fixture.loader.commit(&next).await.unwrap();
            let count = "SELECT COUNT(*) FROM t";
            let found = crate::support::value(&mut fixture.connection, count).await;
            assert_eq!(found, "20", "{server} {path:?}");
            fixture.drop().await;
        }
    }
}

/// A managed server's master user has no right beyond the tables'.
#[tokio::test]
async fn a_restricted_user_can_load() {
    for server in TARGETS {
        let config = crate::support::config_as(server, "aurora");
        let sessions = dbferry_mysql::sessions::Sessions::connect(config)
            .await
            .unwrap();
        let mut fixture = Fixture::with(sessions, "restricted", "id INT PRIMARY KEY").await;
        fixture.load_rows(&[&[Some("1")]]).await.unwrap();
        assert_eq!(fixture.content().await, "1", "{server}");
        fixture.drop().await;
    }
}
