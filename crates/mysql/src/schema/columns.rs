//! One column's line of `SHOW CREATE TABLE`.
//!
//! Both products print a type, then attributes in any of several orders; what is not known is
//! kept as written in `attributes`, up to the comma that ends the line.

use dbferry_core::catalog::{Check, ColumnDefault, Generated};
use dbferry_core::{Column, DataType, Error};

use super::cursor::{Cursor, without_parentheses};
use super::text::{escaped_bytes, has_escaped_bytes};
use crate::datatypes;
use crate::server::Server;
use crate::tokens::{Quoting, TokenKind};

/// What a column's line says beside the column.
#[derive(Debug)]
pub(super) struct ColumnLine {
    pub(super) column: Column,
    pub(super) checks: Vec<Check>,
}

/// Reads a column, up to the comma or parenthesis after it. Character set and collation stay
/// empty where the line does not name them.
pub(super) fn read(cursor: &mut Cursor<'_>, server: &Server) -> Result<ColumnLine, Error> {
    let name = cursor.name()?;
    let declared = read_type(cursor)?;
    let data_type = datatypes::parse(&declared)?;
    let mut line = ColumnLine {
        column: Column::new(name, data_type, declared),
        checks: Vec::new(),
    };
    while !cursor.is_symbol(',') && !cursor.is_symbol(')') {
        line.read_attribute(cursor)?;
    }
    line.settle(server);
    Ok(line)
}

/// Reads the type with its arguments and the words that belong to it.
fn read_type(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let start = cursor.offset();
    cursor.name()?;
    if cursor.is_symbol('(') {
        cursor.group()?;
    }
    while cursor.take_word("unsigned") || cursor.take_word("zerofill") || cursor.take_word("signed")
    {
    }
    Ok(cursor.text_since(start).to_owned())
}

impl ColumnLine {
    fn read_attribute(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        let column = &mut self.column;
        if cursor.take_words(&["CHARACTER", "SET"]) {
            column.charset = Some(cursor.name()?);
        } else if cursor.take_word("COLLATE") {
            column.collation = Some(cursor.name()?);
        } else if cursor.take_words(&["NOT", "NULL"]) {
            column.nullable = false;
        } else if cursor.take_word("NULL") {
            column.nullable = true;
        } else if cursor.take_word("DEFAULT") {
            column.default = Some(read_default(cursor, &column.data_type)?);
        } else if cursor.take_words(&["ON", "UPDATE"]) {
            column.on_update = Some(read_expression(cursor)?);
        } else if cursor.take_word("AUTO_INCREMENT") {
            column.auto_increment = true;
        } else if cursor.take_word("COMMENT") {
            column.comment = cursor.string()?;
        } else if cursor.take_words(&["GENERATED", "ALWAYS", "AS"]) {
            self.read_generated(cursor)?;
        } else if cursor.take_word("INVISIBLE") {
            column.invisible = true;
        } else if cursor.take_word("SRID") || cursor.take_word("REF_SYSTEM_ID") {
            cursor.take_symbol('=');
            let id = cursor.number()?;
            if let DataType::Geometry { srid, .. } = &mut column.data_type {
                *srid = Some(id);
            }
        } else if cursor.take_word("CHECK") {
            self.checks.push(Check {
                name: String::new(),
                expression: without_parentheses(cursor.group()?).to_owned(),
                enforced: true,
                column: Some(column.name.clone()),
            });
        } else {
            let attribute = read_unknown(cursor)?;
            column.attributes.push(attribute);
        }
        Ok(())
    }

