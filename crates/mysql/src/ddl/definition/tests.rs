use dbferry_core::TableName;

use super::*;
use crate::server::tests::server;
use crate::server::{Flavour, Version};

fn mysql() -> Server {
    server(Flavour::MySql, Version(9, 0, 0))
}

fn key(name: &str, kind: KeyKind, columns: &[&str]) -> Key {
    Key {
        name: name.into(),
        kind,
        parts: columns
            .iter()
            .map(|column| KeyPart::column(*column))
            .collect(),
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    }
}

fn column(name: &str, declared: &str) -> Column {
    Column::new(name, crate::datatypes::parse(declared).unwrap(), declared)
}

fn table(columns: Vec<Column>, keys: Vec<Key>) -> Table {
    Table {
        columns,
        keys,
        ..Table::new(TableName::new("s", "t"))
    }
}

#[test]
fn keys_that_the_load_does_not_need_come_after_it() {
    let mut number = column("n", "int");
    number.auto_increment = true;
    let mut table = table(
        vec![column("a", "int"), number, column("t", "text")],
        vec![
            key("", KeyKind::Primary, &["a", "n"]),
            key("numbers", KeyKind::Plain, &["n"]),
            key("later", KeyKind::Unique, &["a"]),
            key("words", KeyKind::FullText, &["t"]),
            key("more", KeyKind::FullText, &["t", "a"]),
        ],
    );
    table.auto_increment = Some(7);
    table.keys.push(Key {
        parts: vec![KeyPart {
            of: KeyPartOf::Expression("lower(`t`)".into()),
            prefix: None,
            descending: true,
            collation: None,
        }],
        visible: false,
        ..key("low", KeyKind::Plain, &[])
    });
    let statements = statements(&table, KeyTiming::AfterLoad, &mysql());
    assert_eq!(
        statements.create,
        [
            "CREATE TABLE `s`.`t` (\n  `a` int,\n  `n` int AUTO_INCREMENT,\n  `t` text,\n  \
          PRIMARY KEY (`a`, `n`),\n  KEY `numbers` (`n`)\n)"
        ]
    );
    assert_eq!(
        statements.complete,
        [
            "ALTER TABLE `s`.`t`\n  ADD FULLTEXT KEY `words` (`t`),\n  \
             ADD UNIQUE KEY `later` (`a`),\n  AUTO_INCREMENT = 7",
            "ALTER TABLE `s`.`t`\n  ADD KEY `low` ((lower(`t`)) DESC) INVISIBLE",
            "ALTER TABLE `s`.`t`\n  ADD FULLTEXT KEY `more` (`t`, `a`)",
        ]
    );
}

#[test]
fn without_primary_key_the_key_that_orders_the_rows_comes_first() {
    let mut a = column("a", "int");
    a.nullable = false;
    let table = table(
        vec![a, column("b", "int")],
        vec![
            key("u", KeyKind::Unique, &["b"]),
            key("v", KeyKind::Unique, &["a"]),
        ],
    );
    assert_eq!(essential_keys(&table), ["v"]);
}

#[test]
fn defaults_are_written_as_the_type_wants_them() {
    let check = |declared: &str, default: ColumnDefault, expected: &str| {
        let column = column("c", declared);
        assert_eq!(default_text(&column, &default, &mysql()), expected);
    };
    let literal = |text: &str| ColumnDefault::Literal(Some(text.into()));
    check("int", literal("-7"), "-7");
    check("varchar(9)", literal("it's"), "'it''s'");
    check("varchar(9)", literal("NULL"), "'NULL'");
    check("varchar(9)", ColumnDefault::Literal(None), "NULL");
    check("text", literal("x"), "('x')");
    check(
        "datetime(3)",
        ColumnDefault::CurrentTimestamp(3),
        "CURRENT_TIMESTAMP(3)",
    );
    check(
        "binary(2)",
        ColumnDefault::Expression("0xFF00".into()),
        "0xFF00",
    );
    check(
        "bit(3)",
        ColumnDefault::Expression("b'101'".into()),
        "b'101'",
    );
    check("int", ColumnDefault::Expression("1 + 2".into()), "(1 + 2)");
    check("int", literal("1); DROP TABLE x"), "'1); DROP TABLE x'");
}

#[test]
fn foreign_keys_name_another_schema_only() {
    let mut table = table(vec![column("a", "int")], Vec::new());
    let foreign = |schema: &str| ForeignKey {
        name: "f".into(),
        columns: vec!["a".into()],
        referenced: TableName::new(schema, "u"),
        referenced_columns: vec!["b".into()],
        on_delete: ReferenceAction::Cascade,
        on_update: ReferenceAction::NoAction,
        attributes: Vec::new(),
    };
    table.foreign_keys = vec![foreign("s"), foreign("o")];
    assert_eq!(
        statements(&table, KeyTiming::WithTable, &mysql()).complete,
        ["ALTER TABLE `s`.`t`\n  \
          ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`b`) ON DELETE CASCADE,\n  \
          ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o`.`u` (`b`) ON DELETE CASCADE"]
    );
}

#[test]
fn an_action_that_is_the_products_default_is_not_written() {
    let mut table = table(vec![column("a", "int")], Vec::new());
    table.foreign_keys = vec![ForeignKey {
        name: "f".into(),
        columns: vec!["a".into()],
        referenced: TableName::new("s", "u"),
        referenced_columns: vec!["b".into()],
        on_delete: ReferenceAction::Restrict,
        on_update: ReferenceAction::NoAction,
        attributes: Vec::new(),
    }];
    let check = |server: Server, expected: &str| {
        let written = &statements(&table, KeyTiming::WithTable, &server).complete[0];
        assert!(written.ends_with(expected), "{written}");
    };
    check(mysql(), "(`b`) ON DELETE RESTRICT");
    let mariadb = server(Flavour::MariaDb, Version(10, 11, 0));
    check(mariadb, "(`b`) ON UPDATE NO ACTION");
}
