//! Definitions in the terms of `dbferry_core`.
//!
//! What those terms have no place for stands in the family's own options, so that a definition can
//! be written again without loss:
//!
//! | where | text | means |
//! |---|---|---|
//! | table option | [`SQL`] | the statement as SQLite stores it |
//! | table option | [`WITHOUT_ROWID`], [`STRICT`] | those clauses |
//! | table option | [`KEY_WITHOUT_NULL`] | no row has NULL in the primary key, though it may |
//! | table option | [`NO_WALK`] | the keys cannot be walked in canonical form |
//! | column attribute | `AUTOINCREMENT` | that keyword |
//! | column attribute | `NOT NULL ON CONFLICT …` | that clause |
//! | key option | [`CONSTRAINT`] | written in the table's definition, not as an index |
//! | key option | [`AT_COLUMN_DESCENDING`] | `INTEGER PRIMARY KEY DESC`, which is not the rowid |
//! | key option | `ON CONFLICT …` | that clause |
//! | key option | `CREATE …` | the index's statement as SQLite stores it |

use dbferry_core::catalog::{
    Check, ColumnDefault, ForeignKey, Generated, Key, KeyKind, KeyPart, KeyPartOf,
};
use dbferry_core::{Column, Table, TableName};

use super::constraint::{Constraint, Default, Reference, Rule};
use super::definition::{ColumnDefinition, IndexDefinition, Part, TableDefinition};
use super::same_name;
use crate::SCHEMA;
use crate::datatypes::{Affinity, affinity, expected};

/// The table option that holds the statement.
pub(crate) const SQL: &str = "sqlite_sql";
/// The table option for tables that are stored in their primary key.
pub(crate) const WITHOUT_ROWID: &str = "WITHOUT ROWID";
/// The table option for tables with enforced types.
pub(crate) const STRICT: &str = "STRICT";
/// The table option for a primary key that could hold NULL and does not.
pub(crate) const KEY_WITHOUT_NULL: &str = "sqlite_key_without_null";
/// The table option for keys whose canonical cells do not lead back to the values.
pub(crate) const NO_WALK: &str = "sqlite_no_walk";
/// The key option of `UNIQUE` constraints.
pub(crate) const CONSTRAINT: &str = "CONSTRAINT";
/// The key option of a primary key declared at its column from high to low.
pub(crate) const AT_COLUMN_DESCENDING: &str = "PRIMARY KEY DESC";
/// The column attribute of that keyword.
pub(crate) const AUTOINCREMENT: &str = "AUTOINCREMENT";

/// Puts a table's definition into the common terms, without its indexes.
pub(crate) fn table(definition: &TableDefinition, sql: &str) -> Table {
    let mut table = Table::new(TableName::new(SCHEMA, &definition.name));
    table.options.push((SQL.to_owned(), sql.to_owned()));
    for (set, option) in [
        (definition.without_rowid, WITHOUT_ROWID),
        (definition.strict, STRICT),
    ] {
        if set {
            table.options.push((option.to_owned(), String::new()));
        }
    }
    for column in &definition.columns {
        add_column(&mut table, column, definition.strict);
    }
    for constraint in &definition.constraints {
        add_constraint(&mut table, constraint, None);
    }
    settle_primary_key(&mut table, definition);
    table
}

fn add_column(table: &mut Table, definition: &ColumnDefinition, strict: bool) {
    let declared = &definition.declared;
    let mut column = Column::new(&definition.name, expected(declared), declared);
    for constraint in &definition.constraints {
        match &constraint.rule {
            Rule::NotNull => {
                column.nullable = false;
                column.attributes.extend(
                    constraint
                        .on_conflict
                        .iter()
                        .map(|action| format!("NOT NULL ON CONFLICT {action}")),
                );
            }
            Rule::Default(default) => {
                column.default = Some(default_of(default, affinity(declared, strict)));
            }
            Rule::Collate(name) => column.collation = Some(name.clone()),
            Rule::Generated { expression, stored } => {
                column.generated = Some(Generated {
                    expression: expression.clone(),
                    stored: *stored,
                });
            }
            _ => {}
        }
    }
    table.columns.push(column);
    for constraint in &definition.constraints {
        add_constraint(table, constraint, Some(&definition.name));
    }
}

