//! Tables of other families.
//!
//! What is kept: columns with types that hold every value (`datatypes::declare`), primary keys,
//! unique and plain indexes with their order and prefixes, foreign keys with their actions,
//! literal defaults and the current time. What is told and left out: everything that is text in
//! another dialect (checks, default expressions, conditions, generated columns, whose values are
//! kept), and what SQLite does not know (full-text and spatial indexes, partitions, comments).

use dbferry_core::catalog::{ColumnDefault, Key, KeyKind, KeyPart, KeyPartOf};
use dbferry_core::{Column, DataType, Finding, Severity, Table};

use super::translate::refusal;
use crate::datatypes;
use crate::dialect::structure::{AUTOINCREMENT, CONSTRAINT, column_index, column_names};
use crate::dialect::{quote, same_name};

/// Puts a table of another family into SQLite's terms.
pub(crate) fn adapt(table: &mut Table, findings: &mut Vec<Finding>) {
    let mut notes = Notes {
        table: table.name.to_string(),
        findings,
    };
    for column in &mut table.columns {
        adapt_column(column, &mut notes);
    }
    adapt_primary_key(table, &mut notes);
    adapt_keys(table, &mut notes);
    if !table.checks.is_empty() {
        notes.warn(
            "sqlite-check-left-out",
            "its check constraints are in another dialect and are left out",
        );
        table.checks.clear();
    }
    if table.partitioning.take().is_some() {
        notes.info(
            "sqlite-partitions",
            "SQLite has no partitions; all rows lie in one table",
        );
        table.partitions.clear();
    }
    for key in &mut table.foreign_keys {
        key.attributes.clear();
    }
    table.options.clear();
    table.charset = None;
    table.collation = None;
}

/// Where findings about one table go.
struct Notes<'a> {
    table: String,
    findings: &'a mut Vec<Finding>,
}

impl Notes<'_> {
    fn warn(&mut self, id: &str, message: &str) {
        self.add(id, Severity::Warning, message);
    }

    fn info(&mut self, id: &str, message: &str) {
        self.add(id, Severity::Info, message);
    }

    fn add(&mut self, id: &str, severity: Severity, message: &str) {
        let finding = Finding::new(id, severity, message).on(format!("table {}", self.table));
        self.findings.push(finding);
    }

    fn column(&mut self, id: &str, column: &str, message: &str) {
        self.warn(id, &format!("column {column:?}: {message}"));
    }
}

fn adapt_column(column: &mut Column, notes: &mut Notes<'_>) {
    match datatypes::declare(&column.data_type) {
        Some(declared) => column.declared = declared,
        None => notes.findings.push(
            Finding::new(
                "sqlite-type-unknown",
                Severity::Error,
                format!("column {:?} is of a type without counterpart", column.name),
            )
            .on(format!("table {}", notes.table))
            .fixed_by("map the column to a string, or leave it out"),
        ),
    }
    if column.data_type
        == (DataType::Integer {
            bits: 64,
            signed: false,
        })
    {
        notes.info(
            "sqlite-unsigned-bigint",
            &format!(
                "column {:?}: values above 9223372036854775807 would be refused; map the column \
                 to a string if it has any",
                column.name
            ),
        );
    }
    adapt_collation(column, notes);
    adapt_default(column, notes);
    if column.generated.take().is_some() {
        let message = "it becomes an ordinary column that keeps the values of today";
        notes.column("sqlite-generated-column", &column.name, message);
    }
    if column.on_update.take().is_some() {
        let message = "SQLite has no ON UPDATE; write a trigger if it is needed";
        notes.column("sqlite-on-update-left-out", &column.name, message);
    }
    column.invisible = false;
    column.attributes.clear();
    column.charset = None;
}

/// Case-insensitive collations become `NOCASE`, which knows the letters of ASCII alone.
fn adapt_collation(column: &mut Column, notes: &mut Notes<'_>) {
    let Some(collation) = column.collation.take() else {
        return;
    };
    let lower = collation.to_ascii_lowercase();
    let ignores_case = lower.ends_with("_ci") || lower.contains("_ci_");
    if !ignores_case || !column.data_type.is_character() {
        return;
    }
    column.collation = Some("NOCASE".to_owned());
    let message = format!(
        "{collation} becomes NOCASE, which ignores the case of ASCII letters alone and tells \
         accents apart"
    );
    notes.column("sqlite-collation-narrowed", &column.name, &message);
}

