//! The way of a cell into a column: what is done to it here, and what the server does.
//!
//! [`Way::new`] decides once per column and load. Most ways are [`Recode::Copy`] and
//! [`Expression::Direct`], which cost nothing. The rest closes gaps that the server would leave
//! open in silence; each variant says which.

use std::collections::HashMap;

use dbferry_core::float::push_f64;
use dbferry_core::{CellForm, Column, ColumnLoad, DataType};

use super::charset;
use super::json::{Loss, find_loss};
use super::number::{is_whole, parse_f64, survives_as_f64};

/// How the cells of one column get into it.
#[derive(Debug)]
pub(crate) struct Way {
    /// What is done to a cell before it is sent.
    pub(crate) recode: Recode,
    /// What the statement does to it.
    pub(crate) expression: Expression,
}

/// Why a cell cannot go into its column, in words that follow "the value".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

/// What is done to a cell before it is sent.
#[derive(Debug)]
pub(crate) enum Recode {
    /// Nothing.
    Copy,
    /// `t` and `f` become 1 and 0.
    BooleanDigit,
    /// `t` and `f` become a bit.
    BooleanBit,
    /// The text of a 32-bit float becomes that of the same number in 64 bits. The server parses
    /// every text as 64 bits and rounds once more, which may end at a neighbour. With the limit of
    /// [`Recode::FloatLimit`], if there is one.
    WidenFloat(Option<String>),
    /// A 64-bit float must be one of 32 bits: the server rounds in silence.
    NarrowFloat,
    /// The largest number of a FLOAT(M,D), as the server rounded it to 32 bits, may lie beyond the
    /// limit of the type, and the server would not take it back. What it takes is the limit.
    FloatLimit(String),
    /// A decimal number must survive as a double: the server rounds in silence.
    ExactDouble,
    /// Bits become a number.
    BitNumber,
    /// The number must be whole: the server rounds in silence.
    Whole,
    /// At most so many digits of a second's fraction: the server rounds in silence.
    Fraction(u8),
    /// No trailing space: CHAR columns lose it.
    NoTrailingSpace,
    /// Exactly so many bytes: BINARY columns fill up with zeros.
    ExactLength(usize),
    /// A label becomes its index. The server would take a label that it does not know for an
    /// index if it looks like a number, and one that differs by case for its neighbour.
    EnumIndex(HashMap<Vec<u8>, String>),
    /// Labels become a bit mask, for the same reason.
    SetMask(HashMap<Vec<u8>, u64>),
    /// A document must keep its value in MySQL's binary form.
    Json {
        /// See [`find_loss`].
        exact: bool,
    },
}

/// What the statement does to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expression {
    /// The binary string goes into the column as it is.
    Direct,
    /// It is declared to be UTF-8, and converted to the column's charset where that is another.
    Utf8,
    /// It is a number for an ENUM whose labels could be taken for numbers.
    Unsigned,
    /// It is a number for a SET or BIT column. `CAST` would complain about the highest bit.
    Bits,
}

impl Expression {
    /// What stands before and after the operand.
    pub(crate) fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::Direct => ("", ""),
            Self::Utf8 => ("CONVERT(", " USING utf8mb4)"),
            Self::Unsigned => ("CAST(", " AS UNSIGNED)"),
            Self::Bits => ("(", " | 0)"),
        }
    }

    /// The expression around an operand.
    pub(crate) fn around(self, operand: &str) -> String {
        let (before, after) = self.brackets();
        format!("{before}{operand}{after}")
    }
}

impl Way {
    /// The way of the cells of `load` into `column`. `binary_json` tells whether the server keeps
    /// JSON in a form of its own, as MySQL does and MariaDB does not.
    pub(crate) fn new(load: &ColumnLoad, column: &Column, binary_json: bool) -> Self {
        let native = load.form == CellForm::Native;
        Self {
            recode: match native {
                true => native_recode(column, binary_json),
                false => canonical_recode(&load.data_type, column, binary_json),
            },
            expression: expression(load, column, binary_json),
        }
    }
}

