//! The statements that read a table, whole or by key range.

use dbferry_core::catalog::{Key, KeyKind, KeyPartOf};
use dbferry_core::{Chunk, Code, Error, KeyCells, Table, TableRead};

use crate::codec::{OwnedValue as Value, bind, signed};
use crate::dialect::structure::{
    KEY_WITHOUT_NULL, NO_WALK, WITHOUT_ROWID, column_index, column_names, rowid_column,
};
use crate::dialect::{quote, same_name};
use crate::filter;
use crate::schema::tables::COLLATIONS;

/// A statement with the values of its parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// The statement.
    pub(crate) sql: String,
    /// The values, in the order of the parameters.
    pub(crate) values: Vec<Value>,
}

/// The statement that reads a chunk: the columns of `read`, then [`identity`].
///
/// # Errors
/// `RuleNotApplicable` for a filter that does not fit, `Internal` for a key that does not.
pub(crate) fn chunk(read: &TableRead, chunk: &Chunk) -> Result<Query, Error> {
    let mut values = Vec::new();
    let mut conditions = range(read, chunk, &mut values)?;
    if let Some(filter) = &read.filter {
        conditions.extend(filter::conditions(&read.table, filter, &mut values)?);
    }
    let columns = read
        .columns
        .iter()
        .map(|column| quote(&read.table.columns[column.column].name));
    let columns: Vec<String> = columns.chain(identity(&read.table)).collect();
    let mut sql = format!(
        "SELECT {} FROM {}",
        columns.join(", "),
        table_name(&read.table)
    );
    if !conditions.is_empty() {
        sql.push_str(" WHERE ");
        sql.push_str(&conditions.join(" AND "));
    }
    let key = key_terms(read);
    if !key.is_empty() {
        sql.push_str(" ORDER BY ");
        sql.push_str(&key.join(", "));
    }
    if let Some(rows_max) = chunk.rows_max {
        sql.push_str(&format!(" LIMIT {}", signed(rows_max)));
    }
    Ok(Query { sql, values })
}

/// The quoted name of a table in its schema.
pub(crate) fn table_name(table: &Table) -> String {
    format!("main.{}", quote(&table.name.name))
}

fn range(read: &TableRead, chunk: &Chunk, values: &mut Vec<Value>) -> Result<Vec<String>, Error> {
    let mut conditions = Vec::new();
    for (key, comparison) in [(&chunk.range.after, ">"), (&chunk.range.until, "<=")] {
        if let Some(key) = key {
            conditions.push(compare(read, key, comparison, values)?);
        }
    }
    Ok(conditions)
}

/// A comparison of the key with a key, as row values, for which SQLite uses the key's index.
pub(crate) fn compare(
    read: &TableRead,
    key: &KeyCells,
    comparison: &str,
    values: &mut Vec<Value>,
) -> Result<String, Error> {
    let mut places = Vec::new();
    for value in key_values(read, key)? {
        values.push(value);
        places.push(format!("?{}", values.len()));
    }
    let terms = key_terms(read).join(", ");
    Ok(match places.as_slice() {
        [place] => format!("{terms} {comparison} {place}"),
        _ => format!("({terms}) {comparison} ({})", places.join(", ")),
    })
}

fn key_values(read: &TableRead, key: &KeyCells) -> Result<Vec<Value>, Error> {
    let misfit = || {
        Error::definite(
            Code::Internal,
            "a key does not fit the table that it belongs to",
        )
        .with_object(format!("table {}", read.table.name))
    };
    if key.0.len() != read.key.len() || key.0.is_empty() {
        return Err(misfit());
    }
    let cells = read.key.iter().zip(&key.0);
    cells
        .map(|(&position, cell)| {
            let form = read.columns[position].form;
            let value = bind::key_value(form, &read.column(position).data_type, cell);
            value.map(Value::from).map_err(|_| misfit())
        })
        .collect()
}

/// The key's columns as terms to compare and order by, each with the collation of the key.
pub(crate) fn key_terms(read: &TableRead) -> Vec<String> {
    let positions: Vec<usize> = read
        .key
        .iter()
        .map(|&position| read.columns[position].column)
        .collect();
    let collations = key_of(&read.table, &positions)
        .map(collations)
        .unwrap_or_default();
    positions
        .iter()
        .enumerate()
        .map(|(at, &position)| {
            let name = quote(&read.table.columns[position].name);
            match collations.get(at) {
                Some(Some(collation)) => format!("{name} COLLATE {}", quote(collation)),
                _ => name,
            }
        })
        .collect()
}

fn collations(key: &Key) -> Vec<Option<String>> {
    key.parts
        .iter()
        .map(|part| part.collation.clone())
        .collect()
}

/// The primary or unique key of exactly these columns, in this order.
fn key_of<'a>(table: &'a Table, positions: &[usize]) -> Option<&'a Key> {
    table
        .keys
        .iter()
        .find(|key| walkable_columns(table, key).is_some_and(|columns| columns == positions))
}

/// The positions of a key by which the table can be walked.
pub(crate) fn walkable_key(table: &Table) -> Option<Vec<usize>> {
    if table.option(NO_WALK).is_some() {
        return None;
    }
    table
        .primary_key()
        .into_iter()
        .chain(table.keys.iter().filter(|key| key.kind == KeyKind::Unique))
        .find_map(|key| walkable_columns(table, key))
}

/// The columns of a key that orders every row of the table: whole columns of known collations,
/// all in one direction, without NULL, without condition.
fn walkable_columns(table: &Table, key: &Key) -> Option<Vec<usize>> {
    let no_null = key.kind == KeyKind::Primary && table.option(KEY_WITHOUT_NULL).is_some();
    let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
    let first = key.parts.first()?;
    if !unique || key.condition.is_some() {
        return None;
    }
    key.parts
        .iter()
        .map(|part| {
            let KeyPartOf::Column(name) = &part.of else {
                return None;
            };
            let index = column_index(table, name)?;
            let column = &table.columns[index];
            let collation = part.collation.as_deref().or(column.collation.as_deref());
            let known =
                collation.is_none_or(|name| COLLATIONS.iter().any(|known| same_name(known, name)));
            let usable = known
                && (no_null || !column.nullable)
                && part.descending == first.descending
                && part.prefix.is_none();
            usable.then_some(index)
        })
        .collect()
}

/// The columns that tell a person which row it is: the rowid, else the primary key.
pub(crate) fn identity(table: &Table) -> Vec<String> {
    if table.option(WITHOUT_ROWID).is_none() {
        return rowid_name(table).into_iter().map(str::to_owned).collect();
    }
    let key = table.primary_key().map(column_names).unwrap_or_default();
    key.iter().map(|name| quote(name)).collect()
}

/// A name of the rowid that no column has taken.
pub(crate) fn rowid_name(table: &Table) -> Option<&'static str> {
    if table.option(WITHOUT_ROWID).is_some() {
        return None;
    }
    let taken = |name: &str| column_index(table, name).is_some();
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| !taken(name))
}

/// The rowid column's position among the columns that are read, if it alone is the key.
pub(crate) fn walks_rowid(read: &TableRead) -> bool {
    let key: Vec<usize> = read.key.iter().map(|&at| read.columns[at].column).collect();
    rowid_column(&read.table).is_some_and(|rowid| key == [rowid])
}
