//! What happens to tables that exist on the target.

use dbferry_core::Code;
use dbferry_mapping::TablePreparation;

use crate::world::{World, rows_of, table};

fn world_with_rows_on_the_target(preparation: TablePreparation) -> World {
    let mut world = World::new();
    world.source.add_table(&table("small"), true, rows_of(20));
    let foreign = vec![vec![Some(b"zzz".to_vec()), None]];
    world.target.add_table(&table("small"), true, foreign);
    world.spec.settings.table_preparation = preparation;
    world
}

#[tokio::test]
async fn a_target_with_rows_is_refused_untouched() {
    let world = world_with_rows_on_the_target(TablePreparation::RefuseNonEmpty);
    let error = world.run().await.unwrap_err();
    assert_eq!(error.code(), Code::TargetNotEmpty);
    assert!(error.hint().unwrap().contains("--table-preparation"));
    assert_eq!(world.target.rows(&table("small")).unwrap().len(), 1);
}

#[tokio::test]
async fn rows_are_kept_when_nothing_is_to_be_done() {
    let world = world_with_rows_on_the_target(TablePreparation::DoNothing);
    let report = world.run().await.unwrap();
    assert_eq!(world.target.rows(&table("small")).unwrap().len(), 21);
    assert!(
        !report.complete,
        "the counts differ, and the report says so"
    );
}

#[tokio::test]
async fn rows_go_when_the_table_is_emptied_or_made_anew() {
    for preparation in [TablePreparation::Truncate, TablePreparation::DropAndCreate] {
        let world = world_with_rows_on_the_target(preparation);
        assert!(world.run().await.unwrap().complete);
        assert_eq!(
            world.target.rows(&table("small")),
            world.source.rows(&table("small"))
        );
    }
}

#[tokio::test]
async fn a_task_does_not_write_a_table_into_itself() {
    let mut world = World::with_tables();
    world.target = world.source.clone();
    let error = world.run().await.unwrap_err();
    assert_eq!(error.code(), Code::SameObject);
    assert_eq!(world.source.rows(&table("large")).unwrap().len(), 300);
}

#[tokio::test]
async fn a_resumed_task_refuses_rows_in_a_table_that_it_has_not_begun() {
    let mut world = World::with_tables();
    world.spec.settings.load_workers = Some(1);
    let (stopper, target) = (world.cancel.clone(), world.target.clone());
    let watch = async move {
        while target.rows_committed() < 100 {
            tokio::task::yield_now().await;
        }
        stopper.cancel();
    };
    let (stopped, ()) = tokio::join!(world.run(), watch);
    assert_eq!(stopped.unwrap_err().code(), Code::Stopped);
    assert!(world.target.rows(&table("small")).is_none());
    let foreign = vec![vec![Some(b"zzz".to_vec()), None]];
    world
        .target
        .add_table(&table("small"), true, foreign.clone());
    world.resume();
    let error = world.run().await.unwrap_err();
    assert_eq!(error.code(), Code::TargetNotEmpty);
    assert_eq!(error.object(), Some("shop.small"));
    assert_eq!(world.target.rows(&table("small")), Some(foreign));
}
