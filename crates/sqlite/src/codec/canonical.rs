//! Canonical cells: the text that a column's logical type defines.
//!
//! The [`Encoder`] of a column is chosen once per chunk. A value that has no form in the type is
//! refused with the reason; nothing is rounded, cut or replaced. Most types accept the storage
//! classes that mean the same value: a `DECIMAL` may lie there as integer, real or text.
//!
//! A column that chunks are cut by is encoded *strictly*: its cells must lead back to the very
//! value, since the next chunk begins behind it. Classes and spellings that would not are
//! refused; the content scan keeps such tables from being walked at all.

use std::io::Write;

use dbferry_core::{CellForm, DataType};
use rusqlite::types::ValueRef;

use super::{Unfit, native, shape};
use crate::datatypes::FLOAT_INTEGER_MAX;

/// How the cells of one column are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoder {
    form: Form,
    strict: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Native,
    Boolean,
    Integer {
        min: i64,
        max: i64,
    },
    Decimal {
        precision: Option<u16>,
        scale: Option<u16>,
    },
    Float,
    Text,
    Blob,
    Date,
    Time(u8),
    DateTime(u8),
    Timestamp(u8),
    Uuid,
    Unknown,
}

impl Encoder {
    /// The encoder of a column; `strict` for one that chunks are cut by.
    pub(crate) fn new(form: CellForm, data_type: &DataType, strict: bool) -> Self {
        let form = match form {
            CellForm::Native => Form::Native,
            CellForm::Canonical => canonical_form(data_type),
        };
        Self { form, strict }
    }

    /// Writes a value that is not NULL.
    ///
    /// # Errors
    /// Why the value has no form in the column's type. What was written before is then to be
    /// thrown away.
    #[inline]
    pub(crate) fn encode(self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        match self.form {
            Form::Native => native::encode(value, out),
            Form::Integer { min, max } => integer(value, min, max, out)?,
            Form::Text => text(value, self.strict, out)?,
            Form::Blob => blob(value, self.strict, out)?,
            Form::Float => float(value, out)?,
            _ => return self.encode_rare(value, out),
        }
        Ok(())
    }

    fn encode_rare(self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let start = out.len();
        match self.form {
            Form::Boolean => boolean(value, out)?,
            Form::Decimal { precision, scale } => decimal(value, precision, scale, out)?,
            Form::Date => date(value, out)?,
            Form::Time(fraction) => time(value, fraction, out)?,
            Form::DateTime(fraction) => date_time(value, fraction, out)?,
            Form::Timestamp(fraction) => timestamp(value, fraction, out)?,
            Form::Uuid => uuid(value, out)?,
            _ => return Err(Unfit("is of a type that only SQLite knows")),
        }
        match value {
            // A decimal as text would be looked up as a number.
            ValueRef::Text(_) if self.strict && matches!(self.form, Form::Decimal { .. }) => {
                Err(Unfit("is text where a number is expected"))
            }
            ValueRef::Text(bytes) if self.strict && out[start..] != *bytes => {
                Err(Unfit("is spelled in a way that keys cannot be compared by"))
            }
            _ => Ok(()),
        }
    }
}

fn canonical_form(data_type: &DataType) -> Form {
    match *data_type {
        DataType::Boolean => Form::Boolean,
        DataType::Integer { bits, signed } => integer_form(bits, signed),
        DataType::Decimal { precision, scale } => Form::Decimal { precision, scale },
        DataType::Float { .. } => Form::Float,
        DataType::Char { .. }
        | DataType::VarChar { .. }
        | DataType::Text { .. }
        | DataType::Json
        | DataType::Enum { .. }
        | DataType::Set { .. } => Form::Text,
        DataType::Binary { .. } | DataType::VarBinary { .. } | DataType::Blob { .. } => Form::Blob,
        DataType::Date => Form::Date,
        DataType::Time { fraction } => Form::Time(fraction),
        DataType::DateTime { fraction } => Form::DateTime(fraction),
        DataType::Timestamp { fraction } => Form::Timestamp(fraction),
        DataType::Uuid => Form::Uuid,
        _ => Form::Unknown,
    }
}

fn integer_form(bits: u8, signed: bool) -> Form {
    let half = 1_i64
        .checked_shl(u32::from(bits.clamp(1, 64)) - 1)
        .unwrap_or(i64::MIN);
    match (signed, bits) {
        (true, 64) => Form::Integer {
            min: i64::MIN,
            max: i64::MAX,
        },
        (false, 64) => Form::Integer {
            min: 0,
            max: i64::MAX,
        },
        (true, _) => Form::Integer {
            min: -half,
            max: half - 1,
        },
        (false, _) => Form::Integer {
            min: 0,
            max: half * 2 - 1,
        },
    }
}

