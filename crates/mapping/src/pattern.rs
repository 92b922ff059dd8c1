//! The wildcards of AWS DMS.
//!
//! `%` is any run of characters, also none; `_` is exactly one; `[_]` is an underscore, `[ab]`
//! one of several characters, `[a-d]` one of a range. A bracket without its end stands for
//! itself. Every other character stands for itself, compared by the case rule of the server whose
//! names are matched.

use dbferry_core::NameCase;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
    case: NameCase,
}

/// One part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any run of characters.
    Run,
    /// One character of these ranges, both ends included.
    Set(Vec<(char, char)>),
}

impl Pattern {
    /// Compiles a pattern. Every text is a pattern.
    pub fn new(text: impl Into<String>, case: NameCase) -> Self {
        let text = text.into();
        let parts = parse(&text, case, Part::One);
        Self { text, parts, case }
    }

    /// Compiles a pattern in which `_` stands for itself.
    pub(crate) fn with_literal_underscore(text: &str, case: NameCase) -> Self {
        let parts = parse(text, case, Part::Char('_'));
        let text = text.to_owned();
        Self { text, parts, case }
    }

    /// Compiles a name in which nothing is a wildcard but a bracketed character stands for
    /// itself.
    pub(crate) fn exact(text: &str, case: NameCase) -> Self {
        let parts = literal(text)
            .chars()
            .map(|character| Part::Char(fold(character, case)))
            .collect();
        let text = text.to_owned();
        Self { text, parts, case }
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        if matches!(self.parts[..], [Part::Run]) {
            return true;
        }
        matches_from(&self.parts, name, self.case)
    }

    /// Whether every name fits.
    pub fn is_everything(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| *part == Part::Run)
    }

    /// Whether an unescaped `_` is among the wildcards.
    pub(crate) fn has_bare_underscore(&self) -> bool {
        self.parts.contains(&Part::One)
    }

    /// The same pattern for names that compare otherwise.
    pub(crate) fn ignoring_case(&self) -> Self {
        Self::new(self.text.clone(), NameCase::Insensitive)
    }
}

/// Whether a text has a wildcard other than `_`, which exact names may contain.
pub(crate) fn has_wildcard(text: &str) -> bool {
    parse(text, NameCase::Sensitive, Part::Char('_'))
        .iter()
        .any(|part| !matches!(part, Part::Char(_)))
}

/// The name that a text without wildcards means: bracketed characters stand for themselves.
pub(crate) fn literal(text: &str) -> String {
    parse(text, NameCase::Sensitive, Part::Char('_'))
        .iter()
        .filter_map(|part| match part {
            Part::Char(character) => Some(*character),
            _ => None,
        })
        .collect()
}

/// Writes a name so that it matches itself alone.
pub(crate) fn escape(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '_' | '%' | '[' => text.extend(['[', character, ']']),
            _ => text.push(character),
        }
    }
    text
}

fn parse(text: &str, case: NameCase, underscore: Part) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        parts.push(match character {
            '%' => Part::Run,
            '_' => underscore.clone(),
            '[' => match bracket(rest, case) {
                Some((part, after)) => {
                    rest = after;
                    part
                }
                None => Part::Char('['),
            },
            _ => Part::Char(fold(character, case)),
        });
    }
    parts
}

/// Reads what follows `[`: the part, and what comes after its `]`.
fn bracket(text: &str, case: NameCase) -> Option<(Part, &str)> {
    // The first character belongs to the set even when it is `]`.
    let first = text.chars().next()?.len_utf8();
    let end = first + text[first..].find(']')?;
    let mut ranges = Vec::new();
    let mut members = text[..end].chars().peekable();
    while let Some(low) = members.next() {
        let mut ahead = members.clone();
        match (ahead.next(), ahead.next()) {
            (Some('-'), Some(high)) => {
                members = ahead;
                ranges.push((fold(low, case), fold(high, case)));
            }
            _ => ranges.push((fold(low, case), fold(low, case))),
        }
    }
    let part = match ranges[..] {
        [(low, high)] if low == high => Part::Char(low),
        _ => Part::Set(ranges),
    };
    Some((part, &text[end + 1..]))
}

