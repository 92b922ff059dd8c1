//! Endpoint addresses: one line of text that says where a database is and who asks.
//!
//! The form is that of a URL:
//!
//! ```text
//! scheme://user:password@host:port/database?parameter=value&parameter=value
//! scheme:/path/to/file?parameter=value
//! ```
//!
//! Every part but the scheme may be missing; each connector says which parts it needs and which
//! parameters it knows. Any part may hold percent-encoded bytes (`%2F` for `/`), which must be
//! UTF-8 once decoded. An IPv6 host stands in brackets. The user ends at the last `@` before the
//! path, so an `@` in a password needs no encoding; `/`, `?` and `#` do.
//!
//! The password is a [`Secret`]. Neither `Display` nor any error shows it, nor any part of a
//! malformed address in which it might hide.

use std::fmt;

use crate::error::{Code, Error};
use crate::secret::Secret;

/// Where a database is, as the user wrote it; understood, but not yet judged by a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointAddress {
    /// The kind of database, such as `mysql`, in lower case.
    pub scheme: String,
    /// The account.
    pub user: Option<String>,
    /// Its password. Present and empty when the address has an empty one.
    pub password: Option<Secret>,
    /// Name or address of the server, IPv6 without brackets; `None` where the address has none.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// What follows the authority, or the scheme where there is none: `/database`, `/a/file`,
    /// `file`; may be empty.
    pub path: String,
    /// Names and values of the parameters, in their order. A name may come twice.
    pub parameters: Vec<(String, String)>,
}

impl EndpointAddress {
    /// Understands an address.
    ///
    /// # Errors
    /// `EndpointInvalid`, saying which part is malformed and what is expected of it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = split_scheme(text)?;
        if rest.contains('#') {
            return Err(invalid("'#' has no meaning in an address; write it as %23"));
        }
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, query),
            None => (rest, ""),
        };
        let (authority, path) = match place.strip_prefix("//") {
            Some(after) => after.split_at(after.find('/').unwrap_or(after.len())),
            None => ("", place),
        };
        let (account, server) = match authority.rsplit_once('@') {
            Some((account, server)) => (Some(account), server),
            None => (None, authority),
        };
        let (user, password) = account.map_or(Ok((None, None)), parse_account)?;
        let (host, port) = parse_server(server)?;
        Ok(Self {
            scheme,
            user,
            password,
            host,
            port,
            path: decode(path, "path")?,
            parameters: parse_parameters(query)?,
        })
    }

    /// The database that the path names: what follows its first slash, if anything does.
    pub fn database(&self) -> Option<&str> {
        let name = self.path.strip_prefix('/').unwrap_or(&self.path);
        (!name.is_empty()).then_some(name)
    }
}

fn split_scheme(text: &str) -> Result<(String, &str), Error> {
    let plain = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    match text.split_once(':') {
        Some((scheme, rest)) if plain(scheme) => Ok((scheme.to_ascii_lowercase(), rest)),
        _ => Err(invalid("it begins with no scheme")),
    }
}

fn parse_account(text: &str) -> Result<(Option<String>, Option<Secret>), Error> {
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(Secret::new(decode(password, "password")?))),
        None => (text, None),
    };
    let user = decode(user, "user")?;
    Ok(((!user.is_empty()).then_some(user), password))
}

fn parse_server(text: &str) -> Result<(Option<String>, Option<u16>), Error> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => {
            let (host, port) = bracketed
                .split_once(']')
                .ok_or_else(|| invalid("the bracket around an IPv6 host is not closed"))?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(invalid("what stands in brackets is not an IPv6 address"));
            }
            (host, port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let host = decode(host, "host")?;
    Ok(((!host.is_empty()).then_some(host), parse_port(port)?))
}

/// Reads what follows a host: nothing, a colon, or a colon and a number.
fn parse_port(text: &str) -> Result<Option<u16>, Error> {
    match text.strip_prefix(':') {
        None if text.is_empty() => Ok(None),
        Some("") => Ok(None),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits
            .parse()
            .map(Some)
            .map_err(|_| invalid("the port is not from 0 to 65535")),
        _ => Err(invalid("the port is not a number")),
    }
}

fn parse_parameters(query: &str) -> Result<Vec<(String, String)>, Error> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| invalid("a parameter has no value; write name=value"))?;
            Ok((decode(name, "parameter name")?, decode(value, "parameter")?))
        })
        .collect()
}

/// Undoes percent-encoding.
fn decode(text: &str, part: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        (bytes, rest) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => {
                let value = hex_digit(*high).zip(hex_digit(*low));
                let (high, low) = value.ok_or_else(|| bad_percent(part))?;
                bytes.push(high << 4 | low);
                (bytes, after)
            }
            (b'%', _) => return Err(bad_percent(part)),
            _ => {
                bytes.push(byte);
                (bytes, after)
            }
        };
    }
    String::from_utf8(bytes).map_err(|_| invalid(format!("the {part} is not UTF-8")))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn bad_percent(part: &str) -> Error {
    invalid(format!(
        "a '%' in the {part} is not followed by two hex digits; write '%' as %25"
    ))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::definite(
        Code::EndpointInvalid,
        format!("the address cannot be understood: {}", message.into()),
    )
    .with_hint(
        "write scheme://user@host:port/database?parameter=value, or scheme:/path for a file; \
         in user and password write / ? # % as %2F %3F %23 %25",
    )
}

