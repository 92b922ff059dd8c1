//! Tables of the MySQL family in SQLite's terms.

use dbferry_core::catalog::{
    Check, ColumnDefault, ForeignKey, Generated, Key, KeyKind, KeyPart, ReferenceAction,
};
use dbferry_core::{
    CellForm, Column, ColumnLoad, DataType, Endpoint, Family, KeyTiming, ObjectKind, ObjectName,
    RowBatch, Severity, StoredObject, Table, TableLoad, TableName, Target,
};
use rusqlite::Connection;

use crate::support::{Folder, load, scope, target, task};

const MYSQL: Family = Family("mysql");

fn key(name: &str, kind: KeyKind, parts: &[&str]) -> Key {
    Key {
        name: name.to_owned(),
        kind,
        parts: parts.iter().map(|part| KeyPart::column(*part)).collect(),
        visible: true,
        condition: None,
        comment: String::new(),
        options: vec!["USING BTREE".to_owned()],
    }
}

fn shop() -> Table {
    let mut table = Table::new(TableName::new("shop", "orders"));
    let unsigned = DataType::Integer {
        bits: 64,
        signed: false,
    };
    let mut id = Column::new("id", unsigned, "bigint(20) unsigned");
    id.auto_increment = true;
    id.nullable = false;
    let mut mail = Column::new(
        "mail",
        DataType::VarChar { length: Some(50) },
        "varchar(50)",
    );
    mail.collation = Some("utf8mb4_0900_ai_ci".to_owned());
    mail.charset = Some("utf8mb4".to_owned());
    let price = DataType::Decimal {
        precision: Some(30),
        scale: Some(10),
    };
    let mut at = Column::new("at", DataType::DateTime { fraction: 6 }, "datetime(6)");
    at.default = Some(ColumnDefault::CurrentTimestamp(6));
    at.on_update = Some("CURRENT_TIMESTAMP(6)".to_owned());
    let mut sum = Column::new("sum", DataType::Float { bits: 64 }, "double");
    sum.generated = Some(Generated {
        expression: "`price` * 2".to_owned(),
        stored: true,
    });
    let mut token = Column::new("token", DataType::Uuid, "uuid");
    token.default = Some(ColumnDefault::Expression("uuid()".to_owned()));
    table.columns = vec![
        id,
        mail,
        Column::new("price", price, "decimal(30,10)"),
        Column::new("doc", DataType::Json, "json"),
        at,
        sum,
        token,
        Column::new("flags", DataType::Bit { length: 12 }, "bit(12)"),
        Column::new("customer", unsigned_32(), "int unsigned"),
    ];
    let mut prefix = key("mail", KeyKind::Unique, &["mail"]);
    prefix.parts[0].prefix = Some(3);
    table.keys = vec![
        key("PRIMARY", KeyKind::Primary, &["id"]),
        prefix,
        key("customer", KeyKind::Plain, &["customer"]),
        key("words", KeyKind::FullText, &["mail"]),
    ];
    table.checks.push(Check {
        name: "c".to_owned(),
        expression: "`price` > 0".to_owned(),
        enforced: true,
        column: None,
    });
    table.foreign_keys.push(ForeignKey {
        name: "buyer".to_owned(),
        columns: vec!["customer".to_owned()],
        referenced: TableName::new("shop", "customers"),
        referenced_columns: vec!["id".to_owned()],
        on_delete: ReferenceAction::Cascade,
        on_update: ReferenceAction::NoAction,
        attributes: Vec::new(),
    });
    table.auto_increment = Some(42);
    table.options = vec![("ENGINE".to_owned(), "InnoDB".to_owned())];
    table
}

fn unsigned_32() -> DataType {
    DataType::Integer {
        bits: 32,
        signed: false,
    }
}

