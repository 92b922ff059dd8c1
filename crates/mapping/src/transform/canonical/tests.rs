use super::*;
use proptest::prelude::*;

fn written(value: ValueRef<'_>, data_type: &DataType) -> Result<Option<String>, Error> {
    let mut output = RowBatch::new(1);
    write(value, data_type, &mut output)?;
    Ok(output
        .cell(0, 0)
        .map(|cell| String::from_utf8(cell.to_vec()).unwrap()))
}

fn check(value: ValueRef<'_>, data_type: &DataType, expected: &str) {
    let found = written(value, data_type).unwrap();
    assert_eq!(
        found.as_deref(),
        Some(expected),
        "{value:?} as {data_type:?}"
    );
}

fn refused(value: ValueRef<'_>, data_type: &DataType) {
    let error = written(value, data_type).unwrap_err();
    assert_eq!(
        error.code(),
        Code::ValueUnrepresentable,
        "{value:?} as {data_type:?}"
    );
}

fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

#[test]
fn numbers_fit_their_type_or_are_refused() {
    let byte = DataType::Integer {
        bits: 8,
        signed: true,
    };
    check(ValueRef::Integer(-128), &byte, "-128");
    check(ValueRef::Real(12.0), &byte, "12");
    check(text(" 7 "), &byte, "7");
    refused(ValueRef::Integer(128), &byte);
    refused(ValueRef::Real(1.5), &byte);
    refused(text("x"), &byte);
    let wide = DataType::Integer {
        bits: 64,
        signed: false,
    };
    check(text("18446744073709551615"), &wide, "18446744073709551615");
    refused(ValueRef::Integer(-1), &wide);
    check(ValueRef::Integer(3), &DataType::Year, "0003");
}

#[test]
fn decimals_have_exactly_their_scale() {
    let money = DataType::Decimal {
        precision: Some(5),
        scale: Some(2),
    };
    check(ValueRef::Integer(7), &money, "7.00");
    check(ValueRef::Real(0.1 + 0.2), &money, "0.30");
    check(text("-007.500"), &money, "-7.50");
    check(text("-0.00"), &money, "0.00");
    refused(text("1.005"), &money);
    refused(ValueRef::Integer(1000), &money);
    refused(ValueRef::Real(f64::INFINITY), &money);
    check(
        ValueRef::Real(1e-7),
        &DataType::Decimal {
            precision: None,
            scale: None,
        },
        "0.0000001",
    );
}

#[test]
fn floats_are_shortest() {
    check(ValueRef::Real(1.0), &DataType::Float { bits: 64 }, "1");
    check(ValueRef::Real(1e-7), &DataType::Float { bits: 64 }, "1e-7");
    check(ValueRef::Real(0.1), &DataType::Float { bits: 32 }, "0.1");
    refused(ValueRef::Real(1e300), &DataType::Float { bits: 32 });
    refused(ValueRef::Integer(i64::MAX), &DataType::Float { bits: 64 });
}

#[test]
fn times_get_their_digits() {
    let milli = DataType::DateTime { fraction: 3 };
    check(
        text("2024-02-29 01:02:03.4567"),
        &milli,
        "2024-02-29 01:02:03.456",
    );
    check(text("2024-02-29T01:02"), &milli, "2024-02-29 01:02:00.000");
    check(
        text("2024-02-29"),
        &DataType::Timestamp { fraction: 0 },
        "2024-02-29 00:00:00",
    );
    refused(text("29.02.2024"), &milli);
    refused(text("2024-02-29 1:02:03"), &milli);
    check(
        text("-101:59:59.5"),
        &DataType::Time { fraction: 1 },
        "-101:59:59.5",
    );
    check(text("2024-02-29"), &DataType::Date, "2024-02-29");
    refused(text("2024-02-29 00:00:00"), &DataType::Date);
}

#[test]
fn texts_and_bytes_keep_to_their_length() {
    check(text("äöü"), &DataType::VarChar { length: Some(3) }, "äöü");
    refused(text("äöü"), &DataType::VarChar { length: Some(2) });
    refused(ValueRef::Blob(b"\xff"), &DataType::VarChar { length: None });
    check(
        ValueRef::Integer(5),
        &DataType::VarChar { length: Some(3) },
        "5",
    );
    refused(
        ValueRef::Blob(b"abc"),
        &DataType::VarBinary { length: Some(2) },
    );
    refused(ValueRef::Blob(b"a"), &DataType::Binary { length: 2 });
    check(text("[1]"), &DataType::Json, "[1]");
    refused(text("[1"), &DataType::Json);
    check(text("TRUE"), &DataType::Boolean, "t");
    refused(text("yes"), &DataType::Boolean);
    assert_eq!(written(ValueRef::Null, &DataType::Date).unwrap(), None);
}

#[test]
fn numbers_that_would_lose_digits_do_not_enter() {
    let decimal = DataType::Decimal {
        precision: Some(40),
        scale: Some(2),
    };
    assert_eq!(
        parameter(b"12.50", &decimal).unwrap(),
        Parameter::Real(12.5)
    );
    assert_eq!(
        parameter(b"-0.00", &decimal).unwrap(),
        Parameter::Real(-0.0)
    );
    let error = parameter(b"12345678901234567.89", &decimal).unwrap_err();
    assert_eq!(error.code(), Code::ExpressionFailed);
    let wide = DataType::Integer {
        bits: 64,
        signed: false,
    };
    assert!(parameter(b"18446744073709551615", &wide).is_err());
    assert!(parameter(b"NaN", &DataType::Float { bits: 64 }).is_err());
    let bits = DataType::Bit { length: 9 };
    assert_eq!(parameter(&[1, 2], &bits).unwrap(), Parameter::Integer(258));
}

proptest! {
    #[test]
    fn any_text_is_judged_without_a_panic(value in ".{0,30}", fraction in 0..10_u8, pick in 0..6) {
        let data_type = match pick {
            0 => DataType::DateTime { fraction },
            1 => DataType::Time { fraction },
            2 => DataType::Decimal { precision: Some(9), scale: Some(2) },
            3 => DataType::Float { bits: 32 },
            4 => DataType::Integer { bits: 16, signed: true },
            _ => DataType::Year,
        };
        let _ = written(text(&value), &data_type);
        let _ = parameter(value.as_bytes(), &data_type);
    }

    #[test]
    fn a_decimal_comes_back_as_it_went_in(whole in 0..10_000_000_u32, cents in 0..100_u8) {
        let decimal = DataType::Decimal { precision: Some(9), scale: Some(2) };
        let cell = format!("{whole}.{cents:02}");
        match parameter(cell.as_bytes(), &decimal).unwrap() {
            Parameter::Real(number) => {
                prop_assert_eq!(written(ValueRef::Real(number), &decimal).unwrap(), Some(cell));
            }
            other => panic!("{other:?}"),
        }
    }
}
