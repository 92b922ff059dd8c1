use super::*;
use crate::server::{Flavour, Version, tests::server};

#[test]
fn declarations_are_understood() {
    let check = |text: &str, expected| assert_eq!(parse(text).unwrap(), expected, "{text}");
    check(
        "tinyint(1)",
        DataType::Integer {
            bits: 8,
            signed: true,
        },
    );
    check(
        "int(10) unsigned zerofill",
        DataType::Integer {
            bits: 32,
            signed: false,
        },
    );
    check(
        "bigint",
        DataType::Integer {
            bits: 64,
            signed: true,
        },
    );
    check(
        "decimal(65,30)",
        DataType::Decimal {
            precision: Some(65),
            scale: Some(30),
        },
    );
    check("double(10,2)", DataType::Float { bits: 64 });
    check("float unsigned", DataType::Float { bits: 32 });
    check("bit(5)", DataType::Bit { length: 5 });
    check("varchar(190)", DataType::VarChar { length: Some(190) });
    check(
        "mediumblob",
        DataType::Blob {
            bytes_max: Some(16_777_215),
        },
    );
    check("timestamp(6)", DataType::Timestamp { fraction: 6 });
    check("year(4)", DataType::Year);
    check("geomcollection", geometry("geometrycollection"));
    check(
        "enum('a','it''s',',')",
        DataType::Enum {
            labels: vec!["a".into(), "it's".into(), ",".into()],
        },
    );
    check("inet6", DataType::Inet { version: 6 });
    check(
        "xmltype",
        DataType::Other {
            name: "xmltype".into(),
        },
    );
    assert_eq!(
        parse("varchar(x)").unwrap_err().code(),
        Code::DefinitionUnreadable
    );
}

#[test]
fn a_declaration_for_a_type_is_understood_as_that_type() {
    let mysql = server(Flavour::MySql, Version(9, 0, 0));
    let types = [
        DataType::Integer {
            bits: 24,
            signed: false,
        },
        DataType::Decimal {
            precision: Some(65),
            scale: Some(30),
        },
        DataType::Float { bits: 32 },
        DataType::Bit { length: 64 },
        DataType::Char { length: 255 },
        DataType::VarChar {
            length: Some(16_383),
        },
        DataType::Text {
            bytes_max: Some(65_535),
        },
        DataType::Binary { length: 16 },
        DataType::Blob {
            bytes_max: Some(255),
        },
        DataType::Time { fraction: 6 },
        DataType::DateTime { fraction: 0 },
        DataType::Enum {
            labels: vec!["a'b".into(), "\\".into()],
        },
        DataType::Json,
        geometry("point"),
    ];
    for data_type in types {
        assert_eq!(
            parse(&declared(&data_type, &mysql).unwrap()).unwrap(),
            data_type
        );
    }
}

#[test]
fn what_has_no_equal_becomes_something_wider() {
    let mysql = server(Flavour::MySql, Version(8, 0, 30));
    let check = |data_type, expected: &str| {
        assert_eq!(declared(&data_type, &mysql).unwrap(), expected);
    };
    check(
        DataType::VarChar {
            length: Some(20_000),
        },
        "longtext",
    );
    check(DataType::VarBinary { length: None }, "longblob");
    check(
        DataType::Decimal {
            precision: Some(100),
            scale: Some(2),
        },
        "longtext",
    );
    check(DataType::Timestamp { fraction: 9 }, "varchar(64)");
    check(DataType::Uuid, "char(36)");
    check(DataType::Bit { length: 100 }, "varbinary(13)");
    let other = DataType::Other {
        name: "money".into(),
    };
    assert_eq!(
        declared(&other, &mysql).unwrap_err().code(),
        Code::Untranslatable
    );
}
