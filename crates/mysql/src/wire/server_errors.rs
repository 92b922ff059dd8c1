//! What the errors of a connection mean to a person and to the engine.
//!
//! One table sorts the server's error numbers; numbers it does not know are sorted by SQLSTATE, and
//! what remains is a definite `ServerError`. The message always carries number and SQLSTATE. The
//! server quotes row values in some messages; those are cut out, because messages end up in logs.
//!
//! Choices that are not obvious:
//!
//! * **Disk full is definite.** Nothing that happens within a back-off frees space, and a retry
//!   would repeat hours of work to fail at the same place. The operator frees space and resumes.
//! * **Read-only is transient.** Right after a failover the old writer still answers under the
//!   name of the new one. If the server is read-only by configuration, the retries end.
//! * **Too many connections is transient**, for the limits of an account too: others disconnect.
//!
//! Numbers from `messages_to_clients.txt` of MySQL 9 and `sql/share/errmsg-utf8.txt` of MariaDB
//! 10.11 to 11; where the two differ above 3000, MariaDB's are those from 4000 on.

use dbferry_core::{Class, Code};

use super::error::{Error, ServerError};

struct Meaning {
    code: Code,
    class: Class,
    hint: Option<String>,
}

impl Meaning {
    fn definite(code: Code) -> Self {
        Self {
            code,
            class: Class::Definite,
            hint: None,
        }
    }

