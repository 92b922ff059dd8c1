//! Keys, checks and foreign keys that come after the load.

use dbferry_core::catalog::{Key, KeyKind, KeyPart};
use dbferry_core::target::KeyTiming;
use dbferry_core::{Code, Column, DataType, Endpoint, Family, Table, TableName, Target};
use dbferry_mysql::FAMILY;

use super::compare::normal_table;
use super::tables::{BOTH, fresh, read};
use crate::support::{MARIADB_A, MYSQL_A, MYSQL_B, fixtures};

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
