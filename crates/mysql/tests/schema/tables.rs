//! Tables: creation, completion, emptying, and what goes wrong.

use dbferry_core::catalog::{Key, KeyKind, KeyPart};
use dbferry_core::target::KeyTiming;
use dbferry_core::{
    CatalogScope, Code, Column, DataType, Endpoint, Family, Severity, Table, TableName, Target,
};
use dbferry_mysql::endpoint::MySqlEndpoint;
use dbferry_mysql::{FAMILY, schema};

use super::compare::normal_table;
use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config, fixtures, value};

const BOTH: [&str; 2] = [MARIADB_A, MYSQL_A];

/// An endpoint, and a connection to a new database of this name.
async fn fresh(server: &str, database: &str) -> (MySqlEndpoint, dbferry_mysql::wire::Connection) {
    let endpoint = MySqlEndpoint::open(config(server)).await.unwrap();
    let connection = fixtures::fresh_database(endpoint.sessions(), database).await;
    (endpoint, connection)
}

async fn read(endpoint: &MySqlEndpoint, database: &str, table: &str) -> Table {
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
async fn rows_that_collide_in_a_unique_key_are_reported_with_the_key() {
    for server in BOTH {
        let database = "dbferry_t_duplicates";
        let (endpoint, mut connection) = fresh(server, database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE t (id INT PRIMARY KEY, a INT, UNIQUE KEY `once only` (a), KEY plain (a));\n",
        )
        .await;
        let table = read(&endpoint, database, "t").await;
        endpoint.drop_table(&table.name).await.unwrap();
        endpoint
            .create_table(&table, KeyTiming::AfterLoad)
            .await
            .unwrap();
        connection
            .execute("INSERT INTO t VALUES (1, 7), (2, 7)")
            .await
            .unwrap();
        let error = endpoint.complete_table(&table).await.unwrap_err();
        assert_eq!(error.code(), Code::DuplicateKey);
        assert_eq!(error.object(), Some("dbferry_t_duplicates.t"));
        assert!(error.to_string().contains("once only"), "{error}");
        assert!(!error.to_string().contains("'7'"), "no row value: {error}");
        connection
            .execute("DELETE FROM t WHERE id = 2")
            .await
            .unwrap();
        endpoint.complete_table(&table).await.unwrap();
        assert_eq!(
            normal_table(&read(&endpoint, database, "t").await),
            normal_table(&table)
        );
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn completion_goes_on_where_it_was_interrupted() {
    for server in BOTH {
        let database = "dbferry_t_completion";
        let (endpoint, mut connection) = fresh(server, database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE parent (id INT PRIMARY KEY);\n\
             CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(9), KEY a (a), \
             KEY b (b(3)), FULLTEXT KEY w (b), CONSTRAINT f FOREIGN KEY (a) REFERENCES parent (id)) \
             ENGINE=InnoDB AUTO_INCREMENT=77;\n",
        )
        .await;
        let table = read(&endpoint, database, "t").await;
        endpoint.drop_table(&table.name).await.unwrap();
        endpoint
            .create_table(&table, KeyTiming::AfterLoad)
            .await
            .unwrap();
        connection
            .execute("ALTER TABLE t ADD KEY b (b(3))")
            .await
            .unwrap();
        endpoint.complete_table(&table).await.unwrap();
        endpoint.add_foreign_keys(&table).await.unwrap();
        let there = read(&endpoint, database, "t").await;
        assert_eq!(normal_table(&there), normal_table(&table));
        assert_eq!(there.auto_increment, Some(77));

        connection
            .execute("ALTER TABLE t DROP KEY b, ADD KEY b (id)")
            .await
            .unwrap();
        let error = endpoint.complete_table(&table).await.unwrap_err();
        assert_eq!(error.code(), Code::TargetTableMismatch);
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_foreign_key_to_a_table_that_is_not_there_is_refused() {
    for server in BOTH {
        let database = "dbferry_t_orphan";
        let (endpoint, mut connection) = fresh(server, database).await;
        fixtures::run(
            &mut connection,
            "CREATE TABLE child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES gone (id));\n",
        )
        .await;
        let table = read(&endpoint, database, "child").await;
        endpoint.drop_table(&table.name).await.unwrap();
        endpoint
            .create_table(&table, KeyTiming::AfterLoad)
            .await
            .unwrap();
        let error = endpoint.add_foreign_keys(&table).await.unwrap_err();
        assert_eq!(error.code(), Code::ObjectMissing);
        assert!(
            error.to_string().contains("dbferry_t_orphan.gone"),
            "{error}"
        );
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn a_table_of_another_family_is_made() {
    for server in [MARIADB_A, MYSQL_A] {
        let database = "dbferry_t_foreign";
        let (endpoint, mut connection) = fresh(server, database).await;
        let text = |bytes_max| DataType::Text { bytes_max };
        let mut id = Column::new(
            "id",
            DataType::Integer {
                bits: 64,
                signed: true,
            },
            "INTEGER",
        );
        id.nullable = false;
        id.auto_increment = true;
        let key = |name: &str, kind, column: &str| Key {
            name: name.into(),
            kind,
            parts: vec![KeyPart::column(column)],
            visible: true,
            condition: None,
            comment: String::new(),
            options: Vec::new(),
        };
        let table = Table {
            columns: vec![
                id,
                Column::new("code", text(Some(40)), "TEXT"),
                Column::new("body", text(None), "TEXT"),
                Column::new("data", DataType::Blob { bytes_max: None }, "BLOB"),
                Column::new("ok", DataType::Boolean, "BOOLEAN"),
            ],
            keys: vec![
                key("", KeyKind::Primary, "id"),
                key("code", KeyKind::Unique, "code"),
                key("body", KeyKind::Plain, "body"),
            ],
            ..Table::new(TableName::new(database, "t"))
        };
        let translation = endpoint.translate(&table, Family("sqlite"));
        let wanted = translation.object;
        endpoint
            .create_table(&wanted, KeyTiming::AfterLoad)
            .await
            .unwrap();
        endpoint.complete_table(&wanted).await.unwrap();
        // SQLite tells these texts apart, and so must the unique key.
        connection
            .execute("INSERT INTO t (code) VALUES ('a'), ('A'), ('a '), ('á')")
            .await
            .unwrap();
        assert_eq!(endpoint.count_rows(&wanted.name, None).await.unwrap(), 4);
        let there = read(&endpoint, database, "t").await;
        assert_eq!(there.keys.len(), 3);
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
async fn checks_of_the_same_name_in_two_tables_both_arrive_on_mysql() {
    let database = "dbferry_t_check_names";
    let (source, mut connection) = fresh(MARIADB_A, database).await;
    let (target, _) = fresh(MYSQL_B, database).await;
    fixtures::run(
        &mut connection,
        "CREATE TABLE a (x INT, CONSTRAINT same CHECK (x > 0), CHECK (x < 9));\n\
         CREATE TABLE b (x INT CHECK (x > 1), CONSTRAINT same CHECK (x > 0), CHECK (x < 9));\n",
    )
    .await;
    for name in ["a", "b"] {
        let table = read(&source, database, name).await;
        let wanted = target.translate(&table, FAMILY).object;
        target
            .create_table(&wanted, KeyTiming::AfterLoad)
            .await
            .unwrap();
        target.complete_table(&wanted).await.unwrap();
        let there = read(&target, database, name).await;
        assert_eq!(there.checks.len(), table.checks.len());
    }
    for endpoint in [source, target] {
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}

#[tokio::test]
async fn many_tables_are_read_in_little_time() {
    let database = "dbferry_t_many";
    const TABLES: usize = 300;
    for server in [MARIADB_B, MYSQL_B] {
        let (endpoint, mut connection) = fresh(server, database).await;
        for index in 0..TABLES {
            let sql = format!(
                "CREATE TABLE t{index} (id INT PRIMARY KEY, a VARCHAR(20), b INT, KEY (a), KEY (b))"
            );
            connection.execute(&sql).await.unwrap();
        }
        let started = std::time::Instant::now();
        let catalog = fixtures::catalog(endpoint.sessions(), database).await;
        println!(
            "{}: {TABLES} tables in {} ms",
            endpoint.capabilities().product,
            started.elapsed().as_millis()
        );
        assert_eq!(catalog.tables.len(), TABLES);
        assert!(catalog.tables.iter().all(|table| table.keys.len() == 3));
        let rows = value(&mut connection, "SELECT COUNT(*) FROM t1").await;
        assert_eq!(rows, "0");
        fixtures::drop_database(endpoint.sessions(), database).await;
    }
}
