//! Chunks: partitions, filters, batches, tables that changed.

use std::sync::Arc;

use dbferry_core::filter::{Comparison, Filter, FilterTerm};
use dbferry_core::{CellForm, Chunk, Code, Fetched, RowBatch, TableReader as _};

use super::{Fixture, SOURCES, numbers, rows_of};

#[tokio::test]
async fn a_partition_is_read_alone() {
    let create = "CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY RANGE (id) \
        (PARTITION `p,0` VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)";
    for server in SOURCES {
        let inserts = ["INSERT INTO t VALUES (1), (5), (10), (11)"];
        let fixture = Fixture::new(server, "partition", &[create, inserts[0]]).await;
        let read = Arc::new(fixture.read(CellForm::Native).await);
        let mut reader = fixture.reader().await;
        for (partition, expected) in [("p,0", ["1", "5"]), ("p1", ["10", "11"])] {
            let chunk = Chunk {
                partition: Some(partition.into()),
                ..Chunk::default()
            };
            assert_eq!(
                rows_of(&mut reader, &read, &chunk).await.unwrap(),
                expected,
                "{server}"
            );
        }
        let chunk = Chunk {
            partition: Some("gone".into()),
            ..Chunk::default()
        };
        let error = rows_of(&mut reader, &read, &chunk).await.unwrap_err();
        assert_eq!(error.code(), Code::DefinitionChanged, "{server}");
        fixture.drop().await;
    }
}

#[tokio::test]
async fn filters_choose_rows() {
    let statements = [
        "CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, s VARCHAR(20) CHARACTER SET latin1, \
         d DATE, e ENUM('x','y'))",
        "INSERT INTO t VALUES (1, 'ä''\\\\', '2024-01-01', 'x'), (2, NULL, '2024-02-01', 'y'), \
         (18446744073709551615, 'a', '2024-03-01', NULL), \
         (18446744073709551614, 'b', NULL, 'y')",
    ];
    let all = |column: &str, any: Vec<Comparison>| FilterTerm {
        column: column.into(),
        any,
    };
    let most = "18446744073709551615";
    let cases = [
        (
            vec![all("id", vec![Comparison::Equal(most.into())])],
            vec![most],
        ),
        (
            vec![all("s", vec![Comparison::Equal("Ä'\\".into())])],
            vec!["1"],
        ),
        (vec![all("s", vec![Comparison::IsNull])], vec!["2"]),
        (
            vec![all("d", vec![Comparison::AtLeast("2024-02-01".into())])],
            vec!["2", most],
        ),
        (
            vec![all(
                "d",
                vec![Comparison::Between(
                    "2024-01-15".into(),
                    "2024-02-15".into(),
                )],
            )],
            vec!["2"],
        ),
        (
            vec![
                all(
                    "e",
                    vec![Comparison::Equal("y".into()), Comparison::Equal("x".into())],
                ),
                all("id", vec![Comparison::NotBetween("2".into(), "3".into())]),
            ],
            vec!["1", "18446744073709551614"],
        ),
    ];
    for server in SOURCES {
        let fixture = Fixture::new(server, "filter", &statements).await;
        let mut reader = fixture.reader().await;
        for (terms, expected) in &cases {
            let mut read = fixture.read(CellForm::Native).await;
            read.columns.truncate(1);
            read.filter = Some(Filter {
                terms: terms.clone(),
            });
            let found = rows_of(&mut reader, &Arc::new(read), &Chunk::default())
                .await
                .unwrap();
            assert_eq!(found, *expected, "{server} {terms:?}");
        }
        fixture.drop().await;
    }
}

#[tokio::test]
async fn batches_end_at_about_the_bytes_asked_for() {
    for server in SOURCES {
        for form in [CellForm::Native, CellForm::Canonical] {
            let fill = format!(
                "INSERT INTO t SELECT n, 1.5, REPEAT('x', 100) FROM {}",
                numbers(999)
            );
            let create = "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, s VARCHAR(100))";
            let fixture = Fixture::new(server, "batches", &[create, &fill]).await;
            let read = Arc::new(fixture.read(form).await);
            let mut reader = fixture.reader().await;
            reader.open(&read, &Chunk::default()).await.unwrap();
            let (mut rows, mut batch) = (0, RowBatch::new(3));
            loop {
                batch.reset(3);
                let fetched = reader.fetch(&mut batch, 5_000).await.unwrap();
                assert!(batch.byte_len() < 5_200, "{server} {form:?}");
                rows += batch.rows();
                if fetched == Fetched::End {
                    break;
                }
            }
            assert_eq!(rows, 1000, "{server} {form:?}");
            fixture.drop().await;
        }
    }
}

#[tokio::test]
async fn a_chunk_can_be_abandoned() {
    for server in SOURCES {
        let fill = format!(
            "INSERT INTO t SELECT n, REPEAT('x', 1000) FROM {}",
            numbers(19_999)
        );
        let create = "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(1000))";
        let fixture = Fixture::new(server, "abandoned", &[create, &fill]).await;
        let read = Arc::new(fixture.read(CellForm::Native).await);
        let mut reader = fixture.reader().await;
        // The first leaves little behind, the second 20 MB, for which a new connection is
        // cheaper.
        for rows in [10, 20_000] {
            let chunk = Chunk {
                rows_max: Some(rows),
                ..Chunk::default()
            };
            reader.open(&read, &chunk).await.unwrap();
            reader.fetch(&mut RowBatch::new(2), 1).await.unwrap();
        }
        let chunk = Chunk {
            rows_max: Some(3),
            ..Chunk::default()
        };
        let rows = rows_of(&mut reader, &read, &chunk).await.unwrap();
        assert_eq!(rows.len(), 3, "{server}");
        // As they are stored, still: another connection has the same settings.
        assert!(rows[2].starts_with("2 xxx"), "{server}");
        fixture.drop().await;
    }
}

#[tokio::test]
async fn a_table_that_changed_is_named() {
    for (change, code) in [
        ("ALTER TABLE t DROP COLUMN a", Code::DefinitionChanged),
        ("ALTER TABLE t DROP PRIMARY KEY", Code::DefinitionChanged),
        ("DROP TABLE t", Code::ObjectMissing),
    ] {
        for server in SOURCES {
            let create = "CREATE TABLE t (id INT PRIMARY KEY, a INT)";
            let mut fixture = Fixture::new(server, "changed", &[create]).await;
            let read = Arc::new(fixture.read(CellForm::Native).await);
            let mut reader = fixture.reader().await;
            crate::values::copy::run(&mut fixture.connection, change).await;
            let error = rows_of(&mut reader, &read, &Chunk::default())
                .await
                .unwrap_err();
            assert_eq!(error.code(), code, "{server} {change}");
            assert_eq!(error.object(), Some("dbferry_s_changed.t"), "{server}");
            fixture.drop().await;
        }
    }
}
