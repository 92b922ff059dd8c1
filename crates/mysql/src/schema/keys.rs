//! Keys and foreign keys in `SHOW CREATE TABLE`.

use dbferry_core::catalog::{ForeignKey, Key, KeyKind, KeyPart, KeyPartOf, ReferenceAction};
use dbferry_core::{Error, TableName};

use super::cursor::{Cursor, without_parentheses};
use crate::server::Server;
use crate::tokens::TokenKind;

/// Reads a key, up to the comma or parenthesis after it.
pub(super) fn read_key(cursor: &mut Cursor<'_>) -> Result<Key, Error> {
    let kind = read_kind(cursor)?;
    let name = match kind {
        KeyKind::Primary => String::new(),
        _ => cursor.name()?,
    };
    let mut key = Key {
        name,
        kind,
        parts: Vec::new(),
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    };
    read_parts(cursor, &mut key)?;
    while !cursor.is_symbol(',') && !cursor.is_symbol(')') {
        read_key_option(cursor, &mut key)?;
    }
    Ok(key)
}

fn read_kind(cursor: &mut Cursor<'_>) -> Result<KeyKind, Error> {
    let kind = if cursor.take_word("PRIMARY") {
        KeyKind::Primary
    } else if cursor.take_word("UNIQUE") {
        KeyKind::Unique
    } else if cursor.take_word("FULLTEXT") {
        KeyKind::FullText
    } else if cursor.take_word("SPATIAL") {
        KeyKind::Spatial
    } else if cursor.take_word("VECTOR") {
        KeyKind::Vector
    } else {
        KeyKind::Plain
    };
    if !cursor.take_word("KEY") {
        cursor.expect_word("INDEX")?;
    }
    Ok(kind)
}

fn read_parts(cursor: &mut Cursor<'_>, key: &mut Key) -> Result<(), Error> {
    cursor.expect_symbol('(')?;
    loop {
        if cursor.is_symbol('(') {
            let expression = without_parentheses(cursor.group()?).to_owned();
            let descending = read_direction(cursor);
            let of = KeyPartOf::Expression(expression);
            key.parts.push(KeyPart {
                of,
                prefix: None,
                descending,
                collation: None,
            });
        } else {
            read_column_part(cursor, key)?;
        }
        if !cursor.take_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')
}

fn read_column_part(cursor: &mut Cursor<'_>, key: &mut Key) -> Result<(), Error> {
    let start = cursor.offset();
    let name = cursor.name()?;
    if cursor.take_words(&["WITHOUT", "OVERLAPS"]) {
        // A period, not a column: it travels as written.
        key.options.push(cursor.text_since(start).to_owned());
        return Ok(());
    }
    let mut part = KeyPart::column(name);
    if cursor.take_symbol('(') {
        part.prefix = Some(cursor.number()?);
        cursor.expect_symbol(')')?;
    }
    part.descending = read_direction(cursor);
    key.parts.push(part);
    Ok(())
}

fn read_direction(cursor: &mut Cursor<'_>) -> bool {
    let descending = cursor.take_word("DESC");
    if !descending {
        cursor.take_word("ASC");
    }
    descending
}

fn read_key_option(cursor: &mut Cursor<'_>, key: &mut Key) -> Result<(), Error> {
    let start = cursor.offset();
    if cursor.take_word("COMMENT") {
        key.comment = cursor.string()?;
    } else if cursor.take_word("INVISIBLE") || cursor.take_word("IGNORED") {
        key.visible = false;
    } else if cursor.take_word("VISIBLE") || cursor.take_words(&["NOT", "IGNORED"]) {
        key.visible = true;
    } else if cursor.take_word("USING") || cursor.take_words(&["WITH", "PARSER"]) {
        cursor.name()?;
        key.options.push(cursor.text_since(start).to_owned());
    } else {
        cursor
            .next()
            .ok_or_else(|| cursor.fault("an option of a key"))?;
        if cursor.take_symbol('=') {
            cursor.next();
        }
        key.options.push(cursor.text_since(start).to_owned());
    }
    Ok(())
}

/// Reads a foreign key after its name.
pub(super) fn read_foreign_key(
    cursor: &mut Cursor<'_>,
    name: String,
    schema: &str,
    server: &Server,
) -> Result<ForeignKey, Error> {
    cursor.expect_word("FOREIGN")?;
    cursor.expect_word("KEY")?;
    if cursor
        .peek()
        .is_some_and(|token| token.kind == TokenKind::Name)
    {
        cursor.name()?;
    }
    let columns = read_names(cursor)?;
    cursor.expect_word("REFERENCES")?;
    let (other, table) = cursor.qualified_name()?;
    let referenced = TableName::new(other.unwrap_or_else(|| schema.to_owned()), table);
    let referenced_columns = read_names(cursor)?;
    // What is not printed is the product's default. Both mean the same to InnoDB, and both come
    // back as they went.
    let default = match server.is_mariadb() {
        true => ReferenceAction::Restrict,
        false => ReferenceAction::NoAction,
    };
    let mut key = ForeignKey {
        name,
        columns,
        referenced,
        referenced_columns,
        on_delete: default,
        on_update: default,
        attributes: Vec::new(),
    };
    while cursor.take_word("ON") {
        let delete = cursor.take_word("DELETE");
        if !delete {
            cursor.expect_word("UPDATE")?;
        }
        let action = read_action(cursor)?;
        if delete {
            key.on_delete = action;
        } else {
            key.on_update = action;
        }
    }
    Ok(key)
}

fn read_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Error> {
    cursor.expect_symbol('(')?;
    let mut names = vec![cursor.name()?];
    while cursor.take_symbol(',') {
        names.push(cursor.name()?);
    }
    cursor.expect_symbol(')')?;
    Ok(names)
}

fn read_action(cursor: &mut Cursor<'_>) -> Result<ReferenceAction, Error> {
    for (words, action) in [
        (&["CASCADE"][..], ReferenceAction::Cascade),
        (&["RESTRICT"], ReferenceAction::Restrict),
        (&["SET", "NULL"], ReferenceAction::SetNull),
        (&["SET", "DEFAULT"], ReferenceAction::SetDefault),
        (&["NO", "ACTION"], ReferenceAction::NoAction),
    ] {
        if cursor.take_words(words) {
            return Ok(action);
        }
    }
    Err(cursor.fault("a referential action"))
}
