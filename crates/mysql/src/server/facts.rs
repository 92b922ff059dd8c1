//! The questions by which a server is known.

use std::collections::{BTreeMap, BTreeSet};

use dbferry_core::Error;

use super::{Flavour, Version};
use crate::dialect;
use crate::privileges::Privileges;
use crate::wire::Connection;

/// The global variables that any code of this crate asks for. Those that a server lacks are
/// simply not answered.
const VARIABLES: &[&str] = &[
    "aurora_version",
    "basedir",
    "binlog_format",
    "binlog_row_image",
    "character_set_server",
    "collation_server",
    "datadir",
    "event_scheduler",
    "gtid_mode",
    "hostname",
    "innodb_buffer_pool_size",
    "innodb_read_only",
    "local_infile",
    "log_bin",
    "log_bin_trust_function_creators",
    "lower_case_table_names",
    "max_allowed_packet",
    "max_connections",
    "port",
    "read_only",
    "server_id",
    "server_uid",
    "server_uuid",
    "sql_generate_invisible_primary_key",
    "sql_mode",
    "sql_require_primary_key",
    "super_read_only",
    "system_time_zone",
    "time_zone",
    "version",
    "version_comment",
];

pub(super) async fn variables(
    connection: &mut Connection,
) -> Result<BTreeMap<String, String>, Error> {
    let names = dialect::strings(VARIABLES.iter().copied());
    let sql = format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ({names})");
    let set = connection.query(&sql).await?;
    let mut variables = BTreeMap::new();
    for row in set.rows() {
        variables.insert(row.text(0)?.to_ascii_lowercase(), row.text(1)?.to_owned());
    }
    Ok(variables)
}

/// Every collation with its character set, and the default collation of every character set.
///
/// `SHOW COLLATION` differs least between the products. MariaDB 11 lists collations that fit
/// several character sets (`uca1400_ai_ci`) without one, and the combined names besides.
pub(super) async fn collations(
    connection: &mut Connection,
) -> Result<(BTreeMap<String, String>, BTreeMap<String, String>), Error> {
    let (mut all, mut defaults) = (BTreeMap::new(), BTreeMap::new());
    let set = connection
        .query(
            "SELECT collation_name AS name, character_set_name AS charset \
             FROM information_schema.collation_character_set_applicability",
        )
        .await?;
    for row in set.rows() {
        if let (Some(name), Some(charset)) = (row.opt_text(0)?, row.opt_text(1)?) {
            all.insert(name.to_owned(), charset.to_owned());
            if !name.starts_with(charset) && name != "binary" {
                all.insert(format!("{charset}_{name}"), charset.to_owned());
            }
        }
    }
    let set = connection
        .query(
            "SELECT character_set_name AS name, default_collate_name AS collation \
             FROM information_schema.character_sets",
        )
        .await?;
    for row in set.rows() {
        defaults.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
    }
    Ok((all, defaults))
}

pub(super) async fn engines(connection: &mut Connection) -> Result<BTreeSet<String>, Error> {
    let set = connection.query("SHOW ENGINES").await?;
    let mut engines = BTreeSet::new();
    for row in set.rows() {
        if matches!(row.text("Support")?, "YES" | "DEFAULT") {
            engines.insert(row.text("Engine")?.to_ascii_lowercase());
        }
    }
    Ok(engines)
}

pub(super) async fn account(connection: &mut Connection) -> Result<String, Error> {
    let set = connection.query("SELECT CURRENT_USER()").await?;
    Ok(set.require_first()?.text(0)?.to_owned())
}

pub(super) async fn privileges(
    connection: &mut Connection,
    flavour: Flavour,
    version: Version,
) -> Result<Privileges, Error> {
    let mut sql = "SHOW GRANTS FOR CURRENT_USER()".to_owned();
    if flavour == Flavour::MySql && version >= Version(8, 0, 0) {
        let set = connection.query("SELECT CURRENT_ROLE()").await?;
        let roles = set.require_first()?.opt_text(0)?.unwrap_or("NONE");
        if roles != "NONE" && !roles.is_empty() {
            sql = format!("{sql} USING {roles}");
        }
    } else if flavour == Flavour::MariaDb {
        // Without FOR, MariaDB adds the grants of the active role.
        sql = "SHOW GRANTS".to_owned();
    }
    let set = connection.query(&sql).await?;
    let lines: Vec<&str> = set
        .rows()
        .map(|row| row.text(0))
        .collect::<Result<_, _>>()?;
    Privileges::of_grants(lines)
}

/// Every account, where the account may know. A server that refuses is answer enough.
pub(super) async fn accounts(connection: &mut Connection) -> Option<BTreeSet<String>> {
    let set = connection
        .query("SELECT CONCAT(user, '@', host) FROM mysql.user")
        .await
        .ok()?;
    set.rows()
        .map(|row| row.text(0).map(str::to_owned).ok())
        .collect()
}
