//! How to reach a server: address, account, encryption and limits.

use std::path::PathBuf;
use std::time::Duration;

use dbferry_core::Secret;

/// The port of MySQL and MariaDB when none is given.
pub const DEFAULT_PORT: u16 = 3306;

/// Long enough for a distant server with slow DNS, short enough that a person waits for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// A silent peer is asked after this long, and given up after three more unanswered intervals.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);

/// How far the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    /// Never encrypted.
    Disabled,
    /// Encrypted when the server offers it. A handshake that fails is an error, not a reason to
    /// go on in plain text.
    #[default]
    Preferred,
    /// Always encrypted; the server's certificate is not checked.
    Required,
    /// Always encrypted; the certificate must come from a trusted authority.
    VerifyCa,
    /// As [`TlsMode::VerifyCa`], and the certificate must name the server.
    VerifyIdentity,
}

/// Settings of the encryption.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// How far the connection is protected.
    pub mode: TlsMode,
    /// PEM file with the trusted authorities; without it, those of the operating system.
    pub ca: Option<PathBuf>,
    /// PEM files of the client's certificate chain and of its key.
    pub client_identity: Option<(PathBuf, PathBuf)>,
    /// The name that the certificate must bear when it is not the host, as behind a tunnel.
    pub server_name: Option<String>,
}

/// Everything that is needed to open a connection.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Name or address of the server.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path of a Unix socket, used instead of host and port. Such a connection counts as secure:
    /// it is never encrypted, whatever the TLS mode says.
    pub socket: Option<PathBuf>,
    /// Name of the account.
    pub user: String,
    /// Its password; empty for none.
    pub password: Secret,
    /// The default database.
    pub database: Option<String>,
    /// Encryption.
    pub tls: TlsOptions,
    /// Whether the password may be sent as it is when the server asks for that (PAM, LDAP). Even
    /// then only over TLS or a Unix socket.
    pub cleartext_password: bool,
    /// Limit of resolving, connecting, TLS and authentication together.
    pub connect_timeout: Duration,
    /// Limit of waiting for the next bytes of an answer. `None` by default: an `ALTER TABLE` is
    /// silent for hours, and TCP keepalive finds a peer that is gone.
    pub read_timeout: Option<Duration>,
    /// Limit of waiting for the server to take more bytes. `None` by default, as a server may
    /// rightly stop reading a load while it waits for a lock.
    pub write_timeout: Option<Duration>,
    /// How long a TCP connection may be silent before the peer is probed.
    pub keepalive_idle: Option<Duration>,
    /// Name and value pairs shown in `performance_schema.session_connect_attrs`.
    pub attributes: Vec<(String, String)>,
}

impl ConnectOptions {
    /// Options for a server on its default port.
    pub fn new(host: impl Into<String>, user: impl Into<String>, password: Secret) -> Self {
        Self {
            host: host.into(),
            port: DEFAULT_PORT,
            socket: None,
            user: user.into(),
            password,
            database: None,
            tls: TlsOptions::default(),
            cleartext_password: false,
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: None,
            write_timeout: None,
            keepalive_idle: Some(KEEPALIVE_IDLE),
            attributes: vec![
                ("program_name".into(), "dbferry".into()),
                ("_client_name".into(), "dbferry".into()),
                ("_client_version".into(), env!("CARGO_PKG_VERSION").into()),
            ],
        }
    }

    /// The address as it is shown to a person.
    pub fn address(&self) -> String {
        match &self.socket {
            Some(path) => path.display().to_string(),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_password() {
        let options = ConnectOptions::new("db", "root", Secret::new("hunter2"));
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
