//! The sample shop in a SQLite file.

use std::path::Path;

use dbferry_core::{Code, Error};
use rusqlite::Connection;

use super::shop::{self, SQLITE_OBJECTS, SQLITE_TABLES};

/// Makes the shop in a new file; returns its rows.
pub(super) fn make(path: &Path) -> Result<u64, Error> {
    make_in(path).map_err(|error| {
        Error::definite(Code::ServerError, "the sample shop cannot be made")
            .with_object(path.display())
            .with_source(error)
    })
}

fn make_in(path: &Path) -> rusqlite::Result<u64> {
    let connection = Connection::open(path)?;
    // The file is made anew each time, so a crash may leave it unusable.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN")?;
    run_all(&connection, SQLITE_TABLES)?;
    let mut rows = 0;
    for insert in shop::inserts() {
        connection.execute_batch(&insert.sql)?;
        rows += insert.rows;
    }
    run_all(&connection, SQLITE_OBJECTS)?;
    connection.execute_batch("COMMIT")?;
    Ok(rows)
}

fn run_all(connection: &Connection, script: &str) -> rusqlite::Result<()> {
    shop::statements(script).try_for_each(|statement| connection.execute_batch(statement))
}