fn default_of(default: &Default, affinity: Affinity) -> ColumnDefault {
    match default {
        Default::Null => ColumnDefault::Literal(None),
        // Without an affinity only an expression keeps the number a number.
        Default::Number(number) if affinity == Affinity::Blob => {
            ColumnDefault::Expression(number.clone())
        }
        Default::Number(text) | Default::Text(text) => ColumnDefault::Literal(Some(text.clone())),
        Default::CurrentTimestamp => ColumnDefault::CurrentTimestamp(0),
        Default::Expression(text) => ColumnDefault::Expression(text.clone()),
    }
}

/// Adds what a constraint of the table, or of the column named, demands.
fn add_constraint(table: &mut Table, constraint: &Constraint, column: Option<&str>) {
    match &constraint.rule {
        Rule::PrimaryKey {
            autoincrement,
            descending,
        } => {
            let mut key = key(table, constraint, column, KeyKind::Primary);
            if *descending {
                key.options.push(AT_COLUMN_DESCENDING.to_owned());
            }
            if *autoincrement {
                mark_autoincrement(table, &key);
            }
            table.keys.push(key);
        }
        Rule::Unique => {
            let key = key(table, constraint, column, KeyKind::Unique);
            table.keys.push(key);
        }
        Rule::Check(expression) => {
            let number = table.checks.len() + 1;
            let fallback = format!("{}_check_{number}", table.name.name);
            table.checks.push(Check {
                name: constraint.name.clone().unwrap_or(fallback),
                expression: expression.clone(),
                enforced: true,
                column: column.map(str::to_owned),
            });
        }
        Rule::References(reference) => {
            let foreign = foreign_key(table, constraint, reference, column);
            table.foreign_keys.push(foreign);
        }
        _ => {}
    }
}

fn mark_autoincrement(table: &mut Table, key: &Key) {
    for name in column_names(key) {
        if let Some(index) = column_index(table, &name) {
            table.columns[index]
                .attributes
                .push(AUTOINCREMENT.to_owned());
        }
    }
}

fn key(table: &Table, constraint: &Constraint, column: Option<&str>, kind: KeyKind) -> Key {
    let parts: Vec<KeyPart> = match column {
        Some(column) => vec![KeyPart::column(column)],
        None => constraint
            .parts
            .iter()
            .map(|part| key_part(table, part))
            .collect(),
    };
    let mut key = Key {
        name: constraint.name.clone().unwrap_or_default(),
        kind,
        parts,
        visible: true,
        condition: None,
        comment: String::new(),
        options: vec![CONSTRAINT.to_owned()],
    };
    if let Some(action) = &constraint.on_conflict {
        key.options.push(format!("ON CONFLICT {action}"));
    }
    if key.name.is_empty() && kind == KeyKind::Unique {
        key.name = unique_name(table, &key);
    }
    key
}

/// A name for a `UNIQUE` constraint that has none: other databases need one.
fn unique_name(table: &Table, key: &Key) -> String {
    let base = format!("{}_unique", column_names(key).join("_"));
    let taken = |name: &str| table.keys.iter().any(|key| same_name(&key.name, name));
    let mut name = base.clone();
    let mut number = 2;
    while taken(&name) {
        name = format!("{base}_{number}");
        number += 1;
    }
    name
}

/// The names of the columns in a key.
pub(crate) fn column_names(key: &Key) -> Vec<String> {
    key.parts
        .iter()
        .filter_map(|part| match &part.of {
            KeyPartOf::Column(name) => Some(name.clone()),
            KeyPartOf::Expression(_) => None,
        })
        .collect()
}

/// The position of a column, whatever the case of its name.
pub(crate) fn column_index(table: &Table, name: &str) -> Option<usize> {
    table
        .columns
        .iter()
        .position(|column| same_name(&column.name, name))
}

