//! `CREATE TABLE` and `CREATE INDEX`, read into a structure.
//!
//! SQLite keeps a definition as the text that its user wrote, and its pragmas tell only a part of
//! it: not the names of constraints, not `CHECK`, not `ON CONFLICT`, not whether a foreign key is
//! deferred. So the text is read here. SQLite has accepted it before, which makes the reader
//! simple: it need not find faults, only must not mistake one thing for another. The catalog
//! compares the outcome with the pragmas and refuses a table that it has not understood.

use dbferry_core::Error;

use super::constraint::{self, Constraint};
use super::cursor::{Cursor, split_list};
use super::tokens::{Kind, Token};

/// A `CREATE TABLE` statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TableDefinition {
    /// The table's name.
    pub(crate) name: String,
    /// The columns in order.
    pub(crate) columns: Vec<ColumnDefinition>,
    /// The constraints of the table.
    pub(crate) constraints: Vec<Constraint>,
    /// Whether rows are stored in the primary key.
    pub(crate) without_rowid: bool,
    /// Whether declared types are enforced.
    pub(crate) strict: bool,
}

/// A column with its constraints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnDefinition {
    /// Its name.
    pub(crate) name: String,
    /// The declared type as written; empty for none.
    pub(crate) declared: String,
    /// Its constraints in order.
    pub(crate) constraints: Vec<Constraint>,
}

/// A `CREATE INDEX` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexDefinition {
    /// The index's name.
    pub(crate) name: String,
    /// The table that it belongs to.
    pub(crate) table: String,
    /// Whether no two rows may be equal in it.
    pub(crate) unique: bool,
    /// What it indexes.
    pub(crate) parts: Vec<Part>,
    /// Which rows it covers.
    pub(crate) condition: Option<String>,
}

/// A part of an index or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The name, if the part is one that may be a column's.
    pub(crate) name: Option<String>,
    /// The part as written, without collation and order.
    pub(crate) text: String,
    /// Its own collation.
    pub(crate) collation: Option<String>,
    /// Whether from high to low.
    pub(crate) descending: bool,
}

/// Reads a `CREATE TABLE` statement.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn table(sql: &str) -> Result<TableDefinition, Error> {
    let mut cursor = Cursor::new(sql);
    if !cursor.accept(&["CREATE"]) {
        return Err(cursor.unreadable("CREATE"));
    }
    let _ = cursor.accept(&["TEMP"]) || cursor.accept(&["TEMPORARY"]);
    if !cursor.accept(&["TABLE"]) {
        return Err(cursor.unreadable("TABLE"));
    }
    let _ = cursor.accept(&["IF", "NOT", "EXISTS"]);
    let mut table = TableDefinition {
        name: object_name(&mut cursor)?,
        ..TableDefinition::default()
    };
    if !cursor.accept_mark('(') {
        return Err(cursor.unreadable("column list"));
    }
    items(&mut cursor, &mut table)?;
    table_options(&mut cursor, &mut table)?;
    Ok(table)
}

/// A name after an optional schema.
fn object_name(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let name = cursor.name()?;
    if cursor.accept_mark('.') {
        return cursor.name();
    }
    Ok(name)
}

/// The columns and constraints up to the closing parenthesis. Constraints of the table need no
/// comma between them.
fn items(cursor: &mut Cursor<'_>, table: &mut TableDefinition) -> Result<(), Error> {
    loop {
        if constraint::begins(cursor) && !table.columns.is_empty() {
            table.constraints.extend(constraint::take(cursor)?);
        } else {
            table.columns.push(column(cursor)?);
        }
        if cursor.accept_mark(')') {
            return Ok(());
        }
        let _ = cursor.accept_mark(',');
    }
}

fn column(cursor: &mut Cursor<'_>) -> Result<ColumnDefinition, Error> {
    let name = cursor.name()?;
    let declared = declared_type(cursor)?;
    let mut constraints = Vec::new();
    while !cursor.at_mark(',') && !cursor.at_mark(')') {
        constraints.extend(constraint::take_of_column(cursor)?);
    }
    Ok(ColumnDefinition {
        name,
        declared,
        constraints,
    })
}

/// Words, and at most one parenthesis of numbers.
fn declared_type(cursor: &mut Cursor<'_>) -> Result<String, Error> {
    let mut ends: Option<(Token, Token)> = None;
    while let Some(token) = cursor.peek() {
        let word = matches!(token.kind, Kind::Word | Kind::Name | Kind::Text);
        if !word || constraint::begins_of_column(cursor) {
            break;
        }
        cursor.take()?;
        ends = Some((ends.map_or(token, |(first, _)| first), token));
    }
    let Some((first, mut last)) = ends else {
        return Ok(String::new());
    };
    if cursor.at_mark('(') {
        while !cursor.at_mark(')') {
            cursor.take()?;
        }
        last = cursor.take()?;
    }
    Ok(cursor.between(first, last).to_owned())
}

fn table_options(cursor: &mut Cursor<'_>, table: &mut TableDefinition) -> Result<(), Error> {
    while cursor.peek().is_some() {
        if cursor.accept(&["WITHOUT", "ROWID"]) {
            table.without_rowid = true;
        } else if cursor.accept(&["STRICT"]) {
            table.strict = true;
        } else if !cursor.accept_mark(',') && !cursor.accept_mark(';') {
            return Err(cursor.unreadable("table option"));
        }
    }
    Ok(())
}

