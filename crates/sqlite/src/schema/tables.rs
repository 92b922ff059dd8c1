//! Tables and their indexes.

use std::collections::HashMap;

use dbferry_core::{Code, Error, Table, TableName};
use rusqlite::Connection;

use super::is_internal;
use crate::SCHEMA;
use crate::dialect::structure::{self, KEY_WITHOUT_NULL, column_index, column_names, rowid_column};
use crate::dialect::{definition, quote, same_name};
use crate::fault::explain;

/// A row of `sqlite_schema`.
struct Stored {
    name: String,
    table: String,
    sql: String,
}

/// Reads every ordinary table with its indexes, in name order.
pub(crate) fn read(view: &Connection) -> Result<Vec<Table>, Error> {
    let kinds = kinds(view)?;
    let sequences = sequences(view)?;
    let mut tables = Vec::new();
    for stored in stored(view, "table")? {
        let ordinary = kinds.get(&stored.name).is_some_and(|kind| kind == "table");
        if ordinary && !is_internal(&stored.name) {
            let mut table = describe(view, &stored)
                .map_err(|error| error.with_object(table_object(&stored.name)))?;
            table.auto_increment = sequences.get(&stored.name).copied();
            tables.push(table);
        }
    }
    add_indexes(view, &mut tables)?;
    spell_references(&mut tables);
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tables)
}

/// Reads one table with its indexes, whatever the case of its name.
///
/// # Errors
/// `ObjectMissing`, and what SQLite says.
pub(crate) fn read_one(view: &Connection, name: &TableName) -> Result<Table, Error> {
    let missing = || {
        Error::definite(Code::ObjectMissing, "the table does not exist")
            .with_object(format!("table {name}"))
    };
    let stored = stored_of(view, "table", "name", &name.name)?;
    let stored = stored.into_iter().next().ok_or_else(missing)?;
    let mut tables = vec![describe(view, &stored)?];
    for index in stored_of(view, "index", "tbl_name", &name.name)? {
        add_index(&mut tables[0], &index)?;
    }
    tables.pop().ok_or_else(missing)
}

fn table_object(name: &str) -> String {
    format!("table {}", TableName::new(SCHEMA, name))
}

/// The tables' names with what SQLite says they are.
pub(crate) fn kinds(view: &Connection) -> Result<HashMap<String, String>, Error> {
    const KINDS: &str = "SELECT name, type FROM pragma_table_list WHERE schema = 'main'";
    let mut statement = view.prepare(KINDS).map_err(explain)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(explain)?;
    rows.collect::<Result<_, _>>().map_err(explain)
}

fn stored(view: &Connection, kind: &str) -> Result<Vec<Stored>, Error> {
    const STORED: &str = "SELECT name, tbl_name, sql FROM main.sqlite_schema \
                          WHERE type = ?1 AND sql IS NOT NULL ORDER BY rowid";
    collect(view, STORED, &[kind])
}

fn stored_of(view: &Connection, kind: &str, by: &str, name: &str) -> Result<Vec<Stored>, Error> {
    let sql = format!(
        "SELECT name, tbl_name, sql FROM main.sqlite_schema \
         WHERE type = ?1 AND sql IS NOT NULL AND {by} = ?2 COLLATE NOCASE ORDER BY rowid"
    );
    collect(view, &sql, &[kind, name])
}

fn collect(view: &Connection, sql: &str, parameters: &[&str]) -> Result<Vec<Stored>, Error> {
    let mut statement = view.prepare_cached(sql).map_err(explain)?;
    let rows = statement
        .query_map(rusqlite::params_from_iter(parameters), |row| {
            Ok(Stored {
                name: row.get(0)?,
                table: row.get(1)?,
                sql: row.get(2)?,
            })
        })
        .map_err(explain)?;
    rows.collect::<Result<_, _>>().map_err(explain)
}

/// Reads a table's statement and proves the reading against SQLite's own.
fn describe(view: &Connection, stored: &Stored) -> Result<Table, Error> {
    let definition = definition::table(&stored.sql)?;
    let mut table = structure::table(&definition, &stored.sql);
    table.name = TableName::new(SCHEMA, &stored.name);
    let agrees = columns_of(view, &stored.name)?
        == table
            .columns
            .iter()
            .map(|column| (column.name.clone(), generated_kind(column)))
            .collect::<Vec<_>>()
        && primary_key_of(view, &stored.name)? == primary_key(&table);
    match agrees {
        true => Ok(table),
        false => Err(Error::definite(
            Code::DefinitionUnreadable,
            "the definition means something else to SQLite than was read from it",
        )),
    }
}

/// What `table_xinfo` calls hidden: 2 for virtual, 3 for stored columns.
fn generated_kind(column: &dbferry_core::Column) -> u8 {
    match &column.generated {
        Some(generated) if generated.stored => 3,
        Some(_) => 2,
        None => 0,
    }
}

fn columns_of(view: &Connection, table: &str) -> Result<Vec<(String, u8)>, Error> {
    const COLUMNS: &str = "SELECT name, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
    let mut statement = view.prepare_cached(COLUMNS).map_err(explain)?;
    let rows = statement
        .query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(explain)?;
    rows.collect::<Result<_, _>>().map_err(explain)
}