fn adapt_default(column: &mut Column, notes: &mut Notes<'_>) {
    match &column.default {
        Some(ColumnDefault::Expression(_)) => {
            column.default = None;
            let message = "its default is an expression of another dialect and is left out";
            notes.column("sqlite-default-left-out", &column.name, message);
        }
        Some(ColumnDefault::CurrentTimestamp(digits)) if *digits > 0 => {
            column.default = Some(ColumnDefault::CurrentTimestamp(0));
            let message = "its default becomes the current time in whole seconds";
            notes.column("sqlite-default-precision", &column.name, message);
        }
        _ => {}
    }
}

/// SQLite numbers rows only where the primary key is one integer column.
fn adapt_primary_key(table: &mut Table, notes: &mut Notes<'_>) {
    let key = table.primary_key().map(column_names).unwrap_or_default();
    for name in &key {
        if let Some(index) = column_index(table, name) {
            table.columns[index].nullable = false;
        }
    }
    let next = table.auto_increment;
    for column in &mut table.columns {
        if !column.auto_increment {
            continue;
        }
        if matches!(key.as_slice(), [only] if same_name(only, &column.name)) {
            column.attributes.push(AUTOINCREMENT.to_owned());
        } else {
            column.auto_increment = false;
            let message = "it is not the whole primary key, so SQLite cannot number new rows in it";
            notes.column("sqlite-numbering-left-out", &column.name, message);
        }
    }
    table.auto_increment = next.filter(|_| table.columns.iter().any(|it| it.auto_increment));
}

fn adapt_keys(table: &mut Table, notes: &mut Notes<'_>) {
    let keys = std::mem::take(&mut table.keys);
    for mut key in keys {
        if key.kind == KeyKind::Primary {
            adapt_primary(&mut key, table, notes);
            table.keys.push(key);
        } else if let Some(key) = adapt_index(key, table, notes) {
            table.keys.push(key);
        }
    }
}

fn adapt_primary(key: &mut Key, table: &Table, notes: &mut Notes<'_>) {
    let prefixed = key.parts.iter().any(|part| part.prefix.is_some());
    if prefixed {
        notes.findings.push(refusal(
            "sqlite-primary-key-prefix",
            &table.name,
            "the primary key covers only the beginning of a column, which SQLite cannot do",
            "leave the table out, or give it another primary key",
        ));
    }
    key.name.clear();
    key.comment.clear();
    key.options = vec![CONSTRAINT.to_owned()];
    for part in &mut key.parts {
        // The order of a key changes nothing but the plan of a query, and `DESC` would keep an
        // integer key from being the rowid.
        part.descending = false;
    }
}

/// An index, or nothing where SQLite has none of its kind.
fn adapt_index(mut key: Key, table: &Table, notes: &mut Notes<'_>) -> Option<Key> {
    let known = matches!(key.kind, KeyKind::Unique | KeyKind::Plain);
    let foreign = key.condition.is_some()
        || key
            .parts
            .iter()
            .any(|part| matches!(part.of, KeyPartOf::Expression(_)));
    if !known || foreign {
        let reason = match known {
            true => "it has an expression of another dialect",
            false => "SQLite has no such kind of index",
        };
        notes.warn(
            "sqlite-index-left-out",
            &format!("index {:?} is left out: {reason}", key.name),
        );
        return None;
    }
    // Names of indexes are unique in the whole file, not in their table.
    key.name = format!("{}_{}", table.name.name, key.name);
    key.options.clear();
    key.comment.clear();
    key.visible = true;
    for part in &mut key.parts {
        cut_prefix(part, key.kind, table);
    }
    Some(key)
}

/// The beginning of a column: as an expression where uniqueness depends on it, else the whole
/// column, which serves every query that the beginning serves.
fn cut_prefix(part: &mut KeyPart, kind: KeyKind, table: &Table) {
    let Some(length) = part.prefix.take() else {
        return;
    };
    if let (KeyPartOf::Column(name), KeyKind::Unique) = (&part.of, kind) {
        // An expression does not take over the collation of its column.
        let column = column_index(table, name).map(|index| &table.columns[index]);
        part.collation = column.and_then(|column| column.collation.clone());
        part.of = KeyPartOf::Expression(format!("substr({}, 1, {length})", quote(name)));
    }
}
