use dbferry_core::catalog::{
    Check, ColumnDefault, ForeignKey, Generated, Key, KeyKind, KeyPart, KeyPartOf, ReferenceAction,
};
use dbferry_core::{Column, DataType, Finding, ObjectKind, ObjectName, Severity, TableName};

use super::*;
use crate::schema::table_text::SYSTEM_VERSIONING;
use crate::server::tests::server_with;
use crate::server::{Flavour, Version};

const SQLITE: Family = Family("sqlite");

fn mysql() -> Server {
    server_with(
        Flavour::MySql,
        Version(9, 0, 0),
        &[
            "utf8mb4_0900_ai_ci",
            "utf8mb4_0900_bin",
            "utf8mb4_0900_as_ci",
            "utf8mb4_bin",
            "ascii_general_ci",
            "utf8mb3_general_ci",
        ],
    )
}

fn mariadb() -> Server {
    server_with(
        Flavour::MariaDb,
        Version(10, 11, 0),
        &[
            "utf8mb4_uca1400_nopad_ai_ci",
            "utf8mb4_bin",
            "utf8mb4_nopad_bin",
            "utf8mb3_general_ci",
        ],
    )
}

fn column(declared: &str) -> Column {
    Column::new("c", crate::datatypes::parse(declared).unwrap(), declared)
}

fn table_of(columns: Vec<Column>) -> Table {
    Table {
        columns,
        ..Table::new(TableName::new("s", "t"))
    }
}

fn key(kind: KeyKind, part: KeyPart) -> Key {
    Key {
        name: if kind == KeyKind::Primary {
            String::new()
        } else {
            "k".into()
        },
        kind,
        parts: vec![part],
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    }
}

/// Translates a table within the family; gives it with the ids and severities of the findings.
fn within(table: &Table, server: &Server) -> (Table, Vec<(String, Severity)>) {
    let translation = super::table(table, FAMILY, server);
    (translation.object, ids(&translation.findings))
}

fn ids(findings: &[Finding]) -> Vec<(String, Severity)> {
    findings
        .iter()
        .map(|finding| (finding.id.clone(), finding.severity))
        .collect()
}

fn found(findings: &[(String, Severity)], id: &str, severity: Severity) -> bool {
    findings
        .iter()
        .any(|finding| *finding == (id.to_owned(), severity))
}

#[test]
fn what_the_target_has_stays_as_it_is() {
    let mut text = column("varchar(20)");
    text.charset = Some("utf8mb4".into());
    text.collation = Some("utf8mb4_bin".into());
    text.default = Some(ColumnDefault::Literal(Some("x".into())));
    let mut table = table_of(vec![text]);
    table.options = vec![
        ("ENGINE".into(), "InnoDB".into()),
        ("ROW_FORMAT".into(), "DYNAMIC".into()),
    ];
    for server in [mysql(), mariadb()] {
        assert_eq!(within(&table, &server), (table.clone(), Vec::new()));
    }
}

#[test]
fn types_of_mariadb_become_text_on_mysql() {
    let check = |declared: &str, expected: &str| {
        let (table, findings) = within(&table_of(vec![column(declared)]), &mysql());
        assert_eq!(table.columns[0].declared, expected);
        assert!(found(&findings, "mysql-type-replaced", Severity::Warning));
        assert_eq!(table.columns[0].charset.as_deref(), Some("ascii"));
    };
    check("uuid", "char(36)");
    check("inet4", "varchar(15)");
    check("inet6", "varchar(45)");
    let (table, findings) = within(&table_of(vec![column("uuid")]), &mariadb());
    assert_eq!(
        (table.columns[0].declared.as_str(), findings.len()),
        ("uuid", 0)
    );
}

