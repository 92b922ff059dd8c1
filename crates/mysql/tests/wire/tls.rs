//! TLS: every mode, and what each refuses.

use super::*;

fn encrypted(server: &str, user: &str, mode: TlsMode) -> ConnectOptions {
    let mut options = options_as(server, user);
    options.tls.mode = mode;
    options.tls.ca = Some(variable("DBFERRY_TEST_CA").into());
    options
}

async fn connects_with_tls(options: &ConnectOptions) -> bool {
    let mut connection = Connection::connect(options).await.expect("a connection");
    connection.ping().await.expect("an answer");
    let set = connection
        .query("SHOW STATUS LIKE 'Ssl_cipher'")
        .await
        .unwrap();
    let cipher = set.require_first().unwrap().text(1).unwrap();
    assert_eq!(connection.server().tls.is_some(), !cipher.is_empty());
    !cipher.is_empty()
}

async fn refusal(options: &ConnectOptions) -> Code {
    code(Connection::connect(options).await.expect_err("a refusal"))
}

#[tokio::test]
async fn the_mode_decides_about_encryption() {
    for server in BOTH {
        assert!(!connects_with_tls(&encrypted(server, "dbferry", TlsMode::Disabled)).await);
        for mode in [
            TlsMode::Preferred,
            TlsMode::Required,
            TlsMode::VerifyCa,
            TlsMode::VerifyIdentity,
        ] {
            assert!(
                connects_with_tls(&encrypted(server, "tls", mode)).await,
                "{mode:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_account_that_requires_tls_refuses_plain_text() {
    for server in BOTH {
        let options = encrypted(server, "tls", TlsMode::Disabled);
        assert_eq!(refusal(&options).await, Code::AccessDenied);
    }
}

#[tokio::test]
async fn an_unrelated_authority_is_refused_where_the_chain_is_checked() {
    for server in BOTH {
        let check = async |mode| {
            let mut options = encrypted(server, "dbferry", mode);
            options.tls.ca = Some(variable("DBFERRY_TEST_OTHER_CA").into());
            Connection::connect(&options)
                .await
                .map(|_| ())
                .map_err(code)
        };
        assert_eq!(check(TlsMode::Required).await, Ok(()));
        assert_eq!(check(TlsMode::VerifyCa).await, Err(Code::TlsFailed));
        assert_eq!(check(TlsMode::VerifyIdentity).await, Err(Code::TlsFailed));
    }
}

#[tokio::test]
async fn the_authorities_of_the_system_do_not_vouch_for_the_test_servers() {
    for server in BOTH {
        let mut options = encrypted(server, "dbferry", TlsMode::VerifyCa);
        options.tls.ca = None;
        assert_eq!(refusal(&options).await, Code::TlsFailed);
    }
}

#[tokio::test]
async fn a_wrong_name_is_refused_where_the_name_is_checked() {
    for server in BOTH {
        let check = async |mode, name: &str| {
            let mut options = encrypted(server, "dbferry", mode);
            options.tls.server_name = Some(name.into());
            Connection::connect(&options)
                .await
                .map(|_| ())
                .map_err(code)
        };
        assert_eq!(check(TlsMode::VerifyCa, "elsewhere.example").await, Ok(()));
        assert_eq!(check(TlsMode::VerifyCa, "no name at all").await, Ok(()));
        assert_eq!(check(TlsMode::VerifyIdentity, "localhost").await, Ok(()));
        let refused = Err(Code::TlsFailed);
        assert_eq!(
            check(TlsMode::VerifyIdentity, "elsewhere.example").await,
            refused
        );
        assert_eq!(
            check(TlsMode::VerifyIdentity, "no name at all").await,
            refused
        );
    }
}

#[tokio::test]
async fn a_client_certificate_opens_an_account_that_requires_one() {
    for server in BOTH {
        let mut options = encrypted(server, "x509", TlsMode::VerifyIdentity);
        assert_eq!(refusal(&options).await, Code::AccessDenied);
        options.tls.client_identity = Some((
            variable("DBFERRY_TEST_CLIENT_CERT").into(),
            variable("DBFERRY_TEST_CLIENT_KEY").into(),
        ));
        assert!(connects_with_tls(&options).await);
    }
}

#[tokio::test]
async fn a_client_certificate_of_another_authority_is_refused() {
    for server in BOTH {
        let mut options = encrypted(server, "x509", TlsMode::Required);
        options.tls.client_identity = Some((
            variable("DBFERRY_TEST_OTHER_CLIENT_CERT").into(),
            variable("DBFERRY_TEST_OTHER_CLIENT_KEY").into(),
        ));
        let refused = refusal(&options).await;
        assert!(
            matches!(refused, Code::TlsFailed | Code::ConnectionLost),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_named() {
    let mut options = encrypted(MYSQL, "dbferry", TlsMode::VerifyCa);
    for path in [
        "/nonexistent/ca.pem".to_owned(),
        variable("DBFERRY_TEST_CLIENT_KEY"),
    ] {
        options.tls.ca = Some(path.clone().into());
        let error = Connection::connect(&options).await.unwrap_err();
        assert!(error.to_string().contains(&path), "{error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_when_tls_is_required() {
    let (mut options, _server) = speaking_server(GREETING_AND_OK).await;
    options.tls.mode = TlsMode::Required;
    let error = Connection::connect(&options).await.unwrap_err();
    assert!(matches!(error, Error::TlsNotOffered), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_accepted_when_tls_is_preferred() {
    let (mut options, _server) = speaking_server(GREETING_AND_OK).await;
    options.tls.mode = TlsMode::Preferred;
    assert!(
        Connection::connect(&options)
            .await
            .unwrap()
            .server()
            .tls
            .is_none()
    );
}

#[tokio::test]
async fn streams_and_loads_work_over_tls() {
    for server in BOTH {
        let mut connection =
            Connection::connect(&encrypted(server, "dbferry", TlsMode::VerifyIdentity))
                .await
                .unwrap();
        recreate(&mut connection, "wire_tls").await;
        fill(&mut connection, 5000, 1000).await;
        let set = connection.query("SELECT * FROM t").await.unwrap();
        assert_eq!(
            (set.len(), set.batch().cell(4999, 1).map(<[u8]>::len)),
            (5000, Some(1000))
        );
    }
}