/// Reads a `CREATE INDEX` statement.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn index(sql: &str) -> Result<IndexDefinition, Error> {
    let mut cursor = Cursor::new(sql);
    let created = cursor.accept(&["CREATE"]);
    let unique = cursor.accept(&["UNIQUE"]);
    if !created || !cursor.accept(&["INDEX"]) {
        return Err(cursor.unreadable("CREATE INDEX"));
    }
    let _ = cursor.accept(&["IF", "NOT", "EXISTS"]);
    let name = object_name(&mut cursor)?;
    if !cursor.accept(&["ON"]) {
        return Err(cursor.unreadable("ON"));
    }
    let table = cursor.name()?;
    let parts = parts(cursor.parenthesis()?)?;
    let condition = cursor
        .accept(&["WHERE"])
        .then(|| cursor.remainder().trim_end_matches(';').trim().to_owned());
    Ok(IndexDefinition {
        name,
        table,
        unique,
        parts,
        condition,
    })
}

/// The parts of an index or key, from the text between its parentheses.
pub(crate) fn parts(sql: &str) -> Result<Vec<Part>, Error> {
    split_list(sql).into_iter().map(part).collect()
}

fn part(sql: &str) -> Result<Part, Error> {
    let mut part = Part {
        name: None,
        text: String::new(),
        collation: None,
        descending: false,
    };
    let tokens = super::tokens::tokenize(sql);
    let keyword = |at: usize, word: &str| {
        tokens.get(at).is_some_and(|token| {
            token.kind == Kind::Word && token.text(sql).eq_ignore_ascii_case(word)
        })
    };
    let mut end = tokens.len();
    if end > 2 && keyword(end - 2, "NULLS") {
        end -= 2;
    }
    if end > 1 && (keyword(end - 1, "ASC") || keyword(end - 1, "DESC")) {
        part.descending = keyword(end - 1, "DESC");
        end -= 1;
    }
    if end > 2 && keyword(end - 2, "COLLATE") {
        part.collation = Some(tokens[end - 1].value(sql));
        end -= 2;
    }
    let Some(last) = end.checked_sub(1).map(|last| tokens[last]) else {
        return Err(Cursor::new(sql).unreadable("key part"));
    };
    sql[tokens[0].start..last.end].clone_into(&mut part.text);
    if end == 1 && matches!(last.kind, Kind::Word | Kind::Name | Kind::Text) {
        part.name = Some(last.value(sql));
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_end_where_constraints_begin() {
        let check = |column: &str, declared: &str, constraints: usize| {
            let table = table(&format!("CREATE TABLE t ({column}, z)")).unwrap();
            assert_eq!(table.columns.len(), 2, "{column}");
            assert_eq!(table.columns[0].declared, declared, "{column}");
            assert_eq!(table.columns[0].constraints.len(), constraints, "{column}");
        };
        check("a", "", 0);
        check("a INT NOT NULL DEFAULT 5", "INT", 2);
        check(
            "a unsigned big int (10 , 2) UNIQUE",
            "unsigned big int (10 , 2)",
            1,
        );
        check(
            "a \"odd, type\" CHECK (a IN (',', ')'))",
            "\"odd, type\"",
            1,
        );
        check(
            "a TEXT CONSTRAINT x CHECK (1) CONSTRAINT dangling",
            "TEXT",
            1,
        );
        check("a generated always AS (1) STORED", "", 1);
        check("a generated", "generated", 0);
        check("a INT NULL ON CONFLICT IGNORE DEFAULT +5", "INT", 1);
        check("a /* , */ INT -- )\n DEFAULT -.5e+3", "INT", 1);
        check(
            "a REFERENCES t (z) MATCH FULL ON INSERT CASCADE NOT DEFERRABLE",
            "",
            1,
        );
    }

    #[test]
    fn parts_of_an_index_keep_their_clauses() {
        let sql =
            "CREATE UNIQUE INDEX i ON t (a DESC, [b c] COLLATE nocase, lower(d) ASC NULLS LAST)
                   WHERE a > 1 /* end */";
        let index = index(sql).unwrap();
        assert_eq!(
            (index.name.as_str(), index.table.as_str(), index.unique),
            ("i", "t", true)
        );
        assert_eq!(index.condition.as_deref(), Some("a > 1"));
        let names: Vec<_> = index
            .parts
            .iter()
            .map(|part| part.name.as_deref())
            .collect();
        assert_eq!(names, [Some("a"), Some("b c"), None]);
        assert!(index.parts[0].descending && !index.parts[2].descending);
        assert_eq!(index.parts[1].collation.as_deref(), Some("nocase"));
        assert_eq!(index.parts[2].text, "lower(d)");
    }

    proptest! {
        #[test]
        fn no_text_panics(
            words in proptest::collection::vec(prop_oneof![
                Just("CREATE TABLE"), Just("CREATE INDEX"), Just("t"), Just("("), Just(")"),
                Just(","), Just("PRIMARY KEY"), Just("CONSTRAINT"), Just("DEFAULT"), Just("-"),
                Just("CHECK"), Just("REFERENCES"), Just("ON"), Just("ON CONFLICT"), Just("'x'"),
                Just("\""), Just("["), Just("1.5"), Just("AS"), Just("COLLATE"), Just("DESC"),
                Just("UNIQUE"), Just("FOREIGN KEY"), Just("GENERATED ALWAYS"), Just("é"),
            ], 0..30)
        ) {
            let text = words.join(" ");
            let _ = table(&text);
            let _ = table(&format!("CREATE TABLE t ({text}"));
            let _ = index(&text);
            let _ = index(&format!("CREATE INDEX i ON t ({text}"));
        }
    }
}
