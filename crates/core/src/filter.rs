//! Which rows of a table take part.

use serde::{Deserialize, Serialize};

/// A condition on the rows of one table: every term holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The terms; a row passes when all of them hold.
    pub terms: Vec<FilterTerm>,
}

/// A condition on one column: any of the comparisons holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterTerm {
    /// The source column.
    pub column: String,
    /// The comparisons; the term holds when one of them does.
    pub any: Vec<Comparison>,
}

/// A comparison of a column with values written as text; the source's own rules of comparison
/// decide. NULL passes [`Comparison::IsNull`] alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// Equal.
    Equal(String),
    /// Not equal, and not NULL.
    NotEqual(String),
    /// At most.
    AtMost(String),
    /// At least.
    AtLeast(String),
    /// From the first to the second, both included.
    Between(String, String),
    /// Below the first or above the second.
    NotBetween(String, String),
    /// NULL.
    IsNull,
    /// Not NULL.
    IsNotNull,
}
