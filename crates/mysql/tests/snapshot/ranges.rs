//! A chunk must be found in the index, not by scanning it from its start.

use dbferry_core::{CellForm, Chunk, KeyCells, KeyRange};
use dbferry_mysql::snapshot::reader::select;

use super::{Fixture, SOURCES, numbers};

/// Fills a table of this key, cuts it after its 900th and its 950th row, and asks the server how
/// it finds the rows between.
async fn check(name: &str, columns: &str, values: &str) {
    for server in SOURCES {
        for form in [CellForm::Native, CellForm::Canonical] {
            let fill = format!("INSERT INTO t SELECT {values} FROM {}", numbers(999));
            let create = format!("CREATE TABLE t ({columns})");
            let loose = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'";
            let fixture =
                Fixture::new(server, name, &[&create, loose, &fill, "ANALYZE TABLE t"]).await;
            let mut fixture = fixture;
            let read = std::sync::Arc::new(fixture.read(form).await);
            let mut reader = fixture.reader().await;
            let what = format!("{server} {name} {form:?}");
            let (mut first, mut second) = (None, None);
            for (rows, key) in [(900, &mut first), (950, &mut second)] {
                *key = Some(last_key(&mut reader, &read, rows).await);
            }
            let range = KeyRange {
                after: first,
                until: second,
            };
            let chunk = Chunk {
                range,
                partition: None,
                rows_max: Some(500),
            };
            let sql = format!(
                "EXPLAIN FORMAT=TRADITIONAL {}",
                select(&read, "1", &chunk).unwrap()
            );
            let set = fixture.connection.query(&sql).await.unwrap();
            let plan = set.require_first().unwrap();
            assert_eq!(plan.text("type").unwrap(), "range", "{what} {sql}");
            assert_eq!(plan.text("key").unwrap(), "PRIMARY", "{what}");
            let extra = plan.opt_text("Extra").unwrap().unwrap_or_default();
            assert!(!extra.contains("filesort"), "{what} {extra}");
            let rows = super::rows_of(&mut reader, &read, &chunk).await.unwrap();
            assert_eq!(rows.len(), 50, "{what}");
            fixture.drop().await;
        }
    }
}

async fn last_key(
    reader: &mut dbferry_mysql::snapshot::reader::Reader,
    read: &std::sync::Arc<dbferry_core::TableRead>,
    rows: u64,
) -> KeyCells {
    use dbferry_core::{RowBatch, TableReader as _};
    let chunk = Chunk {
        rows_max: Some(rows),
        ..Chunk::default()
    };
    let mut batch = RowBatch::new(read.columns.len());
    reader.open(read, &chunk).await.unwrap();
    reader.fetch(&mut batch, usize::MAX).await.unwrap();
    assert_eq!(batch.rows() as u64, rows);
    read.key_of(&batch, batch.rows() - 1).unwrap()
}

#[tokio::test]
async fn numeric_keys() {
    check("r_int", "k INT PRIMARY KEY", "n - 500").await;
    check(
        "r_big",
        "k BIGINT UNSIGNED PRIMARY KEY",
        "18446744073709550000 + n",
    )
    .await;
    check("r_decimal", "k DECIMAL(40,5) PRIMARY KEY", "n / 3").await;
    check("r_float", "k FLOAT PRIMARY KEY", "n / 10").await;
    check("r_double", "k DOUBLE PRIMARY KEY", "n / 7").await;
    check("r_bit", "k BIT(10) PRIMARY KEY", "n").await;
    check(
        "r_year",
        "y YEAR, k INT, PRIMARY KEY (y, k)",
        "IF(n < 100, 0, 1901 + n DIV 5), n",
    )
    .await;
}

#[tokio::test]
async fn temporal_keys() {
    check(
        "r_date",
        "k DATE PRIMARY KEY",
        "'1999-01-01' + INTERVAL n DAY",
    )
    .await;
    check(
        "r_time",
        "k TIME(2) PRIMARY KEY",
        "SEC_TO_TIME((n - 500) * 100)",
    )
    .await;
    check(
        "r_datetime",
        "k DATETIME(6) PRIMARY KEY",
        "'1999-01-01' + INTERVAL n * 777 SECOND",
    )
    .await;
    check(
        "r_stamp",
        "k TIMESTAMP(3) PRIMARY KEY",
        "'1999-01-01' + INTERVAL n HOUR",
    )
    .await;
}

#[tokio::test]
async fn text_keys() {
    for charset in [
        "latin1", "utf8mb3", "utf8mb4", "ucs2", "utf16", "gbk", "sjis", "cp932",
    ] {
        let columns = format!("k VARCHAR(20) CHARACTER SET {charset} PRIMARY KEY");
        check("r_text", &columns, "CONCAT('k', n)").await;
    }
    check(
        "r_char",
        "k CHAR(20) COLLATE utf8mb4_unicode_ci PRIMARY KEY",
        "CONCAT('Ä', n)",
    )
    .await;
    check(
        "r_binary",
        "k BINARY(9) PRIMARY KEY",
        "CONCAT(CHAR(n DIV 256, n % 256), 'x')",
    )
    .await;
    check(
        "r_varbinary",
        "k VARBINARY(9) PRIMARY KEY",
        "CHAR(n DIV 256, n % 256)",
    )
    .await;
}

#[tokio::test]
async fn keys_of_several_columns() {
    check(
        "r_two",
        "a INT, b INT, PRIMARY KEY (a, b)",
        "n DIV 100, n % 100",
    )
    .await;
    check(
        "r_constant",
        "a INT, b VARCHAR(9), c INT, PRIMARY KEY (a, b, c)",
        "1, 'x', n",
    )
    .await;
    check(
        "r_enum",
        "e ENUM('z','y','x'), b INT, PRIMARY KEY (e, b)",
        "1 + n DIV 400, n",
    )
    .await;
    check(
        "r_set",
        "a INT, s SET('z','y','x'), PRIMARY KEY (a, s)",
        "n DIV 8, n % 8",
    )
    .await;
}

/// Ascending order is asked for, and the index is read from its end.
#[tokio::test]
async fn descending_keys() {
    let columns = "a INT, b INT, PRIMARY KEY (a DESC, b DESC)";
    check("r_descending", columns, "n DIV 100, n % 100").await;
}

#[tokio::test]
async fn types_that_only_mariadb_has() {
    for columns in ["k UUID PRIMARY KEY", "k INET6 PRIMARY KEY"] {
        let value = match columns.contains("UUID") {
            true => "CONCAT(LPAD(HEX(n), 8, '0'), '-e89b-12d3-a456-426614174000')",
            false => "CONCAT('::', HEX(n))",
        };
        for server in [SOURCES[0]] {
            let fill = format!("INSERT INTO t SELECT {value} FROM {}", numbers(999));
            let create = format!("CREATE TABLE t ({columns})");
            let fixture = Fixture::new(server, "r_own", &[&create, &fill]).await;
            let read = std::sync::Arc::new(fixture.read(CellForm::Native).await);
            let mut reader = fixture.reader().await;
            let key = last_key(&mut reader, &read, 900).await;
            let range = KeyRange {
                after: Some(key),
                until: None,
            };
            let chunk = Chunk {
                range,
                partition: None,
                rows_max: None,
            };
            let rows = super::rows_of(&mut reader, &read, &chunk).await.unwrap();
            assert_eq!(rows.len(), 100, "{columns}");
            fixture.drop().await;
        }
    }
}
