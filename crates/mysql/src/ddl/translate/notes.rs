//! Findings about one object, as they are collected.

use dbferry_core::{Finding, Severity};

/// Collects findings about one object.
#[derive(Debug)]
pub(super) struct Notes {
    object: String,
    findings: Vec<Finding>,
}

impl Notes {
    pub(super) fn about(object: impl std::fmt::Display) -> Self {
        Self {
            object: object.to_string(),
            findings: Vec::new(),
        }
    }

    /// Something that changes nothing that counts.
    pub(super) fn info(&mut self, id: &str, message: impl Into<String>) {
        self.add(id, Severity::Info, message);
    }

    /// Something that works, but differently.
    pub(super) fn warning(&mut self, id: &str, message: impl Into<String>) {
        self.add(id, Severity::Warning, message);
    }

    /// Something that has no counterpart.
    pub(super) fn error(&mut self, id: &str, message: impl Into<String>) {
        self.add(id, Severity::Error, message);
    }

    fn add(&mut self, id: &str, severity: Severity, message: impl Into<String>) {
        let finding = Finding::new(id, severity, message).on(&self.object);
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Says what changes the last finding.
    pub(super) fn fixed_by(&mut self, fix: impl Into<String>) {
        if let Some(last) = self.findings.pop() {
            self.findings.push(last.fixed_by(fix));
        }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