/// Matches greedily from the left; only the last run has to be tried at several lengths.
fn matches_from(parts: &[Part], name: &str, case: NameCase) -> bool {
    let (mut part, mut rest) = (0, name);
    let mut retry: Option<(usize, &str)> = None;
    loop {
        let next = rest.chars().next();
        match (parts.get(part), next) {
            (Some(Part::Run), _) => {
                part += 1;
                retry = Some((part, rest));
            }
            (Some(expected), Some(character)) if accepts(expected, character, case) => {
                part += 1;
                rest = &rest[character.len_utf8()..];
            }
            (None, None) => return true,
            _ => {
                let Some((after_run, from)) = retry else {
                    return false;
                };
                let Some(skipped) = from.chars().next() else {
                    return false;
                };
                let from = &from[skipped.len_utf8()..];
                retry = Some((after_run, from));
                (part, rest) = (after_run, from);
            }
        }
    }
}

fn accepts(part: &Part, character: char, case: NameCase) -> bool {
    match part {
        Part::Char(expected) => *expected == fold(character, case),
        Part::One => true,
        Part::Run => false,
        Part::Set(ranges) => {
            let character = fold(character, case);
            ranges
                .iter()
                .any(|&(low, high)| (low..=high).contains(&character))
        }
    }
}

/// The character as it is compared.
fn fold(character: char, case: NameCase) -> char {
    match case {
        NameCase::Sensitive => character,
        NameCase::Insensitive if character.is_ascii() => character.to_ascii_lowercase(),
        NameCase::Insensitive => character.to_lowercase().next().unwrap_or(character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(pattern: &str, name: &str, expected: bool) {
        let pattern = Pattern::new(pattern, NameCase::Sensitive);
        assert_eq!(
            pattern.matches(name),
            expected,
            "{pattern:?} against {name:?}"
        );
    }

    #[test]
    fn wildcards_mean_what_dms_says() {
        check("%", "", true);
        check("order_item", "orderXitem", true);
        check("order[_]item", "orderXitem", false);
        check("order[_]item", "order_item", true);
        check("tmp[_]%", "tmp_a", true);
        check("tmp[_]%", "tmpa", false);
        check("%_old", "aold", true);
        check("%_old", "old", false);
        check("t[a-d]", "tc", true);
        check("t[a-d]", "te", false);
        check("t[ax-z]", "ty", true);
        check("t[a-]", "t-", true);
        check("t[", "t[", true);
        check("a%b%c", "a1b2b3c", true);
        check("a%b%c", "a1b2b3", false);
        check("_", "é", true);
    }

    #[test]
    fn case_matters_only_where_the_server_says_so() {
        assert!(!Pattern::new("Shop", NameCase::Sensitive).matches("shop"));
        assert!(Pattern::new("Shop%", NameCase::Insensitive).matches("sHOPs"));
        assert!(Pattern::new("[A-C]é", NameCase::Insensitive).matches("bÉ"));
    }

    /// The same rules, written as one would on a blackboard.
    fn oracle(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['%', rest @ ..], _) => (0..=name.len()).any(|taken| oracle(rest, &name[taken..])),
            (['[', one, ']', rest @ ..], [first, others @ ..]) => {
                one == first && oracle(rest, others)
            }
            (['_', rest @ ..], [_, others @ ..]) => oracle(rest, others),
            ([one, rest @ ..], [first, others @ ..]) => one == first && oracle(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_agrees_with_the_naive_reading(
            pattern in proptest::collection::vec(
                prop_oneof![
                    Just("%".to_owned()), Just("_".to_owned()), Just("[_]".to_owned()),
                    "[ab]".prop_map(|text| text)], 0..8),
            name in "[ab_]{0,8}",
        ) {
            let pattern = pattern.concat();
            let (expected, found) = (
                oracle(&pattern.chars().collect::<Vec<_>>(), &name.chars().collect::<Vec<_>>()),
                Pattern::new(&pattern, NameCase::Sensitive).matches(&name),
            );
            prop_assert_eq!(found, expected, "{} against {}", pattern, name);
        }

        #[test]
        fn an_escaped_name_matches_itself_alone(name in ".{1,12}", other in ".{1,12}") {
            let pattern = Pattern::new(escape(&name), NameCase::Sensitive);
            prop_assert!(pattern.matches(&name));
            prop_assert_eq!(pattern.matches(&other), name == other);
            prop_assert_eq!(literal(&escape(&name)), name);
        }

        #[test]
        fn any_text_is_a_pattern(pattern in ".{0,20}", name in ".{0,20}") {
            let _ = Pattern::new(pattern, NameCase::Insensitive).matches(&name);
        }
    }
}
