//! Character data in every charset, and bytes.

use dbferry_core::{CellForm, Code};

use super::copy::{
    Case, DIRECTIONS, LARGE, Path, SMALL, WAYS, copy, describe, fresh_database, load_of, read_of,
    run, sessions_by, values,
};
use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B};

/// Every byte from 0 to 255 in hexadecimal.
fn all_bytes() -> String {
    (0..=255_u8).map(|byte| format!("{byte:02X}")).collect()
}

#[tokio::test]
async fn separators_and_words_are_only_text() {
    Case {
        name: "separators",
        columns: "id VARCHAR(40) PRIMARY KEY, a VARCHAR(200), b TEXT, c CHAR(20)",
        target_columns: None,
        inserts: &[
            r"VALUES ('', '', '', ''), ('1', 'NULL', 'null', 'NULL'), ('2', '\\N', '\\', '\\\\N')",
            r"VALUES ('3', 'a\tb', 'a\nb', 'a\r\nb'), ('4', '\0', '\Z', '\b')",
            r#"VALUES ('5', 'it''s', '"quoted"', '`'), ('6', NULL, NULL, NULL)"#,
            r"VALUES ('7', '\\\t\\\n', '\t', '\n'), ('8', ' a ', ' a ', ' a'), (' 9', 'x', '', '')",
            r"VALUES ('tab\there', '-- ', '/*', ';'), ('nl\nhere', '🚢', '日本語', 'é')",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn a_table_of_one_column_keeps_its_empty_rows() {
    Case {
        name: "one_column",
        columns: "a VARCHAR(10)",
        target_columns: None,
        inserts: &[r"VALUES (''), (''), (NULL), ('\n'), ('NULL'), ('')"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// Charsets with characters that hold a tab, a newline or a backslash as one of their bytes.
#[tokio::test]
async fn every_charset_keeps_its_bytes() {
    let charsets = [
        "utf8mb4", "utf8mb3", "latin1", "latin2", "gbk", "sjis", "cp932", "big5", "ujis", "euckr",
        "ucs2", "utf16", "utf16le", "utf32", "koi8r", "cp1251", "greek",
    ];
    for charset in charsets {
        let columns = format!(
            "id VARCHAR(20) CHARACTER SET {charset} PRIMARY KEY, \
             a TEXT CHARACTER SET {charset}, b CHAR(10) CHARACTER SET {charset}"
        );
        let sample = match charset {
            "gbk" | "big5" | "ucs2" | "utf16" | "utf16le" | "utf32" | "utf8mb4" | "utf8mb3" => {
                "中文許功蓋"
            }
            "sjis" | "cp932" | "ujis" => "ソ表能日本",
            "euckr" => "한국어",
            "koi8r" | "cp1251" => "Привет",
            "greek" => "Αθήνα",
            "latin2" => "łódź",
            _ => "äöü€",
        };
        let sample = format!("VALUES ('{sample}', '{sample}\\t{sample}\\n?\\\\', '{sample}')");
        Case {
            name: "charsets",
            columns: &columns,
            target_columns: None,
            inserts: &[
                &sample,
                "VALUES ('', '?', 'a'), ('b', NULL, 'tail  '), ('c', '', '')",
            ],
        }
        .check(&DIRECTIONS, &WAYS)
        .await;
    }
}

#[tokio::test]
async fn every_byte_arrives() {
    let bytes = all_bytes();
    let rows = format!(
        "VALUES (x'000100', x'{bytes}', x'{bytes}', x'6100', _latin1 x'{bytes}', \
         x'{bytes}{bytes}'), (x'0A', x'', x'', x'', '', ''), (x'', NULL, x'00', x'', NULL, x'5C')"
    );
    Case {
        name: "bytes",
        columns: "id VARBINARY(20) PRIMARY KEY, a BLOB, b VARBINARY(300), c BINARY(5), \
            d TEXT CHARACTER SET latin1, e LONGBLOB",
        target_columns: None,
        inserts: &[&rows],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn keys_of_every_byte_are_walked() {
    let keys: Vec<String> = (0..=255_u8)
        .map(|byte| format!("(x'{byte:02X}')"))
        .collect();
    let keys = format!("VALUES {}", keys.join(", "));
    for id in [
        "VARBINARY(3)",
        "BINARY(3)",
        "CHAR(1) CHARACTER SET latin1 COLLATE latin1_bin",
    ] {
        let columns = format!("id {id} PRIMARY KEY");
        let case = Case {
            name: "byte_keys",
            columns: &columns,
            target_columns: None,
            inserts: &[&keys],
        };
        // A space is padding to the collation, so the empty string and it would collide.
        case.check(&DIRECTIONS, &WAYS).await;
    }
}

/// Collations decide the order of keys: case and accents are equal or not, and padding counts or
/// not.
#[tokio::test]
async fn keys_are_walked_in_the_order_of_their_collation() {
    let words = "VALUES ('a', 1), ('B', 1), ('c', 1), ('ä', 2), ('Z', 1), ('ß', 1), ('ss', 2), \
        ('é', 1), ('E', 2), ('ø', 1), ('日', 1), ('本', 1), ('a b', 1), ('a-b', 2), ('aa', 1), \
        ('AB', 1), ('', 1), ('ﬁ', 2), ('fj', 1), ('10', 1), ('9', 1), ('x', 1), ('y', 1)";
    for collation in [
        "utf8mb4_general_ci",
        "utf8mb4_unicode_ci",
        "utf8mb4_bin",
        "utf8mb4_german2_ci",
    ] {
        let columns = format!("w VARCHAR(20) COLLATE {collation}, n INT, PRIMARY KEY (w, n)");
        Case {
            name: "collations",
            columns: &columns,
            target_columns: None,
            inserts: &[words],
        }
        .check(&DIRECTIONS, &WAYS)
        .await;
    }
}

#[tokio::test]
async fn text_of_another_charset_on_the_target_is_converted() {
    Case {
        name: "converted",
        columns: "id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1",
        target_columns: Some("id INT PRIMARY KEY, a VARCHAR(20) CHARACTER SET latin1"),
        inserts: &["VALUES (1, 'äöü')"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
    for (source, target) in DIRECTIONS {
        let (from, to) = (
            sessions_by(source, Path::LoadData).await,
            sessions_by(target, Path::LoadData).await,
        );
        let name = "dbferry_v_reencoded";
        let mut at_source = fresh_database(&from, name).await;
        let mut at_target = fresh_database(&to, &format!("{name}_to")).await;
        run(
            &mut at_source,
            "CREATE TABLE t (id INT PRIMARY KEY, a TEXT CHARACTER SET gbk)",
        )
        .await;
        run(
            &mut at_source,
            "INSERT INTO t VALUES (1, '中文'), (2, 'a?')",
        )
        .await;
        let columns = "(id INT PRIMARY KEY, a TEXT CHARACTER SET utf16)";
        run(&mut at_target, &format!("CREATE TABLE t {columns}")).await;
        let table = describe(&from, name, "t").await;
        let target_table = describe(&to, &format!("{name}_to"), "t").await;
        let read = read_of(&table, CellForm::Canonical);
        let load = load_of(&target_table, &read);
        copy(&from, &to, read, load, SMALL).await.unwrap();
        let found = values(&mut at_target, &target_table).await;
        assert_eq!(found[0][1].as_deref(), Some("4:4E2D6587"));
        assert_eq!(found[1][1].as_deref(), Some("4:0061003F"));
        run(&mut at_source, &format!("DROP DATABASE {name}")).await;
        run(&mut at_target, &format!("DROP DATABASE {name}_to")).await;
    }
}

/// What has no form in UTF-8 is refused by name, where another tool writes a question mark.
#[tokio::test]
async fn text_without_a_form_in_utf8_is_refused() {
    for server in [MARIADB_A, MYSQL_A] {
        let sessions = sessions_by(server, Path::LoadData).await;
        let name = "dbferry_v_lossy";
        let mut connection = fresh_database(&sessions, name).await;
        let columns = "(id INT PRIMARY KEY, a TEXT CHARACTER SET greek)";
        run(&mut connection, &format!("CREATE TABLE t {columns}")).await;
        run(
            &mut connection,
            "INSERT INTO t VALUES (1, 'what?'), (2, x'61FF')",
        )
        .await;
        let table = describe(&sessions, name, "t").await;
        run(&mut connection, "CREATE TABLE u LIKE t").await;
        let target = describe(&sessions, name, "u").await;
        let read = read_of(&table, CellForm::Canonical);
        let load = load_of(&target, &read);
        let error = copy(&sessions, &sessions, read, load, SMALL)
            .await
            .unwrap_err();
        assert_eq!(
            error.code(),
            Code::ValueUnrepresentable,
            "{server} {}",
            error.report()
        );
        assert_eq!(
            error.object(),
            Some("dbferry_v_lossy.t column a row id=2"),
            "{server}"
        );
        // As it is stored, it can travel.
        let read = read_of(&table, CellForm::Native);
        let load = load_of(&target, &read);
        run(&mut connection, "TRUNCATE u").await;
        assert_eq!(
            copy(&sessions, &sessions, read, load, SMALL).await.unwrap(),
            2,
            "{server}"
        );
        run(&mut connection, &format!("DROP DATABASE {name}")).await;
    }
}

/// The peak of this process, in KiB.
fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn large_values_arrive_in_bounded_memory() {
    for (source, target) in [(MARIADB_A, MARIADB_B), (MYSQL_A, MYSQL_B)] {
        let (from, to) = (
            sessions_by(source, Path::LoadData).await,
            sessions_by(target, Path::LoadData).await,
        );
        let name = "dbferry_v_large";
        let mut at_source = fresh_database(&from, name).await;
        let mut at_target = fresh_database(&to, &format!("{name}_to")).await;
        let columns = "(id INT PRIMARY KEY, a LONGBLOB, b LONGTEXT)";
        run(&mut at_source, &format!("CREATE TABLE t {columns}")).await;
        run(&mut at_target, &format!("CREATE TABLE t {columns}")).await;
        run(
            &mut at_source,
            "INSERT INTO t VALUES (1, REPEAT(x'5C0A0900', 16777216), 'x'), \
            (2, 'y', REPEAT('日\\n', 1000000)), (3, REPEAT('z', 5000000), NULL)",
        )
        .await;
        let table = describe(&from, name, "t").await;
        let target_table = describe(&to, &format!("{name}_to"), "t").await;
        let read = read_of(&table, CellForm::Native);
        let load = load_of(&target_table, &read);
        assert_eq!(copy(&from, &to, read, load, LARGE).await.unwrap(), 3);
        let sums = "SELECT GROUP_CONCAT(CONCAT_WS(':', id, OCTET_LENGTH(a), SHA2(a, 256), \
            OCTET_LENGTH(b), SHA2(b, 256)) ORDER BY id) FROM t";
        let expected = crate::support::value(&mut at_source, sums).await;
        assert_eq!(crate::support::value(&mut at_target, sums).await, expected);
        assert!(expected.contains("67108864"), "{expected}");
        run(&mut at_source, &format!("DROP DATABASE {name}")).await;
        run(&mut at_target, &format!("DROP DATABASE {name}_to")).await;
    }
    // The value once, in its batch, and room for everything else.
    let peak = peak_memory_kib();
    assert!(peak < 180 << 10, "peak memory is {peak} KiB");
}

#[tokio::test]
async fn unusual_charsets_of_mariadb_and_mysql_agree_on_binary_junk() {
    let bytes = all_bytes();
    for charset in [
        "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1256", "koi8u", "hebrew",
    ] {
        let columns =
            format!("id INT PRIMARY KEY, a VARBINARY(300), b TEXT CHARACTER SET {charset}");
        let rows = format!("VALUES (1, x'{bytes}', x'{bytes}')");
        Case {
            name: "junk",
            columns: &columns,
            target_columns: None,
            inserts: &[&rows],
        }
        .check(
            &DIRECTIONS,
            &[
                (CellForm::Native, Path::LoadData),
                (CellForm::Native, Path::Insert),
            ],
        )
        .await;
    }
}
