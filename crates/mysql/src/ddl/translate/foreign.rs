//! Tables of another family.
//!
//! Their structure is kept: columns, keys, references. Their texts are not: expressions in another
//! dialect would have to be understood, and a wrong guess is worse than a finding.
//!
//! * **Types** come from `datatypes`.
//! * **Characters** are `utf8mb4` with a binary collation that does not pad, so that texts that
//!   differ on the source differ here.
//! * **Keys** cannot hold large objects. A key column of unbounded type becomes `VARCHAR` or
//!   `VARBINARY` of its known longest value; where that is unknown, an index takes a prefix, and
//!   a unique key is refused.
//! * **Rows** have 65,535 bytes outside of large objects. Until a row fits, the widest text that
//!   is in no key becomes a large object.
//! * **Expressions**: a generated column becomes a plain one with the values that it has; a default
//!   or check that is an expression is left out with a warning.

use std::collections::BTreeSet;

use dbferry_core::catalog::{ColumnDefault, Key, KeyKind, KeyPartOf, ReferenceAction};
use dbferry_core::{Column, DataType, Table};

use super::notes::Notes;
use super::table::constraint_name;
use crate::datatypes;
use crate::dialect;
use crate::server::Server;

/// The bytes of a key that InnoDB indexes, in characters of `utf8mb4`.
const KEY_CHARACTERS_MAX: u64 = 768;
const KEY_BYTES_MAX: u64 = 3_072;

/// The prefix of a large object that a plain key indexes.
pub(super) const PREFIX: u32 = 191;

/// What a row may have outside of large objects, less room for lengths and NULL marks.
const ROW_BYTES_MAX: u64 = 65_535 - 2_048;

pub(super) fn translate(table: &mut Table, server: &Server, notes: &mut Notes) {
    table.options = vec![("ENGINE".to_owned(), "InnoDB".to_owned())];
    if table.partitioning.take().is_some() {
        notes.warning(
            "mysql-foreign-partitions",
            "the table is not partitioned on the target",
        );
    }
    table.partitions.clear();
    table.charset = Some("utf8mb4".to_owned());
    table.collation = Some(binary_collation(server));
    bound_key_columns(table);
    for column in &mut table.columns {
        translate_column(column, server, notes);
    }
    let keys = std::mem::take(&mut table.keys);
    for (index, key) in keys.into_iter().enumerate() {
        if let Some(key) = translate_key(table, key, index, notes) {
            table.keys.push(key);
        }
    }
    translate_constraints(table, notes);
    fit_row(table, server, notes);
}

/// A collation that tells all texts apart. The usual `utf8mb4_bin` ignores spaces at the end.
fn binary_collation(server: &Server) -> String {
    ["utf8mb4_0900_bin", "utf8mb4_nopad_bin"]
        .into_iter()
        .find(|name| server.has_collation(name))
        .unwrap_or("utf8mb4_bin")
        .to_owned()
}

/// Narrows the columns of keys to their longest value, where that is known and fits a key.
fn bound_key_columns(table: &mut Table) {
    let names = key_columns(table);
    for column in table
        .columns
        .iter_mut()
        .filter(|column| names.contains(&column.name))
    {
        let narrow = match &column.data_type {
            DataType::Text {
                bytes_max: Some(bytes),
            } if *bytes <= KEY_CHARACTERS_MAX => {
                u32::try_from(*bytes).ok().map(|length| DataType::VarChar {
                    length: Some(length),
                })
            }
            DataType::Blob {
                bytes_max: Some(bytes),
            } if *bytes <= KEY_BYTES_MAX => {
                u32::try_from(*bytes)
                    .ok()
                    .map(|length| DataType::VarBinary {
                        length: Some(length),
                    })
            }
            _ => None,
        };
        if let Some(narrow) = narrow {
            column.data_type = narrow;
        }
    }
}

/// The columns of keys and references.
fn key_columns(table: &Table) -> BTreeSet<String> {
    let of_keys = table
        .keys
        .iter()
        .flat_map(|key| &key.parts)
        .filter_map(|part| match &part.of {
            KeyPartOf::Column(name) => Some(name.clone()),
            KeyPartOf::Expression(_) => None,
        });
    let of_references = table
        .foreign_keys
        .iter()
        .flat_map(|key| key.columns.iter().cloned());
    of_keys.chain(of_references).collect()
}

fn translate_column(column: &mut Column, server: &Server, notes: &mut Notes) {
    let name = column.name.escape_debug().to_string();
    match datatypes::declared(&column.data_type, server) {
        Ok(declared) => {
            // What the target's own catalog says of the type; values keep their canonical text.
            column.data_type =
                datatypes::parse(&declared).unwrap_or_else(|_| column.data_type.clone());
            column.declared = declared;
        }
        Err(error) => notes.error("mysql-type-unknown", format!("column '{name}': {error}")),
    }
    (column.charset, column.collation) = match column.data_type.is_character() {
        true => character_set(column.collation.as_deref(), server),
        false => (None, None),
    };
    column.attributes.clear();
    if column.generated.take().is_some() {
        notes.warning(
            "mysql-foreign-generated",
            format!("generated column '{name}' becomes a plain one with the values that it has"),
        );
    }
    if column.on_update.take().is_some() {
        notes.warning(
            "mysql-foreign-on-update",
            format!("column '{name}' is not set by updates"),
        );
    }
    translate_default(column, server, notes);
}

