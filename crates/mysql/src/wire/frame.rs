//! Packets out of a byte stream.
//!
//! The protocol cuts everything into packets: three bytes of length, one of sequence number, the
//! payload. A payload of 16 MiB − 1 or more spans several packets, the last of which is shorter
//! (possibly empty). [`Framer`] finds them in whatever bytes have arrived and does no I/O: it is
//! given the unread bytes, hands out slices of them, and advances.
//!
//! A payload that lies in the buffer as a whole comes as one [`Frame::Whole`], which is the fast
//! path of everything. A payload that cannot fit comes as a run of [`Frame::Piece`]s, so that no
//! buffer ever has to be as large as a row.

use super::error::{Error, Result};

/// Bytes of a packet's header.
pub(super) const HEADER_BYTES: usize = 4;

/// The largest payload of one packet, and the mark that another one continues it.
pub(super) const PAYLOAD_MAX: usize = 0xFF_FFFF;

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// A complete payload.
    Whole(&'a [u8]),
    /// A part of a payload, and whether it is the last.
    Piece(&'a [u8], bool),
    /// Nothing can be said before more bytes arrive.
    Hungry,
}

/// Where the stream stands between and inside of packets.
#[derive(Debug)]
pub(super) struct Framer {
    payload_max: usize,
    /// The sequence number of the next packet in either direction.
    pub(super) sequence: u8,
    /// Whether a payload is being handed out in pieces.
    in_pieces: bool,
    /// Bytes of the current packet not handed out yet.
    left: usize,
    /// Whether the current packet is continued by another one.
    continued: bool,
}

impl Framer {
    /// A framer at the start of a stream. `payload_max` is [`PAYLOAD_MAX`] except in tests.
    pub(super) fn new(payload_max: usize) -> Self {
        Self {
            payload_max,
            sequence: 0,
            in_pieces: false,
            left: 0,
            continued: false,
        }
    }

    /// Whether the last frame was a piece that more follow.
    pub(super) fn is_in_pieces(&self) -> bool {
        self.in_pieces
    }

    /// Takes the next frame from `input`. Payloads that do not fit into `window` bytes with their
    /// header come in pieces; `window` is the most that `input` can ever hold.
    #[inline]
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8], window: usize) -> Result<Frame<'a>> {
        if self.in_pieces {
            return self.next_piece(input);
        }
        let Some((header, rest)) = input.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(Frame::Hungry);
        };
        let length = payload_length(*header);
        if length < self.payload_max && length + HEADER_BYTES <= window {
            if rest.len() < length {
                return Ok(Frame::Hungry);
            }
            let (payload, rest) = rest.split_at(length);
            self.count(header[3], payload.first())?;
            *input = rest;
            return Ok(Frame::Whole(payload));
        }
        self.begin_packet(*header, rest.first())?;
        *input = rest;
        self.in_pieces = true;
        self.next_piece(input)
    }

    #[cold]
    fn next_piece<'a>(&mut self, input: &mut &'a [u8]) -> Result<Frame<'a>> {
        if self.left == 0 && self.continued {
            let Some((header, rest)) = input.split_first_chunk::<HEADER_BYTES>() else {
                return Ok(Frame::Hungry);
            };
            self.begin_packet(*header, None)?;
            *input = rest;
        }
        if input.is_empty() && self.left > 0 {
            return Ok(Frame::Hungry);
        }
        let (piece, rest) = input.split_at(self.left.min(input.len()));
        *input = rest;
        self.left -= piece.len();
        self.in_pieces = self.left > 0 || self.continued;
        Ok(Frame::Piece(piece, !self.in_pieces))
    }

    fn begin_packet(&mut self, header: [u8; HEADER_BYTES], first: Option<&u8>) -> Result<()> {
        self.count(header[3], first)?;
        self.left = payload_length(header);
        self.continued = self.left == self.payload_max;
        if self.left > self.payload_max {
            return Err(Error::protocol("a packet is longer than packets can be"));
        }
        Ok(())
    }

    /// Checks and advances the sequence number, which shows lost or doubled packets.
    ///
    /// An ERR packet may come with another number: a server that ends an idle session (by
    /// shutdown, KILL or timeout) writes one before it closes, and we read that as the answer to
    /// the next command.
    #[inline]
    fn count(&mut self, sequence: u8, first: Option<&u8>) -> Result<()> {
        if sequence != self.sequence && first != Some(&0xFF) {
            return Err(Error::protocol("a packet is out of order"));
        }
        self.sequence = sequence.wrapping_add(1);
        Ok(())
    }
}

