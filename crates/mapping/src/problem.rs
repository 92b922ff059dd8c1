//! What is wrong with a document that a person wrote.
//!
//! A document is read to its end, and every fault in it is reported at once with its place:
//! whoever fixes a mapping of fifty rules should not have to run it fifty times.

use std::fmt;

use dbferry_core::{Code, Error};

/// The most faults that are kept; a document of another kind altogether would yield thousands.
const PROBLEMS_MAX: usize = 50;

/// One fault of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; 0 where the fault has no place in a document.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The rule or group concerned, such as `rule 7 "orders"`.
    pub subject: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if let Some(subject) = &self.subject {
            write!(f, "{subject}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Every fault of a document, in document order. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// What kind of document it is, as the code of its faults.
    code: Code,
    /// The faults.
    list: Vec<Problem>,
}

impl Problems {
    pub(crate) fn new(code: Code, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| (problem.line, problem.column));
        list.truncate(PROBLEMS_MAX);
        Self { code, list }
    }

    /// The faults, in document order.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }
}

impl fmt::Display for Problems {
    /// One line per fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for Error {
    fn from(problems: Problems) -> Self {
        let (object, page) = match problems.code {
            Code::SettingsInvalid => ("task settings", "docs/settings.md"),
            _ => ("table mappings", "docs/mappings.md"),
        };
        Error::definite(problems.code, problems.to_string())
            .with_object(object)
            .with_hint(format!("{page} describes every member and its values"))
    }
}
