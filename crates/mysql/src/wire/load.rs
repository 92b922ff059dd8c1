//! Loading rows from memory with `LOAD DATA LOCAL INFILE`.
//!
//! 1. [`Connection::load_begin`] sends the statement; the server answers with a request for the
//!    file. The name in the request is ignored: what is sent is what the caller writes, and no
//!    file of this machine is ever opened. Any other call that meets such a request refuses it.
//! 2. The caller encodes rows straight into [`Connection::load_buffer`], whose first bytes are
//!    kept for the packet's header, and calls [`Connection::load_flush`] when it is long enough;
//!    or it hands finished bytes to [`Connection::load_write`].
//! 3. [`Connection::load_finish`] sends the rest and the empty packet that ends the file, and
//!    reads what became of it.
//!
//! # Giving up
//!
//! The protocol has no way to take a load back: an empty packet means that the file is complete,
//! and the server keeps the rows so far. Servers treat even a lost connection as the end of the
//! file in some versions. So a load belongs inside a transaction, which a lost connection rolls
//! back, and [`Connection::load_abort`] closes the connection. Sending the end and rolling back
//! would make the server parse a row cut in half first.
//!
//! # Warnings are errors
//!
//! `LOCAL` makes servers behave as with `IGNORE`, whatever `sql_mode` says: a row with a duplicate
//! key is skipped, a value that does not fit is bent, and only a warning tells. The caller must
//! treat [`Outcome::warnings`] as a failure, or read them, before it commits.
//!
//! # Errors in the middle
//!
//! A server that fails half-way (a full disk, a trigger) usually reads and drops the rest before
//! it says so. One that is being stopped says so at once; each flush looks whether
//! something has arrived, without waiting.

use mysql_common::constants::Command;

use super::connection::{Connection, State};
use super::error::{Error, Result};
use super::frame::{HEADER_BYTES, header};
use super::packet::{Answer, ERR, Outcome, parse_error};

/// Size of a packet of data, and of the buffer that the server reads it into. 64 to 512 KiB
/// measured alike.
pub const LOAD_PACKET_BYTES: usize = 256 * 1024;

/// The largest packet of data that is sent when the caller let the buffer grow: servers may be set
/// to accept no more (`max_allowed_packet` of older versions).
const LOAD_PACKET_BYTES_MAX: usize = 1 << 20;

impl Connection {
    /// Sends a `LOAD DATA LOCAL INFILE` statement and waits until the server asks for the data.
    /// Call it inside a transaction, as the module documentation explains.
    ///
    /// # Errors
    /// What the server reports: 1148, 3948 or 4166 when `local_infile` is off there.
    pub async fn load_begin(&mut self, sql: &str) -> Result<()> {
        self.enter()?;
        let result = match self
            .exchange(Command::COM_QUERY as u8, sql.as_bytes())
            .await
        {
            Ok(Answer::LocalInfile) => Ok(()),
            Ok(_) => Err(Error::protocol(
                "a load was not answered with a request for the data",
            )),
            Err(error) => Err(error),
        };
        let result = self.leave(result, State::Loading);
        if result.is_ok() {
            self.start_load_buffer();
        }
        result
    }

    /// The buffer that goes to the server with the next [`Connection::load_flush`]. Append to it,
    /// and leave what is there. Outside of a load it is an unused buffer.
    pub fn load_buffer(&mut self) -> &mut Vec<u8> {
        &mut self.outbound
    }

    /// Whether [`Connection::load_buffer`] is long enough to be flushed.
    pub fn load_buffer_is_full(&self) -> bool {
        self.outbound.len() >= LOAD_PACKET_BYTES
    }

    /// Appends bytes, and flushes whenever the buffer is full.
    ///
    /// # Errors
    /// As [`Connection::load_flush`].
    pub async fn load_write(&mut self, bytes: &[u8]) -> Result<()> {
        self.check_loading()?;
        for part in bytes.chunks(LOAD_PACKET_BYTES) {
            self.outbound.extend_from_slice(part);
            if self.load_buffer_is_full() {
                self.load_flush().await?;
            }
        }
        Ok(())
    }

    /// Sends what is in the buffer.
    ///
    /// # Errors
    /// What the server reported meanwhile, or those of the connection. The connection is then
    /// closed, since it cannot be known how much of the data the server will still read.
    pub async fn load_flush(&mut self) -> Result<()> {
        self.check_loading()?;
        self.state = State::Busy;
        let result = self.send_load_buffer().await;
        self.state = if result.is_ok() {
            State::Loading
        } else {
            State::Closed
        };
        result
    }

    /// Sends the rest and the end of the data, and waits for what became of it.
    ///
    /// # Errors
    /// What the server reports. The connection stays usable then, and whether the rows before the
    /// error stay is up to the transaction.
    pub async fn load_finish(&mut self) -> Result<Outcome> {
        self.load_flush().await?;
        self.state = State::Busy;
        let result = self.end_load().await;
        self.leave(result, State::Idle)
    }

    /// Gives the load up by closing the connection, so that the server rolls the transaction
    /// back.
    pub fn load_abort(&mut self) {
        self.state = State::Closed;
        self.outbound = Vec::new();
        self.transport.abandon();
    }

    fn check_loading(&self) -> Result<()> {
        match self.state {
            State::Loading => Ok(()),
            _ => Err(self.misused()),
        }
    }

    fn start_load_buffer(&mut self) {
        self.outbound.clear();
        self.outbound.extend_from_slice(&[0; HEADER_BYTES]);
    }

    async fn send_load_buffer(&mut self) -> Result<()> {
        self.check_no_answer()?;
        if self.outbound.len() > HEADER_BYTES {
            let sent = self.send_load_packets().await;
            if let Err(error) = sent {
                return Err(self.last_words(error).await);
            }
        }
        self.start_load_buffer();
        Ok(())
    }

    /// Sends the buffer as packets. The header of each is written over bytes that precede its
    /// data: those kept for it, or, after the first packet, the end of the one already sent.
    async fn send_load_packets(&mut self) -> Result<()> {
        let mut start = 0;
        while start + HEADER_BYTES < self.outbound.len() {
            let end = self
                .outbound
                .len()
                .min(start + HEADER_BYTES + LOAD_PACKET_BYTES_MAX);
            let packet = &mut self.outbound[start..end];
            let head = header(packet.len() - HEADER_BYTES, self.framer.sequence);
            packet[..HEADER_BYTES].copy_from_slice(&head);
            self.framer.sequence = self.framer.sequence.wrapping_add(1);
            self.transport
                .write_all(packet, self.options.write_timeout)
                .await?;
            start = end - HEADER_BYTES;
        }
        Ok(())
    }

    /// Looks whether the server spoke before the data ended, which can only be an error.
    fn check_no_answer(&mut self) -> Result<()> {
        self.inbound.fill_now(&mut self.transport)?;
        let Some(received) = self.take_received()? else {
            return Ok(());
        };
        match self.received(received) {
            payload if payload.first() == Some(&ERR) => Err(parse_error(payload)),
            _ => Err(Error::protocol("the server answered a load before its end")),
        }
    }

    async fn end_load(&mut self) -> Result<Outcome> {
        self.send_payload(&[]).await?;
        match self.receive_answer().await? {
            Answer::Done(outcome) => self.drain_results(outcome).await,
            _ => Err(Error::protocol(
                "a load was answered with neither OK nor an error",
            )),
        }
    }
}
