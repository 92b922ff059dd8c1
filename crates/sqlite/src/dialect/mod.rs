//! SQLite's dialect: how names and texts are quoted, and how definitions are read.
//!
//! [`tokens`] cuts statements into tokens, [`definition`] reads `CREATE TABLE` and `CREATE INDEX`
//! into a structure, [`structure`] puts that into the terms of `dbferry_core`.

pub(crate) mod constraint;
pub(crate) mod cursor;
pub(crate) mod definition;
pub(crate) mod structure;
pub(crate) mod tokens;

/// Quotes an identifier. The one way in which names come into statements.
pub(crate) fn quote(name: &str) -> String {
    enclose(name, '"')
}

/// Quotes a text value.
pub(crate) fn quote_text(text: &str) -> String {
    enclose(text, '\'')
}

/// Quotes a list of identifiers.
pub(crate) fn quote_list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(quote).collect();
    quoted.join(", ")
}

fn enclose(text: &str, mark: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(mark);
    for character in text.chars() {
        if character == mark {
            quoted.push(mark);
        }
        quoted.push(character);
    }
    quoted.push(mark);
    quoted
}

/// Whether two names are the same to SQLite, which ignores the case of ASCII letters alone.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_text("it's"), "'it''s'");
        assert_eq!(quote_list(["a", "b c"]), "\"a\", \"b c\"");
    }
}
