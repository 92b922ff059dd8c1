//! Tables: creation, completion, emptying, and what goes wrong.

use dbferry_core::catalog::{Key, KeyKind, KeyPart};
use dbferry_core::target::KeyTiming;
use dbferry_core::{
    CatalogScope, Code, Column, DataType, Endpoint, Severity, Table, TableName, Target,
};
use dbferry_mysql::endpoint::MySqlEndpoint;
use dbferry_mysql::{FAMILY, schema};

use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config, fixtures, value};

pub(super) const BOTH: [&str; 2] = [MARIADB_A, MYSQL_A];

/// An endpoint, and a connection to a new database of this name.
pub(super) async fn fresh(
    server: &str,
    database: &str,
) -> (MySqlEndpoint, dbferry_mysql::wire::Connection) {
    let endpoint = MySqlEndpoint::open(config(server)).await.unwrap();
    let connection = fixtures::fresh_database(endpoint.sessions(), database).await;
    (endpoint, connection)
}

pub(super) async fn read(endpoint: &MySqlEndpoint, database: &str, table: &str) -> Table {
    let name = TableName::new(database, table);
    schema::read_table(endpoint.sessions(), &name)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn names_of_every_kind_survive() {
    let database = "dbferry_t_we`ird 'data\"base";
    let long = "é".repeat(64);
    let names = [
        "sel`ect",
        "a'b\"c",
        "new\nline",
        " lead",
        "日本",
        "select",
        "back\\slash",
        &long,
    ];
    for server in BOTH {
        let (endpoint, connection) = fresh_named(server, database).await;
        let mut tables = Vec::new();
        for name in names {
            let mut column = Column::new(
                name,
                DataType::Integer {
                    bits: 32,
                    signed: true,
                },
                "int",
            );
            column.nullable = false;
            column.comment = name.into();
            let key = Key {
                name: name.into(),
                kind: KeyKind::Plain,
                parts: vec![KeyPart::column(name)],
                visible: true,
                condition: None,
                comment: name.into(),
                options: Vec::new(),
            };
            let table = Table {
                columns: vec![column],
                keys: vec![key],
                comment: name.into(),
                ..Table::new(TableName::new(database, name))
            };
            endpoint
                .create_table(&table, KeyTiming::AfterLoad)
                .await
                .unwrap();
            endpoint.complete_table(&table).await.unwrap();
            tables.push(table);
        }
        let catalog = fixtures::catalog(endpoint.sessions(), database).await;
        for table in &tables {
            let there = catalog.table(&table.name).unwrap();
            assert_eq!(there.keys, table.keys);
            assert_eq!(there.comment, table.comment);
            assert_eq!(there.columns[0].name, table.columns[0].name);
            assert_eq!(there.columns[0].comment, table.columns[0].comment);
        }
        let names: Vec<TableName> = tables.iter().map(|table| table.name.clone()).collect();
        assert_eq!(endpoint.existing(&names).await.unwrap().len(), names.len());
        drop(connection);
        drop_named(&endpoint, database).await;
    }
}

async fn fresh_named(
    server: &str,
    database: &str,
) -> (MySqlEndpoint, dbferry_mysql::wire::Connection) {
    let endpoint = MySqlEndpoint::open(config(server)).await.unwrap();
    drop_named(&endpoint, database).await;
    let schema = dbferry_core::catalog::Schema {
        name: database.into(),
        ..Default::default()
    };
    endpoint.create_schema(&schema).await.unwrap();
    let connection = endpoint
        .sessions()
        .open(dbferry_mysql::sessions::Purpose::Define)
        .await
        .unwrap();
    (endpoint, connection)
}

async fn drop_named(endpoint: &MySqlEndpoint, database: &str) {
    fixtures::drop_database(endpoint.sessions(), &database.replace('`', "``")).await;
}

#[tokio::test]
async fn a_name_that_no_server_takes_is_refused_before_anything_is_made() {
    let (endpoint, _) = fresh(MYSQL_A, "dbferry_t_emoji").await;
    let table = Table::new(TableName::new("dbferry_t_emoji", "🚢"));
    let findings = endpoint.translate(&table, FAMILY).findings;
    assert_eq!(findings[0].severity, Severity::Error);
    assert!(findings[0].message.contains('🚢'));
    fixtures::drop_database(endpoint.sessions(), "dbferry_t_emoji").await;
}

#[tokio::test]
async fn an_existing_table_is_not_touched() {
    for server in BOTH {
        let database = "dbferry_t_existing";
        let (endpoint, mut connection) = fresh(server, database).await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        connection
            .execute("CREATE TABLE full (a INT) AS SELECT 1 AS a")
            .await
            .unwrap();
        connection
            .execute("CREATE VIEW v AS SELECT 1 AS a")
            .await
            .unwrap();
        for name in ["t", "v"] {
            let mut table = read(&endpoint, database, "t").await;
            table.name.name = name.into();
            let error = endpoint
                .create_table(&table, KeyTiming::WithTable)
                .await
                .unwrap_err();
            assert_eq!(error.code(), Code::TargetNotEmpty);
            assert_eq!(error.object(), Some(format!("{database}.{name}").as_str()));
        }
        let names = ["t", "full", "v", "none"].map(|name| TableName::new(database, name));
        let existing = endpoint.existing(&names).await.unwrap();
        let found: Vec<(&str, bool)> = existing
            .iter()
            .map(|table| (table.name.name.as_str(), table.has_rows))
            .collect();
        assert_eq!(found, [("t", false), ("full", true), ("v", true)]);
        let elsewhere = [TableName::new("dbferry_t_no_such_database", "t")];
        assert_eq!(endpoint.existing(&elsewhere).await.unwrap(), []);
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_table_is_emptied_and_dropped_whatever_refers_to_it() {
    for server in BOTH {
        let database = "dbferry_t_empty";
        let (endpoint, mut connection) = fresh(server, database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE parent (id INT PRIMARY KEY);\n\
             CREATE TABLE child (id INT REFERENCES parent (id), FOREIGN KEY (id) REFERENCES parent (id));\n\
             INSERT INTO parent VALUES (1);\nINSERT INTO child VALUES (1);\n",
        )
        .await;
        let parent = TableName::new(database, "parent");
        endpoint.empty_table(&parent).await.unwrap();
        assert_eq!(endpoint.count_rows(&parent, None).await.unwrap(), 0);
        assert_eq!(
            endpoint
                .count_rows(&TableName::new(database, "child"), None)
                .await
                .unwrap(),
            1
        );
        endpoint.drop_table(&parent).await.unwrap();
        endpoint.drop_table(&parent).await.unwrap();
        let error = endpoint.empty_table(&parent).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectMissing);
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_catalog_is_of_what_was_asked_for() {
    for server in BOTH {
        let database = "dbferry_t_scope";
        let (endpoint, mut connection) = fresh(server, database).await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        let all = endpoint.catalog(&CatalogScope::default()).await.unwrap();
        let schemas: Vec<&str> = all
            .schemas
            .iter()
            .map(|schema| schema.name.as_str())
            .collect();
        assert!(schemas.contains(&database));
        assert!(
            !schemas.iter().any(|name| schema::is_system(name)),
            "{schemas:?}"
        );
        let scope = CatalogScope {
            schemas: Some(vec![database.into(), "dbferry_t_no_such_database".into()]),
            ..CatalogScope::default()
        };
        let error = endpoint.catalog(&scope).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectMissing);
        assert_eq!(error.object(), Some("dbferry_t_no_such_database"));
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn auto_increment_is_read_as_it_is_now() {
    for server in BOTH {
        let database = "dbferry_t_numbers";
        let (endpoint, mut connection) = fresh(server, database).await;
        connection
            .execute("CREATE TABLE t (a INT AUTO_INCREMENT PRIMARY KEY)")
            .await
            .unwrap();
        for wanted in [None, Some(2), Some(3)] {
            assert_eq!(read(&endpoint, database, "t").await.auto_increment, wanted);
            connection
                .execute("INSERT INTO t VALUES (NULL)")
                .await
                .unwrap();
        }
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn filters_count_by_the_columns_own_type() {
    use dbferry_core::filter::{Comparison, Filter, FilterTerm};
    for server in BOTH {
        let database = "dbferry_t_filter";
        let (endpoint, mut connection) = fresh(server, database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE t (a BIGINT UNSIGNED, b VARCHAR(9));\n\
             INSERT INTO t VALUES (18446744073709551615, 'x'), (18446744073709551614, '''y'), (NULL, NULL);\n",
        )
        .await;
        let table = TableName::new(database, "t");
        let check = async |column: &str, comparison, count| {
            let terms = vec![FilterTerm {
                column: column.into(),
                any: vec![comparison],
            }];
            let filter = Filter { terms };
            assert_eq!(
                endpoint.count_rows(&table, Some(&filter)).await.unwrap(),
                count
            );
        };
        check("a", Comparison::Equal("18446744073709551615".into()), 1).await;
        check("a", Comparison::IsNull, 1).await;
        check("b", Comparison::Equal("'y".into()), 1).await;
        check("b", Comparison::NotEqual("x".into()), 1).await;
        let terms = vec![FilterTerm {
            column: "none".into(),
            any: vec![Comparison::IsNull],
        }];
        let error = endpoint
            .count_rows(&table, Some(&Filter { terms }))
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::RuleNotApplicable);
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn many_tables_are_read_in_little_time() {
    let database = "dbferry_t_many";
    // A server takes a tenth of a second to make a table durable; `DBFERRY_TEST_TABLES=10000`
    // measures what a large installation has.
    let tables =
        std::env::var("DBFERRY_TEST_TABLES").map_or(100, |number| number.parse::<usize>().unwrap());
    for server in [MARIADB_B, MYSQL_B] {
        let (endpoint, mut connection) = fresh(server, database).await;
        for index in 0..tables {
            let sql = format!(
                "CREATE TABLE t{index} (id INT PRIMARY KEY, a VARCHAR(20), b INT, KEY (a), KEY (b))"
            );
            connection.execute(&sql).await.unwrap();
        }
        let started = std::time::Instant::now();
        let catalog = fixtures::catalog(endpoint.sessions(), database).await;
        println!(
            "{}: {tables} tables in {} ms",
            endpoint.capabilities().product,
            started.elapsed().as_millis()
        );
        assert_eq!(catalog.tables.len(), tables);
        assert!(catalog.tables.iter().all(|table| table.keys.len() == 3));
        let rows = value(&mut connection, "SELECT COUNT(*) FROM t1").await;
        assert_eq!(rows, "0");
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}
