//! What the user says about an endpoint of this family.
//!
//! An [`EndpointAddress`] is read into a [`MySqlConfig`] in which every default has been filled
//! in. The scheme only documents what the user expects to find: the server itself says what it is.
//!
//! | parameter | values | default |
//! |---|---|---|
//! | `ssl-mode`, `tls` | `disabled`, `preferred`, `required`, `verify-ca`, `verify-identity` (also AWS DMS's `none`, `require`, `verify-full`) | `preferred`; `verify-ca` with `ssl-ca` |
//! | `ssl-ca` | PEM file of the trusted authorities | those of the operating system |
//! | `ssl-cert`, `ssl-key` | PEM files of the client's certificate and key | none |
//! | `ssl-server-name` | the name that the server's certificate bears | the host |
//! | `connect-timeout` | seconds | 15 |
//! | `read-timeout`, `write-timeout` | seconds that the server may be silent; 0 for no limit | 0 |
//! | `socket` | path of a Unix socket | TCP |
//! | `allow-cleartext` | `true`, `false`: whether the password may be sent as it is | `false` |
//! | `local-infile` | `auto`, `off`: whether rows may be loaded with `LOAD DATA` | `auto` |
//! | `skip-log-bin` | `true`, `false`: whether the target writes no binary log for the load | `false` |
//! | `definer` | `keep`, `current`: who runs views, routines and the like on the target | `keep` |
//! | `control-schema` | the target's schema for what it remembers of a load | `dbferry_control` |

use std::path::PathBuf;
use std::time::Duration;

use dbferry_core::{Code, EndpointAddress, Error};

use crate::wire::{ConnectOptions, DEFAULT_PORT, TlsMode};

/// The schemes of this family.
pub const SCHEMES: &[&str] = &["mysql", "mariadb", "aurora", "aurora-mysql"];

/// The parameters that an address may have.
const PARAMETERS: &[&str] = &[
    "allow-cleartext",
    "connect-timeout",
    "control-schema",
    "definer",
    "local-infile",
    "read-timeout",
    "skip-log-bin",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-server-name",
    "tls",
    "write-timeout",
];

/// The schema in which a target remembers how far a load is.
const CONTROL_SCHEMA: &str = "dbferry_control";

/// How rows may be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocalInfile {
    /// With `LOAD DATA LOCAL INFILE` where the server allows it.
    #[default]
    Auto,
    /// With `INSERT` always.
    Off,
}

/// As whom views, routines, triggers and events run on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DefinerPolicy {
    /// As the account that the source names, where the target lets us set it.
    #[default]
    Keep,
    /// As the account that dbferry connects with.
    Current,
}

/// Everything about an endpoint that the user can choose.
#[derive(Debug, Clone)]
pub struct MySqlConfig {
    /// How to reach the server. There is no default database: every name is qualified.
    pub connect: ConnectOptions,
    /// The database that the address names, to narrow what takes part.
    pub database: Option<String>,
    /// How rows may be loaded.
    pub local_infile: LocalInfile,
    /// Whether the target's sessions write no binary log.
    pub skip_log_bin: bool,
    /// As whom stored objects run on the target.
    pub definer: DefinerPolicy,
    /// The schema in which the target remembers how far a load is.
    pub control_schema: String,
}

impl MySqlConfig {
    /// Makes a configuration in which everything but the connection has its default.
    pub fn new(connect: ConnectOptions) -> Self {
        Self {
            connect,
            database: None,
            local_infile: LocalInfile::default(),
            skip_log_bin: false,
            definer: DefinerPolicy::default(),
            control_schema: CONTROL_SCHEMA.into(),
        }
    }

    /// Reads an address.
    ///
    /// # Errors
    /// `EndpointInvalid`, naming the part or parameter and what is expected.
    pub fn from_address(address: &EndpointAddress) -> Result<Self, Error> {
        if !SCHEMES.contains(&address.scheme.as_str()) {
            let message = format!("the scheme '{}' is not of this family", address.scheme);
            return Err(invalid(
                message,
                format!("use one of {}", SCHEMES.join(", ")),
            ));
        }
        let socket = parameter(address, "socket")?.map(PathBuf::from);
        let host = match (&address.host, &socket) {
            (Some(host), _) => host.clone(),
            (None, Some(_)) => "localhost".into(),
            (None, None) => {
                return Err(invalid(
                    "the address names no host",
                    "write mysql://user@host/",
                ));
            }
        };
        let user = address
            .user
            .clone()
            .ok_or_else(|| invalid("the address names no user", "write mysql://user@host/"))?;
        let password = address.password.clone().unwrap_or_default();
        let mut connect = ConnectOptions::new(host, user, password);
        connect.port = address.port.unwrap_or(DEFAULT_PORT);
        connect.socket = socket;
        let mut config = Self::new(connect);
        config.database = address.database().map(str::to_owned);
        config.read_parameters(address)?;
        Ok(config)
    }

