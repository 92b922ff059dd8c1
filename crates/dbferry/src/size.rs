//! Sizes, counts and times in the words of people.
//!
//! Bytes are in binary units, counts have thousands separated by commas, and every number keeps
//! its unit. What programs read is never formatted here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Binary units from the largest, with their bytes.
const UNITS: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

/// A number of bytes, read from and shown as `128MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub(crate) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = factor(unit.trim()).ok_or_else(|| expected(text))?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole: u64 = whole.parse().map_err(|_| expected(text))?;
        let tenths = match fraction.len() {
            1 => fraction.parse::<u64>().map_err(|_| expected(text))?,
            _ => return Err(expected(text)),
        };
        let bytes = whole
            .checked_mul(factor)
            .and_then(|bytes| bytes.checked_add(tenths * (factor / 10)));
        bytes.map(Self).ok_or_else(|| expected(text))
    }
}

fn factor(unit: &str) -> Option<u64> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        "t" | "tib" => Some(1 << 40),
        _ => None,
    }
}

fn expected(text: &str) -> String {
    format!("{text:?} is not a size; write a number and B, KiB, MiB or GiB, such as 128MiB")
}

impl fmt::Display for ByteSize {
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, bytes)| self.0 >= *bytes) {
            Some((unit, bytes)) => {
                let value = self.0 as f64 / *bytes as f64;
                let digits = usize::from(value < 99.95);
                f.pad(&format!("{value:.digits$} {unit}"))
            }
            None => f.pad(&format!("{} B", self.0)),
        }
    }
}

/// A number with its thousands separated: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut separated = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            separated.push(',');
        }
        separated.push(digit);
    }
    separated
}

/// A number with its noun in the right form: `1 table`, `7 tables`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// A rate as a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and rates are not negative"
)]
pub(crate) fn per_second(rate: f64) -> u64 {
    rate.round() as u64
}

/// A span of time in its two largest units: `850 ms`, `4.2 s`, `3 min 07 s`, `2 h 05 min`, `3 d 4 h`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..=9 => format!("{:.1} s", time.as_secs_f64()),
        10..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..=86_399 => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A span of seconds that was estimated, as [`span`].
pub(crate) fn estimate(seconds: f64) -> String {
    match Duration::try_from_secs_f64(seconds.ceil()) {
        Ok(time) if time < Duration::from_secs(365 * 86_400) => match time.as_secs() {
            seconds @ 0..=9 => format!("{seconds} s"),
            _ => span(time),
        },
        _ => "more than a year".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        let check = |text: &str, bytes: u64| {
            assert_eq!(text.parse::<ByteSize>(), Ok(ByteSize(bytes)), "{text}");
        };
        check("512", 512);
        check("64KiB", 64 << 10);
        check("128 mib", 128 << 20);
        check("1.5G", (1 << 30) + 5 * ((1 << 30) / 10));
        for text in ["", "MiB", "1.25MiB", "-1", "1 MB", "99999999TiB", "1..5K"] {
            assert!(
                text.parse::<ByteSize>().unwrap_err().contains("128MiB"),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_are_shown_with_units() {
        let check = |bytes: u64, text: &str| assert_eq!(ByteSize(bytes).to_string(), text);
        check(0, "0 B");
        check(1023, "1023 B");
        check(1024, "1.0 KiB");
        check(15_900_000, "15.2 MiB");
        check(150 << 20, "150 MiB");
        check(3 << 40, "3.0 TiB");
    }

    #[test]
    fn counts_have_separators() {
        let check = |number: u64, text: &str| assert_eq!(count(number), text);
        check(0, "0");
        check(999, "999");
        check(1000, "1,000");
        check(1_234_567, "1,234,567");
        assert_eq!(
            (counted(1, "table"), counted(0, "table")),
            ("1 table".into(), "0 tables".into())
        );
    }

    #[test]
    fn spans_have_two_units_at_most() {
        let check = |ms: u64, text: &str| assert_eq!(span(Duration::from_millis(ms)), text);
        check(850, "850 ms");
        check(4_200, "4.2 s");
        check(59_900, "59 s");
        check(187_000, "3 min 07 s");
        check(7_500_000, "2 h 05 min");
        check(273_600_000, "3 d 4 h");
        assert_eq!(estimate(3.2), "4 s");
        assert_eq!(estimate(1e12), "more than a year");
        assert_eq!(estimate(f64::INFINITY), "more than a year");
    }
}
