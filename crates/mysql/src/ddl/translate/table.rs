//! Tables of this family: engine, options, character sets, partitions.

use dbferry_core::Table;

use super::collation::{Counterpart, charset_of, counterpart, renamed_charset};
use super::notes::Notes;
use super::{columns, expressions, keys};
use crate::dialect;
use crate::schema::table_text::{PERIOD, SYSTEM_VERSIONING};
use crate::server::{Flavour, Server};
use crate::snapshot::keyset::row_end;
use crate::tokens::{Quoting, tokens};

pub(super) fn translate(table: &mut Table, server: &Server, notes: &mut Notes) {
    translate_versioning(table, server, notes);
    translate_engine(table, server, notes);
    translate_options(table, server, notes);
    translate_charset(&mut table.charset, &mut table.collation, server, notes);
    columns::translate(table, server, notes);
    keys::translate(table, server, notes);
    translate_checks(table, server, notes);
    translate_partitioning(table, server, notes);
}

/// MySQL has no table that keeps its past.
fn translate_versioning(table: &mut Table, server: &Server, notes: &mut Notes) {
    if server.is_mariadb() {
        if table.option(SYSTEM_VERSIONING).is_some() && row_end(table).is_none() {
            notes.warning(
                "mysql-hidden-history",
                "the table keeps its old rows and hides their times: only the current rows are \
                 carried, and the history begins anew",
            );
        }
        return;
    }
    if table.option(SYSTEM_VERSIONING).is_some() {
        notes.error(
            "mysql-system-versioning",
            "the table keeps its old rows, and the target has no place for them",
        );
        let name = dialect::object(&table.name);
        notes.fixed_by(format!(
            "ALTER TABLE {name} DROP SYSTEM VERSIONING, which deletes the history"
        ));
    } else if table.option(PERIOD).is_some() {
        notes.error(
            "mysql-period",
            "the table has a period of application time, which the target lacks",
        );
    }
}

/// Engines whose tables are only a way to data that lies elsewhere.
const REMOTE_ENGINES: &[&str] = &["FEDERATED", "CONNECT", "SPIDER", "S3", "OQGRAPH", "SPHINX"];

fn translate_engine(table: &mut Table, server: &Server, notes: &mut Notes) {
    let Some(engine) = table.option("ENGINE").map(str::to_owned) else {
        return;
    };
    // MySQL 8 partitions InnoDB tables alone.
    let partitions =
        server.flavour == Flavour::MariaDb || server.version.0 < 8 || table.partitioning.is_none();
    if engine.eq_ignore_ascii_case("InnoDB") || (server.has_engine(&engine) && partitions) {
        return;
    }
    if REMOTE_ENGINES
        .iter()
        .any(|remote| remote.eq_ignore_ascii_case(&engine))
    {
        let message = format!(
            "the rows of an {engine} table lie elsewhere, and the target has no such engine"
        );
        notes.error("mysql-engine-remote", message);
        return;
    }
    notes.warning(
        "mysql-engine-replaced",
        format!("the target cannot have the table in {engine}; it becomes an InnoDB table"),
    );
    for (name, value) in &mut table.options {
        if name == "ENGINE" {
            *value = "InnoDB".to_owned();
        }
    }
    // What these say is about the old engine's files.
    let of_engine = [
        "ROW_FORMAT",
        "CHECKSUM",
        "DELAY_KEY_WRITE",
        "PACK_KEYS",
        "INSERT_METHOD",
    ];
    table
        .options
        .retain(|(name, _)| !of_engine.contains(&name.as_str()));
    for key in &mut table.keys {
        key.options.retain(|option| !option.starts_with("USING"));
    }
    if let Some(partitioning) = &mut table.partitioning {
        *partitioning = with_engine(partitioning, &engine);
    }
    refuse_late_numbering(table, notes);
}

