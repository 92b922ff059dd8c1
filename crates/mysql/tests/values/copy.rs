//! Copying a table from one server to another with this crate's reader and loader, and comparing
//! the two inside the servers.

use std::sync::Arc;

use dbferry_core::{
    CellForm, Chunk, Column, ColumnLoad, ColumnRead, DataType, Error, Fetched, KeyRange, Loader,
    ObjectName, RowBatch, SegmentRecord, Table, TableLoad, TableRead, TableReader, TaskId,
};
use dbferry_mysql::config::LocalInfile;
use dbferry_mysql::load::ledger::Ledger;
use dbferry_mysql::load::loader;
use dbferry_mysql::sessions::{Purpose, Sessions};
use dbferry_mysql::snapshot::keyset::walkable_key;
use dbferry_mysql::snapshot::reader::Reader;
use dbferry_mysql::wire::Connection;

use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config};

/// Every direction between the two products.
pub(crate) const DIRECTIONS: [(&str, &str); 4] = [
    (MARIADB_A, MARIADB_B),
    (MYSQL_A, MYSQL_B),
    (MARIADB_A, MYSQL_B),
    (MYSQL_A, MARIADB_B),
];

/// How rows are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    LoadData,
    Insert,
}

/// Every way to copy.
pub(crate) const WAYS: [(CellForm, Path); 4] = [
    (CellForm::Native, Path::LoadData),
    (CellForm::Native, Path::Insert),
    (CellForm::Canonical, Path::LoadData),
    (CellForm::Canonical, Path::Insert),
];

/// Sessions of a server that load in this way.
pub(crate) async fn sessions_by(server: &str, path: Path) -> Sessions {
    let mut config = config(server);
    if path == Path::Insert {
        config.local_infile = LocalInfile::Off;
    }
    Sessions::connect(config).await.unwrap()
}

/// A fresh database of this name, and a connection to it that takes every value.
pub(crate) async fn fresh_database(sessions: &Sessions, name: &str) -> Connection {
    let mut connection = sessions.open(Purpose::Define).await.unwrap();
    run(
        &mut connection,
        &format!("DROP DATABASE IF EXISTS `{name}`"),
    )
    .await;
    run(
        &mut connection,
        &format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4"),
    )
    .await;
    connection.select_database(name).await.unwrap();
    connection
}

/// Runs a statement that must not fail.
pub(crate) async fn run(connection: &mut Connection, sql: &str) {
    if let Err(error) = connection.execute(sql).await {
        let shown: String = sql.chars().take(300).collect();
        panic!("{error}: {shown}");
    }
}

/// The table as the catalog describes it.
pub(crate) async fn describe(sessions: &Sessions, schema: &str, name: &str) -> Table {
    let name = ObjectName::new(schema, name);
    dbferry_mysql::schema::read_table(sessions, &name)
        .await
        .unwrap()
        .unwrap()
}

/// What is read: every column that is not generated.
pub(crate) fn read_of(table: &Table, form: CellForm) -> TableRead {
    let columns: Vec<ColumnRead> = (0..table.columns.len())
        .filter(|&column| table.columns[column].generated.is_none())
        .map(|column| ColumnRead { column, form })
        .collect();
    let key = walkable_key(table).unwrap_or_default();
    let key = key
        .iter()
        .map(|&index| {
            columns
                .iter()
                .position(|read| read.column == index)
                .unwrap()
        })
        .collect();
    TableRead {
        table: table.clone(),
        columns,
        key,
        filter: None,
    }
}

/// What is loaded: the same columns by name.
pub(crate) fn load_of(table: &Table, read: &TableRead) -> TableLoad {
    let columns = (0..read.columns.len())
        .map(|index| ColumnLoad {
            column: table.column_index(&read.column(index).name).unwrap(),
            form: read.columns[index].form,
            data_type: read.column(index).data_type.clone(),
        })
        .collect();
    TableLoad {
        table: table.clone(),
        columns,
    }
}

/// How a copy is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) chunk_rows: u64,
    pub(crate) batch_bytes: usize,
}

pub(crate) const SMALL: Cut = Cut {
    chunk_rows: 7,
    batch_bytes: 2_000,
};
pub(crate) const LARGE: Cut = Cut {
    chunk_rows: 1_000_000,
    batch_bytes: 256 << 10,
};

