//! Queries, statements, small commands and raw packets.

use super::*;

#[tokio::test]
async fn a_query_returns_typed_cells() {
    for server in BOTH {
        let mut connection = connect(server).await;
        let set = connection
            .query(
                "SELECT 1 AS one, NULL AS nothing, 'ä€😀' AS text, -7 AS negative, X'FF' AS bytes",
            )
            .await
            .unwrap();
        let row = set.require_first().unwrap();
        assert_eq!(row.u64("ONE").unwrap(), 1);
        assert_eq!(row.opt_text("nothing").unwrap(), None);
        assert_eq!(row.text(2).unwrap(), "ä€😀");
        assert_eq!(row.i64("negative").unwrap(), -7);
        assert_eq!(row.bytes("bytes").unwrap(), [0xFF]);
        assert!(matches!(
            row.text("bytes"),
            Err(Error::Value {
                found: "not valid UTF-8",
                ..
            })
        ));
        for column in ["nothing", "negative", "absent"] {
            assert!(
                matches!(row.u64(column), Err(Error::Value { .. })),
                "{column}"
            );
        }
        connection.close().await;
    }
}

#[tokio::test]
async fn an_update_counts_matched_rows() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_matched").await;
        connection
            .execute("CREATE TABLE t (a INT AUTO_INCREMENT PRIMARY KEY, b INT)")
            .await
            .unwrap();
        let outcome = connection
            .execute("INSERT INTO t (b) VALUES (1), (2)")
            .await
            .unwrap();
        assert_eq!((outcome.affected_rows, outcome.last_insert_id), (2, 1));
        let outcome = connection.execute("UPDATE t SET b = 1").await.unwrap();
        assert_eq!(outcome.affected_rows, 2);
        assert_eq!(outcome.info, "Rows matched: 2  Changed: 1  Warnings: 0");
    }
}

#[tokio::test]
async fn an_error_of_the_server_leaves_the_connection_usable() {
    for server in BOTH {
        let mut connection = connect(server).await;
        let error = connection
            .query("SELECT * FROM mysql.wire_no_such")
            .await
            .unwrap_err();
        assert_eq!(code(error), Code::ObjectMissing);
        let error = connection.execute("SELEC 1").await.unwrap_err();
        assert_eq!(
            error.server().map(|error| error.sql_state.as_str()),
            Some("42000")
        );
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn one_call_is_one_statement() {
    for server in BOTH {
        let error = connect(server)
            .await
            .execute("SELECT 1; SELECT 2")
            .await
            .unwrap_err();
        assert_eq!(error.server().unwrap().code, 1064);
    }
}

#[tokio::test]
async fn a_procedure_gives_its_first_result() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_call").await;
        connection
            .execute("CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END")
            .await
            .unwrap();
        let set = connection.query("CALL p()").await.unwrap();
        assert_eq!((set.len(), set.columns()[0].name.as_str()), (1, "a"));
        connection.query_stream("CALL p()").await.unwrap();
        connection.discard_stream().await.unwrap();
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn payloads_of_several_packets_go_both_ways() {
    for server in BOTH {
        let mut connection = connect(server).await;
        for bytes in [(1 << 24) - 20, (1 << 24) - 1, 40_000_000] {
            let sql = format!("SELECT 'a', '{}', 'b'", "x".repeat(bytes));
            let set = connection.query(&sql).await.unwrap();
            let row = set.require_first().unwrap();
            assert_eq!((row.text(0).unwrap(), row.text(2).unwrap()), ("a", "b"));
            assert!(row.bytes(1).unwrap().iter().all(|&byte| byte == b'x'));
            assert_eq!(row.bytes(1).unwrap().len(), bytes);
        }
    }
}

#[tokio::test]
async fn reset_returns_the_session_to_its_start() {
    for server in BOTH {
        let mut connection = connect(server).await;
        connection
            .execute("SET @a = 1, NAMES latin1")
            .await
            .unwrap();
        connection.reset().await.unwrap();
        let set = connection
            .query("SELECT @a AS a, @@character_set_client AS c")
            .await
            .unwrap();
        let row = set.require_first().unwrap();
        assert_eq!(
            (row.opt_text("a").unwrap(), row.text("c").unwrap()),
            (None, "utf8mb4")
        );
    }
}

#[tokio::test]
async fn raw_packets_are_read_until_the_caller_says_so() {
    const COM_QUERY: u8 = 3;
    const COM_STATISTICS: u8 = 9;
    for server in BOTH {
        let mut connection = connect(server).await;
        connection.send_command(COM_STATISTICS, &[]).await.unwrap();
        let text = connection.read_packet().await.unwrap();
        assert!(text.starts_with(b"Uptime"), "{text:?}");
        assert!(matches!(connection.ping().await, Err(Error::Busy { .. })));
        connection.end_raw().unwrap();
        connection.ping().await.unwrap();

        connection
            .send_command(COM_QUERY, b"SELECT REPEAT('x', 20000000)")
            .await
            .unwrap();
        let mut lengths = Vec::new();
        for _ in 0..4 {
            lengths.push(connection.read_packet().await.unwrap().len());
        }
        assert_eq!((lengths[0], lengths[2]), (1, 20_000_009));
        connection.end_raw().unwrap();
        connection.ping().await.unwrap();
    }
}
