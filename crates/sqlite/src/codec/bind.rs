//! From cells to values for a column of the target.
//!
//! The [`Decoder`] of a column is chosen once per table. It knows the column's affinity, because
//! SQLite changes values on their way in: text that looks like a number becomes one where the
//! affinity is numeric, numbers become text, floats that are whole become integers. A change that
//! keeps the value is welcome (`2.0` as integer 2 in a `DECIMAL` column); one that does not is
//! refused here, before the insert, since SQLite itself never says a word about it.

use dbferry_core::{CellForm, DataType};
use rusqlite::types::ValueRef;

use super::{Unfit, canonical, native, shape};
use crate::datatypes::{Affinity, FLOAT_INTEGER_MAX};

/// How the cells of one column become values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decoder {
    form: Form,
    affinity: Affinity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Native,
    Boolean,
    Integer,
    Decimal,
    Float,
    Bits { as_integer: bool },
    Text,
    Blob,
    Unknown,
}

impl Decoder {
    /// The decoder for cells of this form and type, into a column of this affinity.
    pub(crate) fn new(form: CellForm, data_type: &DataType, affinity: Affinity) -> Self {
        let form = match form {
            CellForm::Native => Form::Native,
            CellForm::Canonical => canonical_form(data_type, affinity),
        };
        Self { form, affinity }
    }

    /// Whether there is a way at all.
    pub(crate) fn is_possible(self) -> bool {
        self.form != Form::Unknown
    }

    /// The value of a cell.
    ///
    /// # Errors
    /// Why the column cannot hold the value unchanged.
    #[inline]
    pub(crate) fn decode(self, cell: &[u8]) -> Result<ValueRef<'_>, Unfit> {
        match self.form {
            Form::Native => kept(native::decode(cell)?, self.affinity),
            Form::Text => text(cell, self.affinity),
            Form::Blob => Ok(ValueRef::Blob(cell)),
            Form::Integer => whole(cell, self.affinity),
            Form::Float => float(cell, self.affinity),
            Form::Decimal => decimal(cell, self.affinity),
            Form::Boolean => boolean(cell),
            Form::Bits { as_integer: true } => bits(cell),
            Form::Bits { as_integer: false } => Ok(ValueRef::Blob(cell)),
            Form::Unknown => Err(Unfit("is of a type that SQLite does not know")),
        }
    }
}

fn canonical_form(data_type: &DataType, affinity: Affinity) -> Form {
    match data_type {
        DataType::Boolean => Form::Boolean,
        DataType::Integer { .. } | DataType::Year => Form::Integer,
        DataType::Decimal { .. } => Form::Decimal,
        DataType::Float { .. } => Form::Float,
        DataType::Bit { length } => Form::Bits {
            as_integer: *length < 64 && affinity != Affinity::Blob,
        },
        DataType::Binary { .. }
        | DataType::VarBinary { .. }
        | DataType::Blob { .. }
        | DataType::Geometry { .. }
        | DataType::Vector { .. } => Form::Blob,
        DataType::Other { .. } => Form::Unknown,
        _ => Form::Text,
    }
}

/// A value that is already SQLite's, if the affinity leaves its storage class alone.
#[inline]
fn kept(value: ValueRef<'_>, affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    let changes = match (value, affinity) {
        (ValueRef::Text(bytes), affinity) => affinity.is_numeric() && shape::looks_numeric(bytes),
        (ValueRef::Integer(_), affinity) => matches!(affinity, Affinity::Text | Affinity::Real),
        (ValueRef::Real(_), Affinity::Text) => true,
        (ValueRef::Real(real), Affinity::Integer | Affinity::Numeric) => is_whole(real),
        _ => false,
    };
    match changes {
        true => Err(Unfit(
            "would change its storage class by the column's affinity",
        )),
        false => Ok(value),
    }
}

/// Whether SQLite stores a float as an integer where the affinity is numeric.
fn is_whole(real: f64) -> bool {
    const BEYOND_INTEGERS: f64 = 9_223_372_036_854_775_808.0;
    real.fract() == 0.0 && real.abs() < BEYOND_INTEGERS
}

/// Decimal digits with an optional sign, within 64 bits.
#[inline]
pub(crate) fn integer(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn whole(cell: &[u8], affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    let Some(integer) = integer(cell) else {
        return match affinity {
            Affinity::Text | Affinity::Blob if shape::looks_numeric(cell) => {
                Ok(ValueRef::Text(cell))
            }
            _ => Err(Unfit(
                "is above 9223372036854775807, the largest integer of SQLite",
            )),
        };
    };
    let exact = (-FLOAT_INTEGER_MAX..=FLOAT_INTEGER_MAX).contains(&integer);
    if affinity == Affinity::Real && !exact {
        return Err(Unfit(
            "is an integer that the column's floats cannot hold exactly",
        ));
    }
    Ok(ValueRef::Integer(integer))
}

fn text(cell: &[u8], affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    if std::str::from_utf8(cell).is_err() {
        return Err(Unfit("is text that is not UTF-8"));
    }
    if affinity.is_numeric() && shape::looks_numeric(cell) {
        return number_of(cell, affinity);
    }
    Ok(ValueRef::Text(cell))
}

/// Text that looks like a number and becomes one: only where its spelling comes back.
fn number_of(cell: &[u8], affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    let mut spelling = Vec::new();
    if let Some(integer) = integer(cell) {
        canonical::push_integer(integer, &mut spelling);
        if spelling == cell && affinity != Affinity::Real {
            return Ok(ValueRef::Integer(integer));
        }
    }
    Err(Unfit(
        "is text that the column's numeric affinity would change",
    ))
}

fn float(cell: &[u8], affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    let parsed = std::str::from_utf8(cell)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    let real = parsed.ok_or(Unfit("is not a number"))?;
    if real.is_nan() {
        return Err(Unfit("is NaN, which SQLite stores as NULL"));
    }
    match affinity {
        // SQLite's own text of a float may have fewer digits.
        Affinity::Text => Ok(ValueRef::Text(cell)),
        _ => Ok(ValueRef::Real(real)),
    }
}

fn decimal(cell: &[u8], affinity: Affinity) -> Result<ValueRef<'_>, Unfit> {
    if !affinity.is_numeric() {
        return Ok(ValueRef::Text(cell));
    }
    let Some(text) = std::str::from_utf8(cell)
        .ok()
        .filter(|text| shape::decimal(text).is_some())
    else {
        return float(cell, affinity);
    };
    let (mut given, mut held) = (Vec::new(), Vec::new());
    shape::write_decimal(trim_fraction(text), None, None, &mut given)?;
    if let (Some(integer), false) = (integer(&given), affinity == Affinity::Real) {
        return Ok(ValueRef::Integer(integer));
    }
    let real: f64 = text.parse().map_err(|_| Unfit("is not a number"))?;
    shape::write_decimal(&real.to_string(), None, None, &mut held)?;
    match given == held {
        true => Ok(ValueRef::Real(real)),
        false => Err(Unfit("has more digits than the column's floats can hold")),
    }
}