#[test]
fn json_keeps_its_text() {
    let (table, _) = within(&table_of(vec![column("json")]), &mariadb());
    assert_eq!(table.columns[0].declared, "longtext");
    assert_eq!(table.checks[0].expression, "json_valid(`c`)");
    assert_eq!(table.checks[0].column.as_deref(), Some("c"));
    let (again, findings) = within(&table, &mariadb());
    assert_eq!((again, findings.len()), (table.clone(), 0));

    let (back, findings) = within(&table, &mysql());
    assert_eq!(back.columns[0].declared, "longtext");
    assert!(matches!(back.columns[0].data_type, DataType::Text { .. }));
    assert_eq!(back.checks[0].name, "t_chk_c");
    assert!(found(&findings, "mysql-json-kept-as-text", Severity::Info));
}

#[test]
fn collations_are_replaced_wherever_they_stand() {
    let mut text = column("varchar(20)");
    text.charset = Some("utf8mb4".into());
    text.collation = Some("utf8mb4_0900_ai_ci".into());
    text.generated = Some(Generated {
        expression: "`a` collate utf8mb4_0900_ai_ci".into(),
        stored: true,
    });
    let mut table = table_of(vec![text]);
    table.collation = Some("utf8mb4_0900_ai_ci".into());
    let (table, findings) = within(&table, &mariadb());
    let expected = "utf8mb4_uca1400_nopad_ai_ci";
    assert_eq!(table.collation.as_deref(), Some(expected));
    assert_eq!(table.columns[0].collation.as_deref(), Some(expected));
    let generated = table.columns[0].generated.as_ref().unwrap();
    assert_eq!(generated.expression, format!("`a` collate {expected}"));
    assert!(found(
        &findings,
        "mysql-collation-replaced",
        Severity::Warning
    ));
}

#[test]
fn engines_and_options_follow_the_target() {
    let mut table = table_of(vec![column("int")]);
    let option = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    table.options = vec![
        option("ENGINE", "Aria"),
        option("ROW_FORMAT", "PAGE"),
        option("PAGE_CHECKSUM", "1"),
        option("DATA DIRECTORY", "'/d'"),
        option("MAX_ROWS", "9"),
    ];
    table.partitioning = Some("PARTITION BY HASH (`c`) (PARTITION p0 ENGINE = Aria)".into());
    let (table, findings) = within(&table, &mysql());
    assert_eq!(
        table.options,
        [option("ENGINE", "InnoDB"), option("MAX_ROWS", "9")]
    );
    assert!(
        table
            .partitioning
            .as_deref()
            .unwrap()
            .contains("ENGINE = InnoDB")
    );
    assert!(found(&findings, "mysql-engine-replaced", Severity::Warning));
    assert!(found(&findings, "mysql-option-local", Severity::Warning));
}

#[test]
fn what_would_lose_something_is_an_error() {
    let errors = |table: &Table, server: &Server| {
        let (_, findings) = within(table, server);
        findings
            .into_iter()
            .filter(|finding| finding.1 == Severity::Error)
            .map(|f| f.0)
            .collect::<Vec<_>>()
    };
    let mut versioned = table_of(vec![column("int")]);
    versioned
        .options
        .push((SYSTEM_VERSIONING.into(), String::new()));
    assert_eq!(errors(&versioned, &mysql()), ["mysql-system-versioning"]);
    assert!(errors(&versioned, &mariadb()).is_empty());
    let (_, findings) = within(&versioned, &mariadb());
    assert!(found(&findings, "mysql-hidden-history", Severity::Warning));

    let mut remote = table_of(vec![column("int")]);
    remote.options.push(("ENGINE".into(), "FEDERATED".into()));
    assert_eq!(errors(&remote, &mysql()), ["mysql-engine-remote"]);

    let mut functional = table_of(vec![column("int")]);
    let part = KeyPart {
        of: KeyPartOf::Expression("`c` + 1".into()),
        ..KeyPart::column("")
    };
    functional.keys.push(key(KeyKind::Unique, part.clone()));
    assert_eq!(
        errors(&functional, &mariadb()),
        ["mysql-unique-key-impossible"]
    );
    assert!(errors(&functional, &mysql()).is_empty());
    functional.keys = vec![key(KeyKind::Plain, part)];
    let (table, findings) = within(&functional, &mariadb());
    assert!(table.keys.is_empty() && found(&findings, "mysql-key-dropped", Severity::Warning));

    let mut numbered = table_of(vec![column("int")]);
    numbered.columns[0].default = Some(ColumnDefault::Expression("nextval(`q`)".into()));
    assert_eq!(errors(&numbered, &mysql()), ["mysql-function-missing"]);

    let mut long = table_of(vec![column("text")]);
    long.keys.push(key(KeyKind::Unique, KeyPart::column("c")));
    assert_eq!(errors(&long, &mysql()), ["mysql-unique-key-impossible"]);
    assert!(errors(&long, &mariadb()).is_empty());

    let named = Table::new(TableName::new("s", "🚢"));
    assert_eq!(errors(&named, &mysql()), ["mysql-name-not-allowed"]);
}