/// MyISAM numbers rows within the leading columns of a key, InnoDB only over the whole table.
fn refuse_late_numbering(table: &Table, notes: &mut Notes) {
    let Some(number) = table.columns.iter().find(|column| column.auto_increment) else {
        return;
    };
    let leads = table.keys.iter().any(|key| {
        key.parts.first().is_some_and(|part| {
            part.of == dbferry_core::catalog::KeyPartOf::Column(number.name.clone())
        })
    });
    if !leads {
        notes.error(
            "mysql-auto-increment-not-leading",
            "the auto-increment column leads no key, which InnoDB needs",
        );
    }
}

/// Replaces the engine in a partitioning clause.
fn with_engine(partitioning: &str, engine: &str) -> String {
    let Ok(tokens) = tokens(partitioning, Quoting::default()) else {
        return partitioning.to_owned();
    };
    let mut text = partitioning.to_owned();
    for window in tokens.windows(3).rev() {
        let [word, equals, value] = window else {
            continue;
        };
        if word.is_word("ENGINE") && equals.is_symbol('=') && value.is_word(engine) {
            text.replace_range(value.start..value.end(), "InnoDB");
        }
    }
    text
}

/// Options that both products have.
const COMMON_OPTIONS: &[&str] = &[
    "ENGINE",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "DELAY_KEY_WRITE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "STATS_PERSISTENT",
    "STATS_AUTO_RECALC",
    "STATS_SAMPLE_PAGES",
    "INSERT_METHOD",
    "UNION",
    "CONNECTION",
];

const MARIADB_OPTIONS: &[&str] = &[
    "PAGE_CHECKSUM",
    "TRANSACTIONAL",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "IETF_QUOTES",
    PERIOD,
    SYSTEM_VERSIONING,
];

const MYSQL_OPTIONS: &[&str] = &["COMPRESSION", "AUTOEXTEND_SIZE", "ENGINE_ATTRIBUTE"];

/// Options that name places, keys or services of the source's own machine.
const LOCAL_OPTIONS: &[&str] = &[
    "DATA DIRECTORY",
    "INDEX DIRECTORY",
    "TABLESPACE",
    "ENCRYPTION",
    "ENCRYPTED",
    "ENCRYPTION_KEY_ID",
    "SECONDARY_ENGINE",
    "SECONDARY_ENGINE_ATTRIBUTE",
];

const INNODB_ROW_FORMATS: &[&str] = &["DEFAULT", "REDUNDANT", "COMPACT", "DYNAMIC", "COMPRESSED"];

fn translate_options(table: &mut Table, server: &Server, notes: &mut Notes) {
    let innodb = table
        .option("ENGINE")
        .is_none_or(|engine| engine.eq_ignore_ascii_case("InnoDB"));
    let own = match server.flavour {
        Flavour::MariaDb => MARIADB_OPTIONS,
        Flavour::MySql => MYSQL_OPTIONS,
    };
    let only_aria = ["PAGE_CHECKSUM", "TRANSACTIONAL"];
    table.options.retain(|(name, value)| {
        let is = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is(LOCAL_OPTIONS) {
            let message = format!("{name} is of the source's own machine and is left out");
            notes.warning("mysql-option-local", message);
            return false;
        }
        let fits = name != "ROW_FORMAT"
            || !innodb
            || INNODB_ROW_FORMATS
                .iter()
                .any(|format| format.eq_ignore_ascii_case(value));
        let kept = fits && (is(COMMON_OPTIONS) || is(own)) && !(innodb && is(&only_aria));
        // A table of another kind is an error already.
        if !kept && name != PERIOD && name != SYSTEM_VERSIONING {
            let message = format!("the target has no option {name}={value}; it is left out");
            notes.info("mysql-option-dropped", message);
        }
        kept
    });
}

