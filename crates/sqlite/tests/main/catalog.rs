//! The catalog of a file, and its way onto another file.

use std::collections::BTreeMap;

use dbferry_core::catalog::{ColumnDefault, KeyKind, KeyPartOf, ReferenceAction};
use dbferry_core::{CatalogScope, Code, Endpoint, KeyTiming, ObjectKind, Target};
use dbferry_sqlite::FAMILY;

use crate::support::{Folder, contents, definitions, migrate, name, scope, source, target};

const RICH: &str = include_str!("rich.sql");

#[tokio::test]
async fn every_definition_and_row_arrives_as_it_was() {
    let folder = Folder::new();
    let (from, to) = (folder.database("a.db", RICH), folder.path("b.db"));
    let (a, b) = (source(&from).await, target(&to).await);
    migrate(&a, &b).await;
    assert_eq!(ordinary(definitions(&to)), ordinary(definitions(&from)));
    let (there, here) = (
        a.catalog(&scope()).await.unwrap(),
        b.catalog(&scope()).await.unwrap(),
    );
    assert_eq!(there.objects, here.objects);
    for (there, here) in there.tables.iter().zip(&here.tables) {
        let mut there = there.clone();
        there.size = here.size;
        assert_eq!(&there, here);
        assert_eq!(
            contents(&from, &there.name.name),
            contents(&to, &there.name.name)
        );
    }
    let mode: String = rusqlite::Connection::open(&to)
        .unwrap()
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "delete");
}

/// What a catalog covers: not virtual tables and their shadows, not statistics.
fn ordinary(
    definitions: Vec<(String, String, Option<String>)>,
) -> BTreeMap<(String, String), Option<String>> {
    definitions
        .into_iter()
        .filter(|(_, name, _)| !name.starts_with("words") && !name.starts_with("sqlite_stat"))
        .map(|(kind, name, sql)| ((kind, name), sql))
        .collect()
}

#[tokio::test]
async fn structure_is_spelled_out() {
    let folder = Folder::new();
    let a = source(folder.database("a.db", RICH)).await;
    let catalog = a.catalog(&scope()).await.unwrap();
    let names: Vec<&str> = catalog
        .tables
        .iter()
        .map(|table| table.name.name.as_str())
        .collect();
    let expected = [
        "Customers",
        "defaults",
        "descending",
        "line\nbreak",
        "no_key",
        "notes",
        "orders",
        "pairs",
        "quotes\"and'more",
        "strict_things",
    ];
    assert_eq!(names, expected);

    let customers = catalog.table(&name("Customers")).unwrap();
    assert_eq!(customers.auto_increment, Some(101));
    let id = customers.column("id").unwrap();
    assert!(id.auto_increment && !id.nullable);
    let email = customers.column("email").unwrap();
    assert_eq!(email.collation.as_deref(), Some("NOCASE"));
    assert_eq!(email.attributes, ["NOT NULL ON CONFLICT FAIL"]);
    let full = customers
        .column("full name")
        .unwrap()
        .generated
        .as_ref()
        .unwrap();
    assert_eq!(
        (full.expression.as_str(), full.stored),
        ("first || ' ' || [last]", true)
    );
    assert!(
        !customers
            .column("initial")
            .unwrap()
            .generated
            .as_ref()
            .unwrap()
            .stored
    );
    let checks: Vec<_> = customers
        .checks
        .iter()
        .map(|check| (check.name.as_str(), check.expression.as_str()))
        .collect();
    assert_eq!(
        checks,
        [
            ("Customers_check_1", "age > 0 AND note <> ')'"),
            ("names", "length(first) > 0")
        ]
    );

    let orders = catalog.table(&name("orders")).unwrap();
    let key = &orders.foreign_keys[0];
    assert_eq!(key.referenced, name("Customers"));
    assert_eq!(key.referenced_columns, ["id"]);
    assert_eq!(key.on_delete, ReferenceAction::Cascade);
    assert_eq!(key.on_update, ReferenceAction::SetNull);
    assert_eq!(key.attributes, ["DEFERRABLE INITIALLY DEFERRED"]);
    let index = |name: &str| orders.keys.iter().find(|key| key.name == name).unwrap();
    assert_eq!(index("recent").condition.as_deref(), Some("state <> 'old'"));
    assert!(index("recent").parts[1].descending);
    assert_eq!(index("by_month").kind, KeyKind::Plain);
    let part = &index("by_month").parts[0].of;
    assert_eq!(
        *part,
        KeyPartOf::Expression("substr(placed, 1, 7)".to_owned())
    );
    assert_eq!(
        index("by_state").parts[0].collation.as_deref(),
        Some("RTRIM")
    );

    let defaults = catalog.table(&name("defaults")).unwrap();
    let default = |name: &str| defaults.column(name).unwrap().default.clone();
    let literal = |text: &str| Some(ColumnDefault::Literal(Some(text.to_owned())));
    assert_eq!(default("n"), literal("-1.5"));
    assert_eq!(default("t"), literal("it's"));
    assert_eq!(default("word"), literal("unquoted"));
    assert_eq!(default("empty"), Some(ColumnDefault::Literal(None)));
    assert_eq!(default("now"), Some(ColumnDefault::CurrentTimestamp(0)));
    let expression = "abs(-1) + (2)".to_owned();
    assert_eq!(default("e"), Some(ColumnDefault::Expression(expression)));
    assert_eq!(default("none"), None);

    let kinds: Vec<_> = catalog.objects.iter().map(|object| object.kind).collect();
    assert_eq!(
        kinds,
        [
            ObjectKind::View,
            ObjectKind::View,
            ObjectKind::Trigger,
            ObjectKind::Trigger
        ]
    );
}

