//! Whether an event acts, in the statement that creates it.
//!
//! An event's state stands between its schedule and its body, which begins with `DO`. What
//! precedes the body is expressions of time and a few keywords; a comment comes last.

use dbferry_core::Error;

use super::cursor::Cursor;
use super::statement::spliced;
use crate::tokens::{Quoting, tokens};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
