//! A rich schema, carried in every direction.

use dbferry_core::ObjectKind::Sequence;
use dbferry_core::target::KeyTiming;
use dbferry_core::{Catalog, Endpoint, Finding, Severity, Target};
use dbferry_mysql::FAMILY;
use dbferry_mysql::endpoint::MySqlEndpoint;

use super::compare::assert_equal;
use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config_as, fixtures, sessions};

/// What became of a catalog on its way.
struct Carried {
    /// What the target was asked to have.
    wanted: Catalog,
    /// What it has.
    there: Catalog,
    findings: Vec<Finding>,
}

impl Carried {
    fn ids(&self, severity: Severity) -> Vec<(&str, &str)> {
        let of = |finding: &&Finding| finding.severity == severity;
        let mut ids: Vec<(&str, &str)> = self
            .findings
            .iter()
            .filter(of)
            .map(|finding| (finding.object.as_deref().unwrap_or(""), finding.id.as_str()))
            .collect();
        ids.sort_unstable();
        ids
    }
}

/// Translates a catalog; leaves out what is refused.
fn translate(source: &Catalog, target: &MySqlEndpoint) -> (Catalog, Vec<Finding>) {
    let mut wanted = Catalog {
        schemas: source.schemas.clone(),
        ..Catalog::default()
    };
    let mut findings = Vec::new();
    let refused = |findings: &[Finding]| {
        findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    };
    for table in &source.tables {
        let translation = target.translate(table, FAMILY);
        if !refused(&translation.findings) {
            wanted.tables.push(translation.object);
        }
        findings.extend(translation.findings);
    }
    for object in &source.objects {
        let translation = target.translate_object(object, FAMILY);
        if !refused(&translation.findings) {
            wanted.objects.push(translation.object);
        }
        findings.extend(translation.findings);
    }
    (wanted, findings)
}

/// Creates everything, as a task would; every step twice, since a task may be interrupted.
async fn create(target: &MySqlEndpoint, wanted: &Catalog, timing: KeyTiming) {
    for object in wanted
        .objects
        .iter()
        .filter(|object| object.kind == Sequence)
    {
        target.create_object(object).await.unwrap();
    }
    for table in &wanted.tables {
        target.create_table(table, timing).await.unwrap();
    }
    for _ in 0..2 {
        for table in &wanted.tables {
            target.complete_table(table).await.unwrap();
        }
        for table in &wanted.tables {
            target.add_foreign_keys(table).await.unwrap();
        }
        for object in &wanted.objects {
            target.create_object(object).await.unwrap();
        }
    }
}

async fn carry(from: &str, to: &str, own: &str, database: &str, timing: KeyTiming) -> Carried {
    carry_as("dbferry", from, to, own, database, timing).await
}

async fn carry_as(
    user: &str,
    from: &str,
    to: &str,
    own: &str,
    database: &str,
    timing: KeyTiming,
) -> Carried {
    let source = MySqlEndpoint::open(config_as(from, user)).await.unwrap();
    let target = MySqlEndpoint::open(config_as(to, user)).await.unwrap();
    let mut connection = fixtures::fresh_database(&sessions(from).await, database).await;
    fixtures::run(&mut connection, fixtures::COMMON).await;
    fixtures::run(&mut connection, own).await;
    let given = fixtures::catalog(source.sessions(), database).await;
    let (wanted, findings) = translate(&given, &target);
    fixtures::drop_database(target.sessions(), database).await;
    let schema = target.translate_schema(&given.schemas[0], FAMILY).object;
    target.create_schema(&schema).await.unwrap();
    target.create_schema(&schema).await.unwrap();
    create(&target, &wanted, timing).await;
    let there = fixtures::catalog(target.sessions(), database).await;
    assert_eq!(there.schemas, [schema]);
    fixtures::drop_database(source.sessions(), database).await;
    fixtures::drop_database(target.sessions(), database).await;
    assert_eq!(source.capabilities().family, FAMILY);
    Carried {
        wanted,
        there,
        findings,
    }
}

#[tokio::test]
async fn mysql_to_mysql_loses_nothing() {
    let database = "dbferry_t_mysql_mysql";
    let carried = carry(
        MYSQL_A,
        MYSQL_B,
        fixtures::MYSQL,
        database,
        KeyTiming::AfterLoad,
    )
    .await;
    assert_equal(&carried.wanted, &carried.there);
    assert_eq!(carried.ids(Severity::Error), []);
    assert_eq!(carried.ids(Severity::Warning), []);
}

