//! Commands as they are, for what has no call of its own.
//!
//! [`Connection::command`] is for commands that answer with OK, such as `COM_REGISTER_SLAVE`.
//! [`Connection::send_command`] and [`Connection::read_packet`] are for those that answer with a
//! run of packets that only the caller understands, such as `COM_BINLOG_DUMP`.

use super::connection::{Connection, State};
use super::error::{Error, Result};
use super::exchange::Received;
use super::packet::{Answer, ERR, Outcome, parse_error};

impl Connection {
    /// Sends a command whose answer is OK or an error.
    ///
    /// # Errors
    /// What the server reports, and those of the connection.
    pub async fn command(&mut self, command: u8, body: &[u8]) -> Result<Outcome> {
        self.enter()?;
        let result = match self.exchange(command, body).await {
            Ok(Answer::Done(outcome)) => Ok(outcome),
            Ok(_) => Err(Error::protocol("a command was answered with rows")),
            Err(error) => Err(error),
        };
        self.leave(result, State::Idle)
    }

    /// Sends a command whose answer the caller reads with [`Connection::read_packet`].
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn send_command(&mut self, command: u8, body: &[u8]) -> Result<()> {
        self.enter()?;
        let result = self.write_command(command, body).await;
        self.leave(result, State::Raw)
    }

    /// Reads a packet of the answer to [`Connection::send_command`]; payloads of several packets
    /// come as one, of up to 1 GiB. Cancel-safe.
    ///
    /// # Errors
    /// What the server reports in an ERR packet, which ends the exchange, and those of the
    /// connection.
    pub async fn read_packet(&mut self) -> Result<&[u8]> {
        if !matches!(self.state, State::Raw) {
            return Err(self.misused());
        }
        match self.receive_no_error().await {
            Ok(received) => Ok(self.received(received)),
            Err(error) => self.leave(Err(error), State::Raw),
        }
    }

    async fn receive_no_error(&mut self) -> Result<Received> {
        let received = self.receive().await?;
        let payload = self.received(received);
        if payload.first() == Some(&ERR) {
            return Err(parse_error(payload));
        }
        Ok(received)
    }

    /// Says that the answer to [`Connection::send_command`] has been read to its end, which only
    /// the caller knows.
    ///
    /// # Errors
    /// [`Error::Busy`] when there is no such exchange.
    pub fn end_raw(&mut self) -> Result<()> {
        if !matches!(self.state, State::Raw) {
            return Err(self.misused());
        }
        self.state = State::Idle;
        Ok(())
    }
}