    fn transient(code: Code) -> Self {
        Self {
            code,
            class: Class::Transient,
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

const ACCESS_HINT: &str = "check user and password, the host that the account is for, and whether \
    the account requires TLS or a client certificate";
const PACKET_HINT: &str = "raise max_allowed_packet on the server";
const DISK_HINT: &str = "free space on the server, or remove the quota, then resume the task";
const LIMIT_HINT: &str = "raise max_connections or the limit of the account, or lower the number \
    of workers";
const LOCAL_INFILE_HINT: &str = "SET GLOBAL local_infile = ON on the server";
const LOCK_HINT: &str = "another session holds locks on these rows or tables";
const READ_ONLY_HINT: &str = "the server is a replica or read-only: use the address of the writer";
const PASSWORD_HINT: &str = "set a new password for the account, or unlock it";

/// What an error number means. `None` is left to the SQLSTATE.
fn by_number(error: &ServerError) -> Option<Meaning> {
    let text = error.message.as_str();
    Some(match error.code {
        // The account and the connection.
        1045 | 1698 | 1130 => Meaning::definite(Code::AccessDenied).hint(ACCESS_HINT),
        1129 => Meaning::definite(Code::AccessDenied).hint("run FLUSH HOSTS on the server"),
        1820 | 1862 | 3118 | 3955 | 4151 => {
            Meaning::definite(Code::AccessDenied).hint(PASSWORD_HINT)
        }
        1251 | 1524 | 2059 => Meaning::definite(Code::AuthenticationUnsupported),
        3159 => Meaning::definite(Code::TlsFailed)
            .hint("the server requires TLS: set TLS mode 'required' or stricter"),
        1040 | 1203 | 1226 | 1637 => Meaning::transient(Code::TooManyConnections).hint(LIMIT_HINT),
        1043 => Meaning::definite(Code::ProtocolViolation),
        1053
        | 1077
        | 1079
        | 1080
        | 1152
        | 1154..=1161
        | 1184
        | 1927
        | 2006
        | 2013
        | 3168
        | 3169
        | 4031 => Meaning::transient(Code::ConnectionLost),

        // Privileges and objects.
        1044 | 1095 | 1142 | 1143 | 1227 | 1370 | 1419 | 1873 | 3530 => {
            Meaning::definite(Code::PrivilegeMissing).hint(privilege_hint(error))
        }
        1049 | 1051 | 1054 | 1072 | 1091 | 1109 | 1146 | 1176 | 1305 | 1356 | 1360 | 1449
        | 1539 | 1735 | 1932 | 4091 => Meaning::definite(Code::ObjectMissing),
        1007 | 1050 | 1304 | 1359 | 1537 => Meaning::definite(Code::TargetNotEmpty),
        1005
        | 1025
        | 1059..=1061
        | 1063
        | 1067..=1071
        | 1073..=1075
        | 1089
        | 1101
        | 1103
        | 1115
        | 1117..=1118
        | 1121
        | 1163..=1164
        | 1167
        | 1170
        | 1171
        | 1215
        | 1253
        | 1273
        | 1283
        | 1286
        | 1293..=1294
        | 1481..=1523
        | 1527..=1528
        | 1553
        | 1821..=1832
        | 1846
        | 1901
        | 1911
        | 3106..=3109
        | 3152
        | 3750
        | 3756..=3758
        | 3770..=3780 => Meaning::definite(Code::DefinitionRefused),
        1412 => Meaning::transient(Code::DefinitionChanged),

        // Rows.
        1022 | 1062 | 1169 | 1586 | 1761 | 1762 | 1859 => Meaning::definite(Code::DuplicateKey),
        1048
        | 1138
        | 1263..=1265
        | 1292
        | 1300
        | 1364
        | 1366
        | 1367
        | 1406
        | 1411
        | 1416
        | 1441
        | 1525..=1526
        | 1690
        | 1977
        | 3032
        | 3140..=3147
        | 3617
        | 3819
        | 3854
        | 3903..=3904
        | 4025
        | 4078 => Meaning::definite(Code::ValueRefused),
        1153 | 1301 | 1162 | 3068 => Meaning::definite(Code::PacketTooLarge).hint(PACKET_HINT),
        1021 | 1114 | 3675 => Meaning::definite(Code::DiskFull).hint(DISK_HINT),
        _ if is_disk_full(error) => Meaning::definite(Code::DiskFull).hint(DISK_HINT),
        1020 | 1205..=1206 | 1213 | 1479 | 1613..=1614 | 3058 | 3101 | 3132 | 3572 => {
            Meaning::transient(Code::LockConflict).hint(LOCK_HINT)
        }

        // Limits and modes.
        1317 | 1969 | 3024 => Meaning::transient(Code::TimedOut),
        1290 | 1836 if is_read_only(text) => {
            Meaning::transient(Code::ServerError).hint(READ_ONLY_HINT)
        }
        1041 | 1615 => Meaning::transient(Code::ServerError),
        1148 | 3948 | 4166 => Meaning::definite(Code::NotAvailable).hint(LOCAL_INFILE_HINT),
        1216 | 1217 | 1451 | 1452 => Meaning::definite(Code::ServerError)
            .hint("a foreign key is violated: the rows it needs or leaves are not there"),
        1236 => Meaning::definite(Code::ServerError)
            .hint("the server no longer has this part of its binary log: start with a full load"),
        _ => return None,
    })
}

fn by_state(state: &str) -> Meaning {
    match state {
        "40001" | "HYT00" => Meaning::transient(Code::LockConflict).hint(LOCK_HINT),
        "28000" => Meaning::definite(Code::AccessDenied).hint(ACCESS_HINT),
        _ if state.starts_with("08") => Meaning::transient(Code::ConnectionLost),
        _ if state.starts_with("22") => Meaning::definite(Code::ValueRefused),
        _ => Meaning::definite(Code::ServerError),
    }
}

/// Storage engines and temporary files report the operating system's `ENOSPC` (28) or `EDQUOT`
/// (122) inside of general errors: 1030 "Got error 28", 1026 and 3 "Error writing file", 1019.
fn is_disk_full(error: &ServerError) -> bool {
    let general = matches!(
        error.code,
        3 | 1019 | 1023 | 1026 | 1030 | 1098 | 1105 | 1878 | 3019
    );
    let text = error.message.as_str();
    general
        && [
            "error 28 ",
            "error: 28",
            "rrcode: 28",
            "rrcode 28",
            "errno: 28",
            "errno: 122",
        ]
        .iter()
        .chain(&["No space left", "quota exceeded", "Disk full", "error 122 "])
        .any(|mark| text.contains(mark))
}

/// 1290 also means `--secure-file-priv` and other options, which do not go away.
fn is_read_only(text: &str) -> bool {
    text.contains("read-only") || text.contains("read_only") || text.contains("read only")
}

/// Names the privilege as the server does: `SELECT command denied to user`, `you need (at least
/// one of) the SUPER privilege(s)`, `Access denied for user 'u'@'h' to database 'd'`.
fn privilege_hint(error: &ServerError) -> String {
    let text = error.message.as_str();
    let denied = text
        .split_once(" command denied")
        .map(|(privilege, _)| privilege);
    let needed = text
        .split_once("at least one of) the ")
        .and_then(|(_, rest)| rest.split_once(" privilege"))
        .map(|(privileges, _)| privileges);
    match (denied, needed) {
        (Some(privilege), _) if privilege.len() < 40 => format!("grant {privilege} to the account"),
        (_, Some(privileges)) => format!("grant one of {privileges} to the account"),
        _ => "grant the account what this statement needs".into(),
    }
}

/// The server's text without the row values that it quotes in some messages.
///
/// | number | text |
/// |---|---|
/// | 1062, 1586, 1761, 1762, 1859 | Duplicate entry 'VALUE' for key 'k' |
/// | 1292, 1366, 1411, 1525 | Incorrect … value: 'VALUE' for column … |
/// | 1300, 1367 | Invalid … string: 'VALUE'; Illegal … 'VALUE' value found during parsing |
/// | 1064 | … near 'STATEMENT' at line 1 |
fn without_values(error: &ServerError) -> String {
    let ends: &[&str] = match error.code {
        1062 | 1586 | 1761 | 1762 | 1859 => &["' for key", "' can lead"],
        1292 | 1366 | 1411 => &["' for column", "' for function"],
        1525 => &[],
        1300 => &[],
        1367 => &["' value found"],
        1064 => &["' at line"],
        _ => return error.message.clone(),
    };
    let text = error.message.as_str();
    let Some(start) = text.find('\'') else {
        return text.to_owned();
    };
    let end = ends
        .iter()
        .filter_map(|end| text.rfind(end))
        .max()
        .filter(|&end| end > start);
    let tail = end.map_or("'", |end| &text[end..]);
    format!("{}…{tail}", &text[..=start])
}

fn from_server(error: &ServerError) -> dbferry_core::Error {
    let meaning = by_number(error).unwrap_or_else(|| by_state(&error.sql_state));
    let message = format!(
        "server error {} ({}): {}",
        error.code,
        error.sql_state,
        without_values(error)
    );
    build(meaning, message)
}

fn build(meaning: Meaning, message: String) -> dbferry_core::Error {
    let error = match meaning.class {
        Class::Definite => dbferry_core::Error::definite(meaning.code, message),
        Class::Transient => dbferry_core::Error::transient(meaning.code, message),
    };
    match meaning.hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

/// What an error means that did not come from the server.
fn meaning(error: &Error) -> Meaning {
    match error {
        Error::Server(error) => by_number(error).unwrap_or_else(|| by_state(&error.sql_state)),
        Error::Connect { .. } => Meaning::transient(Code::ConnectFailed)
            .hint("check address and port, that the server runs, and what stands between"),
        Error::Io(_) | Error::Disconnected | Error::Closed => {
            Meaning::transient(Code::ConnectionLost)
        }
        Error::Timeout { .. } => Meaning::transient(Code::TimedOut),
        Error::Tls { .. } => Meaning::definite(Code::TlsFailed)
            .hint("check TLS mode, CA file, server name and client certificate"),
        Error::TlsNotOffered => Meaning::definite(Code::TlsFailed)
            .hint("enable TLS on the server, or choose TLS mode 'preferred' or 'disabled'"),
        Error::Protocol { .. } | Error::LocalInfileRefused => {
            Meaning::definite(Code::ProtocolViolation)
        }
        Error::AuthPluginUnsupported { .. } => Meaning::definite(Code::AuthenticationUnsupported)
            .hint("give the account caching_sha2_password, mysql_native_password or ed25519"),
        Error::CleartextRefused => Meaning::definite(Code::AuthenticationUnsupported)
            .hint("permit the clear-text password, and use TLS or a Unix socket"),
        Error::RowTooLarge { .. } | Error::ResultTooLarge { .. } => {
            Meaning::definite(Code::RowTooLarge)
        }
        Error::Busy { .. } | Error::ColumnsDiffer { .. } | Error::Value { .. } => {
            Meaning::definite(Code::Internal)
        }
    }
}

impl From<Error> for dbferry_core::Error {
    fn from(error: Error) -> Self {
        match &error {
            Error::Server(server) => from_server(server),
            other => build(meaning(other), other.to_string()).with_cause_of(error),
        }
    }
}

/// Keeps the cause of an error without repeating the error itself.
trait WithCause {
    fn with_cause_of(self, error: Error) -> Self;
}

impl WithCause for dbferry_core::Error {
    fn with_cause_of(self, error: Error) -> Self {
        match error {
            Error::Connect { source, .. } | Error::Io(source) => self.with_source(source),
            Error::Tls {
                source: Some(source),
                ..
            } => self.with_source(source),
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests;
