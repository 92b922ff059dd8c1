//! A made-up shop for tests.

use dbferry_core::catalog::{
    Check, Column, ColumnDefault, ForeignKey, Generated, Key, KeyKind, KeyPart, ReferenceAction,
    Schema, Table,
};
use dbferry_core::{
    Capabilities, Catalog, DataType, Family, NameCase, ObjectKind, ObjectName, StoredObject,
    TableName,
};

use crate::{ResolveOptions, ResolvedSettings};

pub(crate) const INT: DataType = DataType::Integer {
    bits: 32,
    signed: true,
};

pub(crate) fn text(length: u32) -> DataType {
    DataType::VarChar {
        length: Some(length),
    }
}

pub(crate) fn column(name: &str, data_type: DataType) -> Column {
    let declared = format!("{data_type:?}");
    Column::new(name, data_type, declared)
}

pub(crate) fn key(name: &str, kind: KeyKind, columns: &[&str]) -> Key {
    Key {
        name: name.to_owned(),
        kind,
        parts: columns
            .iter()
            .map(|column| KeyPart::column(*column))
            .collect(),
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    }
}

/// A table with a primary key `id` and more columns.
pub(crate) fn table(name: &str, columns: &[(&str, DataType)]) -> Table {
    let mut table = Table::new(TableName::new("shop", name));
    let id = column("id", INT);
    table.columns.push(Column {
        nullable: false,
        auto_increment: true,
        ..id
    });
    let more = columns
        .iter()
        .map(|(name, data_type)| column(name, data_type.clone()));
    table.columns.extend(more);
    table.keys.push(key("", KeyKind::Primary, &["id"]));
    table.auto_increment = Some(17);
    table
}

pub(crate) fn reference(name: &str, columns: &[&str], table: &str) -> ForeignKey {
    ForeignKey {
        name: name.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        referenced: TableName::new("shop", table),
        referenced_columns: vec!["id".to_owned()],
        on_delete: ReferenceAction::Restrict,
        on_update: ReferenceAction::Restrict,
        attributes: Vec::new(),
    }
}

pub(crate) fn stored(kind: ObjectKind, name: &str, statement: &str) -> StoredObject {
    StoredObject {
        kind,
        name: ObjectName::new("shop", name),
        table: None,
        statements: vec![statement.to_owned()],
        definer: None,
        settings: Vec::new(),
        active: false,
    }
}

/// The tables that the examples of rules are about, in schema `shop`, one table in `crm`, and an
/// empty schema.
pub(crate) fn catalog() -> Catalog {
    let blob = DataType::Blob { bytes_max: None };
    let day = DataType::Date;
    let money = DataType::Decimal {
        precision: Some(10),
        scale: Some(2),
    };
    let mut client = table(
        "client",
        &[
            ("first", text(40)),
            ("last", text(40)),
            ("email", text(40)),
            ("phone", text(20)),
            ("card", text(20)),
            ("scratch", text(10)),
            ("note", text(200)),
            ("spend", money.clone()),
        ],
    );
    client.keys.push(key("email", KeyKind::Unique, &["email"]));
    client
        .keys
        .push(key("scratch", KeyKind::Plain, &["scratch", "note"]));
    let mut orders = table(
        "orders",
        &[
            ("client_id", INT),
            ("region_id", INT),
            ("order_id", INT),
            ("region", text(2)),
            ("created_on", day.clone()),
            ("tenant", text(9)),
            ("total", money),
            (
                "gross",
                DataType::Decimal {
                    precision: Some(12),
                    scale: Some(2),
                },
            ),
        ],
    );
    orders
        .foreign_keys
        .push(reference("orders_client", &["client_id"], "client"));
    orders.checks.push(Check {
        name: "total_positive".to_owned(),
        expression: "`total` >= 0".to_owned(),
        enforced: true,
        column: None,
    });
    orders.columns[8].generated = Some(Generated {
        expression: "`total` * 1.19".to_owned(),
        stored: true,
    });
    orders.columns[7].default = Some(ColumnDefault::Expression("`client_id` + 1".to_owned()));
    let mut log = table("log", &[("year", INT), ("line", text(99))]);
    log.partitioning = Some("PARTITION BY RANGE (`year`) (PARTITION p2023 ...)".to_owned());
    log.partitions = ["p2023", "p2024", "p2025"].map(str::to_owned).to_vec();
    let mut crm = table("client", &[("name", text(20))]);
    crm.name.schema = "crm".to_owned();
    let uint4 = DataType::Integer {
        bits: 32,
        signed: false,
    };
    let tables = vec![
        crm,
        table(
            "SALES2024",
            &[("old_name", text(9)), ("start_dt", day.clone())],
        ),
        table("TBL_x", &[]),
        table("audit", &[("day", day), ("seq", INT), ("what", text(9))]),
        client,
        table("docs", &[("body", blob)]),
        table("item", &[("sku", text(9)), ("amount", uint4)]),
        table("legacy", &[("a", INT), ("b", INT)]),
        log,
        table("old_bak", &[]),
        orders,
        table("ref1", &[]),
        table("slim", &[("fat", text(9))]),
        table("stock", &[("amount", INT)]),
        table("tmp_load", &[("x", INT)]),
        table("user", &[("login", text(9))]),
        table("visits", &[]),
    ];
    let schemas = ["crm", "empty", "shop"].map(|name| Schema {
        name: name.to_owned(),
        charset: Some("utf8mb4".to_owned()),
        ..Schema::default()
    });
    let view = "CREATE VIEW `shop`.`spenders` AS select `shop`.`client`.`email` AS `email` from \
                `shop`.`client`";
    let over = "CREATE VIEW `shop`.`over` AS select `spenders`.`email` AS `email` from \
                `shop`.`spenders`";
    let mut trigger = stored(
        ObjectKind::Trigger,
        "client_bi",
        "CREATE TRIGGER `client_bi` BEFORE INSERT ON `client` FOR EACH ROW SET NEW.email = \
         lower(NEW.email)",
    );
    trigger.table = Some(TableName::new("shop", "client"));
    Catalog {
        schemas: schemas.to_vec(),
        tables,
        objects: vec![
            stored(ObjectKind::View, "spenders", view),
            stored(ObjectKind::View, "over", over),
            trigger,
            stored(
                ObjectKind::Procedure,
                "purge",
                "CREATE PROCEDURE `purge`() DELETE FROM `shop`.`tmp_load`",
            ),
        ],
    }
}

pub(crate) fn options() -> ResolveOptions {
    let capabilities = Capabilities {
        family: Family("mysql"),
        product: String::new(),
        server_identity: String::new(),
        loaders_max: 1,
        readers_max: 1,
        name_case: NameCase::Sensitive,
        only_schema: None,
    };
    ResolveOptions::new(&capabilities, &capabilities, &ResolvedSettings::default())
}

/// The catalog's table `shop.name`.
pub(crate) fn shop(name: &str) -> TableName {
    TableName::new("shop", name)
}
