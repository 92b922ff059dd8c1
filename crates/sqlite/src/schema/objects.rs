//! Views and triggers.
//!
//! SQLite looks at what a view or trigger refers to only when it is used, so the order of their
//! making never matters, but for one thing: `INSTEAD OF` triggers need their view. Views come
//! first, each kind in the order in which the source made them.

use dbferry_core::{Error, ObjectKind, ObjectName, StoredObject, TableName};
use rusqlite::Connection;

use super::is_internal;
use crate::SCHEMA;
use crate::fault::explain;

/// Reads views and triggers, in an order in which they can be created.
pub(crate) fn read(view: &Connection) -> Result<Vec<StoredObject>, Error> {
    const OBJECTS: &str = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema \
                           WHERE type IN ('view', 'trigger') ORDER BY type = 'trigger', rowid";
    let mut statement = view.prepare(OBJECTS).map_err(explain)?;
    let rows = statement
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
            ))
        })
        .map_err(explain)?;
    let mut objects = Vec::new();
    for row in rows {
        let (kind, name, table, sql): (String, String, String, String) = row.map_err(explain)?;
        if !is_internal(&table) {
            objects.push(object(&kind, name, table, sql));
        }
    }
    Ok(objects)
}

fn object(kind: &str, name: String, table: String, sql: String) -> StoredObject {
    let is_trigger = kind == "trigger";
    StoredObject {
        kind: if is_trigger {
            ObjectKind::Trigger
        } else {
            ObjectKind::View
        },
        name: ObjectName::new(SCHEMA, name),
        table: is_trigger.then(|| TableName::new(SCHEMA, table)),
        statements: vec![sql],
        definer: None,
        settings: Vec::new(),
        active: is_trigger,
    }
}
