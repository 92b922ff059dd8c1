//! What SQLite's errors mean to a person and to the engine.
//!
//! One table, [`explain`], decides code, class and hint. Callers add the object.

use dbferry_core::{Code, Error};
use rusqlite::ErrorCode;
use rusqlite::ffi;

use crate::codec::Unfit;

/// Turns an error of SQLite into ours.
pub(crate) fn explain(error: rusqlite::Error) -> Error {
    let (code, extended) = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => (failure.code, failure.extended_code),
        rusqlite::Error::SqlInputError { error, .. } => (error.code, error.extended_code),
        _ => {
            let message = "SQLite could not be asked";
            return Error::definite(Code::ServerError, message).with_source(error);
        }
    };
    if let Some(explained) = known(code, extended) {
        return explained.with_source(error);
    }
    let text = error.to_string();
    if text.starts_with("no such table") {
        let message = "the table does not exist";
        return Error::definite(Code::ObjectMissing, message).with_source(error);
    }
    Error::definite(Code::ServerError, "SQLite reported an error").with_source(error)
}

/// The meaning of a result code; `None` when only SQLite's own text tells more.
fn known(code: ErrorCode, extended: i32) -> Option<Error> {
    Some(match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Error::transient(
            Code::LockConflict,
            "the file is locked by another connection",
        )
        .with_hint("end the other program's transaction, or give a longer busy-timeout"),
        ErrorCode::FileLockingProtocolFailed => {
            Error::transient(Code::LockConflict, "the locks of the file are in dispute")
        }
        ErrorCode::DiskFull => Error::definite(Code::DiskFull, "the disk or the file is full")
            .with_hint("make room, or raise max_page_count, then resume"),
        ErrorCode::NotADatabase => unusable("the file is not a SQLite database")
            .with_hint("check the path; an encrypted database cannot be read"),
        ErrorCode::DatabaseCorrupt => unusable("the database file is damaged")
            .with_hint("run PRAGMA integrity_check, and .recover in the sqlite3 shell"),
        ErrorCode::CannotOpen => unusable("the file cannot be opened").with_hint(
            "check that it exists and may be read; a file in WAL mode also needs a writable \
             directory, or immutable=yes when nobody writes to it",
        ),
        ErrorCode::ReadOnly
            if matches!(
                extended,
                ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY
            ) =>
        {
            unusable("the file holds an unfinished transaction of a program that crashed")
                .with_hint("open it once with that program, or with the sqlite3 shell")
        }
        ErrorCode::ReadOnly => unusable("the file cannot be written")
            .with_hint("check the permissions of the file and of its directory"),
        ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            Error::definite(Code::PrivilegeMissing, "the file does not allow this")
        }
        ErrorCode::SystemIoFailure => unusable("the file cannot be read or written")
            .with_hint("check the disk and the file system"),
        ErrorCode::SchemaChanged => {
            Error::definite(Code::DefinitionChanged, "the schema changed meanwhile")
        }
        ErrorCode::OperationInterrupted => Error::definite(Code::Stopped, "the work was stopped"),
        ErrorCode::TooBig => Error::definite(
            Code::RowTooLarge,
            "a value or row is larger than SQLite allows (1,000,000,000 bytes)",
        ),
        ErrorCode::ConstraintViolation => constraint(extended),
        ErrorCode::TypeMismatch => Error::definite(
            Code::ValueRefused,
            "a value does not fit: the primary key of this table must be an integer",
        ),
        _ => return None,
    })
}

fn unusable(message: &str) -> Error {
    Error::definite(Code::FileUnavailable, message)
}

fn constraint(extended: i32) -> Error {
    let (code, message) = match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE
        | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
        | ffi::SQLITE_CONSTRAINT_ROWID => (Code::DuplicateKey, "another row has the same key"),
        ffi::SQLITE_CONSTRAINT_NOTNULL => (Code::ValueRefused, "NULL where it is not allowed"),
        ffi::SQLITE_CONSTRAINT_CHECK => (Code::ValueRefused, "a check constraint does not hold"),
        ffi::SQLITE_CONSTRAINT_DATATYPE => (
            Code::ValueRefused,
            "a value does not fit its strictly typed column",
        ),
        _ => (Code::ValueRefused, "a constraint does not hold"),
    };
    Error::definite(code, message)
}

/// The error for a value that cannot be carried, in a column of a row.
pub(crate) fn unfit(
    reason: Unfit,
    table: &impl std::fmt::Display,
    column: &str,
    row: &str,
) -> Error {
    Error::definite(
        Code::ValueUnrepresentable,
        format!("the value of column {column:?} in {row} {}", reason.0),
    )
    .with_object(format!("table {table}"))
    .with_hint("change the value, map the column to another type, or leave the column out")
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::Class;
    use rusqlite::Connection;

    fn check(setup: &str, statement: &str, code: Code) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(setup).unwrap();
        let error = explain(connection.execute_batch(statement).unwrap_err());
        assert_eq!((error.code(), error.class()), (code, Class::Definite));
        assert!(std::error::Error::source(&error).is_some());
    }

    #[test]
    fn errors_get_the_code_that_says_what_to_do() {
        let table = "CREATE TABLE t (a PRIMARY KEY, b NOT NULL DEFAULT 1 CHECK (b > 0))";
        let full = "PRAGMA max_page_count = 3; CREATE TABLE t (a)";
        check(
            full,
            "INSERT INTO t VALUES (zeroblob(100000))",
            Code::DiskFull,
        );
        check(
            table,
            "INSERT INTO t (a) VALUES (1), (1)",
            Code::DuplicateKey,
        );
        check(table, "INSERT INTO t VALUES (1, NULL)", Code::ValueRefused);
        check(table, "INSERT INTO t VALUES (1, 0)", Code::ValueRefused);
        check(
            table,
            "INSERT INTO t VALUES (zeroblob(2000000000), 1)",
            Code::RowTooLarge,
        );
        check("", "SELECT * FROM t", Code::ObjectMissing);
        check("", "SELEKT", Code::ServerError);
        let strict = "CREATE TABLE t (a INT) STRICT";
        check(strict, "INSERT INTO t VALUES ('x')", Code::ValueRefused);
        let rowid = "CREATE TABLE t (a INTEGER PRIMARY KEY)";
        check(rowid, "INSERT INTO t VALUES ('x')", Code::ValueRefused);
    }
}