#[test]
fn checks_get_names_that_are_unique_on_mysql() {
    let check = |name: &str, column: Option<&str>| Check {
        name: name.into(),
        expression: "`c` > 0".into(),
        enforced: true,
        column: column.map(str::to_owned),
    };
    let mut table = table_of(vec![column("int")]);
    table.checks = vec![
        check("CONSTRAINT_2", None),
        check("mine", None),
        check("", Some("c")),
    ];
    let (table, _) = within(&table, &mysql());
    let names: Vec<&str> = table
        .checks
        .iter()
        .map(|check| check.name.as_str())
        .collect();
    assert_eq!(names, ["t_chk_2", "mine", "t_chk_c"]);
    assert!(table.checks.iter().all(|check| check.column.is_none()));
    assert_eq!(
        table::constraint_name(&"é".repeat(64), "chk", "1")
            .chars()
            .count(),
        64
    );
}

#[test]
fn display_widths_go_where_they_mean_nothing() {
    let check = |declared: &str, expected: &str| {
        let (table, _) = within(&table_of(vec![column(declared)]), &mysql());
        assert_eq!(table.columns[0].declared, expected);
    };
    check("int(11) unsigned", "int unsigned");
    check("year(4)", "year");
    check("tinyint(1)", "tinyint(1)");
    check("int(8) unsigned zerofill", "int(8) unsigned zerofill");
}

#[test]
fn a_foreign_table_keeps_its_structure_and_loses_its_texts() {
    let text = |name: &str, bytes_max| Column::new(name, DataType::Text { bytes_max }, "TEXT");
    let mut id = Column::new(
        "id",
        DataType::Integer {
            bits: 64,
            signed: true,
        },
        "INTEGER",
    );
    id.auto_increment = true;
    let mut made = text("made", Some(30));
    made.generated = Some(Generated {
        expression: "a || b".into(),
        stored: false,
    });
    let mut table = table_of(vec![
        id,
        text("code", Some(40)),
        text("body", None),
        made,
        Column::new("ok", DataType::Boolean, "BOOLEAN"),
    ]);
    table.columns[4].default = Some(ColumnDefault::Literal(Some("t".into())));
    table.keys = vec![
        key(KeyKind::Primary, KeyPart::column("id")),
        key(KeyKind::Unique, KeyPart::column("code")),
        Key {
            name: String::new(),
            ..key(KeyKind::Plain, KeyPart::column("body"))
        },
    ];
    table.foreign_keys = vec![ForeignKey {
        name: String::new(),
        columns: vec!["code".into()],
        referenced: TableName::new("s", "u"),
        referenced_columns: Vec::new(),
        on_delete: ReferenceAction::Cascade,
        on_update: ReferenceAction::NoAction,
        attributes: vec!["DEFERRABLE".into()],
    }];
    let translation = super::table(&table, SQLITE, &mysql());
    let (table, findings) = (translation.object, ids(&translation.findings));
    let declared: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.declared.as_str())
        .collect();
    assert_eq!(
        declared,
        [
            "bigint",
            "varchar(40)",
            "longtext",
            "tinytext",
            "tinyint(1)"
        ]
    );
    assert_eq!(
        table.columns[1].collation.as_deref(),
        Some("utf8mb4_0900_bin")
    );
    assert_eq!(
        table.columns[4].default,
        Some(ColumnDefault::Literal(Some("1".into())))
    );
    assert_eq!(table.keys[2].parts[0].prefix, Some(foreign::PREFIX));
    assert_eq!(table.keys[2].name, "t_key_3");
    assert_eq!(table.foreign_keys[0].name, "t_fk_1");
    assert!(found(
        &findings,
        "mysql-foreign-generated",
        Severity::Warning
    ));
    assert!(found(
        &findings,
        "mysql-foreign-deferrable",
        Severity::Warning
    ));
    assert!(findings.iter().all(|finding| finding.1 != Severity::Error));
}