/// A record of nothing.
pub(crate) fn fresh_record(table: &Table, segment: u32) -> SegmentRecord {
    SegmentRecord {
        table: table.name.clone(),
        segment,
        range: KeyRange::default(),
        partition: None,
        reached: None,
        done: false,
        rows: 0,
        bytes: 0,
        version: 0,
    }
}

/// A task that no other test has.
pub(crate) fn task(name: &str) -> TaskId {
    TaskId(format!("test-{name}-{}", std::process::id()))
}

/// Forgets what an earlier copy left.
pub(crate) async fn forget(target: &Sessions, task: &TaskId) -> Result<(), Error> {
    let ledger = Ledger::new(&target.config().control_schema);
    let mut connection = target.borrow(Purpose::Define).await?;
    ledger.ensure(&mut connection).await?;
    for record in ledger.read(&mut connection, task).await? {
        ledger
            .forget_segments(&mut connection, task, &record.table)
            .await?;
    }
    Ok(())
}

/// Copies a table chunk by chunk, each in a transaction of its own.
pub(crate) async fn copy(
    source: &Sessions,
    target: &Sessions,
    read: TableRead,
    load: TableLoad,
    cut: Cut,
) -> Result<u64, Error> {
    let (read, load) = (Arc::new(read), Arc::new(load));
    let mut reader = Reader::connect(source).await?;
    let task = task(&read.table.name.schema);
    forget(target, &task).await?;
    let mut loader = loader::Loader::connect(target, &task).await?;
    let mut record = fresh_record(&load.table, 0);
    let walked = !read.key.is_empty();
    let mut batch = RowBatch::new(read.columns.len());
    loop {
        let rows_before = record.rows;
        let range = KeyRange {
            after: record.reached.clone(),
            until: None,
        };
        let chunk = Chunk {
            range,
            partition: None,
            rows_max: walked.then_some(cut.chunk_rows),
        };
        reader.open(&read, &chunk).await?;
        loader.begin(&load).await?;
        loop {
            batch.reset(read.columns.len());
            let fetched = reader.fetch(&mut batch, cut.batch_bytes).await?;
            loader.write(&batch).await?;
            record.rows += batch.rows() as u64;
            record.bytes += batch.byte_len() as u64;
            if let (true, Some(last)) = (walked, batch.rows().checked_sub(1)) {
                record.reached = Some(read.key_of(&batch, last)?);
            }
            if fetched == Fetched::End {
                break;
            }
        }
        record.done = !walked || record.rows - rows_before < cut.chunk_rows;
        record.version += 1;
        loader.commit(&record).await?;
        if record.done {
            return Ok(record.rows);
        }
    }
}

/// What a server shows of a value so that different values differ: an oracle that knows nothing
/// of the code under test.
fn shown(column: &Column) -> String {
    let name = format!("`{}`", column.name.replace('`', "``"));
    match &column.data_type {
        DataType::Float { .. } => format!("{name} * 1e0"),
        DataType::Bit { .. } => format!("HEX({name} + 0)"),
        DataType::Enum { .. } | DataType::Set { .. } => {
            format!("CONCAT({name} | 0, ':', HEX({name}))")
        }
        DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Text { .. }
        | DataType::Binary { .. }
        | DataType::VarBinary { .. }
        | DataType::Blob { .. }
        | DataType::Geometry { .. }
        | DataType::Vector { .. } => format!("CONCAT(OCTET_LENGTH({name}), ':', HEX({name}))"),
        _ => format!("CAST({name} AS CHAR)"),
    }
}

/// Every value of a table, as the server shows it.
pub(crate) async fn values(connection: &mut Connection, table: &Table) -> Vec<Vec<Option<String>>> {
    let columns: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| column.generated.is_none())
        .collect();
    let list: Vec<String> = columns.iter().map(|column| shown(column)).collect();
    let sql = format!(
        "SELECT {} FROM `{}`.`{}`",
        list.join(", "),
        table.name.schema,
        table.name.name
    );
    let set = connection.query(&sql).await.unwrap();
    let mut rows: Vec<Vec<Option<String>>> = set
        .rows()
        .map(|row| {
            (0..list.len())
                .map(|index| {
                    let text = row.opt_text(index).unwrap().map(str::to_owned);
                    match columns[index].data_type {
                        DataType::Json => text.map(|text| normal_json(&text)),
                        // The servers print the same number in different ways.
                        DataType::Float { .. } => {
                            text.map(|text| format!("{:?}", text.parse::<f64>().unwrap()))
                        }
                        _ => text,
                    }
                })
                .collect()
        })
        .collect();
    // The servers' orders differ.
    rows.sort();
    rows
}