#[tokio::test]
async fn a_renamed_table_is_written_anew_with_all_that_it_means() {
    let folder = Folder::new();
    let a = source(folder.database("a.db", RICH)).await;
    let b = target(folder.path("b.db")).await;
    let catalog = a.catalog(&scope()).await.unwrap();
    for table in &catalog.tables {
        let mut renamed = b.translate(table, FAMILY).object;
        renamed.name.name.push_str(" 2");
        for key in &mut renamed.keys {
            if key
                .options
                .iter()
                .any(|option| option.starts_with("CREATE"))
            {
                key.name.push_str("_2");
            }
        }
        b.create_table(&renamed, KeyTiming::WithTable)
            .await
            .unwrap();
        b.complete_table(&renamed).await.unwrap();
        let made = b.catalog(&scope()).await.unwrap();
        let made = made.table(&renamed.name).unwrap();
        let mut wanted = renamed.clone();
        wanted.size = made.size;
        wanted.options.clone_from(&made.options);
        wanted.auto_increment = wanted
            .auto_increment
            .filter(|_| made.auto_increment.is_some());
        assert_eq!(
            without_texts(&wanted),
            without_texts(made),
            "{}",
            renamed.name
        );
    }
}

/// A table without the statements and names that a new table must have in its own way.
fn without_texts(table: &dbferry_core::Table) -> dbferry_core::Table {
    let mut table = table.clone();
    for key in &mut table.keys {
        key.options.retain(|option| !option.starts_with("CREATE"));
    }
    for check in &mut table.checks {
        check.column = None;
    }
    table.keys.sort_by(|a, b| a.name.cmp(&b.name));
    for foreign in &mut table.foreign_keys {
        foreign.referenced_columns.clear();
    }
    table
}

#[tokio::test]
async fn only_the_schema_main_is_there() {
    let folder = Folder::new();
    let a = source(folder.database("a.db", "CREATE TABLE t (a)")).await;
    let of = |schema: &str| CatalogScope {
        schemas: Some(vec![schema.to_owned()]),
        ..CatalogScope::default()
    };
    assert_eq!(a.catalog(&of("main")).await.unwrap().tables.len(), 1);
    let error = a.catalog(&of("shop")).await.unwrap_err();
    assert_eq!(error.code(), Code::ObjectMissing);
}

#[tokio::test]
async fn an_object_of_the_same_name_must_be_the_same() {
    let folder = Folder::new();
    let a = source(folder.database("a.db", "CREATE VIEW v AS SELECT 1")).await;
    let b = target(folder.database("b.db", "CREATE VIEW v AS SELECT 2")).await;
    let object = a.catalog(&scope()).await.unwrap().objects.remove(0);
    let error = b.create_object(&object).await.unwrap_err();
    assert_eq!(error.code(), Code::DefinitionRefused);
    assert!(error.hint().is_some());
}
