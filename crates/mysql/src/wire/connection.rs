//! The connection: its life, its state, and the commands that answer with OK.
//!
//! # States
//!
//! | state | entered by | left by |
//! |---|---|---|
//! | idle | connecting; the end of any call | the next call |
//! | busy | every call, before its first byte of I/O | the end of the call, with any result |
//! | streaming | `query_stream` | the last row, an error of the server, `discard_stream` |
//! | loading | `load_begin` | `load_finish`, `load_abort`, an error |
//! | raw | `send_command` | `end_raw`, an error of the server |
//! | closed | `close`; an I/O, protocol or timeout error | never |
//!
//! A call whose future is dropped leaves the state at busy: an answer is still on its way, and
//! nobody knows how much of it was read. Busy between two calls is therefore as good as closed,
//! and [`Connection::is_broken`] says so. Nothing is sent to the server when a connection is
//! dropped; it notices the closed socket and rolls back.

use mysql_common::constants::{CapabilityFlags, Command};
use tokio::io::AsyncWriteExt;

use super::auth::{Authenticator, Policy, Step as AuthStep};
use super::error::{Error, Result, Step};
use super::frame::{Frame, Framer, PAYLOAD_MAX};
use super::handshake::{ServerGreeting, answer, answer_head, parse_greeting, session_capabilities};
use super::options::{ConnectOptions, TlsMode};
use super::rows::RowReader;
use super::tls;
use super::transport::{INBOUND_BYTES, Inbound, Transport};

/// How long the polite goodbye may take.
const CLOSE_TIMEOUT: std::time::Duration = std::time::Duration::from_millis(500);

/// What the connection is doing. The table at the head of this module tells who sets what.
#[derive(Debug)]
pub(super) enum State {
    Idle,
    Busy,
    Streaming(RowReader),
    Loading,
    Raw,
    Closed,
}

impl State {
    pub(super) fn name(&self) -> &'static str {
        match self {
            State::Idle => "idle",
            State::Busy => "in the middle of a call",
            State::Streaming(_) => "streaming rows",
            State::Loading => "loading rows",
            State::Raw => "exchanging raw packets",
            State::Closed => "closed",
        }
    }
}

/// A connection to a MySQL or MariaDB server.
///
/// One statement at a time: every call waits for its answer. No call is cancel-safe unless it
/// says so; dropping the future of one breaks the connection, which [`Connection::is_broken`]
/// then reports. The module documentation of `wire` shows the use.
#[derive(Debug)]
pub struct Connection {
    pub(super) transport: Transport,
    pub(super) inbound: Inbound,
    pub(super) outbound: Vec<u8>,
    pub(super) framer: Framer,
    pub(super) capabilities: CapabilityFlags,
    pub(super) state: State,
    pub(super) columns: Vec<super::Column>,
    pub(super) options: ConnectOptions,
    greeting: ServerGreeting,
    /// A payload that does not fit into `inbound`.
    pub(super) assembled: Vec<u8>,
}

