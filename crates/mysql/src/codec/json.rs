//! What a JSON column of MySQL would change in a document, found before it is sent.
//!
//! MySQL parses documents into its own form. It keeps the values of integers of 64 bits and of
//! doubles; of two equal keys it keeps the last; a number beyond is rounded to a double. MariaDB
//! and other databases keep text, and MySQL itself can hold decimals that came from expressions,
//! so documents exist that would be changed. White space, key order and the spelling of numbers
//! may differ: documents are compared by value.
//!
//! [`find_loss`] is no validator. The server refuses what is not JSON.

use std::borrow::Cow;

use super::number::{significant_digits, survives_as_f64};

/// What a document would lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// A number has digits that a double does not keep.
    Digits,
    /// An object has the same key twice.
    DuplicateKey,
}

/// Digits that are enough for every double. C's `%.17g` writes so many even where fewer do.
const F64_DIGITS_MAX: usize = 17;

/// Finds the first thing that a MySQL server would not keep. `exact` also counts a number of 16
/// or 17 digits that are not the shortest text of a double: MySQL prints doubles so, hence such a
/// number in its documents is a decimal.
pub(crate) fn find_loss(document: &[u8], exact: bool) -> Option<Loss> {
    let mut scan = Scan {
        document,
        at: 0,
        keys: Vec::new(),
        frames: Vec::new(),
        at_key: false,
    };
    while let Some(&byte) = scan.document.get(scan.at) {
        let loss = match byte {
            b'"' => scan.string(),
            b'-' | b'0'..=b'9' => scan.number(exact),
            _ => scan.punctuation(byte),
        };
        if loss.is_some() {
            return loss;
        }
    }
    None
}

struct Scan<'a> {
    document: &'a [u8],
    at: usize,
    /// The keys of the objects that are open, outermost first.
    keys: Vec<Cow<'a, [u8]>>,
    /// Where the keys of each open container begin; `None` for an array.
    frames: Vec<Option<usize>>,
    /// Whether the next string is a key.
    at_key: bool,
}

impl<'a> Scan<'a> {
    fn punctuation(&mut self, byte: u8) -> Option<Loss> {
        self.at += 1;
        match byte {
            b'{' => self.frames.push(Some(self.keys.len())),
            b'[' => self.frames.push(None),
            b'}' | b']' => {
                let first = self.frames.pop().flatten()?;
                return self.end_object(first);
            }
            b',' => {}
            _ => return None,
        }
        self.at_key = matches!(self.frames.last(), Some(Some(_)));
        None
    }

    fn end_object(&mut self, first: usize) -> Option<Loss> {
        let keys = self.keys.get_mut(first..)?;
        keys.sort_unstable();
        let doubled = keys.windows(2).any(|pair| pair[0] == pair[1]);
        self.keys.truncate(first);
        doubled.then_some(Loss::DuplicateKey)
    }

    fn string(&mut self) -> Option<Loss> {
        let start = self.at + 1;
        let end = string_end(self.document, start);
        let content = &self.document[start..end];
        if std::mem::take(&mut self.at_key) {
            self.keys.push(unescaped(
                content,
                &self.document[start - 1..=end.min(self.document.len() - 1)],
            ));
        }
        self.at = end + 1;
        None
    }

    fn number(&mut self, exact: bool) -> Option<Loss> {
        let rest = &self.document[self.at..];
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(rest.len());
        self.at += length;
        let kept = is_kept(&rest[..length], exact);
        (!kept).then_some(Loss::Digits)
    }
}

/// Where the string that begins at `start` ends: its closing quote, or the end of the document.
fn string_end(document: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr2(b'"', b'\\', document.get(at..).unwrap_or_default()) {
        at += found;
        if document[at] == b'"' {
            return at;
        }
        at += 2;
    }
    document.len()
}

/// The key with its escapes undone, since `"a"` and `"\u0061"` are the same.
fn unescaped<'a>(content: &'a [u8], quoted: &[u8]) -> Cow<'a, [u8]> {
    if memchr::memchr(b'\\', content).is_none() {
        return Cow::Borrowed(content);
    }
    match serde_json::from_slice::<String>(quoted) {
        Ok(key) => Cow::Owned(key.into_bytes()),
        Err(_) => Cow::Borrowed(content),
    }
}

fn is_kept(number: &[u8], exact: bool) -> bool {
    let is_integer = number
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'-');
    let text = std::str::from_utf8(number).unwrap_or_default();
    if is_integer && (text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()) {
        return true;
    }
    match significant_digits(number) {
        // Not a number: the server says so.
        None => true,
        Some(digits) if digits <= F64_DIGITS_MAX && !exact => {
            super::number::parse_f64(number).is_some_and(|value| value != 0.0 || digits == 0)
        }
        Some(_) => survives_as_f64(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn losses_are_found() {
        use Loss::{Digits, DuplicateKey};
        for (document, lenient, exact) in [
            (
                r#"{"a": 1, "b": [1.5, -2e3, "x\"y", null, true]}"#,
                None,
                None,
            ),
            (
                r#"[18446744073709551615, -9223372036854775808]"#,
                None,
                None,
            ),
            (r#"[18446744073709551616]"#, Some(Digits), Some(Digits)),
            (
                r#"{"p": 0.1234567890123456789}"#,
                Some(Digits),
                Some(Digits),
            ),
            (r#"[0.10000000000000001]"#, None, Some(Digits)),
            (r#"[1e999]"#, Some(Digits), Some(Digits)),
            (r#"[1e-999, 0e-999]"#, Some(Digits), Some(Digits)),
            (
                r#"{"a": 1, "a": 2}"#,
                Some(DuplicateKey),
                Some(DuplicateKey),
            ),
            (
                r#"{"a": 1, "\u0061": 2}"#,
                Some(DuplicateKey),
                Some(DuplicateKey),
            ),
            (r#"[{"a": {"a": 1}}, {"a": "a"}]"#, None, None),
            (r#"{"a": ["a", "a"], "b": "a"}"#, None, None),
            (r#"{"a\\": 1, "a": "0.1234567890123456789"}"#, None, None),
        ] {
            assert_eq!(find_loss(document.as_bytes(), false), lenient, "{document}");
            assert_eq!(find_loss(document.as_bytes(), true), exact, "{document}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(document in proptest::collection::vec(
            prop_oneof![
                Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'),
                Just(b','), Just(b':'), Just(b'1'), Just(b'-'), Just(b'.'), any::<u8>()],
            0..40)) {
            find_loss(&document, true);
        }
    }
}
