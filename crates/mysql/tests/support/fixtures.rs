//! Databases that belong to one test.

use dbferry_core::{Catalog, CatalogScope};
use dbferry_mysql::schema;
use dbferry_mysql::sessions::{Purpose, Sessions};
use dbferry_mysql::wire::Connection;

/// What both products understand.
pub(crate) const COMMON: &str = include_str!("../fixtures/common.sql");
/// What only MySQL understands.
pub(crate) const MYSQL: &str = include_str!("../fixtures/mysql.sql");
/// What only MariaDB understands.
pub(crate) const MARIADB: &str = include_str!("../fixtures/mariadb.sql");

/// Cuts a file into statements: each ends with a semicolon at the end of a line, or stands
/// between two lines with `//` alone.
fn statements(text: &str) -> Vec<String> {
    let (mut statements, mut statement, mut block) = (Vec::new(), String::new(), false);
    for line in text.lines() {
        if line == "//" {
            block = !block;
            if !block {
                statements.push(std::mem::take(&mut statement));
            }
        } else if block || !line.starts_with("--") {
            statement.push_str(line);
            statement.push('\n');
            if !block && line.ends_with(';') {
                let text = std::mem::take(&mut statement);
                statements.push(text.trim_end().trim_end_matches(';').to_owned());
            }
        }
    }
    statements
}

/// A connection to a new database of this name, which is its default.
pub(crate) async fn fresh_database(sessions: &Sessions, database: &str) -> Connection {
    let mut connection = sessions.open(Purpose::Define).await.unwrap();
    for statement in [
        format!("DROP DATABASE IF EXISTS `{database}`"),
        format!("CREATE DATABASE `{database}`"),
    ] {
        connection.execute(&statement).await.unwrap();
    }
    connection.select_database(database).await.unwrap();
    connection
}

/// Runs the statements of a file.
pub(crate) async fn run(connection: &mut Connection, text: &str) {
    for statement in statements(text) {
        connection
            .execute(&statement)
            .await
            .unwrap_or_else(|error| panic!("{error}\n{statement}"));
    }
}

pub(crate) async fn drop_database(sessions: &Sessions, database: &str) {
    let mut connection = sessions.open(Purpose::Define).await.unwrap();
    connection
        .execute(&format!("DROP DATABASE IF EXISTS `{database}`"))
        .await
        .unwrap();
}

/// The catalog of one database.
pub(crate) async fn catalog(sessions: &Sessions, database: &str) -> Catalog {
    let scope = CatalogScope {
        schemas: Some(vec![database.into()]),
        ..CatalogScope::default()
    };
    schema::read(sessions, &scope).await.unwrap()
}
