//! Statements as tokens.
//!
//! Only what is needed to read definitions safely: where names, texts and comments begin and end.
//! The statements come out of `sqlite_schema`, so SQLite has accepted them; what cannot be
//! understood all the same becomes a [`Kind::Other`] token and is left to the parser to refuse.
//! Nothing here can panic, whatever the text (there is a property test).

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word: a keyword or a name.
    Word,
    /// A name in `"…"`, `` `…` `` or `[…]`.
    Name,
    /// A text in `'…'`.
    Text,
    /// A number, or a blob `x'…'`.
    Literal,
    /// A single character of punctuation.
    Other,
}

/// A token as a place in its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: Kind,
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last.
    pub(crate) end: usize,
}

impl Token {
    /// The token as it is written.
    pub(crate) fn text(self, sql: &str) -> &str {
        &sql[self.start..self.end]
    }

    /// The name or text that the token stands for, without quotes.
    pub(crate) fn value(self, sql: &str) -> String {
        let text = self.text(sql);
        let quoted = matches!(self.kind, Kind::Name | Kind::Text);
        match text.chars().next() {
            Some('[') if quoted => text[1..].trim_end_matches(']').to_owned(),
            Some(mark) if quoted && text.len() >= 2 && text.ends_with(mark) => {
                let doubled: String = [mark, mark].iter().collect();
                text[1..text.len() - 1].replace(&doubled, &mark.to_string())
            }
            _ => text.to_owned(),
        }
    }
}

/// Cuts a statement into tokens; white space and comments are left out.
pub(crate) fn tokenize(sql: &str) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let (kind, end) = next(bytes, at);
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                start: at,
                end,
            });
        }
        at = end;
    }
    tokens
}

/// The token at `at`, or `None` for what carries no meaning, and the end of it.
fn next(bytes: &[u8], at: usize) -> (Option<Kind>, usize) {
    let rest = &bytes[at..];
    match rest[0] {
        b' ' | b'\t' | b'\n' | b'\r' | 0x0c => (None, at + 1),
        b'-' if rest.starts_with(b"--") => (None, at + line_length(rest)),
        b'/' if rest.starts_with(b"/*") => (None, at + comment_length(rest)),
        b'\'' => (Some(Kind::Text), at + quoted_length(rest, b'\'')),
        mark @ (b'"' | b'`') => (Some(Kind::Name), at + quoted_length(rest, mark)),
        b'[' => (Some(Kind::Name), at + length_through(rest, b']')),
        b'x' | b'X' if rest.get(1) == Some(&b'\'') => (
            Some(Kind::Literal),
            at + 1 + quoted_length(&rest[1..], b'\''),
        ),
        b'0'..=b'9' => (Some(Kind::Literal), at + number_length(rest)),
        b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => {
            (Some(Kind::Literal), at + number_length(rest))
        }
        byte if is_word(byte) => {
            let length = rest.iter().take_while(|&&byte| is_word(byte)).count();
            (Some(Kind::Word), at + length)
        }
        _ => (Some(Kind::Other), at + 1),
    }
}

/// Whether a byte belongs to a bare word: every byte beyond ASCII does.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn line_length(rest: &[u8]) -> usize {
    length_through(rest, b'\n')
}

fn length_through(rest: &[u8], last: u8) -> usize {
    rest.iter()
        .position(|&byte| byte == last)
        .map_or(rest.len(), |position| position + 1)
}

fn comment_length(rest: &[u8]) -> usize {
    rest[2..]
        .windows(2)
        .position(|pair| pair == b"*/")
        .map_or(rest.len(), |position| position + 4)
}

/// The length of a text in `mark`, in which a doubled mark stands for one.
fn quoted_length(rest: &[u8], mark: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        if rest[at] != mark {
            at += 1;
        } else if rest.get(at + 1) == Some(&mark) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    rest.len()
}

/// The length of a number: digits, point, exponent with sign, hexadecimal digits.
fn number_length(rest: &[u8]) -> usize {
    let hexadecimal = rest.starts_with(b"0x") || rest.starts_with(b"0X");
    let mut at = 0;
    while at < rest.len() {
        let signed = !hexadecimal && at > 0 && matches!(rest[at - 1], b'e' | b'E');
        match rest[at] {
            byte if is_word(byte) || byte == b'.' => at += 1,
            b'+' | b'-' if signed => at += 1,
            _ => break,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(sql: &str, expected: &[(Kind, &str)]) {
        let tokens = tokenize(sql);
        let read: Vec<_> = tokens
            .iter()
            .map(|token| (token.kind, token.text(sql)))
            .collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn names_texts_and_comments_are_kept_apart() {
        check(
            "a -- 'b\n\"c\"\"d\" /* , */ [e f]`g`'h'',' x'00' 1.5e-3,é",
            &[
                (Kind::Word, "a"),
                (Kind::Name, "\"c\"\"d\""),
                (Kind::Name, "[e f]"),
                (Kind::Name, "`g`"),
                (Kind::Text, "'h'','"),
                (Kind::Literal, "x'00'"),
                (Kind::Literal, "1.5e-3"),
                (Kind::Other, ","),
                (Kind::Word, "é"),
            ],
        );
    }

    #[test]
    fn values_lose_their_quotes() {
        let sql = "\"c\"\"d\" [e f] 'it''s' `x`";
        let values: Vec<_> = tokenize(sql).iter().map(|token| token.value(sql)).collect();
        assert_eq!(values, ["c\"d", "e f", "it's", "x"]);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_without_a_panic(sql in ".{0,200}") {
            let mut end = 0;
            for token in tokenize(&sql) {
                prop_assert!(token.start >= end && token.end > token.start);
                end = token.end;
                let _ = token.value(&sql);
            }
            prop_assert!(end <= sql.len());
        }
    }
}
