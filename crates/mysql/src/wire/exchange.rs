//! Sending commands and receiving payloads: what every call on a connection is made of.

use std::time::Duration;

use mysql_common::constants::StatusFlags;

use super::connection::{Connection, State};
use super::error::{Error, Result};
use super::frame::{Frame, HEADER_BYTES, PAYLOAD_MAX, append_packets, header};
use super::packet::{Answer, ERR, Outcome, parse_answer, parse_error};
use super::transport::INBOUND_BYTES;

/// The most bytes of one payload that are assembled in memory. A binlog event may have 1 GiB, to
/// which its header and the status byte are added.
const ASSEMBLED_BYTES_MAX: usize = (1 << 30) + (1 << 20);

/// How long a broken connection is read for the reason. It is there already, or never comes.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(100);

/// Buffers larger than this are given back after use.
const BUFFER_BYTES_KEPT: usize = 1 << 20;

/// Where a received payload lies, until the next one is received.
#[derive(Debug, Clone, Copy)]
pub(super) enum Received {
    /// In the read buffer, just before the unread bytes.
    Buffered(usize),
    /// In the assembly buffer.
    Assembled,
}

impl Connection {
    /// Begins a call on an idle connection.
    pub(super) fn enter(&mut self) -> Result<()> {
        match &self.state {
            State::Idle => {
                self.state = State::Busy;
                Ok(())
            }
            _ => Err(self.misused()),
        }
    }

    /// The error of a call that the state does not allow.
    pub(super) fn misused(&self) -> Error {
        match &self.state {
            State::Busy | State::Closed => Error::Closed,
            other => Error::Busy {
                state: other.name(),
            },
        }
    }

    /// Ends a call: sets the state that its result leads to.
    pub(super) fn leave<T>(&mut self, result: Result<T>, next: State) -> Result<T> {
        self.state = match &result {
            Ok(_) => next,
            Err(error) if error.leaves_connection_usable() => State::Idle,
            Err(_) => State::Closed,
        };
        result
    }

    /// Sends a command and reads the first packet of its answer.
    pub(super) async fn exchange(&mut self, command: u8, body: &[u8]) -> Result<Answer> {
        self.write_command(command, body).await?;
        self.receive_answer().await
    }

    pub(super) async fn receive_answer(&mut self) -> Result<Answer> {
        parse_answer(self.receive_payload().await?)
    }

    /// Sends a command, with which sequence numbers start anew.
    pub(super) async fn write_command(&mut self, command: u8, body: &[u8]) -> Result<()> {
        let length = body.len() + 1;
        self.outbound.clear();
        if length < PAYLOAD_MAX {
            self.outbound.reserve_exact(HEADER_BYTES + length);
            self.outbound.extend_from_slice(&header(length, 0));
            self.outbound.push(command);
            self.outbound.extend_from_slice(body);
            self.framer.sequence = 1;
        } else {
            let payload = [&[command][..], body].concat();
            self.framer.sequence = append_packets(&mut self.outbound, &payload, 0);
        }
        self.write_outbound().await
    }

    /// Sends a payload that continues an exchange.
    pub(super) async fn send_payload(&mut self, payload: &[u8]) -> Result<()> {
        self.outbound.clear();
        self.framer.sequence = append_packets(&mut self.outbound, payload, self.framer.sequence);
        self.write_outbound().await
    }

    async fn write_outbound(&mut self) -> Result<()> {
        let limit = self.options.write_timeout;
        let written = self.transport.write_all(&self.outbound, limit).await;
        self.outbound.clear();
        self.outbound.shrink_to(BUFFER_BYTES_KEPT);
        match written {
            Ok(()) => Ok(()),
            Err(error) => Err(self.last_words(error).await),
        }
    }

    /// The reason why a write failed. A server that will not take what is sent, because it is
    /// larger than `max_allowed_packet` or the session was ended, writes an error and closes; the
    /// write then fails while the error waits to be read.
    pub(super) async fn last_words(&mut self, error: Error) -> Error {
        if !matches!(error, Error::Io(_) | Error::Disconnected) {
            return error;
        }
        let limit = Some(LAST_WORDS_TIMEOUT);
        let _ = self.inbound.fill(&mut self.transport, limit).await;
        match self
            .take_received()
            .map(|received| received.map(|at| self.received(at)))
        {
            Ok(Some(payload)) if payload.first() == Some(&ERR) => parse_error(payload),
            _ => error,
        }
    }

    /// Receives the next payload.
    pub(super) async fn receive_payload(&mut self) -> Result<&[u8]> {
        let received = self.receive().await?;
        Ok(self.received(received))
    }

    /// Receives the next payload. Cancel-safe: what has arrived of it is kept.
    pub(super) async fn receive(&mut self) -> Result<Received> {
        loop {
            if let Some(received) = self.take_received()? {
                return Ok(received);
            }
            self.inbound
                .fill(&mut self.transport, self.options.read_timeout)
                .await?;
        }
    }

    /// The payload that [`Connection::receive`] received last.
    pub(super) fn received(&self, received: Received) -> &[u8] {
        match received {
            Received::Buffered(length) => self.inbound.last_consumed(length),
            Received::Assembled => &self.assembled,
        }
    }

    /// Takes a payload from the bytes that have arrived, if they hold all of it.
    pub(super) fn take_received(&mut self) -> Result<Option<Received>> {
        if !self.framer.is_in_pieces() {
            self.assembled.clear();
            self.assembled.shrink_to(BUFFER_BYTES_KEPT);
        }
        let mut input = self.inbound.unread();
        loop {
            let received = match self.framer.next(&mut input, INBOUND_BYTES)? {
                Frame::Whole(payload) => Some(Received::Buffered(payload.len())),
                Frame::Piece(piece, last) => {
                    append_bounded(&mut self.assembled, piece)?;
                    if !last {
                        continue;
                    }
                    Some(Received::Assembled)
                }
                Frame::Hungry => None,
            };
            let left = input.len();
            self.inbound.keep_last(left);
            return Ok(received);
        }
    }

    /// Whether the server announced another result after this one.
    pub(super) fn more_results(outcome: &Outcome) -> bool {
        outcome
            .status
            .contains(StatusFlags::SERVER_MORE_RESULTS_EXISTS)
    }
}

fn append_bounded(assembled: &mut Vec<u8>, piece: &[u8]) -> Result<()> {
    if assembled.len() + piece.len() > ASSEMBLED_BYTES_MAX {
        return Err(Error::RowTooLarge {
            bytes_max: ASSEMBLED_BYTES_MAX,
        });
    }
    assembled.extend_from_slice(piece);
    Ok(())
}