    fn read_parameters(&mut self, address: &EndpointAddress) -> Result<(), Error> {
        for (name, value) in &address.parameters {
            self.read_parameter(name, value)?;
        }
        for name in PARAMETERS {
            parameter(address, name)?;
        }
        let (cert, key) = (
            parameter(address, "ssl-cert")?,
            parameter(address, "ssl-key")?,
        );
        self.connect.tls.client_identity = match (cert, key) {
            (Some(cert), Some(key)) => Some((cert.into(), key.into())),
            (None, None) => None,
            _ => {
                let hint = "give ssl-cert and ssl-key, both or neither";
                return Err(invalid("a client certificate needs its key", hint));
            }
        };
        let mode = parameter(address, "ssl-mode")?.or(parameter(address, "tls")?);
        if mode.is_none() && self.connect.tls.ca.is_some() {
            // Who names an authority wants it asked; `preferred` would ignore it.
            self.connect.tls.mode = TlsMode::VerifyCa;
        }
        Ok(())
    }

    fn read_parameter(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let connect = &mut self.connect;
        match name {
            "ssl-mode" | "tls" => connect.tls.mode = tls_mode(name, value)?,
            "ssl-ca" => connect.tls.ca = Some(value.into()),
            "ssl-server-name" => connect.tls.server_name = Some(value.into()),
            "connect-timeout" => {
                connect.connect_timeout = seconds(name, value)?.ok_or_else(|| {
                    invalid(
                        "the parameter 'connect-timeout' is 0",
                        "give at least 1 second",
                    )
                })?;
            }
            "read-timeout" => connect.read_timeout = seconds(name, value)?,
            "write-timeout" => connect.write_timeout = seconds(name, value)?,
            "allow-cleartext" => connect.cleartext_password = boolean(name, value)?,
            "skip-log-bin" => self.skip_log_bin = boolean(name, value)?,
            "local-infile" => {
                self.local_infile = choice(
                    name,
                    value,
                    &[("auto", LocalInfile::Auto), ("off", LocalInfile::Off)],
                )?;
            }
            "definer" => {
                self.definer = choice(
                    name,
                    value,
                    &[
                        ("keep", DefinerPolicy::Keep),
                        ("current", DefinerPolicy::Current),
                    ],
                )?;
            }
            "control-schema" => {
                crate::dialect::check_name(value)?;
                self.control_schema = value.into();
            }
            // Read together with others.
            "socket" | "ssl-cert" | "ssl-key" => {}
            _ => {
                let message = format!("there is no parameter '{}'", name.escape_debug());
                return Err(invalid(
                    message,
                    format!("the known ones are {}", PARAMETERS.join(", ")),
                ));
            }
        }
        Ok(())
    }
}

/// The value of a parameter that may come once.
fn parameter<'a>(address: &'a EndpointAddress, name: &str) -> Result<Option<&'a str>, Error> {
    let mut values = address.parameters.iter().filter(|(other, _)| other == name);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(invalid(
            format!("the parameter '{name}' comes twice"),
            "give it once",
        )),
        (first, None) => Ok(first.map(|(_, value)| value.as_str())),
    }
}

fn tls_mode(name: &str, value: &str) -> Result<TlsMode, Error> {
    choice(
        name,
        value,
        &[
            ("disabled", TlsMode::Disabled),
            ("preferred", TlsMode::Preferred),
            ("required", TlsMode::Required),
            ("verify-ca", TlsMode::VerifyCa),
            ("verify-identity", TlsMode::VerifyIdentity),
            ("none", TlsMode::Disabled),
            ("require", TlsMode::Required),
            ("verify-full", TlsMode::VerifyIdentity),
        ],
    )
}

