//! The constraints of columns and tables.
//!
//! Both levels share their forms but for the column list, which a constraint written at a column
//! does not have: there [`Constraint::parts`] is empty and means that column.

use dbferry_core::Error;
use dbferry_core::catalog::ReferenceAction;

use super::cursor::Cursor;
use super::definition::{Part, parts};
use super::quote;
use super::tokens::Kind;

/// A constraint with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constraint {
    /// The name, if it was given one.
    pub(crate) name: Option<String>,
    /// The columns that it is about; empty for the column that it stands at.
    pub(crate) parts: Vec<Part>,
    /// What happens to a row that breaks it, such as `REPLACE`.
    pub(crate) on_conflict: Option<String>,
    /// What it demands.
    pub(crate) rule: Rule,
}

/// What a constraint demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The primary key.
    PrimaryKey {
        /// Whether used numbers are never given out again.
        autoincrement: bool,
        /// `DESC` at the column, which keeps it from naming the rowid.
        descending: bool,
    },
    /// No two rows are equal.
    Unique,
    /// An expression that is not false.
    Check(String),
    /// A reference to another table.
    References(Reference),
    /// No NULL.
    NotNull,
    /// The default.
    Default(Default),
    /// The collation.
    Collate(String),
    /// A computed value.
    Generated {
        /// How.
        expression: String,
        /// Whether it is stored.
        stored: bool,
    },
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The table referred to.
    pub(crate) table: String,
    /// Its columns; empty for its primary key.
    pub(crate) columns: Vec<String>,
    /// What its delete does.
    pub(crate) on_delete: ReferenceAction,
    /// What its update does.
    pub(crate) on_update: ReferenceAction,
    /// `MATCH` and `DEFERRABLE` clauses.
    pub(crate) attributes: Vec<String>,
}

/// A default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Default {
    /// A text.
    Text(String),
    /// A number with its sign.
    Number(String),
    /// NULL.
    Null,
    /// `CURRENT_TIMESTAMP`.
    CurrentTimestamp,
    /// Anything else, without outer parentheses.
    Expression(String),
}

/// Whether a constraint of the table comes next.
pub(crate) fn begins(cursor: &Cursor<'_>) -> bool {
    ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"]
        .iter()
        .any(|word| cursor.at_words(&[word]))
}

/// Whether a constraint of a column comes next.
pub(crate) fn begins_of_column(cursor: &Cursor<'_>) -> bool {
    const WORDS: [&str; 10] = [
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "AS",
    ];
    WORDS.iter().any(|word| cursor.at_words(&[word])) || cursor.at_words(&["GENERATED", "ALWAYS"])
}

/// Takes a constraint of the table; `None` for a name that nothing follows.
pub(crate) fn take(cursor: &mut Cursor<'_>) -> Result<Option<Constraint>, Error> {
    let name = constraint_name(cursor)?;
    if cursor.accept(&["PRIMARY", "KEY"]) {
        let (parts, autoincrement) = key_parts(cursor)?;
        let rule = Rule::PrimaryKey {
            autoincrement,
            descending: false,
        };
        return finish(cursor, name, parts, rule);
    }
    if cursor.accept(&["UNIQUE"]) {
        let (parts, _) = key_parts(cursor)?;
        return finish(cursor, name, parts, Rule::Unique);
    }
    if cursor.accept(&["CHECK"]) {
        let rule = Rule::Check(cursor.parenthesis()?.to_owned());
        return finish(cursor, name, Vec::new(), rule);
    }
    if cursor.accept(&["FOREIGN", "KEY"]) {
        let parts = parts(cursor.parenthesis()?)?;
        if !cursor.accept(&["REFERENCES"]) {
            return Err(cursor.unreadable("REFERENCES"));
        }
        let rule = Rule::References(reference(cursor)?);
        return finish(cursor, name, parts, rule);
    }
    match name {
        Some(_) => Ok(None),
        None => Err(cursor.unreadable("constraint")),
    }
}