#[inline]
fn payload_length(header: [u8; HEADER_BYTES]) -> usize {
    u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize
}

/// Appends `payload` to `out` as packets, starting with sequence number `sequence`; returns the
/// number after the last.
pub(super) fn append_packets(out: &mut Vec<u8>, payload: &[u8], mut sequence: u8) -> u8 {
    let mut rest = payload;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(PAYLOAD_MAX));
        out.extend_from_slice(&header(piece.len(), sequence));
        out.extend_from_slice(piece);
        sequence = sequence.wrapping_add(1);
        if piece.len() < PAYLOAD_MAX {
            return sequence;
        }
        rest = after;
    }
}

/// The header of a packet.
///
/// # Panics
/// When `length` exceeds [`PAYLOAD_MAX`], which callers split by.
pub(super) fn header(length: usize, sequence: u8) -> [u8; HEADER_BYTES] {
    assert!(
        length <= PAYLOAD_MAX,
        "a packet of {length} bytes was not split"
    );
    let [low, middle, high, ..] = length.to_le_bytes();
    [low, middle, high, sequence]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(payload_max: usize, window: usize, bytes: &[u8]) -> Result<Vec<(Vec<u8>, bool)>> {
        let mut framer = Framer::new(payload_max);
        let mut input = bytes;
        let mut found = Vec::new();
        loop {
            match framer.next(&mut input, window)? {
                Frame::Whole(payload) => found.push((payload.to_vec(), true)),
                Frame::Piece(piece, last) => found.push((piece.to_vec(), last)),
                Frame::Hungry => return Ok(found),
            }
        }
    }

    #[test]
    fn small_packets_come_whole() {
        let mut bytes = Vec::new();
        let sequence = append_packets(&mut bytes, b"abc", 0);
        append_packets(&mut bytes, b"", sequence);
        assert_eq!(
            frames(PAYLOAD_MAX, 64, &bytes).unwrap(),
            [(b"abc".to_vec(), true), (Vec::new(), true)]
        );
    }

    #[test]
    fn a_payload_of_exactly_the_maximum_is_ended_by_an_empty_packet() {
        let bytes = [3, 0, 0, 0, b'a', b'b', b'c', 0, 0, 0, 1];
        assert_eq!(
            frames(3, 64, &bytes).unwrap(),
            [(b"abc".to_vec(), false), (Vec::new(), true)]
        );
    }

    #[test]
    fn a_gap_in_the_sequence_is_an_error() {
        let error = frames(PAYLOAD_MAX, 64, &[1, 0, 0, 1, 7]).unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }));
    }

    #[test]
    fn an_error_packet_may_break_the_sequence() {
        assert!(frames(PAYLOAD_MAX, 64, &[1, 0, 0, 9, 0xFF]).is_ok());
    }

    #[test]
    fn an_incomplete_packet_waits() {
        assert!(
            frames(PAYLOAD_MAX, 64, &[3, 0, 0, 0, 1, 2])
                .unwrap()
                .is_empty()
        );
        assert!(frames(PAYLOAD_MAX, 64, &[3, 0]).unwrap().is_empty());
    }

    #[test]
    fn a_long_payload_is_split_when_sent() {
        let mut bytes = Vec::new();
        let sequence = append_packets(&mut bytes, &vec![7; PAYLOAD_MAX], 250);
        assert_eq!(sequence, 252);
        assert_eq!(bytes.len(), PAYLOAD_MAX + 2 * HEADER_BYTES);
        assert_eq!(bytes[bytes.len() - 4..], [0, 0, 0, 251]);
    }
}
