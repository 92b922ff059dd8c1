//! SQL text cut into words, names, strings and symbols.
//!
//! What `SHOW CREATE` returns is the only complete and exact description that the servers give,
//! so it is read like a program: cut into tokens first, then parsed. Searching the raw text would
//! find keywords inside of comments and defaults.
//!
//! Versioned comments (`/*!80023 INVISIBLE */`, `/*M!100301 … */`) count as code: a server that
//! prints one knows its content. Other comments are skipped. `"` begins a string, or a name in
//! `ANSI_QUOTES` text; a backslash escapes, save in `NO_BACKSLASH_ESCAPES` text: [`Quoting`] says
//! which. Tokens are ranges of the text, so that an expression can be taken over word for word.

use dbferry_core::{Code, Error};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword, a plain name, an introducer such as `_utf8mb4`.
    Word,
    /// A quoted name.
    Name,
    /// A quoted string.
    String,
    /// A number, hexadecimal and binary ones with `0x` and `0b` included.
    Number,
    /// Any other single character.
    Symbol,
}

/// A piece of SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// Its text, quotes included.
    pub text: &'a str,
    /// Where it begins, in bytes.
    pub start: usize,
}

impl<'a> Token<'a> {
    /// Where it ends, in bytes.
    pub fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword, whatever the case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is this symbol.
    pub fn is_symbol(&self, symbol: char) -> bool {
        self.kind == TokenKind::Symbol && self.text.starts_with(symbol)
    }
}

/// How text is quoted, which depends on the `sql_mode` it was written under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quoting {
    /// Whether `"` quotes names.
    pub ansi_quotes: bool,
    /// Whether a backslash in a string stands for itself.
    pub no_backslash_escapes: bool,
}

impl Quoting {
    /// The quoting of text that was written under this `sql_mode`.
    pub fn of_sql_mode(sql_mode: &str) -> Self {
        let has = |mode: &str| {
            sql_mode
                .split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(mode))
        };
        Self {
            ansi_quotes: [
                "ANSI_QUOTES",
                "ANSI",
                "ORACLE",
                "DB2",
                "MSSQL",
                "POSTGRESQL",
                "MAXDB",
            ]
            .iter()
            .any(|mode| has(mode)),
            no_backslash_escapes: has("NO_BACKSLASH_ESCAPES"),
        }
    }
}

/// Cuts text into tokens.
///
/// # Errors
/// `DefinitionUnreadable` when a quote or comment is not closed.
pub fn tokens(text: &str, quoting: Quoting) -> Result<Vec<Token<'_>>, Error> {
    let mut lexer = Lexer {
        text,
        at: 0,
        quoting,
    };
    let mut tokens = Vec::with_capacity(text.len() / 5);
    while let Some(token) = lexer.next_token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    quoting: Quoting,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn next_token(&mut self) -> Result<Option<Token<'a>>, Error> {
        self.skip_blanks()?;
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let (kind, length) = match first {
            '`' => (TokenKind::Name, self.quoted_length(rest, '`', false)?),
            '"' if self.quoting.ansi_quotes => {
                (TokenKind::Name, self.quoted_length(rest, '"', false)?)
            }
            '\'' | '"' => {
                let escapes = !self.quoting.no_backslash_escapes;
                (TokenKind::String, self.quoted_length(rest, first, escapes)?)
            }
            '0'..='9' => number_or_word(rest),
            '.' if rest[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                (TokenKind::Number, number_length(rest))
            }
            other if is_word(other) => (TokenKind::Word, word_length(rest)),
            other => (TokenKind::Symbol, other.len_utf8()),
        };
        let start = self.at;
        self.at += length;
        Ok(Some(Token {
            kind,
            text: &rest[..length],
            start,
        }))
    }

    /// Skips white space, comments, and the marks around versioned comments.
    fn skip_blanks(&mut self) -> Result<(), Error> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            self.at += match blank {
                0 => match self.comment_length(rest)? {
                    0 => return Ok(()),
                    length => length,
                },
                blank => blank,
            };
        }
    }

    fn comment_length(&self, rest: &str) -> Result<usize, Error> {
        let line = |rest: &str| rest.find('\n').map_or(rest.len(), |end| end + 1);
        if let Some(code) = rest
            .strip_prefix("/*!")
            .or_else(|| rest.strip_prefix("/*M!"))
        {
            let digits = code.bytes().take(6).take_while(u8::is_ascii_digit).count();
            return Ok(rest.len() - code.len() + digits);
        }
        if rest.starts_with("*/") {
            return Ok(2);
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            let end = comment.find("*/").ok_or_else(|| self.unclosed("comment"))?;
            return Ok(end + 4);
        }
        let dashes = rest.strip_prefix("--");
        if rest.starts_with('#')
            || dashes
                .is_some_and(|after| after.is_empty() || after.starts_with(char::is_whitespace))
        {
            return Ok(line(rest));
        }
        Ok(0)
    }

    /// The length of a quoted text, in which the doubled quote stands for itself.
    fn quoted_length(&self, rest: &str, quote: char, escapes: bool) -> Result<usize, Error> {
        let mut characters = rest.char_indices().skip(1).peekable();
        while let Some((index, character)) = characters.next() {
            if character == '\\' && escapes {
                characters.next();
            } else if character == quote && characters.next_if(|next| next.1 == quote).is_none() {
                return Ok(index + 1);
            }
        }
        Err(self.unclosed("quote"))
    }

    fn unclosed(&self, what: &str) -> Error {
        unreadable(format!(
            "the {what} that begins at byte {} is not closed",
            self.at
        ))
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || character == '_'
        || character == '$'
        || !character.is_ascii()
}