/// Takes a constraint of a column; `None` for what demands nothing.
pub(crate) fn take_of_column(cursor: &mut Cursor<'_>) -> Result<Option<Constraint>, Error> {
    let name = constraint_name(cursor)?;
    if cursor.accept(&["NULL"]) {
        let _ = on_conflict(cursor)?;
        return Ok(None);
    }
    let named = name.is_some();
    match rule_of_column(cursor)? {
        Some(rule) => finish_of_column(cursor, name, rule),
        None if named => Ok(None),
        None => Err(cursor.unreadable("column constraint")),
    }
}

fn rule_of_column(cursor: &mut Cursor<'_>) -> Result<Option<Rule>, Error> {
    let rule = if cursor.accept(&["PRIMARY", "KEY"]) {
        let descending = cursor.accept(&["DESC"]);
        let _ = cursor.accept(&["ASC"]);
        Rule::PrimaryKey {
            autoincrement: false,
            descending,
        }
    } else if cursor.accept(&["NOT", "NULL"]) {
        Rule::NotNull
    } else if cursor.accept(&["UNIQUE"]) {
        Rule::Unique
    } else if cursor.accept(&["CHECK"]) {
        Rule::Check(cursor.parenthesis()?.to_owned())
    } else if cursor.accept(&["DEFAULT"]) {
        Rule::Default(default(cursor)?)
    } else if cursor.accept(&["COLLATE"]) {
        Rule::Collate(cursor.name()?)
    } else if cursor.accept(&["REFERENCES"]) {
        Rule::References(reference(cursor)?)
    } else if cursor.accept(&["GENERATED", "ALWAYS", "AS"]) || cursor.accept(&["AS"]) {
        generated(cursor)?
    } else {
        return Ok(None);
    };
    Ok(Some(rule))
}

fn generated(cursor: &mut Cursor<'_>) -> Result<Rule, Error> {
    let expression = cursor.parenthesis()?.to_owned();
    let stored = cursor.accept(&["STORED"]);
    let _ = cursor.accept(&["VIRTUAL"]);
    Ok(Rule::Generated { expression, stored })
}

fn constraint_name(cursor: &mut Cursor<'_>) -> Result<Option<String>, Error> {
    let mut name = None;
    while cursor.accept(&["CONSTRAINT"]) {
        name = Some(cursor.name()?);
    }
    Ok(name)
}

fn finish(
    cursor: &mut Cursor<'_>,
    name: Option<String>,
    parts: Vec<Part>,
    rule: Rule,
) -> Result<Option<Constraint>, Error> {
    let on_conflict = on_conflict(cursor)?;
    Ok(Some(Constraint {
        name,
        parts,
        on_conflict,
        rule,
    }))
}

/// As [`finish`], with the `AUTOINCREMENT` that follows the conflict clause of a column.
fn finish_of_column(
    cursor: &mut Cursor<'_>,
    name: Option<String>,
    rule: Rule,
) -> Result<Option<Constraint>, Error> {
    let mut constraint = finish(cursor, name, Vec::new(), rule)?;
    if let Some(Constraint {
        rule: Rule::PrimaryKey { autoincrement, .. },
        ..
    }) = &mut constraint
    {
        *autoincrement = cursor.accept(&["AUTOINCREMENT"]);
    }
    Ok(constraint)
}

fn on_conflict(cursor: &mut Cursor<'_>) -> Result<Option<String>, Error> {
    if !cursor.accept(&["ON", "CONFLICT"]) {
        return Ok(None);
    }
    let action = cursor.name()?.to_ascii_uppercase();
    // What happens without a clause, too.
    Ok((action != "ABORT").then_some(action))
}

/// The columns of a key and whether `AUTOINCREMENT` stands behind them.
fn key_parts(cursor: &mut Cursor<'_>) -> Result<(Vec<Part>, bool), Error> {
    let inner = cursor.parenthesis()?;
    let words = inner.trim_end();
    let cut = words.len().saturating_sub("AUTOINCREMENT".len());
    let marked = words
        .get(cut..)
        .is_some_and(|tail| tail.eq_ignore_ascii_case("AUTOINCREMENT"))
        && words[..cut].ends_with(|character: char| character.is_ascii_whitespace());
    let list = if marked { &words[..cut] } else { words };
    Ok((parts(list)?, marked))
}

