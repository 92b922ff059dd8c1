//! What would keep a file from serving, and what its user should know.

use dbferry_core::{CatalogScope, Error, Finding, Role, Severity};
use rusqlite::Connection;

use crate::connect::{Opener, sibling};
use crate::fault::explain;
use crate::schema::{self, is_internal, tables};
use crate::{content, dialect};

/// Tables with broken references that are named; more are counted.
const BROKEN_TABLES_MAX: usize = 20;

/// Looks at a file in its role.
pub(crate) fn run(
    connection: &mut Connection,
    opener: &Opener,
    role: Role,
    scope: &CatalogScope,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    match role {
        Role::Source => check_source(connection, scope, &mut findings)?,
        Role::Target => check_target(connection, opener, &mut findings)?,
    }
    check_references(connection, &mut findings)?;
    Ok(findings)
}

fn check_source(
    connection: &mut Connection,
    scope: &CatalogScope,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    findings.push(Finding::new(
        "sqlite-no-log",
        Severity::Info,
        "SQLite has no log of changes: each chunk is read as it is at its moment, so writes during \
         the copy may be seen in part; stop the writing programs for an exact copy",
    ));
    check_virtual_tables(connection, findings)?;
    check_header(connection, findings)?;
    let view = connection.transaction().map_err(explain)?;
    for mut table in tables::read(&view)? {
        check_table(&table, findings);
        if scope.exact_types {
            tables::note_key_without_null(&view, &mut table)?;
            findings.extend(content::settle_types(&view, &mut table)?);
        }
    }
    Ok(())
}

fn check_table(table: &dbferry_core::Table, findings: &mut Vec<Finding>) {
    let object = format!("table {}", table.name);
    let mut unknown: Vec<&str> = tables::unknown_collations(table).collect();
    unknown.dedup();
    for collation in unknown {
        let message = format!(
            "the collation {collation:?} belongs to the program that made the file: keys in it \
             cannot be walked, and no SQLite target can build their indexes"
        );
        findings
            .push(Finding::new("sqlite-collation-unknown", Severity::Warning, message).on(&object));
    }
    if crate::snapshot::range::walkable_key(table).is_none() {
        let message = "no key by which it can be walked: it is read in one piece, which an \
                       interruption starts anew";
        findings.push(Finding::new("sqlite-no-key", Severity::Info, message).on(&object));
    }
}

fn check_virtual_tables(view: &Connection, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let mut kinds: Vec<(String, String)> = tables::kinds(view)?.into_iter().collect();
    kinds.sort();
    for (name, kind) in kinds {
        if kind != "virtual" || is_internal(&name) {
            continue;
        }
        let users = users_of(view, &name)?;
        let mut message = "a virtual table lives in its module and is not copied".to_owned();
        if !users.is_empty() {
            message.push_str(&format!(
                "; these need it on the target: {}",
                users.join(", ")
            ));
        }
        findings.push(
            Finding::new("sqlite-virtual-table", Severity::Warning, message)
                .on(format!("table main.{}", name.escape_debug()))
                .fixed_by("create and fill it on the target after the migration"),
        );
    }
    Ok(())
}

/// Views and triggers whose text names a table.
fn users_of(view: &Connection, table: &str) -> Result<Vec<String>, Error> {
    let mut users = Vec::new();
    for object in schema::objects::read(view)? {
        let names = object.statements.iter().any(|sql| {
            dialect::tokens::tokenize(sql)
                .iter()
                .any(|token| dialect::same_name(&token.value(sql), table))
        });
        if names {
            users.push(format!("{} {}", object.kind.as_str(), object.name));
        }
    }
    Ok(users)
}

/// Numbers in the header that belong to the program that uses the file.
fn check_header(view: &Connection, findings: &mut Vec<Finding>) -> Result<(), Error> {
    for pragma in ["user_version", "application_id"] {
        let number: i64 = view
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(explain)?;
        if number != 0 {
            let message = format!("the file's {pragma} is {number} and is not carried over");
            findings.push(
                Finding::new("sqlite-header-number", Severity::Warning, message).fixed_by(format!(
                    "PRAGMA {pragma} = {number}; on a target that is SQLite"
                )),
            );
        }
    }
    Ok(())
}

fn check_target(
    connection: &Connection,
    opener: &Opener,
    findings: &mut Vec<Finding>,
) -> Result<(), Error> {
    let refused = if !opener.is_writable() {
        Some("the file is opened for reading alone")
    } else if connection.is_readonly("main").map_err(explain)? {
        Some("the file may not be written")
    } else if !directory_is_writable(opener) {
        Some("no files can be made in its directory, which every transaction needs")
    } else {
        None
    };
    if let Some(reason) = refused {
        let path = opener.path().display().to_string();
        findings.push(
            Finding::new("sqlite-read-only", Severity::Error, reason)
                .on(&path)
                .fixed_by(format!("chmod u+w {path}, and its directory")),
        );
        return Ok(());
    }
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK") {
        let error = explain(error);
        findings.push(
            Finding::new(
                "sqlite-locked",
                Severity::Error,
                format!("it cannot be written: {error}"),
            )
            .fixed_by("stop the programs that write to the file"),
        );
    }
    Ok(())
}

/// Tries it: permissions, attributes and mounts are too many to ask for.
fn directory_is_writable(opener: &Opener) -> bool {
    let probe = sibling(
        opener.path(),
        &format!("-dbferry-check-{}", std::process::id()),
    );
    let made = std::fs::File::create_new(&probe).is_ok();
    made && std::fs::remove_file(&probe).is_ok()
}

/// Rows that refer to nothing. SQLite lets them be, since it checks only what changes while the
/// checks are on.
fn check_references(view: &Connection, findings: &mut Vec<Finding>) -> Result<(), Error> {
    let mut broken = 0_usize;
    let tables = tables::read(view)?;
    for table in tables.iter().filter(|table| !table.foreign_keys.is_empty()) {
        if tables::has_unknown_collation(table) {
            continue;
        }
        let found = view
            .prepare("SELECT 1 FROM pragma_foreign_key_check(?1)")
            .and_then(|mut statement| statement.exists([&table.name.name]));
        let message = match found {
            Ok(false) => continue,
            Ok(true) => "it has rows that refer to rows that do not exist".to_owned(),
            Err(error) => format!("its references cannot be checked: {error}"),
        };
        broken += 1;
        if broken <= BROKEN_TABLES_MAX {
            findings.push(
                Finding::new("sqlite-broken-references", Severity::Warning, message)
                    .on(format!("table {}", table.name))
                    .fixed_by("PRAGMA foreign_key_check lists them"),
            );
        }
    }
    if broken > BROKEN_TABLES_MAX {
        let message = format!("{broken} tables have broken references in all");
        findings.push(Finding::new(
            "sqlite-broken-references",
            Severity::Warning,
            message,
        ));
    }
    Ok(())
}
