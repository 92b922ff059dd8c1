use super::*;
use dbferry_core::ObjectName;
use dbferry_core::catalog::KeyPart;

fn column(data_type: DataType, charset: Option<&str>, form: CellForm) -> KeyColumn {
    let mut column = Column::new("c", data_type, "");
    column.charset = charset.map(str::to_owned);
    KeyColumn::new(&column, form).unwrap()
}

fn key(cells: &[&[u8]]) -> KeyCells {
    KeyCells(cells.iter().map(|cell| cell.to_vec()).collect())
}

const INT: DataType = DataType::Integer {
    bits: 32,
    signed: true,
};

#[test]
fn bounds_of_several_columns_are_nested() {
    let columns: Vec<KeyColumn> = (0..3)
        .map(|_| column(INT, None, CellForm::Native))
        .collect();
    let above = bound(&columns, &key(&[b"1", b"-2", b"3"]), Operator::Above).unwrap();
    assert_eq!(
        above,
        "`c` >= 1 AND (`c` > 1 OR (`c` = 1 AND (`c` > -2 OR (`c` = -2 AND `c` > 3))))"
    );
    let until = bound(&columns[..2], &key(&[b"1", b"2"]), Operator::AtMost).unwrap();
    assert_eq!(until, "`c` <= 1 AND (`c` < 1 OR (`c` = 1 AND `c` <= 2))");
    assert_eq!(
        bound(&columns[..1], &key(&[b"1"]), Operator::AtMost).unwrap(),
        "`c` <= 1"
    );
    assert!(bound(&columns, &key(&[b"1"]), Operator::Above).is_err());
}

#[test]
fn literals_follow_the_type() {
    let labels: Vec<String> = ["x", "y", "z"].map(String::from).into();
    let text = DataType::VarChar { length: Some(9) };
    for (data_type, charset, form, cell, expected) in [
        (INT, None, CellForm::Native, &b"7"[..], "`c` > 7"),
        (
            DataType::Float { bits: 32 },
            None,
            CellForm::Native,
            b"0.10000000149011612",
            "`c` > 1.0000000149011612e-1",
        ),
        (
            DataType::Float { bits: 32 },
            None,
            CellForm::Canonical,
            b"0.1",
            "`c` > 1.0000000149011612e-1",
        ),
        (
            DataType::Bit { length: 12 },
            None,
            CellForm::Native,
            b"\x01\x00",
            "`c` > 256",
        ),
        (
            text.clone(),
            Some("latin1"),
            CellForm::Native,
            b"\xe4'",
            "`c` > _latin1 x'E427'",
        ),
        (
            text,
            Some("latin1"),
            CellForm::Canonical,
            b"a",
            "`c` > _utf8mb4 x'61'",
        ),
        (
            DataType::VarBinary { length: None },
            None,
            CellForm::Native,
            b"\0",
            "`c` > x'00'",
        ),
        (
            DataType::Date,
            None,
            CellForm::Native,
            b"0000-00-00",
            "`c` > '0000-00-00'",
        ),
        (
            DataType::Enum {
                labels: labels.clone(),
            },
            None,
            CellForm::Native,
            b"1",
            "`c` IN (2, 3, 4)",
        ),
        (
            DataType::Enum {
                labels: labels.clone(),
            },
            None,
            CellForm::Canonical,
            b"z",
            "FALSE",
        ),
        (
            DataType::Enum {
                labels: labels.clone(),
            },
            None,
            CellForm::Canonical,
            b"",
            "`c` IN (1, 2, 3, 4)",
        ),
        (
            DataType::Set { labels },
            None,
            CellForm::Canonical,
            b"x,z",
            "`c` > 5",
        ),
    ] {
        let column = column(data_type, charset, form);
        assert_eq!(column.compare(Operator::Above, cell).unwrap(), expected);
    }
}

#[test]
fn hostile_keys_never_become_sql() {
    let hostile = b"1 OR TRUE) -- '";
    for data_type in [
        INT,
        DataType::Float { bits: 64 },
        DataType::Date,
        DataType::Uuid,
        DataType::Enum {
            labels: vec!["a".into()],
        },
    ] {
        for form in [CellForm::Native, CellForm::Canonical] {
            let column = column(data_type.clone(), None, form);
            assert_eq!(column.literal(hostile).unwrap_err().code(), Code::Internal);
        }
    }
    let mut odd = Column::new("c", DataType::VarChar { length: None }, "");
    odd.charset = Some("latin1' OR".into());
    assert!(KeyColumn::new(&odd, CellForm::Native).is_err());
}

fn table(types: &[DataType], kind: KeyKind) -> Table {
    let mut table = Table::new(ObjectName::new("d", "t"));
    for (index, data_type) in types.iter().enumerate() {
        let mut column = Column::new(format!("c{index}"), data_type.clone(), "");
        column.nullable = false;
        table.columns.push(column);
    }
    table.keys.push(Key {
        name: "k".into(),
        kind,
        parts: table
            .columns
            .iter()
            .map(|column| KeyPart::column(&column.name))
            .collect(),
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    });
    table
}

#[test]
fn keys_without_a_safe_order_are_not_walked() {
    let set = DataType::Set {
        labels: vec!["a".into()],
    };
    assert_eq!(
        walkable_key(&table(&[INT, set.clone()], KeyKind::Unique)),
        Some(vec![0, 1])
    );
    assert_eq!(walkable_key(&table(&[set, INT], KeyKind::Primary)), None);
    assert_eq!(walkable_key(&table(&[INT], KeyKind::Plain)), None);
    let text = DataType::Text { bytes_max: None };
    assert_eq!(walkable_key(&table(&[text], KeyKind::Unique)), None);
    let mut nullable = table(&[INT], KeyKind::Unique);
    nullable.columns[0].nullable = true;
    assert_eq!(walkable_key(&nullable), None);
    let mut hidden = table(&[INT], KeyKind::Unique);
    hidden.keys[0].visible = false;
    assert_eq!(walkable_key(&hidden), None);
    let mut mixed = table(&[INT, INT], KeyKind::Primary);
    mixed.keys[0].parts[0].descending = true;
    assert_eq!(walkable_key(&mixed), None);
    mixed.keys[0].parts[1].descending = true;
    assert_eq!(walkable_key(&mixed), Some(vec![0, 1]));
    let mut hashed = table(&[INT], KeyKind::Primary);
    hashed.keys[0].options.push("USING HASH".into());
    hashed.options.push(("ENGINE".into(), "MEMORY".into()));
    assert_eq!(walkable_key(&hashed), None);
}
