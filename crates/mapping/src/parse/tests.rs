use proptest::prelude::*;

use crate::pattern::Pattern;
use crate::rules::{Action, NameChange, RuleBody, TableMappings};

const SELECTION: &str = r#"{"rule-type": "selection", "rule-id": "1", "rule-name": "all",
  "rule-action": "include", "object-locator": {"schema-name": "shop", "table-name": "%"}}"#;

/// Parses the selection above and one more rule, of id 7 and name `x`, whose members are given.
fn with(members: &str) -> Result<TableMappings, String> {
    let rule = format!(r#"{{"rule-id": "7", "rule-name": "x", {members}}}"#);
    let json = format!("{{\"rules\": [{SELECTION},\n{rule}]}}");
    TableMappings::parse(&json).map_err(|problems| problems.to_string())
}

fn accepted(members: &str) -> RuleBody {
    with(members).unwrap().rules()[1].body.clone()
}

/// Every fault must stand in the line of the rule and name it.
fn refused(members: &str, expected: &str) {
    let message = with(members).unwrap_err();
    assert!(message.contains(expected), "{members}\n{message}");
    for line in message.lines() {
        assert!(line.starts_with("line 3, column "), "{line}");
        assert!(line.contains("rule 7 \"x\": "), "{line}");
    }
}

fn column_rule(rest: &str) -> String {
    format!(
        r#""rule-type": "transformation", "rule-target": "column",
           "object-locator": {{"schema-name": "shop", "table-name": "t", "column-name": "c"}}, {rest}"#
    )
    .replace('\n', " ")
}

fn table_rule(rest: &str) -> String {
    format!(
        r#""rule-type": "transformation", "rule-target": "table",
           "object-locator": {{"schema-name": "shop", "table-name": "t"}}, {rest}"#
    )
    .replace('\n', " ")
}

fn filter(condition: &str) -> String {
    format!(
        r#""rule-type": "selection", "rule-action": "include",
           "object-locator": {{"schema-name": "shop", "table-name": "t"}},
           "filters": [{{"filter-type": "source", "column-name": "c",
                        "filter-conditions": [{condition}]}}]"#
    )
    .replace('\n', " ")
}

#[test]
fn every_name_action_reads_its_arguments() {
    let cases = [
        (
            r#""rule-action": "rename", "value": "n""#,
            NameChange::Rename("n".into()),
        ),
        (
            r#""rule-action": "convert-lowercase""#,
            NameChange::Lowercase,
        ),
        (
            r#""rule-action": "convert-uppercase""#,
            NameChange::Uppercase,
        ),
        (
            r#""rule-action": "add-prefix", "value": "p""#,
            NameChange::AddPrefix("p".into()),
        ),
        (
            r#""rule-action": "add-suffix", "value": "s""#,
            NameChange::AddSuffix("s".into()),
        ),
        (
            r#""rule-action": "remove-prefix", "value": "p""#,
            NameChange::RemovePrefix("p".into()),
        ),
        (
            r#""rule-action": "remove-suffix", "value": "s""#,
            NameChange::RemoveSuffix("s".into()),
        ),
        (
            r#""rule-action": "replace-prefix", "old-value": "o", "value": """#,
            NameChange::ReplacePrefix("o".into(), String::new()),
        ),
        (
            r#""rule-action": "replace-suffix", "old-value": "o", "value": "n""#,
            NameChange::ReplaceSuffix("o".into(), "n".into()),
        ),
    ];
    for (members, expected) in cases {
        for rule in [table_rule(members), column_rule(members)] {
            match accepted(&rule) {
                RuleBody::Transformation(rule) => {
                    assert_eq!(rule.action, Action::Name(expected.clone()));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn numbers_and_booleans_may_be_texts() {
    let json = r#"{"rules": [{"rule-type": "selection", "rule-id": 3, "rule-name": "a",
        "rule-action": "include", "load-order": "2",
        "object-locator": {"schema-name": "s", "table-name": "t"}, "filters": null}]}"#;
    let mappings = TableMappings::parse(json).unwrap();
    assert_eq!(mappings.rules()[0].id, 3);
    assert_eq!(mappings.as_json(), json);
    match accepted(&column_rule(
        r#""rule-action": "change-data-type", "data-type": {"type": "string", "length": "4092"}"#,
    )) {
        RuleBody::Transformation(rule) => match rule.action {
            Action::ChangeType(spec) => assert_eq!(spec.length, Some(4092)),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_form_before_2017_is_read() {
    let json = r#"{"TableMappings": [
        {"Type": "Include", "SourceSchema": "s", "SourceTable": "%"},
        {"Type": "Exclude", "SourceSchema": "s", "SourceTable": "tmp%"}]}"#;
    assert_eq!(TableMappings::parse(json).unwrap().rules().len(), 2);
    let json = r#"{"TableMappings": [{"Type": "Maybe", "SourceSchema": "s"}]}"#;
    let problems = TableMappings::parse(json).unwrap_err();
    assert_eq!(problems.list().len(), 2, "{problems}");
}

#[test]
fn actions_need_their_arguments_and_targets() {
    refused(
        &table_rule(r#""rule-action": "rename""#),
        "\"value\" is missing",
    );
    refused(
        &table_rule(r#""rule-action": "rename", "value": """#),
        "the new name is empty",
    );
    refused(
        &table_rule(r#""rule-action": "remove-column""#),
        "needs rule-target \"column\"",
    );
    refused(
        &column_rule(r#""rule-action": "define-primary-key""#),
        "needs rule-target \"table\"",
    );
    refused(
        &column_rule(r#""rule-action": "make-lower""#),
        "is unknown; allowed: rename, ",
    );
    refused(
        &column_rule(r#""rule-action": "replace-prefix", "value": "x""#),
        "\"old-value\"",
    );
    refused(
        &column_rule(r#""rule-action": "add-column", "value": "x""#),
        "\"data-type\"",
    );
    refused(
        &column_rule(r#""rule-action": "change-data-type", "data-type": {"type": "int3"}"#),
        "data type \"int3\" is unknown; allowed: bytes",
    );
    refused(
        &column_rule(
            r#""rule-action": "change-data-type",
               "data-type": {"type": "numeric", "precision": 2, "scale": 3}"#,
        )
        .replace('\n', " "),
        "scale 3 is above precision 2",
    );
    refused(
        &column_rule(r#""rule-action": "data-masking-digits-mask", "value": "12""#),
        "one printable ASCII character",
    );
    refused(
        &column_rule(
            r#""rule-action": "add-before-image-columns", "before-image-def": {"column-prefix": ""}"#,
        ),
        "cannot both be empty",
    );
    refused(
        &table_rule(
            r#""rule-action": "define-primary-key", "primary-key-def": {"name": "k", "columns": []}"#,
        ),
        "\"columns\" is empty",
    );
    refused(
        &column_rule(
            r#""rule-action": "add-column", "value": "x", "data-type": {"type": "string"},
               "expression": "1; DROP TABLE t""#,
        )
        .replace('\n', " "),
        "the expression cannot be used",
    );
}

#[test]
fn a_misspelt_or_misplaced_member_is_an_error() {
    refused(
        &table_rule(r#""rule-action": "rename", "value": "n", "valeu": "m""#),
        "\"valeu\"",
    );
    refused(
        r#""rule-type": "selection", "rule-action": "include",
           "object-locator": {"schema-name": "s", "table-name": "t", "table": "x"}"#
            .replace('\n', " ")
            .as_str(),
        "unknown member \"table\"; allowed: schema-name, table-name, table-type",
    );
    let twice = with(r#""rule-type": "selection", "rule-type": "selection""#).unwrap_err();
    assert!(
        twice.contains("member \"rule-type\" is given twice"),
        "{twice}"
    );
    refused(
        r#""rule-type": "selecton""#,
        "rule-type \"selecton\" is unknown; allowed: selection",
    );
}

#[test]
fn names_must_be_exact_where_dms_wants_them_so() {
    let explicit = r#""rule-type": "selection", "rule-action": "explicit", "object-locator": {"schema-name": "s", "table-name": "t%"}"#;
    refused(explicit, "table-name must be exact");
    let settings = r#""rule-type": "table-settings", "parallel-load": {"type": "none"}, "object-locator": {"schema-name": "%", "table-name": "t_1"}"#;
    refused(settings, "schema-name must be exact");
    // An underscore is part of many names and no wildcard where names are exact.
    accepted(&settings.replace('%', "s"));
    refused(
        &filter(r#"{"filter-operator": "null"}"#).replace("\"t\"", "\"t%\""),
        "must be exact",
    );
    refused(
        &filter(r#"{"filter-operator": "null"}"#).replace("include", "exclude"),
        "filters are allowed in include rules alone",
    );
}

#[test]
fn filter_operators_take_their_arguments() {
    for operator in ["lte", "ste", "gte", "eq", "noteq"] {
        accepted(&filter(&format!(
            r#"{{"filter-operator": "{operator}", "value": 5}}"#
        )));
        refused(
            &filter(&format!(r#"{{"filter-operator": "{operator}"}}"#)),
            "\"value\" is missing",
        );
    }
    for operator in ["between", "notbetween"] {
        accepted(&filter(&format!(
            r#"{{"filter-operator": "{operator}", "start-value": "1", "end-value": "2"}}"#
        )));
        refused(
            &filter(&format!(
                r#"{{"filter-operator": "{operator}", "start-value": "1"}}"#
            )),
            "\"end-value\" is missing",
        );
    }
    for operator in ["null", "notnull"] {
        accepted(&filter(&format!(r#"{{"filter-operator": "{operator}"}}"#)));
        refused(
            &filter(&format!(
                r#"{{"filter-operator": "{operator}", "value": 1}}"#
            )),
            "\"value\" does not belong here",
        );
    }
    refused(
        &filter(r#"{"filter-operator": "like", "value": 1}"#),
        "allowed: lte, ste",
    );
}

#[test]
fn parallel_load_and_lob_settings_are_checked() {
    let rule = |rest: &str| {
        format!(
            r#""rule-type": "table-settings", "object-locator": {{"schema-name": "s", "table-name": "t"}}{rest}"#
        )
    };
    refused(&rule(""), "neither \"parallel-load\" nor \"lob-settings\"");
    let ranges = |boundaries: &str| {
        rule(&format!(
            r#", "parallel-load": {{"type": "ranges", "columns": ["a", "b"], "boundaries": {boundaries}}}"#
        ))
    };
    accepted(&ranges(r#"[["1", 2], ["2", "x"]]"#));
    refused(
        &ranges(r#"[["1"]]"#),
        "a boundary has 1 values for 2 columns",
    );
    refused(&ranges(r#"[["1", "2"], ["1", "2"]]"#), "given twice");
    refused(
        &rule(r#", "lob-settings": {"mode": "limited"}"#),
        "\"bulk-max-size\"",
    );
    accepted(&rule(
        r#", "lob-settings": {"mode": "unlimited", "bulk-max-size": "0"}"#,
    ));
}

#[test]
fn every_fault_of_a_document_is_told_at_once() {
    let json = r#"{"rules": [
  {"rule-type": "selection", "rule-id": "1", "rule-name": "a", "rule-action": "inclde",
   "object-locator": {"schema-name": "s", "table-name": "%"}},
  {"rule-type": "selection", "rule-id": "1", "rule-name": "a", "rule-action": "include",
   "object-locator": {"schema-name": "s"}},
  {"rule-type": "transformation", "rule-id": "x", "rule-name": "c", "rule-target": "table",
   "rule-action": "rename", "value": 5, "object-locator": {"schema-name": "s", "table-name": []}}
]}"#;
    let problems = TableMappings::parse(json).unwrap_err();
    insta::assert_snapshot!(problems, @r#"
    line 2, column 79: rule 1 "a": rule-action "inclde" is unknown; allowed: include, exclude, explicit
    line 4, column 41: rule 2 in the list: rule-id 1 is given to another rule already
    line 4, column 59: rule 2 in the list: rule-name "a" is given to another rule already
    line 5, column 22: rule 1 "a": "table-name" is missing
    line 6, column 46: rule 3 in the list: expected a whole number from 0 to 9223372036854775807, found "x"
    line 7, column 94: rule 3 in the list: expected a text, found a list
    "#);
    let error = dbferry_core::Error::from(problems);
    assert_eq!(error.code(), dbferry_core::Code::MappingInvalid);
}

#[test]
fn what_is_no_mapping_is_refused_with_its_place() {
    let check = |json: &str, expected: &str| {
        let message = TableMappings::parse(json).unwrap_err().to_string();
        assert!(message.contains(expected), "{json}: {message}");
    };
    check("", "line 1, column 0: EOF while parsing");
    check("{\"rules\": [\n  {,}]}", "line 2, column 4: ");
    check("[]", "expected an object, found a list");
    check("{}", "\"rules\" is missing");
    check("{\"rules\": []}", "there is no selection rule");
    check("{\"rule\": []}", "unknown member \"rule\"");
    check(
        &format!("{{\"rules\": \"{}\"}}", "x".repeat(2 << 20)),
        "2097152 are allowed",
    );
}

#[test]
fn schemas_are_exact_only_without_any_wildcard() {
    let mappings = |schema: &str| {
        let json = format!(
            r#"{{"rules": [{{"rule-type": "selection", "rule-id": 1, "rule-name": "a",
            "rule-action": "include",
            "object-locator": {{"schema-name": "{schema}", "table-name": "%"}}}}]}}"#
        );
        TableMappings::parse(&json).unwrap().exact_schemas()
    };
    assert_eq!(mappings("shop"), Some(vec!["shop".to_owned()]));
    assert_eq!(mappings("shop[_]1"), Some(vec!["shop_1".to_owned()]));
    assert_eq!(mappings("shop_1"), None);
    assert_eq!(mappings("%"), None);
    assert_eq!(TableMappings::everything().exact_schemas(), None);
}

#[test]
fn everything_reads_back_from_its_json() {
    let everything = TableMappings::everything();
    assert_eq!(
        TableMappings::parse(everything.as_json()).unwrap(),
        everything
    );
    assert!(Pattern::new("%", dbferry_core::NameCase::Sensitive).is_everything());
}

proptest! {
    #[test]
    fn any_text_is_parsed_without_a_panic(text in ".{0,200}") {
        let _ = TableMappings::parse(&text);
    }

    /// Well-formed JSON of known words in unexpected places reaches further.
    #[test]
    fn any_json_is_parsed_without_a_panic(
        text in proptest::collection::vec(prop_oneof![
            Just(r#"{"rules": ["#), Just("{"), Just("}"), Just("["), Just("]"), Just(","),
            Just(r#""rule-type": "selection","#), Just(r#""object-locator": "#), Just("null"),
            Just(r#""filters": "#), Just("1"), Just(r#""rule-id": 1,"#), Just(r#""é""#),
        ], 0..30)
    ) {
        let _ = TableMappings::parse(&text.concat());
    }

    /// Cutting a good document anywhere, or changing a byte, gives an error or a mapping.
    #[test]
    fn damaged_documents_are_parsed_without_a_panic(at in 0..4000_usize, byte in 32..127_u8) {
        let text = include_str!("../testdata/transformation.json");
        let at = at % text.len();
        let _ = TableMappings::parse(&text[..at]);
        let mut damaged = text.as_bytes().to_vec();
        damaged[at] = byte;
        if let Ok(text) = std::str::from_utf8(&damaged) {
            let _ = TableMappings::parse(text);
        }
    }
}
