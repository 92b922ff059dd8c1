//! Views, routines, triggers, events, sequences and accounts of this family.

use dbferry_core::{ObjectKind, StoredObject};

use super::collation::counterpart;
use super::expressions::with_collations;
use super::notes::Notes;
use crate::config::DefinerPolicy;
use crate::server::{Flavour, Server};
use crate::tokens::{Quoting, tokens};

pub(super) fn translate(
    object: &mut StoredObject,
    server: &Server,
    definer: DefinerPolicy,
    notes: &mut Notes,
) {
    if object.kind == ObjectKind::Account {
        return check_account(object, server, notes);
    }
    if !server.is_mariadb() && !translate_to_mysql(object, notes) {
        return;
    }
    translate_settings(object, server, notes);
    let quoting = Quoting::of_sql_mode(setting(object, "sql_mode"));
    for statement in &mut object.statements {
        *statement = with_collations(statement, quoting, server);
    }
    translate_definer(object, server, definer, notes);
    check_binary_log(object, server, quoting, notes);
}

/// The products write the hash of a password in different ways, and MariaDB's roles have no host.
fn check_account(object: &StoredObject, server: &Server, notes: &mut Notes) {
    let words: &[&str] = match server.flavour {
        Flavour::MariaDb => &["IDENTIFIED WITH ", "DEFAULT ROLE "],
        Flavour::MySql => &["IDENTIFIED VIA ", "IDENTIFIED BY PASSWORD ", "CREATE ROLE "],
    };
    let creates = object
        .statements
        .first()
        .filter(|text| text.starts_with("CREATE"));
    if creates.is_some_and(|text| words.iter().any(|word| text.contains(word))) {
        notes.error(
            "mysql-account-other-product",
            "the target is another product, which cannot take over the account's password",
        );
        notes.fixed_by("create the account on the target by hand, with a new password");
    }
}

/// The value of a setting; empty where the object has none.
fn setting<'a>(object: &'a StoredObject, name: &str) -> &'a str {
    object
        .settings
        .iter()
        .find(|(other, _)| other == name)
        .map_or("", |(_, value)| value)
}

/// What MySQL lacks altogether.
fn translate_to_mysql(object: &StoredObject, notes: &mut Notes) -> bool {
    match object.kind {
        ObjectKind::Sequence => {
            notes.error("mysql-sequence", "the target has no sequences");
            false
        }
        ObjectKind::Package => {
            notes.error("mysql-package", "the target has no packages");
            false
        }
        _ if setting(object, "sql_mode")
            .split(',')
            .any(|mode| mode == "ORACLE") =>
        {
            let message = "it is written in Oracle's dialect, which the target does not read";
            notes.error("mysql-oracle-mode", message);
            false
        }
        _ => true,
    }
}

/// Modes that only MariaDB has and that change nothing here.
const MARIADB_IDLE_MODES: &[&str] = &["NO_AUTO_CREATE_USER", "IGNORE_BAD_TABLE_OPTIONS"];

/// Modes of MySQL 8 and later, and of both.
const COMMON_MODES: &[&str] = &[
    "ALLOW_INVALID_DATES",
    "ANSI",
    "ANSI_QUOTES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "HIGH_NOT_PRECEDENCE",
    "IGNORE_SPACE",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_BACKSLASH_ESCAPES",
    "NO_DIR_IN_CREATE",
    "NO_ENGINE_SUBSTITUTION",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "PAD_CHAR_TO_FULL_LENGTH",
    "PIPES_AS_CONCAT",
    "REAL_AS_FLOAT",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TRADITIONAL",
];

fn translate_settings(object: &mut StoredObject, server: &Server, notes: &mut Notes) {
    for (name, value) in &mut object.settings {
        match name.as_str() {
            "collation_connection" => {
                if let Some(other) = counterpart(value, server) {
                    *value = other.name(value).to_owned();
                }
            }
            "sql_mode" => *value = translate_mode(value, server, notes),
            _ => {}
        }
    }
}

