//! Decimals as whole numbers of their smallest unit, for arithmetic on keys.

use dbferry_core::DataType;

/// Decimal digits that fit 128 bits with room for arithmetic.
const DIGITS_MAX: u16 = 36;

/// The digits after the point of a type whose values are whole numbers of a smallest unit.
pub(super) fn whole_scale(data_type: &DataType) -> Option<u16> {
    match data_type {
        DataType::Integer { .. } => Some(0),
        DataType::Decimal {
            precision: Some(precision),
            scale: Some(scale),
        } => (*precision <= DIGITS_MAX).then_some(*scale),
        _ => None,
    }
}

/// The text of a number as a whole number of units; `None` for what is no such number.
pub(super) fn unscaled(text: &str, scale: u16) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let zeros = usize::from(scale).checked_sub(fraction.len())?;
    format!("{whole}{fraction}{}", "0".repeat(zeros))
        .parse()
        .ok()
}

/// The number of units as the text of a number.
pub(super) fn scaled(value: i128, scale: u16) -> String {
    let scale = usize::from(scale);
    if scale == 0 {
        return value.to_string();
    }
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{whole}.{fraction}")
}