/// Writes `text` so that [`EndpointAddress::parse`] reads it back; `also` are further bytes that
/// may stand for themselves.
fn encode(f: &mut fmt::Formatter<'_>, text: &str, also: &[u8]) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            write!(f, "{}", char::from(byte))?;
        } else {
            write!(f, "%{byte:02X}")?;
        }
    }
    Ok(())
}

impl fmt::Display for EndpointAddress {
    /// The address without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme)?;
        if self.host.is_some() || self.user.is_some() || self.port.is_some() {
            f.write_str("//")?;
            self.fmt_authority(f)?;
        }
        encode(f, &self.path, b"/:@")?;
        for (index, (name, value)) in self.parameters.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            encode(f, name, b"")?;
            f.write_str("=")?;
            encode(f, value, b"/:@")?;
        }
        Ok(())
    }
}

impl EndpointAddress {
    fn fmt_authority(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            encode(f, user, b"")?;
            f.write_str("@")?;
        }
        match self.host.as_deref() {
            Some(host) if host.parse::<std::net::Ipv6Addr>().is_ok() => write!(f, "[{host}]")?,
            Some(host) => encode(f, host, b"")?,
            None => {}
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl std::str::FromStr for EndpointAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> EndpointAddress {
        EndpointAddress::parse(text).unwrap()
    }

    #[test]
    fn every_part_is_found() {
        let address = parse("MySQL://ann:s%3Ac@ret@db.example:3307/shop?tls=required&ssl-ca=%2Fa");
        assert_eq!(address.scheme, "mysql");
        assert_eq!(address.user.as_deref(), Some("ann"));
        assert_eq!(address.password.as_ref().unwrap().expose(), "s:c@ret");
        assert_eq!(address.host.as_deref(), Some("db.example"));
        assert_eq!(address.port, Some(3307));
        assert_eq!(address.database(), Some("shop"));
        assert_eq!(
            address.parameters,
            [
                ("tls".into(), "required".into()),
                ("ssl-ca".into(), "/a".into())
            ]
        );
    }

    #[test]
    fn parts_may_be_missing_or_empty() {
        let check = |text: &str, host: Option<&str>, port, database: Option<&str>| {
            let address = parse(text);
            assert_eq!(address.host.as_deref(), host, "{text}");
            assert_eq!(
                (address.port, address.database()),
                (port, database),
                "{text}"
            );
        };
        check("mysql://h", Some("h"), None, None);
        check("mysql://h/", Some("h"), None, None);
        check("mysql://h:/", Some("h"), None, None);
        check("mysql:///d", None, None, Some("d"));
        check("mysql://@h:1/d%2Fe?", Some("h"), Some(1), Some("d/e"));
        check("mysql://[::1]:3306/d", Some("::1"), Some(3306), Some("d"));
        check("mysql://[fe80::1]", Some("fe80::1"), None, None);
        assert_eq!(parse("mysql://a:@h").password, Some(Secret::default()));
        assert_eq!(parse("mysql://a@h").password, None);
    }

    #[test]
    fn files_need_no_authority() {
        let check = |text: &str, path: &str| assert_eq!(parse(text).path, path, "{text}");
        check("sqlite:/tmp/a.db", "/tmp/a.db");
        check("sqlite:a%20b.db?mode=ro", "a b.db");
        check("sqlite:///tmp/a.db", "/tmp/a.db");
        check("sqlite:./a.db", "./a.db");
    }

    #[test]
    fn malformed_addresses_are_refused_without_showing_the_password() {
        for text in [
            "",
            "hunter2",
            "://u:hunter2@h",
            "mysql://u:hunter2",
            "mysql://u:hunter2/x@h/d",
            "mysql://u:hunter2%4@h",
            "mysql://u:hunter2%ff@h",
            "mysql://u:hunter2@h:99999",
            "mysql://u:hunter2@h:12x",
            "mysql://u:hunter2@[::1",
            "mysql://u:hunter2@[hunter2]",
            "mysql://u:hunter2@h/d?tls",
            "mysql://u:hunter2#@h/d",
        ] {
            let error = EndpointAddress::parse(text).unwrap_err();
            assert_eq!(error.code(), Code::EndpointInvalid, "{text}");
            assert!(error.hint().is_some());
            assert!(
                !format!("{error:?}").contains("hunter2"),
                "{text}: {error:?}"
            );
        }
    }

    #[test]
    fn neither_display_nor_debug_shows_the_password() {
        let address = parse("mysql://ann:hunter2@h/d?a=b");
        assert_eq!(address.to_string(), "mysql://ann@h/d?a=b");
        assert!(!format!("{address:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn an_address_without_password_survives_its_display(
            user in proptest::option::of(".{1,8}"),
            host in proptest::option::of("[a-z:%@ é]{1,8}"),
            port in proptest::option::of(any::<u16>()),
            database in ".{0,8}",
            parameters in proptest::collection::vec((".{1,5}", ".{0,5}"), 0..3),
        ) {
            let address = EndpointAddress {
                scheme: "mysql".into(), user, password: None, host, port,
                path: format!("/{}", database.trim_start_matches('/')), parameters,
            };
            prop_assert_eq!(parse(&address.to_string()), address);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = EndpointAddress::parse(&text);
            let _ = EndpointAddress::parse(&format!("mysql://{text}"));
        }
    }
}
