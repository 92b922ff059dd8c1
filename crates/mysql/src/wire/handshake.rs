//! The greeting, and our answer to it.
//!
//! The server speaks first, with protocol version 10: its version, a nonce, what it can do, and
//! the authentication plugin it would like. We answer with what we want of that. When TLS is
//! wanted, the beginning of the answer is sent alone first, and the whole follows encrypted.
//!
//! MariaDB says that it is not MySQL by leaving out the first capability bit and keeping further
//! bits in bytes that are zero elsewhere. We set that bit, which makes MariaDB treat us like a
//! client of MySQL; none of its additions is needed here.

use mysql_common::constants::{CapabilityFlags, StatusFlags};

use super::error::{Error, Result};
use super::options::ConnectOptions;
use super::packet::{ERR, Reader, parse_error};

/// The collation `utf8mb4_general_ci`, the one for `utf8mb4` that every version knows.
const COLLATION: u8 = 45;

/// The largest packet that we accept, 1 GiB, which is the most that any server sends.
const PACKET_BYTES_MAX: u32 = 1 << 30;

/// What we ask for, as far as the server offers it.
///
/// `FOUND_ROWS` makes updates report matched rows. `MULTI_STATEMENTS` is absent on purpose: one
/// call is one statement. `SESSION_TRACK` is absent because nothing reads it.
const WANTED: CapabilityFlags = CapabilityFlags::CLIENT_FOUND_ROWS
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_PROTOCOL_41)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PS_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA)
    .union(CapabilityFlags::CLIENT_DEPRECATE_EOF);

/// Without these there is no talking to a server; all since 5.7 have them.
const NEEDED: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH);

/// The session that TLS negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSession {
    /// As `TLSv1.3`.
    pub version: String,
    /// As `TLS13_AES_256_GCM_SHA384`.
    pub cipher: String,
}

/// What the server said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerGreeting {
    /// Its version, as `10.11.19-MariaDB-log` or `9.7.4`; without the `5.5.5-` that older MariaDB
    /// puts in front.
    pub version: String,
    /// Its number for this connection, as `KILL` takes it.
    pub connection_id: u32,
    /// Whether it is MariaDB.
    pub mariadb: bool,
    /// The encryption, if there is one.
    pub tls: Option<TlsSession>,
    pub(super) capabilities: CapabilityFlags,
    pub(super) nonce: Vec<u8>,
    pub(super) auth_plugin: String,
}

/// Parses the first packet of a connection.
pub(super) fn parse_greeting(payload: &[u8]) -> Result<ServerGreeting> {
    let mut reader = Reader(payload);
    match reader.u8()? {
        10 => {}
        ERR => return Err(parse_error(payload)),
        _ => {
            return Err(Error::protocol(
                "the greeting is not of protocol version 10",
            ));
        }
    }
    let version = String::from_utf8_lossy(reader.until_zero()).into_owned();
    let connection_id = reader.u32()?;
    let mut nonce = reader.take(8)?.to_vec();
    let _filler = reader.u8()?;
    let capabilities_low = reader.u16()?;
    let _collation = reader.u8()?;
    let _status = StatusFlags::from_bits_truncate(reader.u16()?);
    let capabilities_high = reader.u16()?;
    let nonce_length = usize::from(reader.u8()?);
    let _reserved = reader.take(10)?;
    let capabilities = CapabilityFlags::from_bits_truncate(
        u32::from(capabilities_low) | u32::from(capabilities_high) << 16,
    );
    if !capabilities.contains(NEEDED) {
        return Err(Error::protocol(
            "the server lacks what every version since 5.7 has",
        ));
    }
    nonce.extend_from_slice(reader.take(nonce_length.saturating_sub(8).max(13))?);
    let auth_plugin = String::from_utf8_lossy(reader.until_zero()).into_owned();
    let mariadb = version.contains("MariaDB")
        || !capabilities.contains(CapabilityFlags::CLIENT_LONG_PASSWORD);
    let version = match version.strip_prefix("5.5.5-") {
        Some(real) if mariadb => real.to_owned(),
        _ => version,
    };
    trim_nonce(&mut nonce);
    Ok(ServerGreeting {
        version,
        connection_id,
        mariadb,
        tls: None,
        capabilities,
        nonce,
        auth_plugin,
    })
}

/// Removes the zero that ends a nonce in transit and is no part of it.
pub(super) fn trim_nonce(nonce: &mut Vec<u8>) {
    if nonce.last() == Some(&0) {
        nonce.pop();
    }
}

