//! Sessions on real servers, whatever the server's own settings are.

use dbferry_core::Code;
use dbferry_mysql::server::Flavour;
use dbferry_mysql::sessions::{Purpose, Sessions};

use crate::support::{MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B, config, config_as, sessions, value};

const ALL: [&str; 4] = [MARIADB_A, MARIADB_B, MYSQL_A, MYSQL_B];
const PURPOSES: [Purpose; 4] = [
    Purpose::Catalog,
    Purpose::Read,
    Purpose::Load,
    Purpose::Define,
];

#[tokio::test]
async fn a_session_is_the_same_on_every_server() {
    for server in ALL {
        for user in ["dbferry", "aurora"] {
            let sessions = Sessions::connect(config_as(server, user)).await.unwrap();
            for purpose in PURPOSES {
                let mut connection = sessions.open(purpose).await.unwrap();
                let state = value(
                    &mut connection,
                    "SELECT CONCAT_WS(' ', @@time_zone, @@character_set_client, \
                     @@character_set_results, @@autocommit = 1, \
                     @@sql_mode LIKE '%STRICT_ALL_TABLES%', @@sql_mode LIKE '%ANSI_QUOTES%')",
                )
                .await;
                let strict = i32::from(matches!(purpose, Purpose::Load | Purpose::Define));
                let expected = format!("+00:00 utf8mb4 utf8mb4 1 {strict} 0");
                assert_eq!(state, expected, "{server} {user} {purpose:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_loading_session_takes_what_the_source_may_hold() {
    for server in ALL {
        let mut connection = sessions(server).await.open(Purpose::Load).await.unwrap();
        connection
            .execute("CREATE DATABASE IF NOT EXISTS dbferry_t_sessions")
            .await
            .unwrap();
        connection
            .execute(
                "CREATE TEMPORARY TABLE dbferry_t_sessions.t \
                 (id INT AUTO_INCREMENT PRIMARY KEY, d DATE, e DATETIME)",
            )
            .await
            .unwrap();
        connection
            .execute(
                "INSERT INTO dbferry_t_sessions.t VALUES \
                 (0, '0000-00-00', '2024-00-10 00:00:00'), (5, '2023-02-30', NULL)",
            )
            .await
            .unwrap();
        let found = value(
            &mut connection,
            "SELECT GROUP_CONCAT(id, '=', d ORDER BY id) FROM dbferry_t_sessions.t",
        )
        .await;
        assert_eq!(found, "0=0000-00-00,5=2023-02-30", "{server}");
        let refused = connection
            .execute("INSERT INTO dbferry_t_sessions.t VALUES (7, 'junk', NULL)")
            .await
            .unwrap_err();
        assert_eq!(
            dbferry_core::Error::from(refused).code(),
            Code::ValueRefused
        );
        connection
            .execute("DROP DATABASE dbferry_t_sessions")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_server_is_identified() {
    let mut identities = std::collections::BTreeSet::new();
    for (name, flavour) in ALL.iter().zip([
        Flavour::MariaDb,
        Flavour::MariaDb,
        Flavour::MySql,
        Flavour::MySql,
    ]) {
        let sessions = sessions(name).await;
        let server = sessions.server();
        assert_eq!(server.flavour, flavour);
        assert_eq!(server.account, "dbferry@%");
        assert!(server.may_set_definer() && server.has_engine("InnoDB"));
        assert!(server.has_collation("utf8mb4_bin"));
        assert_eq!(server.charset_of("latin1_swedish_ci"), Some("latin1"));
        assert!(
            server
                .accounts
                .as_ref()
                .is_some_and(|all| all.contains("aurora@%"))
        );
        identities.insert(server.identity());
        let restricted = Sessions::connect(config_as(name, "aurora")).await.unwrap();
        assert!(!restricted.server().may_set_definer());
        assert_eq!(restricted.server().identity(), server.identity());
    }
    assert_eq!(
        identities.len(),
        ALL.len(),
        "the same identity means the same server"
    );
}

#[tokio::test]
async fn no_binary_log_is_written_when_that_was_asked_for() {
    for server in [MARIADB_A, MYSQL_A] {
        let mut wanted = config(server);
        wanted.skip_log_bin = true;
        let sessions = Sessions::connect(wanted).await.unwrap();
        let mut connection = sessions.open(Purpose::Load).await.unwrap();
        assert_eq!(value(&mut connection, "SELECT @@sql_log_bin").await, "0");

        let mut refused = config_as(server, "aurora");
        refused.skip_log_bin = true;
        let sessions = Sessions::connect(refused).await.unwrap();
        let error = sessions.open(Purpose::Load).await.unwrap_err();
        assert_eq!(error.code(), Code::PrivilegeMissing);
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("skip-log-bin"))
        );
    }
}

#[tokio::test]
async fn an_idle_connection_is_used_again_unless_the_server_ended_it() {
    let sessions = sessions(MARIADB_A).await;
    let id = async |sessions: &Sessions| {
        let mut connection = sessions.borrow(Purpose::Catalog).await.unwrap();
        value(&mut connection, "SELECT CONNECTION_ID()").await
    };
    let first = id(&sessions).await;
    assert_eq!(id(&sessions).await, first);
    let mut other = sessions.borrow(Purpose::Define).await.unwrap();
    other.execute(&format!("KILL {first}")).await.unwrap();
    assert_ne!(id(&sessions).await, first);
}
