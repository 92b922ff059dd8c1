//! Loading against real servers: what is refused and by which name, transactions, records.

#![cfg(test)]

mod fresh;
mod ledger;
mod limits;
mod refusals;
mod transactions;

use std::sync::Arc;

use dbferry_core::{
    CellForm, ColumnLoad, DataType, Error, Loader as _, RowBatch, SegmentRecord, Table, TableLoad,
};
use dbferry_mysql::load::loader::Loader;
use dbferry_mysql::sessions::Sessions;
use dbferry_mysql::wire::Connection;

use crate::support::{MARIADB_B, MYSQL_B};
use crate::values::copy::{
    Path, describe, forget, fresh_database, fresh_record, run, sessions_by, task,
};

const TARGETS: [&str; 2] = [MARIADB_B, MYSQL_B];
const PATHS: [Path; 2] = [Path::LoadData, Path::Insert];

/// A target table of one test, and a loader for it.
struct Fixture {
    sessions: Sessions,
    connection: Connection,
    loader: Loader,
    table: Table,
    record: SegmentRecord,
}

impl Fixture {
    /// Creates the table `t (columns)` in a database of this name.
    async fn new(server: &str, path: Path, name: &str, columns: &str) -> Self {
        Self::with(sessions_by(server, path).await, name, columns).await
    }

    async fn with(sessions: Sessions, name: &str, columns: &str) -> Self {
        let database = format!("dbferry_l_{name}");
        let mut connection = fresh_database(&sessions, &database).await;
        run(&mut connection, &format!("CREATE TABLE t ({columns})")).await;
        let table = describe(&sessions, &database, "t").await;
        let task = task(&database);
        forget(&sessions, &task).await.unwrap();
        let loader = Loader::connect(&sessions, &task).await.unwrap();
        let record = fresh_record(&table, 0);
        Self {
            sessions,
            connection,
            loader,
            table,
            record,
        }
    }

    /// The load of every column in the form of its own type.
    fn load(&self) -> Arc<TableLoad> {
        let columns = self.table.columns.iter().enumerate();
        let columns = columns.map(|(column, described)| ColumnLoad {
            column,
            form: CellForm::Native,
            data_type: described.data_type.clone(),
        });
        Arc::new(TableLoad {
            table: self.table.clone(),
            columns: columns.collect(),
        })
    }

    /// The load of canonical text.
    fn load_text(&self) -> Arc<TableLoad> {
        let mut load = (*self.load()).clone();
        for column in &mut load.columns {
            column.form = CellForm::Canonical;
            column.data_type = DataType::VarChar { length: None };
        }
        Arc::new(load)
    }

    /// Loads rows in a transaction of their own.
    async fn load_rows(&mut self, rows: &[&[Option<&str>]]) -> Result<(), Error> {
        let load = self.load();
        self.load_as(&load, rows).await
    }

    async fn load_as(
        &mut self,
        load: &Arc<TableLoad>,
        rows: &[&[Option<&str>]],
    ) -> Result<(), Error> {
        self.loader.begin(load).await?;
        let loaded = self.write_and_commit(rows).await;
        if loaded.is_err() {
            self.loader.rollback().await.unwrap();
        }
        loaded
    }

    async fn write_and_commit(&mut self, rows: &[&[Option<&str>]]) -> Result<(), Error> {
        self.loader.write(&batch(rows)).await?;
        let mut next = self.record.clone();
        next.version += 1;
        next.rows += rows.len() as u64;
        self.loader.commit(&next).await?;
        self.record = next;
        Ok(())
    }

    /// What the table holds, as text.
    async fn content(&mut self) -> String {
        let sql = "SELECT COALESCE(GROUP_CONCAT(id ORDER BY id), '') FROM t";
        crate::support::value(&mut self.connection, sql).await
    }

    async fn drop(mut self) {
        let name = self.table.name.schema.clone();
        run(&mut self.connection, &format!("DROP DATABASE {name}")).await;
    }
}

fn batch(rows: &[&[Option<&str>]]) -> RowBatch {
    let mut batch = RowBatch::new(rows.first().map_or(0, |row| row.len()));
    for cell in rows.iter().flat_map(|row| row.iter()) {
        match cell {
            Some(cell) => batch.push(cell.as_bytes()).unwrap(),
            None => batch.push_null().unwrap(),
        }
    }
    batch
}
