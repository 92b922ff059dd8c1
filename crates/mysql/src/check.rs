//! What would keep a server from serving as source or target, and what changes it.
//!
//! Privileges are judged from the account's own grants, schema by schema, before anything is
//! tried. What the account cannot see it cannot copy: a missing privilege that hides objects is
//! therefore a finding, although nothing fails.

use dbferry_core::{CatalogScope, Error, Finding, Role, Severity};

use crate::config::LocalInfile;
use crate::dialect;
use crate::privileges::Privileges;
use crate::schema;
use crate::schema::statement;
use crate::server::{Flavour, Server};
use crate::sessions::Sessions;

/// Privileges without which rows cannot be read.
const SOURCE_NEEDED: &[&str] = &["SELECT", "SHOW VIEW"];

/// Privileges without which some objects cannot be seen.
const SOURCE_SEEN: &[&str] = &["TRIGGER", "EVENT"];

/// Privileges without which no table can be made, loaded and completed.
const TARGET_NEEDED: &[&str] = &[
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "ALTER",
    "INDEX",
    "REFERENCES",
];

/// Privileges that other objects need.
const TARGET_OBJECTS: &[&str] = &[
    "CREATE VIEW",
    "SHOW VIEW",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
    "TRIGGER",
    "EVENT",
];

/// Packets smaller than this make rows with large objects fail that other servers take.
const PACKET_BYTES_MIN: u64 = 16 << 20;

/// Looks for whatever would keep the server from serving in `role`.
///
/// # Errors
/// Only when the server cannot be asked.
pub async fn run(
    sessions: &Sessions,
    role: Role,
    scope: &CatalogScope,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    findings.extend(untested(sessions.server()));
    match role {
        Role::Source => {
            let schemas = schema::schema_names(sessions, scope).await?;
            findings.extend(source(sessions.server(), &schemas, scope));
            findings.extend(broken_views(sessions, scope).await?);
        }
        Role::Target => findings.extend(target(sessions, scope)),
    }
    Ok(findings)
}

fn untested(server: &Server) -> Option<Finding> {
    server.untested().then(|| {
        Finding::new(
            "mysql-version-untested",
            Severity::Warning,
            format!(
                "{} is newer than any version that was tested",
                server.product()
            ),
        )
    })
}

/// What a source's settings and the account's privileges say.
fn source(server: &Server, schemas: &[String], scope: &CatalogScope) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in schemas {
        findings.extend(missing(server, SOURCE_NEEDED, Some(name), Severity::Error));
        findings.extend(missing(server, SOURCE_SEEN, Some(name), Severity::Warning));
    }
    if !may_see_routines(server) {
        let privilege = match server.flavour {
            Flavour::MySql => "SHOW_ROUTINE",
            Flavour::MariaDb => "SELECT",
        };
        findings.push(
            Finding::new(
                "mysql-routines-hidden",
                Severity::Warning,
                "the account sees only its own procedures and functions",
            )
            .fixed_by(grant(server, privilege, None)),
        );
    }
    if scope.accounts && !server.privileges.has_in("SELECT", "mysql") {
        findings.push(
            Finding::new(
                "mysql-accounts-hidden",
                Severity::Error,
                "the account may not read the other accounts, which were asked for",
            )
            .fixed_by(grant(server, "SELECT", Some("mysql"))),
        );
    }
    if !server.is_on("log_bin") {
        findings.push(Finding::new(
            "mysql-binary-log-off",
            Severity::Info,
            "the server writes no binary log: a full load is possible, following changes is not",
        ));
    }
    findings
}

fn may_see_routines(server: &Server) -> bool {
    server.privileges.has_any(&["SELECT", "SHOW_ROUTINE"])
        || server.privileges.has_in("SELECT", "mysql")
}