/// Appends an integer in decimal digits.
#[inline]
pub(crate) fn push_integer(integer: i64, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{integer}");
}

/// Appends a float as the shortest text that gives it back.
pub(crate) fn push_real(real: f64, out: &mut Vec<u8>) {
    if real.is_infinite() {
        let text: &[u8] = if real > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        };
        return out.extend_from_slice(text);
    }
    let _ = write!(out, "{real:?}");
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Unfit> {
    std::str::from_utf8(bytes).map_err(|_| Unfit("is text that is not UTF-8"))
}

fn integer(value: ValueRef<'_>, min: i64, max: i64, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Integer(integer) if (min..=max).contains(&integer) => {
            push_integer(integer, out);
            Ok(())
        }
        ValueRef::Integer(_) => Err(Unfit("is outside the range of its column")),
        _ => Err(Unfit("is not an integer")),
    }
}

fn text(value: ValueRef<'_>, strict: bool, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Text(bytes) => out.extend_from_slice(utf8(bytes)?.as_bytes()),
        ValueRef::Integer(integer) if !strict => push_integer(integer, out),
        ValueRef::Real(real) if !strict => push_real(real, out),
        ValueRef::Blob(_) => return Err(Unfit("is a blob where text is expected")),
        _ => return Err(Unfit("is a number where text is expected")),
    }
    Ok(())
}

fn blob(value: ValueRef<'_>, strict: bool, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Blob(bytes) => out.extend_from_slice(bytes),
        ValueRef::Text(bytes) if !strict => out.extend_from_slice(bytes),
        ValueRef::Text(_) => return Err(Unfit("is text where a blob is expected")),
        _ => return Err(Unfit("is a number where a blob is expected")),
    }
    Ok(())
}

fn float(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Real(real) => push_real(real, out),
        ValueRef::Integer(integer)
            if (-FLOAT_INTEGER_MAX..=FLOAT_INTEGER_MAX).contains(&integer) =>
        {
            push_integer(integer, out);
        }
        ValueRef::Integer(_) => return Err(Unfit("is an integer that no float holds exactly")),
        _ => return Err(Unfit("is not a number")),
    }
    Ok(())
}

fn boolean(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Integer(0) => out.push(b'f'),
        ValueRef::Integer(1) => out.push(b't'),
        _ => return Err(Unfit("is neither 0 nor 1")),
    }
    Ok(())
}

fn decimal(
    value: ValueRef<'_>,
    precision: Option<u16>,
    scale: Option<u16>,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    match value {
        ValueRef::Integer(integer) => {
            shape::write_decimal(&integer.to_string(), precision, scale, out)
        }
        ValueRef::Real(real) if real.is_finite() => {
            shape::write_decimal(&real.to_string(), precision, scale, out)
        }
        ValueRef::Real(real) if precision.is_none() => {
            push_real(real, out);
            Ok(())
        }
        ValueRef::Text(bytes) => shape::write_decimal(utf8(bytes)?, precision, scale, out),
        _ => Err(Unfit("is not a decimal number")),
    }
}

fn date(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Text(bytes) if shape::is_date(utf8(bytes)?) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        _ => Err(Unfit("is not a date of the form 2024-02-29")),
    }
}

fn time(value: ValueRef<'_>, fraction: u8, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Text(bytes) => {
            let clock = shape::clock(utf8(bytes)?);
            let clock = clock.ok_or(Unfit("is not a time of the form 23:59:59"))?;
            shape::write_clock(clock, fraction, out)
        }
        _ => Err(Unfit("is not a time of the form 23:59:59")),
    }
}

fn moment(value: ValueRef<'_>) -> Result<shape::Moment<'_>, Unfit> {
    match value {
        ValueRef::Text(bytes) => shape::moment(utf8(bytes)?),
        _ => None,
    }
    .ok_or(Unfit(
        "is not a date and time of the form 2024-02-29 23:59:59",
    ))
}

fn date_time(value: ValueRef<'_>, fraction: u8, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let moment = moment(value)?;
    if moment.zone.is_some() {
        return Err(Unfit("has a time zone where none is expected"));
    }
    shape::write_moment(moment, fraction, out)
}

fn timestamp(value: ValueRef<'_>, fraction: u8, out: &mut Vec<u8>) -> Result<(), Unfit> {
    shape::write_instant(moment(value)?, fraction, out)
}

fn uuid(value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
    match value {
        ValueRef::Text(bytes) if shape::is_uuid(utf8(bytes)?) => {
            out.extend(bytes.iter().map(u8::to_ascii_lowercase));
            Ok(())
        }
        _ => Err(Unfit("is not a UUID")),
    }
}

#[cfg(test)]
mod tests;
