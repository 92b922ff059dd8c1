//! Values that the server itself made up arrive as well.

use super::copy::{Case, DIRECTIONS, LARGE, WAYS};

/// Rows of random values of every common type.
const ROWS: u32 = 1_000;

#[tokio::test]
async fn values_that_the_server_made_up_arrive() {
    let text = |charset: &str| {
        // Characters of the basic plane without surrogates, as the charset has them.
        format!(
            "CONVERT(CONVERT(CONCAT(CHAR(32 + FLOOR(RAND() * 55000) USING utf32), \
             CHAR(161 + FLOOR(RAND() * 300) USING utf32), \
             CHAR(FLOOR(RAND() * 128) USING utf32)) USING {charset}) USING utf8mb4)"
        )
    };
    let bytes = "UNHEX(SHA2(RAND(), 512))";
    let insert = format!(
        "SELECT n, FLOOR((RAND() - 0.5) * 1.8e19), FLOOR(RAND() * 1.8e19), \
         (RAND() - 0.5) * POW(10, RAND() * 34), RAND() * 1e9, \
         (RAND() - 0.5) * POW(10, RAND() * 76 - 38), (RAND() - 0.5) * POW(10, RAND() * 600 - 300), \
         '1000-01-01' + INTERVAL FLOOR(RAND() * 3000000) DAY, \
         SEC_TO_TIME((RAND() - 0.5) * 6000000), \
         '1000-01-01' + INTERVAL FLOOR(RAND() * 2e11) SECOND + INTERVAL RAND() * 1e6 MICROSECOND, \
         '1971-01-01' + INTERVAL FLOOR(RAND() * 2e9) SECOND, 1901 + FLOOR(RAND() * 250), \
         FLOOR(RAND() * POW(2, 40)), FLOOR(RAND() * 4), FLOOR(RAND() * 16), \
         {}, {}, {}, {}, {bytes}, {bytes}, REPEAT({bytes}, FLOOR(RAND() * 100)), \
         JSON_OBJECT('a', FLOOR(RAND() * 1e12), 'b', {}, 'c', JSON_ARRAY(n, NULL, 'x')), \
         ST_GeomFromText(CONCAT('LINESTRING(', RAND() * 90, ' ', RAND(), ',', n / 12, ' -1)'), 4326 * (n % 2)) \
         FROM (WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ROWS}) \
         SELECT n FROM s) AS x",
        text("utf8mb4"),
        text("utf16"),
        text("latin1"),
        text("gbk"),
        "HEX(RAND() * 1e9)"
    );
    Case {
        name: "random",
        columns: "id INT PRIMARY KEY, a BIGINT, b BIGINT UNSIGNED, c DECIMAL(65,30), \
            d DECIMAL(20,4), e FLOAT, f DOUBLE, g DATE, h TIME(6), i DATETIME(6), \
            j TIMESTAMP(3) NULL, k YEAR, l BIT(41), m ENUM('x','y','z'), n SET('p','q','r','s'), \
            o VARCHAR(20), p VARCHAR(20) CHARACTER SET utf16, q TEXT CHARACTER SET latin1, \
            r CHAR(9) CHARACTER SET gbk, s BINARY(70), t VARBINARY(70), u LONGBLOB, json JSON, \
            v GEOMETRY",
        target_columns: None,
        inserts: &[&insert],
    }
    .check_cut(LARGE, &DIRECTIONS, &WAYS)
    .await;
}
