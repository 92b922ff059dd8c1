use std::sync::Arc;

use async_trait::async_trait;
use dbferry_control::{
    Connectors, EndpointSpec, Leases, NewTask, PasswordPlace, SqliteStore, StateDir, Status,
    TargetLedger, TaskOptions, TaskService, Watch,
};
use dbferry_core::{Code, Error, Source, TableName, Target};
use dbferry_mapping::TableMappings;
use dbferry_testbed::memory::{MemoryDatabase, Row};

/// Two databases in memory behind any address.
#[derive(Clone)]
struct Databases {
    source: MemoryDatabase,
    target: MemoryDatabase,
}

#[async_trait]
impl Connectors for Databases {
    async fn source(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Source>, Error> {
        refuse_nowhere(endpoint)?;
        Ok(Arc::new(self.source.clone()))
    }

    async fn target(&self, endpoint: &EndpointSpec) -> Result<Arc<dyn Target>, Error> {
        refuse_nowhere(endpoint)?;
        Ok(Arc::new(self.target.clone()))
    }
}

fn refuse_nowhere(endpoint: &EndpointSpec) -> Result<(), Error> {
    match endpoint.address.host.as_deref() {
        Some("nowhere") => Err(Error::transient(Code::ConnectFailed, "nobody is there")),
        _ => Ok(()),
    }
}

struct Bench {
    _place: tempfile::TempDir,
    dir: StateDir,
    databases: Databases,
    service: TaskService,
}

fn bench() -> Bench {
    let place = tempfile::tempdir().unwrap();
    let dir = StateDir::open(place.path()).unwrap();
    let databases = Databases {
        source: MemoryDatabase::new("source"),
        target: MemoryDatabase::new("target"),
    };
    databases.source.add_table(&table(), true, rows());
    let service = service(&dir, &databases);
    Bench {
        _place: place,
        dir,
        databases,
        service,
    }
}

/// A service as another process would open it.
fn service(dir: &StateDir, databases: &Databases) -> TaskService {
    let store = SqliteStore::open(dir).unwrap();
    TaskService::new(
        Arc::new(store),
        Leases::new(dir),
        Arc::new(databases.clone()),
    )
}

fn table() -> TableName {
    TableName::new("shop", "items")
}

fn rows() -> Vec<Row> {
    (0..100_u32)
        .map(|number| {
            let id = number.to_be_bytes().to_vec();
            vec![Some(id.clone()), Some(id)]
        })
        .collect()
}

fn new_task(source: &str) -> NewTask {
    let end = |address: &str| EndpointSpec::new(address.parse().unwrap(), PasswordPlace::Nowhere);
    NewTask {
        name: None,
        source: end(source),
        target: end("memory://target/"),
        mappings: TableMappings::everything().as_json().to_owned(),
        settings: "{}".into(),
        options: TaskOptions {
            accounts: false,
            memory_bytes: 16 << 20,
        },
    }
}

async fn status(bench: &Bench) -> Status {
    let tasks = bench.service.list().await.unwrap();
    assert_eq!(tasks.len(), 1);
    tasks[0].status
}

#[tokio::test]
async fn a_task_runs_to_its_end_and_keeps_its_report() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    assert_eq!(status(&bench).await, Status::Ready);
    let report = bench.service.run(&task.id, Watch::default()).await.unwrap();
    assert!(report.complete);
    assert_eq!(bench.databases.target.rows(&table()), Some(rows()));

    // Another process sees the same.
    let details = service(&bench.dir, &bench.databases)
        .show(&task.id)
        .await
        .unwrap();
    assert_eq!(details.view.status, Status::Complete);
    assert_eq!(details.report.unwrap().tables.len(), 1);
    assert_eq!(details.progress.unwrap().counts.completed, 1);
    assert!(details.view.task.stopped_at >= details.view.task.started_at);
}

#[tokio::test]
async fn a_complete_task_is_not_run_again() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    bench.service.run(&task.id, Watch::default()).await.unwrap();
    let error = bench
        .service
        .run(&task.id, Watch::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TaskStateConflict);
    assert_eq!(status(&bench).await, Status::Complete);
}

#[tokio::test]
async fn a_failed_task_tells_why_and_can_be_run_again() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://nowhere/"))
        .await
        .unwrap();
    for runs in 1..=2 {
        let error = bench
            .service
            .run(&task.id, Watch::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::ConnectFailed);
        let view = bench.service.list().await.unwrap().remove(0);
        assert_eq!((view.status, view.task.runs), (Status::Failed, runs));
        assert_eq!(
            view.task.lifecycle.dms_stop_reason(),
            Some("Stop Reason RECOVERABLE_ERROR")
        );
    }
    assert!(!bench.service.has_begun(&task.id).await.unwrap());
}

#[tokio::test]
async fn a_stopped_task_goes_on_where_it_was() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    let watch = Watch::default();
    watch.cancel.cancel();
    let error = bench.service.run(&task.id, watch).await.unwrap_err();
    assert_eq!(error.code(), Code::Stopped);
    assert_eq!(status(&bench).await, Status::Stopped);
    bench.service.run(&task.id, Watch::default()).await.unwrap();
    assert_eq!(status(&bench).await, Status::Complete);
    assert_eq!(bench.databases.target.rows_committed(), 100);
}