/// The collation that compares like another family's.
fn character_set(collation: Option<&str>, server: &Server) -> (Option<String>, Option<String>) {
    let name = match collation.map(str::to_ascii_uppercase).as_deref() {
        Some("NOCASE") => ["utf8mb4_0900_as_ci", "utf8mb4_uca1400_nopad_as_ci"]
            .into_iter()
            .find(|name| server.has_collation(name))
            .unwrap_or("utf8mb4_general_ci")
            .to_owned(),
        Some("RTRIM") => "utf8mb4_bin".to_owned(),
        _ => binary_collation(server),
    };
    (Some("utf8mb4".to_owned()), Some(name))
}

fn translate_default(column: &mut Column, server: &Server, notes: &mut Notes) {
    let name = column.name.escape_debug().to_string();
    let kept = match &mut column.default {
        None | Some(ColumnDefault::Literal(None)) => true,
        Some(ColumnDefault::Literal(Some(text))) => {
            if let "t" | "f" = text.as_str()
                && column.declared == "tinyint(1)"
            {
                *text = if text == "t" { "1" } else { "0" }.to_owned();
            }
            !column.data_type.is_lob() || server.has_expression_defaults()
        }
        Some(ColumnDefault::CurrentTimestamp(digits)) => match column.data_type {
            DataType::DateTime { fraction } | DataType::Timestamp { fraction } => {
                *digits = fraction;
                true
            }
            _ => false,
        },
        Some(ColumnDefault::Expression(_)) => false,
    };
    if !kept {
        column.default = None;
        notes.warning(
            "mysql-foreign-default",
            format!("the default of column '{name}' has no counterpart and is left out"),
        );
    }
}

fn translate_key(table: &Table, mut key: Key, index: usize, notes: &mut Notes) -> Option<Key> {
    if key.kind != KeyKind::Primary && key.name.is_empty() {
        key.name = constraint_name(&table.name.name, "key", &(index + 1).to_string());
    }
    let name = key.name.escape_debug().to_string();
    key.options.clear();
    let unique = matches!(key.kind, KeyKind::Primary | KeyKind::Unique);
    if key
        .parts
        .iter()
        .any(|part| matches!(part.of, KeyPartOf::Expression(_)))
    {
        let message =
            format!("key '{name}' is over an expression of another dialect and is left out");
        notes.warning("mysql-foreign-key-expression", message);
        return None;
    }
    if key.condition.take().is_some() {
        let kept = if unique {
            "is left out"
        } else {
            "covers every row"
        };
        let message =
            format!("key '{name}' covers only some rows, which the target cannot: it {kept}");
        notes.warning("mysql-foreign-key-condition", message);
        if unique {
            return None;
        }
    }
    for part in &mut key.parts {
        part.collation = None;
        let KeyPartOf::Column(column) = &part.of else {
            continue;
        };
        let unbounded = table
            .column(column)
            .is_some_and(|column| column.data_type.is_lob());
        if unbounded && part.prefix.is_none() {
            if unique {
                notes.error("mysql-unique-key-impossible", format!(
                    "key '{name}' is over column '{}', whose values have no known longest one of \
                     at most {KEY_CHARACTERS_MAX} characters",
                    column.escape_debug()
                ));
                return None;
            }
            part.prefix = Some(PREFIX);
        }
    }
    Some(key)
}

fn translate_constraints(table: &mut Table, notes: &mut Notes) {
    if !table.checks.is_empty() {
        table.checks.clear();
        notes.warning(
            "mysql-foreign-checks",
            "checks are of another dialect and are left out",
        );
    }
    let name = table.name.name.clone();
    for (index, key) in table.foreign_keys.iter_mut().enumerate() {
        if key.name.is_empty() {
            key.name = constraint_name(&name, "fk", &(index + 1).to_string());
        }
        if [key.on_delete, key.on_update].contains(&ReferenceAction::SetDefault) {
            notes.error(
                "mysql-foreign-set-default",
                format!(
                    "foreign key '{}' sets defaults, which the target cannot",
                    key.name.escape_debug()
                ),
            );
        }
        if !key.attributes.is_empty() {
            key.attributes.clear();
            notes.warning("mysql-foreign-deferrable", format!(
                "foreign key '{}' is checked with each statement, not at the end of a transaction",
                key.name.escape_debug()
            ));
        }
    }
}

/// Turns texts into large objects until a row fits.
fn fit_row(table: &mut Table, server: &Server, notes: &mut Notes) {
    let fixed = key_columns(table);
    while table.columns.iter().map(row_bytes).sum::<u64>() > ROW_BYTES_MAX {
        let widest = table
            .columns
            .iter_mut()
            .filter(|column| !fixed.contains(&column.name) && row_bytes(column) > 64)
            .max_by_key(|column| row_bytes(column));
        let Some(column) = widest else {
            notes.error(
                "mysql-row-too-wide",
                "a row has more than 65,535 bytes outside of large objects",
            );
            return;
        };
        let text = column.data_type.is_character();
        column.data_type = match text {
            true => DataType::Text {
                bytes_max: Some(65_535),
            },
            false => DataType::Blob {
                bytes_max: Some(65_535),
            },
        };
        column.declared = if text { "text" } else { "blob" }.to_owned();
        if matches!(column.default, Some(ColumnDefault::Literal(Some(_))))
            && !server.has_expression_defaults()
        {
            column.default = None;
        }
        notes.info(
            "mysql-column-widened",
            format!(
                "column '{}' becomes {}, so that a row fits",
                column.name.escape_debug(),
                dialect::identifier(&column.declared).trim_matches('`')
            ),
        );
    }
}

/// What a column takes of a row at most.
fn row_bytes(column: &Column) -> u64 {
    match &column.data_type {
        DataType::VarChar {
            length: Some(length),
        }
        | DataType::Char { length } => u64::from(*length) * 4 + 2,
        DataType::VarBinary {
            length: Some(length),
        }
        | DataType::Binary { length } => u64::from(*length) + 2,
        _ => 12,
    }
}
