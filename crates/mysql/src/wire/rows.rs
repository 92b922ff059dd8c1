//! Text rows, straight from the read buffer into a batch.
//!
//! A row is one payload: for each column a length and its bytes, or the byte `0xFB` for NULL.
//! [`RowReader`] is the inner loop of every full load. It is synchronous and knows no socket: it
//! is given the bytes that have arrived, appends the rows in them to a [`RowBatch`], and says how
//! far it got. A row costs no allocation of its own.
//!
//! * Fast path: the whole payload lies in the buffer, and [`append_row`] copies its cells.
//! * Slow path: the payload is larger than the buffer. [`PartialRow`] takes it piece by piece and
//!   makes exact room in the batch for each large cell, so a value of 64 MiB exists once, in the
//!   batch, and the read buffer stays small.
//!
//! After an error the last row in the batch may be incomplete; such a batch must be thrown away.

use dbferry_core::RowBatch;
use dbferry_core::row::BATCH_BYTES_MAX;
use mysql_common::constants::CapabilityFlags;

use super::error::{Error, Result};
use super::frame::{Frame, Framer};
use super::packet::{EOF, ERR, Outcome, Reader, parse_end, parse_error};

const NULL_CELL: u8 = 0xFB;

/// The largest length that is written as the byte itself.
const SHORT_CELL_MAX: u8 = 0xFA;

/// Without `CLIENT_DEPRECATE_EOF`, a packet of this many bytes or more that begins with 0xFE is a
/// row.
const OLD_EOF_BYTES_MAX: usize = 9;

/// Spare room beside a large cell, so that the small ones after it do not make the buffer grow.
const SPARE_BYTES: usize = 64 << 10;

/// When to stop appending to a batch. Checked after each row, so the last one may exceed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Bytes of cells in the batch.
    pub bytes: usize,
    /// Rows in the batch.
    pub rows: usize,
}

/// Why [`RowReader::append`] stopped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It needs more bytes.
    Hungry,
    /// The batch has reached its limits.
    Full,
    /// The rows have ended.
    Ended(Outcome),
}

/// Reads the rows of one result.
#[derive(Debug)]
pub(super) struct RowReader {
    columns: usize,
    capabilities: CapabilityFlags,
    partial: Option<PartialRow>,
}

impl RowReader {
    pub(super) fn new(columns: usize, capabilities: CapabilityFlags) -> Self {
        Self {
            columns,
            capabilities,
            partial: None,
        }
    }

    /// Appends rows from `input` to `batch`, and takes them from `input`.
    pub(super) fn append(
        &mut self,
        framer: &mut Framer,
        input: &mut &[u8],
        window: usize,
        batch: &mut RowBatch,
        limits: BatchLimits,
    ) -> Result<Progress> {
        let mut rows = batch.rows();
        loop {
            match framer.next(input, window)? {
                Frame::Whole(payload) if self.ends(payload) => {
                    return parse_end(payload, self.capabilities).map(Progress::Ended);
                }
                Frame::Whole(payload) => append_row(payload, self.columns, batch)?,
                Frame::Piece(piece, last) => {
                    if !self.append_piece(piece, last, batch)? {
                        continue;
                    }
                }
                Frame::Hungry => return Ok(Progress::Hungry),
            }
            rows += 1;
            if rows >= limits.rows || batch.byte_len() >= limits.bytes {
                return Ok(Progress::Full);
            }
        }
    }

    /// Whether the payload ends the rows. A row of one huge cell begins with 0xFE too, but such a
    /// payload is at least as long as a packet can be, and comes in pieces.
    #[inline]
    fn ends(&self, payload: &[u8]) -> bool {
        payload.first() == Some(&EOF)
            && (payload.len() < OLD_EOF_BYTES_MAX
                || self
                    .capabilities
                    .contains(CapabilityFlags::CLIENT_DEPRECATE_EOF))
    }

    fn append_piece(&mut self, piece: &[u8], last: bool, batch: &mut RowBatch) -> Result<bool> {
        let partial = self
            .partial
            .get_or_insert_with(|| PartialRow::new(self.columns));
        partial.append(piece, batch)?;
        if last {
            partial.check_complete()?;
            self.partial = None;
        }
        Ok(last)
    }
}

/// Appends a row that lies in memory as a whole.
#[inline]
fn append_row(payload: &[u8], columns: usize, batch: &mut RowBatch) -> Result<()> {
    let mut rest = payload;
    for column in 0..columns {
        let Some((&first, after)) = rest.split_first() else {
            return Err(SHORT_ROW);
        };
        rest = match first {
            0..=SHORT_CELL_MAX => append_cell(after, usize::from(first), batch)?,
            NULL_CELL => {
                batch.push_null().map_err(|_| TOO_LARGE)?;
                after
            }
            ERR if column == 0 => return Err(parse_error(payload)),
            _ => append_long_cell(rest, batch)?,
        };
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(LONG_ROW)
    }
}

