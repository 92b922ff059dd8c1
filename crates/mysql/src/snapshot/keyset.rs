//! Conditions on keys: above one, up to another, in the server's own order.
//!
//! For a key (a, b) the rows above (x, y) are
//!
//! ```sql
//! a >= x AND (a > x OR (a = x AND b > y))
//! ```
//!
//! The first term looks redundant, but it is what gives the range scan its start: MariaDB and
//! MySQL derive one interval of the index from it. A row comparison, `(a, b) > (x, y)`, would not
//! use the index.
//!
//! # Literals
//!
//! | type | literal |
//! |---|---|
//! | integers, decimals | as they are |
//! | floats | with an exponent, so that the comparison is one of doubles; a canonical 32-bit float is widened first |
//! | BIT | as a number |
//! | ENUM | as an index. An index scan does not come from `<` and `>`, but from `IN` with the indexes that follow, so that is what is written |
//! | SET | as a bit mask |
//! | character data | introducer and hexadecimal bytes, compared by the column's collation |
//! | binary data | hexadecimal bytes |
//! | dates, times, UUID, INET | between quotes |
//!
//! A table cannot be walked by a key whose first column is a SET, because only equality finds
//! ranges of it; by one whose columns ascend and descend, because no range of its index is in
//! ascending order; or by columns of types that are no plain keys.

use dbferry_core::catalog::{Key, KeyKind, KeyPartOf};
use dbferry_core::{CellForm, Code, Column, DataType, Error, KeyCells, KeyRange, Table, TableRead};

use crate::codec::charset;
use crate::codec::literal::{push_hex, push_quoted};
use crate::codec::number::parse_f64;
use crate::codec::recode::bits_as_u64;
use crate::dialect;

/// The most labels of an ENUM that is walked: each is a number in a list of the condition.
const ENUM_LABELS_MAX: usize = 255;

/// The positions of the columns of a key that the table can be walked by: the primary key, else
/// the first unique key that serves.
pub fn walkable_key(table: &Table) -> Option<Vec<usize>> {
    index_of(table).and_then(|key| positions(table, key))
}

/// The name of the index behind [`walkable_key`].
pub(crate) fn walkable_index(table: &Table) -> Option<&str> {
    index_of(table).map(|key| match key.kind {
        KeyKind::Primary => "PRIMARY",
        _ => key.name.as_str(),
    })
}

fn index_of(table: &Table) -> Option<&Key> {
    let primary = table.keys.iter().filter(|key| key.kind == KeyKind::Primary);
    let unique = table
        .keys
        .iter()
        .filter(|key| key.kind == KeyKind::Unique && key.visible);
    primary.chain(unique).find(|key| {
        let hashed = key
            .options
            .iter()
            .any(|option| option.eq_ignore_ascii_case("USING HASH"));
        let one_direction = key
            .parts
            .windows(2)
            .all(|pair| pair[0].descending == pair[1].descending);
        let in_order = one_direction && (!hashed || has_engine(table, "InnoDB"));
        in_order && positions(table, key).is_some_and(|key| is_walkable(table, &key))
    })
}

/// InnoDB takes `USING HASH` and builds a tree.
fn has_engine(table: &Table, engine: &str) -> bool {
    table
        .option("ENGINE")
        .is_some_and(|name| name.eq_ignore_ascii_case(engine))
}

fn positions(table: &Table, key: &Key) -> Option<Vec<usize>> {
    key.parts
        .iter()
        .map(|part| match (&part.of, part.prefix) {
            (KeyPartOf::Column(name), None) => table
                .column_index(name)
                .filter(|&index| !table.columns[index].nullable),
            _ => None,
        })
        .collect()
}

fn is_walkable(table: &Table, key: &[usize]) -> bool {
    key.iter().enumerate().all(|(place, &index)| {
        let data_type = &table.columns[index].data_type;
        match data_type {
            DataType::Set { .. } => place > 0,
            DataType::Enum { labels } => {
                labels.len() <= ENUM_LABELS_MAX && !labels.iter().any(String::is_empty)
            }
            DataType::Vector { .. } | DataType::Other { .. } | DataType::Boolean => false,
            _ => !data_type.is_lob(),
        }
    })
}