async fn broken_views(sessions: &Sessions, scope: &CatalogScope) -> Result<Vec<Finding>, Error> {
    let views = schema::broken_views(sessions, scope).await?;
    Ok(views
        .into_iter()
        .map(|view| {
            let name = dialect::object(&view);
            Finding::new(
                "mysql-view-broken",
                Severity::Warning,
                "the view refers to something that does not exist; it is left out",
            )
            .on(&view)
            .fixed_by(format!("repair it, or DROP VIEW {name}"))
        })
        .collect())
}

fn target(sessions: &Sessions, scope: &CatalogScope) -> Vec<Finding> {
    let server = sessions.server();
    let mut findings = Vec::new();
    findings.extend(read_only(server));
    let control = sessions.config().control_schema.as_str();
    let schemas = scope
        .schemas
        .iter()
        .flatten()
        .map(String::as_str)
        .chain([control]);
    let wanted: Vec<Option<&str>> = match scope.schemas {
        Some(_) => schemas.map(Some).collect(),
        None => vec![None],
    };
    for schema in wanted {
        findings.extend(missing(server, TARGET_NEEDED, schema, Severity::Error));
        if schema != Some(control) {
            findings.extend(missing(server, TARGET_OBJECTS, schema, Severity::Warning));
        }
    }
    findings.extend(loading(sessions));
    findings.extend(defining(sessions));
    findings
}

/// A server that takes no writes of this account.
fn read_only(server: &Server) -> Option<Finding> {
    let exempt = match server.flavour {
        Flavour::MySql => server.privileges.has_any(&["SUPER", "CONNECTION_ADMIN"]),
        Flavour::MariaDb => server.privileges.has_any(&["SUPER", "READ_ONLY ADMIN"]),
    };
    let variable = ["super_read_only", "innodb_read_only", "read_only"]
        .into_iter()
        .find(|variable| server.is_on(variable) && !(exempt && *variable == "read_only"))?;
    Some(
        Finding::new(
            "mysql-read-only",
            Severity::Error,
            format!("the server takes no writes: {variable} is on"),
        )
        .fixed_by(format!(
            "use the address of the writer, or SET GLOBAL {variable} = OFF"
        )),
    )
}

/// What makes loading slow or impossible.
fn loading(sessions: &Sessions) -> Vec<Finding> {
    let (server, config) = (sessions.server(), sessions.config());
    let mut findings = Vec::new();
    if config.local_infile == LocalInfile::Auto && !server.is_on("local_infile") {
        findings.push(
            Finding::new(
                "mysql-local-infile-off",
                Severity::Warning,
                "the server does not allow LOAD DATA LOCAL: rows are inserted, which takes longer",
            )
            .fixed_by("SET GLOBAL local_infile = ON, or in the parameter group"),
        );
    }
    if server
        .number("max_allowed_packet")
        .is_some_and(|bytes| bytes < PACKET_BYTES_MIN)
    {
        findings.push(
            Finding::new(
                "mysql-max-allowed-packet",
                Severity::Warning,
                "max_allowed_packet is small: larger values cannot be loaded",
            )
            .fixed_by("SET GLOBAL max_allowed_packet = 1073741824, or in the parameter group"),
        );
    }
    let unlogged = [
        "SUPER",
        "SYSTEM_VARIABLES_ADMIN",
        "SESSION_VARIABLES_ADMIN",
        "BINLOG ADMIN",
    ];
    if config.skip_log_bin && !server.privileges.has_any(&unlogged) {
        findings.push(
            Finding::new(
                "mysql-skip-log-bin",
                Severity::Error,
                "the account may not switch its binary log off, which was asked for",
            )
            .fixed_by("leave skip-log-bin out of the address"),
        );
    }
    findings
}

