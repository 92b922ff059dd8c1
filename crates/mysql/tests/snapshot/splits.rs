//! A table is cut into about equal parts, however its keys are spread.

use std::sync::Arc;

use dbferry_core::{CellForm, Chunk, KeyRange};
use dbferry_mysql::snapshot::split::split;

use super::{Fixture, SOURCES, numbers, rows_of};

const ROWS: u32 = 49_999;
const PIECES: usize = 5;

/// Cuts a table of 50,000 rows into five, and counts what each part holds.
async fn check(name: &str, columns: &str, values: &str) {
    for server in SOURCES {
        for form in [CellForm::Native, CellForm::Canonical] {
            let fill = format!("INSERT INTO t SELECT {values} FROM {}", numbers(ROWS));
            let create = format!("CREATE TABLE t ({columns})");
            let statements = [create.as_str(), &fill, "ANALYZE TABLE t"];
            let fixture = Fixture::new(server, name, &statements).await;
            let mut read = fixture.read(form).await;
            let keys = split(&fixture.sessions, &read, PIECES).await.unwrap();
            read.columns.truncate(read.key.len());
            let what = format!("{server} {columns} {form:?}");
            assert!(
                (3..=7).contains(&(keys.len() + 1)),
                "{what} {} parts",
                keys.len() + 1
            );
            let read = Arc::new(read);
            let mut reader = fixture.reader().await;
            let (mut all, mut after) = (0, None);
            for until in keys.into_iter().map(Some).chain([None]) {
                let range = KeyRange {
                    after,
                    until: until.clone(),
                };
                let chunk = Chunk {
                    range,
                    ..Chunk::default()
                };
                let rows = rows_of(&mut reader, &read, &chunk).await.unwrap().len();
                // A part of a fifth, give or take what estimates are.
                assert!(
                    (3_000..25_000).contains(&rows),
                    "{what} has a part of {rows} rows"
                );
                all += rows;
                after = until;
            }
            assert_eq!(all, 50_000, "{what}");
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn by_numbers_in_a_row() {
    check("sp_row", "k INT PRIMARY KEY", "n").await;
}

#[tokio::test]
async fn by_numbers_with_gaps() {
    // Half of the rows lie together at one end of a range a billion times as wide.
    let values = "IF(n < 25000, n, 9000000000000000000 + (n - 25000) * 10000000000)";
    check("sp_gaps", "k BIGINT PRIMARY KEY", values).await;
    let values = "IF(n % 2, -100000000000000000000 - n, n / 1000)";
    check("sp_decimal", "k DECIMAL(30,4) PRIMARY KEY", values).await;
}

#[tokio::test]
async fn by_the_columns_behind_a_constant_one() {
    check("sp_constant", "a INT, b INT, PRIMARY KEY (a, b)", "7, n").await;
    let columns = "a INT, b DECIMAL(5,2), c VARCHAR(9), PRIMARY KEY (a, b, c)";
    check("sp_constants", columns, "7, 1.5, CONCAT('x', n)").await;
    // One tenant has nearly everything.
    check(
        "sp_tenant",
        "a INT, b INT, PRIMARY KEY (a, b)",
        "IF(n < 45000, 3, n % 9), n",
    )
    .await;
}

#[tokio::test]
async fn by_text() {
    check("sp_text", "k VARCHAR(60) PRIMARY KEY", "SHA2(n, 224)").await;
    check(
        "sp_bytes",
        "a INT, k VARBINARY(28), PRIMARY KEY (k, a)",
        "n, UNHEX(SHA2(n, 224))",
    )
    .await;
}

#[tokio::test]
async fn by_times() {
    let values = "'2024-01-01' + INTERVAL n * 333 SECOND, n";
    check("sp_times", "k DATETIME, n INT, PRIMARY KEY (k, n)", values).await;
}

#[tokio::test]
async fn small_and_keyless_tables_stay_whole() {
    for server in SOURCES {
        for create in [
            "CREATE TABLE t (k INT PRIMARY KEY)",
            "CREATE TABLE t (k INT)",
        ] {
            let fill = format!("INSERT INTO t SELECT n FROM {}", numbers(999));
            let fixture = Fixture::new(server, "sp_small", &[create, &fill]).await;
            let read = fixture.read(CellForm::Native).await;
            assert_eq!(
                split(&fixture.sessions, &read, 8).await.unwrap(),
                [],
                "{server} {create}"
            );
            fixture.drop().await;
        }
    }
}