#[inline]
fn append_cell<'a>(bytes: &'a [u8], length: usize, batch: &mut RowBatch) -> Result<&'a [u8]> {
    // Not `ok_or`: it makes the error first and drops it for every cell, a measured 5%.
    let Some((cell, rest)) = bytes.split_at_checked(length) else {
        return Err(SHORT_ROW);
    };
    batch.push(cell).map_err(|_| TOO_LARGE)?;
    Ok(rest)
}

fn append_long_cell<'a>(bytes: &'a [u8], batch: &mut RowBatch) -> Result<&'a [u8]> {
    let mut reader = Reader(bytes);
    let cell = reader.bytes()?;
    batch.push(cell).map_err(|_| TOO_LARGE)?;
    Ok(reader.0)
}

const SHORT_ROW: Error = Error::Protocol {
    what: "a row has fewer cells than columns",
};
const LONG_ROW: Error = Error::Protocol {
    what: "a row has more cells than columns",
};
const TOO_LARGE: Error = Error::RowTooLarge {
    bytes_max: BATCH_BYTES_MAX,
};

/// A row whose payload is arriving in pieces, cut anywhere.
#[derive(Debug)]
struct PartialRow {
    /// Cells not begun yet.
    cells_left: usize,
    /// The bytes of a length that has not arrived completely.
    length: [u8; 9],
    length_bytes: usize,
    /// Bytes that the open cell still lacks.
    open: Option<usize>,
}

impl PartialRow {
    fn new(columns: usize) -> Self {
        Self {
            cells_left: columns,
            length: [0; 9],
            length_bytes: 0,
            open: None,
        }
    }

    fn append(&mut self, piece: &[u8], batch: &mut RowBatch) -> Result<()> {
        let mut rest = piece;
        while !rest.is_empty() || self.open == Some(0) {
            rest = match self.open {
                Some(left) => self.append_open(left, rest, batch)?,
                None => self.append_length(rest, batch)?,
            };
        }
        Ok(())
    }

    fn append_open<'a>(
        &mut self,
        left: usize,
        bytes: &'a [u8],
        batch: &mut RowBatch,
    ) -> Result<&'a [u8]> {
        let (part, rest) = bytes.split_at(left.min(bytes.len()));
        batch.open_cell().extend_from_slice(part);
        self.open = Some(left - part.len());
        if self.open == Some(0) {
            batch.end_cell().map_err(|_| TOO_LARGE)?;
            self.open = None;
        }
        Ok(rest)
    }

    /// Takes one byte of a length; when that was the last, opens the cell.
    fn append_length<'a>(&mut self, bytes: &'a [u8], batch: &mut RowBatch) -> Result<&'a [u8]> {
        let Some((&byte, rest)) = bytes.split_first() else {
            return Ok(bytes);
        };
        if self.cells_left == 0 {
            return Err(LONG_ROW);
        }
        self.length[self.length_bytes] = byte;
        self.length_bytes += 1;
        if self.length_bytes == length_size(self.length[0]) {
            self.open_next(batch)?;
        }
        Ok(rest)
    }

    fn open_next(&mut self, batch: &mut RowBatch) -> Result<()> {
        let taken = std::mem::take(&mut self.length_bytes);
        self.cells_left -= 1;
        if self.length[0] == NULL_CELL {
            return batch.push_null().map_err(|_| TOO_LARGE);
        }
        let length = Reader(&self.length[..taken]).integer()?;
        let length = usize::try_from(length).map_err(|_| TOO_LARGE)?;
        if length > BATCH_BYTES_MAX - batch.byte_len() {
            return Err(TOO_LARGE);
        }
        make_room(batch, length);
        self.open = Some(length);
        Ok(())
    }

    fn check_complete(&self) -> Result<()> {
        if self.cells_left > 0 || self.open.is_some() || self.length_bytes > 0 {
            return Err(SHORT_ROW);
        }
        Ok(())
    }
}

/// Makes room for a cell of a row that is larger than the read buffer. A vector would double,
/// which for a value of 1 GiB and a small one after it means 2 GiB; this grows by an eighth.
fn make_room(batch: &mut RowBatch, length: usize) {
    let bytes = batch.open_cell();
    if bytes.capacity() - bytes.len() < length {
        let spare = SPARE_BYTES.max((bytes.len() / 8).saturating_sub(length));
        bytes.reserve_exact(length + spare);
    }
}

/// How many bytes a length has that begins with `first`.
fn length_size(first: u8) -> usize {
    match first {
        0xFC => 3,
        0xFD => 4,
        0xFE => 9,
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
