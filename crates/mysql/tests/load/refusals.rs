//! Whatever the server would change, cut or skip is an error that names table, column and key.

use dbferry_core::Code;

use super::{Fixture, PATHS, TARGETS};
use crate::values::copy::run;

/// A value that the column does not hold, in the second of three rows.
async fn check(name: &str, column: &str, value: Option<&str>, message: &str) {
    for server in TARGETS {
        for path in PATHS {
            let columns = format!("id INT PRIMARY KEY, a {column}");
            let mut fixture = Fixture::new(server, path, name, &columns).await;
            let fine = fine(column);
            let rows: [&[Option<&str>]; 3] =
                [&[Some("1"), fine], &[Some("17"), value], &[Some("3"), fine]];
            let what = format!("{server} {path:?} {column}");
            let error = fixture.load_rows(&rows).await.expect_err(&what);
            assert_eq!(
                error.code(),
                Code::ValueRefused,
                "{what} {}",
                error.report()
            );
            let object = format!("dbferry_l_{name}.t column a row id=17");
            assert_eq!(
                error.object(),
                Some(object.as_str()),
                "{what} {}",
                error.report()
            );
            assert!(error.to_string().contains(message), "{what} {error}");
            assert_eq!(fixture.content().await, "", "{what}");
            // The loader goes on with other rows.
            fixture.load_rows(&[&[Some("5"), fine]]).await.unwrap();
            assert_eq!(fixture.content().await, "5", "{what}");
            fixture.drop().await;
        }
    }
}

/// A value that the column holds.
fn fine(column: &str) -> Option<&'static str> {
    match column {
        _ if column.starts_with("ENUM") => Some("1"),
        _ if column.starts_with("DATE") || column.starts_with("TIME") => Some("2024-01-01"),
        _ => Some("1"),
    }
}

#[tokio::test]
async fn numbers_out_of_range() {
    check("range", "TINYINT", Some("128"), "1264").await;
}

#[tokio::test]
async fn text_in_a_number() {
    check("text", "INT", Some("twelve"), "1366").await;
}

#[tokio::test]
async fn digits_that_a_decimal_would_round() {
    check("rounded", "DECIMAL(5,2)", Some("1.234"), "1265").await;
}

#[tokio::test]
async fn text_that_is_too_long() {
    check("long", "VARCHAR(3)", Some("abcd"), "for column").await;
}

/// MySQL cuts spaces in silence but for a note.
#[tokio::test]
async fn spaces_that_are_too_many() {
    check("spaces", "VARCHAR(3)", Some("abc  "), "1265").await;
}

#[tokio::test]
async fn dates_that_are_none() {
    check("date", "DATE", Some("2024-13-01"), "").await;
}

#[tokio::test]
async fn times_in_a_date() {
    check("cut_date", "DATE", Some("2024-01-01 10:00:00"), "").await;
}

#[tokio::test]
async fn indexes_that_an_enum_lacks() {
    check("enum", "ENUM('x')", Some("2"), "1265").await;
}

#[tokio::test]
async fn null_where_none_may_be() {
    check("null", "INT NOT NULL", None, "NULL").await;
    check(
        "null",
        "TIMESTAMP NOT NULL DEFAULT '2024-01-01'",
        None,
        "NULL",
    )
    .await;
}

