//! Between canonical text and the values of SQLite.
//!
//! Into an expression a number must go as a number, or comparisons would compare text. A number
//! that SQLite cannot hold exactly is an error, not an approximation: whole numbers beyond 64
//! bits signed, decimals of more than 15 digits, NaN.
//!
//! Out of an expression a value must fit the type that its rule declares. Real numbers are
//! rounded to a declared scale, and times cut to it: that is what declaring it means. Anything
//! else that does not fit is an error.

use dbferry_core::{Code, DataType, Error, RowBatch};
use rusqlite::types::ValueRef;

use crate::expression::Parameter;

/// Decimal digits that a 64-bit float always keeps.
const FLOAT_DIGITS: usize = 15;

/// Whole numbers up to this are exact as 64-bit floats.
const FLOAT_INTEGER_MAX: u64 = 1 << 53;

/// A cell as an expression sees it.
///
/// # Errors
/// `ExpressionFailed` for a number that would lose digits.
pub(super) fn parameter<'c>(cell: &'c [u8], data_type: &DataType) -> Result<Parameter<'c>, Error> {
    match data_type {
        DataType::Boolean => Ok(Parameter::Integer(i64::from(cell == b"t"))),
        DataType::Integer { .. } | DataType::Year => integer(cell),
        DataType::Decimal { .. } => decimal(cell),
        DataType::Float { .. } => float(cell),
        DataType::Bit { .. } => bits(cell),
        _ if data_type.is_binary() => Ok(Parameter::Blob(cell)),
        _ => Ok(Parameter::Text(cell)),
    }
}

fn integer(cell: &[u8]) -> Result<Parameter<'_>, Error> {
    let number = text(cell).and_then(|text| text.parse().ok());
    number.map(Parameter::Integer).ok_or_else(inexact)
}

fn decimal(cell: &[u8]) -> Result<Parameter<'_>, Error> {
    let text = text(cell).ok_or_else(inexact)?;
    if let Ok(number) = text.parse() {
        return Ok(Parameter::Integer(number));
    }
    let digits = text.trim_start_matches(['-', '0', '.']);
    let digits = digits.bytes().filter(u8::is_ascii_digit).count();
    match digits <= FLOAT_DIGITS {
        true => float(cell),
        false => Err(inexact()),
    }
}

fn float(cell: &[u8]) -> Result<Parameter<'_>, Error> {
    let number: Option<f64> = text(cell).and_then(|text| text.parse().ok());
    // SQLite has no NaN and would take it for NULL.
    let number = number
        .filter(|number| !number.is_nan())
        .ok_or_else(inexact)?;
    Ok(Parameter::Real(number))
}

fn bits(cell: &[u8]) -> Result<Parameter<'_>, Error> {
    let number = cell.iter().try_fold(0_i64, |number, &byte| {
        number
            .checked_mul(256)
            .map(|number| number | i64::from(byte))
    });
    number.map(Parameter::Integer).ok_or_else(inexact)
}

fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok()
}

fn inexact() -> Error {
    Error::definite(
        Code::ExpressionFailed,
        "a number has more digits than expressions compute exactly",
    )
}

/// Appends a value as canonical text of the type.
///
/// # Errors
/// `ValueUnrepresentable` when it does not fit; `RowTooLarge`.
pub(super) fn write(
    value: ValueRef<'_>,
    data_type: &DataType,
    output: &mut RowBatch,
) -> Result<(), Error> {
    if matches!(value, ValueRef::Null) {
        return output.push_null();
    }
    match data_type {
        _ if data_type.is_binary() => {
            let bytes = bytes_of(value, data_type).ok_or_else(|| misfit(data_type))?;
            output.push(&bytes)
        }
        _ => {
            let text = text_of(value, data_type).ok_or_else(|| misfit(data_type))?;
            output.push(text.as_bytes())
        }
    }
}

fn bytes_of(value: ValueRef<'_>, data_type: &DataType) -> Option<Vec<u8>> {
    let bytes = match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        _ => plain(value)?.into_bytes(),
    };
    let fits = match data_type {
        DataType::Binary { length } => bytes.len() == *length as usize,
        DataType::VarBinary {
            length: Some(length),
        } => bytes.len() <= *length as usize,
        DataType::Blob {
            bytes_max: Some(max),
        } => bytes.len() as u64 <= *max,
        DataType::Bit { .. } => false,
        _ => true,
    };
    fits.then_some(bytes)
}

fn text_of(value: ValueRef<'_>, data_type: &DataType) -> Option<String> {
    match data_type {
        DataType::Boolean => boolean_text(&plain(value)?),
        DataType::Integer { bits, signed } => integer_text(value, *bits, *signed),
        DataType::Decimal { precision, scale } => decimal_text(value, *precision, *scale),
        DataType::Float { bits } => float_text(value, *bits),
        DataType::Year => {
            let year: u16 = integer_text(value, 16, false)?.parse().ok()?;
            (year <= 9999).then(|| format!("{year:04}"))
        }
        DataType::Date => plain(value).filter(|text| is_shape(text, "0000-00-00")),
        DataType::Time { fraction } => time_text(&plain(value)?, *fraction),
        DataType::DateTime { fraction } | DataType::Timestamp { fraction } => {
            date_time_text(&plain(value)?, *fraction)
        }
        DataType::Json => {
            plain(value).filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
        }
        _ => plain(value).filter(|text| fits_length(text, data_type)),
    }
}

