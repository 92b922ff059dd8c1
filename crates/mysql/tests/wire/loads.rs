//! Loading rows from memory.

use super::*;

const LOAD: &str = "LOAD DATA LOCAL INFILE 'rows' INTO TABLE t CHARACTER SET utf8mb4";

async fn count(connection: &mut Connection) -> u64 {
    let set = connection.query("SELECT COUNT(*) FROM t").await.unwrap();
    set.require_first().unwrap().u64(0).unwrap()
}

#[tokio::test]
async fn a_load_stores_what_was_written() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
            .await
            .unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.load_begin(LOAD).await.unwrap();
        for row in 0..10_000 {
            let buffer = connection.load_buffer();
            buffer.extend_from_slice(format!("{row}\t{}\n", "y".repeat(100)).as_bytes());
            if connection.load_buffer_is_full() {
                connection.load_flush().await.unwrap();
            }
        }
        connection.load_write(b"10000\tlast\n").await.unwrap();
        let outcome = connection.load_finish().await.unwrap();
        assert_eq!((outcome.affected_rows, outcome.warnings), (10_001, 0));
        assert!(
            outcome.info.starts_with("Records: 10001"),
            "{}",
            outcome.info
        );
        connection.execute("COMMIT").await.unwrap();
        assert_eq!(count(&mut connection).await, 10_001);
    }
}

#[tokio::test]
async fn a_buffer_that_grew_too_long_is_sent_in_several_packets() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load_long").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
            .await
            .unwrap();
        connection.load_begin(LOAD).await.unwrap();
        for row in 0..40_000 {
            let text = format!("{row}\t{}\n", "z".repeat(100));
            connection.load_buffer().extend_from_slice(text.as_bytes());
        }
        let outcome = connection.load_finish().await.unwrap();
        assert_eq!((outcome.affected_rows, outcome.warnings), (40_000, 0));
        let set = connection
            .query("SELECT SUM(a), SUM(LENGTH(b)) FROM t")
            .await
            .unwrap();
        let row = set.require_first().unwrap();
        assert_eq!(
            (row.u64(0).unwrap(), row.u64(1).unwrap()),
            (799_980_000, 4_000_000)
        );
    }
}

#[tokio::test]
async fn an_empty_load_stores_nothing() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load_empty").await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        connection.load_begin(LOAD).await.unwrap();
        assert_eq!(connection.load_finish().await.unwrap().affected_rows, 0);
    }
}

#[tokio::test]
async fn a_failed_load_leaves_the_connection_usable() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load_fails").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
            .await
            .unwrap();
        connection
            .execute(
                "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW \
                 IF NEW.a = 2500 THEN SIGNAL SQLSTATE '45000'; END IF",
            )
            .await
            .unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.load_begin(LOAD).await.unwrap();
        for row in 0..5000 {
            let text = format!("{row}\t{}\n", "w".repeat(1000));
            connection.load_write(text.as_bytes()).await.unwrap();
        }
        let error = connection.load_finish().await.unwrap_err();
        assert_eq!(error.server().map(|error| error.code), Some(1644));
        connection.execute("ROLLBACK").await.unwrap();
        assert_eq!(count(&mut connection).await, 0);
    }
}

/// Today's behaviour of both servers, which obliges every caller to look at the warnings.
#[tokio::test]
async fn a_duplicate_key_in_a_load_is_only_a_warning() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load_duplicate").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY)")
            .await
            .unwrap();
        connection.load_begin(LOAD).await.unwrap();
        connection.load_write(b"1\n2\n1\n").await.unwrap();
        let outcome = connection.load_finish().await.unwrap();
        assert_eq!((outcome.affected_rows, outcome.warnings), (2, 1));
    }
}

#[tokio::test]
async fn an_aborted_load_in_a_transaction_leaves_nothing() {
    for server in BOTH {
        let mut observer = connect_to_fresh(server, "wire_load_abort").await;
        observer
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b TEXT)")
            .await
            .unwrap();
        let mut connection = connect(server).await;
        connection.select_database("wire_load_abort").await.unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection.load_begin(LOAD).await.unwrap();
        for row in 0..3000 {
            connection
                .load_write(format!("{row}\t{}\n", "v".repeat(500)).as_bytes())
                .await
                .unwrap();
        }
        let id = connection.server().connection_id;
        connection.load_abort();
        assert!(connection.is_broken());
        assert!(matches!(connection.ping().await, Err(Error::Closed)));
        let sql = format!("SELECT COUNT(*) FROM information_schema.processlist WHERE id = {id}");
        while observer
            .query(&sql)
            .await
            .unwrap()
            .require_first()
            .unwrap()
            .u64(0)
            .unwrap()
            > 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(count(&mut observer).await, 0);
    }
}

#[tokio::test]
async fn a_request_for_a_file_outside_of_a_load_is_refused() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_load_refused").await;
        connection.execute("CREATE TABLE t (a TEXT)").await.unwrap();
        let sql = "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t";
        let error = connection.execute(sql).await.unwrap_err();
        assert!(matches!(error, Error::LocalInfileRefused), "{error:?}");
        assert!(connection.is_broken());
        assert_eq!(
            count(&mut connect_in(server, "wire_load_refused").await).await,
            0
        );
    }
}

async fn connect_in(server: &str, database: &str) -> Connection {
    let options = ConnectOptions {
        database: Some(database.into()),
        ..options(server)
    };
    Connection::connect(&options).await.unwrap()
}

#[tokio::test]
async fn a_server_that_allows_no_loads_says_so() {
    for kind in ["mariadb", "mysql"] {
        let server = FreshServer::start(
            kind,
            &format!("wire-noload-{kind}"),
            &["--local-infile=OFF"],
        );
        let mut connection = Connection::connect(&server.options).await.unwrap();
        recreate(&mut connection, "wire_no_load").await;
        connection.execute("CREATE TABLE t (a INT)").await.unwrap();
        let error = connection.load_begin(LOAD).await.unwrap_err();
        assert_eq!(code(error), Code::NotAvailable);
        connection.ping().await.unwrap();
    }
}
