//! Views, routines, triggers, events, sequences, accounts; and what a check says of a server.

use dbferry_core::catalog::Catalog;
use dbferry_core::{CatalogScope, Code, Endpoint, Role, Severity, StoredObject, Target};
use dbferry_mysql::FAMILY;
use dbferry_mysql::endpoint::MySqlEndpoint;
use dbferry_mysql::wire::Connection;

use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config_as, fixtures, value};

const BOTH: [&str; 2] = [MARIADB_A, MYSQL_A];
pub(super) const TWINS: [(&str, &str); 2] = [(MARIADB_A, MARIADB_B), (MYSQL_A, MYSQL_B)];

pub(super) async fn endpoint(server: &str, user: &str) -> MySqlEndpoint {
    MySqlEndpoint::open(config_as(server, user)).await.unwrap()
}

/// The catalog of a new database in which these statements were run; the database goes.
async fn catalog_of(server: &str, database: &str, statements: &str) -> Catalog {
    let source = endpoint(server, "dbferry").await;
    let mut connection = fixtures::fresh_database(source.sessions(), database).await;
    fixtures::run(&mut connection, statements).await;
    let catalog = fixtures::catalog(source.sessions(), database).await;
    fixtures::drop_database(source.sessions(), database).await;
    catalog
}

/// A target with an empty database of this name.
pub(super) async fn target(
    server: &str,
    user: &str,
    database: &str,
) -> (MySqlEndpoint, Connection) {
    let admin = endpoint(server, "dbferry").await;
    let connection = fixtures::fresh_database(admin.sessions(), database).await;
    (endpoint(server, user).await, connection)
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog
        .objects
        .iter()
        .map(|object| object.name.name.as_str())
        .collect()
}

fn object<'a>(catalog: &'a Catalog, name: &str) -> &'a StoredObject {
    catalog
        .objects
        .iter()
        .find(|object| object.name.name == name)
        .unwrap()
}

#[tokio::test]
async fn views_come_after_the_views_that_they_read() {
    for server in BOTH {
        let statements = "CREATE TABLE t (a INT);\n\
            CREATE VIEW d AS SELECT a FROM t;\nCREATE VIEW c AS SELECT a FROM d;\n\
            CREATE VIEW b AS SELECT c.a FROM t JOIN c ON c.a = t.a;\n\
            CREATE VIEW a AS SELECT (SELECT MAX(a) FROM b) AS a;\n";
        let catalog = catalog_of(server, "dbferry_t_view_order", statements).await;
        assert_eq!(names(&catalog), ["d", "c", "b", "a"]);
    }
}

