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
/// quoted with backticks. A text that cannot be read stays as it is.
pub(crate) fn without_schema(text: &str, schema: &str) -> String {
    let Ok(tokens) = tokens(text, Quoting::default()) else {
        return text.to_owned();
    };
    let mut result = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, window) in tokens.windows(3).enumerate() {
        let [qualifier, dot, name] = window else {
            continue;
        };
        let preceded = index > 0 && tokens[index - 1].is_symbol('.');
        if !preceded
            && qualifier.kind == TokenKind::Name
            && dot.is_symbol('.')
            && name.kind == TokenKind::Name
            && unquote_name(qualifier.text) == schema
        {
            result.push_str(&text[copied..qualifier.start]);
            copied = name.start;
        }
    }
    result.push_str(&text[copied..]);
    result
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

/// Whether an event's statement creates it switched off.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn is_disabled_event(statement: &str, quoting: Quoting) -> Result<bool, Error> {
    let tokens = tokens(statement, quoting)?;
    Ok(tokens
        .iter()
        .take_while(|token| !token.is_word("DO") && !token.is_word("COMMENT"))
        .any(|token| token.is_word("DISABLE")))
}

/// Makes an event's statement one that creates it switched off.
///
/// # Errors
/// `DefinitionUnreadable`.
pub(crate) fn disabled_event(statement: &str, quoting: Quoting) -> Result<String, Error> {
    let mut cursor = Cursor::new(statement, quoting)?;
    let mut last_end = 0;
    while let Some(token) = cursor.peek() {
        let start = token.start;
        // The body begins with DO; what precedes is expressions of time and a few keywords.
        if token.is_word("DO") {
            return Ok(spliced(statement, last_end, start, " DISABLE "));
        }
        if token.is_word("COMMENT") {
            return Ok(spliced(statement, last_end, start, " DISABLE "));
        }
        if token.is_word("ENABLE") || token.is_word("DISABLE") {
            cursor.next();
            if cursor.take_word("ON") {
                cursor.next();
            }
            return Ok(spliced(statement, start, cursor.read_to(), "DISABLE"));
        }
        cursor.next();
        last_end = cursor.read_to();
    }
    Ok(statement.to_owned())
}

fn spliced(text: &str, start: usize, end: usize, between: &str) -> String {
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
    let normal = |text: &str| -> Option<Vec<String>> {
        let tokens = tokens(text, quoting).ok()?;
        Some(tokens.iter().map(normal_token).collect())
    };
    match (normal(first), normal(second)) {
        (Some(first), Some(second)) => first == second,
        _ => first == second,
    }
}

fn normal_token(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Word => token.text.to_lowercase(),
        TokenKind::Name => unquote_name(token.text).to_lowercase(),
        _ => token.text.to_owned(),
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
            "select `s`.`t`.`c` from `s`.`t` join `o`.`t`",
            "select `t`.`c` from `t` join `o`.`t`",
        );
        check("`o`.`s`.`c`, '`s`.`t`'", "`o`.`s`.`c`, '`s`.`t`'");
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
    fn events_are_switched_off() {
        let check = |text: &str, expected: &str| {
            assert_eq!(disabled_event(text, Quoting::default()).unwrap(), expected);
        };
        check(
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE ENABLE DO SELECT 1",
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO SELECT 1",
        );
        check(
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DISABLE ON SLAVE COMMENT 'DO' DO SELECT 1",
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'DO' DO SELECT 1",
        );
        check(
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY COMMENT 'c' DO SELECT 'ENABLE'",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE COMMENT 'c' DO SELECT 'ENABLE'",
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
    }
}
