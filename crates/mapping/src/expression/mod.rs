//! Expressions of rules, in the syntax of SQLite.
//!
//! AWS DMS defines its expressions as those of SQLite, with a column of the row written
//! `$column`. So SQLite itself evaluates them here: an in-memory database without a single table
//! serves as an engine for expressions, not as a place for data, and not as an endpoint. It gives
//! every operator and function its documented meaning, which a re-implementation would miss in
//! the corners.
//!
//! An expression comes from whoever may define a task, who need not be who runs the worker. The
//! sandbox (`sandbox.rs`) therefore allows one scalar expression and nothing else: no statement,
//! subquery, pragma or file, only functions that compute, and bounds on length, depth and work.
//!
//! What a `$name` may be: a column of the source table, one of the `$AR_H_…` headers that
//! describe the change, or one of the `$AR_M_…` names that describe the table. In the full load
//! every row counts as inserted when it arrives.

mod evaluator;
mod sandbox;

use dbferry_core::catalog::Table;
use dbferry_core::{Code, Error, TableName};

pub(crate) use evaluator::{Evaluator, Parameter, Prepared};

/// A checked expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
    references: Vec<String>,
}

impl Expression {
    /// Checks that a text is one scalar expression, and finds what it refers to.
    ///
    /// # Errors
    /// `ExpressionFailed` with SQLite's reason, or with what is not allowed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Evaluator::new()?.parse(text)
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it refers to, without the `$`, each once, in order of first mention.
    pub fn references(&self) -> &[String] {
        &self.references
    }

    /// The statement that SQLite evaluates.
    fn sql(&self) -> String {
        sandbox::statement(&self.text)
    }

    /// Whether it is nothing but one reference.
    pub(crate) fn is_reference(&self) -> bool {
        match &self.references[..] {
            [name] => self.text.trim().strip_prefix('$') == Some(name),
            _ => false,
        }
    }

    /// Says what each reference is for rows of `source`, which becomes `mapped`; `column` is the
    /// source column concerned, if there is one.
    ///
    /// # Errors
    /// `RuleNotApplicable` naming a reference that is nothing of the table.
    pub(crate) fn bind(
        &self,
        source: &Table,
        mapped: &TableName,
        column: Option<usize>,
    ) -> Result<Vec<Input>, Error> {
        let scope = Scope {
            source,
            mapped,
            column,
        };
        self.references
            .iter()
            .map(|name| scope.input(name))
            .collect()
    }
}

/// What a reference of an expression stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// The source column at this position.
    Column(usize),
    /// Something about the change that brought the row.
    Header(Header),
    /// A text that is the same for every row.
    Text(String),
}

impl Input {
    /// The position of the source column, if it is one.
    pub fn column(&self) -> Option<usize> {
        match self {
            Self::Column(index) => Some(*index),
            Self::Header(_) | Self::Text(_) => None,
        }
    }
}

/// What DMS tells about the change that brought a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The position in the log; empty in the full load.
    StreamPosition,
    /// When it arrived.
    Timestamp,
    /// When it was committed; the same as [`Header::Timestamp`] in the full load.
    CommitTimestamp,
    /// `INSERT`, `UPDATE` or `DELETE`; `INSERT` in the full load.
    Operation,
    /// Who did it; always empty on the databases of this release.
    User,
    /// A number that orders changes; empty in the full load.
    ChangeSequence,
}

impl Header {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "AR_H_STREAM_POSITION" => Self::StreamPosition,
            "AR_H_TIMESTAMP" => Self::Timestamp,
            "AR_H_COMMIT_TIMESTAMP" => Self::CommitTimestamp,
            "AR_H_OPERATION" => Self::Operation,
            "AR_H_USER" => Self::User,
            "AR_H_CHANGE_SEQ" => Self::ChangeSequence,
            _ => return None,
        })
    }
}

/// What references are looked up in.
struct Scope<'a> {
    source: &'a Table,
    mapped: &'a TableName,
    column: Option<usize>,
}