#[test]
fn a_unique_key_over_unbounded_text_is_refused() {
    let mut table = table_of(vec![Column::new(
        "c",
        DataType::Text { bytes_max: None },
        "TEXT",
    )]);
    table.keys = vec![key(KeyKind::Unique, KeyPart::column("c"))];
    let findings = ids(&super::table(&table, SQLITE, &mysql()).findings);
    assert!(found(
        &findings,
        "mysql-unique-key-impossible",
        Severity::Error
    ));
}

#[test]
fn a_wide_foreign_row_is_made_to_fit() {
    let wide = |name: &str| {
        Column::new(
            name,
            DataType::VarChar {
                length: Some(8_000),
            },
            "VARCHAR(8000)",
        )
    };
    let table = table_of(vec![wide("a"), wide("b"), wide("c")]);
    let translation = super::table(&table, SQLITE, &mysql());
    let texts = translation
        .object
        .columns
        .iter()
        .filter(|column| column.declared == "text");
    assert_eq!(texts.count(), 2);
}

fn object_of(kind: ObjectKind, statement: &str, sql_mode: &str) -> StoredObject {
    StoredObject {
        kind,
        name: ObjectName::new("s", "o"),
        table: None,
        statements: vec![statement.into()],
        definer: Some("ann@%".into()),
        settings: vec![
            ("sql_mode".into(), sql_mode.into()),
            ("collation_connection".into(), "utf8_general_ci".into()),
        ],
        active: false,
    }
}

#[test]
fn objects_are_translated() {
    let given = object_of(
        ObjectKind::View,
        "CREATE VIEW `o` AS select `a` collate utf8mb4_0900_ai_ci AS `a` from `t`",
        "NO_AUTO_CREATE_USER,STRICT_ALL_TABLES",
    );
    let translation = object(&given, FAMILY, &mariadb(), DefinerPolicy::Keep);
    let (translated, findings) = (translation.object, ids(&translation.findings));
    assert!(translated.statements[0].contains("collate utf8mb4_uca1400_nopad_ai_ci"));
    assert_eq!(translated.settings[1].1, "utf8mb3_general_ci");
    assert_eq!(translated.definer, None, "the account may not name another");
    assert!(found(
        &findings,
        "mysql-definer-replaced",
        Severity::Warning
    ));
    let translation = object(&given, FAMILY, &mysql(), DefinerPolicy::Keep);
    assert_eq!(translation.object.settings[0].1, "STRICT_ALL_TABLES");
}

#[test]
fn objects_without_counterpart_are_refused() {
    let refused = |kind, sql_mode: &str, from: Family, id: &str| {
        let given = object_of(kind, "CREATE X", sql_mode);
        let findings = object(&given, from, &mysql(), DefinerPolicy::Keep).findings;
        assert!(found(&ids(&findings), id, Severity::Error), "{kind:?}");
    };
    refused(ObjectKind::Sequence, "", FAMILY, "mysql-sequence");
    refused(ObjectKind::Package, "", FAMILY, "mysql-package");
    refused(
        ObjectKind::Procedure,
        "ANSI_QUOTES,ORACLE",
        FAMILY,
        "mysql-oracle-mode",
    );
    refused(ObjectKind::View, "", SQLITE, "mysql-object-foreign");
}
