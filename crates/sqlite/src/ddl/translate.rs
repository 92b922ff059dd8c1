//! Tables, schemas and objects of a source in SQLite's terms.
//!
//! A source that is SQLite too is taken as it is; only where mapping has changed a type does the
//! column get a declared type anew. Tables of other families go through [`super::foreign`].

use dbferry_core::catalog::Schema;
use dbferry_core::{Family, Finding, Severity, StoredObject, Table, TableName, Translation};

use super::foreign;
use crate::dialect::structure::CONSTRAINT;
use crate::schema::tables::{COLLATIONS, unknown_collations};
use crate::{FAMILY, SCHEMA, datatypes, schema};

/// Puts a table into SQLite's terms.
pub(crate) fn table(table: &Table, from: Family) -> Translation<Table> {
    let mut findings = Vec::new();
    let mut object = table.clone();
    if from == FAMILY {
        keep(&mut object, &mut findings);
    } else {
        foreign::adapt(&mut object, &mut findings);
    }
    if schema::is_internal(&object.name.name) {
        findings.push(refusal(
            "sqlite-reserved-name",
            &object.name,
            "names that begin with sqlite_ or dbferry_control_ are reserved",
            "rename the table with a transformation rule",
        ));
    }
    object.name.schema = SCHEMA.to_owned();
    for key in &mut object.foreign_keys {
        key.referenced.schema = SCHEMA.to_owned();
    }
    Translation { object, findings }
}

/// A table of the same family: what mapping has left without a declared type gets one.
fn keep(table: &mut Table, findings: &mut Vec<Finding>) {
    let foreign: Vec<String> = unknown_collations(table).map(str::to_owned).collect();
    for collation in foreign {
        findings.push(refusal(
            "sqlite-collation-unknown",
            &table.name,
            &format!(
                "the collation {collation:?} belongs to the program that made the file; here are \
                 {}",
                COLLATIONS.join(", ")
            ),
            "leave the table out, or change its collation at the source",
        ));
    }
    let original = crate::dialect::structure::SQL;
    let unchanged = table.option(original).and_then(|sql| {
        let parsed = crate::dialect::definition::table(sql).ok()?;
        Some(crate::dialect::structure::table(&parsed, sql))
    });
    for column in &mut table.columns {
        // A column that never had a type is not one whose type was changed.
        let untyped = unchanged.as_ref().is_some_and(|unchanged| {
            unchanged.columns.iter().any(|before| {
                before.name == column.name
                    && before.declared.is_empty()
                    && before.data_type == column.data_type
            })
        });
        if column.declared.is_empty() && !untyped {
            column.declared = datatypes::declare(&column.data_type).unwrap_or_default();
        }
    }
    for key in &mut table.keys {
        if key.name.is_empty() && key.options.is_empty() {
            key.options.push(CONSTRAINT.to_owned());
        }
    }
}

/// Puts a schema into SQLite's terms: there is one, and it is there already.
pub(crate) fn schema(schema: &Schema, from: Family) -> Translation<Schema> {
    let mut findings = Vec::new();
    let encoding = schema.charset.as_deref().unwrap_or("");
    if from == FAMILY && encoding.starts_with("UTF-16") {
        findings.push(
            Finding::new(
                "sqlite-encoding",
                Severity::Info,
                "the file keeps its text as UTF-16; the target keeps the same text as UTF-8",
            )
            .on(format!("schema {}", schema.name.escape_debug())),
        );
    }
    Translation {
        object: Schema {
            name: SCHEMA.to_owned(),
            charset: Some("UTF-8".to_owned()),
            ..Schema::default()
        },
        findings,
    }
}

/// Puts a view or trigger into SQLite's terms, which works for SQLite's own alone.
pub(crate) fn object(object: &StoredObject, from: Family) -> Translation<StoredObject> {
    let mut findings = Vec::new();
    if from != FAMILY {
        let name = format!("{} {}", object.kind.as_str(), object.name);
        findings.push(
            Finding::new(
                "sqlite-foreign-object",
                Severity::Error,
                format!("its text is in the dialect of {from}, which SQLite does not understand"),
            )
            .on(name)
            .fixed_by("write it anew for SQLite after the migration, and leave it out here"),
        );
    }
    Translation {
        object: object.clone(),
        findings,
    }
}

/// A finding that keeps the table from being migrated.
pub(crate) fn refusal(id: &str, table: &TableName, message: &str, fix: &str) -> Finding {
    Finding::new(id, Severity::Error, message)
        .on(format!("table {table}"))
        .fixed_by(fix)
}
