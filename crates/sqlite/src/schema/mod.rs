//! The catalog of a file.
//!
//! Everything is read in one read transaction: what `sqlite_schema` holds as text, and the
//! pragmas against which the reading of that text is checked. Left out are SQLite's own tables,
//! the tables of dbferry, virtual tables and the shadow tables behind them (the check names
//! those), and everything temporary or attached.

pub(crate) mod objects;
pub(crate) mod size;
pub(crate) mod tables;

use dbferry_core::catalog::Schema;
use dbferry_core::{Catalog, CatalogScope, Code, Error};
use rusqlite::Connection;

use crate::SCHEMA;
use crate::fault::explain;
use crate::{content, ledger};

/// Reads the catalog.
///
/// # Errors
/// `ObjectMissing` for a schema other than `main`, `DefinitionUnreadable`, and what SQLite says.
pub(crate) fn read(connection: &mut Connection, scope: &CatalogScope) -> Result<Catalog, Error> {
    if let Some(schemas) = &scope.schemas {
        if let Some(other) = schemas.iter().find(|schema| *schema != SCHEMA) {
            return Err(no_schema(other));
        }
        if schemas.is_empty() {
            return Ok(Catalog::default());
        }
    }
    let view = connection.transaction().map_err(explain)?;
    let mut catalog = Catalog {
        schemas: vec![schema(&view)?],
        tables: tables::read(&view)?,
        objects: objects::read(&view)?,
    };
    for table in &mut catalog.tables {
        tables::note_key_without_null(&view, table)?;
        if scope.exact_types {
            content::settle_types(&view, table)?;
        }
    }
    size::estimate(&view, &mut catalog.tables)?;
    Ok(catalog)
}

fn no_schema(name: &str) -> Error {
    Error::definite(
        Code::ObjectMissing,
        format!("there is no schema {name:?} in a SQLite file"),
    )
    .with_hint(format!("the one schema of a SQLite file is {SCHEMA:?}"))
}

fn schema(view: &Connection) -> Result<Schema, Error> {
    let encoding: String = view
        .pragma_query_value(None, "encoding", |row| row.get(0))
        .map_err(explain)?;
    Ok(Schema {
        name: SCHEMA.to_owned(),
        charset: Some(encoding),
        ..Schema::default()
    })
}

/// Whether a table is SQLite's or dbferry's own.
pub(crate) fn is_internal(name: &str) -> bool {
    let begins = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    begins("sqlite_") || begins(ledger::PREFIX)
}
