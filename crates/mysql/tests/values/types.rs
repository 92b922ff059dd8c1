//! JSON, geometry, vectors, the types that only MariaDB has, hidden and generated columns.

use dbferry_core::{CellForm, Code};

use super::copy::{
    Case, DIRECTIONS, Path, SMALL, WAYS, copy, describe, fresh_database, load_of, read_of, run,
    sessions_by,
};
use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B};

#[tokio::test]
async fn json_keeps_its_value() {
    Case {
        name: "json",
        columns: "id INT PRIMARY KEY, json JSON, json2 JSON NULL",
        target_columns: None,
        inserts: &[
            r#"VALUES (1, '{"a": 1, "b": [1.5, null, true, "x\\ty"], "c": {}}', '[]')"#,
            r#"VALUES (2, '{"z": 1, "aa": 2, "日": "🚢"}', '{}'), (3, 'null', NULL)"#,
            r#"VALUES (4, '[18446744073709551615, -9223372036854775808, 1e300, 5e-324]', '""')"#,
            r#"VALUES (5, '"tab\\t nl\\n back\\\\ quote\\""', '[0.1, 0.30000000000000004, 1.0]')"#,
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// What the binary form of MySQL would change is refused.
#[tokio::test]
async fn json_that_mysql_would_change_is_refused() {
    let documents = [
        (
            MYSQL_A,
            "JSON_ARRAY(CAST('0.1234567890123456789' AS DECIMAL(30,19)))",
            "digits",
        ),
        (MARIADB_A, r#"'{"a": 1, "a": 2}'"#, "same key twice"),
        (MARIADB_A, "'[0.1234567890123456789]'", "digits"),
        (MARIADB_A, "'[184467440737095516160]'", "digits"),
    ];
    for (source, document, message) in documents {
        for (form, path) in WAYS {
            let (from, to) = (
                sessions_by(source, path).await,
                sessions_by(MYSQL_B, path).await,
            );
            let name = "dbferry_v_json_loss";
            let mut at_source = fresh_database(&from, name).await;
            let mut at_target = fresh_database(&to, name).await;
            let columns = "(id INT PRIMARY KEY, json JSON)";
            run(&mut at_source, &format!("CREATE TABLE t {columns}")).await;
            run(&mut at_target, &format!("CREATE TABLE t {columns}")).await;
            run(
                &mut at_source,
                &format!("INSERT INTO t VALUES (7, {document})"),
            )
            .await;
            let table = describe(&from, name, "t").await;
            let target = describe(&to, name, "t").await;
            let read = read_of(&table, form);
            let load = load_of(&target, &read);
            let error = copy(&from, &to, read, load, SMALL).await.unwrap_err();
            assert_eq!(error.code(), Code::ValueRefused, "{document}");
            assert_eq!(
                error.object(),
                Some("dbferry_v_json_loss.t column json row id=7")
            );
            assert!(error.to_string().contains(message), "{error}");
            run(&mut at_source, &format!("DROP DATABASE {name}")).await;
            run(&mut at_target, &format!("DROP DATABASE {name}")).await;
        }
    }
}

#[tokio::test]
async fn geometry_keeps_bytes_and_reference_system() {
    Case {
        name: "geometry",
        columns: "id INT PRIMARY KEY, g GEOMETRY, p POINT, y POLYGON, c GEOMETRYCOLLECTION",
        target_columns: None,
        inserts: &[
            "VALUES (1, ST_GeomFromText('POINT(1 2)', 4326), ST_GeomFromText('POINT(9.5 10.92)'), \
             ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0),(0.1 0.1,0.2 0.1,0.2 0.2,0.1 0.1))'), \
             ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))'))",
            "VALUES (2, ST_GeomFromText('MULTIPOINT(1 1,2 2)', 3857), NULL, NULL, \
             ST_GeomFromText('GEOMETRYCOLLECTION EMPTY'))",
            "VALUES (3, ST_GeomFromText('MULTIPOLYGON(((0 0,3 0,3 3,0 0)))'), \
             ST_GeomFromText('POINT(9e-300 -0)'), NULL, NULL)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn types_of_mariadb_arrive() {
    Case {
        name: "mariadb_types",
        columns: "id UUID PRIMARY KEY, a INET6, b INET4, c VARCHAR(100) COMPRESSED, \
            d BLOB COMPRESSED, json JSON",
        target_columns: None,
        inserts: &[
            "VALUES ('123e4567-e89b-12d3-a456-426614174000', '::1', '1.2.3.4', 'text', x'00FF', \
             '{\"a\":  1}')",
            "VALUES ('FFFFFFFF-e89b-42d3-a456-426614174000', '::ffff:1.2.3.4', '255.255.255.255', \
             REPEAT('a', 100), REPEAT(x'00', 5000), '[1.50,  0.1234567890123456789]')",
            "VALUES ('00000000-0000-0000-0000-000000000000', '2001:db8::ff00:42:8329', '0.0.0.0', \
             '', '', NULL), ('123e4567-e89b-12d3-a456-426614174009', NULL, NULL, NULL, NULL, NULL)",
            "SELECT UUID(), NULL, NULL, seq, seq, NULL FROM seq_1_to_30",
        ],
    }
    .check(&[(MARIADB_A, MARIADB_B)], &WAYS)
    .await;
}

#[tokio::test]
async fn vectors_arrive() {
    Case {
        name: "vectors",
        columns: "id INT PRIMARY KEY, v VECTOR(3)",
        target_columns: None,
        inserts: &["VALUES (1, STRING_TO_VECTOR('[0.1,-2,3e38]')), (2, NULL), \
            (3, STRING_TO_VECTOR('[9.25e-38]'))"],
    }
    .check(&[(MYSQL_A, MYSQL_B)], &WAYS)
    .await;
}

#[tokio::test]
async fn hidden_and_generated_columns_arrive() {
    Case {
        name: "hidden",
        columns: "id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 5, b INT AS (id * 2) VIRTUAL, \
            c INT AS (id * 3) STORED, `select` INT, `a``b\n'x` INT, `日本` VARCHAR(9)",
        target_columns: Some(
            "`日本` VARCHAR(9), `a``b\n'x` INT, id INT PRIMARY KEY, c INT AS (id * 3) STORED, \
            a INT INVISIBLE DEFAULT 5, b INT AS (id * 2) VIRTUAL, `select` INT",
        ),
        inserts: &[
            "(id, a, `select`, `a``b\n'x`, `日本`) VALUES (1, 7, 8, 9, 'x'), \
            (2, NULL, NULL, NULL, NULL)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// A table that nobody can walk is read as one chunk.
#[tokio::test]
async fn tables_without_a_key_arrive_with_their_doubles() {
    Case {
        name: "keyless",
        columns: "a INT, b VARCHAR(10), KEY (a)",
        target_columns: None,
        inserts: &["VALUES (1, 'x'), (1, 'x'), (NULL, NULL), (NULL, NULL), (2, '')"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// The types differ, the values do not.
#[tokio::test]
async fn canonical_cells_fit_other_types() {
    for (source, target) in DIRECTIONS {
        let (from, to) = (
            sessions_by(source, Path::LoadData).await,
            sessions_by(target, Path::Insert).await,
        );
        let name = "dbferry_v_other_types";
        let mut at_source = fresh_database(&from, name).await;
        let mut at_target = fresh_database(&to, &format!("{name}_to")).await;
        run(
            &mut at_source,
            "CREATE TABLE t (id INT PRIMARY KEY, a BIT(12), b INT, c VARCHAR(9), d FLOAT, \
             e DECIMAL(9,2), f DATE, g ENUM('x','2'))",
        )
        .await;
        run(
            &mut at_target,
            "CREATE TABLE t (id BIGINT PRIMARY KEY, a INT, b BIT(40), c ENUM('p','q'), d DOUBLE, \
             e INT, f DATETIME(3), g VARCHAR(5) CHARACTER SET utf16)",
        )
        .await;
        run(
            &mut at_source,
            "INSERT INTO t VALUES (1, 2049, 70000, 'q', 0.1, 5, '2024-02-29', 2)",
        )
        .await;
        let table = describe(&from, name, "t").await;
        let target_table = describe(&to, &format!("{name}_to"), "t").await;
        let read = read_of(&table, CellForm::Canonical);
        let load = load_of(&target_table, &read);
        copy(&from, &to, read, load, SMALL).await.unwrap();
        let shown =
            "SELECT CONCAT_WS(' ', id, a, b + 0, c, d, e, f, CONVERT(g USING utf8mb4)) FROM t";
        let found = crate::support::value(&mut at_target, shown).await;
        assert_eq!(
            found,
            "1 2049 70000 q 0.10000000149011612 5 2024-02-29 00:00:00.000 2"
        );
        run(&mut at_source, &format!("DROP DATABASE {name}")).await;
        run(&mut at_target, &format!("DROP DATABASE {name}_to")).await;
    }
}

/// The old rows of a system-versioned table that shows its times arrive with them.
#[tokio::test]
async fn history_arrives_with_its_times() {
    for (form, path) in WAYS {
        let (from, to) = (
            sessions_by(MARIADB_A, path).await,
            sessions_by(MARIADB_B, path).await,
        );
        let name = "dbferry_v_history";
        let mut at_source = fresh_database(&from, name).await;
        let mut at_target = fresh_database(&to, name).await;
        let create = "CREATE TABLE t (id INT PRIMARY KEY, a INT, \
            rs TIMESTAMP(6) GENERATED ALWAYS AS ROW START, \
            re TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, \
            PERIOD FOR SYSTEM_TIME (rs, re)) WITH SYSTEM VERSIONING";
        run(&mut at_source, create).await;
        run(&mut at_target, create).await;
        run(
            &mut at_source,
            "INSERT INTO t (id, a) SELECT seq, 0 FROM seq_1_to_20",
        )
        .await;
        for _ in 0..3 {
            run(&mut at_source, "UPDATE t SET a = a + 1 WHERE id < 8").await;
        }
        run(&mut at_source, "DELETE FROM t WHERE id IN (3, 20)").await;
        let table = describe(&from, name, "t").await;
        let target = describe(&to, name, "t").await;
        let read = read_of(&table, form);
        let load = load_of(&target, &read);
        assert_eq!(
            copy(&from, &to, read, load, SMALL).await.unwrap(),
            41,
            "{form:?} {path:?}"
        );
        let shown = "SELECT GROUP_CONCAT(CONCAT_WS(' ', id, a, rs, re) ORDER BY id, re) \
            FROM t FOR SYSTEM_TIME ALL";
        let expected = crate::support::value(&mut at_source, shown).await;
        assert_eq!(
            crate::support::value(&mut at_target, shown).await,
            expected,
            "{form:?}"
        );
        run(&mut at_source, &format!("DROP DATABASE {name}")).await;
        run(&mut at_target, &format!("DROP DATABASE {name}")).await;
    }
}
