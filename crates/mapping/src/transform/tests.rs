use dbferry_core::{CellForm, Code, ColumnLoad, ColumnRead};

use super::*;
use crate::sample::{catalog, options, shop};
use crate::{ColumnMapping, TableMappings, resolve};

/// The mapping of `shop.client` under further rules.
fn client(rules: &[&str]) -> TableMapping {
    let mut list = vec![
        r#"{"rule-type": "selection", "rule-id": 1, "rule-name": 1, "rule-action": "include",
            "object-locator": {"schema-name": "shop", "table-name": "client"}}"#
            .to_owned(),
    ];
    for (id, rule) in (2..).zip(rules) {
        list.push(format!(
            r#"{{"rule-type": "transformation", "rule-id": {id}, "rule-name": {id},
                "rule-target": "column", {rule}}}"#
        ));
    }
    let json = format!("{{\"rules\": [{}]}}", list.join(","));
    let mappings = TableMappings::parse(&json).unwrap_or_else(|problems| panic!("{problems}"));
    let resolution = resolve(&mappings, &catalog(), &options()).unwrap();
    resolution.table(&shop("client")).unwrap().clone()
}

fn rule(column: &str, rest: &str) -> String {
    format!(
        r#""object-locator": {{"schema-name": "shop", "table-name": "client", "column-name": "{column}"}}, {rest}"#
    )
}

fn added(name: &str, expression: &str, data_type: &str) -> String {
    rule(
        name,
        &format!(
            r#""rule-action": "add-column", "value": "{name}", "expression": "{expression}",
               "data-type": {data_type}"#
        ),
    )
}

/// What an engine would read and load.
fn plan(mapping: &TableMapping) -> (TableRead, TableLoad) {
    let mut reads: Vec<usize> = mapping
        .columns
        .iter()
        .filter_map(ColumnMapping::source_column)
        .collect();
    for column in mapping.columns_for_expressions() {
        if !reads.contains(&column) {
            reads.push(column);
        }
    }
    let read = TableRead {
        table: mapping.source.clone(),
        columns: reads
            .into_iter()
            .map(|column| ColumnRead {
                column,
                form: CellForm::Canonical,
            })
            .collect(),
        key: vec![0],
        filter: None,
    };
    let load = TableLoad {
        table: mapping.mapped.clone(),
        columns: mapping
            .columns
            .iter()
            .map(|column| ColumnLoad {
                column: column.target,
                form: CellForm::Canonical,
                data_type: column.data_type(mapping).clone(),
            })
            .collect(),
    };
    (read, load)
}

fn transform(mapping: &TableMapping) -> Option<RowTransform> {
    let (read, load) = plan(mapping);
    RowTransform::new(mapping, &read, &load).unwrap()
}

/// Runs rows of texts, of which "" is NULL.
fn run(mapping: &TableMapping, rows: &[&[&str]]) -> Result<Vec<Vec<String>>, Error> {
    let (read, load) = plan(mapping);
    let mut transform = RowTransform::new(mapping, &read, &load)?.unwrap();
    let mut input = RowBatch::new(read.columns.len());
    for row in rows {
        assert_eq!(row.len(), read.columns.len());
        for cell in *row {
            match cell.is_empty() {
                true => input.push_null()?,
                false => input.push(cell.as_bytes())?,
            }
        }
    }
    let mut output = RowBatch::new(load.columns.len());
    transform.apply(&input, &mut output)?;
    let text = |cell: Option<&[u8]>| String::from_utf8(cell.unwrap_or_default().to_vec()).unwrap();
    Ok((0..output.rows())
        .map(|row| output.row(row).map(text).collect())
        .collect())
}

const ROW: &[&str] = &[
    "1",
    "Ann",
    "Lee",
    "a@b",
    "0123",
    "4111 1111",
    "x",
    "",
    "1200.50",
];