fn native_recode(column: &Column, binary_json: bool) -> Recode {
    match column.data_type {
        DataType::Json if binary_json => Recode::Json { exact: true },
        DataType::Float { bits: 32 } => match float_limit(&column.declared) {
            Some(limit) => Recode::FloatLimit(limit),
            None => Recode::Copy,
        },
        _ => Recode::Copy,
    }
}

fn canonical_recode(from: &DataType, column: &Column, binary_json: bool) -> Recode {
    use DataType as T;
    match (from, &column.data_type) {
        (_, T::Enum { labels }) => Recode::EnumIndex(enum_indexes(labels)),
        (_, T::Set { labels }) => Recode::SetMask(set_bits(labels)),
        (_, T::Json) if binary_json => Recode::Json { exact: false },
        (T::Boolean, T::Bit { .. }) => Recode::BooleanBit,
        (T::Boolean, T::Integer { .. } | T::Decimal { .. } | T::Float { .. } | T::Boolean) => {
            Recode::BooleanDigit
        }
        (T::Bit { .. }, T::Bit { .. }) => Recode::Copy,
        (T::Bit { .. }, T::Integer { .. } | T::Decimal { .. } | T::Boolean) => Recode::BitNumber,
        (T::Integer { .. }, T::Integer { .. }) => Recode::Copy,
        (_, T::Integer { .. } | T::Year) => Recode::Whole,
        (T::Float { bits: 32 }, T::Float { .. }) => {
            Recode::WidenFloat(float_limit(&column.declared))
        }
        (T::Float { .. }, T::Float { bits: 32 }) => Recode::NarrowFloat,
        (T::Float { .. }, T::Float { .. }) => Recode::Copy,
        (T::Integer { bits, .. }, T::Float { bits: 64 }) if *bits < 64 => Recode::Copy,
        (T::Integer { .. } | T::Decimal { .. }, T::Float { bits }) => match bits {
            32 => Recode::NarrowFloat,
            _ => Recode::ExactDouble,
        },
        (_, T::Time { fraction } | T::DateTime { fraction } | T::Timestamp { fraction }) => {
            fraction_recode(from, *fraction)
        }
        (T::Char { .. }, T::Char { .. }) => Recode::Copy,
        (_, T::Char { .. }) => Recode::NoTrailingSpace,
        (T::Binary { length: from }, T::Binary { length: to }) if from == to => Recode::Copy,
        (_, T::Binary { length }) => {
            Recode::ExactLength(usize::try_from(*length).unwrap_or(usize::MAX))
        }
        _ => Recode::Copy,
    }
}

fn fraction_recode(from: &DataType, kept: u8) -> Recode {
    match from {
        DataType::Time { fraction }
        | DataType::DateTime { fraction }
        | DataType::Timestamp { fraction }
            if *fraction <= kept =>
        {
            Recode::Copy
        }
        DataType::Date => Recode::Copy,
        _ => Recode::Fraction(kept),
    }
}

fn expression(load: &ColumnLoad, column: &Column, binary_json: bool) -> Expression {
    match &column.data_type {
        DataType::Enum { labels } if has_numeric_labels(labels) => Expression::Unsigned,
        DataType::Set { labels } if labels.len() >= 64 || has_numeric_labels(labels) => {
            Expression::Bits
        }
        DataType::Enum { .. } | DataType::Set { .. } => Expression::Direct,
        DataType::Uuid | DataType::Inet { .. } => Expression::Utf8,
        DataType::Json if binary_json => Expression::Utf8,
        DataType::Bit { .. } => match (load.form, &load.data_type) {
            (CellForm::Native, _) | (_, DataType::Bit { .. } | DataType::Boolean) => {
                Expression::Direct
            }
            _ => Expression::Bits,
        },
        _ if load.form == CellForm::Native || load.data_type.is_binary() => Expression::Direct,
        DataType::Json if column.charset.is_none() => Expression::Direct,
        _ if charset::needs_conversion(column) || is_json_text(column) => Expression::Utf8,
        _ => Expression::Direct,
    }
}