/// Finds the counterparts of a character set and its collation.
pub(super) fn translate_charset(
    charset: &mut Option<String>,
    collation: &mut Option<String>,
    server: &Server,
    notes: &mut Notes,
) {
    if let Some(name) = collation.clone() {
        match counterpart(&name, server) {
            Some(found) => {
                if let Counterpart::Nearest(nearest) = &found {
                    notes.warning(
                        "mysql-collation-replaced",
                        format!(
                            "the target has no collation {name}; {nearest} sorts and compares most \
                         texts alike, not all"
                        ),
                    );
                }
                let found = found.name(&name).to_owned();
                *charset = server
                    .charset_of(&found)
                    .map(str::to_owned)
                    .or_else(|| charset.take())
                    .or_else(|| Some(charset_of(&found).to_owned()));
                *collation = Some(found);
            }
            None => replace_charset(charset, collation, server, notes),
        }
    } else if let Some(name) = charset.clone()
        && server.default_collation(&name).is_none()
    {
        match renamed_charset(&name).filter(|other| server.default_collation(other).is_some()) {
            Some(other) => *charset = Some(other.to_owned()),
            None => replace_charset(charset, collation, server, notes),
        }
    }
}

/// Unicode holds every character set.
fn replace_charset(
    charset: &mut Option<String>,
    collation: &mut Option<String>,
    server: &Server,
    notes: &mut Notes,
) {
    let name = charset.clone().unwrap_or_default();
    notes.warning(
        "mysql-charset-replaced",
        format!(
            "the target has no character set {name}; utf8mb4 holds its characters, in other bytes"
        ),
    );
    *charset = Some("utf8mb4".to_owned());
    *collation = server.default_collation("utf8mb4").map(str::to_owned);
}

fn translate_checks(table: &mut Table, server: &Server, notes: &mut Notes) {
    if !server.has_checks() && !table.checks.is_empty() {
        notes.warning(
            "mysql-checks-dropped",
            "the target keeps no checks; they are left out",
        );
        table.checks.clear();
    }
    if !server.has_unenforced_checks() && table.checks.iter().any(|check| !check.enforced) {
        notes.warning(
            "mysql-check-not-enforced",
            "the target cannot switch checks off one by one; those that are off are left out",
        );
        table.checks.retain(|check| check.enforced);
    }
    for check in &mut table.checks {
        expressions::translate(&mut check.expression, server, notes);
        if !server.is_mariadb() {
            name_check(check, &table.name.name);
        }
    }
}

/// On MySQL every check is the table's and has a name that is unique in its schema. MariaDB's own
/// names, `CONSTRAINT_1`, come again with every table.
fn name_check(check: &mut dbferry_core::catalog::Check, table: &str) {
    let column = check.column.take();
    let number = check.name.strip_prefix("CONSTRAINT_").map(str::to_owned);
    if let Some(suffix) = column.filter(|_| check.name.is_empty()).or(number) {
        check.name = constraint_name(table, "chk", &suffix);
    }
}

/// Makes a constraint's name of its table's, cut to what names may have.
pub(super) fn constraint_name(table: &str, kind: &str, suffix: &str) -> String {
    let tail: String = format!("_{kind}_{suffix}");
    let tail_chars = tail.chars().count().min(dialect::NAME_CHARS_MAX / 2);
    let head: String = table
        .chars()
        .take(dialect::NAME_CHARS_MAX - tail_chars)
        .collect();
    let tail: String = tail.chars().take(tail_chars).collect();
    format!("{head}{tail}").trim_end().to_owned()
}

fn translate_partitioning(table: &mut Table, server: &Server, notes: &mut Notes) {
    let Some(partitioning) = &mut table.partitioning else {
        return;
    };
    let Ok(found) = tokens(partitioning, Quoting::default()) else {
        return;
    };
    let mut text = partitioning.clone();
    for (index, token) in found.iter().enumerate().rev() {
        let next = |offset: usize| found.get(index + offset);
        let end = if token.is_word("TABLESPACE") {
            next(1).and_then(|t| if t.is_symbol('=') { next(2) } else { Some(t) })
        } else if (token.is_word("DATA") || token.is_word("INDEX"))
            && next(1).is_some_and(|token| token.is_word("DIRECTORY"))
        {
            next(3)
        } else {
            None
        };
        if let Some(end) = end {
            notes.warning(
                "mysql-option-local",
                "places of partitions on the source's disks are left out",
            );
            text.replace_range(token.start..end.end(), "");
        }
    }
    expressions::translate(&mut text, server, notes);
    *partitioning = text;
}
