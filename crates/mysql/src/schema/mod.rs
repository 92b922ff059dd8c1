//! Reading the catalog.
//!
//! # How
//!
//! 1. `information_schema` gives the lists: schemas, tables with their sizes, routines, triggers,
//!    events. A handful of queries, whatever the number of objects.
//! 2. `SHOW CREATE` gives each object's definition, asked over a few connections at once
//!    (`questions`). It is the only place where expressions, comments and options stand exactly:
//!    `information_schema` escapes some twice and leaves others out.
//! 3. `table_text` and `statement` understand what was printed. Both are pure.
//! 4. `order` puts views behind what they read.
//!
//! Objects that vanish between the list and their definition are left out, as if the list had
//! been read later. Views that refer to things that do not exist are left out too: no server
//! could create them. [`broken_views`] names them, so that a check can say so.
//!
//! # What is left out
//!
//! The servers' own schemas, the schema in which a target remembers its loads, temporary tables,
//! loadable functions, and MySQL's JavaScript libraries.

pub(crate) mod cursor;
pub(crate) mod statement;
pub(crate) mod table_text;

pub(crate) mod accounts;
mod columns;
mod events;
mod keys;
mod objects;
mod order;
pub(crate) mod questions;
mod tables;
mod text;

use dbferry_core::catalog::Schema;
use dbferry_core::{
    Catalog, CatalogScope, Code, Error, ObjectName, StoredObject, Table, TableName,
};

use crate::dialect;
use crate::sessions::{Purpose, Sessions};

/// Schemas that belong to the server.
const SYSTEM_SCHEMAS: &[&str] = &[
    "information_schema",
    "performance_schema",
    "mysql",
    "sys",
    "ndbinfo",
    "rdsadmin",
    "mysql_innodb_cluster_metadata",
];

/// Reads everything within the scope.
///
/// # Errors
/// `ObjectMissing` when a schema of the scope does not exist; `PrivilegeMissing`, naming the
/// object; `DefinitionUnreadable`; what the connection brings.
pub async fn read(sessions: &Sessions, scope: &CatalogScope) -> Result<Catalog, Error> {
    let schemas = read_schemas(sessions, scope).await?;
    let names: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let listed = tables::list(sessions, &names).await?;
    let tables = tables::read(sessions, &listed).await?;
    let mut objects = objects::read(sessions, &names, &listed).await?;
    if scope.accounts {
        objects = accounts::around(objects, accounts::read(sessions).await?);
    }
    Ok(Catalog {
        schemas,
        tables,
        objects,
    })
}

/// Reads one table; `None` when there is none of this name.
///
/// # Errors
/// As [`read`].
pub async fn read_table(sessions: &Sessions, name: &TableName) -> Result<Option<Table>, Error> {
    tables::read_one(sessions, name).await
}

/// Reads one object; `None` when there is none.
///
/// # Errors
/// As [`read`].
pub async fn read_object(
    sessions: &Sessions,
    wanted: &StoredObject,
) -> Result<Option<StoredObject>, Error> {
    objects::read_one(sessions, wanted).await
}

/// The views within the scope that refer to something that does not exist, or that their definer
/// may not read.
///
/// # Errors
/// As [`read`].
pub async fn broken_views(
    sessions: &Sessions,
    scope: &CatalogScope,
) -> Result<Vec<ObjectName>, Error> {
    let schemas = read_schemas(sessions, scope).await?;
    let names: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
    let listed = tables::list(sessions, &names).await?;
    objects::broken_views(sessions, &listed).await
}

/// The names of the schemas of the scope, in order.
///
/// # Errors
/// As [`read`].
pub async fn schema_names(sessions: &Sessions, scope: &CatalogScope) -> Result<Vec<String>, Error> {
    let schemas = read_schemas(sessions, scope).await?;
    Ok(schemas.into_iter().map(|schema| schema.name).collect())
}

/// The schemas of the scope, in name order.
async fn read_schemas(sessions: &Sessions, scope: &CatalogScope) -> Result<Vec<Schema>, Error> {
    let comment = match sessions.server().is_mariadb() {
        true => "schema_comment",
        false => "''",
    };
    let sql = format!(
        "SELECT schema_name, default_character_set_name, default_collation_name, {comment} \
         FROM information_schema.schemata"
    );
    let mut connection = sessions.borrow(Purpose::Catalog).await?;
    let set = connection.query(&sql).await?;
    let mut schemas = Vec::new();
    for row in set.rows() {
        schemas.push(Schema {
            name: row.text(0)?.to_owned(),
            charset: row.opt_text(1)?.map(str::to_owned),
            collation: row.opt_text(2)?.map(str::to_owned),
            comment: row.text(3)?.to_owned(),
        });
    }
    schemas.sort_by(|one, other| one.name.cmp(&other.name));
    select_schemas(schemas, sessions, scope)
}

fn select_schemas(
    mut schemas: Vec<Schema>,
    sessions: &Sessions,
    scope: &CatalogScope,
) -> Result<Vec<Schema>, Error> {
    let folds = sessions.server().folds_names();
    let same = |one: &str, other: &str| match folds {
        true => one.to_lowercase() == other.to_lowercase(),
        false => one == other,
    };
    let Some(wanted) = &scope.schemas else {
        let control = sessions.config().control_schema.as_str();
        schemas.retain(|schema| !is_system(&schema.name) && !same(&schema.name, control));
        return Ok(schemas);
    };
    for name in wanted {
        if !schemas.iter().any(|schema| same(&schema.name, name)) {
            return Err(
                Error::definite(Code::ObjectMissing, "there is no such database")
                    .with_object(name.escape_debug())
                    .with_hint("check the spelling, and that the account may see the database"),
            );
        }
    }
    schemas.retain(|schema| wanted.iter().any(|name| same(&schema.name, name)));
    Ok(schemas)
}

/// Whether a schema belongs to the server.
pub fn is_system(schema: &str) -> bool {
    SYSTEM_SCHEMAS
        .iter()
        .any(|system| system.eq_ignore_ascii_case(schema))
}

/// A condition that a column holds one of these names.
fn among(column: &str, names: &[&str]) -> String {
    match names {
        [] => "FALSE".to_owned(),
        names => format!("{column} IN ({})", dialect::strings(names.iter().copied())),
    }
}