/// What keeps objects from being defined as they were.
fn defining(sessions: &Sessions) -> Vec<Finding> {
    let server = sessions.server();
    let mut findings = Vec::new();
    if !server.may_create_functions() {
        findings.push(
            Finding::new(
                "mysql-log-bin-trust",
                Severity::Warning,
                "the account may create neither functions nor triggers while the binary log is on",
            )
            .fixed_by("SET GLOBAL log_bin_trust_function_creators = ON, or in the parameter group"),
        );
    }
    if !server.may_set_definer() {
        findings.push(Finding::new(
            "mysql-definer-not-settable",
            Severity::Info,
            format!(
                "views, routines, triggers and events will run as {}",
                server.account
            ),
        ));
    }
    for (variable, message) in [
        (
            "sql_require_primary_key",
            "the server refuses tables without a primary key",
        ),
        (
            "sql_generate_invisible_primary_key",
            "the server adds a hidden column to tables without a primary key",
        ),
    ] {
        if server.is_on(variable) && !sessions.accepts(variable) {
            findings.push(
                Finding::new("mysql-primary-key-policy", Severity::Warning, message).fixed_by(
                    format!("SET GLOBAL {variable} = OFF, or in the parameter group"),
                ),
            );
        }
    }
    findings
}

/// The finding of privileges that are missing in a schema, or on the whole server.
fn missing(
    server: &Server,
    privileges: &[&str],
    schema: Option<&str>,
    severity: Severity,
) -> Option<Finding> {
    let has = |held: &Privileges, privilege: &str| match schema {
        Some(schema) => held.has_in(privilege, schema),
        None => held.has(privilege),
    };
    let lacking: Vec<&str> = privileges
        .iter()
        .copied()
        .filter(|privilege| !has(&server.privileges, privilege))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let names = lacking.join(", ");
    let place = schema.map_or("the server".to_owned(), |name| {
        format!("'{}'", name.escape_debug())
    });
    let finding = Finding::new(
        "mysql-privilege-missing",
        severity,
        format!("the account lacks {names} on {place}"),
    )
    .fixed_by(grant(server, &names, schema));
    Some(match schema {
        Some(schema) => finding.on(schema.escape_debug()),
        None => finding,
    })
}

fn grant(server: &Server, privileges: &str, schema: Option<&str>) -> String {
    let place = schema.map_or("*".to_owned(), |schema| {
        dialect::identifier(&escaped(schema))
    });
    format!(
        "GRANT {privileges} ON {place}.* TO {}",
        statement::account(&server.account)
    )
}

/// In a grant, the name of a schema is a pattern.
fn escaped(schema: &str) -> String {
    schema
        .replace('\\', "\\\\")
        .replace('_', "\\_")
        .replace('%', "\\%")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Version;
    use crate::server::tests::server;

    #[test]
    fn a_missing_privilege_comes_with_its_grant() {
        let mut server = server(Flavour::MySql, Version(9, 0, 0));
        server.privileges =
            Privileges::of_grants(["GRANT SELECT ON `shop_a`.* TO `u`@`%`"]).unwrap();
        let finding = missing(&server, SOURCE_NEEDED, Some("shop_a"), Severity::Error).unwrap();
        assert_eq!(
            finding.fix.as_deref(),
            Some("GRANT SHOW VIEW ON `shop\\_a`.* TO 'u'@'%'")
        );
        assert!(missing(&server, &["SELECT"], Some("shop_a"), Severity::Error).is_none());
        assert!(missing(&server, &["SELECT"], None, Severity::Error).is_some());
    }

    #[test]
    fn a_source_that_hides_objects_is_told() {
        let mut server = server(Flavour::MySql, Version(9, 0, 0));
        server.privileges =
            Privileges::of_grants(["GRANT SELECT, SHOW VIEW ON `s`.* TO `u`@`%`"]).unwrap();
        let scope = CatalogScope {
            accounts: true,
            ..CatalogScope::default()
        };
        let ids: Vec<String> = source(&server, &["s".into()], &scope)
            .into_iter()
            .map(|finding| finding.id)
            .collect();
        assert_eq!(
            ids,
            [
                "mysql-privilege-missing",
                "mysql-routines-hidden",
                "mysql-accounts-hidden",
                "mysql-binary-log-off",
            ]
        );
    }
}
