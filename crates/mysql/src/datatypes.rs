//! Types of columns: from their declaration to [`DataType`], and back for tables of other
//! families.
//!
//! # Declarations
//!
//! What `SHOW CREATE TABLE` prints as a type is parsed word by word. A type that is unknown here
//! becomes [`DataType::Other`]: it may travel between two servers that both know it.
//!
//! # Types for foreign columns
//!
//! [`declared`] chooses the type that holds every value of a [`DataType`]. Its rules:
//!
//! | from | to |
//! |---|---|
//! | boolean | `TINYINT(1)` |
//! | integers | the type of that width |
//! | decimal up to 65 digits, 30 after the point | `DECIMAL`; others `TEXT`, which keeps every digit |
//! | float | `FLOAT`, `DOUBLE` |
//! | text up to 16,383 characters | `VARCHAR`, in rows that have room for it; longer `LONGTEXT` |
//! | bytes up to 65,532 | `VARBINARY`, likewise; longer `LONGBLOB` |
//! | times with more than 6 digits of fraction | text, which keeps every digit |
//! | uuid, inet | the same in a server that has them, else `CHAR(36)`, `VARCHAR(45)` |

use dbferry_core::{Code, DataType, Error};

use crate::dialect;
use crate::schema::cursor::Cursor;
use crate::server::Server;
use crate::tokens::{Quoting, TokenKind};

/// Understands a declared type without character set and collation, such as
/// `int(10) unsigned zerofill`.
///
/// # Errors
/// `DefinitionUnreadable`.
pub fn parse(declared: &str) -> Result<DataType, Error> {
    let mut cursor = Cursor::new(declared, Quoting::default())?;
    let name = cursor.name()?.to_ascii_lowercase();
    let arguments = Arguments::read(&mut cursor)?;
    let mut unsigned = false;
    while let Some(token) = cursor.next() {
        unsigned |= token.is_word("unsigned") || token.is_word("zerofill");
    }
    Ok(build(&name, &arguments, !unsigned))
}

/// What stands in parentheses after a type.
#[derive(Debug, Default)]
struct Arguments {
    numbers: Vec<u64>,
    labels: Vec<String>,
}

impl Arguments {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut arguments = Self::default();
        if !cursor.take_symbol('(') {
            return Ok(arguments);
        }
        while !cursor.take_symbol(')') {
            match cursor.peek().map(|token| token.kind) {
                Some(TokenKind::Number) => arguments.numbers.push(cursor.number()?),
                Some(TokenKind::String) => arguments.labels.push(cursor.string()?),
                _ => return Err(cursor.fault("a number or a label")),
            }
            cursor.take_symbol(',');
        }
        Ok(arguments)
    }

    fn number(&self, index: usize) -> Option<u64> {
        self.numbers.get(index).copied()
    }

    fn length(&self, default: u32) -> u32 {
        self.number(0)
            .and_then(|length| u32::try_from(length).ok())
            .unwrap_or(default)
    }

    fn small(&self, index: usize) -> Option<u16> {
        self.number(index)
            .and_then(|number| u16::try_from(number).ok())
    }

    fn fraction(&self) -> u8 {
        self.number(0)
            .and_then(|digits| u8::try_from(digits).ok())
            .unwrap_or(0)
    }
}

fn build(name: &str, arguments: &Arguments, signed: bool) -> DataType {
    let integer = |bits| DataType::Integer { bits, signed };
    let fraction = arguments.fraction();
    match name {
        "tinyint" => integer(8),
        "smallint" => integer(16),
        "mediumint" => integer(24),
        "int" | "integer" => integer(32),
        "bigint" => integer(64),
        "decimal" | "numeric" => DataType::Decimal {
            precision: Some(arguments.small(0).unwrap_or(10)),
            scale: Some(arguments.small(1).unwrap_or(0)),
        },
        "float" => DataType::Float { bits: 32 },
        "double" | "real" => DataType::Float { bits: 64 },
        "bit" => DataType::Bit {
            length: arguments.small(0).unwrap_or(1),
        },
        "char" => DataType::Char {
            length: arguments.length(1),
        },
        "varchar" => DataType::VarChar {
            length: Some(arguments.length(0)),
        },
        "binary" => DataType::Binary {
            length: arguments.length(1),
        },
        "varbinary" => DataType::VarBinary {
            length: Some(arguments.length(0)),
        },
        "tinytext" => DataType::Text {
            bytes_max: Some(TINY),
        },
        "text" => DataType::Text {
            bytes_max: Some(SHORT),
        },
        "mediumtext" => DataType::Text {
            bytes_max: Some(MEDIUM),
        },
        "longtext" => DataType::Text {
            bytes_max: Some(LONG),
        },
        "tinyblob" => DataType::Blob {
            bytes_max: Some(TINY),
        },
        "blob" => DataType::Blob {
            bytes_max: Some(SHORT),
        },
        "mediumblob" => DataType::Blob {
            bytes_max: Some(MEDIUM),
        },
        "longblob" => DataType::Blob {
            bytes_max: Some(LONG),
        },
        "date" => DataType::Date,
        "time" => DataType::Time { fraction },
        "datetime" => DataType::DateTime { fraction },
        "timestamp" => DataType::Timestamp { fraction },
        "year" => DataType::Year,
        "json" => DataType::Json,
        "enum" => DataType::Enum {
            labels: arguments.labels.clone(),
        },
        "set" => DataType::Set {
            labels: arguments.labels.clone(),
        },
        "uuid" => DataType::Uuid,
        "inet4" => DataType::Inet { version: 4 },
        "inet6" => DataType::Inet { version: 6 },
        "vector" => DataType::Vector {
            dimensions: arguments.length(2048),
        },
        "geomcollection" => geometry("geometrycollection"),
        "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
        | "multipolygon" | "geometrycollection" => geometry(name),
        other => DataType::Other {
            name: other.to_owned(),
        },
    }
}

