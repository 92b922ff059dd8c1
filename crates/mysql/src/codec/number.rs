//! Numbers as text, looked at without losing a digit.

use dbferry_core::float::push_f64;

/// A decimal number, as its significant digits and the power of ten of the first of them.
#[derive(Debug, PartialEq, Eq)]
struct Digits<'a> {
    negative: bool,
    /// Without zeros at either end; empty for zero. They may span the decimal point.
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// The most digits of an exponent that are looked at: more would be a number beyond any type.
const EXPONENT_DIGITS_MAX: usize = 9;

impl<'a> Digits<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = match text.split_first()? {
            (b'-', rest) => (true, rest),
            (b'+', rest) => (false, rest),
            _ => (false, text),
        };
        let (mantissa, power) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (&text[..at], parse_exponent(&text[at + 1..])?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
            Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
            None => (mantissa, &mantissa[mantissa.len()..]),
        };
        let all_digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
        if !all_digits || whole.len() + fraction.len() == 0 {
            return None;
        }
        Some(Self::trimmed(negative, whole, fraction, power))
    }

    fn trimmed(negative: bool, whole: &'a [u8], fraction: &'a [u8], power: i64) -> Self {
        let whole = trim_start(whole);
        let mut fraction = trim_end(fraction);
        let mut exponent = power + length(whole) - 1;
        let mut whole_end = whole;
        if whole.is_empty() {
            let trimmed = trim_start(fraction);
            exponent = power - (length(fraction) - length(trimmed)) - 1;
            fraction = trimmed;
        }
        if fraction.is_empty() {
            whole_end = trim_end(whole);
        }
        if whole_end.is_empty() && fraction.is_empty() {
            exponent = 0;
        }
        Self {
            negative,
            whole: whole_end,
            fraction,
            exponent,
        }
    }

    fn count(&self) -> usize {
        self.whole.len() + self.fraction.len()
    }

    fn equals(&self, other: &Self) -> bool {
        self.negative == other.negative
            && self.exponent == other.exponent
            && self
                .whole
                .iter()
                .chain(self.fraction)
                .eq(other.whole.iter().chain(other.fraction))
    }
}

fn parse_exponent(text: &[u8]) -> Option<i64> {
    if text.len() > EXPONENT_DIGITS_MAX {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits
        .iter()
        .rev()
        .take_while(|&&digit| digit == b'0')
        .count();
    &digits[..digits.len() - zeros]
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

/// The text as a 64-bit number, when it is one that is finite.
pub(crate) fn parse_f64(text: &[u8]) -> Option<f64> {
    let value = std::str::from_utf8(text).ok()?.parse::<f64>().ok()?;
    value.is_finite().then_some(value)
}

/// Significant digits that every 64-bit number keeps.
const F64_DIGITS_SAFE: usize = 15;

/// Whether a 64-bit number keeps every digit of this decimal text, so that the number printed
/// again in its shortest form has the same value. `false` for what is no number.
pub(crate) fn survives_as_f64(text: &[u8]) -> bool {
    let Some(digits) = Digits::parse(text) else {
        return false;
    };
    if digits.count() == 0 || (digits.count() <= F64_DIGITS_SAFE && digits.exponent.abs() < 300) {
        return true;
    }
    let Some(value) = parse_f64(text) else {
        return false;
    };
    let mut printed = Vec::new();
    push_f64(&mut printed, value);
    Digits::parse(&printed).is_some_and(|printed| printed.equals(&digits))
}

/// The number of significant digits; `None` for what is no number.
pub(crate) fn significant_digits(text: &[u8]) -> Option<usize> {
    Digits::parse(text).map(|digits| digits.count())
}

/// Whether this decimal text is a whole number without an exponent, zeros after the point aside.
pub(crate) fn is_whole(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole_end = digits
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(digits.len());
    let zeros = match &digits[whole_end..] {
        [] => return whole_end > 0,
        [b'.', zeros @ ..] => zeros,
        _ => return false,
    };
    whole_end > 0 && zeros.iter().all(|&byte| byte == b'0')
}

/// Takes off the zeros that ZEROFILL puts in front, and leaves one digit before the point.
pub(crate) fn without_zerofill(text: &[u8]) -> &[u8] {
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    match text.get(zeros) {
        Some(byte) if byte.is_ascii_digit() => &text[zeros..],
        _ => &text[zeros.saturating_sub(1)..],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_that_a_double_changes_are_found() {
        for (text, expected) in [
            ("0", true),
            ("-0.00", true),
            ("1.50", true),
            ("123456789012345", true),
            ("12345678901234567890", false),
            ("18446744073709551616", false),
            ("0.1234567890123456789", false),
            ("0.30000000000000004", true),
            ("0.10000000000000001", false),
            ("1e400", false),
            ("1e-400", false),
            ("2.2250738585072014e-308", true),
            ("5e-324", true),
            ("1.7976931348623157E+308", true),
            ("", false),
            (".", false),
            ("1.2.3", false),
            ("1e", false),
            ("NaN", false),
        ] {
            assert_eq!(survives_as_f64(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_known() {
        for (text, expected) in [
            ("12", true),
            ("-12.000", true),
            ("1.5", false),
            ("1e3", false),
            ("", false),
            (".0", false),
            ("-", false),
            ("NaN", false),
        ] {
            assert_eq!(is_whole(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn zerofill_goes() {
        for (text, expected) in [
            ("00012", "12"),
            ("00000", "0"),
            ("0000.50", "0.50"),
            ("0012.50", "12.50"),
            ("7", "7"),
        ] {
            assert_eq!(without_zerofill(text.as_bytes()), expected.as_bytes());
        }
        assert_eq!(without_zerofill(b""), b"");
    }

    proptest! {
        #[test]
        fn every_double_survives(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let exponential = format!("{value:e}");
            let plain = format!("{value}");
            prop_assert!(survives_as_f64(exponential.as_bytes()));
            prop_assert!(survives_as_f64(plain.as_bytes()));
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(
            prop_oneof![Just(b'.'), Just(b'e'), Just(b'-'), Just(b'0'), b'0'..=b'9', any::<u8>()],
            0..20)) {
            survives_as_f64(&text);
            significant_digits(&text);
            is_whole(&text);
            without_zerofill(&text);
        }
    }
}
