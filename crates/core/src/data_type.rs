//! Logical types, and the canonical text of their values.

use serde::{Deserialize, Serialize};

/// What the values of a column are, whatever database they come from.
///
/// Each variant states the canonical text of its values, which is what a cell in
/// [`crate::row::CellForm::Canonical`] holds. Text is UTF-8.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DataType {
    /// `t` or `f`.
    Boolean,
    /// Decimal digits with `-` when negative.
    Integer {
        /// Width: 8, 16, 24, 32 or 64.
        bits: u8,
        /// Whether negative values exist.
        signed: bool,
    },
    /// Decimal digits, `-` when negative, exactly `scale` digits after the point; `NaN`,
    /// `Infinity` and `-Infinity` where the source has them.
    Decimal {
        /// All digits; `None` is unbounded.
        precision: Option<u16>,
        /// Digits after the point; `None` is what each value brings.
        scale: Option<u16>,
    },
    /// The shortest decimal text that gives the same number back, such as `0.1`, `1e-7`, `-0`;
    /// `NaN`, `Infinity`, `-Infinity`. [`crate::float`] writes it.
    Float {
        /// Width: 32 or 64.
        bits: u8,
    },
    /// The bits as bytes, most significant first, padded with zero bits on the left.
    Bit {
        /// Number of bits.
        length: u16,
    },
    /// Text of a fixed length in characters, without the padding that the server takes off.
    Char {
        /// Characters.
        length: u32,
    },
    /// Text up to a length in characters.
    VarChar {
        /// Characters; `None` is unbounded.
        length: Option<u32>,
    },
    /// Long text.
    Text {
        /// The most bytes; `None` is unbounded.
        bytes_max: Option<u64>,
    },
    /// Raw bytes, exactly `length` of them, trailing zero bytes included.
    Binary {
        /// Bytes.
        length: u32,
    },
    /// Raw bytes up to a length.
    VarBinary {
        /// Bytes; `None` is unbounded.
        length: Option<u32>,
    },
    /// Long raw bytes.
    Blob {
        /// The most bytes; `None` is unbounded.
        bytes_max: Option<u64>,
    },
    /// `2024-02-29`; `0000-00-00` and partial dates where the source has them.
    Date,
    /// `-838:59:59.000000`: sign, hours of two digits or more, exactly `fraction` digits.
    Time {
        /// Digits of the second's fraction, 0 to 9.
        fraction: u8,
    },
    /// A wall clock reading without zone: `2024-02-29 23:59:59.000`.
    DateTime {
        /// Digits of the second's fraction, 0 to 9.
        fraction: u8,
    },
    /// An instant, written as [`DataType::DateTime`] in UTC.
    Timestamp {
        /// Digits of the second's fraction, 0 to 9.
        fraction: u8,
    },
    /// Four digits, `0000` included.
    Year,
    /// As the source wrote it: compare by value, not by text.
    Json,
    /// The label; the empty text for MySQL's error value.
    Enum {
        /// The labels in order.
        labels: Vec<String>,
    },
    /// The labels that are set, joined by commas in declared order.
    Set {
        /// The labels in order.
        labels: Vec<String>,
    },
    /// The SRID as 4 bytes little-endian, then WKB.
    Geometry {
        /// `point`, `polygon`, …, `geometry` for any.
        kind: String,
        /// The spatial reference system that all values have, if fixed.
        srid: Option<u32>,
    },
    /// `123e4567-e89b-12d3-a456-426614174000`, lower case.
    Uuid,
    /// An IPv4 or IPv6 address in its usual text.
    Inet {
        /// 4 or 6.
        version: u8,
    },
    /// A vector of 32-bit floats, as their little-endian bytes.
    Vector {
        /// The most elements.
        dimensions: u32,
    },
    /// A type that only its own family knows.
    Other {
        /// The type's name in lower case.
        name: String,
    },
}

impl DataType {
    /// Whether values may be large objects, which cannot be keys and are read in pieces.
    pub fn is_lob(&self) -> bool {
        matches!(
            self,
            Self::Text { .. } | Self::Blob { .. } | Self::Json | Self::Geometry { .. }
        )
    }

    /// Whether cells are raw bytes rather than text.
    pub fn is_binary(&self) -> bool {
        matches!(
            self,
            Self::Bit { .. }
                | Self::Binary { .. }
                | Self::VarBinary { .. }
                | Self::Blob { .. }
                | Self::Geometry { .. }
                | Self::Vector { .. }
        )
    }

    /// Whether values are character data with a character set and collation.
    pub fn is_character(&self) -> bool {
        matches!(
            self,
            Self::Char { .. }
                | Self::VarChar { .. }
                | Self::Text { .. }
                | Self::Enum { .. }
                | Self::Set { .. }
        )
    }
}
