//! Filters as conditions.
//!
//! Values are text, and the server compares them by the rules of the column. Numbers are written
//! as numbers where the column is numeric: compared with a string, MySQL would turn both sides
//! into doubles, in which large integers and decimals lose digits.

use dbferry_core::filter::{Comparison, Filter, FilterTerm};
use dbferry_core::{Code, DataType, Error, Table};

use crate::dialect;

/// Writes a filter as a condition; `None` when every row passes.
///
/// # Errors
/// `RuleNotApplicable` when the table has no column of a term's name.
pub fn condition(table: &Table, filter: &Filter) -> Result<Option<String>, Error> {
    let terms: Vec<String> = filter
        .terms
        .iter()
        .map(|item| term(table, item))
        .collect::<Result<_, _>>()?;
    Ok((!terms.is_empty()).then(|| terms.join(" AND ")))
}

fn term(table: &Table, term: &FilterTerm) -> Result<String, Error> {
    let Some(column) = table.column(&term.column) else {
        let message = format!(
            "there is no column '{}' to filter by",
            term.column.escape_debug()
        );
        return Err(Error::definite(Code::RuleNotApplicable, message).with_object(&table.name));
    };
    if term.any.is_empty() {
        return Ok("FALSE".to_owned());
    }
    let name = dialect::identifier(&column.name);
    let any: Vec<String> = term
        .any
        .iter()
        .map(|item| comparison(&name, &column.data_type, item))
        .collect();
    Ok(format!("({})", any.join(" OR ")))
}

fn comparison(name: &str, data_type: &DataType, comparison: &Comparison) -> String {
    let value = |text: &str| literal(data_type, text);
    match comparison {
        Comparison::Equal(text) => format!("{name} = {}", value(text)),
        Comparison::NotEqual(text) => format!("{name} <> {}", value(text)),
        Comparison::AtMost(text) => format!("{name} <= {}", value(text)),
        Comparison::AtLeast(text) => format!("{name} >= {}", value(text)),
        Comparison::Between(low, high) => {
            format!("{name} BETWEEN {} AND {}", value(low), value(high))
        }
        Comparison::NotBetween(low, high) => {
            format!("({name} < {} OR {name} > {})", value(low), value(high))
        }
        Comparison::IsNull => format!("{name} IS NULL"),
        Comparison::IsNotNull => format!("{name} IS NOT NULL"),
    }
}

fn literal(data_type: &DataType, text: &str) -> String {
    match data_type {
        DataType::Integer { .. }
        | DataType::Decimal { .. }
        | DataType::Float { .. }
        | DataType::Bit { .. }
        | DataType::Boolean
            if is_number(text.trim()) =>
        {
            text.trim().to_owned()
        }
        _ => dialect::string(text),
    }
}

/// Whether the text is a numeric literal of SQL.
fn is_number(text: &str) -> bool {
    let known = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    known && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{Column, ObjectName};

    fn sql(comparison: Comparison) -> String {
        let mut table = Table::new(ObjectName::new("d", "t"));
        table.columns = vec![
            Column::new(
                "n",
                DataType::Integer {
                    bits: 64,
                    signed: true,
                },
                "bigint",
            ),
            Column::new("s`", DataType::VarChar { length: Some(9) }, "varchar(9)"),
        ];
        let term = |column: &str| FilterTerm {
            column: column.into(),
            any: vec![comparison.clone(), Comparison::IsNull],
        };
        let filter = Filter {
            terms: vec![term("n"), term("s`")],
        };
        condition(&table, &filter).unwrap().unwrap()
    }

    #[test]
    fn comparisons_become_conditions() {
        assert_eq!(
            sql(Comparison::Between("1".into(), "-2e3".into())),
            "(`n` BETWEEN 1 AND -2e3 OR `n` IS NULL) AND \
             (`s``` BETWEEN '1' AND '-2e3' OR `s``` IS NULL)"
        );
        assert_eq!(
            sql(Comparison::NotEqual("1 OR 'a' = '\\".into())),
            "(`n` <> '1 OR ''a'' = ''\\\\' OR `n` IS NULL) AND \
             (`s``` <> '1 OR ''a'' = ''\\\\' OR `s``` IS NULL)"
        );
    }

    #[test]
    fn unknown_columns_are_refused() {
        let filter = Filter {
            terms: vec![FilterTerm {
                column: "x".into(),
                any: vec![Comparison::IsNull],
            }],
        };
        let table = Table::new(ObjectName::new("d", "t"));
        assert_eq!(
            condition(&table, &filter).unwrap_err().code(),
            Code::RuleNotApplicable
        );
        assert_eq!(condition(&table, &Filter::default()).unwrap(), None);
    }
}