impl Connection {
    /// Connects and authenticates.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Timeout`], the variants of TLS and authentication, and what
    /// the server reports, such as 1045 for a wrong password and 1049 for an unknown database.
    pub async fn connect(options: &ConnectOptions) -> Result<Self> {
        let limit = options.connect_timeout;
        match tokio::time::timeout(limit, Self::establish(options)).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout {
                step: Step::Connect,
                limit,
            }),
        }
    }

    async fn establish(options: &ConnectOptions) -> Result<Self> {
        let transport = Transport::connect(options).await?;
        let mut connection = Self::greet(transport, options).await?;
        if connection.wants_tls()? {
            connection = connection.encrypt().await?;
        }
        connection.authenticate().await?;
        connection.state = State::Idle;
        Ok(connection)
    }

    async fn greet(mut transport: Transport, options: &ConnectOptions) -> Result<Self> {
        let mut inbound = Inbound::new();
        let mut framer = Framer::new(PAYLOAD_MAX);
        let (greeting, left) = loop {
            let mut input = inbound.unread();
            match framer.next(&mut input, INBOUND_BYTES)? {
                Frame::Whole(payload) => break (parse_greeting(payload)?, input.len()),
                Frame::Piece(..) => return Err(Error::protocol("the greeting is too long")),
                Frame::Hungry => inbound.fill(&mut transport, None).await?,
            }
        };
        inbound.keep_last(left);
        Ok(Self {
            transport,
            inbound,
            outbound: Vec::new(),
            framer,
            capabilities: CapabilityFlags::empty(),
            state: State::Busy,
            columns: Vec::new(),
            options: options.clone(),
            greeting,
            assembled: Vec::new(),
        })
    }

    /// Decides about TLS, and with it about the capabilities.
    fn wants_tls(&mut self) -> Result<bool> {
        let offered = self
            .greeting
            .capabilities
            .contains(CapabilityFlags::CLIENT_SSL);
        let wanted = match (self.options.tls.mode, &self.transport) {
            (TlsMode::Disabled, _) | (_, Transport::Unix(_) | Transport::Tls(_)) => false,
            (TlsMode::Preferred, _) => offered,
            _ if offered => true,
            _ => return Err(Error::TlsNotOffered),
        };
        self.capabilities = session_capabilities(&self.greeting, &self.options, wanted);
        Ok(wanted)
    }

    async fn encrypt(mut self) -> Result<Self> {
        // Bytes after the greeting were sent before the encryption by whoever could; taking them
        // for the server's answer is the STARTTLS injection.
        if !self.inbound.unread().is_empty() {
            return Err(Error::protocol("the server sent data before TLS began"));
        }
        self.send_payload(&answer_head(self.capabilities)).await?;
        let Transport::Tcp(stream) = self.transport else {
            return Err(Error::protocol("TLS is for TCP connections"));
        };
        let (stream, session) = tls::encrypt(stream, &self.options).await?;
        self.transport = Transport::Tls(Box::new(stream));
        self.greeting.tls = Some(session);
        Ok(self)
    }

    async fn authenticate(&mut self) -> Result<()> {
        let password = self.options.password.clone();
        let policy = Policy {
            secure: self.transport.is_secure(),
            cleartext: self.options.cleartext_password,
        };
        let (mut machine, plugin, data) = Authenticator::begin(
            &password,
            policy,
            &self.greeting.auth_plugin,
            &self.greeting.nonce,
        )?;
        let response = answer(self.capabilities, &self.options, plugin, &data)?;
        self.send_payload(&response).await?;
        loop {
            match machine.step(self.receive_payload().await?)? {
                AuthStep::Send(data) => self.send_payload(&data).await?,
                AuthStep::Wait => {}
                AuthStep::Done => return Ok(()),
            }
        }
    }

    /// What the server said about itself.
    pub fn server(&self) -> &ServerGreeting {
        &self.greeting
    }

    /// Whether the connection can no longer be used: it was closed, an error broke it, or the
    /// future of a call was dropped half-way.
    pub fn is_broken(&self) -> bool {
        matches!(self.state, State::Closed | State::Busy)
    }

    /// Changes the limit of waiting for the next bytes of an answer, from the next call on.
    pub fn set_read_timeout(&mut self, limit: Option<std::time::Duration>) {
        self.options.read_timeout = limit;
    }

    /// Asks whether the server is there.
    ///
    /// # Errors
    /// Of I/O when it is not.
    pub async fn ping(&mut self) -> Result<()> {
        self.command(Command::COM_PING as u8, &[]).await.map(|_| ())
    }

    /// Changes the default database; the name is taken as it is, without quoting.
    ///
    /// # Errors
    /// 1049 when there is none of this name, 1044 when the account may not use it.
    pub async fn select_database(&mut self, name: &str) -> Result<()> {
        self.command(Command::COM_INIT_DB as u8, name.as_bytes())
            .await
            .map(|_| ())
    }

    /// Returns the session to its state after connecting: rolls back, drops temporary tables and
    /// locks, resets variables. The default database stays, and `NAMES` goes back to the
    /// server's own default, so it is set again here.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn reset(&mut self) -> Result<()> {
        self.command(Command::COM_RESET_CONNECTION as u8, &[])
            .await?;
        self.execute("SET NAMES utf8mb4").await.map(|_| ())
    }

    /// Says goodbye and closes. Waits no longer than half a second, and an error does not matter.
    pub async fn close(mut self) {
        let idle = matches!(self.state, State::Idle);
        self.state = State::Closed;
        let farewell = async {
            if idle {
                self.write_command(Command::COM_QUIT as u8, &[]).await?;
            }
            self.transport.shutdown().await.map_err(Error::io)
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
    }
}
