//! Columns, and the keys, checks and references that they are part of.

use super::*;

#[test]
fn a_removed_column_takes_along_what_needs_it() {
    let resolution = resolved(&[
        &of_column("client", "scratch", r#""rule-action": "remove-column""#),
        &of_column("orders", "total", r#""rule-action": "remove-column""#),
        &of_column("log", "year", r#""rule-action": "remove-column""#),
    ]);
    let client = mapped(&resolution, "client");
    assert_eq!(client.mapped.column("scratch"), None);
    assert!(client.mapped.keys.iter().all(|key| key.name != "scratch"));
    let orders = mapped(&resolution, "orders");
    assert_eq!(orders.mapped.checks, []);
    // The generated column cannot be computed any more, so its values are copied.
    assert_eq!(orders.mapped.column("gross").unwrap().generated, None);
    let gross = orders.mapped.column_index("gross").unwrap();
    let filled = orders
        .columns
        .iter()
        .find(|column| column.target == gross)
        .unwrap();
    assert_eq!(filled.origin, ColumnOrigin::Source(8));
    assert_eq!(mapped(&resolution, "log").mapped.partitioning, None);
    assert_eq!(found(&resolution, "check-left-out").len(), 1);
    assert_eq!(found(&resolution, "generated-left-out").len(), 1);
    assert_eq!(found(&resolution, "partitioning-left-out").len(), 1);
    assert_eq!(found(&resolution, "key-left-out").len(), 1);
}

#[test]
fn a_renamed_column_is_renamed_everywhere() {
    let resolution = resolved(&[
        &of_column(
            "orders",
            "total",
            r#""rule-action": "rename", "value": "net`o""#,
        ),
        &of_column(
            "orders",
            "client_id",
            r#""rule-action": "rename", "value": "client""#,
        ),
        &of_column(
            "client",
            "id",
            r#""rule-action": "rename", "value": "client_id""#,
        ),
        &of_column("log", "year", r#""rule-action": "rename", "value": "y""#),
        RENAME_SCHEMA,
    ]);
    let orders = &mapped(&resolution, "orders").mapped;
    assert_eq!(orders.checks[0].expression, "`net``o` >= 0");
    let gross = orders.column("gross").unwrap().generated.as_ref().unwrap();
    assert_eq!(gross.expression, "`net``o` * 1.19");
    let key = &orders.foreign_keys[0];
    assert_eq!(key.columns, ["client"]);
    assert_eq!(key.referenced, TableName::new("store", "client"));
    assert_eq!(key.referenced_columns, ["client_id"]);
    let client = &mapped(&resolution, "client").mapped;
    assert_eq!(
        client.keys[0].parts[0].of,
        KeyPartOf::Column("client_id".into())
    );
    let log = &mapped(&resolution, "log").mapped;
    assert_eq!(
        log.partitioning.as_deref(),
        Some("PARTITION BY RANGE (`y`) (PARTITION p2023 ...)")
    );
    // The default keeps its meaning under the new name too.
    let default = orders.columns[7].default.as_ref();
    assert_eq!(
        default,
        Some(&dbferry_core::catalog::ColumnDefault::Expression(
            "`client` + 1".into()
        ))
    );
}

#[test]
fn included_columns_leave_out_all_others() {
    let resolution = resolved(&[
        &of_column("client", "id", r#""rule-action": "include-column""#),
        &of_column("client", "e%", r#""rule-action": "include-column""#),
    ]);
    assert_eq!(
        names(&mapped(&resolution, "client").mapped),
        ["id", "email"]
    );
    assert_eq!(
        names(&mapped(&resolution, "item").mapped),
        ["id", "sku", "amount"]
    );
    refused(
        &[&of_column(
            "client",
            "nope",
            r#""rule-action": "include-column""#,
        )],
        Code::RuleNotApplicable,
        "every column would be left out",
    );
}

#[test]
fn a_changed_type_forgets_what_belonged_to_the_old_one() {
    let by_type = r#""rule-type": "transformation", "rule-target": "column",
        "rule-action": "change-data-type", "data-type": {"type": "int8"},
        "object-locator": {"schema-name": "shop", "table-name": "%", "column-name": "%", "data-type": "uint4"}"#;
    let resolution = resolved(&[by_type]);
    let amount = mapped(&resolution, "item").mapped.column("amount").unwrap();
    assert_eq!(
        amount.data_type,
        DataType::Integer {
            bits: 64,
            signed: true
        }
    );
    assert_eq!(amount.declared, "");
    assert_eq!(
        mapped(&resolution, "stock")
            .mapped
            .column("amount")
            .unwrap()
            .declared,
        mapped(&resolution, "stock")
            .source
            .column("amount")
            .unwrap()
            .declared
    );
    let map = r#""rule-action": "change-data-type", "data-type": {"type": "map"}"#;
    refused(
        &[&of_column("item", "sku", map)],
        Code::RuleNotApplicable,
        "document databases",
    );
}

#[test]
fn masks_combine_with_whatever_else_happens() {
    let resolution = resolved(&[
        &of_column(
            "client",
            "email",
            r#""rule-action": "rename", "value": "mail""#,
        ),
        &of_column(
            "client",
            "email",
            r#""rule-action": "data-masking-hash-mask""#,
        ),
        &of_column(
            "client",
            "card",
            r##""rule-action": "data-masking-digits-mask", "value": "#""##,
        ),
    ]);
    let client = mapped(&resolution, "client");
    let mask_of = |name: &str| {
        let target = client.mapped.column_index(name).unwrap();
        client
            .columns
            .iter()
            .find(|column| column.target == target)
            .unwrap()
            .mask
    };
    assert_eq!(mask_of("mail"), Some(Mask::Hash));
    assert_eq!(mask_of("card"), Some(Mask::Digits(b'#')));
    // The digest does not fit into 40 characters.
    assert_eq!(client.mapped.column("mail").unwrap().data_type, text(64));
    assert_eq!(client.mapped.column("card").unwrap().data_type, text(20));
    let email = client.source.column_index("email").unwrap();
    assert!(client.needs_canonical(email));
    assert!(!client.needs_canonical(0));
}

#[test]
fn a_mask_that_cannot_be_applied_is_never_overlooked() {
    let hash = r#""rule-action": "data-masking-hash-mask""#;
    refused(
        &[&of_column("item", "amount", hash)],
        Code::RuleNotApplicable,
        "cannot be masked so",
    );
    let resolution = resolved(&[
        &of_column("item", "%", hash),
        &of_column("client", "emial", hash),
    ]);
    assert_eq!(found(&resolution, "mask-skipped").len(), 2);
    let nothing: Vec<_> = resolution
        .findings
        .iter()
        .filter(|finding| finding.id == "rule-matched-nothing")
        .map(|finding| finding.severity)
        .collect();
    assert_eq!(nothing, [Severity::Error]);
}

#[test]
fn masked_keys_keep_references_only_when_both_sides_stay_equal() {
    let mask = r#""rule-action": "data-masking-digits-randomize""#;
    let resolution = resolved(&[&of_column("client", "id", mask)]);
    assert_eq!(mapped(&resolution, "orders").mapped.foreign_keys, []);
    assert_eq!(found(&resolution, "foreign-key-left-out").len(), 1);
}

#[test]
fn a_reference_to_a_table_that_stays_behind_is_left_out() {
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "client"}"#;
    let resolution = resolved(&[exclude]);
    assert_eq!(mapped(&resolution, "orders").mapped.foreign_keys, []);
    assert_eq!(
        found(&resolution, "foreign-key-left-out"),
        [
            "shop.orders: foreign key \"orders_client\" is left out: table shop.client does not take \
         part",
        ]
    );
}

#[test]
fn a_defined_primary_key_keeps_the_old_one_unique() {
    let resolution = resolved(&[&of_table(
        "audit",
        r#""rule-action": "define-primary-key",
           "primary-key-def": {"name": "pk", "columns": ["day", "seq"]}"#,
    )]);
    let audit = &mapped(&resolution, "audit").mapped;
    let key = audit.primary_key().unwrap();
    assert_eq!(key.name, "pk");
    assert_eq!(key.parts.len(), 2);
    assert!(audit.keys.iter().any(|key| key.kind == KeyKind::Unique));
    assert!(!audit.column("day").unwrap().nullable);
    assert_eq!(found(&resolution, "key-column-nullable").len(), 2);
    let rule = of_table(
        "audit",
        r#""rule-action": "define-primary-key", "primary-key-def": {"name": "k", "columns": ["x"]}"#,
    );
    refused(
        &[&rule],
        Code::RuleNotApplicable,
        "there is no column \"x\"",
    );
}

#[test]
fn before_images_wait_for_changes() {
    let resolution = resolved(&[&of_column(
        "stock",
        "%",
        r#""rule-action": "add-before-image-columns", "before-image-def": {"column-filter": "all"}"#,
    )]);
    let stock = mapped(&resolution, "stock");
    assert_eq!(names(&stock.mapped), ["id", "amount", "BI_id", "BI_amount"]);
    assert_eq!(stock.before_images, [(2, 0), (3, 1)]);
    assert_eq!(stock.columns.len(), 2);
}

#[test]
fn an_expression_must_fit_every_table_that_its_rule_names() {
    let rule = of_column(
        "%",
        "x",
        r#""rule-action": "add-column", "value": "x", "expression": "$emial",
           "data-type": {"type": "string"}"#,
    );
    refused(
        &[&rule],
        Code::RuleNotApplicable,
        "rule 2 \"2\": shop.client: the expression refers",
    );
}
