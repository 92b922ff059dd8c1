//! How large tables are, roughly.
//!
//! The `dbstat` table tells pages and rows exactly, but reads a part of every page: right for
//! small files only. For larger ones the span of rowids stands for the rows, and the file's size
//! is shared out by it. Estimates are for progress and order alone.

use std::collections::HashMap;

use dbferry_core::{Error, Table};
use rusqlite::Connection;

use crate::codec::unsigned;
use crate::dialect::{quote, structure};
use crate::fault::explain;

/// Up to this size a file is measured rather than estimated: about 50 ms of work.
const MEASURED_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Fills in the sizes.
pub(crate) fn estimate(view: &Connection, tables: &mut [Table]) -> Result<(), Error> {
    let number = |pragma| {
        view.pragma_query_value(None, pragma, |row| row.get(0))
            .map(unsigned)
            .map_err(explain)
    };
    let bytes = number("page_count")? * number("page_size")?;
    if bytes <= MEASURED_BYTES_MAX {
        return measure(view, tables);
    }
    for table in &mut *tables {
        table.size.rows = rows_of(view, table)?;
    }
    let rows: u64 = tables.iter().map(|table| table.size.rows).sum();
    for table in tables {
        let share = u128::from(bytes) * u128::from(table.size.rows) / u128::from(rows.max(1));
        table.size.data_bytes = u64::try_from(share).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Counts pages and cells. Cells of inner pages are counted as rows, one in a hundred or so.
fn measure(view: &Connection, tables: &mut [Table]) -> Result<(), Error> {
    const SIZES: &str = "SELECT schema.tbl_name, schema.type, sum(stat.pgsize), sum(stat.ncell) \
                         FROM dbstat AS stat JOIN main.sqlite_schema AS schema \
                         ON schema.name = stat.name \
                         WHERE stat.aggregate = TRUE GROUP BY 1, 2";
    let mut statement = view.prepare(SIZES).map_err(explain)?;
    let rows = statement
        .query_map([], |row| {
            Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))
        })
        .map_err(explain)?;
    let sizes: HashMap<(String, String), (i64, i64)> =
        rows.collect::<Result<_, _>>().map_err(explain)?;
    for table in tables {
        let of = |kind: &str| {
            let found = sizes.get(&(table.name.name.clone(), kind.to_owned()));
            found.copied().unwrap_or((0, 0))
        };
        let ((data, rows), (indexes, _)) = (of("table"), of("index"));
        table.size.rows = unsigned(rows);
        table.size.data_bytes = unsigned(data);
        table.size.index_bytes = unsigned(indexes);
    }
    Ok(())
}

/// The span of rowids; a count where there are none.
fn rows_of(view: &Connection, table: &Table) -> Result<u64, Error> {
    let name = quote(&table.name.name);
    let rowid = crate::snapshot::range::rowid_name(table);
    let sql = match rowid {
        Some(rowid) if table.option(structure::WITHOUT_ROWID).is_none() => format!(
            "SELECT coalesce((SELECT max({rowid}) FROM main.{name}) \
             - (SELECT min({rowid}) FROM main.{name}) + 1, 0)"
        ),
        _ => format!("SELECT count(*) FROM main.{name}"),
    };
    // A span beyond 64 bits becomes a float.
    let rows: f64 = view
        .query_row(&sql, [], |row| row.get(0))
        .map_err(explain)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, and the cast saturates"
    )]
    Ok(rows as u64)
}
