//! Whether the server took every row as it was sent.
//!
//! [`Sent`] remembers what a statement sent: how many rows, the key of each, and where a warning
//! is expected. [`prove`] compares that with what the server says it did. Its warnings name a
//! column and the number of a row, which becomes the row's key.

use std::collections::HashSet;

use dbferry_core::{Code, Error, RowBatch};

use super::plan::Plan;
use crate::wire::{self, Connection, Outcome, ServerError};

/// The most bytes of keys that are remembered: enough for a transaction of 64 MiB with common
/// keys. Beyond, a row is named by its number alone.
const KEY_BYTES_MAX: usize = 8 << 20;

/// Warnings that may be expected before the statement must end. `max_error_count` is 65,535, and
/// so is the largest number that the server can report.
const EXPECTED_MAX: u64 = 10_000;

/// "Data truncated for column".
const TRUNCATED: u16 = 1265;
/// "Duplicate entry … for key …".
const DUPLICATES: [u16; 2] = [1062, 1586];

/// What one statement has sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    rows: u64,
    /// The key cells of the first rows.
    keys: RowBatch,
    keys_full: bool,
    /// Row, from 1, and column of each error value of an ENUM.
    expected: HashSet<(u64, usize)>,
}

impl Sent {
    /// Forgets everything, for a new statement.
    pub(crate) fn reset(&mut self, plan: &Plan) {
        self.rows = 0;
        self.keys.reset(plan.key.len());
        self.keys_full = plan.key.is_empty();
        self.expected.clear();
    }

    /// The rows that were sent.
    #[cfg(test)]
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether so many warnings are to be expected that the statement must be proved now. A
    /// column that the server computes may bring one with every row.
    pub(crate) fn is_full(&self, plan: &Plan) -> bool {
        let computed = self.rows.saturating_mul(plan.generated.len() as u64);
        self.expected.len() as u64 + computed >= EXPECTED_MAX
    }

    /// Notes that the server may say that a cell of the row at hand was cut.
    pub(crate) fn expect_truncation(&mut self, column: usize) {
        self.expected.insert((self.rows + 1, column));
    }

    /// Notes that a row was sent.
    #[inline]
    pub(crate) fn add_row(&mut self, plan: &Plan, batch: &RowBatch, row: usize) {
        self.rows += 1;
        if self.keys_full {
            return;
        }
        for &index in &plan.key {
            let pushed = match batch.cell(row, index) {
                Some(cell) => self.keys.push(cell),
                None => self.keys.push_null(),
            };
            self.keys_full |= pushed.is_err();
        }
        self.keys_full |= self.keys.byte_len() >= KEY_BYTES_MAX;
    }

    /// Names a row by its number, from 1, and by its key where that is known.
    fn row_name(&self, plan: &Plan, row: u64) -> String {
        let index = usize::try_from(row).ok().and_then(|row| row.checked_sub(1));
        match index.filter(|&index| index < self.keys.rows()) {
            Some(index) => plan.row_name(self.keys.row(index)),
            None => format!(" row number {row} of the statement"),
        }
    }
}

/// Proves that every row was stored as it was sent.
///
/// # Errors
/// `ValueRefused` or `DuplicateKey` for the first row that was not, naming table, column and key
/// as far as the server tells them.
pub(crate) async fn prove(
    connection: &mut Connection,
    plan: &Plan,
    sent: &Sent,
    outcome: &Outcome,
) -> Result<(), Error> {
    if outcome.affected_rows == sent.rows && outcome.warnings == 0 {
        return Ok(());
    }
    let warnings = read_warnings(connection).await?;
    if let Some(warning) = warnings
        .iter()
        .find(|warning| !warning.is_expected(plan, sent))
    {
        return Err(warning.error(plan, sent));
    }
    let all_read = warnings.len() >= usize::from(outcome.warnings);
    if outcome.affected_rows == sent.rows && all_read {
        return Ok(());
    }
    let message = format!(
        "the server stored {} of {} rows, with {} warnings of which it showed {}",
        outcome.affected_rows,
        sent.rows,
        outcome.warnings,
        warnings.len()
    );
    Err(Error::definite(Code::ValueRefused, message).with_object(&plan.load.table.name))
}

async fn read_warnings(connection: &mut Connection) -> Result<Vec<Warning>, Error> {
    let set = connection.query("SHOW WARNINGS").await?;
    set.rows()
        .map(|row| {
            let code = u16::try_from(row.u64("Code")?).unwrap_or(0);
            // The text may hold raw bytes of a value.
            let message = String::from_utf8_lossy(row.bytes("Message")?).into_owned();
            Ok(Warning { code, message })
        })
        .collect()
}

/// A warning of the server.
#[derive(Debug)]
struct Warning {
    code: u16,
    message: String,
}

impl Warning {
    fn is_expected(&self, plan: &Plan, sent: &Sent) -> bool {
        if self.code != TRUNCATED {
            return false;
        }
        let place = self.row().zip(self.column(plan));
        place.is_some_and(|place| sent.expected.contains(&place)) || self.is_computed(plan)
    }

