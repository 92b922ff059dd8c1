//! Types decided by declared type and content.

use dbferry_core::catalog::ColumnDefault;
use dbferry_core::{CellForm, DataType, Endpoint, Role, Severity, Source};

use crate::support::{Folder, cells, exact, name, read_of, source};

const INTEGER: DataType = DataType::Integer {
    bits: 64,
    signed: true,
};
const FLOAT: DataType = DataType::Float { bits: 64 };
const TEXT: DataType = DataType::Text { bytes_max: None };
const BLOB: DataType = DataType::Blob { bytes_max: None };

/// The type of a column of this declared type with these values, and whether every value then
/// can be read.
async fn settled(declared: &str, values: &str) -> DataType {
    let folder = Folder::new();
    let rows: Vec<String> = values
        .split(", ")
        .map(|value| format!("({value})"))
        .collect();
    let script = format!(
        "CREATE TABLE t (c {declared}); INSERT INTO t VALUES {}",
        rows.join(", ")
    );
    let a = source(folder.database("a.db", &script)).await;
    let catalog = a.catalog(&exact()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Canonical);
    let data_type = catalog.tables[0].columns[0].data_type.clone();
    let readable = cells(&a, &read).await.is_ok();
    let refused = matches!(data_type, DataType::Other { .. });
    assert_eq!(readable, !refused, "{declared} {values} {data_type:?}");
    data_type
}

#[tokio::test]
async fn the_declared_type_holds_where_every_value_keeps_to_it() {
    let check = async |declared, values, expected| {
        assert_eq!(
            settled(declared, values).await,
            expected,
            "{declared} {values}"
        );
    };
    check("INTEGER", "1, NULL, -9223372036854775808", INTEGER).await;
    check("BOOLEAN", "0, 1", DataType::Boolean).await;
    check("DATE", "'2024-02-29', '0001-01-01'", DataType::Date).await;
    check(
        "TIME",
        "'10:00', '10:00:00.25'",
        DataType::Time { fraction: 2 },
    )
    .await;
    check(
        "DATETIME",
        "'2024-02-29T10:00:00', NULL",
        DataType::DateTime { fraction: 0 },
    )
    .await;
    check(
        "DATETIME",
        "'2024-02-29 10:00:00.123'",
        DataType::DateTime { fraction: 3 },
    )
    .await;
    check(
        "DATETIME",
        "'2024-02-29 10:00:00Z'",
        DataType::Timestamp { fraction: 0 },
    )
    .await;
    check("REAL", "1, 9e999", FLOAT).await;
    check(
        "VARCHAR(5)",
        "'abcde'",
        DataType::VarChar { length: Some(5) },
    )
    .await;
    check("TEXT", "'a'", TEXT).await;
    check("BLOB", "x'00'", BLOB).await;
    check("JSON", "'{\"a\":1}', '[]'", DataType::Json).await;
    check(
        "UUID",
        "'123E4567-e89b-12d3-a456-426614174000'",
        DataType::Uuid,
    )
    .await;
    let money = DataType::Decimal {
        precision: Some(6),
        scale: Some(2),
    };
    check("DECIMAL(6,2)", "1, 2.5, -9999.99", money).await;
    check("BOOLEAN", "NULL, NULL", DataType::Boolean).await;
}

#[tokio::test]
async fn other_values_widen_the_type_until_all_fit() {
    let check = async |declared, values, expected| {
        assert_eq!(
            settled(declared, values).await,
            expected,
            "{declared} {values}"
        );
    };
    check("BOOLEAN", "0, 2", INTEGER).await;
    check("INTEGER", "1, 1.5", FLOAT).await;
    check("", "9007199254740993, 1.5", TEXT).await;
    check("INTEGER", "1, 'many'", TEXT).await;
    check("DECIMAL(4,2)", "1.125", FLOAT).await;
    check("DATE", "'2024-02-29', 'soon'", TEXT).await;
    check("DATE", "'2023-02-29'", TEXT).await;
    check(
        "DATETIME",
        "'2024-02-29 10:00:00Z', '2024-02-29 10:00:00'",
        TEXT,
    )
    .await;
    check("DATETIME", "1700000000", INTEGER).await;
    check("VARCHAR(2)", "'abc'", TEXT).await;
    check("TEXT", "'a', x'ff'", BLOB).await;
    check("JSON", "'{a:1}'", TEXT).await;
}

