//! Types by content: what the columns of a table really hold.
//!
//! A target of another family needs types that every value fits, and SQLite's declared types
//! promise nothing. One scan of the table tries every value on the types that come into question
//! for its column, with the very encoders that will write the cells, and the first type in order
//! of preference that took all of them wins:
//!
//! 1. what the declared type leads one to expect: `BOOLEAN` with 0 and 1, `DATE` with dates,
//!    `DECIMAL(p,s)` with numbers of so many digits, `JSON`, `UUID`;
//! 2. integer, float, text, blob, in this order: each takes what the one before it takes, as far
//!    as nothing is lost (integers among floats up to 2^53, numbers among texts as their text,
//!    texts among blobs as their bytes).
//!
//! What fits none of them, such as numbers among blobs or text that is not UTF-8, becomes
//! [`DataType::Other`] with the row in its name: a foreign target refuses that table before any
//! row moves, and a target that is SQLite never asks. Columns in keys get lengths, as other
//! databases need them; a key whose cells would not lead back to its values is marked as not
//! walkable.

mod candidate;

use dbferry_core::catalog::ColumnDefault;
use dbferry_core::{CellForm, Column, DataType, Error, Finding, Severity, Table};
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use self::candidate::Candidate;
use crate::codec::canonical::Encoder;
use crate::datatypes::{Affinity, affinity, expected};
use crate::dialect::quote;
use crate::dialect::structure::{KEY_WITHOUT_NULL, NO_WALK, STRICT, column_index, column_names};
use crate::fault::explain;
use crate::snapshot::range;
use crate::snapshot::reader::name_of;

/// Lengths of key columns are rounded up to this, so that new rows fit, too.
const KEY_LENGTH_MIN: u32 = 255;

/// Decides the types of a table's columns, and tells what a person should know about them.
pub(crate) fn settle_types(view: &Connection, table: &mut Table) -> Result<Vec<Finding>, Error> {
    let summaries = scan(view, table)?;
    let walked = range::walkable_key(table).unwrap_or_default();
    let mut walkable = true;
    let mut findings = Vec::new();
    for (index, summary) in summaries.iter().enumerate() {
        walkable &= !walked.contains(&index) || summary.leads_back();
        findings.extend(summary.finding(table, index));
    }
    for (index, summary) in summaries.into_iter().enumerate() {
        let in_key = is_in_key(table, &table.columns[index].name);
        let strict = table.option(STRICT).is_some();
        let column = &mut table.columns[index];
        column.data_type = summary.data_type(in_key);
        settle_default(column, strict);
    }
    if !walkable {
        table.options.push((NO_WALK.to_owned(), String::new()));
    }
    settle_null(table);
    Ok(findings)
}

fn scan(view: &Connection, table: &Table) -> Result<Vec<Summary>, Error> {
    let mut summaries: Vec<Summary> = table.columns.iter().map(Summary::new).collect();
    let columns = table.columns.iter().map(|column| quote(&column.name));
    let columns: Vec<String> = columns.chain(range::identity(table)).collect();
    let sql = format!(
        "SELECT {} FROM {}",
        columns.join(", "),
        range::table_name(table)
    );
    let mut statement = view.prepare(&sql).map_err(explain)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(explain)? {
        for (at, summary) in summaries.iter_mut().enumerate() {
            let value = row.get_ref(at).map_err(explain)?;
            summary.observe(value, || name_of(table, row, table.columns.len()));
        }
    }
    Ok(summaries)
}

fn is_in_key(table: &Table, column: &str) -> bool {
    let refers = |columns: &[String]| columns.iter().any(|name| name.eq_ignore_ascii_case(column));
    table.keys.iter().any(|key| refers(&column_names(key)))
        || table.foreign_keys.iter().any(|key| refers(&key.columns))
}

/// A primary key without NULL becomes one that forbids it: other databases know no other.
fn settle_null(table: &mut Table) {
    if table.option(KEY_WITHOUT_NULL).is_none() {
        return;
    }
    let names = table.primary_key().map(column_names).unwrap_or_default();
    for name in names {
        if let Some(index) = column_index(table, &name) {
            table.columns[index].nullable = false;
        }
    }
}

/// Puts a literal default into the canonical text of the settled type.
fn settle_default(column: &mut Column, strict: bool) {
    let Some(ColumnDefault::Literal(Some(text))) = &column.default else {
        return;
    };
    let numeric = affinity(&column.declared, strict) != Affinity::Text;
    let value = match text.parse::<i64>() {
        Ok(integer) if numeric => ValueRef::Integer(integer),
        _ => match text.parse::<f64>() {
            Ok(real) if numeric && text.starts_with(|c: char| "+-.0123456789".contains(c)) => {
                ValueRef::Real(real)
            }
            _ => ValueRef::Text(text.as_bytes()),
        },
    };
    let encoder = Encoder::new(CellForm::Canonical, &column.data_type, false);
    let mut cell = Vec::new();
    let written = encoder.encode(value, &mut cell).ok();
    let canonical = written.and_then(|()| String::from_utf8(cell).ok());
    column.default = Some(match canonical {
        Some(canonical) => ColumnDefault::Literal(Some(canonical)),
        None => ColumnDefault::Expression(crate::dialect::quote_text(text)),
    });
}

