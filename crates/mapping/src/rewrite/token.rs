//! The small tokenizer that all rewriting stands on.
//!
//! It knows just enough of SQL to tell names from everything that must not be touched: string
//! literals, comments, numbers. It never fails: what does not end, ends with the text. Put
//! together, the tokens are the text again, byte for byte.

use dbferry_core::{Family, NameCase};

/// How a family writes names, literals and comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    backticks: bool,
    double_quotes: DoubleQuotes,
    brackets: bool,
    backslash_escapes: bool,
    hash_comments: bool,
    dashes_need_space: bool,
    dollar_quotes: bool,
    /// Whether the server prints every name in stored expressions quoted, so that an unquoted
    /// word in one is never a column.
    pub(super) quotes_all_names: bool,
    columns_ignore_case: bool,
}

/// What stands between double quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DoubleQuotes {
    Name,
    Literal,
}

impl Dialect {
    /// The dialect of a family. One that is not known reads as standard SQL.
    pub fn of(family: Family) -> Self {
        match family.0 {
            "mysql" => Self::mysql(),
            "sqlite" => Self::sqlite(),
            "postgres" | "postgresql" => Self::postgres(),
            _ => Self::standard(),
        }
    }

    /// Standard SQL.
    pub(crate) const fn standard() -> Self {
        Self {
            backticks: false,
            double_quotes: DoubleQuotes::Name,
            brackets: false,
            backslash_escapes: false,
            hash_comments: false,
            dashes_need_space: false,
            dollar_quotes: false,
            quotes_all_names: false,
            columns_ignore_case: false,
        }
    }

    pub(crate) const fn mysql() -> Self {
        Self {
            backticks: true,
            double_quotes: DoubleQuotes::Literal,
            backslash_escapes: true,
            hash_comments: true,
            dashes_need_space: true,
            quotes_all_names: true,
            columns_ignore_case: true,
            ..Self::standard()
        }
    }

    pub(crate) const fn sqlite() -> Self {
        Self {
            backticks: true,
            brackets: true,
            columns_ignore_case: true,
            ..Self::standard()
        }
    }

    pub(crate) const fn postgres() -> Self {
        Self {
            dollar_quotes: true,
            ..Self::standard()
        }
    }

    /// The dialect of one object whose settings have an SQL mode of their own.
    pub(crate) fn with_settings(mut self, settings: &[(String, String)]) -> Self {
        let mode = settings
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("sql_mode"));
        if let Some((_, mode)) = mode {
            let mode = mode.to_ascii_uppercase();
            let has = |flag| mode.split(',').any(|part| part.trim() == flag);
            if has("ANSI_QUOTES") || has("ANSI") {
                self.double_quotes = DoubleQuotes::Name;
            }
            self.backslash_escapes &= !has("NO_BACKSLASH_ESCAPES");
        }
        self
    }

    /// The dialect of a text in which names may be unquoted.
    pub(crate) fn with_bare_names(self) -> Self {
        Self {
            quotes_all_names: false,
            ..self
        }
    }

    /// How names of columns compare.
    pub(crate) fn column_case(self) -> NameCase {
        match self.columns_ignore_case {
            true => NameCase::Insensitive,
            false => NameCase::Sensitive,
        }
    }

    /// The quoting character for new names.
    fn quote(self) -> char {
        if self.backticks && !self.brackets {
            '`'
        } else {
            '"'
        }
    }

    /// Quotes a name.
    pub(super) fn quoted(self, name: &str) -> String {
        let quote = self.quote();
        let mut text = String::with_capacity(name.len() + 2);
        text.push(quote);
        for character in name.chars() {
            if character == quote {
                text.push(quote);
            }
            text.push(character);
        }
        text.push(quote);
        text
    }
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Space,
    Comment,
    /// A string.
    Literal,
    Number,
    /// A keyword or an unquoted name.
    Word,
    /// A quoted name.
    Quoted,
    /// Any other character.
    Symbol,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    /// The token as written.
    pub(crate) fn text<'a>(&self, whole: &'a str) -> &'a str {
        &whole[self.start..self.end]
    }

    /// Whether the token may be a name.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.kind, Kind::Word | Kind::Quoted)
    }

    /// The name without its quotes.
    pub(crate) fn name(&self, whole: &str) -> String {
        let text = self.text(whole);
        if self.kind != Kind::Quoted {
            return text.to_owned();
        }
        let mut characters = text.chars();
        let close = match characters.next() {
            Some('[') => ']',
            Some(quote) => quote,
            None => return String::new(),
        };
        let inner = characters.as_str();
        let inner = inner.strip_suffix(close).unwrap_or(inner);
        inner.replace(&format!("{close}{close}"), &close.to_string())
    }
}

/// Cuts a text into tokens.
pub(crate) fn tokens(text: &str, dialect: &Dialect) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len() / 4);
    let mut start = 0;
    while start < text.len() {
        let (kind, length) = next(&text[start..], dialect);
        let end = (start + length).min(text.len());
        tokens.push(Token { kind, start, end });
        start = end;
    }
    tokens
}