const TINY: u64 = (1 << 8) - 1;
const SHORT: u64 = (1 << 16) - 1;
const MEDIUM: u64 = (1 << 24) - 1;
const LONG: u64 = (1 << 32) - 1;

fn geometry(kind: &str) -> DataType {
    DataType::Geometry {
        kind: kind.to_owned(),
        srid: None,
    }
}

/// Characters of `utf8mb4` that fit into the 65,535 bytes of a row's part outside of large
/// objects, with the 2 bytes of the length.
const VARCHAR_CHARACTERS_MAX: u32 = 16_383;
const VARBINARY_BYTES_MAX: u32 = 65_532;

/// The decimal digits that the servers hold at most, and those of them after the point.
const DECIMAL_DIGITS_MAX: u16 = 65;
const DECIMAL_SCALE_MAX: u16 = 30;

/// Declares a type that holds every value of a foreign column.
///
/// # Errors
/// `Untranslatable` when there is none.
pub fn declared(data_type: &DataType, server: &Server) -> Result<String, Error> {
    let sized = |name: &str, length: &dyn std::fmt::Display| format!("{name}({length})");
    Ok(match data_type {
        DataType::Boolean => "tinyint(1)".into(),
        DataType::Integer { bits, signed } => {
            let name = match bits {
                0..=8 => "tinyint",
                9..=16 => "smallint",
                17..=24 => "mediumint",
                25..=32 => "int",
                _ => "bigint",
            };
            if *signed {
                name.into()
            } else {
                format!("{name} unsigned")
            }
        }
        DataType::Decimal {
            precision: Some(digits),
            scale: Some(scale),
        } if *digits <= DECIMAL_DIGITS_MAX && *scale <= DECIMAL_SCALE_MAX && scale <= digits => {
            format!("decimal({digits},{scale})")
        }
        DataType::Decimal { .. } => "longtext".into(),
        DataType::Float { bits } => if *bits <= 32 { "float" } else { "double" }.into(),
        DataType::Bit { length } if *length <= 64 => sized("bit", length),
        DataType::Bit { length } => sized("varbinary", &length.div_ceil(8)),
        DataType::Char { length } if *length <= 255 => sized("char", length),
        DataType::Char { length } => text(Some(*length)),
        DataType::VarChar { length } => text(*length),
        DataType::Text { bytes_max } => large("text", *bytes_max),
        DataType::Binary { length } if *length <= 255 => sized("binary", length),
        DataType::Binary { length } => binary(Some(*length)),
        DataType::VarBinary { length } => binary(*length),
        DataType::Blob { bytes_max } => large("blob", *bytes_max),
        DataType::Date => "date".into(),
        DataType::Time { fraction } if *fraction <= 6 => temporal("time", *fraction),
        DataType::DateTime { fraction } if *fraction <= 6 => temporal("datetime", *fraction),
        DataType::Timestamp { fraction } if *fraction <= 6 => temporal("timestamp", *fraction),
        DataType::Time { .. } | DataType::DateTime { .. } | DataType::Timestamp { .. } => {
            text(Some(64))
        }
        DataType::Year => "year".into(),
        DataType::Json => if server.has_json_type() {
            "json"
        } else {
            "longtext"
        }
        .into(),
        DataType::Enum { labels } => labelled("enum", labels),
        DataType::Set { labels } => labelled("set", labels),
        DataType::Geometry { kind, .. } => kind.clone(),
        DataType::Uuid if server.has_uuid_type() => "uuid".into(),
        DataType::Uuid => "char(36)".into(),
        DataType::Inet { version: 4 } if server.has_inet4_type() => "inet4".into(),
        DataType::Inet { .. } => "varchar(45)".into(),
        DataType::Vector { dimensions } if server.has_vectors() => sized("vector", dimensions),
        DataType::Vector { .. } => "longblob".into(),
        DataType::Other { name } => {
            let message = format!("there is no counterpart for the type '{name}'");
            return Err(Error::definite(Code::Untranslatable, message)
                .with_hint("change the type with a rule, or exclude the column"));
        }
    })
}

fn text(length: Option<u32>) -> String {
    match length {
        Some(length) if length <= VARCHAR_CHARACTERS_MAX => format!("varchar({length})"),
        _ => "longtext".into(),
    }
}

fn binary(length: Option<u32>) -> String {
    match length {
        Some(length) if length <= VARBINARY_BYTES_MAX => format!("varbinary({length})"),
        _ => "longblob".into(),
    }
}

fn large(name: &str, bytes_max: Option<u64>) -> String {
    let size = match bytes_max.unwrap_or(LONG) {
        bytes if bytes <= TINY => "tiny",
        bytes if bytes <= SHORT => "",
        bytes if bytes <= MEDIUM => "medium",
        _ => "long",
    };
    format!("{size}{name}")
}

fn temporal(name: &str, fraction: u8) -> String {
    if fraction == 0 {
        name.into()
    } else {
        format!("{name}({fraction})")
    }
}

fn labelled(name: &str, labels: &[String]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| dialect::string(label)).collect();
    format!("{name}({})", labels.join(","))
}

#[cfg(test)]
mod tests;
