//! Time limits, lost connections, cancelled calls, and servers that misbehave.

use std::time::Duration;

use dbferry_core::RowBatch;
use dbferry_mysql::wire::{BatchLimits, FetchStatus, Step};

use super::*;

const SHORT: Duration = Duration::from_millis(200);

async fn next_error(connection: &mut Connection) -> Error {
    let mut batch = RowBatch::new(connection.columns().len());
    loop {
        batch.reset(batch.columns());
        let limits = BatchLimits {
            bytes: 1 << 16,
            rows: 1000,
        };
        match connection.fetch(&mut batch, limits).await {
            Ok(status) => assert_eq!(status, FetchStatus::More, "the rows ended in peace"),
            Err(error) => return error,
        }
    }
}

#[tokio::test]
async fn a_silent_listener_is_a_connect_timeout() {
    let (mut options, _server) = speaking_server(b"").await;
    options.connect_timeout = SHORT;
    let error = Connection::connect(&options).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                step: Step::Connect,
                ..
            }
        ),
        "{error:?}"
    );
    let error = dbferry_core::Error::from(error);
    assert_eq!((error.code(), error.is_transient()), (Code::TimedOut, true));
}

#[tokio::test]
async fn a_closed_port_is_a_failed_connect() {
    let (options, server) = speaking_server(b"").await;
    server.abort();
    let _ = server.await;
    let error = dbferry_core::Error::from(Connection::connect(&options).await.unwrap_err());
    assert_eq!(
        (error.code(), error.is_transient()),
        (Code::ConnectFailed, true)
    );
}

#[tokio::test]
async fn a_slow_answer_is_a_read_timeout() {
    for server in BOTH {
        let mut options = options(server);
        options.read_timeout = Some(SHORT);
        let mut connection = Connection::connect(&options).await.unwrap();
        let error = connection.query("SELECT SLEEP(3)").await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Timeout {
                    step: Step::Read,
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(connection.is_broken());
        assert!(matches!(connection.ping().await, Err(Error::Closed)));
    }
}

#[tokio::test]
async fn a_server_that_does_not_read_is_a_write_timeout() {
    let (mut options, _server) = speaking_server(GREETING_AND_OK).await;
    options.write_timeout = Some(SHORT);
    let mut connection = Connection::connect(&options).await.unwrap();
    let error = connection.query(&" ".repeat(40_000_000)).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Timeout {
                step: Step::Write,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(connection.is_broken());
}

#[tokio::test]
async fn a_cancelled_call_breaks_the_connection() {
    for server in BOTH {
        let mut connection = connect(server).await;
        let cancelled = tokio::time::timeout(SHORT, connection.query("SELECT SLEEP(3)")).await;
        assert!(cancelled.is_err());
        assert!(connection.is_broken());
        assert!(matches!(
            connection.query("SELECT 1").await,
            Err(Error::Closed)
        ));
    }
}

#[tokio::test]
async fn a_connection_killed_mid_stream_is_lost() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_killed").await;
        fill(&mut connection, 50_000, 1000).await;
        connection.query_stream("SELECT * FROM t").await.unwrap();
        let id = connection.server().connection_id;
        connect(server)
            .await
            .execute(&format!("KILL {id}"))
            .await
            .unwrap();
        let error = dbferry_core::Error::from(next_error(&mut connection).await);
        let transient = error.is_transient();
        assert!(
            matches!(error.code(), Code::ConnectionLost | Code::TimedOut) && transient,
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_connection_killed_between_calls_is_lost() {
    for server in BOTH {
        let mut connection = connect(server).await;
        let id = connection.server().connection_id;
        connect(server)
            .await
            .execute(&format!("KILL {id}"))
            .await
            .unwrap();
        let error = loop {
            match connection.ping().await {
                Ok(()) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => break error,
            }
        };
        assert_eq!(code(error), Code::ConnectionLost);
    }
}

#[tokio::test]
async fn a_server_killed_mid_stream_is_a_lost_connection() {
    for kind in ["mariadb", "mysql"] {
        let server = FreshServer::start(kind, &format!("wire-kill-{kind}"), &[]);
        let mut connection = Connection::connect(&server.options).await.unwrap();
        recreate(&mut connection, "wire_server_killed").await;
        fill(&mut connection, 20_000, 1000).await;
        connection.query_stream("SELECT * FROM t").await.unwrap();
        server.kill();
        let error = next_error(&mut connection).await;
        assert!(connection.is_broken());
        let error = dbferry_core::Error::from(error);
        assert_eq!(
            (error.code(), error.is_transient()),
            (Code::ConnectionLost, true)
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_greeting_are_a_protocol_violation() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\x01\x00\x00\x00\x09",
        b"\x05\x00\x00\x00\x0a5.7\x00",
        b"\x00\x00\x00\x00",
        b"\x01\x00\x00\x07\x0a",
    ] {
        let (mut options, server) = speaking_server(bytes).await;
        options.connect_timeout = Duration::from_secs(2);
        let stream = tokio::spawn(async move { server.await.unwrap().shutdown().await });
        let refused = code(Connection::connect(&options).await.unwrap_err());
        stream.await.unwrap().unwrap();
        assert!(
            matches!(refused, Code::ProtocolViolation | Code::ConnectionLost),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_full_says_so() {
    let (options, _server) =
        speaking_server(b"\x17\x00\x00\x00\xff\x10\x04Too many connections").await;
    let error = dbferry_core::Error::from(Connection::connect(&options).await.unwrap_err());
    assert_eq!(
        (error.code(), error.is_transient()),
        (Code::TooManyConnections, true)
    );
}

#[tokio::test]
async fn a_statement_too_large_for_the_server_is_named_so() {
    for kind in ["mariadb", "mysql"] {
        let extra = ["--max-allowed-packet=1M"];
        let server = FreshServer::start(kind, &format!("wire-packet-{kind}"), &extra);
        for bytes in [2 << 20, 40 << 20] {
            let mut connection = Connection::connect(&server.options).await.unwrap();
            let sql = format!("SELECT LENGTH('{}')", "x".repeat(bytes));
            let error = connection.query(&sql).await.unwrap_err();
            assert!(connection.is_broken());
            let error = dbferry_core::Error::from(error);
            assert_eq!(
                (error.code(), error.is_transient()),
                (Code::PacketTooLarge, false),
                "{error}"
            );
        }
    }
}