/// Takes zeros off the end of a fraction.
fn trim_fraction(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

fn boolean(cell: &[u8]) -> Result<ValueRef<'_>, Unfit> {
    match cell {
        b"t" => Ok(ValueRef::Integer(1)),
        b"f" => Ok(ValueRef::Integer(0)),
        _ => Err(Unfit("is neither t nor f")),
    }
}

fn bits(cell: &[u8]) -> Result<ValueRef<'_>, Unfit> {
    let value = cell
        .iter()
        .try_fold(0_i64, |value, &byte| {
            value.checked_mul(256)?.checked_add(i64::from(byte))
        })
        .ok_or(Unfit("has more than 63 bits"))?;
    Ok(ValueRef::Integer(value))
}

/// The value that a key cell of a source column stands for, as its own encoder wrote it.
///
/// # Errors
/// When the cell is not one that the encoder writes.
pub(crate) fn key_value<'a>(
    form: CellForm,
    data_type: &DataType,
    cell: &'a [u8],
) -> Result<ValueRef<'a>, Unfit> {
    let affinity = match (form, data_type) {
        // A decimal key is a number, see `Encoder`: keys never hold decimals as text.
        (CellForm::Canonical, DataType::Decimal { .. }) => Affinity::Numeric,
        _ => Affinity::Blob,
    };
    Decoder::new(form, data_type, affinity).decode(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode<'a>(
        data_type: &DataType,
        affinity: Affinity,
        cell: &'a [u8],
    ) -> Result<ValueRef<'a>, Unfit> {
        Decoder::new(CellForm::Canonical, data_type, affinity).decode(cell)
    }

    const BIG: DataType = DataType::Integer {
        bits: 64,
        signed: false,
    };
    const DECIMAL: DataType = DataType::Decimal {
        precision: Some(30),
        scale: Some(2),
    };
    const TEXT: DataType = DataType::Text { bytes_max: None };
    const FLOAT: DataType = DataType::Float { bits: 64 };

    #[test]
    fn values_take_the_class_that_keeps_them() {
        let check = |data_type: &DataType, affinity, cell: &'static [u8], expected| {
            assert_eq!(decode(data_type, affinity, cell), Ok(expected));
        };
        check(&BIG, Affinity::Integer, b"7", ValueRef::Integer(7));
        let largest = b"18446744073709551615";
        check(&BIG, Affinity::Text, largest, ValueRef::Text(largest));
        check(&DECIMAL, Affinity::Numeric, b"12.50", ValueRef::Real(12.5));
        check(&DECIMAL, Affinity::Numeric, b"12.00", ValueRef::Integer(12));
        check(&DECIMAL, Affinity::Text, b"12.50", ValueRef::Text(b"12.50"));
        check(
            &FLOAT,
            Affinity::Real,
            b"-Infinity",
            ValueRef::Real(f64::NEG_INFINITY),
        );
        check(&TEXT, Affinity::Integer, b"12", ValueRef::Integer(12));
        check(&TEXT, Affinity::Integer, b"12a", ValueRef::Text(b"12a"));
        check(&TEXT, Affinity::Text, b"0012", ValueRef::Text(b"0012"));
        let bit = DataType::Bit { length: 9 };
        check(&bit, Affinity::Numeric, b"\x01\x02", ValueRef::Integer(258));
    }

    #[test]
    fn a_value_that_the_column_would_change_is_refused() {
        let refuse = |data_type: &DataType, affinity, cell: &'static [u8]| {
            let value = decode(data_type, affinity, cell);
            assert!(value.is_err(), "{value:?}");
        };
        refuse(&BIG, Affinity::Integer, b"18446744073709551615");
        refuse(&DECIMAL, Affinity::Numeric, b"1234567890123456.78901");
        refuse(&FLOAT, Affinity::Real, b"NaN");
        refuse(&TEXT, Affinity::Integer, b"007");
        refuse(&TEXT, Affinity::Numeric, b" 1.50");
        refuse(&TEXT, Affinity::Text, b"\xff");
        refuse(&BIG, Affinity::Real, b"9007199254740993");
        let native = Decoder::new(CellForm::Native, &TEXT, Affinity::Integer);
        assert!(native.decode(b"t12").is_err());
        assert_eq!(native.decode(b"tx\xff"), Ok(ValueRef::Text(b"x\xff")));
    }
}
