//! The statements that create views, routines, triggers and events, taken apart.
//!
//! A stored object travels as the server wrote it, less what depends on where it stood: the
//! definer stands beside the statement, and names of its own schema are not qualified, so that
//! the object can be created in another schema. Everything is found by tokens and cut out of the
//! text; nothing else of the text changes.

use dbferry_core::Error;

use super::cursor::Cursor;
use crate::dialect;
use crate::tokens::{Quoting, Token, TokenKind, tokens, unquote_name, unquote_string};

/// A statement without its definer, and the definer as `user@host`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Undefined {
    pub(crate) statement: String,
    pub(crate) definer: Option<String>,
}

/// Takes `DEFINER=user@host` out of a `CREATE` statement.
///
/// # Errors
/// `DefinitionUnreadable` when quotes are not closed.
pub(crate) fn without_definer(statement: &str, quoting: Quoting) -> Result<Undefined, Error> {
    let tokens = tokens(statement, quoting)?;
    let kind = tokens
        .iter()
        .position(|token| KINDS.iter().any(|kind| token.is_word(kind)));
    let head = &tokens[..kind.unwrap_or(tokens.len())];
    let Some(at) = head.iter().position(|token| token.is_word("DEFINER")) else {
        return Ok(Undefined {
            statement: statement.to_owned(),
            definer: None,
        });
    };
    let account = &tokens[at + 1..];
    let (definer, length) = match account {
        [equals, user, sign, host, ..] if equals.is_symbol('=') && sign.is_symbol('@') => {
            (format!("{}@{}", content(user), content(host)), 4)
        }
        [equals, role, ..] if equals.is_symbol('=') => (content(role), 2),
        _ => {
            return Ok(Undefined {
                statement: statement.to_owned(),
                definer: None,
            });
        }
    };
    let end = tokens
        .get(at + 1 + length)
        .map_or(statement.len(), |token| token.start);
    let statement = format!("{}{}", &statement[..tokens[at].start], &statement[end..]);
    Ok(Undefined {
        statement,
        definer: Some(definer),
    })
}

/// What `CREATE` can create with a definer.
const KINDS: &[&str] = &[
    "VIEW",
    "PROCEDURE",
    "FUNCTION",
    "TRIGGER",
    "EVENT",
    "PACKAGE",
];

fn content(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Name => unquote_name(token.text),
        TokenKind::String => unquote_string(token.text),
        _ => token.text.to_owned(),
    }
}

/// Puts a definer back where [`without_definer`] found it.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn with_definer(
    statement: &str,
    definer: &str,
    quoting: Quoting,
) -> Result<String, Error> {
    let mut cursor = Cursor::new(statement, quoting)?;
    cursor.expect_word("CREATE")?;
    cursor.take_words(&["OR", "REPLACE"]);
    if cursor.take_word("ALGORITHM") {
        cursor.expect_symbol('=')?;
        cursor.name()?;
    }
    let at = cursor.offset();
    let (before, after) = statement.split_at(at);
    Ok(format!("{before}DEFINER={} {after}", account(definer)))
}

/// Quotes an account that is written as `user@host`, or a role without a host.
pub(crate) fn account(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", dialect::string(user), dialect::string(host)),
        None => dialect::string(account),
    }
}

/// Takes the qualification by this schema out of an expression or statement in which names are
/// quoted with backticks, as servers print them. A text that cannot be read stays as it is.
///
/// A table may be called like its schema, and so may an alias: `shop`.`id` is then a column. So a
/// qualification is only what stands where nothing else can: before a table and its column, after
/// `from` and `join`, before the arguments of a function, and in the functions of sequences.
pub(crate) fn without_schema(text: &str, schema: &str) -> String {
    let Ok(tokens) = tokens(text, Quoting::default()) else {
        return text.to_owned();
    };
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for at in 0..tokens.len() {
        if is_qualification(&tokens, at) && unquote_name(tokens[at].text) == schema {
            result.push_str(&text[copied..tokens[at].start]);
            copied = tokens[at + 2].start;
        }
    }
    result.push_str(&text[copied..]);
    result
}

