//! Integers, decimals, floats, bits.

use dbferry_core::CellForm;

use super::copy::{Case, DIRECTIONS, Path, WAYS};
use crate::support::{MARIADB_A, MYSQL_A, MYSQL_B};

#[tokio::test]
async fn integers_arrive_at_both_ends_of_their_ranges() {
    Case {
        name: "integers",
        columns: "id INT PRIMARY KEY, a TINYINT, b TINYINT UNSIGNED, c SMALLINT, \
            d SMALLINT UNSIGNED, e MEDIUMINT, f MEDIUMINT UNSIGNED, g INT, h INT UNSIGNED, \
            i BIGINT, j BIGINT UNSIGNED, k TINYINT(1), l INT(8) UNSIGNED ZEROFILL",
        target_columns: None,
        inserts: &[
            "VALUES (1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, \
             -9223372036854775808, 0, -128, 0)",
            "VALUES (2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, \
             9223372036854775807, 18446744073709551615, 127, 4294967295)",
            "VALUES (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "VALUES (4, 0, 1, 0, 1, 0, 1, 0, 1, 0, 9223372036854775808, 2, 12)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn zero_in_an_auto_increment_column_stays_zero() {
    Case {
        name: "zero",
        columns: "id INT AUTO_INCREMENT PRIMARY KEY, a INT",
        target_columns: None,
        inserts: &["VALUES (0, 1), (5, 2), (-3, 3)"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn decimals_keep_every_digit() {
    Case {
        name: "decimals",
        columns: "id DECIMAL(20,5) PRIMARY KEY, a DECIMAL(65,30), b DECIMAL(65,0), \
            c DECIMAL(30,30), d DECIMAL(10,2) UNSIGNED ZEROFILL",
        target_columns: None,
        inserts: &[
            "VALUES (1.5, -99999999999999999999999999999999999.999999999999999999999999999999, \
             99999999999999999999999999999999999999999999999999999999999999999, \
             0.999999999999999999999999999999, 1.5)",
            "VALUES (-1.5, 0.000000000000000000000000000001, \
             -99999999999999999999999999999999999999999999999999999999999999999, \
             -0.000000000000000000000000000001, 99999999.99)",
            "VALUES (999999999999999.99999, 0, 0, 0, 0), (0, NULL, NULL, NULL, NULL)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

const FLOATS: &str = "id INT PRIMARY KEY, a FLOAT, b DOUBLE, c FLOAT(9,3), d DOUBLE(20,8), \
    e FLOAT UNSIGNED, f DOUBLE UNSIGNED ZEROFILL";

#[tokio::test]
async fn floats_arrive_to_the_last_bit() {
    Case {
        name: "floats",
        columns: FLOATS,
        target_columns: None,
        inserts: &[
            "VALUES (1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)",
            "VALUES (2, 3.4028234663852886e38, 1.7976931348623157e308, 999999.999, \
             123456789012.12345678, 3.4028234663852886e38, 1.7976931348623157e308)",
            "VALUES (3, -1.1754943508222875e-38, -2.2250738585072014e-308, -999999.999, \
             -0.00000001, 1.401298464324817e-45, 4.9406564584124654e-324)",
            "VALUES (4, 16777217, 9007199254740993, 3.1415926, 3.14159265358979, 8388609, 1e15)",
            "VALUES (5, 1e-10, 1e16, 0, 0, 0, 0), (6, NULL, NULL, NULL, NULL, NULL, NULL)",
            "SELECT 7, PI(), PI(), PI(), PI(), PI(), PI()",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn floats_are_keys() {
    Case {
        name: "float_keys",
        columns: "id FLOAT, d DOUBLE, PRIMARY KEY (id, d)",
        target_columns: None,
        inserts: &["SELECT n / 10, n / 3 FROM (WITH RECURSIVE s(n) AS \
            (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 60) SELECT n FROM s) AS x"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// MariaDB has no negative zero.
#[tokio::test]
async fn negative_zero_survives_between_mysql_servers() {
    Case {
        name: "negative_zero",
        columns: "id INT PRIMARY KEY, a FLOAT, b DOUBLE",
        target_columns: None,
        inserts: &["VALUES (1, '-0', '-0')"],
    }
    .check(&[(MYSQL_A, MYSQL_B)], &WAYS)
    .await;
}

#[tokio::test]
async fn bits_and_years_arrive() {
    Case {
        name: "bits",
        columns: "id BIT(10) PRIMARY KEY, a BIT(1), b BIT(64), c YEAR, d YEAR NOT NULL",
        target_columns: None,
        inserts: &[
            "VALUES (0, b'0', 0, 0, '0000'), (9, b'1', 18446744073709551615, 1901, 2155)",
            "VALUES (92, NULL, b'1001', NULL, 2000), (1023, 1, 9223372036854775808, 2070, 1999)",
            // Tab, newline, backslash and quote as bits.
            "VALUES (10, 1, 0x090A5C27, 2010, 2010), (39, 1, 0x5C4E, 2010, 1970)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// What the server makes of a 32-bit float is the same whoever prints it, so the canonical text of
/// one server's number must be the other's.
#[tokio::test]
async fn canonical_floats_are_shortest() {
    use super::copy::{describe, fresh_database, read_of, run, sessions_by};
    use dbferry_core::{Chunk, RowBatch, TableReader};
    for server in [MARIADB_A, MYSQL_A] {
        let sessions = sessions_by(server, Path::LoadData).await;
        let database = "dbferry_v_shortest";
        let mut connection = fresh_database(&sessions, database).await;
        run(
            &mut connection,
            "CREATE TABLE t (id INT PRIMARY KEY, a FLOAT, b DOUBLE)",
        )
        .await;
        run(
            &mut connection,
            "INSERT INTO t VALUES (1, 0.1, 1e20), (2, 16777216, 1e-7)",
        )
        .await;
        let table = describe(&sessions, database, "t").await;
        let read = std::sync::Arc::new(read_of(&table, CellForm::Canonical));
        let mut reader = dbferry_mysql::snapshot::reader::Reader::connect(&sessions)
            .await
            .unwrap();
        let mut batch = RowBatch::new(3);
        reader.open(&read, &Chunk::default()).await.unwrap();
        reader.fetch(&mut batch, 1000).await.unwrap();
        let cells: Vec<_> = batch.cells().map(|cell| cell.unwrap().to_vec()).collect();
        let expected: Vec<&[u8]> = vec![b"1", b"0.1", b"1e20", b"2", b"16777216", b"1e-7"];
        assert_eq!(cells, expected, "{server}");
        run(&mut connection, &format!("DROP DATABASE {database}")).await;
    }
}

/// The server rounds the result of an expression to the column's type, and says so for each row.
#[tokio::test]
async fn computed_columns_may_round() {
    Case {
        name: "computed",
        columns: "id INT PRIMARY KEY, net DECIMAL(10,2), \
            vat DECIMAL(10,2) GENERATED ALWAYS AS (net * 0.19) STORED, \
            third DECIMAL(10,3) GENERATED ALWAYS AS (net / 3) STORED",
        target_columns: None,
        inserts: &[
            "(id, net) VALUES (1, 10.55), (2, NULL), (3, 0), (4, -7.77)",
            // More rows than a server can count warnings.
            "(id, net) SELECT 10 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n, a.n / 7 \
                FROM (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                      UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a, \
                     (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                      UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b, \
                     (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                      UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c, \
                     (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                      UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) d, \
                     (SELECT 0 n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
                      UNION SELECT 5 UNION SELECT 6) e",
        ],
    }
    .check(&DIRECTIONS[..1], &[(CellForm::Native, Path::LoadData)])
    .await;
}
