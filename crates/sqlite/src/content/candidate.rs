//! A type on trial for a column.

use dbferry_core::{CellForm, DataType};
use rusqlite::types::ValueRef;

use crate::codec::canonical::Encoder;
use crate::codec::shape;

/// A type that has taken every value so far.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    data_type: DataType,
    /// Whether JSON is asked of texts.
    json: bool,
    /// The fewest and the most digits of seconds seen.
    fraction: Option<(u8, u8)>,
    leads_back: bool,
    scratch: Vec<u8>,
}

/// The types that come into question for a column, best first.
pub(crate) fn for_expected(expected: &DataType) -> Vec<Candidate> {
    let mut types = match expected {
        DataType::DateTime { .. } => vec![
            expected.clone(),
            DataType::Timestamp { fraction: 0 },
            DataType::Date,
        ],
        DataType::Boolean | DataType::Date | DataType::Time { .. } => vec![expected.clone()],
        DataType::Json | DataType::Uuid => vec![expected.clone()],
        DataType::Decimal {
            precision: Some(_), ..
        } => vec![expected.clone()],
        _ => Vec::new(),
    };
    types.extend([
        DataType::Integer {
            bits: 64,
            signed: true,
        },
        DataType::Float { bits: 64 },
        DataType::Text { bytes_max: None },
        DataType::Blob { bytes_max: None },
    ]);
    types.into_iter().map(Candidate::new).collect()
}

impl Candidate {
    fn new(data_type: DataType) -> Self {
        Self {
            json: data_type == DataType::Json,
            data_type,
            fraction: None,
            leads_back: true,
            scratch: Vec::new(),
        }
    }

    /// Whether the type takes a value that is not NULL.
    pub(crate) fn takes(&mut self, value: ValueRef<'_>) -> bool {
        if self.json && !is_json(value) {
            return false;
        }
        let data_type = match self.own_fraction(value) {
            Some(digits) => self.with_fraction(digits),
            None => self.data_type.clone(),
        };
        if !self.encodes(&data_type, value, false) {
            return false;
        }
        self.leads_back = self.leads_back && self.encodes(&data_type, value, true);
        true
    }

    /// The type, with as many digits of seconds as the values have.
    pub(crate) fn data_type(&self) -> DataType {
        match self.fraction {
            Some((_, most)) => self.with_fraction(most),
            None => self.data_type.clone(),
        }
    }

    /// Whether every cell leads back to its value.
    pub(crate) fn leads_back(&self) -> bool {
        self.leads_back && self.fraction.is_none_or(|(fewest, most)| fewest == most)
    }

    fn encodes(&mut self, data_type: &DataType, value: ValueRef<'_>, strict: bool) -> bool {
        self.scratch.clear();
        Encoder::new(CellForm::Canonical, data_type, strict)
            .encode(value, &mut self.scratch)
            .is_ok()
    }

    /// The digits of seconds of a value, for a type that has them; remembers the extremes.
    fn own_fraction(&mut self, value: ValueRef<'_>) -> Option<u8> {
        let ValueRef::Text(bytes) = value else {
            return None;
        };
        let text = std::str::from_utf8(bytes).ok()?;
        let clock = match self.data_type {
            DataType::Time { .. } => shape::clock(text)?,
            DataType::DateTime { .. } | DataType::Timestamp { .. } => shape::moment(text)?.clock,
            _ => return None,
        };
        let digits = u8::try_from(clock.fraction.len()).ok()?;
        let (fewest, most) = self.fraction.unwrap_or((digits, digits));
        self.fraction = Some((fewest.min(digits), most.max(digits)));
        Some(digits)
    }

    fn with_fraction(&self, fraction: u8) -> DataType {
        match self.data_type {
            DataType::Time { .. } => DataType::Time { fraction },
            DataType::DateTime { .. } => DataType::DateTime { fraction },
            DataType::Timestamp { .. } => DataType::Timestamp { fraction },
            _ => self.data_type.clone(),
        }
    }
}

/// Whether a text is JSON by the standard; SQLite itself is more generous.
fn is_json(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Text(bytes) => serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok(),
        _ => false,
    }
}
