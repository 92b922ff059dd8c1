use dbferry_core::Code;
use proptest::prelude::*;

use super::*;

fn parse(json: &str) -> TaskSettings {
    TaskSettings::parse(json).unwrap_or_else(|problems| panic!("{problems}"))
}

fn refused(json: &str, expected: &str) {
    let problems = TaskSettings::parse(json).unwrap_err();
    assert!(problems.to_string().contains(expected), "{problems}");
    assert_eq!(
        dbferry_core::Error::from(problems).code(),
        Code::SettingsInvalid
    );
}

#[test]
fn the_echo_has_the_order_and_defaults_of_dms() {
    let echo: Value = serde_json::from_str(include_str!("../testdata/settings_echo.json")).unwrap();
    let mut ours = serde_json::to_value(TaskSettings::default()).unwrap();
    // The three defaults that differ, and the components that the sample shortens.
    ours["FullLoadSettings"]["TargetTablePrepMode"] = "DROP_AND_CREATE".into();
    ours["ErrorBehavior"]["DataErrorPolicy"] = "LOG_ERROR".into();
    ours["ErrorBehavior"]["DataTruncationErrorPolicy"] = "LOG_ERROR".into();
    ours["Logging"]["LogComponents"]
        .as_array_mut()
        .unwrap()
        .truncate(1);
    // Newer tasks echo this group behind the others.
    let validation = ours
        .as_object_mut()
        .unwrap()
        .shift_remove("ValidationSettings")
        .unwrap();
    assert_eq!(validation["ThreadCount"], 5);
    assert_eq!(ours.to_string(), echo.to_string());
}

#[test]
fn given_settings_are_merged_into_the_defaults() {
    let settings = parse(r#"{"FullLoadSettings": {"MaxFullLoadSubTasks": "16"}}"#);
    let document = serde_json::to_value(&settings).unwrap();
    assert_eq!(document["FullLoadSettings"]["MaxFullLoadSubTasks"], 16);
    assert_eq!(document["FullLoadSettings"]["CommitRate"], 10_000);
    assert_eq!(settings.resolve().load_workers, Some(16));
    let again = settings
        .parse_over(r#"{"FullLoadSettings": {"CommitRate": 1}}"#)
        .unwrap();
    assert_eq!(again.resolve().load_workers, Some(16));
    assert_eq!(
        again.written(),
        r#"{"FullLoadSettings":{"CommitRate":1,"MaxFullLoadSubTasks":16}}"#
    );
    assert_eq!(parse(&again.written()), again);
}

#[test]
fn an_echoed_document_means_the_same_when_it_is_sent_again() {
    let settings = TaskSettings::default();
    let mut echoed = parse(&settings.to_json()).resolve();
    assert_eq!(echoed.load_workers, Some(8));
    echoed.load_workers = None;
    echoed.commit_rows = None;
    let original = settings.resolve();
    assert_eq!(echoed.table_preparation, original.table_preparation);
    assert_eq!(echoed.data_error, original.data_error);
    assert_eq!(echoed.data_truncation_error, original.data_truncation_error);
    assert_eq!(echoed.retry, original.retry);
}

#[test]
fn the_defaults_never_lose_a_row() {
    let settings = ResolvedSettings::default();
    assert_eq!(settings.table_preparation, TablePreparation::RefuseNonEmpty);
    assert_eq!(settings.data_error, RowErrorPolicy::SuspendTable);
    assert_eq!(settings.data_truncation_error, RowErrorPolicy::SuspendTable);
    assert_eq!(settings.data_masking_error, RowErrorPolicy::StopTask);
    assert_eq!(settings.table_error, TableErrorPolicy::SuspendTable);
    assert!(settings.fail_on_no_tables);
    assert_eq!(settings.load_workers, None);
    assert_eq!(settings.not_effective(), []);
}

#[test]
fn every_preparation_is_told_apart() {
    let check = |mode: &str, expected| {
        let json = format!(r#"{{"FullLoadSettings": {{"TargetTablePrepMode": "{mode}"}}}}"#);
        assert_eq!(parse(&json).resolve().table_preparation, expected);
    };
    check("DROP_AND_CREATE", TablePreparation::DropAndCreate);
    check("TRUNCATE_BEFORE_LOAD", TablePreparation::Truncate);
    check("DO_NOTHING", TablePreparation::DoNothing);
    check("REFUSE_NON_EMPTY", TablePreparation::RefuseNonEmpty);
}

#[test]
fn retries_follow_the_recoverable_errors() {
    let settings = parse(
        r#"{"ErrorBehavior": {"RecoverableErrorCount": 3, "RecoverableErrorInterval": 2,
            "RecoverableErrorThrottling": false}}"#,
    );
    let retry = settings.resolve().retry;
    assert_eq!(retry.attempts_max, Some(3));
    assert_eq!(retry.interval, std::time::Duration::from_secs(2));
    assert!(!retry.doubles);
    assert_eq!(ResolvedSettings::default().retry.attempts_max, None);
}

#[test]
fn what_has_no_effect_is_said() {
    let settings = parse(
        r#"{"TargetMetadata": {"LimitedSizeLobMode": true, "BatchApplyEnabled": true,
                               "ParallelLoadThreads": 0},
            "FullLoadSettings": {"CommitRate": 500, "TargetTablePrepMode": "DO_NOTHING"},
            "ValidationSettings": {"EnableValidation": true}}"#,
    );
    let findings = settings.not_effective();
    let objects: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.object.as_deref())
        .collect();
    assert_eq!(
        objects,
        [
            "TargetMetadata.LimitedSizeLobMode",
            "TargetMetadata.BatchApplyEnabled",
            "ValidationSettings.EnableValidation",
        ]
    );
    assert_eq!(settings.resolve().not_effective(), findings);
    assert_eq!(settings.resolve().commit_rows, Some(500));
}