fn word_length(text: &str) -> usize {
    text.find(|character| !is_word(character))
        .unwrap_or(text.len())
}

/// What begins with a digit is a number, unless letters make it a name, which may begin so too.
fn number_or_word(text: &str) -> (TokenKind, usize) {
    let word = word_length(text);
    let digits = &text[..word];
    let radix = ["0x", "0b"].iter().any(|prefix| digits.starts_with(prefix));
    let number = number_length(text);
    if radix || number >= word {
        (TokenKind::Number, word.max(number))
    } else {
        (TokenKind::Word, word)
    }
}

fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes.get(from..).map_or(0, |rest| {
            rest.iter().take_while(|b| b.is_ascii_digit()).count()
        })
    };
    let mut end = digits(0);
    if bytes.get(end) == Some(&b'.') {
        end += 1 + digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        match digits(end + 1 + sign) {
            0 => {}
            exponent => end += 1 + sign + exponent,
        }
    }
    end
}

/// The content of a quoted name.
pub fn unquote_name(text: &str) -> String {
    match text.chars().next() {
        Some(quote @ ('`' | '"')) if text.len() >= 2 => {
            let doubled = String::from_iter([quote, quote]);
            text[1..text.len() - 1].replace(&doubled, &quote.to_string())
        }
        _ => text.to_owned(),
    }
}

/// The content of a quoted string in which backslashes escape.
pub fn unquote_string(text: &str) -> String {
    let Some(quote @ ('\'' | '"')) = text.chars().next() else {
        return text.to_owned();
    };
    let mut content = String::with_capacity(text.len());
    let mut characters = text[1..text.len().saturating_sub(1)].chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('0') => content.push('\0'),
                Some('b') => content.push('\u{8}'),
                Some('n') => content.push('\n'),
                Some('r') => content.push('\r'),
                Some('t') => content.push('\t'),
                Some('Z') => content.push('\u{1a}'),
                Some(other) => content.push(other),
                None => {}
            },
            same if same == quote => {
                characters.next();
                content.push(quote);
            }
            other => content.push(other),
        }
    }
    content
}

/// The error of a definition that cannot be understood.
pub(crate) fn unreadable(message: impl Into<String>) -> Error {
    Error::definite(Code::DefinitionUnreadable, message)
        .with_hint("please report this definition; the table can be left out with an exclude rule")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(text, Quoting::default())
            .unwrap()
            .iter()
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn text_is_cut() {
        let check = |text: &str, expected: &[&str]| assert_eq!(texts(text), expected, "{text}");
        check("`a``b` int(10)", &["`a``b`", "int", "(", "10", ")"]);
        check(
            "DEFAULT 'it''s \\' )', b",
            &["DEFAULT", "'it''s \\' )'", ",", "b"],
        );
        check("a/*!80023 INVISIBLE */,", &["a", "INVISIBLE", ","]);
        check("/*!50100 PARTITION BY x */", &["PARTITION", "BY", "x"]);
        check("a /* ' */ b -- ' \nc # '\nd", &["a", "b", "c", "d"]);
        check(
            "1.5e-3 .5 0x1F 1e5x 2a a.b 1-2",
            &[
                "1.5e-3", ".5", "0x1F", "1e5x", "2a", "a", ".", "b", "1", "-", "2",
            ],
        );
        check("_utf8mb4'é' x'41'", &["_utf8mb4", "'é'", "x", "'41'"]);
        check("a--1", &["a", "-", "-", "1"]);
    }

    #[test]
    fn quoting_follows_the_sql_mode() {
        let ansi = tokens(
            "\"a\" '\\' b",
            Quoting::of_sql_mode("ANSI,NO_BACKSLASH_ESCAPES"),
        )
        .unwrap();
        assert_eq!(ansi[0].kind, TokenKind::Name);
        assert_eq!(ansi[1].text, "'\\'");
        assert_eq!(
            tokens("\"a\"", Quoting::default()).unwrap()[0].kind,
            TokenKind::String
        );
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        for text in ["'a", "`a", "\"a", "/* a", "'a\\'", "'a''"] {
            let error = tokens(text, Quoting::default()).unwrap_err();
            assert_eq!(error.code(), Code::DefinitionUnreadable, "{text}");
        }
    }

    proptest! {
        #[test]
        fn quoted_texts_come_back(text in ".*") {
            let string = crate::dialect::string(&text);
            prop_assert_eq!(&texts(&string), &[&string]);
            prop_assert_eq!(unquote_string(&string), text.as_str());
            let name = crate::dialect::identifier(&text);
            prop_assert_eq!(&texts(&name), &[&name]);
            prop_assert_eq!(unquote_name(&name), text);
        }

        #[test]
        fn no_text_panics(text in ".*", raw in "[a`'\"\\\\/*!# \n0x.e-]*") {
            for text in [text, raw] {
                let Ok(tokens) = tokens(&text, Quoting::default()) else { continue };
                for token in tokens {
                    let _ = (unquote_string(token.text), unquote_name(token.text));
                    prop_assert_eq!(&text[token.start..token.end()], token.text);
                }
            }
        }
    }
}