/// A column of a key, as conditions name it.
#[derive(Debug)]
pub(crate) struct KeyColumn {
    /// Its quoted name.
    pub(crate) name: String,
    kind: Kind,
}

/// How a value is written.
#[derive(Debug)]
enum Kind {
    Number,
    Float32Text,
    Double,
    Bit,
    /// An index, of so many labels.
    EnumIndex(usize),
    EnumLabel(Vec<String>),
    SetMask,
    SetLabels(Vec<String>),
    /// Bytes of a charset, with its introducer.
    Text(String),
    Bytes,
    Quoted,
}

impl KeyColumn {
    /// # Errors
    /// `Internal` for a column that [`walkable_key`] never names.
    pub(crate) fn new(column: &Column, form: CellForm) -> Result<Self, Error> {
        let name = dialect::identifier(&column.name);
        match kind(column, form) {
            Some(kind) => Ok(Self { name, kind }),
            None => Err(
                Error::definite(Code::Internal, "the table cannot be walked by this key")
                    .with_object(&column.name),
            ),
        }
    }

    fn literal(&self, cell: &[u8]) -> Result<String, Error> {
        self.kind.literal(cell).ok_or_else(|| {
            Error::definite(Code::Internal, "a key value is not of its column's type")
                .with_object(&self.name)
        })
    }