fn primary_key_of(view: &Connection, table: &str) -> Result<Vec<String>, Error> {
    const KEY: &str = "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE pk > 0 ORDER BY pk";
    let mut statement = view.prepare_cached(KEY).map_err(explain)?;
    let rows = statement
        .query_map([table], |row| row.get(0))
        .map_err(explain)?;
    rows.collect::<Result<_, _>>().map_err(explain)
}

fn primary_key(table: &Table) -> Vec<String> {
    table.primary_key().map(column_names).unwrap_or_default()
}

fn add_indexes(view: &Connection, tables: &mut [Table]) -> Result<(), Error> {
    let places: HashMap<String, usize> = tables
        .iter()
        .enumerate()
        .map(|(place, table)| (table.name.name.to_ascii_lowercase(), place))
        .collect();
    for index in stored(view, "index")? {
        if let Some(&place) = places.get(&index.table.to_ascii_lowercase()) {
            add_index(&mut tables[place], &index)?;
        }
    }
    Ok(())
}

/// Spells what foreign keys refer to as the tables themselves do.
fn spell_references(tables: &mut [Table]) {
    let spelling: HashMap<String, Table> = tables
        .iter()
        .map(|table| (table.name.name.to_ascii_lowercase(), table.clone()))
        .collect();
    for key in tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
        let Some(table) = spelling.get(&key.referenced.name.to_ascii_lowercase()) else {
            continue;
        };
        key.referenced.name.clone_from(&table.name.name);
        for column in &mut key.referenced_columns {
            *column = structure::spelled(table, column);
        }
    }
}

fn add_index(table: &mut Table, stored: &Stored) -> Result<(), Error> {
    let definition = definition::index(&stored.sql)
        .map_err(|error| error.with_object(format!("index {}", stored.name.escape_debug())))?;
    let key = structure::index_key(table, &definition, &stored.sql);
    table.keys.push(key);
    Ok(())
}

/// The next numbers of the tables whose keys say `AUTOINCREMENT`.
fn sequences(view: &Connection) -> Result<HashMap<String, u64>, Error> {
    if !exists(view, "sqlite_sequence")? {
        return Ok(HashMap::new());
    }
    let mut statement = view
        .prepare("SELECT name, seq FROM main.sqlite_sequence WHERE typeof(seq) = 'integer'")
        .map_err(explain)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))
        .map_err(explain)?;
    let mut next = HashMap::new();
    for row in rows {
        let (name, used): (String, i64) = row.map_err(explain)?;
        next.insert(name, u64::try_from(used).unwrap_or(0) + 1);
    }
    Ok(next)
}

/// Whether a table or view of this name exists, whatever the case.
pub(crate) fn exists(view: &Connection, name: &str) -> Result<bool, Error> {
    view.prepare_cached(
        "SELECT 1 FROM main.sqlite_schema \
         WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
    )
    .and_then(|mut statement| statement.exists([name]))
    .map_err(explain)
}

/// Notes on a table whose primary key could hold NULL that it does not, so that it may be walked
/// all the same. The key's own index makes the question cheap.
pub(crate) fn note_key_without_null(view: &Connection, table: &mut Table) -> Result<(), Error> {
    let Some(key) = table
        .primary_key()
        .filter(|_| rowid_column(table).is_none())
    else {
        return Ok(());
    };
    let nullable: Vec<String> = column_names(key)
        .into_iter()
        .filter(|name| column_index(table, name).is_some_and(|at| table.columns[at].nullable))
        .collect();
    if nullable.is_empty() || has_unknown_collation(table) {
        return Ok(());
    }
    for name in nullable {
        let sql = format!(
            "SELECT 1 FROM main.{} WHERE {} IS NULL",
            quote(&table.name.name),
            quote(&name)
        );
        if view
            .prepare(&sql)
            .and_then(|mut found| found.exists([]))
            .map_err(explain)?
        {
            return Ok(());
        }
    }
    table
        .options
        .push((KEY_WITHOUT_NULL.to_owned(), String::new()));
    Ok(())
}

/// The collations that every SQLite has; others belong to the program that wrote the file.
pub(crate) const COLLATIONS: [&str; 3] = ["BINARY", "NOCASE", "RTRIM"];

/// Whether a column or key needs a collation that is not here.
pub(crate) fn has_unknown_collation(table: &Table) -> bool {
    unknown_collations(table).next().is_some()
}

/// The collations of a table that are not here.
pub(crate) fn unknown_collations(table: &Table) -> impl Iterator<Item = &str> {
    let of_columns = table
        .columns
        .iter()
        .filter_map(|column| column.collation.as_deref());
    let of_keys = table
        .keys
        .iter()
        .flat_map(|key| &key.parts)
        .filter_map(|part| part.collation.as_deref());
    of_columns
        .chain(of_keys)
        .filter(|name| !COLLATIONS.iter().any(|known| same_name(known, name)))
}