/// Documents are compared by value: white space and the order of keys do not count.
fn normal_json(text: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    sorted(&value)
}

fn sorted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Object(map) => {
            let mut members: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", sorted(value)))
                .collect();
            members.sort();
            format!("{{{}}}", members.join(","))
        }
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted).collect();
            format!("[{}]", items.join(","))
        }
        serde_json::Value::Number(number) if number.is_f64() => {
            format!("{:?}", number.as_f64().unwrap())
        }
        other => other.to_string(),
    }
}

/// The table with its columns in the order that another one has.
fn in_order_of(table: &Table, other: &Table) -> Table {
    let columns = other
        .columns
        .iter()
        .map(|column| table.column(&column.name).unwrap().clone());
    Table {
        columns: columns.collect(),
        ..table.clone()
    }
}

/// A table that is to arrive exactly.
pub(crate) struct Case<'a> {
    /// Names the databases.
    pub(crate) name: &'a str,
    /// The columns, as in `CREATE TABLE t (…)`.
    pub(crate) columns: &'a str,
    /// The columns on the target, where they are spelled differently.
    pub(crate) target_columns: Option<&'a str>,
    /// What follows `INSERT INTO t`, one statement each.
    pub(crate) inserts: &'a [&'a str],
}

impl Case<'_> {
    /// Copies the table in every given direction and way, and compares.
    pub(crate) async fn check(&self, directions: &[(&str, &str)], ways: &[(CellForm, Path)]) {
        self.check_cut(SMALL, directions, ways).await;
    }

    /// The same, in chunks of another size.
    pub(crate) async fn check_cut(
        &self,
        cut: Cut,
        directions: &[(&str, &str)],
        ways: &[(CellForm, Path)],
    ) {
        for (source, target) in directions {
            for (form, path) in ways {
                self.check_one(cut, source, target, *form, *path).await;
            }
        }
    }

    async fn check_one(&self, cut: Cut, source: &str, target: &str, form: CellForm, path: Path) {
        let what = format!("{} {source} to {target} {form:?} {path:?}", self.name);
        let (from, to) = (
            sessions_by(source, path).await,
            sessions_by(target, path).await,
        );
        let database = format!("dbferry_v_{}", self.name);
        let mut at_source = fresh_database(&from, &database).await;
        let target_database = format!("{database}_to");
        let mut at_target = fresh_database(&to, &target_database).await;
        run(
            &mut at_source,
            &format!("CREATE TABLE t ({})", self.columns),
        )
        .await;
        // As an application did that was not strict.
        run(
            &mut at_source,
            "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
        )
        .await;
        for insert in self.inserts {
            run(&mut at_source, &format!("INSERT INTO t {insert}")).await;
        }
        let columns = self.target_columns.unwrap_or(self.columns);
        run(&mut at_target, &format!("CREATE TABLE t ({columns})")).await;
        let table = describe(&from, &database, "t").await;
        let target_table = describe(&to, &target_database, "t").await;
        let read = read_of(&table, form);
        let load = load_of(&target_table, &read);
        let rows = copy(&from, &to, read, load, cut).await;
        let rows = rows.unwrap_or_else(|error| panic!("{what}: {}", error.report()));
        let expected = values(&mut at_source, &table).await;
        assert_eq!(rows, expected.len() as u64, "{what}");
        let found = values(&mut at_target, &in_order_of(&target_table, &table)).await;
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(found, expected, "{what}");
        }
        assert_eq!(found.len(), expected.len(), "{what}");
        for (connection, database) in [
            (&mut at_source, &database),
            (&mut at_target, &target_database),
        ] {
            run(connection, &format!("DROP DATABASE `{database}`")).await;
        }
    }
}
