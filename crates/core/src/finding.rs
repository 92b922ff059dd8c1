//! What a check found.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Works, but not as one might expect.
    Warning,
    /// The task cannot run.
    Error,
}

/// One result of a check: what was seen, where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable name in kebab case, such as `mysql-local-infile-off`.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// The object concerned, if it is not the endpoint as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What was seen and why it matters.
    pub message: String,
    /// The statement or parameter that changes it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Finding {
    /// Makes a finding about the endpoint as a whole.
    pub fn new(id: impl Into<String>, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            severity,
            object: None,
            message: message.into(),
            fix: None,
        }
    }

    /// Names the object concerned.
    #[must_use]
    pub fn on(mut self, object: impl std::fmt::Display) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// Says what changes it.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
