//! Evaluation: one [`Evaluator`] per worker, statements prepared once.

use std::sync::Arc;

use dbferry_core::{Code, Error};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use super::sandbox::{self, Guard, check_shape, refused};
use super::{Expression, Input};

/// Statements that stay prepared. More computed columns than this in one table would only be
/// slower.
const STATEMENTS_MAX: usize = 256;

/// A connection of one worker, in which expressions are evaluated.
pub(crate) struct Evaluator {
    connection: Connection,
    guard: Arc<Guard>,
}

impl std::fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evaluator")
    }
}

/// A value that goes into an expression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Parameter<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Text(&'a [u8]),
    Blob(&'a [u8]),
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(number),
            Self::Real(number) => ValueRef::Real(number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Evaluator {
    /// Opens the engine.
    pub(crate) fn new() -> Result<Self, Error> {
        let (connection, guard) = sandbox::open()?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self { connection, guard })
    }

    /// Checks an expression and finds its references.
    pub(crate) fn parse(&self, text: &str) -> Result<Expression, Error> {
        check_shape(text)?;
        self.guard.reset();
        let sql = sandbox::statement(text);
        let statement = self
            .connection
            .prepare(&sql)
            .map_err(|error| reason(&error))?;
        if statement.column_count() != 1 {
            return Err(refused("the expression must give one value"));
        }
        let references = (1..=statement.parameter_count())
            .map(|index| reference(statement.parameter_name(index)))
            .collect::<Result<_, _>>()?;
        Ok(Expression {
            text: text.to_owned(),
            references,
        })
    }

    /// Prepares an expression for many rows.
    pub(crate) fn prepare(&self, expression: &Expression) -> Result<Prepared<'_>, Error> {
        self.guard.reset();
        let statement = self
            .connection
            .prepare_cached(&expression.sql())
            .map_err(|error| reason(&error))?;
        Ok(Prepared {
            statement,
            guard: &self.guard,
        })
    }

    /// Evaluates an expression that looks at nothing but constant texts, to a text.
    ///
    /// # Errors
    /// `ExpressionFailed`, also for NULL, and when the value is not the same every time.
    pub(crate) fn constant(
        &self,
        expression: &Expression,
        inputs: &[Input],
    ) -> Result<String, Error> {
        let first = self.constant_once(expression, inputs)?;
        if self.constant_once(expression, inputs)? != first {
            return Err(refused("the expression gives another name every time"));
        }
        Ok(first)
    }

    fn constant_once(&self, expression: &Expression, inputs: &[Input]) -> Result<String, Error> {
        let mut prepared = self.prepare(expression)?;
        for (index, input) in inputs.iter().enumerate() {
            let Input::Text(text) = input else {
                return Err(refused(
                    "only the $AR_M_ names can be used in the name of an object",
                ));
            };
            prepared.bind(index, Parameter::Text(text.as_bytes()))?;
        }
        prepared.value(|value| match value {
            ValueRef::Text(text) if !text.is_empty() => {
                Ok(String::from_utf8_lossy(text).into_owned())
            }
            ValueRef::Integer(number) => Ok(number.to_string()),
            _ => Err(refused("the expression does not give a name")),
        })
    }
}

/// An expression that is ready for rows.
pub(crate) struct Prepared<'a> {
    statement: CachedStatement<'a>,
    guard: &'a Guard,
}

impl Prepared<'_> {
    /// Sets the parameter at `index`, counted from 0 as in [`Expression::references`].
    pub(crate) fn bind(&mut self, index: usize, parameter: Parameter<'_>) -> Result<(), Error> {
        self.statement
            .raw_bind_parameter(index + 1, parameter)
            .map_err(|error| reason(&error))
    }

    /// Evaluates, and hands the value over.
    pub(crate) fn value<T>(
        &mut self,
        take: impl FnOnce(ValueRef<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.guard.reset();
        let mut rows = self.statement.raw_query();
        let row = rows.next().map_err(|error| reason(&error))?;
        let row = row.ok_or_else(|| refused("the expression gives no value"))?;
        take(row.get_ref(0).map_err(|error| reason(&error))?)
    }
}

/// The name of a parameter without its `$`.
fn reference(name: Option<&str>) -> Result<String, Error> {
    match name.and_then(|name| name.strip_prefix('$')) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(refused(
            "a column is written $name; other parameters are not allowed",
        )),
    }
}

/// What SQLite says, without the statement, which may hold values.
fn reason(error: &rusqlite::Error) -> Error {
    let message = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqliteFailure(failure, None) => failure.to_string(),
        other => other.to_string(),
    };
    match message.as_str() {
        "not authorized" => refused("a subquery, table or statement is not allowed"),
        "interrupted" => refused("the expression takes too long"),
        _ => Error::definite(Code::ExpressionFailed, message),
    }
}
