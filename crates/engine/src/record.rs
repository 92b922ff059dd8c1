//! What the state store remembers of each table.
//!
//! The target's ledger tells which rows are in; this record tells everything else: whether the
//! table was created, how it was cut into segments, why it was suspended. It is written before
//! the step that it speaks of where the step changes the target, so a crash in between is seen.

use std::sync::Arc;

use dbferry_core::state::StateStore;
use dbferry_core::{Code, Error, ErrorReport, KeyRange, TableName, TaskId};
use serde::{Deserialize, Serialize};

use crate::progress::TableStage;

/// The format of stored records. A later format reads this one.
const FORMAT: u32 = 1;

/// One table of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableRecord {
    format: u32,
    /// How far the table came.
    pub(crate) stage: TableStage,
    /// A hash of both definitions, by which a change between two runs is noticed.
    pub(crate) definition: String,
    /// The segments that the table was cut into.
    pub(crate) segments: Vec<SegmentPlan>,
    /// Why the table was suspended.
    pub(crate) error: Option<ErrorReport>,
}

/// One segment as planned; its number is its position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentPlan {
    /// Which keys.
    pub(crate) range: KeyRange,
    /// Which partition, when only one.
    pub(crate) partition: Option<String>,
}

impl TableRecord {
    pub(crate) fn new(definition: String) -> Self {
        Self {
            format: FORMAT,
            stage: TableStage::Waiting,
            definition,
            segments: Vec::new(),
            error: None,
        }
    }
}

/// The records of one task.
#[derive(Clone)]
pub(crate) struct TableRecords {
    store: Arc<dyn StateStore>,
    prefix: String,
}

/// A record with the revision that its next version replaces.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) record: TableRecord,
    revision: Option<u64>,
}

impl Stored {
    pub(crate) fn new(record: TableRecord) -> Self {
        Self {
            record,
            revision: None,
        }
    }
}

impl TableRecords {
    pub(crate) fn new(store: Arc<dyn StateStore>, task: &TaskId) -> Self {
        Self {
            store,
            prefix: format!("tasks/{task}/tables/"),
        }
    }

    /// Reads every record of the task, as pairs of target table and record.
    pub(crate) async fn load(&self) -> Result<Vec<(TableName, Stored)>, Error> {
        let documents = self.store.list(&self.prefix).await?;
        documents
            .into_iter()
            .map(|(key, document)| {
                let name = decode_name(key.strip_prefix(&self.prefix).unwrap_or(&key))
                    .ok_or_else(|| unreadable(&key))?;
                let record: TableRecord =
                    serde_json::from_slice(&document.value).map_err(|_| unreadable(&key))?;
                if record.format != FORMAT {
                    return Err(unreadable(&key));
                }
                Ok((
                    name,
                    Stored {
                        record,
                        revision: Some(document.revision),
                    },
                ))
            })
            .collect()
    }

    /// Writes a record over the version that it was read or written as.
    pub(crate) async fn save(&self, table: &TableName, stored: &mut Stored) -> Result<(), Error> {
        let value = serde_json::to_vec(&stored.record).map_err(|error| {
            Error::definite(Code::Internal, "unwritable record").with_source(error)
        })?;
        let key = format!("{}{}", self.prefix, encode_name(table));
        stored.revision = Some(self.store.put(&key, &value, stored.revision).await?);
        Ok(())
    }
}

/// Writes a name as a JSON list, which no name can break out of.
fn encode_name(table: &TableName) -> String {
    serde_json::json!([table.schema, table.name]).to_string()
}

fn decode_name(text: &str) -> Option<TableName> {
    let (schema, name): (String, String) = serde_json::from_str(text).ok()?;
    Some(TableName { schema, name })
}

fn unreadable(key: &str) -> Error {
    Error::definite(
        Code::StateUnavailable,
        "a stored record cannot be understood",
    )
    .with_object(key)
    .with_hint("it was written by another version of dbferry; use that version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_kind_survive_as_keys() {
        for (schema, name) in [
            ("a", "b"),
            ("a/b", "\""),
            ("\u{1f6a2}", "line\nbreak"),
            ("", "["),
        ] {
            let table = TableName::new(schema, name);
            assert_eq!(decode_name(&encode_name(&table)), Some(table));
        }
    }
}
