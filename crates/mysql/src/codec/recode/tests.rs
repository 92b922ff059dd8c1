use super::*;

fn check(from: DataType, to: DataType, cell: &str, expected: Result<&str, &str>) {
    let load = ColumnLoad {
        column: 0,
        form: CellForm::Canonical,
        data_type: from,
    };
    let mut column = Column::new("c", to, "");
    column.charset = Some("utf8mb4".into());
    let way = Way::new(&load, &column, true);
    let mut scratch = Vec::new();
    let sent = way.recode.apply(cell.as_bytes(), &mut scratch);
    let sent = sent
        .map(|bytes| std::str::from_utf8(bytes).unwrap())
        .map_err(|why| why.0);
    assert_eq!(sent, expected, "{cell}");
}

const INT: DataType = DataType::Integer {
    bits: 32,
    signed: true,
};
const DECIMAL: DataType = DataType::Decimal {
    precision: None,
    scale: None,
};

#[test]
fn numbers_keep_their_value() {
    let float = |bits| DataType::Float { bits };
    check(DataType::Boolean, INT, "t", Ok("1"));
    check(
        DataType::Boolean,
        DataType::Bit { length: 1 },
        "f",
        Ok("\0"),
    );
    check(DataType::Bit { length: 9 }, INT, "\u{1}\u{1}", Ok("257"));
    check(DECIMAL, INT, "1.00", Ok("1.00"));
    check(DECIMAL, INT, "1.50", Err("is no whole number"));
    check(float(32), float(32), "0.1", Ok("0.10000000149011612"));
    check(float(32), float(64), "NaN", Err(NOT_FINITE.0));
    check(float(64), float(32), "0.5", Ok("0.5"));
    check(
        float(64),
        float(32),
        "0.1",
        Err("has digits that a 32-bit float does not keep"),
    );
    check(DECIMAL, float(64), "0.1", Ok("0.1"));
    let long = "0.12345678901234567890";
    check(
        DECIMAL,
        float(64),
        long,
        Err("has digits that a double does not keep"),
    );
}

#[test]
fn the_limit_of_a_rounded_float_is_not_passed() {
    let limit = float_limit("float(9,3) unsigned").unwrap();
    assert_eq!(limit, "-0999999.999");
    for (cell, sent) in [
        ("1000000", "0999999.999"),
        ("-1000000", "-0999999.999"),
        ("999999.9375", "999999.9375"),
        ("1000001", "1000001"),
    ] {
        assert_eq!(within(cell.as_bytes(), &limit), sent.as_bytes());
    }
    assert_eq!(float_limit("float"), None);
    assert_eq!(float_limit("float(24)"), None);
}

#[test]
fn times_keep_their_fraction() {
    let from = DataType::DateTime { fraction: 6 };
    let to = DataType::DateTime { fraction: 3 };
    let refused = Err("has more digits of a second's fraction");
    check(
        from.clone(),
        to.clone(),
        "2024-01-01 00:00:00.123000",
        Ok("2024-01-01 00:00:00.123000"),
    );
    check(from, to.clone(), "2024-01-01 00:00:00.123400", refused);
    check(
        to.clone(),
        to,
        "2024-01-01 00:00:00.123",
        Ok("2024-01-01 00:00:00.123"),
    );
}

#[test]
fn labels_are_taken_literally() {
    let labels: Vec<String> = ["a", "2", "B"].map(String::from).into();
    let text = DataType::VarChar { length: None };
    let to = DataType::Enum {
        labels: labels.clone(),
    };
    check(text.clone(), to.clone(), "2", Ok("2"));
    check(text.clone(), to.clone(), "B", Ok("3"));
    check(text.clone(), to.clone(), "", Ok("0"));
    check(
        text.clone(),
        to.clone(),
        "1",
        Err("is no label of the ENUM"),
    );
    check(text.clone(), to, "b", Err("is no label of the ENUM"));
    let set = DataType::Set { labels };
    check(text.clone(), set.clone(), "a,B", Ok("5"));
    check(text.clone(), set.clone(), "", Ok("0"));
    check(text, set, "a,x", Err("has a label that the SET lacks"));
}

#[test]
fn padding_is_seen() {
    let text = DataType::VarChar { length: None };
    check(
        text,
        DataType::Char { length: 3 },
        "a ",
        Err("ends with a space, which CHAR loses"),
    );
    let bytes = DataType::VarBinary { length: None };
    let refused = Err("has another length than the BINARY column");
    check(bytes.clone(), DataType::Binary { length: 3 }, "ab", refused);
    check(bytes, DataType::Binary { length: 2 }, "ab", Ok("ab"));
}

#[test]
fn labels_that_look_like_numbers_need_an_expression() {
    let plain = ["a", "b2", ""].map(String::from);
    assert!(!has_numeric_labels(&plain));
    assert!(has_numeric_labels(&["a".into(), "①".into()]));
    assert!(has_numeric_labels(&["7".into()]));
}
