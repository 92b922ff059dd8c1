//! A table as `CREATE TABLE` and `ALTER TABLE`. Pure.
//!
//! # What is created when
//!
//! | with the table | after the load | after all loads |
//! |---|---|---|
//! | columns, checks, partitions; the keys that `essential_keys` names | the other keys, the auto-increment value | foreign keys |
//!
//! * Checks are part of the table from the start: MySQL copies the whole table to add one.
//! * The other keys come in one `ALTER TABLE`, which sorts once for each and reads the rows once.
//!   InnoDB builds one full-text index per statement, and the first of a table rewrites it, so
//!   that one goes first, together with the plain keys. Keys over expressions add a hidden column
//!   each and stand apart, since only so they are built in place.
//! * Foreign keys are added in one statement, with checks off: then no row is read.

use dbferry_core::catalog::{
    Check, ColumnDefault, ForeignKey, Key, KeyKind, KeyPart, KeyPartOf, ReferenceAction,
};
use dbferry_core::target::{KeyTiming, TableStatements};
use dbferry_core::{Column, DataType, Table};

use crate::dialect;
use crate::schema::table_text::{PERIOD, SYSTEM_VERSIONING};
use crate::server::Server;
use crate::tokens::{Quoting, TokenKind, tokens};

/// The statements that define a table, for people.
pub fn statements(table: &Table, timing: KeyTiming, server: &Server) -> TableStatements {
    let later: Vec<&Key> = later_keys(table, timing);
    let mut complete = add_keys(table, &later, table.auto_increment, server);
    let foreign: Vec<&ForeignKey> = table.foreign_keys.iter().collect();
    complete.extend(add_foreign_keys(table, &foreign, server));
    TableStatements {
        create: vec![create(table, timing, server)],
        complete,
    }
}

/// The statement that creates a table.
pub(super) fn create(table: &Table, timing: KeyTiming, server: &Server) -> String {
    let later = later_keys(table, timing);
    let mut lines: Vec<String> = table
        .columns
        .iter()
        .map(|column| column_line(table, column, server))
        .collect();
    lines.extend(
        table
            .keys
            .iter()
            .filter(|key| !later.iter().any(|later| std::ptr::eq(*later, *key)))
            .map(|key| key_line(key, server)),
    );
    lines.extend(
        table
            .options
            .iter()
            .filter(|(name, _)| name == PERIOD)
            .map(|(_, period)| format!("PERIOD FOR {period}")),
    );
    lines.extend(
        table
            .checks
            .iter()
            .filter(|check| check.column.is_none())
            .map(check_line),
    );
    format!(
        "CREATE TABLE {} (\n  {}\n){}",
        dialect::object(&table.name),
        lines.join(",\n  "),
        options(table, server)
    )
}

/// The keys that are left for after the load.
fn later_keys(table: &Table, timing: KeyTiming) -> Vec<&Key> {
    match timing {
        KeyTiming::WithTable => Vec::new(),
        KeyTiming::AfterLoad => {
            let essential = essential_keys(table);
            table
                .keys
                .iter()
                .filter(|key| !essential.contains(&key.name.as_str()))
                .collect()
        }
    }
}

/// The names of the keys without which the table cannot be, or would be rewritten when they are
/// added: the primary key; without one, the unique key that InnoDB orders the rows by; and a key
/// that begins with the auto-increment column.
fn essential_keys(table: &Table) -> Vec<&str> {
    let mut essential: Vec<&Key> = table.primary_key().into_iter().collect();
    if essential.is_empty() {
        essential.extend(table.keys.iter().find(|key| orders_rows(table, key)));
    }
    if let Some(number) = table.columns.iter().find(|column| column.auto_increment) {
        let leads = |key: &Key| {
            key.parts
                .first()
                .is_some_and(|part| part.of == KeyPartOf::Column(number.name.clone()))
        };
        if !essential.iter().any(|key| leads(key)) {
            essential.extend(table.keys.iter().find(|key| leads(key)));
        }
    }
    essential.iter().map(|key| key.name.as_str()).collect()
}

fn orders_rows(table: &Table, key: &Key) -> bool {
    let never_null = |part: &KeyPart| match &part.of {
        KeyPartOf::Column(name) => {
            part.prefix.is_none() && table.column(name).is_some_and(|column| !column.nullable)
        }
        KeyPartOf::Expression(_) => false,
    };
    key.kind == KeyKind::Unique && key.parts.iter().all(never_null)
}