#[test]
fn faults_name_the_place_and_what_is_allowed() {
    refused(
        "{\"FullLoadSettings\":\n {\"CommitRat\": 1}}",
        "line 2, column 16: ",
    );
    refused(
        r#"{"FullLoadSettings": {"CommitRat": 1}}"#,
        "allowed: TargetTablePrepMode, ",
    );
    refused(r#"{"FullloadSettings": {}}"#, "write \"FullLoadSettings\"");
    refused(
        r#"{"FullLoadSettings": {"MaxFullLoadSubTasks": 50}}"#,
        "FullLoadSettings.MaxFullLoadSubTasks: expected a whole number from 1 to 49, found 50",
    );
    refused(
        r#"{"ErrorBehavior": {"DataErrorPolicy": "STOP"}}"#,
        "allowed: IGNORE_RECORD, ",
    );
    refused(
        r#"{"Logging": {"CloudWatchLogGroup": "g"}}"#,
        "set by the service",
    );
    refused(
        r#"{"Logging": {"EnableLogContext": true}}"#,
        "needs Logging.EnableLogging",
    );
    refused(
        r#"{"Logging": {"LogComponents": [{"Id": "X", "Severity": 1}]}}"#,
        "allowed: TRANSF",
    );
    refused(
        r#"{"TargetMetadata": {"SupportLobs": "maybe"}}"#,
        "expected true or false",
    );
    refused(
        r#"{"TargetMetadata": 1}"#,
        "expected an object, found a number",
    );
    refused("[", "line 1, column 1: EOF");
    refused(
        r#"{"ValidationSettings": {"ValidationOnly": true}}"#,
        "needs EnableValidation",
    );
    let two = r#"{"TargetMetadata": {"A": 1, "B": 2}}"#;
    assert_eq!(TaskSettings::parse(two).unwrap_err().list().len(), 2);
}

#[test]
fn the_sample_of_the_guide_is_read() {
    let settings = parse(include_str!("../testdata/settings_minimal.json"));
    assert_eq!(settings.resolve().load_workers, Some(16));
    let document = serde_json::to_value(&settings).unwrap();
    let components = document["Logging"]["LogComponents"].as_array().unwrap();
    let apply = components
        .iter()
        .find(|component| component["Id"] == "TARGET_APPLY")
        .unwrap();
    assert_eq!(apply["Severity"], "LOGGER_SEVERITY_DEBUG");
    assert_eq!(components.len(), 19);
}

#[test]
fn groups_that_are_null_may_be_given() {
    let settings = parse(
        r#"{"BeforeImageSettings": {"EnableBeforeImage": true}, "TTSettings": null,
            "CharacterSetSettings": {"CharacterReplacements":
               [{"SourceCharacterCodePoint": "40", "TargetCharacterCodePoint": "41"}]}}"#,
    );
    let document = serde_json::to_value(&settings).unwrap();
    assert_eq!(document["BeforeImageSettings"]["ColumnFilter"], "pk-only");
    assert_eq!(document["TTSettings"]["EnableTT"], false);
    assert_eq!(settings.not_effective().len(), 2);
    assert_eq!(parse(&settings.written()), settings);
}

#[test]
fn the_guide_describes_every_setting() {
    let guide = include_str!("../../../../docs/settings.md");
    fn check(settings: &[Setting], guide: &str) {
        for setting in settings {
            let name = format!("`{}`", setting.name);
            assert!(
                guide.contains(&name),
                "docs/settings.md does not mention {name}"
            );
            if let Kind::Group(members) | Kind::List(members) = setting.kind {
                check(members, guide);
            }
        }
    }
    check(table::DOCUMENT, guide);
}

proptest! {
    #[test]
    fn any_text_is_parsed_without_a_panic(text in ".{0,100}") {
        let _ = TaskSettings::parse(&text);
    }
}
