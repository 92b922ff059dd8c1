//! The name of a row in a message: its key.
//!
//! Messages hold no row values. A key is the exception: without it nobody finds the row. It is
//! shown escaped and cut.

use std::fmt::Write;

/// The most bytes of a key value that are shown.
const SHOWN_BYTES_MAX: usize = 64;

/// Names a row by its key, as ` row id=5, part=2`; empty when there is no key.
pub(crate) fn row_name<'a>(key: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> String {
    let mut name = String::new();
    for (column, cell) in key {
        name.push_str(if name.is_empty() { " row " } else { ", " });
        // Writing to a `String` cannot fail.
        let _ = write!(name, "{}=", column.escape_debug());
        push_value(&mut name, cell);
    }
    name
}

fn push_value(name: &mut String, cell: Option<&[u8]>) {
    let Some(cell) = cell else {
        name.push_str("NULL");
        return;
    };
    let shown = &cell[..cell.len().min(SHOWN_BYTES_MAX)];
    match std::str::from_utf8(shown) {
        Ok(text) => name.extend(text.escape_debug()),
        Err(_) => name.push_str(&shown.escape_ascii().to_string()),
    }
    if shown.len() < cell.len() {
        name.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_escaped_and_cut() {
        let long = [b'x'; 70];
        let key: [(&str, Option<&[u8]>); 4] = [
            ("id", Some(b"5")),
            ("t", Some(b"a\nb")),
            ("b", Some(b"\xFF\0")),
            ("l", Some(&long)),
        ];
        let expected = format!(" row id=5, t=a\\nb, b=\\xff\\x00, l={}…", "x".repeat(64));
        assert_eq!(row_name(key.into_iter()), expected);
        assert_eq!(row_name(std::iter::empty()), "");
    }
}