fn translate_mode(modes: &str, server: &Server, notes: &mut Notes) -> String {
    let kept: Vec<&str> = modes
        .split(',')
        .filter(|mode| {
            let common = mode.is_empty() || COMMON_MODES.contains(mode);
            let known = match server.flavour {
                Flavour::MariaDb => *mode != "TIME_TRUNCATE_FRACTIONAL",
                Flavour::MySql => *mode == "TIME_TRUNCATE_FRACTIONAL",
            };
            if !common && !known && !MARIADB_IDLE_MODES.contains(mode) {
                let message = format!("the target has no mode {mode}; the object runs without it");
                notes.warning("mysql-mode-dropped", message);
            }
            common || known
        })
        .collect();
    kept.join(",")
}

fn translate_definer(
    object: &mut StoredObject,
    server: &Server,
    policy: DefinerPolicy,
    notes: &mut Notes,
) {
    let Some(definer) = object
        .definer
        .clone()
        .filter(|definer| *definer != server.account)
    else {
        return;
    };
    let replaced = |why: &str| format!("it runs as {} instead of {definer}: {why}", server.account);
    if policy == DefinerPolicy::Current {
        notes.info("mysql-definer-replaced", replaced("so asked for"));
        object.definer = None;
    } else if !server.may_set_definer() {
        let why = "the target's account may not name another";
        notes.warning("mysql-definer-replaced", replaced(why));
        let privilege = match server.flavour {
            Flavour::MariaDb => "SET USER",
            Flavour::MySql => "SET_ANY_DEFINER (before 8.2: SET_USER_ID)",
        };
        notes.fixed_by(format!("grant {privilege} on the target"));
        object.definer = None;
    } else if server
        .accounts
        .as_ref()
        .is_some_and(|all| !all.contains(&definer))
    {
        notes.warning("mysql-definer-missing", format!(
            "its account {definer} does not exist on the target now; unless it does by then, the \
             object cannot be used"
        ));
        notes.fixed_by("migrate the accounts too, or choose definer=current for the target");
    }
}

/// With the binary log on, MySQL lets only the privileged create what may change data in ways
/// that the log cannot repeat, unless the server trusts everybody.
fn check_binary_log(object: &StoredObject, server: &Server, quoting: Quoting, notes: &mut Notes) {
    let fix = "SET GLOBAL log_bin_trust_function_creators = ON, or in the parameter group";
    let risky = match object.kind {
        ObjectKind::Trigger => true,
        ObjectKind::Function => !object
            .statements
            .iter()
            .all(|text| is_declared_safe(text, quoting)),
        _ => false,
    };
    let trusted = !server.is_on("log_bin") || server.is_on("log_bin_trust_function_creators");
    let privileged = server.privileges.has("SUPER");
    if trusted || !matches!(object.kind, ObjectKind::Trigger | ObjectKind::Function) {
        return;
    }
    if !privileged {
        notes.error(
            "mysql-log-bin-trust",
            "the target's account may not create it while the binary log is on",
        );
        notes.fixed_by(fix);
    } else if risky && object.kind == ObjectKind::Function {
        notes.error(
            "mysql-log-bin-trust",
            "the target wants to be told that it is deterministic or only reads",
        );
        notes.fixed_by(fix);
    }
}

/// Whether a function says that it is deterministic, or that it changes no data.
fn is_declared_safe(statement: &str, quoting: Quoting) -> bool {
    let Ok(tokens) = tokens(statement, quoting) else {
        return false;
    };
    tokens.iter().enumerate().any(|(index, token)| {
        let before = |word: &str| index > 0 && tokens[index - 1].is_word(word);
        let after = |word: &str| {
            tokens
                .get(index + 1)
                .is_some_and(|token| token.is_word(word))
        };
        (token.is_word("DETERMINISTIC") && !before("NOT"))
            || (token.is_word("NO") && after("SQL"))
            || (token.is_word("READS") && after("SQL"))
    })
}
