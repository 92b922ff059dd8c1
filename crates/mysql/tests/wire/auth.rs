//! Accounts and authentication plugins.

use super::*;

/// The name of the user that the session has.
async fn user_after_connecting(options: &ConnectOptions) -> String {
    let mut connection = Connection::connect(options).await.expect("a connection");
    let set = connection
        .query("SELECT SUBSTRING_INDEX(USER(), '@', 1)")
        .await
        .unwrap();
    set.require_first().unwrap().text(0).unwrap().to_owned()
}

/// Creates a user of one test's own; its password is not in any cache of the server.
async fn create_user(server: &str, user: &str, identified: &str) -> ConnectOptions {
    let mut connection = connect(server).await;
    connection
        .execute(&format!("DROP USER IF EXISTS {user}"))
        .await
        .unwrap();
    connection
        .execute(&format!("CREATE USER {user} IDENTIFIED {identified}"))
        .await
        .unwrap();
    options_as(server, user)
}

#[tokio::test]
async fn native_password_connects() {
    assert_eq!(
        user_after_connecting(&options_as(MARIADB, "native")).await,
        "native"
    );
}

#[tokio::test]
async fn ed25519_connects() {
    assert_eq!(
        user_after_connecting(&options_as(MARIADB, "ed25519")).await,
        "ed25519"
    );
}

#[tokio::test]
async fn caching_sha2_connects_with_and_without_the_cache() {
    for (user, mode) in [
        ("wire_sha2_rsa", TlsMode::Disabled),
        ("wire_sha2_tls", TlsMode::Required),
    ] {
        let by = format!("WITH caching_sha2_password BY '{user}'");
        let mut options = create_user(MYSQL, user, &by).await;
        options.tls.mode = mode;
        assert_eq!(
            user_after_connecting(&options).await,
            user,
            "full authentication"
        );
        assert_eq!(
            user_after_connecting(&options).await,
            user,
            "from the cache"
        );
    }
}

#[tokio::test]
async fn caching_sha2_connects_over_a_socket() {
    let user = "wire_sha2_socket";
    let by = format!("WITH caching_sha2_password BY '{user}'");
    let mut options = create_user(MYSQL, user, &by).await;
    options.socket = Some(variable("DBFERRY_TEST_MYSQL_A_SOCKET").into());
    options.tls.mode = TlsMode::VerifyIdentity;
    assert_eq!(user_after_connecting(&options).await, user);
}

#[tokio::test]
async fn sha256_password_connects_in_plain_text_and_over_tls() {
    for (user, mode) in [
        ("wire_256_rsa", TlsMode::Disabled),
        ("wire_256_tls", TlsMode::Required),
    ] {
        let mut options =
            create_user(MYSQL, user, &format!("WITH sha256_password BY '{user}'")).await;
        options.tls.mode = mode;
        assert_eq!(user_after_connecting(&options).await, user);
    }
}

#[tokio::test]
async fn an_empty_password_connects() {
    for server in BOTH {
        let mut options = create_user(server, "wire_empty", "BY ''").await;
        options.password = Secret::default();
        assert_eq!(user_after_connecting(&options).await, "wire_empty");
    }
}

#[tokio::test]
async fn a_long_password_connects() {
    let password = "ä€".repeat(30);
    for server in BOTH {
        let mut options = create_user(server, "wire_long", &format!("BY '{password}'")).await;
        options.password = Secret::new(&password);
        assert_eq!(user_after_connecting(&options).await, "wire_long");
    }
}

#[tokio::test]
async fn a_wrong_password_is_access_denied() {
    for server in BOTH {
        let mut options = options(server);
        options.password = Secret::new("not this");
        let error = Connection::connect(&options).await.unwrap_err();
        assert_eq!(error.server().map(|error| error.code), Some(1045));
        let error = dbferry_core::Error::from(error);
        assert_eq!(
            (error.code(), error.is_transient()),
            (Code::AccessDenied, false)
        );
        assert!(error.hint().is_some());
        assert!(!format!("{error:?}").contains("not this"));
    }
}

#[tokio::test]
async fn an_unknown_database_is_an_object_missing() {
    for server in BOTH {
        let mut options = options(server);
        options.database = Some("wire_no_such".into());
        let error = Connection::connect(&options).await.unwrap_err();
        assert_eq!(code(error), Code::ObjectMissing);
    }
}

#[tokio::test]
async fn a_missing_privilege_is_named() {
    for server in BOTH {
        let mut connection = Connection::connect(&options_as(server, "readonly"))
            .await
            .unwrap();
        let error = connection
            .execute("CREATE TABLE mysql.wire_t (a INT)")
            .await
            .unwrap_err();
        let error = dbferry_core::Error::from(error);
        assert_eq!(error.code(), Code::PrivilegeMissing);
        assert_eq!(error.hint(), Some("grant CREATE to the account"));
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn attributes_are_shown_by_the_server() {
    let mut connection = connect(MYSQL).await;
    let set = connection
        .query(
            "SELECT attr_value FROM performance_schema.session_connect_attrs \
             WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'",
        )
        .await
        .unwrap();
    assert_eq!(
        set.require_first().unwrap().text("attr_value").unwrap(),
        "dbferry"
    );
}
