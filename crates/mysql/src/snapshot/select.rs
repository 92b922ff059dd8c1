//! The select list: how a column is asked for, so that its cells arrive in the wanted form.
//!
//! Sessions that read have `character_set_results = NULL`: the server sends the bytes of a value
//! as they are stored. Most columns need nothing more. `codec` tells why some do.

use dbferry_core::float::{push_f32, push_f64};
use dbferry_core::{CellForm, Code, Column, DataType, Error, TableRead};

use crate::codec::charset;
use crate::codec::number::{parse_f64, without_zerofill};
use crate::dialect;

/// What is left to do to a cell when it has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Nothing.
    Nothing,
    /// It must be UTF-8. The server marks a value that it could not convert by [`LOST`].
    CheckUtf8,
    /// ZEROFILL is taken off.
    StripZeros,
    /// The text of a double is that of a 32-bit float.
    Float32,
    /// The text of a double gets its canonical form.
    Float64,
}

/// What the select list gives for a value that has no form in UTF-8: a byte that never begins
/// one.
const LOST: &str = "x'FF'";

/// A column of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selected {
    /// What the server is asked for.
    pub(crate) expression: String,
    /// What is left to do here.
    pub(crate) finish: Finish,
}

/// The select list of a table, in cell order.
pub(crate) fn select_list(read: &TableRead) -> Vec<Selected> {
    (0..read.columns.len())
        .map(|index| {
            let column = read.column(index);
            match read.columns[index].form {
                CellForm::Native => native(column),
                CellForm::Canonical => canonical(column, read.key.contains(&index)),
            }
        })
        .collect()
}

fn native(column: &Column) -> Selected {
    let name = dialect::identifier(&column.name);
    let expression = match column.data_type {
        // The text of a FLOAT has six digits, that of a DOUBLE(10, 2) two after the point. A
        // product is a double with all its digits; a sum would lose the sign of −0.
        DataType::Float { .. } if !prints_every_digit(column) => format!("{name} * 1e0"),
        DataType::Enum { .. } | DataType::Set { .. } => format!("{name} | 0"),
        _ => name,
    };
    Selected {
        expression,
        finish: Finish::Nothing,
    }
}

/// Whether the server's own text of a float has all its digits: a DOUBLE without a fixed number
/// of decimals and without ZEROFILL.
fn prints_every_digit(column: &Column) -> bool {
    let plain = !column.declared.contains('(') && !is_zerofill(column);
    column.data_type == DataType::Float { bits: 64 } && plain
}

fn is_zerofill(column: &Column) -> bool {
    column.declared.to_ascii_lowercase().contains("zerofill")
}

fn canonical(column: &Column, in_key: bool) -> Selected {
    let name = dialect::identifier(&column.name);
    match &column.data_type {
        DataType::Float { bits } => Selected {
            expression: if prints_every_digit(column) {
                name
            } else {
                format!("{name} * 1e0")
            },
            finish: if *bits == 32 {
                Finish::Float32
            } else {
                Finish::Float64
            },
        },
        DataType::Integer { .. } | DataType::Decimal { .. } if is_zerofill(column) => Selected {
            expression: name,
            finish: Finish::StripZeros,
        },
        DataType::Boolean => Selected {
            expression: format!("IF({name}, 't', 'f')"),
            finish: Finish::Nothing,
        },
        DataType::Enum { labels } => labelled(column, &name, clear_enum(labels, &name)),
        DataType::Set { labels } => labelled(column, &name, clear_set(labels, &name)),
        DataType::Json if column.charset.is_none() => Selected {
            expression: name,
            finish: Finish::CheckUtf8,
        },
        data_type if data_type.is_character() || *data_type == DataType::Json => Selected {
            expression: text(column, &name, in_key),
            finish: Finish::CheckUtf8,
        },
        _ => Selected {
            expression: name,
            finish: Finish::Nothing,
        },
    }
}

/// Text up to this many bytes is looked at closely. `REPLACE` gives NULL for a result beyond
/// `max_allowed_packet`, which is a megabyte or more; so does `CAST`. `CONVERT` does not.
const CLOSE_BYTES_MAX: u32 = 250_000;

/// Character data in UTF-8.
///
/// The server puts a question mark where a character has no counterpart. So the question marks
/// that belong there are taken out before a second conversion, and if that has one, the value is
/// lost. It is looked for by its code: to other collations, `⁈` is a question mark too.
///
/// A long text must come back from UTF-8 as the same bytes instead, if it has a question mark. And
/// so must any key: where two codes of a charset are one character (as in `cp932`), the key of one
/// would be taken for the other.
fn text(column: &Column, name: &str, in_key: bool) -> String {
    let charset = match column.charset.as_deref() {
        Some(charset) if !charset::is_utf8(charset) => charset,
        _ => return name.to_owned(),
    };
    let converted = format!("CONVERT({name} USING utf8mb4)");
    if charset::introducer(charset).is_none() {
        return converted;
    }
    let returns = format!(
        "CONVERT(CONVERT({converted} USING {charset}) USING binary) = CONVERT({name} USING binary)"
    );
    let marks = |text: &str| format!("LOCATE('?', {text} COLLATE utf8mb4_bin)");
    let closely = marks(&format!("CONVERT(REPLACE({name}, '?', '') USING utf8mb4)"));
    let kept = match &column.data_type {
        _ if in_key => returns,
        DataType::Text { bytes_max } if bytes_max.is_none_or(|most| most > u64::from(u16::MAX)) => {
            format!(
                "IF(OCTET_LENGTH({name}) <= {CLOSE_BYTES_MAX}, {closely} = 0, \
                 {} = 0 OR {returns})",
                marks(&converted)
            )
        }
        _ => format!("{closely} = 0"),
    };
    // What cannot be told is taken for lost.
    marked(&format!("{name} IS NULL OR {kept}"), &converted)
}

