//! Keys of this family.
//!
//! A key that only makes queries fast may be left out with a warning. One that keeps values
//! unique may not: without it the target would take rows that the source refuses.

use dbferry_core::Table;
use dbferry_core::catalog::{Key, KeyKind, KeyPartOf};

use super::expressions;
use super::notes::Notes;
use crate::server::Server;

pub(super) fn translate(table: &mut Table, server: &Server, notes: &mut Notes) {
    let keys = std::mem::take(&mut table.keys);
    for mut key in keys {
        if translate_key(table, &mut key, server, notes) {
            table.keys.push(key);
        }
    }
}

/// Translates a key; tells whether the target can have it.
fn translate_key(table: &Table, key: &mut Key, server: &Server, notes: &mut Notes) -> bool {
    let name = key.name.escape_debug().to_string();
    if let Some(fault) = fault(table, key, server) {
        let message = format!("key '{name}' {fault}");
        match key.kind {
            KeyKind::Primary | KeyKind::Unique => {
                notes.error("mysql-unique-key-impossible", message)
            }
            _ => notes.warning("mysql-key-dropped", format!("{message}; it is left out")),
        }
        return false;
    }
    if !server.has_descending_keys() && key.parts.iter().any(|part| part.descending) {
        notes.warning(
            "mysql-key-ascending",
            format!("the target has no descending parts of keys; '{name}' ascends"),
        );
        key.parts
            .iter_mut()
            .for_each(|part| part.descending = false);
    }
    if !key.visible && server.invisible_key_word().is_none() {
        notes.warning(
            "mysql-key-visible",
            format!("the target hides no keys; '{name}' becomes visible"),
        );
        key.visible = true;
    }
    for part in &mut key.parts {
        if let KeyPartOf::Expression(expression) = &mut part.of {
            expressions::translate(expression, server, notes);
        }
    }
    translate_options(key, server, notes);
    true
}

/// Why the target cannot have a key.
fn fault(table: &Table, key: &Key, server: &Server) -> Option<&'static str> {
    let functional = key
        .parts
        .iter()
        .any(|part| matches!(part.of, KeyPartOf::Expression(_)));
    if functional && !server.has_functional_keys() {
        return Some("is over an expression, which the target cannot index");
    }
    if server.is_mariadb() {
        return None;
    }
    if key.kind == KeyKind::Vector {
        return Some("is over vectors, which the target cannot index");
    }
    if key
        .options
        .iter()
        .any(|option| option.ends_with("WITHOUT OVERLAPS"))
    {
        return Some("keeps periods from overlapping, which the target cannot");
    }
    let whole_lob = |part: &dbferry_core::catalog::KeyPart| match &part.of {
        KeyPartOf::Column(column) => {
            part.prefix.is_none()
                && table
                    .column(column)
                    .is_some_and(|column| column.data_type.is_lob())
        }
        KeyPartOf::Expression(_) => false,
    };
    let ordered = matches!(
        key.kind,
        KeyKind::Primary | KeyKind::Unique | KeyKind::Plain
    );
    (ordered && key.parts.iter().any(whole_lob))
        .then_some("is over the whole of a large object, which the target cannot index")
}

fn translate_options(key: &mut Key, server: &Server, notes: &mut Notes) {
    let mariadb = server.is_mariadb();
    let name = key.name.escape_debug().to_string();
    key.options.retain(|option| {
        let parser = option.starts_with("WITH PARSER");
        let kept = match option.as_str() {
            "USING BTREE" | "USING HASH" | "USING RTREE" => true,
            text if text.starts_with("KEY_BLOCK_SIZE") => true,
            text if text.contains("WITHOUT OVERLAPS") => mariadb,
            text if text.starts_with("WITH PARSER") => !mariadb,
            _ => mariadb,
        };
        if !kept && parser {
            let message =
                format!("key '{name}' splits words as the target does: it lacks {option}");
            notes.warning("mysql-key-parser", message);
        } else if !kept {
            notes.info(
                "mysql-key-option-dropped",
                format!("{option} of key '{name}' is left out"),
            );
        }
        kept
    });
}
