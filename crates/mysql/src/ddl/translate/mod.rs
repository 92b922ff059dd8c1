//! Definitions of another server in this target's terms. Pure.
//!
//! Within the family, a definition stays as it is except where this target differs: nobody asks
//! which product it came from, but whether this one has the collation, the type, the engine, the
//! option. So the same rules serve both directions and every pair of versions.
//! `docs/mysql-translation.md` is the table of these rules for people; its rows are the modules
//! here. Definitions of other families keep their structure, and lose what is text in a foreign
//! dialect; `foreign` says how.
//!
//! The rule of severity: what changes how the database behaves is a warning; what cannot be kept
//! and would lose a constraint, a value or an object is an error, and nothing is moved.

mod collation;
mod columns;
mod expressions;
mod foreign;
mod keys;
mod notes;
mod objects;
mod table;

use dbferry_core::catalog::Schema;
use dbferry_core::{Family, StoredObject, Table, Translation};

use self::notes::Notes;
use crate::FAMILY;
use crate::config::DefinerPolicy;
use crate::dialect;
use crate::server::Server;

/// Translates a table.
pub fn table(table: &Table, from: Family, server: &Server) -> Translation<Table> {
    let mut notes = Notes::about(&table.name);
    let mut object = table.clone();
    if from == FAMILY {
        table::translate(&mut object, server, &mut notes);
    } else {
        foreign::translate(&mut object, server, &mut notes);
    }
    check_names(&object, &mut notes);
    Translation {
        object,
        findings: notes.into_findings(),
    }
}

/// Translates a schema.
pub fn schema(schema: &Schema, from: Family, server: &Server) -> Translation<Schema> {
    let mut notes = Notes::about(schema.name.escape_debug());
    let mut object = schema.clone();
    if from == FAMILY {
        table::translate_charset(
            &mut object.charset,
            &mut object.collation,
            server,
            &mut notes,
        );
    } else {
        (object.charset, object.collation) = (None, None);
    }
    check_name("schema", &object.name, &mut notes);
    if !object.comment.is_empty() && !server.is_mariadb() {
        notes.info(
            "mysql-schema-comment-dropped",
            "the target has no comments on databases",
        );
        object.comment.clear();
    }
    Translation {
        object,
        findings: notes.into_findings(),
    }
}

/// Translates a view, routine, trigger or the like.
pub fn object(
    object: &StoredObject,
    from: Family,
    server: &Server,
    definer: DefinerPolicy,
) -> Translation<StoredObject> {
    let mut notes = Notes::about(&object.name);
    let mut translated = object.clone();
    if from == FAMILY {
        objects::translate(&mut translated, server, definer, &mut notes);
        if object.kind != dbferry_core::ObjectKind::Account {
            check_name("object", &object.name.name, &mut notes);
        }
    } else {
        let message = format!(
            "a {} of another kind of database cannot be translated; create it by hand",
            object.kind.as_str()
        );
        notes.error("mysql-object-foreign", message);
    }
    Translation {
        object: translated,
        findings: notes.into_findings(),
    }
}

fn check_names(table: &Table, notes: &mut Notes) {
    check_name("schema", &table.name.schema, notes);
    check_name("table", &table.name.name, notes);
    for column in &table.columns {
        check_name("column", &column.name, notes);
    }
    for key in table.keys.iter().filter(|key| !key.name.is_empty()) {
        check_name("key", &key.name, notes);
    }
    for key in &table.foreign_keys {
        check_name("foreign key", &key.name, notes);
    }
}

fn check_name(what: &str, name: &str, notes: &mut Notes) {
    if let Some(fault) = dialect::name_fault(name) {
        notes.error(
            "mysql-name-not-allowed",
            format!("the name of the {what} '{}' {fault}", name.escape_debug()),
        );
    }
}

#[cfg(test)]
mod tests;
