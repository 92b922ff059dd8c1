//! The dialect's spelling: the one place that quotes names and values.
//!
//! Every name and value that reaches a server passes through here. Two facts make that safe, and
//! `sessions` pins both for every connection: the client character set is `utf8mb4`, in which no
//! byte of a character can be taken for a quote or a backslash, and `sql_mode` has neither
//! `ANSI_QUOTES` nor `NO_BACKSLASH_ESCAPES`.
//!
//! Names are always quoted, so reserved words need no list.

use dbferry_core::{Code, Error, ObjectName};

/// The most characters of a name. Both products agree, except for aliases.
pub const NAME_CHARS_MAX: usize = 64;

/// Quotes a name.
pub fn identifier(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('`');
    for character in name.chars() {
        if character == '`' {
            quoted.push('`');
        }
        quoted.push(character);
    }
    quoted.push('`');
    quoted
}

/// Quotes the name of a table or another object, with its schema if it has one.
pub fn object(name: &ObjectName) -> String {
    if name.schema.is_empty() {
        identifier(&name.name)
    } else {
        format!("{}.{}", identifier(&name.schema), identifier(&name.name))
    }
}

/// Quotes names and joins them with commas.
pub fn identifiers<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(identifier).collect();
    quoted.join(", ")
}

/// Writes a text as a string literal, in the form that `SHOW CREATE TABLE` has too.
pub fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        match character {
            '\'' => quoted.push_str("''"),
            '\\' => quoted.push_str("\\\\"),
            '\0' => quoted.push_str("\\0"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

/// Writes texts as string literals and joins them with commas.
pub fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(string).collect();
    quoted.join(", ")
}

/// Writes bytes as a hexadecimal literal, which is a binary string.
pub fn bytes(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut literal = String::with_capacity(2 * bytes.len() + 3);
    literal.push_str("x'");
    for byte in bytes {
        // Writing to a `String` cannot fail.
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// Says why the servers cannot have this name for a schema, table, column, key or the like;
/// `None` when they can.
///
/// Source: MySQL manual, *Schema Object Names*; MariaDB's `check_table_name` in `sql/table.cc`.
pub fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Some("is longer than 64 characters");
    }
    if name.ends_with(' ') {
        return Some("ends with a space");
    }
    if name.contains('\0') {
        return Some("holds a zero character");
    }
    name.chars()
        .any(|character| u32::from(character) > 0xFFFF)
        .then_some("holds a character above U+FFFF, such as an emoji")
}

/// Refuses a name that the servers cannot have.
///
/// # Errors
/// `Untranslatable`, naming the fault.
pub fn check_name(name: &str) -> Result<(), Error> {
    match name_fault(name) {
        None => Ok(()),
        Some(fault) => Err(Error::definite(
            Code::Untranslatable,
            format!(
                "the name '{}' {fault}, which the server does not allow",
                name.escape_debug()
            ),
        )
        .with_hint("give it another name with a rename rule")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let check = |name: &str, quoted: &str| assert_eq!(identifier(name), quoted);
        check("orders", "`orders`");
        check("a`b", "`a``b`");
        check("``", "``````");
        check("select", "`select`");
        check("a'\"\\\nb", "`a'\"\\\nb`");
        assert_eq!(object(&ObjectName::new("s`", "t")), "`s```.`t`");
        assert_eq!(object(&ObjectName::new("", "t")), "`t`");
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(string("it's a \\ \0\n\r"), r"'it''s a \\ \0\n\r'");
        assert_eq!(strings(["a", "b"]), "'a', 'b'");
        assert_eq!(bytes(&[0, 0xab]), "x'00ab'");
        assert_eq!(bytes(&[]), "x''");
    }

    #[test]
    fn names_that_no_server_takes_are_known() {
        let check = |name: &str, fine: bool| assert_eq!(name_fault(name).is_none(), fine, "{name}");
        check("a", true);
        check(" a", true);
        check("日本", true);
        check(&"é".repeat(64), true);
        check(&"é".repeat(65), false);
        check("", false);
        check("a ", false);
        check("a\0", false);
        check("🚢", false);
        assert_eq!(check_name("🚢").unwrap_err().code(), Code::Untranslatable);
    }
}
