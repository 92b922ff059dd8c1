//! `SHOW CREATE TABLE`, understood.
//!
//! The grammar is the one that both products print, which is far smaller than the one that they
//! accept: quoted names, one definition per line, options in `NAME=value` form, the partitioning
//! clause last. MySQL hides what older versions lack in versioned comments, which `tokens` reads
//! as code.
//!
//! What has no field in [`Table`] is kept in the table's options under a name of its own, so that
//! a target of the same product gets it back: `PERIOD` for the periods of MariaDB's temporal
//! tables, and `WITH SYSTEM VERSIONING`.

use dbferry_core::catalog::Check;
use dbferry_core::{Error, Table, TableName};

use super::columns;
use super::cursor::{Cursor, without_parentheses};
use super::keys;
use super::text::has_escaped_bytes;
use crate::server::Server;
use crate::tokens::{Quoting, TokenKind, unreadable};

/// The option under which a period of a temporal table is kept.
pub(crate) const PERIOD: &str = "PERIOD";

/// The option of a system-versioned table.
pub(crate) const SYSTEM_VERSIONING: &str = "WITH SYSTEM VERSIONING";

/// Reads the definition of a table.
///
/// # Errors
/// `DefinitionUnreadable`, naming the table.
pub(super) fn parse(name: &TableName, text: &str, server: &Server) -> Result<Table, Error> {
    parse_unnamed(name, text, server).map_err(|error| error.with_object(name))
}

fn parse_unnamed(name: &TableName, text: &str, server: &Server) -> Result<Table, Error> {
    let mut cursor = Cursor::new(text, Quoting::default())?;
    let mut table = Table::new(name.clone());
    cursor.expect_word("CREATE")?;
    cursor.take_word("TEMPORARY");
    cursor.expect_word("TABLE")?;
    cursor.qualified_name()?;
    cursor.expect_symbol('(')?;
    loop {
        read_definition(&mut cursor, &mut table, server)?;
        if !cursor.take_symbol(',') {
            break;
        }
    }
    cursor.expect_symbol(')')?;
    while !cursor.at_end() && !cursor.is_word("PARTITION") {
        read_option(&mut cursor, &mut table)?;
        cursor.take_symbol(',');
    }
    if cursor.is_word("PARTITION") {
        table.partitioning = Some(cursor.rest().to_owned());
        table.partitions = read_partition_names(&mut cursor)?;
    }
    settle_charsets(&mut table, server);
    settle_own_schema(&mut table);
    refuse_escaped_bytes(&table)?;
    Ok(table)
}

/// Reads one line between the outer parentheses.
fn read_definition(
    cursor: &mut Cursor<'_>,
    table: &mut Table,
    server: &Server,
) -> Result<(), Error> {
    if cursor
        .peek()
        .is_some_and(|token| token.kind == TokenKind::Name)
    {
        let line = columns::read(cursor, server)?;
        table.columns.push(line.column);
        table.checks.extend(line.checks);
        return Ok(());
    }
    if cursor.take_word("CONSTRAINT") {
        let name = cursor.name()?;
        return read_constraint(cursor, table, name, server);
    }
    if cursor.take_words(&["PERIOD", "FOR"]) {
        let start = cursor.offset();
        cursor.name()?;
        cursor.group()?;
        table
            .options
            .push((PERIOD.into(), cursor.text_since(start).to_owned()));
        return Ok(());
    }
    if cursor.is_word("CHECK") || cursor.is_word("FOREIGN") {
        return read_constraint(cursor, table, String::new(), server);
    }
    table.keys.push(keys::read_key(cursor)?);
    Ok(())
}

fn read_constraint(
    cursor: &mut Cursor<'_>,
    table: &mut Table,
    name: String,
    server: &Server,
) -> Result<(), Error> {
    if cursor.take_word("CHECK") {
        let expression = without_parentheses(cursor.group()?).to_owned();
        let enforced = !cursor.take_words(&["NOT", "ENFORCED"]);
        table.checks.push(Check {
            name,
            expression,
            enforced,
            column: None,
        });
        return Ok(());
    }
    let key = keys::read_foreign_key(cursor, name, &table.name.schema, server)?;
    table.foreign_keys.push(key);
    Ok(())
}

