//! Catalogs of two servers, compared but for what the servers write in their own ways.

use dbferry_core::catalog::{Check, ColumnDefault, KeyPartOf, ReferenceAction};
use dbferry_core::{Catalog, Column, ObjectKind, StoredObject, Table};
use dbferry_mysql::tokens::{Quoting, TokenKind, tokens};

/// An expression without what the products print differently: parentheses, introducers of
/// strings, case of words, names of character sets.
fn expression(text: &str) -> String {
    let words = tokens(text, Quoting::default()).unwrap();
    let kept = words.iter().filter(|token| {
        !token.is_symbol('(') && !token.is_symbol(')') && !token.text.starts_with("_utf8")
    });
    let words: Vec<String> = kept
        .map(|token| match token.kind {
            TokenKind::Word => token
                .text
                .to_lowercase()
                .replace("current_timestamp", "now"),
            _ => token.text.to_owned(),
        })
        .collect();
    words.join(" ")
}

/// Puts a table into the form in which two servers can agree.
pub(crate) fn normal_table(table: &Table) -> Table {
    let mut table = table.clone();
    table.size = Default::default();
    table.columns.iter_mut().for_each(normal_column);
    table.keys.sort_by(|one, other| one.name.cmp(&other.name));
    for key in &mut table.keys {
        for part in &mut key.parts {
            if let KeyPartOf::Expression(text) = &mut part.of {
                *text = expression(text);
            }
        }
    }
    for key in &mut table.foreign_keys {
        for action in [&mut key.on_delete, &mut key.on_update] {
            if *action == ReferenceAction::NoAction {
                *action = ReferenceAction::Restrict;
            }
        }
    }
    table
        .foreign_keys
        .sort_by(|one, other| one.name.cmp(&other.name));
    table.checks.iter_mut().for_each(normal_check);
    table
        .checks
        .sort_by(|one, other| one.expression.cmp(&other.expression));
    table.options.sort();
    table.partitioning = table.partitioning.as_deref().map(partitioning);
    table
}

fn normal_column(column: &mut Column) {
    // Display widths come and go.
    column.declared.clear();
    if let Some(generated) = &mut column.generated {
        generated.expression =
            expression(&generated.expression).replace("convert `email` using utf8mb4", "`email`");
    }
    if let Some(ColumnDefault::Expression(text)) = &mut column.default {
        *text = expression(text);
    }
}

fn normal_check(check: &mut Check) {
    check.expression = expression(&check.expression);
}

/// MySQL prints plain names of partitions without quotes.
fn partitioning(text: &str) -> String {
    text.replace('`', "")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("year", "YEAR")
}

fn normal_object(object: &StoredObject) -> StoredObject {
    let mut object = object.clone();
    for statement in &mut object.statements {
        *statement = expression(statement).replace('`', "");
    }
    object
        .settings
        .retain(|(name, _)| name != "collation_connection");
    for (name, value) in &mut object.settings {
        if name == "sql_mode" {
            let mut modes: Vec<&str> = value.split(',').collect();
            modes.sort_unstable();
            *value = modes.join(",");
        }
    }
    object
}

/// Compares what was wanted with what is there, object by object.
pub(crate) fn assert_equal(wanted: &Catalog, there: &Catalog) {
    let names = |catalog: &Catalog| -> Vec<String> {
        catalog
            .tables
            .iter()
            .map(|table| table.name.name.clone())
            .collect()
    };
    assert_eq!(names(there), names(wanted));
    for (wanted, there) in wanted.tables.iter().zip(&there.tables) {
        let (wanted, there) = (normal_table(wanted), normal_table(there));
        for (wanted, there) in wanted.columns.iter().zip(&there.columns) {
            assert_eq!(there, wanted, "{}", wanted.name);
        }
        assert_eq!(there, wanted);
    }
    let kinds = |catalog: &Catalog| -> Vec<(ObjectKind, String)> {
        catalog
            .objects
            .iter()
            .map(|object| (object.kind, object.name.name.clone()))
            .collect()
    };
    assert_eq!(kinds(there), kinds(wanted));
    for (wanted, there) in wanted.objects.iter().zip(&there.objects) {
        assert_eq!(normal_object(there), normal_object(wanted));
    }
}
