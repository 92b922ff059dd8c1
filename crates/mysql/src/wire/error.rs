//! What can go wrong on a connection, as the connection itself sees it.
//!
//! Callers inside this crate match on these variants; everybody else sees the
//! [`dbferry_core::Error`] that `server_errors` makes of them. An error is either *of the
//! statement* ([`Error::leaves_connection_usable`]) or of the connection, which is then closed for
//! good: after a protocol error nobody knows where the next packet begins.

use std::time::Duration;

/// An error that the server reported in an ERR packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// The server's error number, as in its manual.
    pub code: u16,
    /// The five characters of the SQLSTATE; `HY000` where the server sent none.
    pub sql_state: String,
    /// The server's text. It may quote row values.
    pub message: String,
}

impl ServerError {
    /// Whether the server closes the connection after this error: it is stopping, was told to
    /// kill the session, timed out, or no longer knows where packets begin.
    pub fn ends_connection(&self) -> bool {
        matches!(
            self.code,
            1053 | 1152..=1161 | 1184 | 1927 | 2006 | 2013 | 3168 | 3169 | 4031
        )
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "server error {} ({}): {}",
            self.code, self.sql_state, self.message
        )
    }
}

/// The step that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Resolving, connecting, TLS and authentication together.
    Connect,
    /// Waiting for the next bytes of an answer.
    Read,
    /// Waiting for the server to take bytes.
    Write,
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Connect => "connecting",
            Step::Read => "waiting for the server's answer",
            Step::Write => "sending to the server",
        })
    }
}

/// An error of a connection.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection could be made to the address.
    #[error("cannot connect to {address}")]
    Connect {
        /// Host and port, or the path of the socket.
        address: String,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The connection broke while reading or writing.
    #[error("the connection to the server broke")]
    Io(#[source] std::io::Error),
    /// The server closed the connection in the middle of something.
    #[error("the server closed the connection")]
    Disconnected,
    /// A step took longer than its limit.
    #[error("{step} took longer than {} ms", limit.as_millis())]
    Timeout {
        /// The step.
        step: Step,
        /// Its limit.
        limit: Duration,
    },
    /// The TLS settings cannot be used, or the TLS handshake failed.
    #[error("TLS failed: {what}")]
    Tls {
        /// What was being done.
        what: String,
        /// The cause.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// The settings require TLS and the server does not offer it.
    #[error("the server does not offer TLS, which the settings require")]
    TlsNotOffered,
    /// The server reported an error.
    #[error("{0}")]
    Server(ServerError),
    /// The server sent bytes that the protocol does not allow.
    #[error("the server broke the protocol: {what}")]
    Protocol {
        /// The rule that was broken.
        what: &'static str,
    },
    /// The account needs an authentication plugin that this client does not have.
    #[error("authentication plugin '{name}' is not supported")]
    AuthPluginUnsupported {
        /// The name that the server gave.
        name: String,
    },
    /// The server asked for the password in clear text and may not have it.
    #[error("the server asked for the password in clear text, which is not permitted here")]
    CleartextRefused,
    /// The server asked for a local file that nobody offered.
    #[error("the server asked for a local file outside of a load, which was refused")]
    LocalInfileRefused,
    /// A call that does not fit what the connection is doing. The caller is at fault, and the
    /// connection goes on undisturbed.
    #[error("the connection is {state}, so this call is not possible")]
    Busy {
        /// What it is doing.
        state: &'static str,
    },
    /// A batch for another number of columns than the stream has. The stream goes on.
    #[error("a batch for {batch} columns cannot take rows of {stream}")]
    ColumnsDiffer {
        /// Columns of the batch.
        batch: usize,
        /// Columns of the stream.
        stream: usize,
    },
    /// The connection is closed, or an earlier error or cancelled call broke it.
    #[error("the connection is closed")]
    Closed,
    /// A row or packet is larger than can be carried.
    #[error("a row or packet of more than {bytes_max} bytes cannot be carried")]
    RowTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// The result of a buffered query is too large.
    #[error("the result of a query exceeded {bytes_max} bytes")]
    ResultTooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// A cell of a buffered result is not what the caller asked for.
    #[error("column '{column}' is {found}, expected {expected}")]
    Value {
        /// The name or number of the column.
        column: String,
        /// What was expected.
        expected: &'static str,
        /// What was there, without its value.
        found: &'static str,
    },
}

impl Error {
    /// Whether the connection can go on after this error.
    pub fn leaves_connection_usable(&self) -> bool {
        match self {
            Error::Server(error) => !error.ends_connection(),
            Error::Busy { .. } | Error::ColumnsDiffer { .. } | Error::Value { .. } => true,
            _ => false,
        }
    }

    /// The error that the server reported, if it is one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Error::Server(error) => Some(error),
            _ => None,
        }
    }

    pub(super) fn protocol(what: &'static str) -> Self {
        Error::Protocol { what }
    }

    pub(super) fn tls(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Error::Tls {
            what: what.into(),
            source: Some(source.into()),
        }
    }

    /// Sorts an I/O error: rustls reports its own errors, such as an alert that arrives with the
    /// first read after a TLS 1.3 handshake, inside of one.
    pub(super) fn io(error: std::io::Error) -> Self {
        Self::io_or_tls("the server or we ended the session", error)
    }

    /// The same, with words of its own for what rustls reports.
    pub(super) fn io_or_tls(what: &'static str, error: std::io::Error) -> Self {
        let tls = error
            .get_ref()
            .is_some_and(|inner| inner.is::<rustls::Error>());
        match error.kind() {
            _ if tls => Error::tls(what, error),
            std::io::ErrorKind::UnexpectedEof => Error::Disconnected,
            _ => Error::Io(error),
        }
    }
}

/// The result of a call on a connection.
pub type Result<T, E = Error> = std::result::Result<T, E>;