/// Reads `NAME=value`, `DEFAULT CHARSET=x`, or an option without a sign of equality.
fn read_option(cursor: &mut Cursor<'_>, table: &mut Table) -> Result<(), Error> {
    if cursor.take_words(&["WITH", "SYSTEM", "VERSIONING"]) {
        table
            .options
            .push((SYSTEM_VERSIONING.into(), String::new()));
        return Ok(());
    }
    cursor.take_word("DEFAULT");
    let name = read_option_name(cursor)?;
    cursor.take_symbol('=');
    match name.as_str() {
        "CHARSET" | "CHARACTER SET" => table.charset = Some(cursor.name()?),
        "COLLATE" => table.collation = Some(cursor.name()?),
        "COMMENT" => table.comment = cursor.string()?,
        "AUTO_INCREMENT" => table.auto_increment = Some(cursor.number()?),
        _ => {
            let value = read_option_value(cursor)?;
            table.options.push((name, value));
        }
    }
    Ok(())
}

/// Reads an option's name. MariaDB quotes the names of what storage engines define.
fn read_option_name(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let quoted = cursor
        .peek()
        .is_some_and(|token| token.kind == TokenKind::Name);
    let name = cursor.name()?;
    if quoted {
        return Ok(name);
    }
    let second = ["SET", "DIRECTORY"]
        .iter()
        .find(|word| cursor.is_word(word));
    Ok(match second {
        Some(second) => {
            cursor.next();
            format!("{} {second}", name.to_ascii_uppercase())
        }
        None => name.to_ascii_uppercase(),
    })
}

/// Reads an option's value as written, quotes included.
fn read_option_value(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let start = cursor.offset();
    if cursor.is_symbol('(') {
        cursor.group()?;
    } else {
        cursor.next().ok_or_else(|| cursor.fault("a value"))?;
    }
    Ok(cursor.text_since(start).to_owned())
}

/// Collects the names of the partitions: `PARTITION name` inside of the outermost parentheses of
/// the list, or `p0`, `p1`, … where only their number is given.
fn read_partition_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Error> {
    let (mut names, mut count, mut depth) = (Vec::new(), None, 0_usize);
    cursor.expect_word("PARTITION")?;
    while let Some(token) = cursor.next() {
        if token.is_symbol('(') {
            depth += 1;
        } else if token.is_symbol(')') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is_word("PARTITIONS") {
            count = Some(cursor.number::<usize>()?);
        } else if depth == 1 && token.is_word("PARTITION") {
            names.push(cursor.name()?);
        }
    }
    if names.is_empty() {
        names.extend((0..count.unwrap_or(0)).map(|index| format!("p{index}")));
    }
    Ok(names)
}

/// Fills in the character sets and collations that a line leaves out because they are the
/// table's, or the default of the set.
fn settle_charsets(table: &mut Table, server: &Server) {
    settle_pair(&mut table.charset, &mut table.collation, server);
    let (charset, collation) = (table.charset.clone(), table.collation.clone());
    for column in &mut table.columns {
        if !column.data_type.is_character()
            && column.charset.is_none()
            && column.collation.is_none()
        {
            continue;
        }
        if column.charset.is_none() && column.collation.is_none() {
            column.charset.clone_from(&charset);
            column.collation.clone_from(&collation);
        }
        settle_pair(&mut column.charset, &mut column.collation, server);
    }
}

fn settle_pair(charset: &mut Option<String>, collation: &mut Option<String>, server: &Server) {
    if let (None, Some(name)) = (&charset, &collation) {
        *charset = server.charset_of(name).map(str::to_owned);
    }
    if let (Some(name), None) = (&charset, &collation) {
        *collation = server.default_collation(name).map(str::to_owned);
    }
}

/// Takes the table's own schema out of expressions (`nextval(`shop`.`numbers`)`), so that they
/// mean the schema that the table is created in.
fn settle_own_schema(table: &mut Table) {
    let schema = table.name.schema.clone();
    for column in &mut table.columns {
        if let Some(dbferry_core::catalog::ColumnDefault::Expression(expression)) =
            &mut column.default
        {
            *expression = super::statement::without_schema(expression, &schema);
        }
    }
}

/// Bytes that are no text are understood in defaults alone.
fn refuse_escaped_bytes(table: &Table) -> Result<(), Error> {
    let texts = [
        &table.comment,
        table.partitioning.as_ref().unwrap_or(&table.comment),
    ]
    .into_iter()
    .chain(
        table
            .columns
            .iter()
            .flat_map(|column| [&column.name, &column.declared, &column.comment]),
    )
    .chain(table.columns.iter().filter_map(|column| {
        column
            .generated
            .as_ref()
            .map(|generated| &generated.expression)
    }))
    .chain(table.checks.iter().map(|check| &check.expression));
    for text in texts {
        if has_escaped_bytes(text) {
            return Err(unreadable("the definition holds bytes that are not UTF-8"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
