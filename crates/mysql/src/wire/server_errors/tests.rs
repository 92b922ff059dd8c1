use super::*;

fn server(code: u16, sql_state: &str, message: &str) -> dbferry_core::Error {
    let (sql_state, message) = (sql_state.into(), message.into());
    Error::Server(ServerError {
        code,
        sql_state,
        message,
    })
    .into()
}

#[test]
fn numbers_are_sorted() {
    let check = |number, state: &str, text: &str, code, class| {
        let error = server(number, state, text);
        assert_eq!(
            (error.code(), error.class()),
            (code, class),
            "{number} {text}"
        );
    };
    use Class::{Definite, Transient};
    check(1045, "28000", "Access denied", Code::AccessDenied, Definite);
    check(
        1146,
        "42S02",
        "Table 'a.b' doesn't exist",
        Code::ObjectMissing,
        Definite,
    );
    check(
        1040,
        "08004",
        "Too many connections",
        Code::TooManyConnections,
        Transient,
    );
    check(
        1213,
        "40001",
        "Deadlock found",
        Code::LockConflict,
        Transient,
    );
    check(
        1927,
        "70100",
        "Connection was killed",
        Code::ConnectionLost,
        Transient,
    );
    check(
        1153,
        "08S01",
        "Got a packet bigger",
        Code::PacketTooLarge,
        Definite,
    );
    check(
        1030,
        "HY000",
        "Got error 28 \"No space left\"",
        Code::DiskFull,
        Definite,
    );
    check(
        1030,
        "HY000",
        "Got error 168 from engine",
        Code::ServerError,
        Definite,
    );
    check(
        1290,
        "HY000",
        "the --read-only option",
        Code::ServerError,
        Transient,
    );
    check(
        1290,
        "HY000",
        "the --secure-file-priv option",
        Code::ServerError,
        Definite,
    );
    check(
        3948,
        "42000",
        "Loading local data is disabled",
        Code::NotAvailable,
        Definite,
    );
    check(
        1064,
        "42000",
        "You have an error",
        Code::ServerError,
        Definite,
    );
    check(9999, "40001", "unheard of", Code::LockConflict, Transient);
    check(9999, "08S01", "unheard of", Code::ConnectionLost, Transient);
    check(9999, "HY000", "unheard of", Code::ServerError, Definite);
}

#[test]
fn messages_carry_number_and_state() {
    let text = server(1146, "42S02", "Table 'a.b' doesn't exist").to_string();
    assert_eq!(text, "server error 1146 (42S02): Table 'a.b' doesn't exist");
}

#[test]
fn row_values_are_cut_out_of_messages() {
    let check = |number, text: &str, expected: &str| {
        let message = server(number, "HY000", text).to_string();
        assert!(message.ends_with(&format!(": {expected}")), "{message}");
    };
    check(
        1062,
        "Duplicate entry 'o'hara' for key 't.k'",
        "Duplicate entry '…' for key 't.k'",
    );
    check(
        1366,
        "Incorrect integer value: 'abc' for column 'c' at row 1",
        "Incorrect integer value: '…' for column 'c' at row 1",
    );
    check(
        1525,
        "Incorrect DATE value: '2020-99-99'",
        "Incorrect DATE value: '…'",
    );
    check(
        1064,
        "near 'VALUES (1, 'x')' at line 1",
        "near '…' at line 1",
    );
    check(
        1146,
        "Table 'a.b' doesn't exist",
        "Table 'a.b' doesn't exist",
    );
}

#[test]
fn missing_privileges_are_named() {
    let check = |number, text: &str, hint: &str| {
        assert_eq!(server(number, "42000", text).hint(), Some(hint));
    };
    check(
        1142,
        "INSERT command denied to user 'u'@'h'",
        "grant INSERT to the account",
    );
    check(
        1227,
        "Access denied; you need (at least one of) the SUPER, BINLOG ADMIN privilege(s) for",
        "grant one of SUPER, BINLOG ADMIN to the account",
    );
    check(
        1044,
        "Access denied for user",
        "grant the account what this statement needs",
    );
}

#[test]
fn an_io_error_is_a_lost_connection_with_its_cause() {
    let error: dbferry_core::Error = Error::Io(std::io::Error::other("reset")).into();
    assert_eq!(
        (error.code(), error.is_transient()),
        (Code::ConnectionLost, true)
    );
    assert_eq!(error.report().causes, ["reset"]);
}