/// A column's name as the table spells it.
pub(crate) fn spelled(table: &Table, name: &str) -> String {
    column_index(table, name).map_or_else(
        || name.to_owned(),
        |index| table.columns[index].name.clone(),
    )
}

/// A part of a key: a column if one has its name, with the column's own spelling.
fn key_part(table: &Table, part: &Part) -> KeyPart {
    let column = part
        .name
        .as_deref()
        .and_then(|name| column_index(table, name));
    KeyPart {
        of: match column {
            Some(index) => KeyPartOf::Column(table.columns[index].name.clone()),
            None => KeyPartOf::Expression(part.text.clone()),
        },
        prefix: None,
        descending: part.descending,
        collation: part.collation.clone(),
    }
}

fn foreign_key(
    table: &Table,
    constraint: &Constraint,
    reference: &Reference,
    column: Option<&str>,
) -> ForeignKey {
    let columns: Vec<String> = match column {
        Some(column) => vec![column.to_owned()],
        None => constraint
            .parts
            .iter()
            .filter_map(|part| part.name.as_deref())
            .map(|name| spelled(table, name))
            .collect(),
    };
    let fallback = format!("{}_{}_fkey", table.name.name, columns.join("_"));
    ForeignKey {
        name: constraint.name.clone().unwrap_or(fallback),
        columns,
        referenced: TableName::new(SCHEMA, &reference.table),
        referenced_columns: reference.columns.clone(),
        on_delete: reference.on_delete,
        on_update: reference.on_update,
        attributes: reference.attributes.clone(),
    }
}

/// Says what the primary key means for its columns: a single `INTEGER` column names the rowid,
/// and only there, without rowid and in strict tables does SQLite keep NULL out.
fn settle_primary_key(table: &mut Table, definition: &TableDefinition) {
    let Some(key) = table.primary_key().cloned() else {
        return;
    };
    let names_rowid = rowid_column(table).is_some();
    if names_rowid {
        // Written behind the columns, `DESC` has no effect on the rowid.
        let parts = table
            .keys
            .iter_mut()
            .filter(|key| key.kind == KeyKind::Primary);
        for part in parts.flat_map(|key| &mut key.parts) {
            part.descending = false;
        }
    }
    for name in column_names(&key) {
        let Some(index) = column_index(table, &name) else {
            continue;
        };
        let column = &mut table.columns[index];
        column.auto_increment = names_rowid;
        if names_rowid || definition.without_rowid || definition.strict {
            column.nullable = false;
        }
    }
}

/// The position of the column that is another name of the rowid.
pub(crate) fn rowid_column(table: &Table) -> Option<usize> {
    let key = table.primary_key()?;
    let [part] = key.parts.as_slice() else {
        return None;
    };
    let KeyPartOf::Column(name) = &part.of else {
        return None;
    };
    let index = column_index(table, name)?;
    let plain = !key
        .options
        .iter()
        .any(|option| option == AT_COLUMN_DESCENDING)
        && table.option(WITHOUT_ROWID).is_none();
    let integer = table.columns[index]
        .declared
        .eq_ignore_ascii_case("INTEGER");
    (plain && integer).then_some(index)
}

/// Puts an index into the common terms.
pub(crate) fn index_key(table: &Table, definition: &IndexDefinition, sql: &str) -> Key {
    Key {
        name: definition.name.clone(),
        kind: match definition.unique {
            true => KeyKind::Unique,
            false => KeyKind::Plain,
        },
        parts: definition
            .parts
            .iter()
            .map(|part| key_part(table, part))
            .collect(),
        visible: true,
        condition: definition.condition.clone(),
        comment: String::new(),
        options: vec![sql.to_owned()],
    }
}

/// Whether a key is written in the table's definition rather than as an index.
pub(crate) fn is_constraint(key: &Key) -> bool {
    key.kind == KeyKind::Primary || key.options.iter().any(|option| option == CONSTRAINT)
}

/// The statement that SQLite stores for an index, if the key brings it.
pub(crate) fn index_sql(key: &Key) -> Option<&str> {
    key.options
        .iter()
        .map(String::as_str)
        .find(|option| option.starts_with("CREATE"))
}