/// A JSON column that is text of a charset other than UTF-8.
fn is_json_text(column: &Column) -> bool {
    column.data_type == DataType::Json
        && column
            .charset
            .as_deref()
            .is_some_and(|name| !charset::is_utf8(name))
}

/// Whether the text of a number could equal a label. A label with an ASCII letter never does,
/// whatever the collation; one without may (`①` equals `1` in `utf8mb4_0900_ai_ci`).
fn has_numeric_labels(labels: &[String]) -> bool {
    labels
        .iter()
        .any(|label| !label.is_empty() && !label.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

fn enum_indexes(labels: &[String]) -> HashMap<Vec<u8>, String> {
    let mut indexes: HashMap<_, _> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| (label.clone().into_bytes(), (index + 1).to_string()))
        .collect();
    // The empty text is the error value, unless it is a label.
    indexes.entry(Vec::new()).or_insert_with(|| "0".to_owned());
    indexes
}

fn set_bits(labels: &[String]) -> HashMap<Vec<u8>, u64> {
    let bits = std::iter::successors(Some(1_u64), |bit| bit.checked_mul(2));
    labels
        .iter()
        .map(|label| label.clone().into_bytes())
        .zip(bits)
        .collect()
}

impl Recode {
    /// The bytes to send for a cell. `scratch` holds them where they differ from the cell.
    ///
    /// # Errors
    /// [`Refusal`] when the column would hold another value.
    pub(crate) fn apply<'a>(
        &'a self,
        cell: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Refusal> {
        match self {
            Self::Copy => Ok(cell),
            Self::BooleanDigit => boolean(cell, b"1", b"0"),
            Self::BooleanBit => boolean(cell, b"\x01", b"\x00"),
            Self::WidenFloat(limit) => {
                widen(cell, scratch)?;
                Ok(limit
                    .as_deref()
                    .map_or(&scratch[..], |limit| within(scratch, limit)))
            }
            Self::FloatLimit(limit) => Ok(within(cell, limit)),
            Self::NarrowFloat => keep(
                cell,
                fits_f32(cell),
                "has digits that a 32-bit float does not keep",
            ),
            Self::ExactDouble => keep(
                cell,
                survives_as_f64(cell),
                "has digits that a double does not keep",
            ),
            Self::BitNumber => bit_number(cell, scratch),
            Self::Whole => keep(cell, is_whole(cell), "is no whole number"),
            Self::Fraction(digits) => keep(
                cell,
                has_fraction(cell, *digits),
                "has more digits of a second's fraction",
            ),
            Self::NoTrailingSpace => keep(
                cell,
                cell.last() != Some(&b' '),
                "ends with a space, which CHAR loses",
            ),
            Self::ExactLength(length) => keep(
                cell,
                cell.len() == *length,
                "has another length than the BINARY column",
            ),
            Self::EnumIndex(indexes) => match indexes.get(cell) {
                Some(index) => Ok(index.as_bytes()),
                None => Err(Refusal("is no label of the ENUM")),
            },
            Self::SetMask(bits) => set_mask(cell, bits, scratch),
            Self::Json { exact } => json(cell, *exact),
        }
    }
}

fn keep<'a>(cell: &'a [u8], holds: bool, otherwise: &'static str) -> Result<&'a [u8], Refusal> {
    if holds {
        Ok(cell)
    } else {
        Err(Refusal(otherwise))
    }
}

fn boolean(cell: &[u8], on: &'static [u8], off: &'static [u8]) -> Result<&'static [u8], Refusal> {
    match cell {
        b"t" => Ok(on),
        b"f" => Ok(off),
        _ => Err(Refusal("is neither true nor false")),
    }
}

