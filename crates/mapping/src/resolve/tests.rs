use dbferry_core::catalog::{KeyKind, KeyPartOf};
use dbferry_core::{Catalog, Code, DataType, NameCase, Severity, TableName};
use proptest::prelude::*;

use super::*;
use crate::resolution::{ColumnOrigin, Mask, ParallelLoad, Reason, Resolution};
use crate::sample::{catalog, column, options, shop, text};

mod columns;
mod examples;
mod objects;

/// Includes `shop.%` and applies further rules, written without ids.
fn rules(rules: &[&str]) -> TableMappings {
    let mut list = vec![
        r#"{"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
            "object-locator": {"schema-name": "shop", "table-name": "%"}}"#
            .to_owned(),
    ];
    for (id, rule) in (2..).zip(rules) {
        list.push(format!(
            r#"{{"rule-id": "{id}", "rule-name": "{id}", {rule}}}"#
        ));
    }
    TableMappings::parse(&format!("{{\"rules\": [{}]}}", list.join(","))).unwrap()
}

fn resolved(rules_written: &[&str]) -> Resolution {
    resolve(&rules(rules_written), &catalog(), &options()).unwrap()
}

fn refused(rules_written: &[&str], code: Code, expected: &str) {
    let error = resolve(&rules(rules_written), &catalog(), &options()).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

/// A rule for a column of `shop.table`.
fn of_column(table: &str, column: &str, rest: &str) -> String {
    format!(
        r#""rule-type": "transformation", "rule-target": "column",
           "object-locator": {{"schema-name": "shop", "table-name": "{table}", "column-name": "{column}"}},
           {rest}"#
    )
}

fn of_table(table: &str, rest: &str) -> String {
    format!(
        r#""rule-type": "transformation", "rule-target": "table",
           "object-locator": {{"schema-name": "shop", "table-name": "{table}"}}, {rest}"#
    )
}

const RENAME_SCHEMA: &str = r#""rule-type": "transformation", "rule-target": "schema",
    "rule-action": "rename", "object-locator": {"schema-name": "shop"}, "value": "store""#;

fn found(resolution: &Resolution, id: &str) -> Vec<String> {
    let findings = resolution
        .findings
        .iter()
        .filter(|finding| finding.id == id);
    findings
        .map(|f| format!("{}: {}", f.object.as_deref().unwrap_or_default(), f.message))
        .collect()
}

fn mapped<'r>(resolution: &'r Resolution, table: &str) -> &'r TableMapping {
    resolution.table(&shop(table)).unwrap()
}

fn names(table: &Table) -> Vec<&str> {
    table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}

#[test]
fn excludes_win_whatever_the_order() {
    let exclude = r#""rule-type": "selection", "rule-action": "exclude",
        "object-locator": {"schema-name": "shop", "table-name": "tmp[_]%"}"#;
    let explicit = r#""rule-type": "selection", "rule-action": "explicit",
        "object-locator": {"schema-name": "crm", "table-name": "client"}, "load-order": "10""#;
    let resolution = resolved(&[exclude, explicit]);
    assert!(resolution.table(&shop("tmp_load")).is_none());
    let left = &resolution.unselected[0];
    assert_eq!(
        (&left.name, &left.reason),
        (&shop("tmp_load"), &Reason::Excluded { rule: 2 })
    );
    // What has a load order comes first.
    assert_eq!(
        resolution.tables[0].source.name,
        TableName::new("crm", "client")
    );
}

