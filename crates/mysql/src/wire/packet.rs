//! The packets of the command phase, parsed.
//!
//! `mysql_common` parses these too, but it asserts what it should check in some places, and a
//! server's bytes must never cause a panic. They are few and small, so they stand here, on a
//! [`Reader`] that cannot read past its end. Constants are those of `mysql_common`.
//!
//! Source of the formats: MySQL's *Client/Server Protocol* documentation, `sql/protocol_classic.cc`
//! of MySQL and `sql/protocol.cc` of MariaDB.

use mysql_common::constants::{CapabilityFlags, ColumnFlags, ColumnType, StatusFlags};

use super::error::{Error, Result, ServerError};

pub(super) const OK: u8 = 0x00;
pub(super) const LOCAL_INFILE: u8 = 0xFB;
pub(super) const EOF: u8 = 0xFE;
pub(super) const ERR: u8 = 0xFF;

/// A cursor over untrusted bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length-encoded integer.
    pub(super) fn integer(&mut self) -> Result<u64> {
        Ok(match self.u8()? {
            byte @ 0..=0xFA => u64::from(byte),
            0xFC => u64::from(self.u16()?),
            0xFD => {
                let [low, middle, high] = self.array()?;
                u64::from(u32::from_le_bytes([low, middle, high, 0]))
            }
            0xFE => u64::from_le_bytes(self.array()?),
            0xFB | 0xFF => return Err(Error::protocol("a length cannot begin with this byte")),
        })
    }

    /// Bytes that begin with their length.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.integer()?;
        self.take(usize::try_from(length).map_err(|_| TOO_SHORT)?)
    }

    /// Bytes up to a zero, or to the end where the zero is missing.
    pub(super) fn until_zero(&mut self) -> &'a [u8] {
        match memchr::memchr(0, self.0) {
            Some(at) => {
                let text = &self.0[..at];
                self.0 = &self.0[at + 1..];
                text
            }
            None => std::mem::take(&mut self.0),
        }
    }
}

const TOO_SHORT: Error = Error::Protocol {
    what: "a packet ends too early",
};

/// What a statement did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows inserted, deleted, or *matched* by an update (the connection asks for matched rows).
    pub affected_rows: u64,
    /// The first generated `AUTO_INCREMENT` value, or 0.
    pub last_insert_id: u64,
    /// Number of warnings, to be read with `SHOW WARNINGS`.
    pub warnings: u16,
    /// The server's status flags.
    pub status: StatusFlags,
    /// The server's summary, as `Records: 3  Deleted: 0  Skipped: 0  Warnings: 0`; may be empty.
    pub info: String,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name or alias.
    pub name: String,
    /// The table or alias it comes from; empty for expressions.
    pub table: String,
    /// The number of its type; see [`Column::column_type`].
    pub type_code: u8,
    /// The number of its collation; 63 is binary.
    pub collation: u16,
    /// Its flags.
    pub flags: ColumnFlags,
    /// Its display length in bytes.
    pub length: u32,
    /// Digits after the decimal point.
    pub decimals: u8,
}

impl Column {
    /// The type, when it is one that this client knows.
    pub fn column_type(&self) -> Option<ColumnType> {
        ColumnType::try_from(self.type_code).ok()
    }
}

/// The first packet of the answer to a statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It returns no rows.
    Done(Outcome),
    /// Rows of so many columns follow.
    Rows(usize),
    /// The server asks for the contents of a file.
    LocalInfile,
}

/// The most columns that a result can have. InnoDB allows 1017 per table and the server 4096 per
/// statement; the rest is slack against a hostile count.
const COLUMNS_MAX: u64 = 1 << 16;

pub(super) fn parse_answer(payload: &[u8]) -> Result<Answer> {
    match payload.first() {
        Some(&OK) => parse_ok(payload).map(Answer::Done),
        Some(&ERR) => Err(parse_error(payload)),
        Some(&LOCAL_INFILE) => Ok(Answer::LocalInfile),
        _ => {
            let mut reader = Reader(payload);
            let count = reader.integer()?;
            if count > COLUMNS_MAX || !reader.0.is_empty() {
                return Err(Error::protocol(
                    "an answer begins with neither status nor columns",
                ));
            }
            Ok(Answer::Rows(usize::try_from(count).map_err(|_| TOO_SHORT)?))
        }
    }
}

/// Parses an OK packet, or the OK packet with the header of EOF that ends rows.
pub(super) fn parse_ok(payload: &[u8]) -> Result<Outcome> {
    let mut reader = Reader(payload);
    if !matches!(reader.u8()?, OK | EOF) {
        return Err(Error::protocol("expected an OK packet"));
    }
    let affected_rows = reader.integer()?;
    let last_insert_id = reader.integer()?;
    let status = StatusFlags::from_bits_truncate(reader.u16()?);
    let warnings = reader.u16()?;
    // Documented as the rest of the packet, sent with a length in front.
    let info = if reader.0.is_empty() {
        &[][..]
    } else {
        reader.bytes()?
    };
    let info = String::from_utf8_lossy(info).into_owned();
    Ok(Outcome {
        affected_rows,
        last_insert_id,
        warnings,
        status,
        info,
    })
}