#[test]
fn rows_pass_unchanged_unless_a_rule_touches_their_values() {
    assert!(transform(&client(&[])).is_none());
    let renamed = rule("first", r#""rule-action": "rename", "value": "given""#);
    let removed = rule("scratch", r#""rule-action": "remove-column""#);
    assert!(transform(&client(&[&renamed, &removed])).is_none());
    let masked = rule(
        "card",
        r##""rule-action": "data-masking-digits-mask", "value": "#""##,
    );
    assert!(transform(&client(&[&masked])).is_some());
}

#[test]
fn columns_are_computed_and_masked() {
    let mapping = client(&[
        &rule(
            "card",
            r##""rule-action": "data-masking-digits-mask", "value": "#""##,
        ),
        &added(
            "full",
            "coalesce($first,'') || ' ' || upper($last)",
            r#"{"type": "string"}"#,
        ),
        &added(
            "tier",
            "CASE WHEN $spend > 1000 THEN 'gold' ELSE 'base' END",
            r#"{"type": "string"}"#,
        ),
        &added(
            "op",
            "operation_indicator('D','U','I')",
            r#"{"type": "string", "length": 1}"#,
        ),
        &added(
            "kind",
            "$AR_H_OPERATION || $AR_H_USER",
            r#"{"type": "string"}"#,
        ),
        &added("whole", "$AR_M_SOURCE_TABLE_NAME", r#"{"type": "string"}"#),
        &added(
            "net",
            "$spend / 2",
            r#"{"type": "numeric", "precision": 9, "scale": 2}"#,
        ),
        &added(
            "digest",
            "hash_sha256($email)",
            r#"{"type": "string", "length": 64}"#,
        ),
        &rule("digest", r#""rule-action": "data-masking-hash-mask""#),
    ]);
    let null_name = ["2", "", "Ng", "", "", "", "", "", "3.00"];
    let rows = run(&mapping, &[ROW, &null_name]).unwrap();
    assert_eq!(
        rows[0][..6],
        ["1", "Ann", "Lee", "a@b", "0123", "#### ####"]
    );
    assert_eq!(
        rows[0][9..15],
        ["Ann LEE", "gold", "I", "INSERT", "client", "600.25"]
    );
    let digest = sha256_hex(sha256_hex(b"a@b").as_bytes());
    assert_eq!(rows[0][15], digest);
    assert_eq!(rows[1][9..11], [" NG", "base"]);
    assert_eq!(rows[1][15], "");
}

#[test]
fn a_column_that_is_only_looked_at_is_read_but_not_loaded() {
    let mapping = client(&[
        &rule("email", r#""rule-action": "remove-column""#),
        &added(
            "domain",
            "substr($email, instr($email, '@') + 1)",
            r#"{"type": "string"}"#,
        ),
    ]);
    let (read, load) = plan(&mapping);
    assert_eq!((read.columns.len(), load.columns.len()), (9, 9));
    let row = [
        "1",
        "Ann",
        "Lee",
        "0123",
        "4111",
        "x",
        "",
        "1.00",
        "ann@example.org",
    ];
    let rows = run(&mapping, &[&row]).unwrap();
    assert_eq!(
        rows[0],
        [
            "1",
            "Ann",
            "Lee",
            "0123",
            "4111",
            "x",
            "",
            "1.00",
            "example.org"
        ]
    );
}

#[test]
fn a_mere_copy_keeps_every_digit() {
    let numeric = r#"{"type": "numeric", "precision": 10, "scale": 2}"#;
    let mapping = client(&[&added("copy", "$spend", numeric)]);
    let rows = run(&mapping, &[ROW]).unwrap();
    assert_eq!(rows[0][9], "1200.50");
}

#[test]
fn arrival_times_have_the_precision_of_their_column() {
    let mapping = client(&[
        &added(
            "at",
            "$AR_H_COMMIT_TIMESTAMP",
            r#"{"type": "datetime", "scale": 6}"#,
        ),
        &added("day", "date($AR_H_TIMESTAMP)", r#"{"type": "date"}"#),
    ]);
    let row = &run(&mapping, &[ROW]).unwrap()[0];
    assert_eq!(row[9].len(), "2024-01-01 00:00:00.000000".len());
    assert!(row[9].starts_with(&row[10]), "{row:?}");
}

#[test]
fn errors_name_column_and_row_but_no_value() {
    let mapping = client(&[&added("number", "$first", r#"{"type": "int4"}"#)]);
    let mut good = ROW.to_vec();
    good[1] = "5";
    let error = run(&mapping, &[&good, ROW]).unwrap_err();
    assert_eq!(error.code(), Code::ValueUnrepresentable);
    assert_eq!(
        error.object(),
        Some("shop.client.number, row 2 of the batch")
    );
    assert!(!error.report().to_string().contains("Ann"));

    let mapping = client(&[&added(
        "number",
        "abs($id - 1) / json_extract($first, '$.x')",
        r#"{"type": "int4"}"#,
    )]);
    let error = run(&mapping, &[ROW]).unwrap_err();
    assert_eq!(error.code(), Code::ExpressionFailed);
}

#[test]
fn rows_with_faults_are_left_out_where_the_policy_says_so() {
    let mapping = client(&[
        &added("number", "$first", r#"{"type": "int4"}"#),
        &rule("id", r#""rule-action": "data-masking-digits-randomize""#),
    ]);
    let (read, load) = plan(&mapping);
    let mut transform = RowTransform::new(&mapping, &read, &load).unwrap().unwrap();
    let mut input = RowBatch::new(read.columns.len());
    // A number; a name that is none; an id that cannot be masked.
    for (id, first) in [("1", "5"), ("2", "Ann"), ("junk", "6")] {
        let cells = [id, first, "Lee", "", "", "", "", "", ""];
        cells
            .iter()
            .try_for_each(|cell| input.push(cell.as_bytes()))
            .unwrap();
    }
    let mut faults = Vec::new();
    let mut output = RowBatch::new(load.columns.len());
    let judged = transform.apply_with(&input, &mut output, &mut |fault| {
        faults.push((fault.row, fault.masking));
        Ok(if fault.masking {
            Verdict::LoadUnmasked
        } else {
            Verdict::Skip
        })
    });
    judged.unwrap();
    assert_eq!(faults, [(1, false), (2, true)]);
    assert_eq!(output.rows(), 2);
    assert_eq!(output.cell(1, 0), Some(&b"junk"[..]));
    assert!(
        transform
            .apply(&input, &mut RowBatch::new(load.columns.len()))
            .is_err()
    );
}

#[test]
fn a_value_too_large_is_refused_rather_than_built() {
    let mapping = client(&[&added("big", "zeroblob(2000000000)", r#"{"type": "blob"}"#)]);
    let error = run(&mapping, &[ROW]).unwrap_err();
    assert_eq!(error.code(), Code::ExpressionFailed);
}

#[test]
fn what_is_not_read_in_canonical_form_is_an_error_at_once() {
    let masked = rule("card", r#""rule-action": "data-masking-hash-mask""#);
    let mapping = client(&[&masked]);
    let (mut read, load) = plan(&mapping);
    for column in &mut read.columns {
        column.form = CellForm::Native;
    }
    let error = RowTransform::new(&mapping, &read, &load).unwrap_err();
    assert_eq!(error.code(), Code::Internal);
}

#[test]
fn transforms_travel_between_threads() {
    fn check<T: Send>() {}
    check::<RowTransform>();
}
