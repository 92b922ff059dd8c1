//! Columns of this family.
//!
//! A type without counterpart becomes the narrowest one that holds every value as text, so that
//! the values arrive exactly; the finding says what is different.

use dbferry_core::catalog::{Check, ColumnDefault};
use dbferry_core::{Column, DataType, Table};

use super::notes::Notes;
use super::{expressions, table};
use crate::dialect;
use crate::server::{Flavour, Server, Version};

pub(super) fn translate(table: &mut Table, server: &Server, notes: &mut Notes) {
    let mut json = Vec::new();
    for column in &mut table.columns {
        translate_type(column, server, notes);
        if column.data_type == DataType::Json && translate_json(column, server, notes) {
            json.push(column.name.clone());
        }
        if column.charset.is_some() || column.collation.is_some() {
            table::translate_charset(&mut column.charset, &mut column.collation, server, notes);
        }
        translate_attributes(column, server, notes);
        translate_values(column, server, notes);
    }
    for column in json {
        check_json(&mut table.checks, &column);
    }
    // Whether a table's type has a display width is a matter of the server.
    for column in &mut table.columns {
        column.declared = without_display_width(&column.declared, server);
    }
}

fn translate_type(column: &mut Column, server: &Server, notes: &mut Notes) {
    let (declared, why) = match &column.data_type {
        DataType::Uuid if !server.has_uuid_type() => {
            ("char(36)".to_owned(), "text, which sorts in another order")
        }
        DataType::Inet { version: 4 } if !server.has_inet4_type() => (
            "varchar(15)".to_owned(),
            "text, which sorts in another order",
        ),
        DataType::Inet { .. } if !server.is_mariadb() => (
            "varchar(45)".to_owned(),
            "text, which sorts in another order",
        ),
        DataType::Vector { dimensions } if !server.has_vectors() => {
            let bytes = u64::from(*dimensions) * 4;
            (
                format!("varbinary({bytes})"),
                "the same bytes, without functions for them",
            )
        }
        DataType::Other { name } => {
            let message = format!("the type '{name}' of column '{}' is unknown", shown(column));
            notes.error("mysql-type-unknown", message);
            return;
        }
        _ => return,
    };
    notes.warning(
        "mysql-type-replaced",
        format!(
            "the target has no type '{}', which column '{}' has; it becomes {declared}: {why}",
            column.declared,
            shown(column)
        ),
    );
    let text = !matches!(column.data_type, DataType::Vector { .. });
    if let Ok(data_type) = crate::datatypes::parse(&declared) {
        column.data_type = data_type;
        column.declared = declared;
    }
    if text {
        column.charset = Some("ascii".into());
        column.collation = Some("ascii_general_ci".into());
    }
}

/// MariaDB's JSON is text with a check, MySQL's a type that normalises. Each keeps what it has:
/// to MySQL the text stays text, since its type would reorder keys and drop duplicates. Tells
/// whether the column needs a check.
fn translate_json(column: &mut Column, server: &Server, notes: &mut Notes) -> bool {
    let is_text = column.declared.eq_ignore_ascii_case("longtext");
    match (server.flavour, is_text) {
        (Flavour::MySql, true) => {
            notes.info(
                "mysql-json-kept-as-text",
                format!(
                    "column '{}' stays text that must be JSON: the type JSON would reorder its \
                 members and drop duplicates",
                    shown(column)
                ),
            );
            notes.fixed_by("after the migration: ALTER TABLE … MODIFY … JSON, if you prefer that");
            column.data_type = DataType::Text {
                bytes_max: Some(u64::from(u32::MAX)),
            };
            false
        }
        (Flavour::MySql, false) => false,
        (Flavour::MariaDb, true) => true,
        (Flavour::MariaDb, false) => {
            column.declared = "longtext".into();
            column.charset = Some("utf8mb4".into());
            column.collation = Some("utf8mb4_bin".into());
            true
        }
    }
}

/// Makes sure that the check is there that makes a text a JSON column on MariaDB.
fn check_json(checks: &mut Vec<Check>, column: &str) {
    let expression = format!("json_valid({})", dialect::identifier(column));
    if !checks
        .iter()
        .any(|check| check.expression.eq_ignore_ascii_case(&expression))
    {
        let column = Some(column.to_owned());
        checks.push(Check {
            name: String::new(),
            expression,
            enforced: true,
            column,
        });
    }
}

fn translate_attributes(column: &mut Column, server: &Server, notes: &mut Notes) {
    if column.invisible && !server.has_invisible_columns() {
        let message = format!(
            "column '{}' becomes visible: the target hides none",
            shown(column)
        );
        notes.warning("mysql-column-visible", message);
        column.invisible = false;
    }
    if column.generated.is_some() && server.is_mariadb() && !column.nullable {
        notes.info(
            "mysql-generated-nullable",
            format!(
                "generated column '{}' may be NULL: the target cannot forbid it",
                shown(column)
            ),
        );
        column.nullable = true;
    }
    if let DataType::Geometry { srid, .. } = &mut column.data_type
        && srid.is_some()
        && !server.has_column_srid()
    {
        *srid = None;
        notes.warning("mysql-srid-not-enforced", format!(
            "the target does not bind column '{}' to its spatial reference system; the values keep theirs",
            column.name.escape_debug()
        ));
    }
    let mariadb = server.is_mariadb();
    let name = shown(column);
    column.attributes.retain(|attribute| {
        let known = match attribute.as_str() {
            "COMPRESSED" | "WITHOUT SYSTEM VERSIONING" | "WITH SYSTEM VERSIONING" => mariadb,
            text if text.starts_with("GENERATED ALWAYS AS ROW") => mariadb,
            text if text.starts_with("COLUMN_FORMAT") || text.starts_with("STORAGE") => !mariadb,
            _ => false,
        };
        if !known {
            let message = format!("{attribute} of column '{name}' is left out");
            notes.info("mysql-attribute-dropped", message);
        }
        known
    });
}

fn translate_values(column: &mut Column, server: &Server, notes: &mut Notes) {
    if let Some(generated) = &mut column.generated {
        expressions::translate(&mut generated.expression, server, notes);
    }
    let is_expression = match &mut column.default {
        Some(ColumnDefault::Expression(expression)) => {
            expressions::translate(expression, server, notes);
            expressions::is_computed(expression)
        }
        // MySQL takes such a default only as an expression.
        Some(ColumnDefault::Literal(Some(_))) => column.data_type.is_lob() && !server.is_mariadb(),
        _ => false,
    };
    if is_expression && !server.has_expression_defaults() {
        notes.error(
            "mysql-default-expression",
            format!(
                "the target takes no expression as the default of column '{}'",
                shown(column)
            ),
        );
    }
}

/// MySQL from 8.0.19 on has no display widths but those of `tinyint(1)` and of `zerofill`.
fn without_display_width(declared: &str, server: &Server) -> String {
    if server.is_mariadb() || server.version < Version(8, 0, 19) || declared.contains("zerofill") {
        return declared.to_owned();
    }
    if declared.eq_ignore_ascii_case("tinyint(1)") {
        return declared.to_owned();
    }
    let widths = [
        "tinyint(",
        "smallint(",
        "mediumint(",
        "int(",
        "bigint(",
        "year(",
    ];
    match widths.iter().find(|width| declared.starts_with(**width)) {
        Some(width) => {
            let rest = declared.split_once(')').map_or("", |(_, rest)| rest);
            format!("{}{rest}", width.trim_end_matches('('))
        }
        None => declared.to_owned(),
    }
}

fn shown(column: &Column) -> String {
    column.name.escape_debug().to_string()
}
