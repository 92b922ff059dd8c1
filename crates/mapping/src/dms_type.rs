//! The type names of AWS DMS, and what they are here.
//!
//! Rules name types twice: `change-data-type` and `add-column` say what a column becomes, and a
//! locator may pick columns by what they are. The first direction gives one logical type. The
//! second is lenient: a type that DMS would read as `string` on one engine and `wstring` on
//! another answers to both.

use dbferry_core::DataType;

use crate::rules::TypeSpec;

/// Longer text and bytes than this are large objects to DMS.
const STRING_BYTES_MAX: u64 = 65_535;

macro_rules! types {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A type name of AWS DMS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DmsType { $($(#[doc = $doc])+ $name,)+ }

        impl DmsType {
            /// Every type.
            pub const ALL: &'static [DmsType] = &[$(DmsType::$name,)+];

            /// The type as rules write it.
            pub const fn as_str(self) -> &'static str {
                match self { $(DmsType::$name => $text,)+ }
            }
        }
    };
}

types! {
    /// Bytes up to a length.
    Bytes = "bytes",
    /// A date.
    Date = "date",
    /// A time of day.
    Time = "time",
    /// A date with time.
    DateTime = "datetime",
    /// 8 bits, signed.
    Int1 = "int1",
    /// 16 bits, signed.
    Int2 = "int2",
    /// 32 bits, signed.
    Int4 = "int4",
    /// 64 bits, signed.
    Int8 = "int8",
    /// Exact decimal.
    Numeric = "numeric",
    /// 32-bit float.
    Real4 = "real4",
    /// 64-bit float.
    Real8 = "real8",
    /// Text of the database's character set.
    String = "string",
    /// 8 bits, unsigned.
    UInt1 = "uint1",
    /// 16 bits, unsigned.
    UInt2 = "uint2",
    /// 32 bits, unsigned.
    UInt4 = "uint4",
    /// 64 bits, unsigned.
    UInt8 = "uint8",
    /// Unicode text.
    WString = "wstring",
    /// Long bytes.
    Blob = "blob",
    /// Long Unicode text.
    NClob = "nclob",
    /// Long text.
    Clob = "clob",
    /// True or false.
    Boolean = "boolean",
    /// A set of a document database.
    Set = "set",
    /// A list of a document database.
    List = "list",
    /// A map of a document database.
    Map = "map",
    /// A tuple of a document database.
    Tuple = "tuple",
}

impl DmsType {
    /// The type of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|dms_type| dms_type.as_str().eq_ignore_ascii_case(name))
    }

    /// Whether values of `data_type` are of this type to DMS.
    pub fn describes(self, data_type: &DataType) -> bool {
        names(data_type).contains(&self)
    }
}

impl TypeSpec {
    /// The logical type; `None` for a type that only document databases have.
    pub fn data_type(self) -> Option<DataType> {
        Some(match self.dms_type {
            DmsType::Bytes => DataType::VarBinary {
                length: self.length,
            },
            DmsType::Date => DataType::Date,
            DmsType::Time => DataType::Time {
                fraction: self.fraction(),
            },
            DmsType::DateTime => DataType::DateTime {
                fraction: self.fraction(),
            },
            DmsType::Int1 => integer(8, true),
            DmsType::Int2 => integer(16, true),
            DmsType::Int4 => integer(32, true),
            DmsType::Int8 => integer(64, true),
            DmsType::UInt1 => integer(8, false),
            DmsType::UInt2 => integer(16, false),
            DmsType::UInt4 => integer(32, false),
            DmsType::UInt8 => integer(64, false),
            DmsType::Numeric => DataType::Decimal {
                precision: self.precision,
                scale: self.scale.or(self.precision.map(|_| 0)),
            },
            DmsType::Real4 => DataType::Float { bits: 32 },
            DmsType::Real8 => DataType::Float { bits: 64 },
            DmsType::String | DmsType::WString => DataType::VarChar {
                length: self.length,
            },
            DmsType::Blob => DataType::Blob {
                bytes_max: self.length.map(u64::from),
            },
            DmsType::Clob | DmsType::NClob => DataType::Text {
                bytes_max: self.length.map(u64::from),
            },
            DmsType::Boolean => DataType::Boolean,
            DmsType::Set | DmsType::List | DmsType::Map | DmsType::Tuple => return None,
        })
    }

    /// Digits of the second's fraction; DMS means six when a rule does not say.
    fn fraction(self) -> u8 {
        u8::try_from(self.scale.unwrap_or(6)).unwrap_or(9).min(9)
    }
}

fn integer(bits: u8, signed: bool) -> DataType {
    DataType::Integer { bits, signed }
}

/// What DMS may call a type.
fn names(data_type: &DataType) -> &'static [DmsType] {
    use DmsType as T;
    const SHORT_TEXT: &[DmsType] = &[T::String, T::WString];
    const LONG_TEXT: &[DmsType] = &[T::Clob, T::NClob];
    match data_type {
        DataType::Boolean | DataType::Bit { length: 1 } => &[T::Boolean],
        DataType::Integer {
            bits: 8,
            signed: true,
        } => &[T::Int1],
        DataType::Integer {
            bits: 16,
            signed: true,
        }
        | DataType::Year => &[T::Int2],
        DataType::Integer {
            bits: 24 | 32,
            signed: true,
        } => &[T::Int4],
        DataType::Integer { signed: true, .. } => &[T::Int8],
        DataType::Integer { bits: 8, .. } => &[T::UInt1],
        DataType::Integer { bits: 16, .. } => &[T::UInt2],
        DataType::Integer { bits: 24 | 32, .. } => &[T::UInt4],
        DataType::Integer { .. } => &[T::UInt8],
        DataType::Decimal { .. } => &[T::Numeric],
        DataType::Float { bits: 32 } => &[T::Real4, T::Real8],
        DataType::Float { .. } => &[T::Real8],
        DataType::Bit { .. } | DataType::Binary { .. } | DataType::VarBinary { .. } => &[T::Bytes],
        DataType::Blob {
            bytes_max: Some(..=STRING_BYTES_MAX),
        } => &[T::Bytes],
        DataType::Blob { .. } | DataType::Geometry { .. } | DataType::Vector { .. } => &[T::Blob],
        DataType::Text {
            bytes_max: Some(..=STRING_BYTES_MAX),
        } => SHORT_TEXT,
        DataType::Text { .. } | DataType::Json => LONG_TEXT,
        DataType::Char { .. } | DataType::VarChar { .. } => SHORT_TEXT,
        DataType::Enum { .. } | DataType::Set { .. } => SHORT_TEXT,
        DataType::Uuid | DataType::Inet { .. } | DataType::Other { .. } => SHORT_TEXT,
        DataType::Date => &[T::Date],
        DataType::Time { .. } => &[T::Time, T::String],
        DataType::DateTime { .. } | DataType::Timestamp { .. } => &[T::DateTime],
    }
}
