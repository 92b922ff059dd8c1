use super::*;
use dbferry_core::catalog::{Column, Key, KeyKind, KeyPart, Schema};
use dbferry_core::{DataType, NameCase};

pub(super) fn options() -> ResolveOptions {
    ResolveOptions {
        name_case: NameCase::Sensitive,
        target_name_case: NameCase::Sensitive,
        source_family: Family("mysql"),
        target_schema: None,
        only_schema: None,
        support_lobs: true,
        fail_on_no_tables: true,
    }
}

fn table(schema: &str, name: &str) -> Table {
    let mut table = Table::new(TableName::new(schema, name));
    let int = DataType::Integer {
        bits: 32,
        signed: true,
    };
    table.columns.push(Column {
        nullable: false,
        ..Column::new("id", int, "int")
    });
    let text = DataType::VarChar { length: Some(20) };
    table.columns.push(Column::new("name", text, "varchar(20)"));
    table.keys.push(Key {
        name: String::new(),
        kind: KeyKind::Primary,
        parts: vec![KeyPart::column("id")],
        visible: true,
        condition: None,
        comment: String::new(),
        options: vec![],
    });
    table
}

#[test]
fn a_schema_is_selected_and_renamed() {
    let catalog = Catalog {
        schemas: vec![Schema {
            name: "shop".into(),
            ..Schema::default()
        }],
        tables: vec![table("shop", "a"), table("shop", "tmp_b"), table("x", "c")],
        objects: vec![],
    };
    let shortcuts = crate::Shortcuts {
        tables: vec!["shop".into()],
        exclude: vec!["shop.tmp_*".into()],
        rename: vec!["shop=store".into()],
        only_schema: None,
    };
    let resolution = resolve(&shortcuts.mappings().unwrap(), &catalog, &options()).unwrap();
    assert_eq!(resolution.tables.len(), 1);
    assert_eq!(
        resolution.tables[0].mapped.name,
        TableName::new("store", "a")
    );
    assert_eq!(resolution.unselected.len(), 2);
    assert_eq!(resolution.schemas[0].name, "store");
    assert_eq!(resolution.findings, []);
}