#[tokio::test]
async fn a_run_whose_process_vanished_counts_as_interrupted_and_can_resume() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    {
        // A run that is dropped leaves the store as a killed process does.
        let run = bench.service.run(&task.id, Watch::default());
        let ended = tokio::select! {
            biased;
            ended = run => Some(ended.is_ok()),
            () = until_running(&bench) => None,
        };
        assert_eq!(ended, None, "the run was dropped midway");
    }
    assert_eq!(status(&bench).await, Status::Interrupted);
    assert!(
        bench
            .service
            .run(&task.id, Watch::default())
            .await
            .unwrap()
            .complete
    );
    assert_eq!(bench.databases.target.rows(&table()), Some(rows()));
}

/// Waits until the stored state says that the task runs.
async fn until_running(bench: &Bench) {
    while status(bench).await != Status::Running {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_runs_of_one_task_exclude_each_other() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    let lease = Leases::new(&bench.dir).acquire(&task.id).await.unwrap();
    let error = bench
        .service
        .run(&task.id, Watch::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TaskLocked);
    let error = bench
        .service
        .delete(&task.id, TargetLedger::Leave)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TaskLocked);
    assert_eq!(status(&bench).await, Status::Ready);
    drop(lease);
    bench.service.run(&task.id, Watch::default()).await.unwrap();
}

#[tokio::test]
async fn only_a_running_task_can_be_asked_to_stop() {
    let bench = bench();
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    let error = bench.service.stop(&task.id).await.unwrap_err();
    assert_eq!(error.code(), Code::TaskStateConflict);
}

#[tokio::test]
async fn tasks_are_found_by_name_handle_and_beginning() {
    let bench = bench();
    let named = NewTask {
        name: Some("friday".into()),
        ..new_task("memory://source/")
    };
    let task = bench.service.create(named.clone()).await.unwrap();
    let other = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    let find = async |text: &str| bench.service.find(text).await;
    assert_eq!(find("friday").await.unwrap().id, task.id);
    assert_eq!(find(&task.handle).await.unwrap().id, task.id);
    assert_eq!(find(&other.id.0).await.unwrap().id, other.id);
    // Both identities begin with the same moment.
    let error = find("0").await.unwrap_err();
    assert_eq!(error.code(), Code::TaskMissing);
    assert!(error.to_string().contains(&other.handle), "{error}");
    assert_eq!(
        find("thursday").await.unwrap_err().code(),
        Code::TaskMissing
    );

    let error = bench.service.create(named).await.unwrap_err();
    assert_eq!(error.code(), Code::TaskStateConflict);
}

#[tokio::test]
async fn invalid_rules_and_settings_make_no_task() {
    let bench = bench();
    let rules = NewTask {
        mappings: "{".into(),
        ..new_task("memory://source/")
    };
    let error = bench.service.create(rules).await.unwrap_err();
    assert_eq!(error.code(), Code::MappingInvalid);
    let settings = NewTask {
        settings: r#"{"No":1}"#.into(),
        ..new_task("memory://source/")
    };
    let error = bench.service.create(settings).await.unwrap_err();
    assert_eq!(error.code(), Code::SettingsInvalid);
    assert!(bench.service.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_deleted_task_is_forgotten_here_and_on_the_target() {
    let bench = bench();
    // A target that refuses what comes after the load leaves its ledger behind.
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    bench.databases.target.add_table(&table(), true, rows());
    let error = bench
        .service
        .run(&task.id, Watch::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::TargetNotEmpty);
    bench
        .service
        .delete(&task.id, TargetLedger::Remove)
        .await
        .unwrap();
    assert!(bench.service.list().await.unwrap().is_empty());
    assert_eq!(bench.databases.target.ledger_len(), 0);
    assert_eq!(
        bench.databases.target.rows(&table()),
        Some(rows()),
        "rows stay"
    );
    let error = bench.service.show(&task.id).await.unwrap_err();
    assert_eq!(error.code(), Code::TaskMissing);
}

#[tokio::test]
async fn a_refused_target_table_is_refused_again_by_the_next_run() {
    let bench = bench();
    bench.databases.target.add_table(&table(), true, rows());
    let task = bench
        .service
        .create(new_task("memory://source/"))
        .await
        .unwrap();
    for _ in 0..2 {
        let error = bench
            .service
            .run(&task.id, Watch::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::TargetNotEmpty);
    }
    assert_eq!(bench.databases.target.rows(&table()), Some(rows()));
}

#[tokio::test]
async fn a_plan_changes_nothing_and_remembers_nothing() {
    let bench = bench();
    let plan = bench
        .service
        .plan(new_task("memory://source/"))
        .await
        .unwrap();
    assert_eq!(plan.tables.len(), 1);
    assert!(bench.service.list().await.unwrap().is_empty());
    assert_eq!(bench.databases.target.rows(&table()), None);
}