#[tokio::test]
async fn bytes_that_are_no_text_of_the_charset() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY, a TEXT CHARACTER SET utf8mb3";
            let mut fixture = Fixture::new(server, path, "malformed", columns).await;
            // Four bytes, where `utf8mb3` has three at most.
            let error = fixture
                .load_rows(&[&[Some("1"), Some("x")], &[Some("2"), Some("a🚢b")]])
                .await;
            let error = error.unwrap_err();
            assert_eq!(error.code(), Code::ValueRefused);
            assert_eq!(
                error.object(),
                Some("dbferry_l_malformed.t column a row id=2")
            );
            assert!(!error.to_string().contains("a🚢b"), "{error}");
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn canonical_text_that_the_charset_lacks() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY, a TEXT CHARACTER SET latin1";
            let mut fixture = Fixture::new(server, path, "no_latin", columns).await;
            let load = fixture.load_text();
            let rows: [&[Option<&str>]; 2] = [&[Some("1"), Some("é")], &[Some("2"), Some("日")]];
            let error = fixture.load_as(&load, &rows).await.unwrap_err();
            assert_eq!(error.code(), Code::ValueRefused, "{server} {path:?}");
            assert_eq!(
                error.object(),
                Some("dbferry_l_no_latin.t column a row id=2"),
                "{server}"
            );
            fixture.load_as(&load, &rows[..1]).await.unwrap();
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn rows_that_a_check_forbids_are_not_skipped() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY, a INT, CONSTRAINT positive CHECK (a > 0)";
            let mut fixture = Fixture::new(server, path, "check", columns).await;
            let rows: [&[Option<&str>]; 2] = [&[Some("1"), Some("1")], &[Some("2"), Some("-1")]];
            let loaded = fixture.load_rows(&rows).await;
            // Checks that held on the source are not repeated where the session may leave them
            // out. Otherwise the row is refused, never skipped.
            match loaded {
                Ok(()) => assert_eq!(fixture.content().await, "1,2", "{server} {path:?}"),
                Err(error) => {
                    assert_eq!(error.code(), Code::ValueRefused, "{}", error.report());
                    assert_eq!(fixture.content().await, "", "{server} {path:?}");
                }
            }
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn rows_that_are_there_already_are_not_skipped() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY, a INT, UNIQUE KEY other (a)";
            let mut fixture = Fixture::new(server, path, "duplicate", columns).await;
            run(&mut fixture.connection, "INSERT INTO t VALUES (5, 50)").await;
            let rows: [&[Option<&str>]; 2] = [&[Some("4"), Some("40")], &[Some("5"), Some("51")]];
            let error = fixture.load_rows(&rows).await.unwrap_err();
            assert_eq!(error.code(), Code::DuplicateKey, "{server} {path:?}");
            let object = error.object().unwrap();
            assert!(object.contains("dbferry_l_duplicate.t key") && object.contains("PRIMARY"));
            assert!(object.ends_with("entry 5"), "{object}");
            // Secondary unique keys are checked too, in and out of the buffer pool.
            let error = fixture
                .load_rows(&[&[Some("6"), Some("50")]])
                .await
                .unwrap_err();
            assert_eq!(error.code(), Code::DuplicateKey, "{server} {path:?}");
            assert!(error.object().unwrap().contains("other entry 50"));
            assert_eq!(fixture.content().await, "5", "{server} {path:?}");
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn rows_without_a_partition_are_not_skipped() {
    for server in TARGETS {
        for path in PATHS {
            let mut fixture = Fixture::new(server, path, "partition", "id INT PRIMARY KEY").await;
            let sql = "ALTER TABLE t PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (10))";
            run(&mut fixture.connection, sql).await;
            let error = fixture
                .load_rows(&[&[Some("1")], &[Some("10")]])
                .await
                .unwrap_err();
            assert_eq!(
                error.code(),
                Code::ValueRefused,
                "{server} {path:?} {}",
                error.report()
            );
            assert_eq!(fixture.content().await, "");
            fixture.drop().await;
        }
    }
}

/// Among very many warnings that are expected, one that is not is still found.
#[tokio::test]
async fn a_bad_value_among_many_error_values() {
    for server in TARGETS {
        for path in PATHS {
            let columns = "id INT PRIMARY KEY, e ENUM('x'), a TINYINT";
            let mut fixture = Fixture::new(server, path, "among", columns).await;
            let ids: Vec<String> = (0..25_000).map(|id| id.to_string()).collect();
            let mut rows: Vec<[Option<&str>; 3]> = ids
                .iter()
                .map(|id| [Some(id.as_str()), Some("0"), Some("1")])
                .collect();
            rows[24_998][2] = Some("999");
            let rows: Vec<&[Option<&str>]> = rows.iter().map(|row| &row[..]).collect();
            let error = fixture.load_rows(&rows).await.unwrap_err();
            assert_eq!(
                error.object(),
                Some("dbferry_l_among.t column a row id=24998"),
                "{server}"
            );
            assert_eq!(fixture.content().await, "");
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn a_table_that_vanished_is_named() {
    for server in TARGETS {
        for path in PATHS {
            let mut fixture = Fixture::new(server, path, "vanished", "id INT PRIMARY KEY").await;
            run(&mut fixture.connection, "DROP TABLE t").await;
            let error = fixture.load_rows(&[&[Some("1")]]).await.unwrap_err();
            assert_eq!(error.code(), Code::ObjectMissing, "{server} {path:?}");
            assert_eq!(error.object(), Some("dbferry_l_vanished.t"));
            fixture.drop().await;
        }
    }
}
