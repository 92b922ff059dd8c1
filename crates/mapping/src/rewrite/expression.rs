//! Texts that belong to one table: generated columns, checks, defaults, key and partition
//! clauses.

use super::token::{Dialect, Kind, Token, tokens};

/// A text in which names were replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// The text with every certain mention replaced.
    pub(crate) text: String,
    /// Names it mentions that will not exist.
    pub(crate) dropped: Vec<String>,
    /// Names it may mention in a place where that is not certain.
    pub(crate) unsure: Vec<String>,
}

impl Rewritten {
    pub(super) fn note_unsure(&mut self, name: &str) {
        if !self.unsure.iter().any(|known| known == name) {
            self.unsure.push(name.to_owned());
        }
    }
}

/// Words after which a word is no column: it is a type, a collation, or a partition's name.
const BEFORE_OTHER_NAMES: &[&str] = &[
    "AS",
    "COLLATE",
    "PARTITION",
    "SUBPARTITION",
    "CHARSET",
    "ENGINE",
    "TABLESPACE",
];

/// Replaces the columns of a table. `renamed` tells what a name becomes: `None` when it is no
/// column, `Some(None)` when the column is dropped.
pub(crate) fn columns<'n>(
    text: &str,
    dialect: &Dialect,
    renamed: impl Fn(&str) -> Option<Option<&'n str>>,
) -> Rewritten {
    let all = tokens(text, dialect);
    let mut rewritten = Rewritten {
        text: String::with_capacity(text.len()),
        ..Rewritten::default()
    };
    for (index, token) in all.iter().enumerate() {
        let name = token.is_name().then(|| token.name(text));
        let Some((name, new)) = name.and_then(|name| renamed(&name).map(|new| (name, new))) else {
            rewritten.text.push_str(token.text(text));
            continue;
        };
        let changed = new != Some(name.as_str());
        match place(&all, index, text, dialect) {
            Place::Column if new.is_none() => rewritten.dropped.push(name),
            Place::Column if changed => {
                rewritten
                    .text
                    .push_str(&dialect.quoted(new.unwrap_or_default()));
                continue;
            }
            Place::Unsure if changed => rewritten.note_unsure(&name),
            _ => {}
        }
        rewritten.text.push_str(token.text(text));
    }
    rewritten
}

/// What a name stands for in its place.
enum Place {
    Column,
    Unsure,
    Other,
}

fn place(all: &[Token], index: usize, text: &str, dialect: &Dialect) -> Place {
    let before = neighbour(all[..index].iter().rev(), text);
    let after = neighbour(all[index + 1..].iter(), text);
    if after == "." || after == "(" {
        return Place::Other;
    }
    if all[index].kind == Kind::Quoted {
        return Place::Column;
    }
    if BEFORE_OTHER_NAMES
        .iter()
        .any(|word| word.eq_ignore_ascii_case(before))
    {
        return Place::Other;
    }
    match dialect.quotes_all_names {
        true => Place::Unsure,
        false => Place::Column,
    }
}

/// The next token that says something.
fn neighbour<'t, 's>(mut tokens: impl Iterator<Item = &'t Token>, text: &'s str) -> &'s str {
    tokens
        .find(|token| !matches!(token.kind, Kind::Space | Kind::Comment))
        .map_or("", |token| token.text(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dialect: &Dialect, text: &str, expected: &str) -> Rewritten {
        let rewritten = columns(text, dialect, |name| match name {
            "price" => Some(Some("unit price")),
            "year" => Some(Some("y")),
            "secret" => Some(None),
            "kept" => Some(Some("kept")),
            _ => None,
        });
        assert_eq!(rewritten.text, expected);
        rewritten
    }

    #[test]
    fn columns_are_renamed_where_the_server_quotes_them() {
        let mysql = Dialect::mysql();
        let done = check(
            &mysql,
            "(`price` > 0) and `kept` <> 'price' /* `price` */ and year(`year`) > 1",
            "(`unit price` > 0) and `kept` <> 'price' /* `price` */ and year(`y`) > 1",
        );
        assert_eq!((done.dropped, done.unsure), (vec![], vec![]));
        let done = check(
            &mysql,
            "`price` + interval 1 year",
            "`unit price` + interval 1 year",
        );
        assert_eq!(done.unsure, ["year"]);
    }

    #[test]
    fn unquoted_columns_are_renamed_where_texts_are_as_written() {
        let sqlite = Dialect::sqlite();
        check(
            &sqlite,
            "price > 0 AND 'price' <> kept",
            "\"unit price\" > 0 AND 'price' <> kept",
        );
        check(
            &sqlite,
            "CAST(price AS year)",
            "CAST(\"unit price\" AS year)",
        );
    }

    #[test]
    fn dropped_columns_are_reported() {
        assert_eq!(
            check(&Dialect::mysql(), "`secret` + 1", "`secret` + 1").dropped,
            ["secret"]
        );
    }
}
