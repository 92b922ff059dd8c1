//! What the target remembers.

use dbferry_core::{KeyCells, KeyRange, SegmentRecord, TableName, TaskId};
use dbferry_mysql::load::ledger::Ledger;
use dbferry_mysql::sessions::{Purpose, Sessions};

use super::TARGETS;
use crate::support::{config_as, sessions};
use crate::values::copy::run;

fn record(table: &str, segment: u32) -> SegmentRecord {
    SegmentRecord {
        table: TableName::new("sch`ema", table),
        segment,
        range: KeyRange {
            after: Some(KeyCells(vec![b"\0\xFF'\\".to_vec(), b"".to_vec()])),
            until: None,
        },
        partition: Some("p'0".into()),
        reached: Some(KeyCells(vec!["日".into(), b"2".to_vec()])),
        done: segment > 0,
        rows: u64::MAX,
        bytes: 1 << 40,
        version: 1,
    }
}

#[tokio::test]
async fn records_come_back_as_written() {
    for server in TARGETS {
        let sessions = sessions(server).await;
        let mut connection = sessions.open(Purpose::Define).await.unwrap();
        let ledger = Ledger::new("dbferry_l_ledger`1");
        let task = TaskId("task'1".into());
        ledger.ensure(&mut connection).await.unwrap();
        // Names that differ by case are different tables.
        let records = [
            record("Orders", 0),
            record("Orders", 1),
            record("orders", 0),
        ];
        for record in &records {
            ledger.write(&mut connection, &task, record).await.unwrap();
        }
        assert_eq!(
            ledger.read(&mut connection, &task).await.unwrap(),
            records,
            "{server}"
        );
        let mut next = records[2].clone();
        next.version = 2;
        next.partition = None;
        next.reached = None;
        ledger.write(&mut connection, &task, &next).await.unwrap();
        assert_eq!(
            ledger.read(&mut connection, &task).await.unwrap()[2],
            next,
            "{server}"
        );
        let table = TableName::new("sch`ema", "Orders");
        ledger
            .forget_segments(&mut connection, &task, &table)
            .await
            .unwrap();
        assert_eq!(
            ledger.read(&mut connection, &task).await.unwrap(),
            [next],
            "{server}"
        );
        run(&mut connection, "DROP DATABASE `dbferry_l_ledger``1`").await;
    }
}

#[tokio::test]
async fn the_place_goes_with_its_last_task() {
    for server in TARGETS {
        let sessions = sessions(server).await;
        let mut connection = sessions.open(Purpose::Define).await.unwrap();
        let ledger = Ledger::new("dbferry_l_ledger2");
        let (one, other) = (TaskId("1".into()), TaskId("2".into()));
        ledger.ensure(&mut connection).await.unwrap();
        for task in [&one, &other] {
            ledger
                .write(&mut connection, task, &record("t", 0))
                .await
                .unwrap();
        }
        ledger.forget_task(&mut connection, &one).await.unwrap();
        assert_eq!(
            ledger.read(&mut connection, &other).await.unwrap().len(),
            1,
            "{server}"
        );
        ledger.forget_task(&mut connection, &other).await.unwrap();
        let sql = "SELECT COUNT(*) FROM information_schema.schemata \
            WHERE schema_name = 'dbferry_l_ledger2'";
        assert_eq!(
            crate::support::value(&mut connection, sql).await,
            "0",
            "{server}"
        );
        // There is nothing left to forget, and that is no error.
        ledger.forget_task(&mut connection, &other).await.unwrap();
    }
}

/// A place that an administrator has made needs no right to create, and whatever else is in the
/// schema stays.
#[tokio::test]
async fn plain_rights_are_enough() {
    for server in TARGETS {
        let sessions = sessions(server).await;
        let mut admin = sessions.open(Purpose::Define).await.unwrap();
        let ledger = Ledger::new("dbferry_l_ledger3");
        ledger.ensure(&mut admin).await.unwrap();
        run(&mut admin, "CREATE TABLE dbferry_l_ledger3.mine (id INT)").await;
        let plain = Sessions::connect(config_as(server, "aurora"))
            .await
            .unwrap();
        let mut connection = plain.open(Purpose::Load).await.unwrap();
        let task = TaskId("3".into());
        ledger.ensure(&mut connection).await.unwrap();
        ledger
            .write(&mut connection, &task, &record("t", 0))
            .await
            .unwrap();
        ledger.forget_task(&mut connection, &task).await.unwrap();
        let sql = "SELECT GROUP_CONCAT(table_name) FROM information_schema.tables \
            WHERE table_schema = 'dbferry_l_ledger3'";
        assert_eq!(
            crate::support::value(&mut admin, sql).await,
            "mine",
            "{server}"
        );
        run(&mut admin, "DROP DATABASE dbferry_l_ledger3").await;
    }
}
