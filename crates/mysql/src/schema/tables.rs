//! The tables of some schemas.

use dbferry_core::catalog::TableSize;
use dbferry_core::{Error, ObjectName, Table, TableName};

use super::questions::{Answer, Question, ask};
use super::{among, table_text, text};
use crate::dialect;
use crate::server::Server;
use crate::sessions::{Purpose, Sessions};

/// What `information_schema.tables` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListedKind {
    Table,
    View,
    Sequence,
}

/// A table, view or sequence, before its definition is read.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) kind: ListedKind,
    pub(super) name: ObjectName,
    pub(super) size: TableSize,
}

/// Lists the tables, views and sequences, in name order.
pub(super) async fn list(sessions: &Sessions, schemas: &[&str]) -> Result<Vec<Listed>, Error> {
    let sql = format!(
        "SELECT table_schema, table_name, table_type, table_rows, data_length, index_length \
         FROM information_schema.tables WHERE {}",
        among("table_schema", schemas)
    );
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let set = connection.query(&sql).await?;
    let mut listed = Vec::with_capacity(set.len());
    for row in set.rows() {
        let (schema, name) = (row.text(0)?, row.text(1)?);
        let kind = match row.text(2)? {
            "BASE TABLE" | "SYSTEM VERSIONED" => ListedKind::Table,
            "VIEW" => ListedKind::View,
            "SEQUENCE" => ListedKind::Sequence,
            _ => continue,
        };
        // The condition may compare without regard to case.
        if schemas.contains(&schema) {
            let number = |column: usize| row.opt_u64(column).ok().flatten().unwrap_or(0);
            let size = TableSize {
                rows: number(3),
                data_bytes: number(4),
                index_bytes: number(5),
            };
            listed.push(Listed {
                kind,
                name: ObjectName::new(schema, name),
                size,
            });
        }
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listed)
}

/// Reads the definitions of the listed tables, in the order of the list.
pub(super) async fn read(sessions: &Sessions, listed: &[Listed]) -> Result<Vec<Table>, Error> {
    let listed: Vec<&Listed> = listed
        .iter()
        .filter(|listed| listed.kind == ListedKind::Table)
        .collect();
    let mut tables = Vec::with_capacity(listed.len());
    for part in listed.chunks(QUESTIONS_MAX) {
        let questions: Vec<Question> = part.iter().map(|listed| question(&listed.name)).collect();
        let answers = ask(sessions, &questions).await?;
        for (listed, answer) in part.iter().zip(answers) {
            if let Some(mut table) = understand(&listed.name, answer, sessions.server())? {
                table.size = listed.size;
                tables.push(table);
            }
        }
    }
    Ok(tables)
}

/// Definitions that are in memory as text at once.
const QUESTIONS_MAX: usize = 1_000;

/// Reads one table, without its size.
pub(super) async fn read_one(
    sessions: &Sessions,
    name: &TableName,
) -> Result<Option<Table>, Error> {
    let mut answers = ask(sessions, &[question(name)]).await?;
    understand(name, answers.pop().flatten(), sessions.server())
}

fn question(name: &TableName) -> Question {
    Question {
        object: name.clone(),
        sql: format!("SHOW CREATE TABLE {}", dialect::object(name)),
    }
}

/// Understands an answer; `None` when the table is gone, or has become a view.
fn understand(
    name: &TableName,
    answer: Option<Answer>,
    server: &Server,
) -> Result<Option<Table>, Error> {
    let Some(answer) = answer else {
        return Ok(None);
    };
    let row = answer.set.require_first()?;
    if !answer
        .set
        .columns()
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case("Create Table"))
    {
        return Ok(None);
    }
    let definition = text::decode(row.bytes("Create Table")?);
    table_text::parse(name, &definition, server).map(Some)
}
