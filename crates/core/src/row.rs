//! Rows in transit: one buffer of cells, one vector of ends.
//!
//! A [`RowBatch`] is what passes from a reader to a loader in one call. It belongs to one table
//! and holds the cells of its rows one after the other. A cell is the text of its value, or its
//! raw bytes for binary types; which text is decided by the [`CellForm`] that both ends agreed on
//! before the first row was read.
//!
//! Allocations grow with batches, never with rows: an emptied batch goes back to its reader and
//! keeps its buffers.

use crate::error::{Code, Error};

/// The most bytes of cells that one batch may hold.
///
/// Ends are kept in 31 bits; the top bit marks NULL. The largest single value of the supported
/// databases is 1 GiB, so only a row of several such values can exceed this.
pub const BATCH_BYTES_MAX: usize = (1 << 31) - 1;

const NULL_MARK: u32 = 1 << 31;

/// How the value of a column is written in its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CellForm {
    /// The canonical text that [`crate::data_type::DataType`] defines: UTF-8, the same for every
    /// database.
    Canonical,
    /// The text of the source's own family, taken over by a target of that family without a look:
    /// character data in the column's own character set, numbers as the server prints them
    /// without loss. Only valid when both ends name the same family and the column keeps its
    /// type and character set.
    Native,
}

/// A run of rows of one table, row after row.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RowBatch {
    columns: usize,
    bytes: Vec<u8>,
    /// End of each cell in `bytes`, with [`NULL_MARK`] for NULL.
    ends: Vec<u32>,
}

impl RowBatch {
    /// Makes an empty batch of rows with `columns` cells each.
    pub fn new(columns: usize) -> Self {
        Self {
            columns,
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Empties the batch for rows of `columns` cells, and keeps its buffers.
    pub fn reset(&mut self, columns: usize) {
        self.columns = columns;
        self.bytes.clear();
        self.ends.clear();
    }

    /// Gives memory back when the buffer has grown beyond `bytes_max`, as after a large value.
    pub fn shrink_to(&mut self, bytes_max: usize) {
        self.bytes.shrink_to(bytes_max);
    }

    /// The number of cells in each row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of complete rows.
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.columns).unwrap_or(0)
    }

    /// Whether there is no complete row.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The bytes of all cells.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The memory that the batch occupies, in bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Makes room for `additional` more bytes of cells, without rounding up.
    pub fn reserve_exact(&mut self, additional: usize) {
        self.bytes.reserve_exact(additional);
    }

    /// Appends a cell.
    ///
    /// # Errors
    /// [`Code::RowTooLarge`] when the batch would exceed [`BATCH_BYTES_MAX`].
    #[inline]
    pub fn push(&mut self, cell: &[u8]) -> Result<(), Error> {
        self.bytes.extend_from_slice(cell);
        self.end_cell()
    }

    /// Appends NULL.
    ///
    /// # Errors
    /// As [`RowBatch::push`].
    #[inline]
    pub fn push_null(&mut self) -> Result<(), Error> {
        let end = self.checked_end()?;
        self.ends.push(end | NULL_MARK);
        Ok(())
    }

    /// The buffer, to append the bytes of the next cell piece by piece; [`RowBatch::end_cell`]
    /// then closes it. Bytes that were there before must not be touched.
    #[inline]
    pub fn open_cell(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Closes the cell that was written through [`RowBatch::open_cell`].
    ///
    /// # Errors
    /// As [`RowBatch::push`].
    #[inline]
    pub fn end_cell(&mut self) -> Result<(), Error> {
        let end = self.checked_end()?;
        self.ends.push(end);
        Ok(())
    }

    /// The cell in `column` of `row`; `None` is NULL.
    ///
    /// # Panics
    /// When the batch has no such cell.
    #[inline]
    pub fn cell(&self, row: usize, column: usize) -> Option<&[u8]> {
        assert!(column < self.columns, "column {column} of {}", self.columns);
        self.cell_at(row * self.columns + column)
    }

    /// The cells of `row`, in column order.
    ///
    /// # Panics
    /// When the batch has no such row.
    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = Option<&[u8]>> + Clone {
        assert!(row < self.rows(), "row {row} of {}", self.rows());
        let first = row * self.columns;
        (first..first + self.columns).map(|index| self.cell_at(index))
    }

    /// Every cell of every complete row, row after row.
    pub fn cells(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let (null, end) = (end & NULL_MARK != 0, (end & !NULL_MARK) as usize);
            let cell = &self.bytes[start..end];
            start = end;
            (!null).then_some(cell)
        })
    }

    #[inline]
    fn cell_at(&self, index: usize) -> Option<&[u8]> {
        let end = self.ends[index];
        if end & NULL_MARK != 0 {
            return None;
        }
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] & !NULL_MARK,
        };
        Some(&self.bytes[start as usize..end as usize])
    }

    #[inline]
    fn checked_end(&self) -> Result<u32, Error> {
        match u32::try_from(self.bytes.len()) {
            Ok(end) if end < NULL_MARK => Ok(end),
            _ => Err(Error::definite(
                Code::RowTooLarge,
                format!("rows of more than {BATCH_BYTES_MAX} bytes cannot be carried"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_come_back_as_pushed(
            rows in proptest::collection::vec(
                proptest::collection::vec(
                    proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)), 3),
                0..20)
        ) {
            let mut batch = RowBatch::new(3);
            for cell in rows.iter().flatten() {
                match cell {
                    Some(bytes) => batch.push(bytes).unwrap(),
                    None => batch.push_null().unwrap(),
                }
            }
            prop_assert_eq!(batch.rows(), rows.len());
            for (index, row) in rows.iter().enumerate() {
                let read: Vec<_> = batch.row(index).map(|cell| cell.map(<[u8]>::to_vec)).collect();
                prop_assert_eq!(&read, row);
            }
            let all: Vec<_> = batch.cells().map(|cell| cell.map(<[u8]>::to_vec)).collect();
            prop_assert_eq!(all, rows.concat());
        }
    }

    #[test]
    fn null_differs_from_empty() {
        let mut batch = RowBatch::new(2);
        batch.push_null().unwrap();
        batch.push(b"").unwrap();
        assert_eq!(batch.cell(0, 0), None);
        assert_eq!(batch.cell(0, 1), Some(&b""[..]));
    }
}
