//! Faults at every point where one can fall.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use dbferry_core::Code;
use dbferry_engine::Phase;

use crate::world::{World, table};

/// Rows of tables that go on where they stopped, whatever happens.
const RESUMABLE_ROWS: u64 = 300 + 20;

/// How often a run may be resumed before a test gives up.
const RESUMES_MAX: usize = 50;

async fn run_to_the_end(world: &mut World) {
    for _ in 0..RESUMES_MAX {
        match world.run().await {
            Ok(report) => {
                assert!(report.complete, "{report:?}");
                return;
            }
            Err(error) => assert!(error.is_transient(), "{:?}", error.report()),
        }
        world.resume();
    }
    panic!("the task does not end");
}

fn assert_loaded_once(world: &World) {
    world.assert_equal();
    let restarted: u64 = [("keyless", 60), ("heap", 50)]
        .iter()
        .map(|(_, rows)| rows)
        .sum();
    assert!(world.target.rows_committed() >= RESUMABLE_ROWS + restarted);
}

#[tokio::test(start_paused = true)]
async fn lost_connections_and_lost_answers_neither_lose_nor_double_a_row() {
    for seed in 1..=150 {
        let mut world = World::with_tables();
        world.source.faults().arm(seed, 7, 40);
        world.target.faults().arm(seed * 31, 7, 40);
        run_to_the_end(&mut world).await;
        assert_loaded_once(&world);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_killed_at_any_call_goes_on_where_it_stopped() {
    let calls = {
        let world = World::with_tables();
        world.run().await.unwrap();
        world.target.faults().calls()
    };
    for last_call in 0..calls {
        let mut world = World::with_tables();
        run_until_call(&world, last_call).await;
        world.resume();
        run_to_the_end(&mut world).await;
        assert_loaded_once(&world);
    }
}

/// Drops a run, workers and all, when the target was called so often.
async fn run_until_call(world: &World, last_call: u64) {
    let mut run = pin!(world.run());
    poll_fn(|context| {
        if world.target.faults().calls() >= last_call {
            return Poll::Ready(());
        }
        match run.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(()),
            Poll::Pending => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_keeps_what_it_has_and_loads_nothing_twice() {
    let mut world = World::with_tables();
    world.spec.settings.load_workers = Some(1);
    let stopper = world.cancel.clone();
    let target = world.target.clone();
    let watch = async move {
        while target.rows_committed() < 100 {
            tokio::task::yield_now().await;
        }
        stopper.cancel();
    };
    let (stopped, ()) = tokio::join!(world.run(), watch);
    assert_eq!(stopped.unwrap_err().code(), Code::Stopped);
    let kept = world.target.rows(&table("large")).unwrap().len();
    assert!((100..300).contains(&kept), "{kept}");
    world.resume();
    assert!(world.run().await.unwrap().complete);
    world.assert_equal();
    assert_eq!(world.target.rows_committed(), 300 + 20 + 60 + 50);
}

/// Runs while the target fails ten calls in a row from a moment on.
async fn run_with_outage_when(reached: impl Fn(&World) -> bool) {
    let world = World::with_tables();
    let outage = async {
        while !reached(&world) {
            tokio::task::yield_now().await;
        }
        world.target.faults().arm(1, 1, 10);
    };
    let (report, ()) = tokio::join!(world.run(), outage);
    assert!(report.unwrap().complete);
    assert!(world.progress.snapshot().retries >= 5, "it came too late");
    assert_loaded_once(&world);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_soon_back_is_waited_for() {
    run_with_outage_when(|world| world.target.rows_committed() >= 100).await;
    run_with_outage_when(|world| world.progress.snapshot().phase == Phase::TakingInventory).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_away_ends_the_run_with_its_reason() {
    let world = World::with_tables();
    world.target.faults().arm(1, 1, u64::MAX);
    let error = world.run().await.unwrap_err();
    assert_eq!(error.code(), Code::ConnectionLost);
    assert!(error.is_transient());
}
