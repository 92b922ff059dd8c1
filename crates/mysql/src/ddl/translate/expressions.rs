//! Expressions, and the names in them that only one product knows.
//!
//! Both products print expressions in nearly the same words. What differs is the collations, which
//! are replaced as everywhere, and functions that only one of them has: a definition that calls
//! one is refused here, before anything is created, rather than by the server in the middle.
//!
//! MySQL marks every string with its character set, `_utf8mb4'…'`. MariaDB (seen with 10.11) reads
//! such a string wrongly when it stores an expression with an escaped quote in it, so the mark of
//! `utf8mb4`, in which our sessions speak anyway, is taken off for it.

use super::collation::counterpart;
use super::notes::Notes;
use crate::server::{Flavour, Server};
use crate::tokens::{Quoting, TokenKind, tokens};

/// Functions that MariaDB 11 and before lack.
const MYSQL_ONLY: &[&str] = &[
    "any_value",
    "bin_to_uuid",
    "is_uuid",
    "json_storage_size",
    "json_storage_free",
    "regexp_like",
    "st_latitude",
    "st_longitude",
    "st_transform",
    "st_swapxy",
    "string_to_vector",
    "uuid_to_bin",
    "to_vector",
];

/// Functions that MySQL 9 and before lack.
const MARIADB_ONLY: &[&str] = &[
    "add_months",
    "chr",
    "decode_oracle",
    "json_compact",
    "json_detailed",
    "json_equals",
    "json_exists",
    "json_loose",
    "json_normalize",
    "json_query",
    "kdf",
    "lastval",
    "natural_sort_key",
    "nextval",
    "nvl2",
    "setval",
    "sformat",
    "sys_guid",
    "to_char",
    "trim_oracle",
    "vec_fromtext",
    "vec_totext",
];

/// Replaces the collations of an expression, and reports what the target cannot compute.
pub(super) fn translate(expression: &mut String, server: &Server, notes: &mut Notes) {
    let Ok(found) = tokens(expression, Quoting::default()) else {
        return;
    };
    let unknown = match server.flavour {
        Flavour::MySql => MARIADB_ONLY,
        Flavour::MariaDb => MYSQL_ONLY,
    };
    for pair in found.windows(2) {
        let called = pair[0].kind == TokenKind::Word && pair[1].is_symbol('(');
        if called && unknown.contains(&pair[0].text.to_ascii_lowercase().as_str()) {
            notes.error(
                "mysql-function-missing",
                format!("the target has no function {}", pair[0].text),
            );
        }
    }
    if server.is_mariadb() {
        *expression = without_introducers(expression);
    }
    *expression = with_collations(expression, Quoting::default(), server);
}

fn without_introducers(expression: &str) -> String {
    let Ok(found) = tokens(expression, Quoting::default()) else {
        return expression.to_owned();
    };
    let mut result = expression.to_owned();
    for pair in found.windows(2).rev() {
        if pair[0].is_word("_utf8mb4") && pair[1].kind == TokenKind::String {
            result.replace_range(pair[0].start..pair[1].start, "");
        }
    }
    result
}

/// Replaces each name after `COLLATE` by its counterpart.
pub(super) fn with_collations(text: &str, quoting: Quoting, server: &Server) -> String {
    let Ok(found) = tokens(text, quoting) else {
        return text.to_owned();
    };
    let mut result = text.to_owned();
    for pair in found.windows(2).rev() {
        let name = crate::tokens::unquote_name(pair[1].text);
        if pair[0].is_word("COLLATE")
            && let Some(other) = counterpart(&name, server)
        {
            result.replace_range(pair[1].start..pair[1].end(), other.name(&name));
        }
    }
    result
}

/// Whether an expression computes something, rather than being one literal.
pub(super) fn is_computed(expression: &str) -> bool {
    tokens(expression, Quoting::default()).map_or(true, |tokens| {
        !matches!(
            tokens.as_slice(),
            [one] if matches!(one.kind, TokenKind::Number | TokenKind::String)
        ) && !matches!(tokens.as_slice(), [_, text] if text.kind == TokenKind::String)
    })
}
