//! The examples of the DMS guide, resolved against the made-up shop.

use super::*;
use dbferry_core::filter::Comparison;

fn example(json: &str) -> Resolution {
    let mappings = TableMappings::parse(json).unwrap_or_else(|problems| panic!("{problems}"));
    resolve(&mappings, &catalog(), &options()).unwrap()
}

#[test]
fn frame() {
    let resolution = example(include_str!("../../testdata/frame.json"));
    assert_eq!(resolution.tables.len(), 16);
}

#[test]
fn selection() {
    let resolution = example(include_str!("../../testdata/selection.json"));
    assert_eq!(resolution.tables.len(), 16);
    assert_eq!(resolution.tables[0].load_order, Some(10));
    assert_eq!(resolution.tables[1].load_order, Some(1));
}

#[test]
fn filters() {
    let resolution = example(include_str!("../../testdata/filters.json"));
    let terms = &resolution.tables[0].filter.as_ref().unwrap().terms;
    assert_eq!(terms.len(), 3);
    assert_eq!(
        terms[0].any,
        [
            Comparison::Equal("eu".into()),
            Comparison::Equal("uk".into())
        ]
    );
    assert_eq!(terms[2].any, [Comparison::IsNotNull]);
}

#[test]
fn transformation() {
    let resolution = example(include_str!("../../testdata/transformation.json"));
    let of = |name: &str| &mapped(&resolution, name).mapped;
    assert_eq!(of("SALES2024").name, TableName::new("store", "sales2024"));
    assert_eq!(names(of("SALES2024")), ["id", "new_name", "start_dt"]);
    assert_eq!(names(of("item")), ["id", "sku_code", "amount"]);
    assert_eq!(of("client").column("scratch"), None);
    assert_eq!(names(of("slim")), ["id"]);
    let total = of("orders").column("total").unwrap();
    assert_eq!(
        total.data_type,
        DataType::Decimal {
            precision: Some(18),
            scale: Some(4)
        }
    );
    assert_eq!(of("audit").primary_key().unwrap().name, "pk_audit");
    assert_eq!(names(of("stock")), ["id", "amount", "BI_id"]);
    assert!(!mapped(&resolution, "client").copies_cells());
}

#[test]
fn the_remaining_transformations() {
    let bare = include_str!("../../testdata/bare_transformations.json");
    let bare = bare.trim().trim_start_matches('[');
    let frame = include_str!("../../testdata/frame.json")
        .trim()
        .trim_end_matches("]}");
    let resolution = example(&format!("{frame},{bare}}}"));
    let of = |name: &str| &mapped(&resolution, name).mapped;
    assert_eq!(of("ref1").name, shop("v2_ref1"));
    assert_eq!(of("TBL_x").name, shop("x"));
    assert_eq!(of("old_bak").name, shop("old"));
    assert_eq!(names(of("SALES2024")), ["id", "old_name", "start_date"]);
    assert_eq!(names(of("legacy")), ["ID", "A", "B"]);
    assert_eq!(of("user").name, shop("app_user"));
    let masks = mapped(&resolution, "client")
        .columns
        .iter()
        .filter_map(|column| column.mask);
    assert_eq!(masks.collect::<Vec<_>>(), [Mask::Hash, Mask::RandomDigits]);
    assert_eq!(found(&resolution, "rule-not-effective").len(), 1);
}

#[test]
fn expressions() {
    let resolution = example(include_str!("../../testdata/expressions.json"));
    let client = &resolution.tables[0];
    let added = ["full_name", "tier", "op", "commit_at"];
    assert_eq!(names(&client.mapped)[9..], added);
    assert_eq!(client.columns.len(), 13);
    let looked_at = client.columns_for_expressions();
    let looked_at: Vec<_> = looked_at
        .iter()
        .map(|&index| client.source.columns[index].name.as_str())
        .collect();
    assert_eq!(looked_at, ["first", "last", "spend"]);
}

#[test]
fn table_settings() {
    let resolution = example(include_str!("../../testdata/table_settings.json"));
    match mapped(&resolution, "orders")
        .parallel_load
        .as_ref()
        .unwrap()
    {
        ParallelLoad::Ranges {
            columns,
            boundaries,
        } => {
            assert_eq!(columns[..], ["region_id", "order_id"]);
            assert_eq!(boundaries.len(), 3);
            assert_eq!(boundaries[1].0, [b"2".to_vec(), b"500000".to_vec()]);
        }
        other => panic!("{other:?}"),
    }
    let visits = mapped(&resolution, "visits").parallel_load.as_ref();
    assert_eq!(visits, Some(&ParallelLoad::PartitionsAuto));
    assert!(mapped(&resolution, "docs").lob.is_some());
}

#[test]
fn validation() {
    let resolution = example(include_str!("../../testdata/validation.json"));
    let overrides = &mapped(&resolution, "client").validation_overrides;
    assert_eq!(overrides.len(), 1);
    assert_eq!(overrides[0].source_function, "rtrim(${column-name})");
}

#[test]
fn streams() {
    let resolution = example(include_str!("../../testdata/streams.json"));
    assert_eq!(found(&resolution, "rule-not-effective").len(), 2);
}
