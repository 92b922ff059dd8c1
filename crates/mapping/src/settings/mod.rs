//! Task settings: the JSON document of AWS DMS.
//!
//! Two forms. [`TaskSettings`] is the document as written: every member checked by name, type
//! and bounds against one table (`table.rs`), merged into the defaults, and remembering what was
//! given. [`ResolvedSettings`] is what the engine reads: plain values, without a question left.
//!
//! dbferry does not honour everything that DMS has. What is given and would have another effect
//! than it says is a finding, see [`TaskSettings::not_effective`]: a setting is never ignored
//! without a word.
//!
//! Three defaults differ from those of DMS, which can lose data unasked: existing target tables
//! that hold rows are refused rather than dropped, and rows that cannot be converted, or would be
//! cut, suspend their table rather than being left out. The document that is shown says so.

mod document;
mod groups;
mod resolved;
mod table;

pub use resolved::{
    ResolvedSettings, RetryPolicy, RowErrorPolicy, TableErrorPolicy, TablePreparation,
};

use std::collections::BTreeSet;

use dbferry_core::{Code, Finding, Severity};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::document::Reader;
use crate::problem::Problems;
use table::{Effect, Kind, Setting};

/// The settings of a task, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskSettings {
    /// The complete document, defaults filled in.
    document: Value,
    /// Where a value was given, as JSON pointers.
    given: BTreeSet<String>,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self {
            document: document::defaults(table::DOCUMENT),
            given: BTreeSet::new(),
        }
    }
}

impl TaskSettings {
    /// Reads settings; what a document does not give has its default.
    ///
    /// # Errors
    /// Every fault with its place; as an [`dbferry_core::Error`] they have the code
    /// `SettingsInvalid`.
    pub fn parse(json: &str) -> Result<Self, Problems> {
        Self::default().parse_over(json)
    }

    /// Reads settings over these: what the document does not give stays as it is.
    ///
    /// # Errors
    /// As [`TaskSettings::parse`].
    pub fn parse_over(&self, json: &str) -> Result<Self, Problems> {
        let reader = Reader::new(json, Code::SettingsInvalid);
        let mut settings = self.clone();
        if let Some(root) = reader.root() {
            let mut merge = document::Merge {
                reader: &reader,
                given: &mut settings.given,
            };
            merge.group(root, table::DOCUMENT, &mut settings.document, "");
            document::copy_timeslot(&mut settings.document, &settings.given);
            document::check_together(&reader, root, &settings.document);
        }
        reader.finish(settings)
    }

    /// The complete document in the order of DMS, minified.
    pub fn to_json(&self) -> String {
        self.document.to_string()
    }

    /// What was given alone, minified: [`TaskSettings::parse`] makes the same settings of it,
    /// and still knows what was given.
    pub fn written(&self) -> String {
        document::only_given(&self.document, &self.given).to_string()
    }

    /// Lists what was given but does not have the effect that DMS gives it.
    pub fn not_effective(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.collect(table::DOCUMENT, "", &mut findings);
        findings
    }

    fn collect(&self, settings: &[Setting], path: &str, findings: &mut Vec<Finding>) {
        for setting in settings {
            let path = format!("{path}/{}", setting.name);
            if let Kind::Group(members) = setting.kind {
                self.collect(members, &path, findings);
            } else if self.given.contains(&path) {
                findings.extend(self.finding(setting, &path));
            }
        }
    }

    fn finding(&self, setting: &Setting, path: &str) -> Option<Finding> {
        let value = self.document.pointer(path)?;
        let is_default = document::default_of(setting).is_some_and(|default| default == *value);
        let (severity, why) = match setting.effect {
            Effect::Honoured => return None,
            Effect::NeverAsGiven(why) => (Severity::Warning, why),
            _ if is_default => return None,
            Effect::Later(why) => (Severity::Warning, why),
            Effect::Otherwise(why) => (Severity::Info, why),
        };
        let name = path.trim_start_matches('/').replace('/', ".");
        let message = format!("the setting has no effect: {why}");
        Some(Finding::new("setting-not-effective", severity, message).on(name))
    }

    /// The value of a member, where it was given.
    fn given(&self, path: &str) -> Option<&Value> {
        self.document
            .pointer(path)
            .filter(|_| self.given.contains(path))
    }
}

impl Serialize for TaskSettings {
    /// The complete document.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.document.serialize(serializer)
    }
}

#[cfg(test)]
mod tests;
