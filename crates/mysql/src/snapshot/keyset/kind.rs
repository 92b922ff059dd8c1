//! How a key value is written as a literal. The essay of `keyset` has the table.

use dbferry_core::{CellForm, Column, DataType};

use crate::codec::charset;
use crate::codec::literal::{push_hex, push_quoted};
use crate::codec::number::parse_f64;
use crate::codec::recode::bits_as_u64;

/// How a value is written.
#[derive(Debug)]
pub(super) enum Kind {
    Number,
    Float32Text,
    Double,
    Bit,
    /// An index, of so many labels.
    EnumIndex(usize),
    EnumLabel(Vec<String>),
    SetMask,
    SetLabels(Vec<String>),
    /// Bytes of a charset, with its introducer.
    Text(String),
    Bytes,
    Quoted,
}

/// How the values of a column are written; `None` for one that no table is walked by.
pub(super) fn kind(column: &Column, form: CellForm) -> Option<Kind> {
    let native = form == CellForm::Native;
    Some(match &column.data_type {
        DataType::Integer { .. } | DataType::Decimal { .. } | DataType::Year => Kind::Number,
        DataType::Float { bits: 32 } if !native => Kind::Float32Text,
        DataType::Float { .. } => Kind::Double,
        DataType::Bit { .. } => Kind::Bit,
        DataType::Enum { labels } if native => Kind::EnumIndex(labels.len()),
        DataType::Enum { labels } => Kind::EnumLabel(labels.clone()),
        DataType::Set { .. } if native => Kind::SetMask,
        DataType::Set { labels } => Kind::SetLabels(labels.clone()),
        DataType::Char { .. } | DataType::VarChar { .. } => {
            let charset = column
                .charset
                .as_deref()
                .filter(|_| native)
                .unwrap_or("utf8mb4");
            Kind::Text(charset::introducer(charset)?)
        }
        DataType::Binary { .. } | DataType::VarBinary { .. } => Kind::Bytes,
        DataType::Date
        | DataType::Time { .. }
        | DataType::DateTime { .. }
        | DataType::Timestamp { .. }
        | DataType::Uuid
        | DataType::Inet { .. } => Kind::Quoted,
        _ => return None,
    })
}

impl Kind {
    /// The number of labels of an ENUM.
    pub(super) fn labels(&self) -> Option<usize> {
        match self {
            Self::EnumIndex(count) => Some(*count),
            Self::EnumLabel(labels) => Some(labels.len()),
            _ => None,
        }
    }

    /// The literal of a cell; `None` when the cell is not of the column's type.
    pub(super) fn literal(&self, cell: &[u8]) -> Option<String> {
        match self {
            Self::Number | Self::EnumIndex(_) | Self::SetMask => plain_number(cell),
            Self::Float32Text => {
                let value: f32 = std::str::from_utf8(cell).ok()?.parse().ok()?;
                double(f64::from(value))
            }
            Self::Double => double(parse_f64(cell)?),
            Self::Bit => bits_as_u64(cell).map(|value| value.to_string()),
            Self::EnumLabel(labels) => enum_index(cell, labels),
            Self::SetLabels(labels) => set_mask(cell, labels),
            Self::Text(introducer) => Some(with_hex(format!("{introducer} "), cell)),
            Self::Bytes => Some(with_hex(String::new(), cell)),
            Self::Quoted => quoted(cell),
        }
    }
}

fn plain_number(cell: &[u8]) -> Option<String> {
    let is_number = cell
        .iter()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.'));
    let text = std::str::from_utf8(cell).ok()?;
    (is_number && cell.iter().any(u8::is_ascii_digit)).then(|| text.to_owned())
}

fn double(value: f64) -> Option<String> {
    value.is_finite().then(|| format!("{value:e}"))
}

fn enum_index(cell: &[u8], labels: &[String]) -> Option<String> {
    if cell.is_empty() {
        return Some("0".to_owned());
    }
    let index = labels.iter().position(|label| label.as_bytes() == cell)?;
    Some((index + 1).to_string())
}

fn set_mask(cell: &[u8], labels: &[String]) -> Option<String> {
    let mut mask = 0_u64;
    for label in cell
        .split(|&byte| byte == b',')
        .filter(|label| !label.is_empty())
    {
        let bit = labels.iter().position(|known| known.as_bytes() == label)?;
        mask |= 1_u64.checked_shl(u32::try_from(bit).ok()?)?;
    }
    Some(mask.to_string())
}

fn with_hex(mut literal: String, cell: &[u8]) -> String {
    push_hex(&mut literal, cell);
    literal
}

fn quoted(cell: &[u8]) -> Option<String> {
    let is_value =
        |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':' | b'.' | b' ');
    if !cell.iter().all(is_value) {
        return None;
    }
    let mut literal = String::new();
    push_quoted(&mut literal, cell);
    Some(literal)
}
