//! What canonical cells hold, and what they refuse.

use super::*;

fn encode(data_type: &DataType, strict: bool, value: ValueRef<'_>) -> Result<String, Unfit> {
    let mut out = Vec::new();
    Encoder::new(CellForm::Canonical, data_type, strict)
        .encode(value, &mut out)
        .map(|()| String::from_utf8(out).unwrap())
}

fn check(data_type: &DataType, value: ValueRef<'_>, expected: &str) {
    assert_eq!(encode(data_type, false, value).as_deref(), Ok(expected));
}

fn refuse(data_type: &DataType, value: ValueRef<'_>) {
    let written = encode(data_type, false, value);
    assert!(written.is_err(), "{data_type:?} {value:?} {written:?}");
}

const INTEGER: DataType = DataType::Integer {
    bits: 64,
    signed: true,
};
const MONEY: DataType = DataType::Decimal {
    precision: Some(6),
    scale: Some(2),
};
const TEXT: DataType = DataType::Text { bytes_max: None };

#[test]
fn values_get_the_text_of_their_type() {
    check(&DataType::Boolean, ValueRef::Integer(1), "t");
    check(
        &INTEGER,
        ValueRef::Integer(i64::MIN),
        "-9223372036854775808",
    );
    check(&MONEY, ValueRef::Real(12.5), "12.50");
    check(&MONEY, ValueRef::Integer(-3), "-3.00");
    check(&MONEY, ValueRef::Text(b"0012.500"), "12.50");
    let float = DataType::Float { bits: 64 };
    check(&float, ValueRef::Real(1.0), "1");
    check(&float, ValueRef::Real(1e-7), "1e-7");
    check(&float, ValueRef::Real(-0.0), "-0");
    check(&float, ValueRef::Real(f64::NEG_INFINITY), "-Infinity");
    check(&TEXT, ValueRef::Text(b"a\0b"), "a\0b");
    check(&TEXT, ValueRef::Real(0.1), "0.1");
    let moment = DataType::DateTime { fraction: 3 };
    check(
        &moment,
        ValueRef::Text(b"2024-02-29T23:59"),
        "2024-02-29 23:59:00.000",
    );
    let instant = DataType::Timestamp { fraction: 0 };
    check(
        &instant,
        ValueRef::Text(b"2024-01-01 00:30:00+01:00"),
        "2023-12-31 23:30:00",
    );
    check(
        &instant,
        ValueRef::Text(b"2024-02-29T10:00:00Z"),
        "2024-02-29 10:00:00",
    );
}

#[test]
fn what_has_no_form_is_refused() {
    refuse(&DataType::Boolean, ValueRef::Integer(2));
    refuse(&INTEGER, ValueRef::Real(1.0));
    refuse(&INTEGER, ValueRef::Text(b"1"));
    refuse(
        &DataType::Integer {
            bits: 8,
            signed: true,
        },
        ValueRef::Integer(128),
    );
    refuse(
        &DataType::Integer {
            bits: 8,
            signed: false,
        },
        ValueRef::Integer(-1),
    );
    refuse(&MONEY, ValueRef::Real(0.125));
    refuse(&MONEY, ValueRef::Integer(10_000));
    refuse(&DataType::Float { bits: 64 }, ValueRef::Integer(i64::MAX));
    refuse(&TEXT, ValueRef::Text(b"\xff"));
    refuse(&TEXT, ValueRef::Blob(b"a"));
    refuse(&DataType::Date, ValueRef::Text(b"2023-02-29"));
    refuse(
        &DataType::DateTime { fraction: 2 },
        ValueRef::Text(b"2024-02-29 01:02:03.456"),
    );
    refuse(
        &DataType::DateTime { fraction: 2 },
        ValueRef::Text(b"2024-02-29 01:02Z"),
    );
    refuse(&DataType::Blob { bytes_max: None }, ValueRef::Integer(1));
    refuse(&DataType::Other { name: "x".into() }, ValueRef::Integer(1));
}

#[test]
fn keys_admit_only_what_leads_back_to_the_value() {
    let strict = |data_type, value| encode(data_type, true, value).is_ok();
    assert!(strict(&TEXT, ValueRef::Text(b"a")));
    assert!(!strict(&TEXT, ValueRef::Integer(1)));
    assert!(!strict(
        &DataType::Blob { bytes_max: None },
        ValueRef::Text(b"a")
    ));
    let moment = DataType::DateTime { fraction: 0 };
    assert!(strict(&moment, ValueRef::Text(b"2024-02-29 01:02:03")));
    assert!(!strict(&moment, ValueRef::Text(b"2024-02-29T01:02:03")));
    assert!(!strict(&MONEY, ValueRef::Text(b"1.00")));
    assert!(strict(&MONEY, ValueRef::Real(1.5)));
}
