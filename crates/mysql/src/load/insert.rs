//! Rows as `INSERT` statements, where `LOAD DATA` is off.
//!
//! Cells are binary strings here too, with the same expressions around them, so that a value
//! takes the same way into its column on both paths. A statement holds about a megabyte: longer
//! ones gain nothing.

use dbferry_core::{Code, Error, RowBatch};

use super::plan::{ColumnPlan, Plan};
use super::verdict::Sent;
use crate::codec::literal::{is_printable, push_binary, push_quoted};
use crate::codec::recode::{Expression, Refusal};

/// Bytes after which a statement ends.
const STATEMENT_BYTES: usize = 1 << 20;

/// Room for the packet's header and what the server adds to its count.
const PACKET_SLACK_BYTES: usize = 1024;

/// A statement that is being written.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    sql: String,
    scratch: Vec<u8>,
}

impl Statement {
    /// Whether there is no row in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    /// The text of the statement.
    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    /// Begins another statement.
    pub(crate) fn clear(&mut self) {
        self.sql.clear();
        self.sql.shrink_to(2 * STATEMENT_BYTES);
    }

    /// Appends a row; `false` when the row belongs into the next statement. `packet_bytes_max` is
    /// the server's `max_allowed_packet`.
    ///
    /// # Errors
    /// `ValueRefused` for a cell that the column would not hold as it is, `PacketTooLarge` for a
    /// row that no statement can carry.
    pub(crate) fn push_row(
        &mut self,
        plan: &Plan,
        batch: &RowBatch,
        row: usize,
        sent: &mut Sent,
        packet_bytes_max: usize,
    ) -> Result<bool, Error> {
        let is_first = self.is_empty();
        let start = self.sql.len();
        self.sql.push_str(if is_first { "" } else { "," });
        if is_first {
            self.sql.push_str(&plan.insert_head());
        }
        self.push_cells(plan, batch, row, sent)?;
        let bytes_max = packet_bytes_max.saturating_sub(PACKET_SLACK_BYTES);
        if is_first && self.sql.len() > bytes_max {
            return Err(too_large(plan, batch, row, self.sql.len()));
        }
        if !is_first && self.sql.len() > STATEMENT_BYTES.min(bytes_max) {
            self.sql.truncate(start);
            return Ok(false);
        }
        sent.add_row(plan, batch, row);
        Ok(true)
    }

    fn push_cells(
        &mut self,
        plan: &Plan,
        batch: &RowBatch,
        row: usize,
        sent: &mut Sent,
    ) -> Result<(), Error> {
        for (index, (cell, column)) in batch.row(row).zip(&plan.columns).enumerate() {
            let refused = |refusal| plan.refused(index, |key| batch.cell(row, key), refusal);
            self.sql.push(if index == 0 { '(' } else { ',' });
            let bytes = column.send(cell, &mut self.scratch).map_err(refused)?;
            push_value(&mut self.sql, column, bytes).map_err(refused)?;
            if column.is_enum_error(bytes) {
                sent.expect_truncation(index);
            }
        }
        self.sql.push(')');
        Ok(())
    }
}

fn push_value(sql: &mut String, column: &ColumnPlan, bytes: Option<&[u8]>) -> Result<(), Refusal> {
    let Some(bytes) = bytes else {
        sql.push_str("NULL");
        return Ok(());
    };
    match column.way.expression {
        Expression::Direct if column.numeric => {
            // A hexadecimal literal would be a number of its own here.
            if !is_printable(bytes) {
                return Err(Refusal("is neither a number nor a time"));
            }
            push_quoted(sql, bytes);
        }
        Expression::Direct => push_binary(sql, bytes),
        expression => {
            let (before, after) = expression.brackets();
            sql.push_str(before);
            push_binary(sql, bytes);
            sql.push_str(after);
        }
    }
    Ok(())
}

fn too_large(plan: &Plan, batch: &RowBatch, row: usize, bytes: usize) -> Error {
    let name = plan.row_name(plan.key.iter().map(|&index| batch.cell(row, index)));
    let message = format!("an INSERT of one row takes {bytes} bytes, more than the server accepts");
    Error::definite(Code::PacketTooLarge, message)
        .with_object(format!("{}{name}", plan.load.table.name))
        .with_hint("raise max_allowed_packet on the target, or set local_infile = ON there")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::tests::plan;
    use dbferry_core::DataType;

    fn batch(cells: &[Option<&[u8]>]) -> RowBatch {
        let mut batch = RowBatch::new(3);
        for cell in cells {
            match cell {
                Some(cell) => batch.push(cell).unwrap(),
                None => batch.push_null().unwrap(),
            }
        }
        batch
    }

    fn types() -> [(&'static str, DataType); 3] {
        [
            (
                "id",
                DataType::Integer {
                    bits: 32,
                    signed: true,
                },
            ),
            ("b", DataType::VarBinary { length: None }),
            ("j", DataType::Json),
        ]
    }

    #[test]
    fn rows_become_values() {
        let plan = plan(&types());
        let batch = batch(&[
            Some(b"1"),
            Some(b"it's"),
            None,
            Some(b"2"),
            Some(b"\xFF"),
            Some(b"[]"),
        ]);
        let (mut statement, mut sent) = (Statement::default(), Sent::default());
        for row in 0..2 {
            assert!(
                statement
                    .push_row(&plan, &batch, row, &mut sent, 1 << 20)
                    .unwrap()
            );
        }
        assert_eq!(
            statement.sql(),
            "INSERT IGNORE INTO `d`.`t` (`id`, `b`, `j`) VALUES \
             ('1',_binary'it''s',NULL),('2',x'FF',CONVERT(_binary'[]' USING utf8mb4))"
        );
        assert_eq!(sent.rows(), 2);
    }

    #[test]
    fn bytes_in_a_number_are_refused() {
        let plan = plan(&types());
        let batch = batch(&[Some(b"\x31\xFF"), None, None]);
        let error = Statement::default()
            .push_row(&plan, &batch, 0, &mut Sent::default(), 1 << 20)
            .unwrap_err();
        assert_eq!(error.code(), Code::ValueRefused);
    }

    #[test]
    fn a_row_beyond_the_packet_is_named() {
        let plan = plan(&types());
        let large = vec![b'x'; 4000];
        let batch = batch(&[Some(b"1"), None, None, Some(b"7"), Some(&large), None]);
        let (mut statement, mut sent) = (Statement::default(), Sent::default());
        assert!(
            statement
                .push_row(&plan, &batch, 0, &mut sent, 4096)
                .unwrap()
        );
        assert!(
            !statement
                .push_row(&plan, &batch, 1, &mut sent, 4096)
                .unwrap()
        );
        assert_eq!(sent.rows(), 1);
        statement.clear();
        let error = statement
            .push_row(&plan, &batch, 1, &mut sent, 4096)
            .unwrap_err();
        assert_eq!(error.code(), Code::PacketTooLarge);
        assert_eq!(error.object(), Some("d.t row id=7"));
        assert!(error.hint().unwrap().contains("max_allowed_packet"));
    }
}
