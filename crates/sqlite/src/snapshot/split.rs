//! Finding keys that cut a table into parts.
//!
//! A rowid is cut by arithmetic between the lowest and the highest, each cut moved to a row that
//! exists, which costs a few lookups however large the table. Other keys are walked in equal
//! steps, which costs one pass over the key's index.

use std::collections::HashSet;

use dbferry_core::{Code, Error, KeyCells, TableRead};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use super::range::{self, table_name};
use crate::codec::canonical::Encoder;
use crate::codec::{OwnedValue, unsigned};
use crate::dialect::quote;
use crate::fault::explain;

/// Keys in ascending order that cut the table into about `pieces` parts.
pub(crate) fn split(
    connection: &Connection,
    read: &TableRead,
    pieces: usize,
) -> Result<Vec<KeyCells>, Error> {
    if pieces < 2 || read.key.is_empty() {
        return Ok(Vec::new());
    }
    let cuts = match range::walks_rowid(read) {
        true => by_rowid(connection, read, pieces)?,
        false => by_steps(connection, read, pieces)?,
    };
    let mut seen = HashSet::new();
    let keys = cuts.iter().map(|cut| cells(read, cut));
    keys.filter(|key| key.as_ref().map_or(true, |key| seen.insert(key.clone())))
        .collect()
}

fn by_rowid(
    connection: &Connection,
    read: &TableRead,
    pieces: usize,
) -> Result<Vec<Vec<OwnedValue>>, Error> {
    let (table, key) = (
        table_name(&read.table),
        quote(&read.column(read.key[0]).name),
    );
    let ends = format!("SELECT (SELECT min({key}) FROM {table}), (SELECT max({key}) FROM {table})");
    let ends: (Option<i64>, Option<i64>) = connection
        .query_row(&ends, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(explain)?;
    let (Some(low), Some(high)) = ends else {
        return Ok(Vec::new());
    };
    let sql = format!("SELECT max({key}) FROM {table} WHERE {key} <= ?1 AND {key} < ?2");
    let mut at_most = connection.prepare(&sql).map_err(explain)?;
    let span = i128::from(high) - i128::from(low);
    let mut cuts = Vec::new();
    for piece in 1..pieces {
        let share = span * to_i128(piece) / to_i128(pieces);
        let wanted = i64::try_from(i128::from(low) + share).unwrap_or(high);
        let found: Option<i64> = at_most
            .query_row([wanted, high], |row| row.get(0))
            .map_err(explain)?;
        cuts.extend(found.map(|rowid| vec![OwnedValue::Integer(rowid)]));
    }
    Ok(cuts)
}

fn to_i128(number: usize) -> i128 {
    i128::try_from(number).unwrap_or(i128::MAX)
}

fn by_steps(
    connection: &Connection,
    read: &TableRead,
    pieces: usize,
) -> Result<Vec<Vec<OwnedValue>>, Error> {
    let table = table_name(&read.table);
    let count = format!("SELECT count(*) FROM {table}");
    let rows = connection
        .query_row(&count, [], |row| row.get(0))
        .map(unsigned)
        .map_err(explain)?;
    let step = rows.div_ceil(u64::try_from(pieces).unwrap_or(u64::MAX));
    if step == 0 {
        return Ok(Vec::new());
    }
    let mut cuts: Vec<Vec<OwnedValue>> = Vec::new();
    while cuts.len() + 1 < pieces {
        let Some(cut) = next_step(connection, read, cuts.last(), step)? else {
            break;
        };
        cuts.push(cut);
    }
    Ok(cuts)
}

/// The key `step` rows behind `after`.
fn next_step(
    connection: &Connection,
    read: &TableRead,
    after: Option<&Vec<OwnedValue>>,
    step: u64,
) -> Result<Option<Vec<OwnedValue>>, Error> {
    let names: Vec<String> = read
        .key
        .iter()
        .map(|&at| quote(&read.column(at).name))
        .collect();
    let mut sql = format!(
        "SELECT {} FROM {}",
        names.join(", "),
        table_name(&read.table)
    );
    let terms = range::key_terms(read).join(", ");
    if after.is_some() {
        let places: Vec<String> = (1..=names.len()).map(|at| format!("?{at}")).collect();
        sql.push_str(&format!(" WHERE ({terms}) > ({})", places.join(", ")));
    }
    sql.push_str(&format!(" ORDER BY {terms} LIMIT 1 OFFSET {}", step - 1));
    let values = after.map(Vec::as_slice).unwrap_or_default();
    connection
        .prepare_cached(&sql)
        .and_then(|mut statement| {
            statement
                .query_row(rusqlite::params_from_iter(values), |row| {
                    (0..names.len())
                        .map(|at| row.get_ref(at).map(OwnedValue::from))
                        .collect()
                })
                .optional()
        })
        .map_err(explain)
}

/// The cells of a key, as the reader would write them.
fn cells(read: &TableRead, values: &[OwnedValue]) -> Result<KeyCells, Error> {
    let cells = read.key.iter().zip(values).map(|(&at, value)| {
        let encoder = Encoder::new(read.columns[at].form, &read.column(at).data_type, true);
        let mut cell = Vec::new();
        let value = value.as_ref();
        if matches!(value, ValueRef::Null) {
            return Err(
                Error::definite(Code::DefinitionChanged, "a key column holds NULL")
                    .with_object(format!("table {}", read.table.name)),
            );
        }
        encoder.encode(value, &mut cell).map_err(|reason| {
            crate::fault::unfit(reason, &read.table.name, &read.column(at).name, "a row")
        })?;
        Ok(cell)
    });
    cells.collect::<Result<_, _>>().map(KeyCells)
}