fn fits_length(text: &str, data_type: &DataType) -> bool {
    match data_type {
        DataType::Char { length }
        | DataType::VarChar {
            length: Some(length),
        } => text.chars().count() <= *length as usize,
        DataType::Text {
            bytes_max: Some(max),
        } => text.len() as u64 <= *max,
        _ => true,
    }
}

/// The text of any value, as SQLite would write it.
fn plain(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        // With a point even where it is whole.
        ValueRef::Real(number) => Some(format!("{number:?}")),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            std::str::from_utf8(bytes).ok().map(str::to_owned)
        }
    }
}

fn boolean_text(text: &str) -> Option<String> {
    let value = match text.to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "1.0" => "t",
        "0" | "f" | "false" | "0.0" => "f",
        _ => return None,
    };
    Some(value.to_owned())
}

fn integer_text(value: ValueRef<'_>, bits: u8, signed: bool) -> Option<String> {
    let number: i128 = match value {
        ValueRef::Integer(number) => i128::from(number),
        // Display writes every digit, so a whole number parses and another does not.
        ValueRef::Real(number) => number.to_string().parse().ok()?,
        _ => plain(value)?.trim().parse().ok()?,
    };
    let bits = u32::from(bits.min(64));
    let (min, max) = match signed {
        true => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
        false => (0, (1_i128 << bits) - 1),
    };
    (min..=max).contains(&number).then(|| number.to_string())
}

fn decimal_text(value: ValueRef<'_>, precision: Option<u16>, scale: Option<u16>) -> Option<String> {
    let text = match (value, scale) {
        (ValueRef::Real(number), _) if !number.is_finite() => return None,
        (ValueRef::Real(number), Some(scale)) => format!("{number:.*}", usize::from(scale)),
        (ValueRef::Real(number), None) => number.to_string(),
        _ => plain(value)?.trim().to_owned(),
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let numeric = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits == "." || !numeric(whole) || !numeric(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let fraction = scaled(fraction, scale)?;
    let room = precision.map(|all| usize::from(all.saturating_sub(scale.unwrap_or(0))));
    if room.is_some_and(|room| whole.len() > room) {
        return None;
    }
    let zero = whole.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    let sign = if zero { "" } else { sign };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// The fraction with exactly the scale's digits; `None` when digits would be lost.
fn scaled(fraction: &str, scale: Option<u16>) -> Option<String> {
    let Some(scale) = scale.map(usize::from) else {
        return Some(fraction.to_owned());
    };
    if fraction.len() > scale {
        let (kept, lost) = fraction.split_at(scale);
        return lost
            .bytes()
            .all(|byte| byte == b'0')
            .then(|| kept.to_owned());
    }
    Some(format!("{fraction:0<scale$}"))
}

fn float_text(value: ValueRef<'_>, bits: u8) -> Option<String> {
    let number: f64 = match value {
        ValueRef::Real(number) => number,
        ValueRef::Integer(number) if number.unsigned_abs() <= FLOAT_INTEGER_MAX => {
            number.to_string().parse().ok()?
        }
        ValueRef::Integer(_) => return None,
        _ => plain(value)?.trim().parse().ok()?,
    };
    let text = match bits {
        32 => {
            let narrow: f32 = number.to_string().parse().ok()?;
            if narrow.is_infinite() && number.is_finite() {
                return None;
            }
            format!("{narrow:?}")
        }
        _ => format!("{number:?}"),
    };
    Some(match text.as_str() {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        _ => text.strip_suffix(".0").map_or(text.clone(), str::to_owned),
    })
}

/// `2024-02-29`, or with a time in the forms that SQLite's functions give and take.
fn date_time_text(text: &str, fraction: u8) -> Option<String> {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time.trim_end_matches('Z')),
        None => (text, "00:00:00"),
    };
    if !is_shape(date, "0000-00-00") {
        return None;
    }
    let time = time_text(time, fraction)?;
    let plain_time = !time.starts_with('-') && time.find(':') == Some(2);
    plain_time.then(|| format!("{date} {time}"))
}

fn time_text(text: &str, fraction: u8) -> Option<String> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let whole = match whole.matches(':').count() {
        1 => format!("{whole}:00"),
        2 => whole.to_owned(),
        _ => return None,
    };
    let unsigned = whole.strip_prefix('-').unwrap_or(&whole);
    let hours = unsigned.find(':')?;
    let shape = format!("{}:00:00", "0".repeat(hours.clamp(2, 3)));
    if !is_shape(unsigned, &shape) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let wanted = usize::from(fraction);
    let kept: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(wanted)
        .collect();
    let point = if wanted == 0 { "" } else { "." };
    Some(format!("{whole}{point}{kept}"))
}

/// Whether a text has digits where the shape has `0`, and is the same elsewhere.
fn is_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(found, wanted)| match wanted {
                b'0' => found.is_ascii_digit(),
                _ => found == wanted,
            })
}

fn misfit(data_type: &DataType) -> Error {
    let wanted = match serde_json::to_value(data_type) {
        Ok(value) => value["type"].as_str().unwrap_or("declared").to_owned(),
        Err(_) => "declared".to_owned(),
    };
    Error::definite(
        Code::ValueUnrepresentable,
        format!("the computed value does not fit the type {wanted} of its column"),
    )
}

#[cfg(test)]
mod tests;
