//! Results read batch by batch.

use dbferry_core::RowBatch;
use dbferry_mysql::wire::{BatchLimits, Discarded, FetchStatus};

use super::*;

const LIMITS: BatchLimits = BatchLimits {
    bytes: 100_000,
    rows: 777,
};

#[tokio::test]
async fn a_stream_returns_every_row_in_batches() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_stream").await;
        fill(&mut connection, 20_000, 150).await;
        connection
            .query_stream("SELECT a, IF(a % 7, b, NULL) AS c FROM t ORDER BY a")
            .await
            .unwrap();
        assert_eq!(connection.columns()[1].name, "c");
        let (mut batch, mut expected) = (RowBatch::new(2), 1);
        loop {
            batch.reset(2);
            let status = connection.fetch(&mut batch, LIMITS).await.unwrap();
            assert!(batch.rows() <= LIMITS.rows);
            for row in 0..batch.rows() {
                assert_eq!(batch.cell(row, 0), Some(expected.to_string().as_bytes()));
                let length = batch.cell(row, 1).map(<[u8]>::len);
                assert_eq!(length, (expected % 7 != 0).then_some(150));
                expected += 1;
            }
            if status == FetchStatus::Done {
                break;
            }
        }
        assert_eq!(expected, 20_001);
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_value_of_64_mib_arrives_with_one_copy_in_memory() {
    const BYTES: usize = 64 << 20;
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_large").await;
        connection
            .execute("CREATE TABLE t (a INT PRIMARY KEY, b LONGBLOB, c INT)")
            .await
            .unwrap();
        connection.execute("BEGIN").await.unwrap();
        connection
            .load_begin("LOAD DATA LOCAL INFILE 'x' INTO TABLE t")
            .await
            .unwrap();
        connection.load_write(b"1\t").await.unwrap();
        let piece = [b'a'; 100_000];
        let mut left = BYTES;
        while left > 0 {
            let length = left.min(piece.len());
            connection.load_write(&piece[..length]).await.unwrap();
            left -= length;
        }
        connection.load_write(b"\t7\n2\tb\t8\n").await.unwrap();
        assert!(connection.load_buffer().capacity() < 1 << 20);
        connection.load_finish().await.unwrap();
        connection.execute("COMMIT").await.unwrap();

        connection
            .query_stream("SELECT * FROM t ORDER BY a")
            .await
            .unwrap();
        let mut batch = RowBatch::new(3);
        let limits = BatchLimits {
            bytes: 1 << 20,
            rows: 1000,
        };
        assert_eq!(
            connection.fetch(&mut batch, limits).await.unwrap(),
            FetchStatus::More
        );
        assert_eq!(
            (batch.rows(), batch.cell(0, 1).map(<[u8]>::len)),
            (1, Some(BYTES))
        );
        assert_eq!(batch.cell(0, 2), Some(&b"7"[..]));
        assert!(batch.capacity() < BYTES + (1 << 20), "{}", batch.capacity());
        batch.reset(3);
        assert_eq!(
            connection.fetch(&mut batch, limits).await.unwrap(),
            FetchStatus::Done
        );
        assert_eq!(batch.cell(0, 1), Some(&b"b"[..]));
        connection
            .execute("DROP DATABASE wire_large")
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_error_among_the_rows_leaves_the_connection_usable() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_row_error").await;
        fill(&mut connection, 5000, 100).await;
        let sql = "SELECT a, b, IF(a < 4000, 1, (SELECT 1 UNION SELECT 2)) FROM t ORDER BY a";
        connection.query_stream(sql).await.unwrap();
        let mut batch = RowBatch::new(3);
        let error = loop {
            batch.reset(3);
            match connection.fetch(&mut batch, LIMITS).await {
                Ok(status) => assert_eq!(status, FetchStatus::More),
                Err(error) => break error,
            }
        };
        assert_eq!(error.server().unwrap().code, 1242);
        connection.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_short_rest_is_discarded_and_a_long_one_closes() {
    for server in BOTH {
        let mut connection = connect_to_fresh(server, "wire_discard").await;
        fill(&mut connection, 20_000, 1000).await;
        let mut batch = RowBatch::new(2);
        for (limit, expected) in [(1000, Discarded::Idle), (20_000, Discarded::Closed)] {
            connection
                .query_stream(&format!("SELECT * FROM t LIMIT {limit}"))
                .await
                .unwrap();
            batch.reset(2);
            let limits = BatchLimits { bytes: 1, rows: 1 };
            connection.fetch(&mut batch, limits).await.unwrap();
            assert!(matches!(connection.ping().await, Err(Error::Busy { .. })));
            assert_eq!(connection.discard_stream().await.unwrap(), expected);
            assert_eq!(connection.is_broken(), expected == Discarded::Closed);
        }
        assert!(matches!(connection.ping().await, Err(Error::Closed)));
    }
}

#[tokio::test]
async fn a_batch_for_another_number_of_columns_is_refused() {
    let mut connection = connect(MYSQL).await;
    connection.query_stream("SELECT 1, 2").await.unwrap();
    let error = connection
        .fetch(&mut RowBatch::new(3), LIMITS)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::ColumnsDiffer { .. }), "{error:?}");
    let mut batch = RowBatch::new(2);
    assert_eq!(
        connection.fetch(&mut batch, LIMITS).await.unwrap(),
        FetchStatus::Done
    );
    assert_eq!(batch.rows(), 1);
}