/// The statements that add keys and set the auto-increment value.
pub(super) fn add_keys(
    table: &Table,
    keys: &[&Key],
    auto_increment: Option<u64>,
    server: &Server,
) -> Vec<String> {
    let is_functional = |key: &Key| {
        key.parts
            .iter()
            .any(|part| matches!(part.of, KeyPartOf::Expression(_)))
    };
    let add = |key: &&Key| format!("ADD {}", key_line(key, server));
    let mut full_text = keys.iter().filter(|key| key.kind == KeyKind::FullText);
    let mut first: Vec<String> = full_text.next().iter().map(|key| add(key)).collect();
    first.extend(
        keys.iter()
            .filter(|key| key.kind != KeyKind::FullText && !is_functional(key))
            .map(add),
    );
    first.extend(auto_increment.map(|next| format!("AUTO_INCREMENT = {next}")));
    let functional = keys
        .iter()
        .filter(|key| is_functional(key))
        .map(add)
        .collect();
    let mut groups: Vec<Vec<String>> = vec![first, functional];
    groups.extend(full_text.map(|key| vec![add(key)]));
    groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| alter(table, group))
        .collect()
}

/// The statement that adds foreign keys, if there are any.
pub(super) fn add_foreign_keys(
    table: &Table,
    keys: &[&ForeignKey],
    server: &Server,
) -> Option<String> {
    let lines: Vec<String> = keys
        .iter()
        .map(|key| format!("ADD {}", foreign_key_line(table, key, server)))
        .collect();
    (!lines.is_empty()).then(|| alter(table, &lines))
}

fn alter(table: &Table, changes: &[String]) -> String {
    format!(
        "ALTER TABLE {}\n  {}",
        dialect::object(&table.name),
        changes.join(",\n  ")
    )
}

fn column_line(table: &Table, column: &Column, server: &Server) -> String {
    let mut line = format!("{} {}", dialect::identifier(&column.name), column.declared);
    push_charset(&mut line, table, column);
    let mut push = |text: &str| {
        line.push(' ');
        line.push_str(text);
    };
    if let Some(generated) = &column.generated {
        let kind = if generated.stored {
            "STORED"
        } else {
            "VIRTUAL"
        };
        push(&format!(
            "GENERATED ALWAYS AS ({}) {kind}",
            generated.expression
        ));
    }
    column
        .attributes
        .iter()
        .for_each(|attribute| push(attribute));
    if !column.nullable {
        push("NOT NULL");
    } else if matches!(column.data_type, DataType::Timestamp { .. })
        && column.generated.is_none()
        && column.attributes.is_empty()
    {
        // Without it a server of the old kind makes a timestamp column NOT NULL.
        push("NULL");
    }
    if let DataType::Geometry {
        srid: Some(srid), ..
    } = column.data_type
        && server.has_column_srid()
    {
        push(&format!("SRID {srid}"));
    }
    if let Some(default) = &column.default {
        push(&format!(
            "DEFAULT {}",
            default_text(column, default, server)
        ));
    }
    if let Some(update) = &column.on_update {
        push(&format!("ON UPDATE {update}"));
    }
    if column.auto_increment {
        push("AUTO_INCREMENT");
    }
    if column.invisible {
        push("INVISIBLE");
    }
    if !column.comment.is_empty() {
        push(&format!("COMMENT {}", dialect::string(&column.comment)));
    }
    for check in table
        .checks
        .iter()
        .filter(|check| check.column.as_ref() == Some(&column.name))
    {
        push(&format!("CHECK ({})", check.expression));
    }
    line
}

fn push_charset(line: &mut String, table: &Table, column: &Column) {
    let inherits = column.charset == table.charset && column.collation == table.collation;
    if inherits || !column.data_type.is_character() && column.data_type != DataType::Json {
        return;
    }
    if let Some(charset) = &column.charset {
        line.push_str(&format!(" CHARACTER SET {charset}"));
    }
    if let Some(collation) = &column.collation {
        line.push_str(&format!(" COLLATE {collation}"));
    }
}

fn default_text(column: &Column, default: &ColumnDefault, server: &Server) -> String {
    match default {
        ColumnDefault::Literal(None) => "NULL".to_owned(),
        ColumnDefault::Literal(Some(text)) => {
            let literal = literal_text(&column.data_type, text);
            // MySQL takes a default of a large object only in the form of an expression.
            match column.data_type.is_lob() && !server.is_mariadb() {
                true => format!("({literal})"),
                false => literal,
            }
        }
        ColumnDefault::CurrentTimestamp(0) => "CURRENT_TIMESTAMP".to_owned(),
        ColumnDefault::CurrentTimestamp(digits) => format!("CURRENT_TIMESTAMP({digits})"),
        ColumnDefault::Expression(expression) if is_literal(expression) => expression.clone(),
        ColumnDefault::Expression(expression) => format!("({expression})"),
    }
}

fn literal_text(data_type: &DataType, text: &str) -> String {
    let plain = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        !digits.is_empty()
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    match data_type {
        DataType::Integer { .. } | DataType::Decimal { .. } if plain(text) => text.to_owned(),
        _ => dialect::string(text),
    }
}