fn reference(cursor: &mut Cursor<'_>) -> Result<Reference, Error> {
    let mut reference = Reference {
        table: cursor.name()?,
        columns: Vec::new(),
        on_delete: ReferenceAction::NoAction,
        on_update: ReferenceAction::NoAction,
        attributes: Vec::new(),
    };
    if cursor.at_mark('(') {
        let parts = parts(cursor.parenthesis()?)?;
        reference.columns = parts.into_iter().filter_map(|part| part.name).collect();
    }
    while reference_clause(cursor, &mut reference)? {}
    Ok(reference)
}

/// Takes one clause behind a reference, if there is one.
fn reference_clause(cursor: &mut Cursor<'_>, reference: &mut Reference) -> Result<bool, Error> {
    if cursor.accept(&["ON", "DELETE"]) {
        reference.on_delete = action(cursor)?;
    } else if cursor.accept(&["ON", "UPDATE"]) {
        reference.on_update = action(cursor)?;
    } else if cursor.accept(&["ON", "INSERT"]) {
        let _ = action(cursor)?;
    } else if cursor.accept(&["MATCH"]) {
        let name = cursor.name()?;
        reference.attributes.push(format!("MATCH {}", quote(&name)));
    } else if cursor.at_words(&["DEFERRABLE"]) || cursor.at_words(&["NOT", "DEFERRABLE"]) {
        reference.attributes.push(deferral(cursor));
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn deferral(cursor: &mut Cursor<'_>) -> String {
    let mut clause = match cursor.accept(&["NOT"]) {
        true => "NOT DEFERRABLE".to_owned(),
        false => "DEFERRABLE".to_owned(),
    };
    let _ = cursor.accept(&["DEFERRABLE"]);
    if cursor.accept(&["INITIALLY", "DEFERRED"]) {
        clause.push_str(" INITIALLY DEFERRED");
    } else if cursor.accept(&["INITIALLY", "IMMEDIATE"]) {
        clause.push_str(" INITIALLY IMMEDIATE");
    }
    clause
}

fn action(cursor: &mut Cursor<'_>) -> Result<ReferenceAction, Error> {
    let actions = [
        (&["NO", "ACTION"][..], ReferenceAction::NoAction),
        (&["RESTRICT"], ReferenceAction::Restrict),
        (&["CASCADE"], ReferenceAction::Cascade),
        (&["SET", "NULL"], ReferenceAction::SetNull),
        (&["SET", "DEFAULT"], ReferenceAction::SetDefault),
    ];
    for (words, action) in actions {
        if cursor.accept(words) {
            return Ok(action);
        }
    }
    Err(cursor.unreadable("reference action"))
}

fn default(cursor: &mut Cursor<'_>) -> Result<Default, Error> {
    if cursor.at_mark('(') {
        return Ok(Default::Expression(cursor.parenthesis()?.to_owned()));
    }
    let negative = cursor.accept_mark('-');
    let _ = !negative && cursor.accept_mark('+');
    let text = cursor.peek_text();
    let token = cursor.take()?;
    if negative {
        return Ok(Default::Number(format!("-{text}")));
    }
    Ok(match token.kind {
        Kind::Text => Default::Text(unquoted(text, '\'')),
        Kind::Name => Default::Text(unquoted(text, text.chars().next().unwrap_or('"'))),
        Kind::Literal if text.starts_with(['x', 'X']) => Default::Expression(text.to_owned()),
        Kind::Literal => Default::Number(text.to_owned()),
        Kind::Word => keyword(text),
        Kind::Other => return Err(cursor.unreadable("default")),
    })
}

fn unquoted(text: &str, mark: char) -> String {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or("");
    inner.replace(&format!("{mark}{mark}"), &mark.to_string())
}

/// A bare word as default: SQLite takes every word that it does not know for a text.
fn keyword(word: &str) -> Default {
    match word.to_ascii_uppercase().as_str() {
        "NULL" => Default::Null,
        "TRUE" => Default::Number("1".to_owned()),
        "FALSE" => Default::Number("0".to_owned()),
        "CURRENT_TIMESTAMP" => Default::CurrentTimestamp,
        upper @ ("CURRENT_DATE" | "CURRENT_TIME") => Default::Expression(upper.to_owned()),
        _ => Default::Text(word.to_owned()),
    }
}
