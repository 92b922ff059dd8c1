//! Migrations between real servers: `scripts/servers start` runs them, `scripts/servers env`
//! prints the variables that name them.

use std::sync::atomic::{AtomicU32, Ordering};

use dbferry_core::EndpointAddress;
use dbferry_mysql::config::MySqlConfig;
use dbferry_mysql::wire::Connection;
use serde_json::json;

use crate::support::Bench;

/// A server, by the variable that holds its address.
fn server(name: &str) -> EndpointAddress {
    let variable = format!("DBFERRY_TEST_{name}");
    let Ok(url) = std::env::var(&variable) else {
        panic!("{variable} is not set; run: eval \"$(scripts/servers env)\"");
    };
    url.parse().unwrap()
}

/// An address with its password, as nobody should write it outside a test.
fn url(address: &EndpointAddress, database: &str, password: &str) -> String {
    let EndpointAddress {
        user, host, port, ..
    } = address;
    let (user, host, port) = (
        user.as_ref().unwrap(),
        host.as_ref().unwrap(),
        port.unwrap(),
    );
    format!("mysql://{user}:{password}@{host}:{port}/{database}")
}

fn whole_url(address: &EndpointAddress, database: &str) -> String {
    url(
        address,
        database,
        address.password.as_ref().unwrap().expose(),
    )
}

/// A database of its own on some servers, dropped at the end.
struct Database {
    name: String,
    servers: Vec<EndpointAddress>,
}

impl Database {
    fn on(servers: &[&EndpointAddress]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dbferry_cli_{}_{number}", std::process::id());
        let servers: Vec<_> = servers.iter().map(|server| (*server).clone()).collect();
        let database = Self { name, servers };
        database.drop_everywhere();
        database
    }

    fn drop_everywhere(&self) {
        for server in &self.servers {
            execute(server, &[&format!("DROP DATABASE IF EXISTS {}", self.name)]);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.drop_everywhere();
        }
    }
}

pub(crate) fn blocking<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

async fn connect(server: &EndpointAddress) -> Connection {
    let config = MySqlConfig::from_address(server).unwrap();
    let mut connection = Connection::connect(&config.connect).await.unwrap();
    connection.execute("SET NAMES utf8mb4").await.unwrap();
    connection
}

fn execute(server: &EndpointAddress, statements: &[&str]) {
    blocking(async {
        let mut connection = connect(server).await;
        for statement in statements {
            connection.execute(statement).await.unwrap();
        }
        connection.close().await;
    });
}

/// The first column of the first row.
fn ask(server: &EndpointAddress, sql: &str) -> String {
    blocking(async {
        let mut connection = connect(server).await;
        let rows = connection.query(sql).await.unwrap();
        rows.first().unwrap().text(0).unwrap().to_owned()
    })
}

/// Makes a small database on the source.
fn make(server: &EndpointAddress, database: &Database) {
    let name = &database.name;
    execute(
        server,
        &[
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
            &format!(
                "CREATE TABLE {name}.customers (
                    id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL)"
            ),
            &format!(
                "CREATE TABLE {name}.orders (
                    id INT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, note TEXT,
                    FOREIGN KEY (customer_id) REFERENCES customers (id))"
            ),
            &format!("INSERT INTO {name}.customers (name) VALUES ('Ann'), ('Bö 🚢')"),
            &format!(
                "INSERT INTO {name}.orders (customer_id, note) VALUES (1, NULL), (2, 'a\\tb')"
            ),
            &format!("CREATE VIEW {name}.names AS SELECT name FROM {name}.customers"),
        ],
    );
}