    /// Whether it is about a column that the server computes. It cuts the result of the
    /// expression to the column's type here as it did on the source: nothing that was sent is
    /// concerned.
    fn is_computed(&self, plan: &Plan) -> bool {
        plan.generated.iter().any(|name| self.names(name))
    }

    /// The row, from 1: `… at row 7` at the end, or `Row 7 …` at the start.
    fn row(&self) -> Option<u64> {
        let text = match self.message.rsplit_once(" at row ") {
            Some((_, number)) => number,
            None => self.message.strip_prefix("Row ")?,
        };
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse().ok()
    }

    /// The column: `… for column 'c' at row …`, or ``… for column `d`.`t`.`c` at row …``.
    fn column(&self, plan: &Plan) -> Option<usize> {
        plan.columns
            .iter()
            .position(|column| self.names(&column.name))
    }

    fn names(&self, column: &str) -> bool {
        let place = self.message.rsplit_once(" at row ");
        let Some((_, name)) = place.and_then(|(head, _)| head.rsplit_once(" for column ")) else {
            return false;
        };
        let quoted = name
            .strip_prefix('\'')
            .and_then(|name| name.strip_suffix('\''));
        quoted == Some(column) || name.ends_with(&format!(".`{column}`"))
    }

    /// The key and the entry that is there twice: `Duplicate entry '5-a' for key 't.PRIMARY'`.
    fn duplicate(&self) -> Option<(&str, &str)> {
        if !DUPLICATES.contains(&self.code) {
            return None;
        }
        let (entry, key) = self.message.rsplit_once("' for key '")?;
        let (_, entry) = entry.split_once('\'')?;
        Some((key.strip_suffix('\'')?, entry))
    }

    fn error(&self, plan: &Plan, sent: &Sent) -> Error {
        let mut object = plan.load.table.name.to_string();
        if let Some(index) = self.column(plan) {
            object.push_str(&format!(
                " column {}",
                plan.columns[index].name.escape_debug()
            ));
        }
        if let Some(row) = self.row() {
            object.push_str(&sent.row_name(plan, row));
        }
        if let Some((key, entry)) = self.duplicate() {
            object.push_str(&format!(
                " key {} entry {}",
                key.escape_debug(),
                entry.escape_debug()
            ));
        }
        let told = Error::from(wire::Error::Server(ServerError {
            code: self.code,
            sql_state: "HY000".into(),
            message: self.message.clone(),
        }));
        let code = if self.duplicate().is_some() {
            Code::DuplicateKey
        } else {
            Code::ValueRefused
        };
        Error::definite(
            code,
            format!("the server did not take the row as it is: {told}"),
        )
        .with_object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::tests::plan;
    use dbferry_core::DataType;

    fn sent_one(plan: &Plan) -> Sent {
        let mut batch = RowBatch::new(2);
        batch.push(b"17").unwrap();
        batch.push(b"0").unwrap();
        let mut sent = Sent::default();
        sent.reset(plan);
        sent.expect_truncation(1);
        sent.add_row(plan, &batch, 0);
        sent
    }

    fn check(code: u16, message: &str, expected: bool, object: &str, is: Code) {
        let plan = plan(&[
            (
                "id",
                DataType::Integer {
                    bits: 32,
                    signed: true,
                },
            ),
            (
                "e",
                DataType::Enum {
                    labels: vec!["x".into()],
                },
            ),
        ]);
        let sent = sent_one(&plan);
        let warning = Warning {
            code,
            message: message.into(),
        };
        assert_eq!(warning.is_expected(&plan, &sent), expected, "{message}");
        let error = warning.error(&plan, &sent);
        assert_eq!(
            (error.object(), error.code()),
            (Some(object), is),
            "{message}"
        );
    }

    #[test]
    fn warnings_become_errors_with_names() {
        use Code::{DuplicateKey, ValueRefused};
        let truncated = "Data truncated for column 'e' at row 1";
        check(
            1265,
            truncated,
            true,
            "d.t column e row id=17",
            ValueRefused,
        );
        let elsewhere = "Data truncated for column 'id' at row 1";
        check(
            1265,
            elsewhere,
            false,
            "d.t column id row id=17",
            ValueRefused,
        );
        let other_row = "Data truncated for column 'e' at row 2";
        check(
            1265,
            other_row,
            false,
            "d.t column e row number 2 of the statement",
            ValueRefused,
        );
        let long =
            "Incorrect integer value: ' for column 'e' at row 9' for column `d`.`t`.`id` at row 1";
        check(1366, long, false, "d.t column id row id=17", ValueRefused);
        let short = "Row 1 doesn't contain data for all columns";
        check(1261, short, false, "d.t row id=17", ValueRefused);
        let twice = "Duplicate entry 'it's' for key 't.PRIMARY'";
        check(
            1062,
            twice,
            false,
            "d.t key t.PRIMARY entry it\\'s",
            DuplicateKey,
        );
    }

    #[test]
    fn values_stay_out_of_messages() {
        let plan = plan(&[(
            "id",
            DataType::Integer {
                bits: 32,
                signed: true,
            },
        )]);
        let mut sent = Sent::default();
        sent.reset(&plan);
        let message = "Incorrect integer value: 'secret' for column 'id' at row 1".to_owned();
        let error = Warning {
            code: 1366,
            message,
        }
        .error(&plan, &sent);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