/// Parses the packet that ends columns or rows, in the form that the session uses.
pub(super) fn parse_end(payload: &[u8], capabilities: CapabilityFlags) -> Result<Outcome> {
    if capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
        return parse_ok(payload);
    }
    let mut reader = Reader(payload);
    if reader.u8()? != EOF {
        return Err(Error::protocol("expected an EOF packet"));
    }
    let warnings = reader.u16()?;
    let status = StatusFlags::from_bits_truncate(reader.u16()?);
    Ok(Outcome {
        warnings,
        status,
        ..Outcome::default()
    })
}

/// Parses an ERR packet. Before the handshake is done there is no SQLSTATE in it.
pub(super) fn parse_error(payload: &[u8]) -> Error {
    let mut reader = Reader(payload);
    let (Ok(ERR), Ok(code)) = (reader.u8(), reader.u16()) else {
        return Error::protocol("an error packet is too short");
    };
    let mut sql_state = &b"HY000"[..];
    if let Some((b'#', rest)) = reader.0.split_first()
        && let Some((state, message)) = rest.split_at_checked(5)
    {
        sql_state = state;
        reader.0 = message;
    }
    Error::Server(ServerError {
        code,
        sql_state: String::from_utf8_lossy(sql_state).into_owned(),
        message: String::from_utf8_lossy(reader.0).into_owned(),
    })
}

/// Parses a column definition.
pub(super) fn parse_column(payload: &[u8]) -> Result<Column> {
    if payload.first() == Some(&ERR) {
        return Err(parse_error(payload));
    }
    let mut reader = Reader(payload);
    let _catalog = reader.bytes()?;
    let _schema = reader.bytes()?;
    let table = text(reader.bytes()?)?;
    let _original_table = reader.bytes()?;
    let name = text(reader.bytes()?)?;
    let _original_name = reader.bytes()?;
    let _fixed_fields_length = reader.integer()?;
    Ok(Column {
        name,
        table,
        collation: reader.u16()?,
        length: reader.u32()?,
        type_code: reader.u8()?,
        flags: ColumnFlags::from_bits_truncate(reader.u16()?),
        decimals: reader.u8()?,
    })
}

fn text(bytes: &[u8]) -> Result<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(Error::protocol("a name is not valid UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ok_packet_tells_what_was_done() {
        let outcome = parse_ok(b"\x00\x03\xfc\x00\x01\x02\x00\x01\x00\x03abc").unwrap();
        assert_eq!((outcome.affected_rows, outcome.last_insert_id), (3, 256));
        assert_eq!((outcome.warnings, outcome.info.as_str()), (1, "abc"));
        assert!(
            outcome
                .status
                .contains(StatusFlags::SERVER_STATUS_AUTOCOMMIT)
        );
    }

    #[test]
    fn an_error_packet_is_read_with_and_without_a_state() {
        let check = |bytes: &[u8], code, state: &str, message: &str| {
            let error = parse_error(bytes);
            let server = error.server().unwrap();
            assert_eq!(
                (server.code, &*server.sql_state, &*server.message),
                (code, state, message)
            );
        };
        check(b"\xff\x7a\x04#42S02gone", 1146, "42S02", "gone");
        check(b"\xff\x10\x04Too many", 1040, "HY000", "Too many");
        check(b"\xff\x10\x04#42", 1040, "HY000", "#42");
        assert!(matches!(parse_error(b"\xff\x10"), Error::Protocol { .. }));
    }

    #[test]
    fn truncated_packets_are_errors() {
        let ok = b"\x00\x03\xfc\x00\x01\x02\x00\x01\x00\x03abc";
        for length in (0..ok.len()).filter(|&length| length != 9) {
            assert!(parse_ok(&ok[..length]).is_err(), "{length}");
        }
        let column =
            b"\x03def\x01d\x01t\x01t\x01c\x01c\x0c\x2d\x00\x01\x00\x00\x00\x03\x00\x00\x00";
        assert_eq!(parse_column(column).unwrap().name, "c");
        for length in 0..column.len() {
            assert!(parse_column(&column[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_hostile_column_count_is_an_error() {
        assert!(parse_answer(b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f").is_err());
        assert!(parse_answer(b"").is_err());
        assert_eq!(parse_answer(b"\x04").unwrap(), Answer::Rows(4));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse_answer(&bytes);
            let _ = parse_ok(&bytes);
            let _ = parse_end(&bytes, CapabilityFlags::empty());
            let _ = parse_error(&bytes);
            let _ = parse_column(&bytes);
        }
    }
}
