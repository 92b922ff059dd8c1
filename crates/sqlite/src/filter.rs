//! Filters as conditions of a statement.
//!
//! Values are bound, never written into the statement. A value comes as text and takes part in
//! the comparison by the column's affinity, as SQLite does it: `'5'` equals 5 in an `INTEGER`
//! column. A column without affinity compares nothing by value across storage classes, so there
//! the value becomes a number when it looks like one and the column has no declared type, and a
//! blob when the column is one.

use dbferry_core::filter::{Comparison, Filter, FilterTerm};
use dbferry_core::{Code, Column, Error, Table};

use crate::codec::OwnedValue as Value;
use crate::codec::shape::looks_numeric;
use crate::datatypes::{Affinity, affinity};
use crate::dialect::quote;
use crate::dialect::structure::{STRICT, column_index};

/// Conditions, joined by `AND`, and the values for their parameters, which count on from
/// `values.len()`.
///
/// # Errors
/// `RuleNotApplicable` for a column that the table does not have.
pub(crate) fn conditions(
    table: &Table,
    filter: &Filter,
    values: &mut Vec<Value>,
) -> Result<Vec<String>, Error> {
    filter
        .terms
        .iter()
        .map(|term| condition(table, term, values))
        .collect()
}

fn condition(table: &Table, term: &FilterTerm, values: &mut Vec<Value>) -> Result<String, Error> {
    let column = column_index(table, &term.column).map(|index| &table.columns[index]);
    let column = column.ok_or_else(|| {
        let message = format!(
            "the filter names a column {:?} that does not exist",
            term.column
        );
        Error::definite(Code::RuleNotApplicable, message)
            .with_object(format!("table {}", table.name))
    })?;
    let strict = table.option(STRICT).is_some();
    let any: Vec<String> = term
        .any
        .iter()
        .map(|comparison| compare(column, strict, comparison, values))
        .collect();
    // No comparison at all lets nothing pass.
    Ok(match any.is_empty() {
        true => "FALSE".to_owned(),
        false => format!("({})", any.join(" OR ")),
    })
}

fn compare(
    column: &Column,
    strict: bool,
    comparison: &Comparison,
    values: &mut Vec<Value>,
) -> String {
    let name = quote(&column.name);
    let mut bind = |text: &str| {
        values.push(value_for(column, strict, text));
        format!("?{}", values.len())
    };
    match comparison {
        Comparison::Equal(value) => format!("{name} = {}", bind(value)),
        Comparison::NotEqual(value) => format!("{name} <> {}", bind(value)),
        Comparison::AtMost(value) => format!("{name} <= {}", bind(value)),
        Comparison::AtLeast(value) => format!("{name} >= {}", bind(value)),
        Comparison::Between(low, high) => {
            format!("{name} BETWEEN {} AND {}", bind(low), bind(high))
        }
        Comparison::NotBetween(low, high) => {
            format!("{name} NOT BETWEEN {} AND {}", bind(low), bind(high))
        }
        Comparison::IsNull => format!("{name} IS NULL"),
        Comparison::IsNotNull => format!("{name} IS NOT NULL"),
    }
}

fn value_for(column: &Column, strict: bool, text: &str) -> Value {
    let none = affinity(&column.declared, strict) == Affinity::Blob;
    let untyped = column.declared.is_empty() || column.declared.eq_ignore_ascii_case("ANY");
    match none {
        true if untyped && looks_numeric(text.as_bytes()) => number(text),
        true if !untyped => Value::Blob(text.as_bytes().to_vec()),
        _ => Value::Text(text.as_bytes().to_vec()),
    }
}

fn number(text: &str) -> Value {
    let text = text.trim();
    match text.parse() {
        Ok(integer) => Value::Integer(integer),
        Err(_) => text
            .parse()
            .map_or_else(|_| Value::Text(text.as_bytes().to_vec()), Value::Real),
    }
}