fn migrates_between(source: &str, target: &str) {
    let (source, target) = (server(source), server(target));
    let database = Database::on(&[&source, &target]);
    make(&source, &database);
    let bench = Bench::new();
    let password_file = bench.file("password", source.password.as_ref().unwrap().expose());
    let arguments = [
        "migrate",
        &url(&source, &database.name, "").replace(":@", "@"),
        &url(&target, "", "").replace(":@", "@"),
        "--source-password-file",
        &password_file,
        "--json",
    ];
    let mut command = bench.command(&arguments);
    command.env(
        "DBFERRY_TARGET_PASSWORD",
        target.password.as_ref().unwrap().expose(),
    );
    let outcome = crate::support::Outcome::of(command.spawn().unwrap());
    assert_eq!(
        outcome.code,
        Some(0),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    let report = outcome.events().pop().unwrap();
    assert_eq!(
        (&report["event"], &report["complete"]),
        (&json!("report"), &json!(true))
    );
    let names = format!(
        "SELECT GROUP_CONCAT(name ORDER BY name) FROM {}.names",
        database.name
    );
    assert_eq!(ask(&target, &names), "Ann,Bö 🚢");
    let keys = format!(
        "SELECT COUNT(*) FROM information_schema.referential_constraints
         WHERE constraint_schema = '{}'",
        database.name
    );
    assert_eq!(ask(&target, &keys), "1");
}

#[test]
fn a_database_moves_from_mariadb_to_mariadb() {
    migrates_between("MARIADB_A", "MARIADB_B");
}

#[test]
fn a_database_moves_from_mysql_to_mysql() {
    migrates_between("MYSQL_A", "MYSQL_B");
}

#[test]
fn a_database_moves_from_mariadb_to_mysql() {
    migrates_between("MARIADB_A", "MYSQL_A");
}

#[test]
fn a_database_moves_from_mysql_to_mariadb() {
    migrates_between("MYSQL_A", "MARIADB_A");
}

#[test]
fn a_file_moves_into_the_database_that_the_target_names() {
    let target = server("MARIADB_A");
    let database = Database::on(&[&target]);
    let bench = Bench::new();
    bench.make(
        "shop.db",
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
         INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bö 🚢');",
    );
    let target_url = whole_url(&target, &database.name);
    bench.succeed(&["migrate", &bench.sqlite("shop.db"), &target_url]);
    let names = format!(
        "SELECT GROUP_CONCAT(name ORDER BY id) FROM {}.customers",
        database.name
    );
    assert_eq!(ask(&target, &names), "Ann,Bö 🚢");
}

#[test]
fn servers_that_refuse_are_told_apart() {
    let source = server("MARIADB_A");
    let bench = Bench::new();
    let copy = bench.sqlite("copy.db");
    let migrate = |url: &str, code: &str| bench.fail(&["migrate", url, &copy], code, &["hint:"]);
    migrate(&url(&source, "", "wrong"), "DF1002");
    let elsewhere = EndpointAddress {
        host: Some("nowhere.invalid".into()),
        ..source.clone()
    };
    migrate(&whole_url(&elsewhere, ""), "DF1001");
    let closed = EndpointAddress {
        port: Some(1),
        ..source.clone()
    };
    migrate(&whole_url(&closed, ""), "DF1001");
    let other_ca = std::env::var("DBFERRY_TEST_OTHER_CA").unwrap();
    migrate(
        &format!("{}?ssl-ca={other_ca}", whole_url(&source, "")),
        "DF1003",
    );
    migrate(&whole_url(&source, "dbferry_no_such_database"), "DF3001");
}

#[test]
fn the_demo_works_between_mariadb_servers() {
    demo("mariadb", "MARIADB");
}

#[test]
fn the_demo_works_between_mysql_servers() {
    demo("mysql", "MYSQL");
}

fn demo(engine: &str, name: &str) {
    let (source, target) = (server(&format!("{name}_A")), server(&format!("{name}_B")));
    let bench = Bench::new();
    let dir = bench.path("demo").display().to_string();
    let database = format!("dbferry_demo_{}", std::process::id());
    let (source_url, target_url) = (whole_url(&source, ""), whole_url(&target, ""));
    let arguments = [
        "demo",
        "--engine",
        engine,
        "--dir",
        &dir,
        "--source",
        &source_url,
        "--target",
        &target_url,
        "--database",
        &database,
    ];
    let outcome = bench.succeed(&arguments);
    assert!(
        outcome
            .stdout
            .contains("Complete: 7 tables with 211,606 rows"),
        "{}",
        outcome.stdout
    );
    let totals =
        format!("SELECT CONCAT(COUNT(*), ' ', SUM(total)) FROM {database}.customer_totals");
    assert_eq!(ask(&target, &totals), ask(&source, &totals));
    for server in [&source, &target] {
        execute(server, &[&format!("DROP DATABASE {database}")]);
    }
}
