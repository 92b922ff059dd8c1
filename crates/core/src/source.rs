//! Reading: the half of the seam that rows come from.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Table;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::filter::Filter;
use crate::row::{CellForm, RowBatch};

/// A database that rows are read from.
#[async_trait]
pub trait Source: Endpoint {
    /// The positions in `table.columns` of a key by which this database can walk the table in
    /// order, range by range; `None` when it must be read as one chunk. Pure.
    fn walkable_key(&self, table: &Table) -> Option<Vec<usize>>;

    /// Finds keys that cut the table into about `pieces` equal parts, in ascending order: each
    /// is the last key of its part, and the rest belongs to a last, open part. Fewer keys, or
    /// none, where the table is small or its keys do not allow it.
    ///
    /// # Errors
    /// What the connection brings, and `ObjectMissing` when the table vanished.
    async fn split(&self, read: &TableRead, pieces: usize) -> Result<Vec<KeyCells>, Error>;

    /// Opens a reader with a connection of its own.
    ///
    /// # Errors
    /// What the connection brings.
    async fn reader(&self) -> Result<Box<dyn TableReader>, Error>;
}

/// One connection that reads chunks, used by one worker.
///
/// After an error the reader is not used again; its worker opens another.
#[async_trait]
pub trait TableReader: Send {
    /// Starts to read a chunk in a short read view of its own. A chunk that was not read to its
    /// end is abandoned.
    ///
    /// # Errors
    /// `DefinitionChanged` or `ObjectMissing` when the table is not as described any more, and
    /// what the connection brings.
    async fn open(&mut self, read: &Arc<TableRead>, chunk: &Chunk) -> Result<(), Error>;

    /// Appends the next rows of the open chunk, in key order where the table has a key, until
    /// about `bytes_max` bytes are in the batch.
    ///
    /// # Errors
    /// What the connection brings; `ValueUnrepresentable` naming column and row for a value
    /// that has no form in its column's type.
    async fn fetch(&mut self, batch: &mut RowBatch, bytes_max: usize) -> Result<Fetched, Error>;
}

/// Whether a chunk has more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// There may be more.
    More,
    /// The chunk is read to its end.
    End,
}

/// What is read of a table, the same for all of its chunks.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRead {
    /// The table as the source's catalog describes it.
    pub table: Table,
    /// The columns that are read, in cell order. Generated columns may be among them.
    pub columns: Vec<ColumnRead>,
    /// The positions *in `columns`* of the key that chunks are cut by; empty for a table that is
    /// read as one chunk.
    pub key: Vec<usize>,
    /// Which rows take part.
    pub filter: Option<Filter>,
}

impl TableRead {
    /// The described column behind the cell at `index`.
    pub fn column(&self, index: usize) -> &crate::catalog::Column {
        &self.table.columns[self.columns[index].column]
    }

    /// The key of a row of a batch that was read so.
    ///
    /// # Errors
    /// `Internal` when a key cell is NULL, which no usable key allows.
    pub fn key_of(&self, batch: &RowBatch, row: usize) -> Result<KeyCells, Error> {
        self.key
            .iter()
            .map(|&index| {
                batch.cell(row, index).map(<[u8]>::to_vec).ok_or_else(|| {
                    Error::definite(crate::Code::Internal, "a key column holds NULL")
                        .with_object(&self.table.name)
                })
            })
            .collect::<Result<_, _>>()
            .map(KeyCells)
    }
}

/// One column that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnRead {
    /// Its position in the table's columns.
    pub column: usize,
    /// How its cells are written.
    pub form: CellForm,
}

/// The cells of a key, in key order and in the form in which the columns are read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyCells(pub Vec<Vec<u8>>);

/// A range of keys: above `after`, up to and including `until`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRange {
    /// Rows up to this key are left out.
    pub after: Option<KeyCells>,
    /// Rows above this key are left out.
    pub until: Option<KeyCells>,
}

/// A key range of one table, read by one worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Which keys.
    pub range: KeyRange,
    /// Which partition, when only one is read.
    pub partition: Option<String>,
    /// At most so many rows, counted from the range's start; `None` for the whole range.
    pub rows_max: Option<u64>,
}

impl Serialize for KeyCells {
    /// As a list of texts in which every byte outside printable ASCII is written `\xHH`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|cell| cell.escape_ascii().to_string()))
    }
}

impl<'de> Deserialize<'de> for KeyCells {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|text| unescape_ascii(text))
            .collect::<Option<_>>()
            .map(KeyCells)
            .ok_or_else(|| serde::de::Error::custom("malformed key"))
    }
}

/// Undoes [`slice::escape_ascii`].
fn unescape_ascii(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut cell = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        cell.push(match byte {
            b'\\' => match bytes.next()? {
                b't' => b'\t',
                b'r' => b'\r',
                b'n' => b'\n',
                b'x' => {
                    let digits = [bytes.next()?, bytes.next()?];
                    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                }
                literal @ (b'\\' | b'\'' | b'"') => literal,
                _ => return None,
            },
            literal => literal,
        });
    }
    Some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_survive_storage(
            cells in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 0..10), 0..4)
        ) {
            let key = KeyCells(cells);
            let json = serde_json::to_string(&key).unwrap();
            prop_assert_eq!(serde_json::from_str::<KeyCells>(&json).unwrap(), key);
        }

        #[test]
        fn malformed_keys_are_refused_without_a_panic(text in ".*") {
            let _ = serde_json::from_value::<KeyCells>(serde_json::json!([text]));
        }
    }
}
