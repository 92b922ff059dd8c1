//! A position in a row of tokens: what the parsers of definitions are written with.

use dbferry_core::Error;

use crate::tokens::{Quoting, Token, TokenKind, tokens, unquote_name, unquote_string, unreadable};

/// Tokens of a text, and how many of them are read.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, quoting: Quoting) -> Result<Self, Error> {
        Ok(Self {
            text,
            tokens: tokens(text, quoting)?,
            at: 0,
        })
    }

    pub(crate) fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    pub(crate) fn next(&mut self) -> Option<Token<'a>> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    pub(crate) fn is_symbol(&self, symbol: char) -> bool {
        self.peek().is_some_and(|token| token.is_symbol(symbol))
    }

    /// Reads a keyword if it is next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// Reads several keywords if they are next, all of them or none.
    pub(crate) fn take_words(&mut self, words: &[&str]) -> bool {
        let start = self.at;
        let found = words.iter().all(|word| self.take_word(word));
        if !found {
            self.at = start;
        }
        found
    }

    /// Reads a symbol if it is next.
    pub(crate) fn take_symbol(&mut self, symbol: char) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Result<(), Error> {
        if self.take_word(word) {
            Ok(())
        } else {
            Err(self.fault(word))
        }
    }

    pub(crate) fn expect_symbol(&mut self, symbol: char) -> Result<(), Error> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.fault(&symbol.to_string()))
        }
    }

    /// Reads a name, quoted or not.
    pub(crate) fn name(&mut self) -> Result<String, Error> {
        match self.next() {
            Some(token) if token.kind == TokenKind::Name => Ok(unquote_name(token.text)),
            Some(token) if matches!(token.kind, TokenKind::Word | TokenKind::Number) => {
                Ok(token.text.to_owned())
            }
            _ => Err(self.fault_before("a name")),
        }
    }

    /// Reads a name, or a schema and a name with a point between.
    pub(crate) fn qualified_name(&mut self) -> Result<(Option<String>, String), Error> {
        let first = self.name()?;
        match self.take_symbol('.') {
            true => Ok((Some(first), self.name()?)),
            false => Ok((None, first)),
        }
    }

    /// Reads a quoted string and gives its content.
    pub(crate) fn string(&mut self) -> Result<String, Error> {
        match self.next() {
            Some(token) if token.kind == TokenKind::String => Ok(unquote_string(token.text)),
            _ => Err(self.fault_before("a string")),
        }
    }

    /// Reads a number.
    pub(crate) fn number<T: std::str::FromStr>(&mut self) -> Result<T, Error> {
        self.next()
            .and_then(|token| token.text.parse().ok())
            .ok_or_else(|| self.fault_before("a number"))
    }

    /// Reads a group in parentheses and gives its text, without them.
    pub(crate) fn group(&mut self) -> Result<&'a str, Error> {
        self.expect_symbol('(')?;
        let start = self.tokens.get(self.at - 1).map_or(0, Token::end);
        let mut depth = 1;
        while let Some(token) = self.next() {
            if token.is_symbol('(') {
                depth += 1;
            } else if token.is_symbol(')') {
                depth -= 1;
            }
            if depth == 0 {
                return Ok(self.text[start..token.start].trim());
            }
        }
        Err(self.fault(")"))
    }

    /// The text from the next token to the end of the last one.
    pub(crate) fn rest(&self) -> &'a str {
        match (self.peek(), self.tokens.last()) {
            (Some(first), Some(last)) => &self.text[first.start..last.end()],
            _ => "",
        }
    }

    /// Where the next token begins.
    pub(crate) fn offset(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.start)
    }

    /// Where the last token that was read ends.
    pub(crate) fn read_to(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|index| self.tokens.get(index))
            .map_or(0, Token::end)
    }

    /// The text from `start` to the end of the last token that was read.
    pub(crate) fn text_since(&self, start: usize) -> &'a str {
        self.text.get(start..self.read_to()).unwrap_or("")
    }

    /// The error of something else than expected.
    pub(crate) fn fault(&self, expected: &str) -> Error {
        unreadable(format!("expected {expected} at byte {}", self.offset()))
    }

    fn fault_before(&self, expected: &str) -> Error {
        unreadable(format!("expected {expected} before byte {}", self.offset()))
    }
}

/// Removes parentheses around the whole of an expression, as often as there are.
pub(crate) fn without_parentheses(expression: &str) -> &str {
    let mut inner = expression.trim();
    while let Some(content) = enclosed(inner) {
        inner = content;
    }
    inner
}

fn enclosed(text: &str) -> Option<&str> {
    if !text.starts_with('(') {
        return None;
    }
    let mut cursor = Cursor::new(text, Quoting::default()).ok()?;
    let content = cursor.group().ok()?;
    cursor.at_end().then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outer_parentheses_fall_off() {
        let check = |text: &str, expected: &str| assert_eq!(without_parentheses(text), expected);
        check("((`a` * 2))", "`a` * 2");
        check("(`a`) + (`b`)", "(`a`) + (`b`)");
        check("(')' = `a`)", "')' = `a`");
        check("`a`", "`a`");
        check("(`a`", "(`a`");
        check("()", "");
    }
}
