//! The sample shop on a MySQL or MariaDB server.

use dbferry_core::{EndpointAddress, Error};
use dbferry_mysql::config::MySqlConfig;
use dbferry_mysql::wire::Connection;

use super::shop::{self, MYSQL_OBJECTS, MYSQL_TABLES};

/// Makes the shop anew; returns its rows.
pub(super) async fn make(server: &EndpointAddress, database: &str) -> Result<u64, Error> {
    let mut connection = connect(server).await?;
    connection.execute(&drop_database(database)).await?;
    connection
        .execute(&format!("CREATE DATABASE {database} CHARACTER SET utf8mb4"))
        .await?;
    connection.select_database(database).await?;
    run_all(&mut connection, MYSQL_TABLES).await?;
    connection.execute("BEGIN").await?;
    let mut rows = 0;
    for insert in shop::inserts() {
        connection.execute(&insert.sql).await?;
        rows += insert.rows;
    }
    connection.execute("COMMIT").await?;
    run_all(&mut connection, MYSQL_OBJECTS).await?;
    // The server's own idea of the tables' sizes comes late otherwise.
    let analyze =
        "ANALYZE TABLE categories, products, customers, orders, order_items, reviews, images";
    connection.execute(analyze).await?;
    connection.close().await;
    Ok(rows)
}

/// Drops the shop where it is.
pub(super) async fn drop_shop(server: &EndpointAddress, database: &str) -> Result<(), Error> {
    let mut connection = connect(server).await?;
    connection.execute(&drop_database(database)).await?;
    connection.close().await;
    Ok(())
}

fn drop_database(database: &str) -> String {
    format!("DROP DATABASE IF EXISTS {database}")
}

async fn connect(server: &EndpointAddress) -> Result<Connection, Error> {
    let config = MySqlConfig::from_address(server)?;
    let mut connection = Connection::connect(&config.connect).await?;
    connection
        .execute("SET NAMES utf8mb4, SESSION sql_mode = 'STRICT_ALL_TABLES'")
        .await?;
    connection
        .execute("SET SESSION foreign_key_checks = 0, SESSION unique_checks = 0")
        .await?;
    Ok(connection)
}

async fn run_all(connection: &mut Connection, script: &str) -> Result<(), Error> {
    for statement in shop::statements(script) {
        connection.execute(statement).await?;
    }
    Ok(())
}