impl Scope<'_> {
    fn input(&self, name: &str) -> Result<Input, Error> {
        if let Some(header) = Header::parse(name) {
            return Ok(Input::Header(header));
        }
        if let Some(text) = self.metadata(name) {
            return Ok(Input::Text(text));
        }
        match self.source.column_index(name) {
            Some(index) => Ok(Input::Column(index)),
            None => Err(self.missing(name)),
        }
    }

    fn metadata(&self, name: &str) -> Option<String> {
        let column = self.column.map(|index| &self.source.columns[index]);
        Some(match name {
            "AR_M_SOURCE_SCHEMA" => self.source.name.schema.clone(),
            "AR_M_SOURCE_TABLE_NAME" => self.source.name.name.clone(),
            "AR_M_SOURCE_COLUMN_NAME" => column.map(|c| c.name.clone()).unwrap_or_default(),
            "AR_M_SOURCE_COLUMN_DATATYPE" => column.map(|c| c.declared.clone()).unwrap_or_default(),
            "AR_M_MODIFIED_SCHEMA" => self.mapped.schema.clone(),
            "AR_M_MODIFIED_TABLE_NAME" => self.mapped.name.clone(),
            _ => return None,
        })
    }

    fn missing(&self, name: &str) -> Error {
        let error = Error::definite(
            Code::RuleNotApplicable,
            format!("the expression refers to column {name:?}, which does not exist"),
        )
        .with_object(&self.source.name);
        let alike = self.source.columns.iter();
        match alike
            .map(|c| &c.name)
            .find(|other| other.eq_ignore_ascii_case(name))
        {
            Some(alike) => error.with_hint(format!("case matters: write ${alike}")),
            None => error.with_hint("name a column of the source table after the $"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{Column, DataType};

    fn accepted(text: &str, references: &[&str]) {
        let expression = Expression::parse(text).unwrap();
        assert_eq!(expression.references(), references, "{text}");
    }

    fn refused(text: &str, reason: &str) {
        let error = Expression::parse(text).unwrap_err();
        assert_eq!(error.code(), Code::ExpressionFailed, "{text}");
        assert!(error.to_string().contains(reason), "{text}: {error}");
    }

    #[test]
    fn references_are_found_outside_of_literals() {
        accepted(
            "coalesce($first, '') || ' ' || upper($last)",
            &["first", "last"],
        );
        accepted("$a || '$b' || $a -- $c", &["a"]);
        accepted(
            "CASE WHEN $spend > 1000 THEN 'gold' ELSE 'base' END",
            &["spend"],
        );
        accepted("$größe", &["größe"]);
        accepted("operation_indicator('D','U','I')", &[]);
        accepted("strftime('%Y', $AR_H_TIMESTAMP)", &["AR_H_TIMESTAMP"]);
        accepted(
            "hash_sha256($a) LIKE 'A%' AND $b IN ('x', 'y')",
            &["a", "b"],
        );
    }

    #[test]
    fn anything_but_one_expression_is_refused() {
        refused("", "empty");
        refused("1; DROP TABLE x", "one expression");
        refused("1) UNION SELECT (2", "parenthes");
        refused("(SELECT 1)", "not allowed");
        refused("1, 2", "row value");
        refused("x", "no such column");
        refused("$a FROM sqlite_master", "syntax error");
        refused("load_extension('x')", "load_extension");
        refused("sqlite_version()", "sqlite_version");
        refused("?1", "$name");
        refused(":a", "$name");
        refused("1 /* open", "incomplete");
        refused("'open", "unrecognized");
        refused("no_such($a)", "no such function");
        refused(&format!("{}1{}", "abs(".repeat(500), ")".repeat(500)), "");
        refused(&"1+".repeat(40_000), "");
    }

    #[test]
    fn a_reference_to_nothing_names_what_was_meant() {
        let mut table = Table::new(TableName::new("shop", "client"));
        table.columns.push(Column::new(
            "Email",
            DataType::Text { bytes_max: None },
            "text",
        ));
        let expression = Expression::parse("lower($email)").unwrap();
        let error = expression.bind(&table, &table.name, None).unwrap_err();
        assert_eq!(error.code(), Code::RuleNotApplicable);
        assert_eq!(error.hint(), Some("case matters: write $Email"));
    }
}
