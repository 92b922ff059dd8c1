//! What the user says about a SQLite file.

use std::path::PathBuf;
use std::time::Duration;

use dbferry_core::address::EndpointAddress;
use dbferry_core::{Code, Error, Role};

/// Long enough for another program's transaction, short enough that a person still waits.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Every parameter of an address, for people.
const PARAMETERS: &str = "create=yes|no, immutable=yes|no, busy-timeout=SECONDS";

/// A SQLite file and how to open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteConfig {
    /// The file.
    pub path: PathBuf,
    /// Whether a missing file is made. Only ever true for a target.
    pub create: bool,
    /// Whether the file is opened for writing.
    pub writable: bool,
    /// Whether the user vouches that nobody writes to the file. It is then read without locks, as
    /// a file on a read-only medium must be; if somebody writes after all, the copy is wrong.
    pub immutable: bool,
    /// How long to wait for a lock that another connection holds.
    pub busy_timeout: Duration,
}

impl SqliteConfig {
    /// A file that is only read.
    pub fn source(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: false,
            writable: false,
            immutable: false,
            busy_timeout: BUSY_TIMEOUT,
        }
    }

    /// A file that is written to, and made when it is missing.
    pub fn target(path: impl Into<PathBuf>) -> Self {
        Self {
            create: true,
            writable: true,
            ..Self::source(path)
        }
    }

    /// The file that an address such as `sqlite:shop.db?busy-timeout=5` names.
    ///
    /// # Errors
    /// `EndpointInvalid` for an address with an account or a server, without a path, or with an
    /// unknown parameter.
    pub fn from_address(address: &EndpointAddress, role: Role) -> Result<Self, Error> {
        let server = address.host.is_some() || address.port.is_some();
        if server || address.user.is_some() || address.password.is_some() {
            return Err(invalid("a SQLite file has no server and no account")
                .with_hint("write sqlite:path/to/file, or sqlite:///absolute/path"));
        }
        if address.path.is_empty() || address.path.contains('\0') {
            return Err(invalid("the address names no file").with_hint("write sqlite:path/to/file"));
        }
        let mut config = match role {
            Role::Source => Self::source(&address.path),
            Role::Target => Self::target(&address.path),
        };
        for (name, value) in &address.parameters {
            config.set(name, value, role)?;
        }
        Ok(config)
    }

    fn set(&mut self, name: &str, value: &str, role: Role) -> Result<(), Error> {
        match (name, role) {
            ("busy-timeout", _) => self.busy_timeout = seconds(value)?,
            ("create", Role::Target) => self.create = yes(name, value)?,
            ("immutable", Role::Source) => self.immutable = yes(name, value)?,
            ("create" | "immutable", _) => {
                return Err(
                    invalid(format!("the parameter {name:?} does not fit this role"))
                        .with_hint("create belongs to a target, immutable to a source"),
                );
            }
            _ => {
                return Err(invalid(format!("the parameter {name:?} is not known"))
                    .with_hint(format!("known are: {PARAMETERS}")));
            }
        }
        Ok(())
    }
}

fn yes(name: &str, value: &str) -> Result<bool, Error> {
    match value {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err(invalid(format!(
            "the parameter {name:?} is neither yes nor no"
        ))),
    }
}

fn seconds(value: &str) -> Result<Duration, Error> {
    // SQLite counts milliseconds in 31 bits.
    const SECONDS_MAX: u64 = 86_400;
    match value.parse() {
        Ok(seconds) if seconds <= SECONDS_MAX => Ok(Duration::from_secs(seconds)),
        _ => Err(invalid(format!(
            "the parameter \"busy-timeout\" is not a number of seconds up to {SECONDS_MAX}"
        ))),
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::definite(Code::EndpointInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, role: Role) -> Result<SqliteConfig, Error> {
        SqliteConfig::from_address(&EndpointAddress::parse(text).unwrap(), role)
    }

    #[test]
    fn an_address_becomes_a_file() {
        let source = parse("sqlite:shop.db?immutable=yes", Role::Source).unwrap();
        assert_eq!(source.path, PathBuf::from("shop.db"));
        assert!(source.immutable && !source.create && !source.writable);
        let target = parse(
            "sqlite:///tmp/a%20b.db?create=no&busy-timeout=5",
            Role::Target,
        )
        .unwrap();
        assert_eq!(target.path, PathBuf::from("/tmp/a b.db"));
        assert!(target.writable && !target.create);
        assert_eq!(target.busy_timeout, Duration::from_secs(5));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in [
            "sqlite:",
            "sqlite://host/a.db",
            "sqlite://me@/a.db",
            "sqlite:a.db?cache=shared",
            "sqlite:a.db?create=yes",
            "sqlite:a.db?immutable=maybe",
            "sqlite:a.db?busy-timeout=-1",
        ] {
            let error = parse(text, Role::Source).unwrap_err();
            assert_eq!(error.code(), Code::EndpointInvalid, "{text}");
        }
    }
}