/// Whether the name at this position can only be a schema.
fn is_qualification(tokens: &[Token<'_>], at: usize) -> bool {
    let is_name = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Name)
    };
    let is_symbol = |at: usize, symbol| tokens.get(at).is_some_and(|token| token.is_symbol(symbol));
    let starts = is_name(at) && !(at > 0 && is_symbol(at - 1, '.'));
    if !starts || !is_symbol(at + 1, '.') || !is_name(at + 2) {
        return false;
    }
    let before_column = is_symbol(at + 3, '.');
    let before_arguments = is_symbol(at + 3, '(');
    before_column || before_arguments || is_place(&tokens[..at])
}

/// Whether a table or sequence must follow these tokens.
fn is_place(before: &[Token<'_>]) -> bool {
    const WORDS: &[&str] = &["from", "join", "straight_join"];
    const SEQUENCES: &[&str] = &["nextval", "lastval", "setval"];
    let is = |token: &Token<'_>, words: &[&str]| words.iter().any(|word| token.is_word(word));
    if let [.., function, open] = before
        && open.is_symbol('(')
        && is(function, SEQUENCES)
    {
        return true;
    }
    before
        .iter()
        .rev()
        .find(|token| !token.is_symbol('('))
        .is_some_and(|token| is(token, WORDS))
}

/// Takes out of a statement's head what depends on where and how it was once run: the
/// qualification by the object's own schema, and `IF NOT EXISTS`. The text of a trigger is kept by
/// MariaDB as its author wrote it, names unquoted, so the head is searched by position.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn with_plain_head(
    statement: &str,
    schema: &str,
    quoting: Quoting,
) -> Result<String, Error> {
    let tokens = tokens(statement, quoting)?;
    let Some(kind) = tokens
        .iter()
        .position(|token| KINDS.iter().any(|kind| token.is_word(kind)))
    else {
        return Ok(statement.to_owned());
    };
    let mut cuts = Vec::new();
    let mut at = kind + 1;
    if tokens.get(at).is_some_and(|token| token.is_word("BODY")) {
        at += 1;
    }
    if tokens.get(at).is_some_and(|token| token.is_word("IF")) {
        cuts.push((at, at + 3));
        at += 3;
    }
    cuts.extend(qualification(&tokens, at, schema));
    if tokens[kind].is_word("TRIGGER") {
        let on = tokens.iter().skip(at).position(|token| token.is_word("ON"));
        cuts.extend(on.and_then(|on| qualification(&tokens, at + on + 1, schema)));
    }
    let mut text = statement.to_owned();
    for (from, to) in cuts.into_iter().rev() {
        let end = tokens.get(to).map_or(statement.len(), |token| token.start);
        text.replace_range(tokens[from].start..end, "");
    }
    Ok(text)
}

/// The tokens of `schema.` before a name.
fn qualification(tokens: &[Token<'_>], at: usize, schema: &str) -> Option<(usize, usize)> {
    let qualifier = tokens.get(at)?;
    let qualified = tokens.get(at + 1)?.is_symbol('.') && content(qualifier) == schema;
    qualified.then_some((at, at + 2))
}

pub(super) fn spliced(text: &str, start: usize, end: usize, between: &str) -> String {
    format!("{}{between}{}", &text[..start], &text[end..])
}

/// Gives the object that a statement creates another name.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn renamed(statement: &str, name: &str, quoting: Quoting) -> Result<String, Error> {
    let tokens = tokens(statement, quoting)?;
    let kind = tokens
        .iter()
        .position(|token| KINDS.iter().any(|kind| token.is_word(kind)));
    let Some(token) = kind.and_then(|kind| tokens.get(kind + 1)) else {
        return Ok(statement.to_owned());
    };
    Ok(spliced(
        statement,
        token.start,
        token.end(),
        &dialect::identifier(name),
    ))
}