    fn compare(&self, operator: Operator, cell: &[u8]) -> Result<String, Error> {
        let (name, literal) = (&self.name, self.literal(cell)?);
        Ok(match self.kind.labels() {
            Some(count) => one_of(name, operator, literal.parse().unwrap_or(usize::MAX), count),
            None => format!("{name} {} {literal}", operator.as_sql()),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Below,
    AtMost,
    Equal,
    AtLeast,
    Above,
}

impl Operator {
    fn as_sql(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }
}

/// The indexes of an ENUM that compare so, as a list; 0 is the error value.
fn one_of(name: &str, operator: Operator, index: usize, count: usize) -> String {
    let indexes = match operator {
        Operator::Below => 0..index.min(count + 1),
        Operator::AtMost => 0..index.saturating_add(1).min(count + 1),
        Operator::Equal => index..index.saturating_add(1),
        Operator::AtLeast => index..count + 1,
        Operator::Above => index.saturating_add(1)..count + 1,
    };
    if indexes.is_empty() {
        return "FALSE".to_owned();
    }
    // One more index, which no row has: MariaDB takes a list of one for an equality, loses sight
    // of the order that the index gives, and sorts.
    let list: Vec<String> = indexes
        .chain([count + 1])
        .map(|index| index.to_string())
        .collect();
    format!("{name} IN ({})", list.join(", "))
}

fn kind(column: &Column, form: CellForm) -> Option<Kind> {
    let native = form == CellForm::Native;
    Some(match &column.data_type {
        DataType::Integer { .. } | DataType::Decimal { .. } | DataType::Year => Kind::Number,
        DataType::Float { bits: 32 } if !native => Kind::Float32Text,
        DataType::Float { .. } => Kind::Double,
        DataType::Bit { .. } => Kind::Bit,
        DataType::Enum { labels } if native => Kind::EnumIndex(labels.len()),
        DataType::Enum { labels } => Kind::EnumLabel(labels.clone()),
        DataType::Set { .. } if native => Kind::SetMask,
        DataType::Set { labels } => Kind::SetLabels(labels.clone()),
        DataType::Char { .. } | DataType::VarChar { .. } => {
            let charset = column
                .charset
                .as_deref()
                .filter(|_| native)
                .unwrap_or("utf8mb4");
            Kind::Text(charset::introducer(charset)?)
        }
        DataType::Binary { .. } | DataType::VarBinary { .. } => Kind::Bytes,
        DataType::Date
        | DataType::Time { .. }
        | DataType::DateTime { .. }
        | DataType::Timestamp { .. }
        | DataType::Uuid
        | DataType::Inet { .. } => Kind::Quoted,
        _ => return None,
    })
}

impl Kind {
    /// The number of labels of an ENUM.
    fn labels(&self) -> Option<usize> {
        match self {
            Self::EnumIndex(count) => Some(*count),
            Self::EnumLabel(labels) => Some(labels.len()),
            _ => None,
        }
    }

    fn literal(&self, cell: &[u8]) -> Option<String> {
        match self {
            Self::Number | Self::EnumIndex(_) | Self::SetMask => plain_number(cell),
            Self::Float32Text => {
                let value: f32 = std::str::from_utf8(cell).ok()?.parse().ok()?;
                double(f64::from(value))
            }
            Self::Double => double(parse_f64(cell)?),
            Self::Bit => bits_as_u64(cell).map(|value| value.to_string()),
            Self::EnumLabel(labels) => enum_index(cell, labels),
            Self::SetLabels(labels) => set_mask(cell, labels),
            Self::Text(introducer) => Some(with_hex(format!("{introducer} "), cell)),
            Self::Bytes => Some(with_hex(String::new(), cell)),
            Self::Quoted => quoted(cell),
        }
    }
}

fn plain_number(cell: &[u8]) -> Option<String> {
    let is_number = cell
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.'));
    let text = std::str::from_utf8(cell).ok()?;
    (is_number && cell.iter().any(u8::is_ascii_digit)).then(|| text.to_owned())
}

fn double(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{value:e}"))
}

fn enum_index(cell: &[u8], labels: &[String]) -> Option<String> {
    if cell.is_empty() {
        return Some("0".to_owned());
    }
    let index = labels.iter().position(|label| label.as_bytes() == cell)?;
    Some((index + 1).to_string())
}

fn set_mask(cell: &[u8], labels: &[String]) -> Option<String> {
    let mut mask = 0_u64;
    for label in cell
        .split(|&byte| byte == b',')
        .filter(|label| !label.is_empty())
    {
        let bit = labels.iter().position(|known| known.as_bytes() == label)?;
        mask |= 1_u64.checked_shl(u32::try_from(bit).ok()?)?;
    }
    Some(mask.to_string())
}

fn with_hex(mut literal: String, cell: &[u8]) -> String {
    push_hex(&mut literal, cell);
    literal
}

fn quoted(cell: &[u8]) -> Option<String> {
    let is_value =
        |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':' | b'.' | b' ');
    if !cell.iter().all(is_value) {
        return None;
    }
    let mut literal = String::new();
    push_quoted(&mut literal, cell);
    Some(literal)
}

/// The columns of the key that chunks are cut by, ready for conditions.
pub(crate) fn key_columns(read: &TableRead) -> Result<Vec<KeyColumn>, Error> {
    read.key
        .iter()
        .map(|&index| KeyColumn::new(read.column(index), read.columns[index].form))
        .collect()
}

/// The conditions of a range, one per bound that it has.
pub(crate) fn conditions(columns: &[KeyColumn], range: &KeyRange) -> Result<Vec<String>, Error> {
    let mut conditions = Vec::new();
    if let Some(after) = &range.after {
        conditions.push(bound(columns, after, Operator::Above)?);
    }
    if let Some(until) = &range.until {
        conditions.push(bound(columns, until, Operator::AtMost)?);
    }
    Ok(conditions)
}

/// Above a key, or up to and including it.
fn bound(columns: &[KeyColumn], key: &KeyCells, last: Operator) -> Result<String, Error> {
    if columns.len() != key.0.len() || columns.is_empty() {
        return Err(Error::definite(
            Code::Internal,
            "a key has the wrong number of columns",
        ));
    }
    let (strict, first) = match last {
        Operator::Above => (Operator::Above, Operator::AtLeast),
        _ => (Operator::Below, Operator::AtMost),
    };
    let mut pairs = columns.iter().zip(&key.0).rev();
    let mut condition = match pairs.next() {
        Some((column, cell)) => column.compare(last, cell)?,
        None => return Ok("TRUE".to_owned()),
    };
    for (column, cell) in pairs {
        let beyond = column.compare(strict, cell)?;
        let equal = column.compare(Operator::Equal, cell)?;
        condition = format!("({beyond} OR ({equal} AND {condition}))");
    }
    if columns.len() > 1 {
        condition = format!("{} AND {condition}", columns[0].compare(first, &key.0[0])?);
    }
    Ok(condition)
}

#[cfg(test)]
mod tests {
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
}
