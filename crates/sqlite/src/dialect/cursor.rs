//! A place in a statement, moved on token by token.
//!
//! What the readers of definitions share: looking at the next word, taking it, and taking a whole
//! parenthesis as it is written.

use dbferry_core::{Code, Error};

use super::tokens::{Kind, Token, tokenize};

/// A statement and the next token in it.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Stands before the first token.
    pub(crate) fn new(sql: &'a str) -> Self {
        Self {
            sql,
            tokens: tokenize(sql),
            at: 0,
        }
    }

    /// The next token.
    pub(crate) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    /// The text of the next token; empty at the end.
    pub(crate) fn peek_text(&self) -> &'a str {
        self.peek()
            .map_or("", |token| &self.sql[token.start..token.end])
    }

    /// Whether the next tokens are these keywords.
    pub(crate) fn at_words(&self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| {
            self.tokens.get(self.at + offset).is_some_and(|token| {
                token.kind == Kind::Word && token.text(self.sql).eq_ignore_ascii_case(word)
            })
        })
    }

    /// Takes these keywords if they come next.
    pub(crate) fn accept(&mut self, words: &[&str]) -> bool {
        let found = self.at_words(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Whether the next token is this character.
    pub(crate) fn at_mark(&self, mark: char) -> bool {
        self.peek().is_some_and(|token| {
            token.kind == Kind::Other && token.text(self.sql).starts_with(mark)
        })
    }

    /// Takes this character if it comes next.
    pub(crate) fn accept_mark(&mut self, mark: char) -> bool {
        let found = self.at_mark(mark);
        if found {
            self.at += 1;
        }
        found
    }

    /// Takes any token.
    pub(crate) fn take(&mut self) -> Result<Token, Error> {
        let token = self.peek().ok_or_else(|| self.unreadable("more text"))?;
        self.at += 1;
        Ok(token)
    }

    /// Takes a name in whatever quotes; SQLite allows a text as a name, too.
    pub(crate) fn name(&mut self) -> Result<String, Error> {
        match self.peek() {
            Some(token) if matches!(token.kind, Kind::Word | Kind::Name | Kind::Text) => {
                self.at += 1;
                Ok(token.value(self.sql))
            }
            _ => Err(self.unreadable("a name")),
        }
    }

    /// Takes `( … )` and gives what stands inside, as written.
    pub(crate) fn parenthesis(&mut self) -> Result<&'a str, Error> {
        if !self.accept_mark('(') {
            return Err(self.unreadable("a parenthesis"));
        }
        let first = self.at;
        let mut depth = 1_usize;
        loop {
            let token = self.take()?;
            match (token.kind, token.text(self.sql)) {
                (Kind::Other, "(") => depth += 1,
                (Kind::Other, ")") => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(self.written(first, self.at - 1));
            }
        }
    }

    /// The text of the tokens from `first` to before `end`. A comment behind the last of them is
    /// not in it: it would hide whatever is written behind the text.
    fn written(&self, first: usize, end: usize) -> &'a str {
        match self.tokens.get(first..end) {
            Some([first, .., last]) => &self.sql[first.start..last.end],
            Some([only]) => &self.sql[only.start..only.end],
            _ => "",
        }
    }

    /// Everything from here to the last token, as written.
    pub(crate) fn remainder(&self) -> &'a str {
        self.written(self.at, self.tokens.len())
    }

    /// The text between two tokens taken from this cursor, both included.
    pub(crate) fn between(&self, first: Token, last: Token) -> &'a str {
        &self.sql[first.start..last.end]
    }

    /// The error for a text that goes on differently from what SQL allows.
    pub(crate) fn unreadable(&self, wanted: &str) -> Error {
        let place = self.peek().map_or(self.sql.len(), |token| token.start);
        Error::definite(
            Code::DefinitionUnreadable,
            format!("the definition has no {wanted} at byte {place}"),
        )
        .with_hint("report the definition of the table: it should be understood")
    }
}

/// Cuts a text at the commas that stand in no parenthesis.
pub(crate) fn split_list(sql: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for token in tokenize(sql) {
        match (token.kind, token.text(sql)) {
            (Kind::Other, "(") => depth += 1,
            (Kind::Other, ")") => depth -= 1,
            (Kind::Other, ",") if depth == 0 => {
                parts.push(sql[start..token.start].trim());
                start = token.end;
            }
            _ => {}
        }
    }
    parts.push(sql[start..].trim());
    parts
}
