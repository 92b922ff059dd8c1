//! Whether two servers hold the same, found out without dbferry.
//!
//! The content of a table is the number of its rows and the sum of a hash of each: equal for
//! equal rows in whatever order, different when a row is missing, doubled or changed.

use std::collections::BTreeMap;

use super::fixture::SCHEMA;
use super::server::{Rows, Server};

/// The columns of tables and views.
const COLUMNS: &str = "SELECT table_name, column_name, data_type FROM information_schema.columns \
    WHERE table_schema = 'chaos' ORDER BY table_name, ordinal_position";

/// What must be equal on servers of whatever kind: keys, references, triggers. And the ledger's
/// schema, of which nothing is left.
const CATALOG: [&str; 4] = [
    "SELECT table_name, index_name, seq_in_index, column_name, non_unique \
     FROM information_schema.statistics WHERE table_schema = 'chaos' ORDER BY 1, 2, 3",
    "SELECT table_name, constraint_name, column_name, referenced_table_name, \
     referenced_column_name FROM information_schema.key_column_usage \
     WHERE table_schema = 'chaos' AND referenced_table_name IS NOT NULL ORDER BY 1, 2, 3",
    "SELECT trigger_name, event_object_table, action_statement \
     FROM information_schema.triggers WHERE trigger_schema = 'chaos' ORDER BY 1",
    "SELECT schema_name FROM information_schema.schemata WHERE schema_name = 'dbferry_control'",
];

/// Row counts and sums of hashes, by table and view.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content(BTreeMap<String, Rows>);

impl Content {
    pub(super) fn of(server: &Server) -> Self {
        let mut columns: BTreeMap<String, Rows> = BTreeMap::new();
        for row in server.query(COLUMNS) {
            columns.entry(row[0].clone()).or_default().push(row);
        }
        let sums: Vec<_> = columns
            .iter()
            .map(|(table, columns)| {
                let hash = hash(columns);
                format!("SELECT COUNT(*), COALESCE(SUM({hash}), 0) FROM {SCHEMA}.{table}")
            })
            .collect();
        let sums = server.query_all(&sums);
        Self(columns.into_keys().zip(sums).collect())
    }
}

/// 60 bits of the hash of a row in which every value is quoted, NULL is not, and large values are
/// represented by a hash of their own.
fn hash(columns: &Rows) -> String {
    let value = |column: &Vec<String>| match column[2].as_str() {
        "longblob" => format!("QUOTE(SHA2({}, 256))", column[1]),
        _ => format!("QUOTE(CAST({} AS BINARY))", column[1]),
    };
    let values: Vec<_> = columns.iter().map(value).collect();
    let row = format!("CONCAT_WS(',', {})", values.join(", "));
    format!("CAST(CONV(LEFT(SHA2({row}, 256), 15), 16, 10) AS UNSIGNED)")
}

/// Compares the target with what the source held from the start, and with its definitions.
pub(super) fn assert_equal(content: &Content, source: &Server, target: &Server) {
    assert_eq!(&Content::of(target), content);
    assert_eq!(target.query_all(&CATALOG), source.query_all(&CATALOG));
    if source.kind() == target.kind() {
        assert_eq!(definitions(target, content), definitions(source, content));
    }
}

/// The definitions as the server tells them, without the number that the next row will have,
/// since servers count on differently after a crash.
fn definitions(server: &Server, content: &Content) -> Vec<String> {
    let show = |table: &String| format!("SHOW CREATE TABLE {SCHEMA}.{table}");
    let shown = server.query_all(&content.0.keys().map(show).collect::<Vec<_>>());
    let without_number = |rows: &Rows| {
        let words = rows[0][1].split(' ');
        let kept: Vec<_> = words
            .filter(|word| !word.starts_with("AUTO_INCREMENT="))
            .collect();
        kept.join(" ")
    };
    shown.iter().map(without_number).collect()
}
