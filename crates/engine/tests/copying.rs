//! What a run without faults does.

use dbferry_core::Code;
use dbferry_engine::{Phase, TableStage};

use crate::world::{World, rows_of, table};

#[tokio::test]
async fn every_table_arrives_and_the_inventory_proves_it() {
    let world = World::with_tables();
    let report = world.run().await.unwrap();
    assert!(report.complete, "{report:?}");
    world.assert_equal();
    let large = report
        .tables
        .iter()
        .find(|report| report.target == table("large"))
        .unwrap();
    assert_eq!(
        (large.rows_loaded, large.rows_source, large.rows_target),
        (300, Some(300), Some(300))
    );
    let rows = 300 + 20 + 60 + 50;
    assert_eq!(
        world.target.rows_committed(),
        rows,
        "no row was loaded twice"
    );
    assert_eq!(
        world.target.ledger_len(),
        0,
        "a finished task leaves nothing behind"
    );
}

#[tokio::test]
async fn progress_ends_at_what_was_loaded() {
    let world = World::with_tables();
    world.run().await.unwrap();
    let progress = world.progress.snapshot();
    assert_eq!(progress.phase, Phase::Finished);
    assert_eq!((progress.rows, progress.rows_expected), (430, 430));
    assert!(
        progress
            .tables
            .iter()
            .all(|table| table.stage == TableStage::Completed)
    );
}

#[tokio::test]
async fn a_table_that_fails_is_suspended_while_the_others_arrive() {
    let world = World::with_tables();
    let mut twice = rows_of(10);
    twice.extend(rows_of(1));
    world.source.add_table(&table("broken"), true, twice);
    let report = world.run().await.unwrap();
    assert!(!report.complete);
    world.assert_equal();
    let broken = report
        .tables
        .iter()
        .find(|report| report.target == table("broken"))
        .unwrap();
    assert_eq!(broken.error.as_ref().unwrap().code, Code::DuplicateKey);
    assert_ne!(broken.stage, TableStage::Completed);
}

#[tokio::test]
async fn a_suspended_table_is_taken_up_again_when_its_fault_is_mended() {
    let mut world = World::with_tables();
    let mut twice = rows_of(10);
    twice.extend(rows_of(1));
    world.source.add_table(&table("broken"), true, twice);
    assert!(!world.run().await.unwrap().complete);
    world.source.add_table(&table("broken"), true, rows_of(10));
    world.resume();
    let report = world.run().await.unwrap();
    assert!(report.complete, "{report:?}");
    assert_eq!(
        world.target.rows(&table("broken")),
        world.source.rows(&table("broken"))
    );
}

#[tokio::test]
async fn rows_that_nobody_loaded_are_noticed() {
    let world = World::with_tables();
    world.run().await.unwrap();
    world.source.add_table(&table("small"), true, rows_of(21));
    let mut world = world;
    world.resume();
    let report = world.run().await.unwrap();
    assert!(!report.complete, "one row more on the source");
}
