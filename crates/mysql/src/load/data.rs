//! Rows as the data of `LOAD DATA`, written where they are sent from.
//!
//! [`Encoder`] stops whenever the buffer is long enough, even inside of a large cell, and goes on
//! where it stopped. So the buffer stays small, and no value exists twice.

use dbferry_core::{Error, RowBatch};

use super::plan::Plan;
use super::verdict::Sent;
use crate::codec::escape::{CELL_END, NULL, ROW_END, push_escaped};
use crate::codec::recode::Recode;
use crate::wire::LOAD_PACKET_BYTES;

/// Cells above this many bytes are written in parts.
const PART_BYTES: usize = LOAD_PACKET_BYTES / 2;

/// Where in a batch the encoder is.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    row: usize,
    column: usize,
    /// Bytes of the cell that were written already.
    offset: usize,
    scratch: Vec<u8>,
}

impl Encoder {
    /// Goes back to the start, for another batch.
    pub(crate) fn restart(&mut self) {
        (self.row, self.column, self.offset) = (0, 0, 0);
    }

    /// Appends rows of the batch to `out` until it holds `bytes_max` bytes, the statement is full,
    /// or the batch ends; returns whether it has ended. Notes in `sent` what was sent.
    ///
    /// # Errors
    /// `ValueRefused` for a cell that the column would not hold as it is. The rows before it have
    /// been written, and what is in `out` must not become a part of a load that is kept.
    pub(crate) fn encode(
        &mut self,
        plan: &Plan,
        batch: &RowBatch,
        sent: &mut Sent,
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<bool, Error> {
        let rows = batch.rows();
        while self.row < rows {
            // A row that was begun is not counted yet, so a full statement ends between two rows.
            let full = out.len() >= bytes_max || sent.is_full(plan);
            if full || !self.encode_row(plan, batch, sent, out, bytes_max)? {
                return Ok(false);
            }
            sent.add_row(plan, batch, self.row);
            self.row += 1;
            self.column = 0;
        }
        Ok(true)
    }

    /// Appends the rest of the row; `false` when the buffer was full before its end.
    #[inline]
    fn encode_row(
        &mut self,
        plan: &Plan,
        batch: &RowBatch,
        sent: &mut Sent,
        out: &mut Vec<u8>,
        bytes_max: usize,
    ) -> Result<bool, Error> {
        let Self {
            row,
            column,
            offset,
            scratch,
        } = self;
        for (index, cell) in batch.row(*row).enumerate().skip(*column) {
            let target = &plan.columns[index];
            let bytes = match (&target.way.recode, cell) {
                (Recode::Copy, Some(cell)) => Some(cell),
                // Large cells are looked at, not changed, and once is enough.
                (_, Some(cell)) if *offset > 0 => Some(cell),
                _ => target
                    .send(cell, scratch)
                    .map_err(|refusal| plan.refused(index, |key| batch.cell(*row, key), refusal))?,
            };
            match bytes {
                None => out.extend_from_slice(NULL),
                Some(bytes) if bytes.len() > PART_BYTES => {
                    *column = index;
                    if !encode_part(bytes, offset, out, bytes_max) {
                        return Ok(false);
                    }
                }
                Some(bytes) => push_escaped(out, bytes),
            }
            if target.is_enum_error(bytes) {
                sent.expect_truncation(index);
            }
            let last = index + 1 == plan.columns.len();
            out.push(if last { ROW_END } else { CELL_END });
        }
        Ok(true)
    }
}

/// Appends parts of a large cell from `offset` on; `false` when the buffer was full before its
/// end.
#[cold]
fn encode_part(bytes: &[u8], offset: &mut usize, out: &mut Vec<u8>, bytes_max: usize) -> bool {
    for part in bytes[*offset..].chunks(PART_BYTES) {
        if out.len() >= bytes_max {
            return false;
        }
        push_escaped(out, part);
        *offset += part.len();
    }
    *offset = 0;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::tests::plan;
    use dbferry_core::{Code, DataType};
    use proptest::prelude::*;

    fn batch(rows: &[Vec<Option<Vec<u8>>>]) -> RowBatch {
        let mut batch = RowBatch::new(3);
        for cell in rows.iter().flatten() {
            match cell {
                Some(cell) => batch.push(cell).unwrap(),
                None => batch.push_null().unwrap(),
            }
        }
        batch
    }

    fn types() -> Vec<(&'static str, DataType)> {
        let text = DataType::VarChar { length: None };
        vec![
            ("id", text.clone()),
            ("a", text),
            (
                "e",
                DataType::Enum {
                    labels: vec!["x".into()],
                },
            ),
        ]
    }

    #[test]
    fn rows_become_lines() {
        let plan = plan(&types());
        let batch = batch(&[
            vec![Some(b"1".to_vec()), None, Some(b"0".to_vec())],
            vec![
                Some(b"2".to_vec()),
                Some(b"a\tb\\".to_vec()),
                Some(b"1".to_vec()),
            ],
        ]);
        let (mut out, mut sent) = (Vec::new(), Sent::default());
        let done = Encoder::default()
            .encode(&plan, &batch, &mut sent, &mut out, 1000)
            .unwrap();
        assert!(done);
        assert_eq!(out, b"1\t\\N\t0\n2\ta\\tb\\\\\t1\n");
        assert_eq!(sent.rows(), 2);
    }

    #[test]
    fn null_where_none_may_be_is_refused_by_name() {
        let plan = plan(&types());
        let batch = batch(&[vec![None, None, None]]);
        let error = Encoder::default()
            .encode(&plan, &batch, &mut Sent::default(), &mut Vec::new(), 1000)
            .unwrap_err();
        assert_eq!(error.code(), Code::ValueRefused);
        assert_eq!(error.object(), Some("d.t column id row id=NULL"));
    }

    proptest! {
        /// Wherever the buffer is full, the data are the same.
        #[test]
        fn stops_leave_no_trace(
            sizes in proptest::collection::vec(
                prop_oneof![8 => 0..40_usize, 1 => PART_BYTES..3 * PART_BYTES], 0..12),
            bytes_max in 1..400_000_usize,
        ) {
            let plan = plan(&types());
            let rows: Vec<_> = sizes
                .iter()
                .map(|&size| vec![Some(vec![b'\t'; size / 2]), Some(vec![b'x'; size]), None])
                .collect();
            let batch = batch(&rows);
            let mut whole = Vec::new();
            Encoder::default()
                .encode(&plan, &batch, &mut Sent::default(), &mut whole, usize::MAX)
                .unwrap();
            let (mut all, mut encoder, mut sent) = (Vec::new(), Encoder::default(), Sent::default());
            loop {
                let mut out = Vec::new();
                let done = encoder.encode(&plan, &batch, &mut sent, &mut out, bytes_max).unwrap();
                prop_assert!(done || !out.is_empty());
                all.extend_from_slice(&out);
                if done {
                    break;
                }
            }
            prop_assert!(all == whole);
            prop_assert_eq!(sent.rows(), rows.len() as u64);
        }
    }
}