#[tokio::test]
async fn a_table_called_like_its_schema_confuses_no_view() {
    for (from, to) in TWINS {
        let database = "dbferry_t_twin";
        let tables = "CREATE TABLE dbferry_t_twin (id INT, a INT);\nCREATE TABLE u (id INT);\n";
        let view = "CREATE VIEW v AS SELECT dbferry_t_twin.id AS x, u.id AS y, user AS z \
            FROM dbferry_t_twin JOIN u JOIN mysql.user;\n";
        let catalog = catalog_of(from, database, &format!("{tables}{view}")).await;
        let (target, mut connection) = target(to, "dbferry", database).await;
        fixtures::run(&mut connection, tables).await;
        target.create_object(object(&catalog, "v")).await.unwrap();
        let there = fixtures::catalog(target.sessions(), database).await;
        assert_eq!(there.objects, catalog.objects);
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_view_that_refers_to_nothing_is_left_out_and_reported() {
    for server in BOTH {
        let database = "dbferry_t_broken_view";
        let source = endpoint(server, "dbferry").await;
        let mut connection = fixtures::fresh_database(source.sessions(), database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE t (a INT);\nCREATE TABLE u (a INT);\nCREATE VIEW good AS SELECT a FROM u;\n\
             CREATE VIEW bad AS SELECT a FROM t;\nCREATE VIEW worse AS SELECT a FROM bad;\nDROP TABLE t;\n",
        )
        .await;
        let catalog = fixtures::catalog(source.sessions(), database).await;
        assert_eq!(names(&catalog), ["good"], "{server}");
        let scope = CatalogScope {
            schemas: Some(vec![database.into()]),
            ..Default::default()
        };
        let findings = source.check(Role::Source, &scope).await.unwrap();
        let broken: Vec<_> = findings
            .iter()
            .filter(|finding| finding.id == "mysql-view-broken")
            .filter_map(|finding| finding.object.as_deref())
            .collect();
        assert_eq!(
            broken,
            ["dbferry_t_broken_view.bad", "dbferry_t_broken_view.worse"]
        );
        fixtures::drop_database(source.sessions(), database).await;
    }
}

#[tokio::test]
async fn triggers_fire_in_their_order() {
    for (from, to) in TWINS {
        let database = "dbferry_t_trigger_order";
        let table = "CREATE TABLE t (a INT);\n";
        let statements = format!(
            "{table}CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a * 10;\n\
             CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW PRECEDES z SET NEW.a = NEW.a + 1;\n\
             CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW FOLLOWS y SET NEW.a = NEW.a * 3;\n"
        );
        let catalog = catalog_of(from, database, &statements).await;
        assert_eq!(names(&catalog), ["y", "x", "z"]);
        let (target, mut connection) = target(to, "dbferry", database).await;
        fixtures::run(&mut connection, table).await;
        for object in &catalog.objects {
            target.create_object(object).await.unwrap();
        }
        connection
            .execute("INSERT INTO t VALUES (1)")
            .await
            .unwrap();
        assert_eq!(value(&mut connection, "SELECT a FROM t").await, "60");
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn an_event_acts_only_when_it_is_told_to() {
    for (from, to) in TWINS {
        let database = "dbferry_t_event";
        let catalog = catalog_of(
            from,
            database,
            "SET time_zone = '+03:00';\n\
             CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 02:00:00' DO SET @a = 1;\n",
        )
        .await;
        let event = object(&catalog, "e");
        assert!(event.active);
        let (target, mut connection) = target(to, "dbferry", database).await;
        let quiet = StoredObject {
            active: false,
            ..event.clone()
        };
        let status = "SELECT CONCAT_WS(' ', status, time_zone, definer) \
            FROM information_schema.events WHERE event_schema = 'dbferry_t_event'";
        target.create_object(&quiet).await.unwrap();
        assert_eq!(
            value(&mut connection, status).await,
            "DISABLED +03:00 dbferry@%"
        );
        target.create_object(event).await.unwrap();
        assert_eq!(
            value(&mut connection, status).await,
            "ENABLED +03:00 dbferry@%"
        );
        let there = fixtures::catalog(target.sessions(), database).await;
        assert_eq!(there.objects, catalog.objects);
        fixtures::drop_database(target.sessions(), database).await;
    }
}

const WITH_DEFINER: &str = "CREATE TABLE t (a INT);\n\
    CREATE DEFINER=`aurora`@`%` VIEW v AS SELECT a FROM t;\n\
    CREATE DEFINER=`aurora`@`%` PROCEDURE p() SELECT 1;\n";

#[tokio::test]
async fn the_definer_is_kept_where_the_account_may_set_it() {
    for (from, to) in TWINS {
        let database = "dbferry_t_definer_kept";
        let catalog = catalog_of(from, database, WITH_DEFINER).await;
        let (target, mut connection) = target(to, "dbferry", database).await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        for object in &catalog.objects {
            let translation = target.translate_object(object, FAMILY);
            assert_eq!(translation.findings, []);
            target.create_object(&translation.object).await.unwrap();
        }
        let there = fixtures::catalog(target.sessions(), database).await;
        assert_eq!(there.objects, catalog.objects);
        assert_eq!(there.objects[0].definer.as_deref(), Some("aurora@%"));
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn without_the_right_the_definer_becomes_the_account_and_it_is_said() {
    for (from, to) in TWINS {
        let database = "dbferry_t_definer_lost";
        let statements = WITH_DEFINER.replace("aurora", "dbferry");
        let catalog = catalog_of(from, database, &statements).await;
        let (target, mut connection) = target(to, "aurora", database).await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        for object in &catalog.objects {
            let translation = target.translate_object(object, FAMILY);
            let finding = &translation.findings[0];
            assert_eq!(finding.id, "mysql-definer-replaced");
            assert_eq!(finding.severity, Severity::Warning);
            assert!(finding.message.contains("aurora@%") && finding.fix.is_some());
            for _ in 0..2 {
                target.create_object(&translation.object).await.unwrap();
            }
        }
        let there = fixtures::catalog(target.sessions(), database).await;
        assert_eq!(there.objects[1].definer.as_deref(), Some("aurora@%"));
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn an_object_of_somebody_else_is_not_touched() {
    let kinds = [
        (
            "CREATE VIEW o AS SELECT 1 AS a",
            "CREATE VIEW o AS SELECT 2 AS a",
        ),
        (
            "CREATE PROCEDURE o() SELECT 1",
            "CREATE PROCEDURE o() SELECT 2",
        ),
        (
            "CREATE FUNCTION o() RETURNS INT NO SQL RETURN 1",
            "CREATE FUNCTION o() RETURNS INT NO SQL RETURN 2",
        ),
        (
            "CREATE EVENT o ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DISABLE DO SET @a = 1",
            "CREATE EVENT o ON SCHEDULE EVERY 2 DAY STARTS '2030-01-01' DISABLE DO SET @a = 1",
        ),
        (
            "CREATE TRIGGER o BEFORE INSERT ON t FOR EACH ROW SET @a = 1",
            "CREATE TRIGGER o BEFORE INSERT ON t FOR EACH ROW SET @a = 2",
        ),
    ];
    for (from, to) in TWINS {
        for (wanted, other) in kinds {
            let database = "dbferry_t_other_object";
            let table = "CREATE TABLE t (a INT);\n";
            let catalog = catalog_of(from, database, &format!("{table}{wanted};\n")).await;
            let (target, mut connection) = target(to, "dbferry", database).await;
            fixtures::run(&mut connection, &format!("{table}{other};\n")).await;
            let before = fixtures::catalog(target.sessions(), database).await;
            let error = target.create_object(&catalog.objects[0]).await.unwrap_err();
            assert_eq!(error.code(), Code::TargetNotEmpty, "{other}");
            let after = fixtures::catalog(target.sessions(), database).await;
            assert_eq!(
                after.objects, before.objects,
                "nothing is changed, nothing left behind"
            );
            fixtures::drop_database(target.sessions(), database).await;
        }
    }
}

#[tokio::test]
async fn a_refused_object_says_why() {
    for (from, to) in TWINS {
        let database = "dbferry_t_refused";
        let statements = "CREATE TABLE t (a INT);\nCREATE VIEW v AS SELECT a FROM t;\n";
        let catalog = catalog_of(from, database, statements).await;
        let (target, _) = target(to, "dbferry", database).await;
        let error = target.create_object(&catalog.objects[0]).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectMissing);
        assert_eq!(error.object(), Some("view dbferry_t_refused.v"));
        fixtures::drop_database(target.sessions(), database).await;
    }
}

#[tokio::test]
async fn functions_and_triggers_that_the_binary_log_forbids_are_refused_beforehand() {
    // The servers named b do not trust the creators of functions.
    for (from, to) in TWINS {
        let database = "dbferry_t_trust";
        let catalog = catalog_of(
            from,
            database,
            "CREATE TABLE t (a INT);\nCREATE FUNCTION f() RETURNS INT RETURN RAND();\n\
             CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET @a = 1;\n",
        )
        .await;
        let refused = |endpoint: &MySqlEndpoint, name: &str| {
            let findings = endpoint
                .translate_object(object(&catalog, name), FAMILY)
                .findings;
            findings.iter().any(|finding| {
                finding.id == "mysql-log-bin-trust" && finding.severity == Severity::Error
            })
        };
        let (restricted, mut connection) = target(to, "aurora", database).await;
        assert!(refused(&restricted, "f") && refused(&restricted, "r"));
        let full = endpoint(to, "dbferry").await;
        assert!(refused(&full, "f") && !refused(&full, "r"));
        // The prediction is right: the server itself says the same.
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        full.create_object(object(&catalog, "r")).await.unwrap();
        let error = full.create_object(object(&catalog, "f")).await.unwrap_err();
        assert!(
            error.hint().is_some_and(|hint| hint.contains("trust")),
            "{error:?}"
        );
        fixtures::drop_database(full.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_sequence_goes_on_where_it_stood() {
    let database = "dbferry_t_sequence";
    let catalog = catalog_of(
        MARIADB_A,
        database,
        "CREATE SEQUENCE q START WITH 5 INCREMENT BY 3 NOCACHE;\nSELECT NEXTVAL(q);\n\
         CREATE SEQUENCE done MAXVALUE 2 NOCACHE;\nSELECT NEXTVAL(done);\nSELECT NEXTVAL(done);\n",
    )
    .await;
    let (target, mut connection) = target(MARIADB_B, "dbferry", database).await;
    for object in catalog.objects.iter().chain(&catalog.objects) {
        target.create_object(object).await.unwrap();
    }
    assert_eq!(value(&mut connection, "SELECT NEXTVAL(q)").await, "8");
    assert!(
        connection.query("SELECT NEXTVAL(done)").await.is_err(),
        "it is exhausted"
    );
    fixtures::drop_database(target.sessions(), database).await;
}