/// A number of seconds; `None` for 0.
fn seconds(name: &str, value: &str) -> Result<Option<Duration>, Error> {
    match value.parse::<u32>() {
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds.into()))),
        Err(_) => Err(bad_value(name, "a whole number of seconds")),
    }
}

fn boolean(name: &str, value: &str) -> Result<bool, Error> {
    choice(
        name,
        value,
        &[
            ("true", true),
            ("false", false),
            ("on", true),
            ("off", false),
            ("1", true),
            ("0", false),
        ],
    )
}

fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T, Error> {
    let value = value.replace('_', "-");
    choices
        .iter()
        .find(|(choice, _)| choice.eq_ignore_ascii_case(&value))
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
            bad_value(name, &format!("one of {}", names.join(", ")))
        })
}

fn bad_value(name: &str, expected: &str) -> Error {
    let message = format!("the value of the parameter '{name}' cannot be used");
    invalid(message, format!("give {expected}"))
}

fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Error::definite(Code::EndpointInvalid, message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<MySqlConfig, Error> {
        MySqlConfig::from_address(&EndpointAddress::parse(text)?)
    }

    #[test]
    fn an_address_is_read() {
        let config = read(
            "aurora-mysql://ann:pw@db:3307/shop?tls=verify-full&ssl-ca=/ca&ssl-cert=/c&ssl-key=/k\
             &connect-timeout=3&read-timeout=0&local-infile=off&skip-log-bin=true&definer=current",
        )
        .unwrap();
        let connect = &config.connect;
        assert_eq!(
            (connect.host.as_str(), connect.port, connect.user.as_str()),
            ("db", 3307, "ann")
        );
        assert_eq!(connect.password.expose(), "pw");
        assert_eq!(connect.tls.mode, TlsMode::VerifyIdentity);
        assert_eq!(
            connect.tls.client_identity,
            Some(("/c".into(), "/k".into()))
        );
        assert_eq!(connect.connect_timeout, Duration::from_secs(3));
        assert_eq!(connect.read_timeout, None);
        assert_eq!(
            connect.database, None,
            "a target's database may not exist yet"
        );
        assert_eq!(config.database.as_deref(), Some("shop"));
        assert_eq!(config.local_infile, LocalInfile::Off);
        assert!(config.skip_log_bin);
        assert_eq!(config.definer, DefinerPolicy::Current);
    }

    #[test]
    fn defaults_are_filled_in() {
        let config = read("mysql://ann@db").unwrap();
        assert_eq!(config.connect.port, 3306);
        assert_eq!(config.connect.tls.mode, TlsMode::Preferred);
        assert_eq!(config.control_schema, "dbferry_control");
        let config = read("mysql://ann@?socket=/run/s").unwrap();
        assert_eq!(config.connect.socket, Some("/run/s".into()));
    }

    #[test]
    fn naming_an_authority_means_asking_it() {
        assert_eq!(
            read("mysql://a@h?ssl-ca=/c").unwrap().connect.tls.mode,
            TlsMode::VerifyCa
        );
        let chosen = read("mysql://a@h?ssl-ca=/c&ssl-mode=REQUIRED").unwrap();
        assert_eq!(chosen.connect.tls.mode, TlsMode::Required);
    }

    #[test]
    fn mistakes_are_refused_with_what_is_expected() {
        let check = |text: &str, message: &str, hint: &str| {
            let error = read(text).unwrap_err();
            assert_eq!(error.code(), Code::EndpointInvalid);
            assert!(error.to_string().contains(message), "{text}: {error}");
            assert!(
                error.hint().is_some_and(|text| text.contains(hint)),
                "{text}: {error:?}"
            );
        };
        check("oracle://a@h", "scheme 'oracle'", "mariadb");
        check("mysql://a@/d", "no host", "user@host");
        check("mysql://h", "no user", "user@host");
        check(
            "mysql://a@h?sslmode=x",
            "no parameter 'sslmode'",
            "ssl-mode",
        );
        check("mysql://a@h?tls=maybe", "'tls'", "verify-identity");
        check("mysql://a@h?tls=none&tls=none", "'tls' comes twice", "once");
        check(
            "mysql://a@h?connect-timeout=soon",
            "'connect-timeout'",
            "seconds",
        );
        check("mysql://a@h?connect-timeout=0", "is 0", "at least 1");
        check("mysql://a@h?ssl-cert=/c", "needs its key", "both");
    }
}
