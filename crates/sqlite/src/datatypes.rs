//! Declared types: their affinity, the values that one may expect behind them, and the types in
//! which values of other databases are kept.
//!
//! SQLite takes any text for a type and derives from it only an affinity, a preference for one
//! storage class. [`affinity`] follows SQLite's five rules (datatype3.html, section 3.1).
//! [`expected`] reads more out of the words, as people mean them: `BOOLEAN`, `DATE`,
//! `DECIMAL(10,2)`. Whether the values keep to it is what [`crate::content`] finds out.
//!
//! [`declare`] is the way back, under one rule: the affinity of the declared type must never
//! change a value. So decimals of more than 15 digits and JSON get types whose names end in
//! `_TEXT`, because plain `DECIMAL` and `JSON` have numeric affinity and would store
//! `0.1000000000000000055` as a binary fraction and the JSON text `1.50` as the number 1.5.

use dbferry_core::DataType;

/// Decimal digits that every 64-bit float gives back unchanged.
pub(crate) const FLOAT_DIGITS: u16 = 15;

/// The largest integer below which every integer is a 64-bit float.
pub(crate) const FLOAT_INTEGER_MAX: i64 = 1 << 53;

/// The storage class that a column prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// Integers, and floats that are whole.
    Integer,
    /// Text; numbers become text.
    Text,
    /// None: values stay as they are.
    Blob,
    /// Floats.
    Real,
    /// Numbers.
    Numeric,
}

impl Affinity {
    /// Whether text that looks like a number becomes one.
    pub(crate) fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Real | Self::Numeric)
    }
}

/// The affinity of a declared type. In a `STRICT` table `ANY` has none.
pub(crate) fn affinity(declared: &str, strict: bool) -> Affinity {
    let upper = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| upper.contains(word));
    if strict && upper == "ANY" {
        Affinity::Blob
    } else if has(&["INT"]) {
        Affinity::Integer
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Affinity::Text
    } else if upper.is_empty() || has(&["BLOB"]) {
        Affinity::Blob
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// The type that a declared type leads one to expect.
pub(crate) fn expected(declared: &str) -> DataType {
    let (word, numbers) = split(declared);
    match (word.as_str(), numbers.as_slice()) {
        ("BOOL" | "BOOLEAN", _) => DataType::Boolean,
        ("DATE", _) => DataType::Date,
        ("TIME", _) => DataType::Time { fraction: 6 },
        ("DATETIME" | "TIMESTAMP", _) => DataType::DateTime { fraction: 6 },
        ("JSON" | "JSON_TEXT", _) => DataType::Json,
        ("UUID" | "GUID", _) => DataType::Uuid,
        ("DECIMAL" | "DECIMAL_TEXT" | "NUMERIC" | "NUMBER" | "DEC", numbers) => decimal(numbers),
        (_, numbers) => by_affinity(declared, numbers),
    }
}

fn decimal(numbers: &[u32]) -> DataType {
    let small = |number: u32| u16::try_from(number).ok();
    let precision = numbers.first().copied().and_then(small);
    let scale = numbers.get(1).map_or(Some(0), |&scale| small(scale));
    DataType::Decimal {
        precision,
        scale: precision.and(scale),
    }
}

fn by_affinity(declared: &str, numbers: &[u32]) -> DataType {
    match affinity(declared, false) {
        Affinity::Integer => DataType::Integer {
            bits: 64,
            signed: true,
        },
        Affinity::Real => DataType::Float { bits: 64 },
        Affinity::Text if numbers.first().is_some_and(|&length| length > 0) => DataType::VarChar {
            length: numbers.first().copied(),
        },
        Affinity::Blob if !declared.is_empty() => DataType::Blob { bytes_max: None },
        Affinity::Text | Affinity::Blob | Affinity::Numeric => DataType::Text { bytes_max: None },
    }
}

/// The first word of a declared type in upper case, and the numbers in its parenthesis.
fn split(declared: &str) -> (String, Vec<u32>) {
    let (words, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let word = words.split_whitespace().next().unwrap_or("");
    let numbers = rest
        .trim_end_matches(')')
        .split(',')
        .filter_map(|number| number.trim().parse().ok())
        .collect();
    (word.to_ascii_uppercase(), numbers)
}

/// The declared type whose affinity keeps every value of a type; `None` when there is none.
pub(crate) fn declare(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Integer { .. } | DataType::Year => "INTEGER".to_owned(),
        DataType::Decimal { precision, scale } => declare_decimal(*precision, *scale),
        DataType::Float { .. } => "DOUBLE".to_owned(),
        // Up to 63 bits the value is an integer; 64 bits may not fit one.
        DataType::Bit { length } if *length < 64 => format!("BIT({length})"),
        DataType::Char { length } => format!("CHAR({length})"),
        DataType::VarChar {
            length: Some(length),
        } => format!("VARCHAR({length})"),
        DataType::VarChar { length: None }
        | DataType::Text { .. }
        | DataType::Enum { .. }
        | DataType::Set { .. } => "TEXT".to_owned(),
        DataType::Bit { .. }
        | DataType::Binary { .. }
        | DataType::VarBinary { .. }
        | DataType::Blob { .. }
        | DataType::Geometry { .. }
        | DataType::Vector { .. } => "BLOB".to_owned(),
        DataType::Date => "DATE".to_owned(),
        DataType::Time { .. } => "TIME".to_owned(),
        DataType::DateTime { .. } => "DATETIME".to_owned(),
        DataType::Timestamp { .. } => "TIMESTAMP".to_owned(),
        DataType::Json => "JSON_TEXT".to_owned(),
        DataType::Uuid => "CHAR(36)".to_owned(),
        DataType::Inet { .. } => "VARCHAR(45)".to_owned(),
        DataType::Other { .. } => return None,
    })
}