/// The text where the condition holds, else the mark. Both are binary strings, or MariaDB would
/// convert the mark.
fn marked(kept: &str, text: &str) -> String {
    format!("IF({kept}, CONVERT({text} USING binary), {LOST})")
}

fn labelled(column: &Column, name: &str, clear: Option<String>) -> Selected {
    let labels = match charset::needs_conversion(column) {
        true => format!("CONVERT({name} USING utf8mb4)"),
        false => name.to_owned(),
    };
    let expression = match clear {
        Some(condition) => marked(&condition, &labels),
        None => labels,
    };
    Selected {
        expression,
        finish: Finish::CheckUtf8,
    }
}

/// When an empty label cannot be taken for the error value, where there is one.
fn clear_enum(labels: &[String], name: &str) -> Option<String> {
    let possible = labels.iter().any(String::is_empty);
    possible.then(|| format!("{name} IS NULL OR ({name} | 0) > 0"))
}

/// When an empty label in a set cannot be taken for no label, where there is one.
fn clear_set(labels: &[String], name: &str) -> Option<String> {
    let label = labels.iter().position(String::is_empty)?;
    let bit = 1_u64.checked_shl(u32::try_from(label).ok()?)?;
    Some(format!("{name} IS NULL OR ({name} | 0) & {bit} = 0"))
}

impl Finish {
    /// Appends the finished cell to `out`.
    ///
    /// # Errors
    /// `ValueUnrepresentable`, without the object.
    pub(crate) fn apply(self, cell: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Nothing => out.extend_from_slice(cell),
            Self::CheckUtf8 => {
                check_utf8(cell)?;
                out.extend_from_slice(cell);
            }
            Self::StripZeros => out.extend_from_slice(without_zerofill(cell)),
            Self::Float64 => push_f64(out, number(cell)?),
            #[expect(clippy::cast_possible_truncation, reason = "a FLOAT that was widened")]
            Self::Float32 => push_f32(out, number(cell)? as f32),
        }
        Ok(())
    }
}

/// Checks a cell that is UTF-8 unless something went wrong.
///
/// # Errors
/// `ValueUnrepresentable`, without the object.
pub(crate) fn check_utf8(cell: &[u8]) -> Result<(), Error> {
    match std::str::from_utf8(cell) {
        Ok(_) => Ok(()),
        Err(_) => Err(unrepresentable(
            "the value has characters that UTF-8 cannot represent",
        )),
    }
}

fn number(cell: &[u8]) -> Result<f64, Error> {
    parse_f64(cell).ok_or_else(|| unrepresentable("the value of a float column is no number"))
}

fn unrepresentable(message: &str) -> Error {
    Error::definite(Code::ValueUnrepresentable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(data_type: DataType, declared: &str, native_form: &str, canonical_form: &str) {
        let column = Column::new("c", data_type, declared);
        assert_eq!(native(&column).expression, native_form, "{declared}");
        assert_eq!(
            canonical(&column, false).expression,
            canonical_form,
            "{declared}"
        );
    }

    #[test]
    fn floats_are_asked_for_with_all_digits() {
        check(
            DataType::Float { bits: 32 },
            "float",
            "`c` * 1e0",
            "`c` * 1e0",
        );
        check(DataType::Float { bits: 64 }, "double", "`c`", "`c`");
        check(
            DataType::Float { bits: 64 },
            "double(10,2)",
            "`c` * 1e0",
            "`c` * 1e0",
        );
        check(
            DataType::Float { bits: 64 },
            "double unsigned zerofill",
            "`c` * 1e0",
            "`c` * 1e0",
        );
    }

    #[test]
    fn labels_that_are_empty_are_told_apart() {
        let labels: Vec<String> = ["a", ""].map(String::from).into();
        let to = DataType::Enum {
            labels: labels.clone(),
        };
        check(
            to,
            "enum('a','')",
            "`c` | 0",
            "IF(`c` IS NULL OR (`c` | 0) > 0, CONVERT(`c` USING binary), x'FF')",
        );
        let to = DataType::Set { labels };
        check(
            to,
            "set('a','')",
            "`c` | 0",
            "IF(`c` IS NULL OR (`c` | 0) & 2 = 0, CONVERT(`c` USING binary), x'FF')",
        );
        let to = DataType::Enum {
            labels: vec!["a".into()],
        };
        check(to, "enum('a')", "`c` | 0", "`c`");
    }

    #[test]
    fn cells_are_finished() {
        let finish = |finish: Finish, cell: &str| {
            let mut out = Vec::new();
            finish
                .apply(cell.as_bytes(), &mut out)
                .map(|()| String::from_utf8(out).unwrap())
        };
        assert_eq!(
            finish(Finish::Float32, "0.10000000149011612").unwrap(),
            "0.1"
        );
        assert_eq!(
            finish(Finish::Float64, "9.007199254740992e15").unwrap(),
            "9007199254740992"
        );
        assert_eq!(finish(Finish::Float64, "-0").unwrap(), "-0");
        assert_eq!(finish(Finish::StripZeros, "000.50").unwrap(), "0.50");
        let lost = Finish::CheckUtf8
            .apply(b"\xFF", &mut Vec::new())
            .unwrap_err();
        assert_eq!(lost.code(), Code::ValueUnrepresentable);
    }
}