/// The limit of a `float(m,d)`, with a minus sign in front: nines only.
fn float_limit(declared: &str) -> Option<String> {
    let (_, rest) = declared.split_once('(')?;
    let (digits, _) = rest.split_once(')')?;
    let (digits, decimals) = digits.split_once(',')?;
    let (digits, decimals): (usize, usize) =
        (digits.trim().parse().ok()?, decimals.trim().parse().ok()?);
    let whole = "9".repeat(digits.checked_sub(decimals)?);
    Some(format!("-0{whole}.{}", "9".repeat(decimals)))
}

/// The number, or the limit when the number is the limit rounded to 32 bits.
fn within<'a>(cell: &'a [u8], limit: &'a str) -> &'a [u8] {
    let Some(value) = parse_f64(cell) else {
        return cell;
    };
    let Ok(most) = limit[1..].parse::<f64>() else {
        return cell;
    };
    #[expect(clippy::cast_possible_truncation, reason = "as the server does")]
    let rounded = f64::from(most as f32);
    match value.abs() > most && value.abs() == rounded {
        true if value < 0.0 => limit.as_bytes(),
        true => &limit.as_bytes()[1..],
        false => cell,
    }
}

fn widen(cell: &[u8], scratch: &mut Vec<u8>) -> Result<(), Refusal> {
    let text = std::str::from_utf8(cell).map_err(|_| NO_NUMBER)?;
    let value: f32 = text.parse().map_err(|_| NO_NUMBER)?;
    if !value.is_finite() {
        return Err(NOT_FINITE);
    }
    scratch.clear();
    push_f64(scratch, f64::from(value));
    Ok(())
}

const NO_NUMBER: Refusal = Refusal("is no number");
const NOT_FINITE: Refusal = Refusal("is infinite or no number, which MySQL cannot hold");

/// Whether a 32-bit float holds the same number.
fn fits_f32(cell: &[u8]) -> bool {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the truncation is what is looked for"
    )]
    let narrowed = |value: f64| f64::from(value as f32);
    survives_as_f64(cell) && parse_f64(cell).is_some_and(|value| narrowed(value) == value)
}

fn bit_number<'a>(cell: &[u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8], Refusal> {
    let value = bits_as_u64(cell).ok_or(Refusal("has more than 64 bits"))?;
    scratch.clear();
    scratch.extend_from_slice(value.to_string().as_bytes());
    Ok(scratch)
}

/// Bytes, most significant first, as a number; `None` beyond 64 bits.
pub(crate) fn bits_as_u64(bytes: &[u8]) -> Option<u64> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let bytes = &bytes[zeros..];
    (bytes.len() <= 8).then(|| {
        bytes
            .iter()
            .fold(0, |value, &byte| value << 8 | u64::from(byte))
    })
}

/// Whether the digits of the fraction beyond `kept` are all zero.
fn has_fraction(cell: &[u8], kept: u8) -> bool {
    let Some(point) = cell.iter().position(|&byte| byte == b'.') else {
        return true;
    };
    cell[point + 1..]
        .iter()
        .skip(usize::from(kept))
        .all(|&digit| digit == b'0')
}

fn set_mask<'a>(
    cell: &[u8],
    bits: &HashMap<Vec<u8>, u64>,
    scratch: &'a mut Vec<u8>,
) -> Result<&'a [u8], Refusal> {
    let mut mask = 0;
    if !cell.is_empty() {
        for label in cell.split(|&byte| byte == b',') {
            mask |= bits
                .get(label)
                .ok_or(Refusal("has a label that the SET lacks"))?;
        }
    }
    scratch.clear();
    scratch.extend_from_slice(mask.to_string().as_bytes());
    Ok(scratch)
}

fn json(cell: &[u8], exact: bool) -> Result<&[u8], Refusal> {
    match find_loss(cell, exact) {
        None => Ok(cell),
        Some(Loss::Digits) => Err(Refusal(
            "holds a number with more digits than JSON keeps here",
        )),
        Some(Loss::DuplicateKey) => Err(Refusal("holds an object with the same key twice")),
    }
}

#[cfg(test)]
mod tests;