fn declare_decimal(precision: Option<u16>, scale: Option<u16>) -> String {
    match (precision, scale) {
        (Some(precision), scale) if precision <= FLOAT_DIGITS => {
            format!("DECIMAL({precision},{})", scale.unwrap_or(0))
        }
        (Some(precision), scale) => format!("DECIMAL_TEXT({precision},{})", scale.unwrap_or(0)),
        (None, _) => "DECIMAL_TEXT".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_follows_the_five_rules() {
        let check = |declared, expected| assert_eq!(affinity(declared, false), expected);
        check("INTEGER", Affinity::Integer);
        check("CHARINT", Affinity::Integer);
        check("FLOATING POINT", Affinity::Integer);
        check("varchar(10)", Affinity::Text);
        check("CLOB", Affinity::Text);
        check("", Affinity::Blob);
        check("BLOB", Affinity::Blob);
        check("DOUBLE PRECISION", Affinity::Real);
        check("STRING", Affinity::Numeric);
        check("ANY", Affinity::Numeric);
        assert_eq!(affinity("ANY", true), Affinity::Blob);
    }

    #[test]
    fn words_tell_more_than_the_affinity() {
        let check = |declared, data_type| assert_eq!(expected(declared), data_type, "{declared}");
        check("boolean", DataType::Boolean);
        check(
            "TIMESTAMP WITH TIME ZONE",
            DataType::DateTime { fraction: 6 },
        );
        check("VARCHAR(20)", DataType::VarChar { length: Some(20) });
        check("TEXT", DataType::Text { bytes_max: None });
        check("", DataType::Text { bytes_max: None });
        check(
            "decimal(10, 2)",
            DataType::Decimal {
                precision: Some(10),
                scale: Some(2),
            },
        );
    }

    #[test]
    fn declared_types_leave_values_as_they_are() {
        let check = |data_type, expected| {
            assert_eq!(affinity(&declare(&data_type).unwrap(), false), expected);
        };
        check(DataType::Json, Affinity::Text);
        check(DataType::Uuid, Affinity::Text);
        check(
            DataType::Decimal {
                precision: Some(16),
                scale: Some(2),
            },
            Affinity::Text,
        );
        check(DataType::Blob { bytes_max: None }, Affinity::Blob);
        check(DataType::Float { bits: 32 }, Affinity::Real);
    }
}
