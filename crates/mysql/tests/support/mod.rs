//! Servers, databases of one test, and shorthands.

pub(crate) mod fixtures;

use dbferry_core::EndpointAddress;
use dbferry_mysql::config::MySqlConfig;
use dbferry_mysql::sessions::Sessions;
use dbferry_mysql::wire::Connection;

/// The variables that name the servers.
pub(crate) const MARIADB_A: &str = "DBFERRY_TEST_MARIADB_A";
pub(crate) const MARIADB_B: &str = "DBFERRY_TEST_MARIADB_B";
pub(crate) const MYSQL_A: &str = "DBFERRY_TEST_MYSQL_A";
pub(crate) const MYSQL_B: &str = "DBFERRY_TEST_MYSQL_B";

/// The value of a variable, without which no test can run.
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run `eval \"$(scripts/servers env)\"` after `scripts/servers start`"
        )
    })
}

/// The configuration of a server's usual account.
pub(crate) fn config(name: &str) -> MySqlConfig {
    MySqlConfig::from_address(&EndpointAddress::parse(&variable(name)).unwrap()).unwrap()
}

/// The configuration of another account, whose password is its name.
pub(crate) fn config_as(name: &str, user: &str) -> MySqlConfig {
    let mut config = config(name);
    config.connect.user = user.into();
    config.connect.password = dbferry_core::Secret::new(user);
    config
}

/// Sessions of the usual account.
pub(crate) async fn sessions(name: &str) -> Sessions {
    Sessions::connect(config(name)).await.unwrap()
}

/// The first cell of a query's first row, as text.
pub(crate) async fn value(connection: &mut Connection, sql: &str) -> String {
    let set = connection.query(sql).await.unwrap();
    set.require_first().unwrap().text(0).unwrap().to_owned()
}
