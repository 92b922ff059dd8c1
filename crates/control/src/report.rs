//! The result of a run, as it is stored.

use dbferry_core::Error;
use dbferry_engine::Report;
use serde::{Deserialize, Serialize};

use crate::task::unreadable;

/// The format of stored reports.
const FORMAT: u32 = 1;

/// A report with its format.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredReport {
    format: u32,
    pub(crate) report: Report,
}

impl StoredReport {
    pub(crate) fn new(report: Report) -> Self {
        Self {
            format: FORMAT,
            report,
        }
    }

    pub(crate) fn decode(key: &str, value: &[u8]) -> Result<Self, Error> {
        let stored: Self = serde_json::from_slice(value)
            .map_err(|error| unreadable(key, value).with_source(error))?;
        if stored.format == FORMAT {
            Ok(stored)
        } else {
            Err(unreadable(key, value))
        }
    }
}