    fn read_generated(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Error> {
        if cursor.take_word("ROW") {
            let end = cursor
                .next()
                .map_or("", |token| token.text)
                .to_ascii_uppercase();
            self.column
                .attributes
                .push(format!("GENERATED ALWAYS AS ROW {end}"));
            return Ok(());
        }
        let expression = without_parentheses(cursor.group()?).to_owned();
        let stored = cursor.take_word("STORED") || cursor.take_word("PERSISTENT");
        if !stored {
            cursor.expect_word("VIRTUAL")?;
        }
        self.column.generated = Some(Generated { expression, stored });
        Ok(())
    }

    /// Brings what the products write differently into one form.
    fn settle(&mut self, server: &Server) {
        let column = &mut self.column;
        // MariaDB writes `DEFAULT NULL` at large objects, MySQL only at some.
        if column.data_type.is_lob() && column.default == Some(ColumnDefault::Literal(None)) {
            column.default = None;
        }
        // MariaDB has no JSON type: a check makes it one.
        let is_json = |check: &Check| {
            check.expression.eq_ignore_ascii_case(&format!(
                "json_valid({})",
                crate::dialect::identifier(&column.name)
            ))
        };
        if server.is_mariadb()
            && column.declared.eq_ignore_ascii_case("longtext")
            && self.checks.iter().any(is_json)
        {
            column.data_type = DataType::Json;
        }
    }
}

/// Reads a default: a literal, the current time, or an expression.
fn read_default(cursor: &mut Cursor<'_>, data_type: &DataType) -> Result<ColumnDefault, Error> {
    let start = cursor.offset();
    if cursor.is_symbol('(') {
        let expression = without_parentheses(cursor.group()?);
        return Ok(match quoted_text(expression) {
            Some(text) => literal(text, data_type),
            None => ColumnDefault::Expression(expression.to_owned()),
        });
    }
    if cursor.take_word("NULL") {
        return Ok(ColumnDefault::Literal(None));
    }
    if is_now(cursor) {
        return Ok(ColumnDefault::CurrentTimestamp(read_now(cursor)?));
    }
    let negative = cursor.take_symbol('-');
    let kind = cursor.peek().map(|token| token.kind);
    match kind {
        Some(TokenKind::String) => Ok(literal(cursor.string()?, data_type)),
        Some(TokenKind::Number) => {
            let text = cursor.next().map_or("", |token| token.text);
            if text.starts_with("0x") || text.starts_with("0b") {
                return Ok(ColumnDefault::Expression(text.to_owned()));
            }
            let sign = if negative { "-" } else { "" };
            Ok(literal(format!("{sign}{text}"), data_type))
        }
        _ => {
            read_expression(cursor)?;
            Ok(ColumnDefault::Expression(
                cursor.text_since(start).to_owned(),
            ))
        }
    }
}

/// The content of an expression that is nothing but a string: MySQL writes the defaults of large
/// objects so.
fn quoted_text(expression: &str) -> Option<String> {
    let mut cursor = Cursor::new(expression, Quoting::default()).ok()?;
    cursor.take_word("_utf8mb4");
    let text = cursor.string().ok()?;
    cursor.at_end().then_some(text)
}

/// Brings a literal into canonical form. Bytes that are no text become a hexadecimal literal.
fn literal(text: String, data_type: &DataType) -> ColumnDefault {
    if has_escaped_bytes(&text) || (data_type.is_binary() && !text.is_ascii()) {
        use std::fmt::Write;
        let mut hex = String::from("0x");
        for byte in escaped_bytes(&text) {
            // Writing to a `String` cannot fail.
            let _ = write!(hex, "{byte:02X}");
        }
        return ColumnDefault::Expression(hex);
    }
    let text = match data_type {
        DataType::Integer { .. } => without_leading_zeros(&text).to_owned(),
        _ => text,
    };
    ColumnDefault::Literal(Some(text))
}

/// `ZEROFILL` columns show their defaults filled up.
fn without_leading_zeros(text: &str) -> &str {
    let digits = text.trim_start_matches('0');
    match digits.is_empty() {
        true if !text.is_empty() => "0",
        _ => digits,
    }
}

fn is_now(cursor: &Cursor<'_>) -> bool {
    ["CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"]
        .iter()
        .any(|word| cursor.is_word(word))
}

/// Reads `CURRENT_TIMESTAMP`, `current_timestamp()` or `CURRENT_TIMESTAMP(6)`; gives the digits.
fn read_now(cursor: &mut Cursor<'_>) -> Result<u8, Error> {
    cursor.next();
    if !cursor.is_symbol('(') {
        return Ok(0);
    }
    let digits = cursor.group()?;
    if digits.is_empty() {
        return Ok(0);
    }
    digits
        .parse()
        .map_err(|_| cursor.fault("digits of a fraction"))
}

/// Reads an expression that stands without parentheses around it: a call, a name, a literal.
fn read_expression(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    if is_now(cursor) {
        let digits = read_now(cursor)?;
        return Ok(match digits {
            0 => "CURRENT_TIMESTAMP".into(),
            digits => format!("CURRENT_TIMESTAMP({digits})"),
        });
    }
    let start = cursor.offset();
    let first = cursor.next().ok_or_else(|| cursor.fault("an expression"))?;
    let introduces = first.kind == TokenKind::Word
        && cursor
            .peek()
            .is_some_and(|token| token.kind == TokenKind::String);
    if introduces {
        cursor.next();
    }
    while cursor.take_symbol('.') {
        cursor.name()?;
    }
    if cursor.is_symbol('(') {
        cursor.group()?;
    }
    Ok(cursor.text_since(start).to_owned())
}

/// Reads an attribute that has no field of its own: a word, its value or its further words.
fn read_unknown(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    for words in [
        &["WITHOUT", "SYSTEM", "VERSIONING"][..],
        &["WITH", "SYSTEM", "VERSIONING"],
        &["COLUMN_FORMAT", "FIXED"],
        &["COLUMN_FORMAT", "DYNAMIC"],
        &["STORAGE", "DISK"],
        &["STORAGE", "MEMORY"],
        &["COMPRESSED"],
    ] {
        if cursor.take_words(words) {
            return Ok(words.join(" "));
        }
    }
    let start = cursor.offset();
    cursor.next().ok_or_else(|| cursor.fault("an attribute"))?;
    if cursor.take_symbol('=') {
        cursor.next();
    }
    if cursor.is_symbol('(') {
        cursor.group()?;
    }
    Ok(cursor.text_since(start).to_owned())
}