/// The capabilities of the session.
pub(super) fn session_capabilities(
    greeting: &ServerGreeting,
    options: &ConnectOptions,
    tls: bool,
) -> CapabilityFlags {
    let mut capabilities = WANTED & greeting.capabilities;
    capabilities.insert(CapabilityFlags::CLIENT_LONG_PASSWORD);
    // Asked for even when not offered: the offer shows only whether `local_infile` is on now.
    capabilities.insert(CapabilityFlags::CLIENT_LOCAL_FILES);
    capabilities.set(CapabilityFlags::CLIENT_SSL, tls);
    capabilities.set(
        CapabilityFlags::CLIENT_CONNECT_WITH_DB,
        options.database.is_some(),
    );
    capabilities
}

/// The beginning of the answer, which asks for TLS when it is sent alone.
pub(super) fn answer_head(capabilities: CapabilityFlags) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(&capabilities.bits().to_le_bytes());
    out.extend_from_slice(&PACKET_BYTES_MAX.to_le_bytes());
    out.push(COLLATION);
    out.extend_from_slice(&[0; 23]);
    out
}

/// The whole answer.
pub(super) fn answer(
    capabilities: CapabilityFlags,
    options: &ConnectOptions,
    auth_plugin: &str,
    auth_data: &[u8],
) -> Result<Vec<u8>> {
    let mut out = answer_head(capabilities);
    append_zero_ended(&mut out, &options.user)?;
    if capabilities.contains(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA) {
        append_bytes(&mut out, auth_data);
    } else {
        let length = u8::try_from(auth_data.len())
            .map_err(|_| Error::protocol("the server cannot take a password of this length"))?;
        out.push(length);
        out.extend_from_slice(auth_data);
    }
    if let Some(database) = &options.database {
        append_zero_ended(&mut out, database)?;
    }
    append_zero_ended(&mut out, auth_plugin)?;
    if capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS) {
        append_attributes(&mut out, &options.attributes);
    }
    Ok(out)
}

fn append_attributes(out: &mut Vec<u8>, attributes: &[(String, String)]) {
    let mut pairs = Vec::new();
    for (name, value) in attributes {
        append_bytes(&mut pairs, name.as_bytes());
        append_bytes(&mut pairs, value.as_bytes());
    }
    append_bytes(out, &pairs);
}

/// Appends text that a zero ends, and which therefore cannot hold one.
fn append_zero_ended(out: &mut Vec<u8>, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::protocol("a user or database name holds a zero byte"));
    }
    out.extend_from_slice(text.as_bytes());
    out.push(0);
    Ok(())
}

fn append_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let [low, high, ..] = bytes.len().to_le_bytes();
    match bytes.len() {
        0..=0xFA => out.push(low),
        0xFB..=0xFFFF => out.extend_from_slice(&[0xFC, low, high]),
        length => {
            out.push(0xFE);
            out.extend_from_slice(&(length as u64).to_le_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::Secret;
    use proptest::prelude::*;

    const GREETING: &[u8] = b"\x0a5.5.5-10.11.19-MariaDB\x00\x07\x00\x00\x00abcdefgh\x00\
        \xfe\xff\x2d\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x1d\x00\x00\x00\
        ijklmnopqrst\x00mysql_native_password\x00";

    #[test]
    fn a_greeting_is_read() {
        let greeting = parse_greeting(GREETING).unwrap();
        assert_eq!(greeting.version, "10.11.19-MariaDB");
        assert_eq!(greeting.connection_id, 7);
        assert!(greeting.mariadb);
        assert_eq!(greeting.nonce, b"abcdefghijklmnopqrst");
        assert_eq!(greeting.auth_plugin, "mysql_native_password");
    }

    #[test]
    fn a_server_that_refuses_at_once_gives_its_error() {
        let error = parse_greeting(b"\xff\x10\x04Too many connections").unwrap_err();
        assert_eq!(error.server().unwrap().code, 1040);
    }

    #[test]
    fn truncated_greetings_are_errors() {
        let nonce_end = GREETING.len() - "mysql_native_password\0".len();
        for length in 0..nonce_end {
            assert!(parse_greeting(&GREETING[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn a_zero_in_a_name_is_refused() {
        let options = ConnectOptions::new("db", "ro\0ot", Secret::default());
        assert!(answer(WANTED, &options, "mysql_native_password", b"").is_err());
    }

    #[test]
    fn the_answer_carries_the_attributes_at_its_end() {
        let mut options = ConnectOptions::new("db", "u", Secret::default());
        options.attributes = vec![("a".into(), "b".into())];
        let bytes = answer(WANTED, &options, "p", b"xy").unwrap();
        assert_eq!(&bytes[32..], b"u\x00\x02xyp\x00\x04\x01a\x01b");
    }

    proptest! {
        #[test]
        fn no_greeting_panics(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = parse_greeting(&bytes);
            let mut greeting = vec![10];
            greeting.extend(bytes);
            let _ = parse_greeting(&greeting);
        }
    }
}