#[tokio::test]
async fn mariadb_to_mariadb_loses_hidden_history_alone() {
    let database = "dbferry_t_mariadb_mariadb";
    let carried = carry(
        MARIADB_A,
        MARIADB_B,
        fixtures::MARIADB,
        database,
        KeyTiming::AfterLoad,
    )
    .await;
    assert_equal(&carried.wanted, &carried.there);
    assert_eq!(carried.ids(Severity::Error), []);
    let versioned = format!("{database}.versioned");
    assert_eq!(
        carried.ids(Severity::Warning),
        [(versioned.as_str(), "mysql-hidden-history")]
    );
}

#[tokio::test]
async fn mysql_to_mariadb_says_what_differs() {
    let database = "dbferry_t_mysql_mariadb";
    let carried = carry(
        MYSQL_A,
        MARIADB_B,
        fixtures::MYSQL,
        database,
        KeyTiming::AfterLoad,
    )
    .await;
    assert_equal(&carried.wanted, &carried.there);
    let object = |name: &str| format!("{database}.{name}");
    assert_eq!(
        carried.ids(Severity::Error),
        [(object("functional").as_str(), "mysql-unique-key-impossible")]
    );
    let warnings = carried.ids(Severity::Warning);
    let has = |name: &str, id: &str| warnings.contains(&(object(name).as_str(), id));
    assert!(has("documents", "mysql-srid-not-enforced"), "{warnings:?}");
    assert!(has("documents", "mysql-key-dropped"));
    assert!(has("documents", "mysql-key-parser"));
    assert!(has("documents", "mysql-check-not-enforced"));
    assert!(has("documents", "mysql-collation-replaced"));
    assert!(has("many", "mysql-key-dropped"));
    assert!(has("vectors", "mysql-type-replaced"));
}

#[tokio::test]
async fn mariadb_to_mysql_says_what_differs() {
    let database = "dbferry_t_mariadb_mysql";
    let carried = carry(
        MARIADB_A,
        MYSQL_B,
        fixtures::MARIADB,
        database,
        KeyTiming::WithTable,
    )
    .await;
    assert_equal(&carried.wanted, &carried.there);
    let object = |name: &str| format!("{database}.{name}");
    let errors = carried.ids(Severity::Error);
    let refused = |name: &str, id: &str| errors.contains(&(object(name).as_str(), id));
    assert!(refused("addresses", "mysql-function-missing"), "{errors:?}");
    assert!(refused("addresses", "mysql-unique-key-impossible"));
    assert!(refused("versioned", "mysql-system-versioning"));
    assert!(refused("periods", "mysql-system-versioning"));
    assert!(refused("numbers", "mysql-sequence"));
    assert!(refused("pack", "mysql-package"));
    assert!(refused("oracle_style", "mysql-oracle-mode"));
    let warnings = carried.ids(Severity::Warning);
    let has = |name: &str, id: &str| warnings.contains(&(object(name).as_str(), id));
    assert!(has("addresses", "mysql-type-replaced"), "{warnings:?}");
    assert!(has("aria_table", "mysql-engine-replaced"));
    assert!(has("hosts", "mysql-type-replaced"));
    assert!(has("hosts", "mysql-collation-replaced"));
}

/// The rights of Aurora's master user are enough; only definers become that user.
#[tokio::test]
async fn an_account_without_super_carries_everything() {
    for (from, to, own) in [
        (MYSQL_B, MYSQL_A, fixtures::MYSQL),
        (MARIADB_B, MARIADB_A, fixtures::MARIADB),
    ] {
        let database = "dbferry_t_aurora";
        let carried = carry_as("aurora", from, to, own, database, KeyTiming::AfterLoad).await;
        let mut wanted = carried.wanted.clone();
        for object in wanted
            .objects
            .iter_mut()
            .filter(|object| object.kind != Sequence)
        {
            object.definer = Some("aurora@%".into());
        }
        assert_equal(&wanted, &carried.there);
        assert_eq!(carried.ids(Severity::Error), []);
        assert!(
            carried.ids(Severity::Warning).iter().all(|(_, id)| [
                "mysql-definer-replaced",
                "mysql-hidden-history"
            ]
            .contains(id))
        );
    }
}