#[tokio::test]
async fn what_no_type_holds_is_told_with_its_row() {
    let check = async |declared, values, part: &str| match settled(declared, values).await {
        DataType::Other { name } => assert!(name.contains(part), "{name}"),
        other => panic!("{other:?}"),
    };
    check("BLOB", "x'00', 5", "rowid 2").await;
    check("TEXT", "'a', 'b', CAST(x'ff' AS TEXT)", "rowid 3").await;
}

#[tokio::test]
async fn a_check_of_the_source_names_such_columns() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (a, b TEXT, c REAL, fine TEXT);
                  INSERT INTO t VALUES (1, CAST(x'ff' AS TEXT), 9e999, 'x'), ('x', 'y', 1, 'z')";
    let a = source(folder.database("a.db", script)).await;
    let findings = a.check(Role::Source, &exact()).await.unwrap();
    let of = |id: &str| {
        let found = findings.iter().find(|finding| finding.id == id).unwrap();
        assert_eq!(found.severity, Severity::Warning);
        found.object.clone().unwrap()
    };
    assert_eq!(of("sqlite-mixed-classes"), "table main.t column a");
    assert_eq!(of("sqlite-column-without-type"), "table main.t column b");
    assert_eq!(of("sqlite-infinity"), "table main.t column c");
    assert!(
        findings
            .iter()
            .all(|finding| !format!("{finding:?}").contains("column fine"))
    );
}

#[tokio::test]
async fn key_columns_get_lengths_and_lose_the_right_to_null() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (k TEXT PRIMARY KEY, u BLOB UNIQUE, v TEXT);
                  INSERT INTO t VALUES ('a', x'00', 'long')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&exact()).await.unwrap();
    let columns = &catalog.tables[0].columns;
    assert_eq!(
        columns[0].data_type,
        DataType::VarChar { length: Some(255) }
    );
    assert!(!columns[0].nullable && columns[1].nullable);
    assert_eq!(
        columns[1].data_type,
        DataType::VarBinary { length: Some(255) }
    );
    assert_eq!(columns[2].data_type, TEXT);
}

#[tokio::test]
async fn a_key_whose_cells_do_not_lead_back_is_not_walked() {
    let folder = Folder::new();
    let script = "CREATE TABLE mixed (k NOT NULL PRIMARY KEY); INSERT INTO mixed VALUES (1), ('1');
                  CREATE TABLE spelled (k DATETIME NOT NULL PRIMARY KEY);
                  INSERT INTO spelled VALUES ('2024-02-29T10:00:00');
                  CREATE TABLE plain (k DATETIME NOT NULL PRIMARY KEY);
                  INSERT INTO plain VALUES ('2024-02-29 10:00:00')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&exact()).await.unwrap();
    let key = |table: &str| a.walkable_key(catalog.table(&name(table)).unwrap());
    assert_eq!(key("mixed"), None);
    assert_eq!(key("spelled"), None);
    assert_eq!(key("plain"), Some(vec![0]));
}

#[tokio::test]
async fn defaults_are_canonical_text_of_the_settled_type() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (b BOOLEAN DEFAULT 1, d DECIMAL(4,2) DEFAULT 2.5, n INT DEFAULT 7, \
                  s TEXT DEFAULT 5, odd BOOLEAN DEFAULT 'maybe')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&exact()).await.unwrap();
    let defaults: Vec<_> = catalog.tables[0]
        .columns
        .iter()
        .map(|column| column.default.clone().unwrap())
        .collect();
    let literal = |text: &str| ColumnDefault::Literal(Some(text.to_owned()));
    let odd = ColumnDefault::Expression("'maybe'".to_owned());
    assert_eq!(
        defaults,
        [
            literal("t"),
            literal("2.50"),
            literal("7"),
            literal("5"),
            odd
        ]
    );
}