#[test]
fn an_unescaped_underscore_that_matches_more_is_told() {
    let rule = of_table("old_bak", r#""rule-action": "add-prefix", "value": "x_""#);
    let mut catalog = catalog();
    catalog.tables.push(crate::sample::table("oldXbak", &[]));
    let resolution = resolve(&rules(&[&rule]), &catalog, &options()).unwrap();
    assert_eq!(
        found(&resolution, "rule-underscore"),
        [
            "rule 2 \"2\": _ stands for any character, so the rule also matches shop.oldXbak; write \
         [_] for an underscore",
        ]
    );
}

#[test]
fn the_lowest_rule_counts_and_the_others_are_told() {
    let resolution = resolved(&[
        &of_table("ref%", r#""rule-action": "add-prefix", "value": "v2_""#),
        &of_table("%1", r#""rule-action": "convert-uppercase""#),
        &of_column("item", "sku", r#""rule-action": "rename", "value": "code""#),
        &of_column("item", "sk%", r#""rule-action": "remove-column""#),
    ]);
    assert_eq!(mapped(&resolution, "ref1").mapped.name, shop("v2_ref1"));
    assert_eq!(
        names(&mapped(&resolution, "item").mapped),
        ["id", "code", "amount"]
    );
    assert_eq!(found(&resolution, "rule-shadowed").len(), 2);
}

#[test]
fn a_prefix_that_is_not_there_leaves_the_name_to_the_next_rule() {
    let resolution = resolved(&[
        &of_table("ref%", r#""rule-action": "remove-prefix", "value": "TBL_""#),
        &of_table(
            "ref%",
            r#""rule-action": "replace-suffix", "old-value": "1", "value": "2""#,
        ),
    ]);
    assert_eq!(mapped(&resolution, "ref1").mapped.name, shop("ref2"));
    assert_eq!(found(&resolution, "rule-matched-nothing").len(), 1);
}

#[test]
fn names_may_be_computed() {
    let resolution = resolved(&[&of_table(
        "ref%",
        r#""rule-action": "rename", "expression": "upper($AR_M_SOURCE_TABLE_NAME) || '_' || $AR_M_SOURCE_SCHEMA""#,
    )]);
    assert_eq!(mapped(&resolution, "ref1").mapped.name, shop("REF1_shop"));
    refused(
        &[&of_table(
            "ref%",
            r#""rule-action": "rename", "expression": "hex(randomblob(4))""#,
        )],
        Code::ExpressionFailed,
        "another name every time",
    );
}

#[test]
fn two_objects_never_become_one() {
    refused(
        &[&of_table(
            "ref1",
            r#""rule-action": "rename", "value": "slim""#,
        )],
        Code::TargetNameConflict,
        "tables shop.ref1 and shop.slim would both become shop.slim",
    );
    refused(
        &[&of_column(
            "item",
            "sku",
            r#""rule-action": "rename", "value": "amount""#,
        )],
        Code::TargetNameConflict,
        "would both become \"amount\"",
    );
    let added = r#""rule-action": "add-column", "value": "sku", "data-type": {"type": "int4"}"#;
    refused(
        &[&of_column("item", "x", added)],
        Code::TargetNameConflict,
        "\"sku\"",
    );
    // On a server that ignores case, names that differ by case are one.
    let rule = of_table("ref1", r#""rule-action": "rename", "value": "SLIM""#);
    let options = ResolveOptions {
        target_name_case: NameCase::Insensitive,
        ..options()
    };
    let error = resolve(&rules(&[&rule]), &catalog(), &options).unwrap_err();
    assert_eq!(error.code(), Code::TargetNameConflict);
}

#[test]
fn schemas_follow_rules_then_settings_and_the_target_alone() {
    let target = |rules_written: &[&str], options: ResolveOptions| {
        let resolution = resolve(&rules(rules_written), &catalog(), &options).unwrap();
        mapped(&resolution, "slim").mapped.name.schema.clone()
    };
    assert_eq!(target(&[], options()), "shop");
    let all = ResolveOptions {
        target_schema: Some("all".into()),
        ..options()
    };
    assert_eq!(target(&[], all.clone()), "all");
    assert_eq!(target(&[RENAME_SCHEMA], all), "store");
    let main = ResolveOptions {
        only_schema: Some("main".into()),
        ..options()
    };
    assert_eq!(target(&[RENAME_SCHEMA], main), "main");
}

#[test]
fn one_table_may_move_to_another_schema() {
    let rule = r#""rule-type": "transformation", "rule-target": "schema", "rule-action": "rename",
        "object-locator": {"schema-name": "shop", "table-name": "slim"}, "value": "app""#;
    let resolution = resolved(&[rule]);
    assert_eq!(
        mapped(&resolution, "slim").mapped.name,
        TableName::new("app", "slim")
    );
    assert_eq!(mapped(&resolution, "item").mapped.name, shop("item"));
    let schemas: Vec<_> = resolution
        .schemas
        .iter()
        .map(|schema| &*schema.name)
        .collect();
    assert_eq!(schemas, ["app", "shop"]);
    assert_eq!(resolution.schemas[0].charset.as_deref(), Some("utf8mb4"));
}

#[test]
fn filters_name_columns_that_can_be_compared() {
    let filtered = |table: &str, column: &str| {
        format!(
            r#""rule-type": "selection", "rule-action": "include",
               "object-locator": {{"schema-name": "shop", "table-name": "{table}"}},
               "filters": [{{"filter-type": "source", "column-name": "{column}",
                 "filter-conditions": [{{"filter-operator": "null"}}]}}]"#
        )
    };
    refused(
        &[&filtered("orders", "nope")],
        Code::RuleNotApplicable,
        "there is no column \"nope\"",
    );
    refused(
        &[&filtered("docs", "body")],
        Code::RuleNotApplicable,
        "large objects",
    );
    refused(
        &[&filtered("orders", "region"), &filtered("orders", "tenant")],
        Code::RuleNotApplicable,
        "put all filters into one rule",
    );
    let resolution = resolved(&[&filtered("orders", "REGION")]);
    let filter = mapped(&resolution, "orders").filter.as_ref().unwrap();
    assert_eq!(filter.terms[0].column, "region");
    assert_eq!(found(&resolution, "filter-narrows").len(), 1);
}

#[test]
fn partition_lists_lose_no_partition() {
    let list = |partitions: &str| {
        format!(
            r#""rule-type": "table-settings",
               "object-locator": {{"schema-name": "shop", "table-name": "log"}},
               "parallel-load": {{"type": "partitions-list", "partitions": {partitions}}}"#
        )
    };
    let resolution = resolved(&[&list(r#"["p2024"]"#)]);
    let all = ["p2024", "p2023", "p2025"].map(str::to_owned).to_vec();
    assert_eq!(
        mapped(&resolution, "log").parallel_load,
        Some(ParallelLoad::Partitions(all))
    );
    assert_eq!(found(&resolution, "partitions-added").len(), 1);
    refused(
        &[&list(r#"["p1"]"#)],
        Code::RuleNotApplicable,
        "there is no partition \"p1\"",
    );
}

#[test]
fn without_large_objects_their_columns_are_left_out_with_a_word() {
    let options = ResolveOptions {
        support_lobs: false,
        ..options()
    };
    let resolution = resolve(&rules(&[]), &catalog(), &options).unwrap();
    assert_eq!(names(&mapped(&resolution, "docs").mapped), ["id"]);
    assert_eq!(found(&resolution, "columns-left-out").len(), 1);
}

#[test]
fn nothing_matched_tells_what_comes_near() {
    let check = |schema: &str, table: &str, expected: &str| {
        let json = format!(
            r#"{{"rules": [{{"rule-type": "selection", "rule-id": 1, "rule-name": "a",
                "rule-action": "include",
                "object-locator": {{"schema-name": "{schema}", "table-name": "{table}"}}}}]}}"#
        );
        let mappings = TableMappings::parse(&json).unwrap();
        let error = resolve(&mappings, &catalog(), &options()).unwrap_err();
        assert_eq!(error.code(), Code::NoTableMatched);
        assert!(error.to_string().contains(expected), "{error}");
    };
    check("Shop", "%", "\"Shop\" differs by case from schema \"shop\"");
    check(
        "shpo",
        "%",
        "there is no schema \"shpo\"; did you mean \"shop\"?",
    );
    check("elsewhere", "%", "there are crm, empty, shop");
    check("empty", "%", "schema empty holds no table");
    check(
        "shop",
        "Orders",
        "\"Orders\" differs by case from table \"orders\"",
    );
    check("shop", "order", "did you mean \"orders\"?");
    let none = ResolveOptions {
        fail_on_no_tables: false,
        ..options()
    };
    let shortcuts = crate::Shortcuts {
        tables: vec!["empty".into()],
        ..Default::default()
    };
    let resolution = resolve(&shortcuts.mappings().unwrap(), &catalog(), &none).unwrap();
    assert_eq!(resolution.schemas[0].name, "empty");
}

#[test]
fn ten_thousand_tables_and_a_hundred_rules_take_no_time() {
    let mut catalog = Catalog::default();
    for number in 0..10_000 {
        let mut table = crate::sample::table(&format!("table_{number}"), &[]);
        table
            .columns
            .extend((0..8).map(|n| column(&format!("column_{n}"), text(9))));
        catalog.tables.push(table);
    }
    let written: Vec<String> = (0..50)
        .flat_map(|number| {
            [
                of_table(
                    &format!("%[_]{number}7%"),
                    r#""rule-action": "add-suffix", "value": "x""#,
                ),
                of_column(
                    &format!("table[_]{number}%"),
                    &format!("%[_]{}", number % 8),
                    r#""rule-action": "convert-uppercase""#,
                ),
            ]
        })
        .collect();
    let mappings = rules(&written.iter().map(String::as_str).collect::<Vec<_>>());
    let started = std::time::Instant::now();
    let resolution = resolve(&mappings, &catalog, &options()).unwrap();
    assert_eq!(resolution.tables.len(), 10_000);
    // Generous for a build without optimisation on a busy machine: quadratic work takes minutes.
    assert!(
        started.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

proptest! {
    #[test]
    fn any_name_can_be_selected_and_renamed(name in "[^\\x00]{1,12}", new in "[^\\x00]{1,12}") {
        let mut table = crate::sample::table("x", &[]);
        table.name.name.clone_from(&name);
        let catalog = Catalog { tables: vec![table], ..Catalog::default() };
        let locator = serde_json::json!({
            "schema-name": "shop", "table-name": crate::pattern::escape(&name)});
        let document = serde_json::json!({"rules": [
            {"rule-type": "selection", "rule-id": 1, "rule-name": "a", "rule-action": "include",
             "object-locator": locator},
            {"rule-type": "transformation", "rule-id": 2, "rule-name": "b", "rule-target": "table",
             "rule-action": "rename", "object-locator": locator, "value": new}]});
        let mappings = TableMappings::parse(&document.to_string()).unwrap();
        let resolution = resolve(&mappings, &catalog, &options()).unwrap();
        prop_assert_eq!(&resolution.tables[0].mapped.name.name, &new);
    }
}
