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

mod kind;

use dbferry_core::catalog::{Key, KeyKind, KeyPartOf};
use dbferry_core::{CellForm, Code, Column, DataType, Error, KeyCells, KeyRange, Table, TableRead};

use crate::dialect;
use crate::schema::table_text::SYSTEM_VERSIONING;
use kind::{Kind, kind};

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
    let mut positions = own_positions(table, key)?;
    if let Some(end) = row_end(table).filter(|end| !positions.contains(end)) {
        positions.push(end);
    }
    Some(positions)
}

/// The column that tells until when a row of a system-versioned table was current, when the
/// table shows it. MariaDB makes it the last part of every key, so it tells the old rows of one
/// key apart.
pub(crate) fn row_end(table: &Table) -> Option<usize> {
    table.option(SYSTEM_VERSIONING)?;
    table.columns.iter().position(|column| {
        let ends = column
            .attributes
            .iter()
            .any(|text| text.ends_with("ROW END"));
        ends && matches!(column.data_type, DataType::Timestamp { .. })
    })
}

fn own_positions(table: &Table, key: &Key) -> Option<Vec<usize>> {
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
mod tests;