#[tokio::test]
async fn a_table_becomes_one_that_holds_every_value() {
    let folder = Folder::new();
    let path = folder.path("b.db");
    let b = target(&path).await;
    let translation = b.translate(&shop(), MYSQL);
    let table = translation.object;
    b.create_table(&table, KeyTiming::AfterLoad).await.unwrap();
    b.ledger(&task()).await.unwrap();

    let cells = [
        "1",
        "a@x",
        "12345678901234567890.0000000001",
        "{\"a\": 1.50}",
        "0000-00-00 00:00:00.000000",
        "-0",
        "123e4567-e89b-12d3-a456-426614174000",
        "\u{1}\u{2}",
        "4294967295",
    ];
    let mut batch = RowBatch::new(cells.len());
    for cell in cells {
        batch.push(cell.as_bytes()).unwrap();
    }
    let columns = shop()
        .columns
        .into_iter()
        .enumerate()
        .map(|(column, described)| ColumnLoad {
            column,
            form: CellForm::Canonical,
            data_type: described.data_type,
        });
    let into = TableLoad {
        table: table.clone(),
        columns: columns.collect(),
    };
    let mut loader = b.loader(&task()).await.unwrap();
    load(&mut *loader, &into.into(), &[batch]).await.unwrap();
    b.complete_table(&table).await.unwrap();
    b.add_foreign_keys(&table).await.unwrap();
    b.forget_task(&task()).await.unwrap();

    let connection = Connection::open(&path).unwrap();
    let stored: String = connection
        .query_row(
            "SELECT concat_ws('|', id, price, doc, at, token, flags, customer) FROM orders",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let expected = "1|12345678901234567890.0000000001|{\"a\": 1.50}|0000-00-00 00:00:00.000000|\
                    123e4567-e89b-12d3-a456-426614174000|258|4294967295";
    assert_eq!(stored, expected);
    connection
        .pragma_update(None, "foreign_keys", false)
        .unwrap();
    let insert = "INSERT INTO orders (mail) VALUES (?1)";
    assert!(connection.execute(insert, ["a@y"]).is_ok());
    assert_eq!(connection.last_insert_rowid(), 42);
    assert!(
        connection.execute(insert, ["A@X.org"]).is_err(),
        "the prefix is unique"
    );
}

#[tokio::test]
async fn what_differs_is_told() {
    let folder = Folder::new();
    let b = target(folder.path("b.db")).await;
    let translation = b.translate(&shop(), MYSQL);
    let mut ids: Vec<_> = translation
        .findings
        .iter()
        .map(|finding| (finding.id.as_str(), finding.severity))
        .collect();
    ids.sort();
    let warning = Severity::Warning;
    let expected = [
        ("sqlite-check-left-out", warning),
        ("sqlite-collation-narrowed", warning),
        ("sqlite-default-left-out", warning),
        ("sqlite-default-precision", warning),
        ("sqlite-generated-column", warning),
        ("sqlite-index-left-out", warning),
        ("sqlite-on-update-left-out", warning),
        ("sqlite-unsigned-bigint", Severity::Info),
    ];
    assert_eq!(ids, expected);
    let mut odd = shop();
    odd.columns[1].data_type = DataType::Other {
        name: "tsvector".to_owned(),
    };
    odd.name.name = "sqlite_things".to_owned();
    let refused = b.translate(&odd, MYSQL).findings;
    let errors: Vec<_> = refused
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.id.as_str())
        .collect();
    assert_eq!(errors, ["sqlite-type-unknown", "sqlite-reserved-name"]);
}

#[tokio::test]
async fn objects_of_another_dialect_are_refused() {
    let folder = Folder::new();
    let b = target(folder.path("b.db")).await;
    let view = StoredObject {
        kind: ObjectKind::View,
        name: ObjectName::new("shop", "v"),
        table: None,
        statements: vec!["CREATE VIEW `v` AS SELECT 1".to_owned()],
        definer: None,
        settings: Vec::new(),
        active: false,
    };
    let findings = b.translate_object(&view, MYSQL).findings;
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[0].object.as_deref(), Some("view shop.v"));
    assert_eq!(
        b.translate_object(&view, dbferry_sqlite::FAMILY).findings,
        []
    );
    assert_eq!(b.catalog(&scope()).await.unwrap().objects, []);
}