/// Whether an expression is a single literal, such as `0xFF` or `b'101'`.
fn is_literal(expression: &str) -> bool {
    match tokens(expression, Quoting::default()).as_deref() {
        Ok([number]) => number.kind == TokenKind::Number,
        Ok([prefix, string]) => {
            ["b", "x"].iter().any(|word| prefix.is_word(word)) && string.kind == TokenKind::String
        }
        _ => false,
    }
}

fn key_line(key: &Key, server: &Server) -> String {
    let (head, named) = match key.kind {
        KeyKind::Primary => ("PRIMARY KEY", false),
        KeyKind::Unique => ("UNIQUE KEY", true),
        KeyKind::Plain => ("KEY", true),
        KeyKind::FullText => ("FULLTEXT KEY", true),
        KeyKind::Spatial => ("SPATIAL KEY", true),
        KeyKind::Vector => ("VECTOR KEY", true),
    };
    let mut line = head.to_owned();
    if named {
        line.push_str(&format!(" {}", dialect::identifier(&key.name)));
    }
    let (periods, others): (Vec<&String>, Vec<&String>) = key
        .options
        .iter()
        .partition(|option| option.ends_with("WITHOUT OVERLAPS"));
    let parts: Vec<String> = key
        .parts
        .iter()
        .map(key_part)
        .chain(periods.into_iter().cloned())
        .collect();
    line.push_str(&format!(" ({})", parts.join(", ")));
    for option in others {
        line.push_str(&format!(" {option}"));
    }
    if !key.comment.is_empty() {
        line.push_str(&format!(" COMMENT {}", dialect::string(&key.comment)));
    }
    if let Some(word) = server.invisible_key_word().filter(|_| !key.visible) {
        line.push_str(&format!(" {word}"));
    }
    line
}

fn key_part(part: &KeyPart) -> String {
    let mut text = match &part.of {
        KeyPartOf::Column(name) => dialect::identifier(name),
        KeyPartOf::Expression(expression) => format!("({expression})"),
    };
    if let Some(prefix) = part.prefix {
        text.push_str(&format!("({prefix})"));
    }
    if part.descending {
        text.push_str(" DESC");
    }
    text
}

pub(super) fn check_line(check: &Check) -> String {
    let mut line = match check.name.is_empty() {
        true => String::new(),
        false => format!("CONSTRAINT {} ", dialect::identifier(&check.name)),
    };
    line.push_str(&format!("CHECK ({})", check.expression));
    if !check.enforced {
        line.push_str(" NOT ENFORCED");
    }
    line
}

fn foreign_key_line(table: &Table, key: &ForeignKey, server: &Server) -> String {
    let referenced = match key.referenced.schema == table.name.schema {
        true => dialect::identifier(&key.referenced.name),
        false => dialect::object(&key.referenced),
    };
    let mut line = format!(
        "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {referenced} ({})",
        dialect::identifier(&key.name),
        dialect::identifiers(key.columns.iter().map(String::as_str)),
        dialect::identifiers(key.referenced_columns.iter().map(String::as_str)),
    );
    // The product's default is not written: MariaDB makes NO ACTION of a RESTRICT in ALTER TABLE.
    let default = match server.is_mariadb() {
        true => ReferenceAction::Restrict,
        false => ReferenceAction::NoAction,
    };
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != default {
            line.push_str(&format!(" ON {event} {}", action.as_sql()));
        }
    }
    line
}

fn options(table: &Table, server: &Server) -> String {
    let mut text = String::new();
    let own = |name: &str| name == PERIOD || name == SYSTEM_VERSIONING;
    for (name, value) in table.options.iter().filter(|(name, _)| !own(name)) {
        // What storage engines of MariaDB define has quoted names.
        match server.is_mariadb() && value.starts_with('\'') && name != "CONNECTION" {
            true => text.push_str(&format!(" {}={value}", dialect::identifier(name))),
            false => text.push_str(&format!(" {name}={value}")),
        }
    }
    if let Some(charset) = &table.charset {
        text.push_str(&format!(" DEFAULT CHARSET={charset}"));
    }
    if let Some(collation) = &table.collation {
        text.push_str(&format!(" COLLATE={collation}"));
    }
    if !table.comment.is_empty() {
        text.push_str(&format!(" COMMENT={}", dialect::string(&table.comment)));
    }
    if table.option(SYSTEM_VERSIONING).is_some() {
        text.push_str(&format!(" {SYSTEM_VERSIONING}"));
    }
    if let Some(partitioning) = &table.partitioning {
        text.push_str(&format!("\n{partitioning}"));
    }
    text
}

#[cfg(test)]
mod tests;