/// Whether two statements are the same but for white space, quotes around names and the case of
/// keywords.
pub(crate) fn same(first: &str, second: &str, quoting: Quoting) -> bool {
    match (tokens(first, quoting), tokens(second, quoting)) {
        (Ok(first), Ok(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .zip(&second)
                    .all(|(one, other)| is_same_token(one, other))
        }
        _ => first == second,
    }
}

fn is_same_token(one: &Token<'_>, other: &Token<'_>) -> bool {
    use TokenKind::{Name, Word};
    match (one.kind, other.kind) {
        (Word, Word) => one.text.eq_ignore_ascii_case(other.text),
        (Word | Name, Word | Name) => unquote_name(one.text) == unquote_name(other.text),
        _ => one.text == other.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definers_come_off_and_go_back() {
        let check = |text: &str, rest: &str, definer: Option<&str>, back: &str| {
            let undefined = without_definer(text, Quoting::default()).unwrap();
            assert_eq!(undefined.statement, rest);
            assert_eq!(undefined.definer.as_deref(), definer);
            if let Some(definer) = definer {
                assert_eq!(
                    with_definer(rest, definer, Quoting::default()).unwrap(),
                    back
                );
            }
        };
        check(
            "CREATE ALGORITHM=MERGE DEFINER=`a``b`@`%` SQL SECURITY INVOKER VIEW `v` AS select 1",
            "CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v` AS select 1",
            Some("a`b@%"),
            "CREATE ALGORITHM=MERGE DEFINER='a`b'@'%' SQL SECURITY INVOKER VIEW `v` AS select 1",
        );
        check(
            "CREATE DEFINER='u'@'h' TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @definer = 1",
            "CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @definer = 1",
            Some("u@h"),
            "CREATE DEFINER='u'@'h' TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @definer = 1",
        );
        check(
            "CREATE PROCEDURE p() SELECT 'DEFINER=x'",
            "CREATE PROCEDURE p() SELECT 'DEFINER=x'",
            None,
            "",
        );
        check(
            "CREATE DEFINER=`role` VIEW v AS select 1",
            "CREATE VIEW v AS select 1",
            Some("role"),
            "CREATE DEFINER='role' VIEW v AS select 1",
        );
    }

    #[test]
    fn the_own_schema_is_not_named() {
        let check = |text: &str, expected: &str| assert_eq!(without_schema(text, "s"), expected);
        check("nextval(`s`.`n`)", "nextval(`n`)");
        check(
            "select `s`.`t`.`c`,`s`.`f`(1) from (`s`.`t` join `o`.`t`)",
            "select `t`.`c`,`f`(1) from (`t` join `o`.`t`)",
        );
        check("`o`.`s`.`c`, '`s`.`t`'", "`o`.`s`.`c`, '`s`.`t`'");
        let alias = "select `s`.`id` AS `id`,concat(`s`.`a`,`s`.`b`) from (`s` join `u` `t`)";
        check(alias, alias);
    }

    #[test]
    fn heads_become_plain() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                with_plain_head(text, "s", Quoting::default()).unwrap(),
                expected
            );
        };
        check(
            "CREATE TRIGGER IF NOT EXISTS s.t BEFORE INSERT ON `s`.o FOR EACH ROW SET @x = s.f()",
            "CREATE TRIGGER t BEFORE INSERT ON o FOR EACH ROW SET @x = s.f()",
        );
        check(
            "CREATE VIEW `s`.`v` AS select 1",
            "CREATE VIEW `v` AS select 1",
        );
        check(
            "CREATE TRIGGER t AFTER DELETE ON o.x FOR EACH ROW SET @a = 1",
            "CREATE TRIGGER t AFTER DELETE ON o.x FOR EACH ROW SET @a = 1",
        );
        check(
            "CREATE SEQUENCE `q` start with 1",
            "CREATE SEQUENCE `q` start with 1",
        );
    }

    #[test]
    fn statements_are_compared_by_their_words() {
        let check = |first: &str, second: &str, equal: bool| {
            assert_eq!(
                same(first, second, Quoting::default()),
                equal,
                "{first} / {second}"
            );
        };
        check(
            "CREATE TRIGGER a ON t",
            "create  trigger `a`\n on `t`",
            true,
        );
        check("SELECT 'A'", "SELECT 'a'", false);
        check("SELECT 1", "SELECT 2", false);
        check("SELECT 1 FROM `Mixed`", "SELECT 1 FROM `mixed`", false);
        check("SELECT 1 FROM Mixed", "select 1 from `Mixed`", true);
    }
}
