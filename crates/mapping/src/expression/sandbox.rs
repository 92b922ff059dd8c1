//! The connection that expressions are evaluated in, and all that it forbids.
//!
//! Three fences, each enough for most mischief: the text is wrapped in parentheses of a `SELECT`
//! and must not leave them; the authorizer lets nothing pass but one `SELECT` and functions from
//! a list; limits bound what remains.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dbferry_core::{Code, Error};
use rusqlite::functions::FunctionFlags;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::transform::sha256_hex;

/// The longest value that an expression may handle, in bytes. Rows of one worker are held in
/// memory a few times over.
const VALUE_BYTES_MAX: i32 = 256 << 20;

/// The longest expression, in bytes.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The deepest nesting.
const DEPTH_MAX: i32 = 200;

/// Steps of SQLite's machine between two looks at the clock below.
const STEPS_PER_TICK: i32 = 10_000;

/// Ticks after which one evaluation is given up: many thousand times what an expression without
/// loops can need.
const TICKS_MAX: u32 = 100;

/// The functions that expressions may call, operators that SQLite treats as functions included.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "date",
    "datetime",
    "floor",
    "format",
    "glob",
    "hash_sha256",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json_array_length",
    "json_extract",
    "json_quote",
    "json_type",
    "json_valid",
    "julianday",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nullif",
    "octet_length",
    "operation_indicator",
    "pow",
    "power",
    "printf",
    "quote",
    "random",
    "randomblob",
    "replace",
    "round",
    "rtrim",
    "sign",
    "sqrt",
    "strftime",
    "substr",
    "substring",
    "time",
    "timediff",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "upper",
    "zeroblob",
];

/// What watches over one connection.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// `SELECT`s seen in the statement that is being prepared.
    selects: AtomicU32,
    /// Ticks of the evaluation under way.
    ticks: AtomicU32,
}

impl Guard {
    /// Forgets the last statement.
    pub(super) fn reset(&self) {
        self.selects.store(0, Ordering::Relaxed);
        self.ticks.store(0, Ordering::Relaxed);
    }

    fn authorize(&self, context: AuthContext<'_>) -> Authorization {
        let allowed = match context.action {
            AuthAction::Select => self.selects.fetch_add(1, Ordering::Relaxed) == 0,
            AuthAction::Function { function_name } => FUNCTIONS
                .iter()
                .any(|name| name.eq_ignore_ascii_case(function_name)),
            _ => false,
        };
        match allowed {
            true => Authorization::Allow,
            false => Authorization::Deny,
        }
    }

    /// Whether to give up.
    fn tick(&self) -> bool {
        self.ticks.fetch_add(1, Ordering::Relaxed) >= TICKS_MAX
    }
}

/// Opens a connection that can evaluate expressions and nothing else.
pub(super) fn open() -> Result<(Connection, Arc<Guard>), Error> {
    prepare_connection().map_err(|error| {
        Error::definite(Code::Internal, "the expression engine does not start").with_source(error)
    })
}

fn prepare_connection() -> rusqlite::Result<(Connection, Arc<Guard>)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_MEMORY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_in_memory_with_flags(flags)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, DEPTH_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_limit(Limit::SQLITE_LIMIT_COMPOUND_SELECT, 1)?;
    add_functions(&connection)?;
    let guard = Arc::new(Guard::default());
    let clock = Arc::clone(&guard);
    connection.progress_handler(STEPS_PER_TICK, Some(move || clock.tick()))?;
    let gate = Arc::clone(&guard);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        gate.authorize(context)
    }))?;
    Ok((connection, guard))
}

fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("hash_sha256", 1, flags, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(sha256_hex(number.to_string().as_bytes())),
            ValueRef::Real(number) => Some(sha256_hex(number.to_string().as_bytes())),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(sha256_hex(bytes)),
        })
    })?;
    // Deleted, updated, inserted: the full load inserts.
    connection.create_scalar_function("operation_indicator", 3, flags, |context| {
        context.get::<rusqlite::types::Value>(2)
    })
}

/// The statement that evaluates an expression. The line break ends a comment.
pub(super) fn statement(expression: &str) -> String {
    format!("SELECT (\n{expression}\n)")
}

/// Refuses what would leave the parentheses of [`statement`].
pub(super) fn check_shape(expression: &str) -> Result<(), Error> {
    if expression.trim().is_empty() {
        return Err(refused("the expression is empty"));
    }
    if expression.len() > TEXT_BYTES_MAX {
        return Err(refused(format!(
            "the expression is longer than {TEXT_BYTES_MAX} bytes"
        )));
    }
    let mut depth = 0_i32;
    for token in crate::rewrite::tokens(expression, &crate::rewrite::Dialect::standard()) {
        match token.text(expression) {
            ";" => return Err(refused("only one expression is allowed, and no \";\"")),
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => continue,
        }
        if depth < 0 {
            return Err(refused("a parenthesis is closed that was not opened"));
        }
    }
    Ok(())
}

/// An expression that may not be evaluated.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::definite(Code::ExpressionFailed, message)
}