/// What one column holds.
struct Summary {
    expected: DataType,
    candidates: Vec<Candidate>,
    empty: bool,
    numbers: bool,
    texts: bool,
    blobs: bool,
    infinite: Option<String>,
    not_utf8: Option<String>,
    /// The first rows with a number, a text and a blob.
    first_of_class: [Option<String>; 3],
    /// In characters for text, in bytes for blobs.
    length_max: usize,
}

impl Summary {
    fn new(column: &Column) -> Self {
        let expected = expected(&column.declared);
        Self {
            candidates: candidate::for_expected(&expected),
            expected,
            empty: true,
            numbers: false,
            texts: false,
            blobs: false,
            infinite: None,
            not_utf8: None,
            first_of_class: [None, None, None],
            length_max: 0,
        }
    }

    /// Takes a value into account; `row` names its row when that matters.
    fn observe(&mut self, value: ValueRef<'_>, row: impl Fn() -> String) {
        let class = match value {
            ValueRef::Null => return,
            ValueRef::Integer(_) | ValueRef::Real(_) => 0,
            ValueRef::Text(_) => 1,
            ValueRef::Blob(_) => 2,
        };
        self.empty = false;
        self.first_of_class[class].get_or_insert_with(&row);
        self.numbers |= class == 0;
        self.texts |= class == 1;
        self.blobs |= class == 2;
        match value {
            ValueRef::Real(real) if real.is_infinite() => {
                self.infinite.get_or_insert_with(row);
            }
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => self.length_max = self.length_max.max(text.chars().count()),
                Err(_) => {
                    self.not_utf8.get_or_insert_with(row);
                }
            },
            ValueRef::Blob(bytes) => self.length_max = self.length_max.max(bytes.len()),
            // The longest text of a number.
            ValueRef::Integer(_) | ValueRef::Real(_) => self.length_max = self.length_max.max(24),
            ValueRef::Null => {}
        }
        self.candidates
            .retain_mut(|candidate| candidate.takes(value));
    }

    fn chosen(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|_| self.not_utf8.is_none())
    }

    /// Whether the cells of the column as a key find its values again.
    fn leads_back(&self) -> bool {
        self.empty || self.chosen().is_some_and(Candidate::leads_back)
    }

    fn data_type(self, in_key: bool) -> DataType {
        if self.empty {
            return self.expected;
        }
        let length = u32::try_from(self.length_max).unwrap_or(u32::MAX).max(1);
        let Some(chosen) = self.chosen() else {
            return DataType::Other {
                name: self.obstacle(),
            };
        };
        match (chosen.data_type(), &self.expected) {
            (
                DataType::Text { .. },
                DataType::VarChar {
                    length: Some(declared),
                },
            ) if length <= *declared => self.expected,
            (DataType::Text { .. }, _) if in_key => DataType::VarChar {
                length: Some(length.max(KEY_LENGTH_MIN)),
            },
            (DataType::Blob { .. }, _) if in_key => DataType::VarBinary {
                length: Some(length.max(KEY_LENGTH_MIN)),
            },
            (data_type, _) => data_type,
        }
    }

    /// Why there is no type for the column.
    fn obstacle(&self) -> String {
        match (&self.not_utf8, &self.first_of_class) {
            (Some(row), _) => format!("text that is not utf-8 in {row}"),
            (None, [Some(number), _, Some(blob)]) => {
                format!("a number in {number} beside a blob in {blob}")
            }
            _ => "values of no common type".to_owned(),
        }
    }

    fn finding(&self, table: &Table, index: usize) -> Option<Finding> {
        let column = &table.columns[index];
        let declared = match column.declared.as_str() {
            "" => "without a type",
            declared => declared,
        };
        let of_classes = [self.numbers, self.texts, self.blobs];
        let mixed = of_classes.iter().filter(|&&present| present).count() > 1;
        let (id, message) = if self.not_utf8.is_some() || (self.chosen().is_none() && !self.empty) {
            let obstacle = self.obstacle();
            (
                "sqlite-column-without-type",
                format!("it holds {obstacle}: only SQLite can take it"),
            )
        } else if let Some(row) = &self.infinite {
            let message = format!("{row} holds an infinity, which many databases do not know");
            ("sqlite-infinity", message)
        } else if mixed {
            let rows: Vec<&str> = self
                .first_of_class
                .iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let message = format!(
                "it holds values of several storage classes, first in {}; another family gets \
                 them all as text or as bytes",
                rows.join(" and ")
            );
            ("sqlite-mixed-classes", message)
        } else {
            return None;
        };
        Some(
            Finding::new(
                id,
                Severity::Warning,
                format!("the column is declared {declared}; {message}"),
            )
            .on(format!(
                "table {} column {}",
                table.name,
                column.name.escape_debug()
            )),
        )
    }
}
