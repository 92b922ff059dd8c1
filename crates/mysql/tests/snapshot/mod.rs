//! Reading against real servers: chunks, ranges, cuts, filters.

#![cfg(test)]

mod chunks;
mod ranges;
mod splits;

use std::sync::Arc;

use dbferry_core::{CellForm, Chunk, Error, Fetched, RowBatch, TableRead, TableReader as _};
use dbferry_mysql::sessions::Sessions;
use dbferry_mysql::snapshot::reader::Reader;
use dbferry_mysql::wire::Connection;

use crate::support::{MARIADB_A, MYSQL_A};
use crate::values::copy::{Path, describe, fresh_database, read_of, run, sessions_by};

const SOURCES: [&str; 2] = [MARIADB_A, MYSQL_A];

/// A source table of one test.
struct Fixture {
    sessions: Sessions,
    connection: Connection,
    database: String,
}

impl Fixture {
    /// Runs the statements in a database of this name.
    async fn new(server: &str, name: &str, statements: &[&str]) -> Self {
        let sessions = sessions_by(server, Path::LoadData).await;
        let database = format!("dbferry_s_{name}");
        let mut connection = fresh_database(&sessions, &database).await;
        for statement in statements {
            run(&mut connection, statement).await;
        }
        Self {
            sessions,
            connection,
            database,
        }
    }

    /// Every column of `t`.
    async fn read(&self, form: CellForm) -> TableRead {
        read_of(&describe(&self.sessions, &self.database, "t").await, form)
    }

    async fn reader(&self) -> Reader {
        Reader::connect(&self.sessions).await.unwrap()
    }

    async fn drop(mut self) {
        run(
            &mut self.connection,
            &format!("DROP DATABASE {}", self.database),
        )
        .await;
    }
}

/// The numbers from 0 to `last`, as a table in a `FROM` clause with the column `n`.
fn numbers(last: u32) -> String {
    let digits = "(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 \
        UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
    format!(
        "(SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n FROM {digits} a, \
         {digits} b, {digits} c, {digits} e, {digits} f HAVING n <= {last}) AS numbers"
    )
}

/// Reads a chunk to its end and shows its rows.
async fn rows_of(
    reader: &mut Reader,
    read: &Arc<TableRead>,
    chunk: &Chunk,
) -> Result<Vec<String>, Error> {
    reader.open(read, chunk).await?;
    let mut batch = RowBatch::new(read.columns.len());
    while reader.fetch(&mut batch, usize::MAX).await? == Fetched::More {}
    Ok((0..batch.rows())
        .map(|row| {
            let cells = batch.row(row).map(|cell| match cell {
                Some(cell) => String::from_utf8_lossy(cell).into_owned(),
                None => "NULL".to_owned(),
            });
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect())
}