fn next(rest: &str, dialect: &Dialect) -> (Kind, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    match first {
        _ if first.is_whitespace() => (Kind::Space, while_true(rest, char::is_whitespace)),
        '\'' => (Kind::Literal, quoted(rest, '\'', dialect.backslash_escapes)),
        '"' if dialect.double_quotes == DoubleQuotes::Literal => {
            (Kind::Literal, quoted(rest, '"', dialect.backslash_escapes))
        }
        '"' => (Kind::Quoted, quoted(rest, '"', false)),
        '`' if dialect.backticks => (Kind::Quoted, quoted(rest, '`', false)),
        '[' if dialect.brackets => (Kind::Quoted, quoted(rest, ']', false)),
        '-' if is_dash_comment(rest, dialect) => (Kind::Comment, line(rest)),
        '#' if dialect.hash_comments => (Kind::Comment, line(rest)),
        '/' if rest.starts_with("/*") => (Kind::Comment, block(rest)),
        '$' if dialect.dollar_quotes => match dollar_quoted(rest) {
            Some(length) => (Kind::Literal, length),
            None => (Kind::Symbol, 1),
        },
        _ if first.is_ascii_digit() => (Kind::Number, while_true(rest, is_word)),
        _ if is_word(first) => (Kind::Word, while_true(rest, is_word)),
        _ => (Kind::Symbol, first.len_utf8()),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

fn while_true(rest: &str, belongs: impl Fn(char) -> bool) -> usize {
    rest.find(|character| !belongs(character))
        .unwrap_or(rest.len())
}

/// The length of what is quoted, both quotes included; a doubled quote does not end it.
fn quoted(rest: &str, close: char, backslash_escapes: bool) -> usize {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == '\\' && backslash_escapes {
            characters.next();
        } else if character == close {
            if !matches!(characters.peek(), Some((_, again)) if *again == close) {
                return index + close.len_utf8();
            }
            characters.next();
        }
    }
    rest.len()
}

fn is_dash_comment(rest: &str, dialect: &Dialect) -> bool {
    let Some(after) = rest.strip_prefix("--") else {
        return false;
    };
    let spaced = after
        .chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || c.is_control());
    spaced || !dialect.dashes_need_space
}

fn line(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn block(rest: &str) -> usize {
    rest[2..].find("*/").map_or(rest.len(), |end| end + 4)
}

/// The length of `$tag$…$tag$`.
fn dollar_quoted(rest: &str) -> Option<usize> {
    let tag = rest[1..].find('$')? + 2;
    let name = &rest[1..tag - 1];
    if !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let end = rest[tag..].find(&rest[..tag]);
    Some(end.map_or(rest.len(), |end| tag + end + tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(dialect: &Dialect, text: &str, expected: &[(Kind, &str)]) {
        let found: Vec<_> = tokens(text, dialect)
            .iter()
            .filter(|token| token.kind != Kind::Space)
            .map(|token| (token.kind, token.text(text)))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_are_told_from_literals_and_comments() {
        use Kind::{Comment, Literal, Quoted, Symbol, Word};
        let mysql = Dialect::mysql();
        check(
            &mysql,
            r#"`a``b` "s\"t""#,
            &[(Quoted, "`a``b`"), (Literal, r#""s\"t""#)],
        );
        check(
            &mysql,
            "_utf8mb4'it''s' # x",
            &[(Word, "_utf8mb4"), (Literal, "'it''s'"), (Comment, "# x")],
        );
        check(
            &mysql,
            "a--b",
            &[(Word, "a"), (Symbol, "-"), (Symbol, "-"), (Word, "b")],
        );
        check(
            &mysql,
            "a -- b\nc",
            &[(Word, "a"), (Comment, "-- b"), (Word, "c")],
        );
        check(
            &mysql,
            "/* `a` */`b`",
            &[(Comment, "/* `a` */"), (Quoted, "`b`")],
        );
        check(
            &Dialect::sqlite(),
            r#"[a b]"c"'d'"#,
            &[(Quoted, "[a b]"), (Quoted, "\"c\""), (Literal, "'d'")],
        );
        check(
            &Dialect::postgres(),
            "$f$ \"a\" $f$ x",
            &[(Literal, "$f$ \"a\" $f$"), (Word, "x")],
        );
        check(&mysql, "'open", &[(Literal, "'open")]);
    }

    #[test]
    fn the_sql_mode_of_an_object_decides_about_double_quotes() {
        let settings = [(
            "sql_mode".to_owned(),
            "ANSI_QUOTES,NO_BACKSLASH_ESCAPES".to_owned(),
        )];
        let dialect = Dialect::mysql().with_settings(&settings);
        check(
            &dialect,
            r#""a" 'b\'"#,
            &[(Kind::Quoted, "\"a\""), (Kind::Literal, r"'b\'")],
        );
    }

    proptest! {
        #[test]
        fn tokens_put_together_are_the_text(text in r#"([a`'"\[\]$#/*\\ é-]|--){0,30}"#) {
            for dialect in [Dialect::mysql(), Dialect::sqlite(), Dialect::postgres()] {
                let pieces: String =
                    tokens(&text, &dialect).iter().map(|token| token.text(&text)).collect();
                prop_assert_eq!(&pieces, &text);
            }
        }

        #[test]
        fn a_quoted_name_reads_back(name in ".{1,10}") {
            for dialect in [Dialect::mysql(), Dialect::sqlite()] {
                let text = dialect.quoted(&name);
                let tokens = tokens(&text, &dialect);
                prop_assert_eq!(tokens.len(), 1);
                prop_assert_eq!(tokens[0].name(&text), name.clone());
            }
        }
    }
}
