use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use dbferry_control::{Leases, StateDir};
use dbferry_core::{Code, TaskId};

const TASK: &str = "019a0000-0000-7000-8000-000000000000";

/// Set in the process that holds the lease until it is killed.
const HOLDER: &str = "DBFERRY_TEST_LEASE_HOLDER";

#[tokio::test]
async fn a_lease_is_held_by_one_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let leases = Leases::new(&StateDir::open(place.path()).unwrap());
    let task = TaskId(TASK.into());
    assert!(!leases.is_held(&task).unwrap());
    let lease = leases.acquire(&task).await.unwrap();
    assert!(leases.is_held(&task).unwrap());

    let error = leases.acquire(&task).await.unwrap_err();
    assert_eq!(error.code(), Code::TaskLocked);
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    leases.acquire(&TaskId("another".into())).await.unwrap();

    drop(lease);
    assert!(!leases.is_held(&task).unwrap());
    leases.acquire(&task).await.unwrap();
}

#[tokio::test]
async fn a_killed_process_gives_its_lease_back() {
    if let Some(place) = std::env::var_os(HOLDER) {
        return hold_until_killed(place).await;
    }
    let place = tempfile::tempdir().unwrap();
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lease::a_killed_process_gives_its_lease_back",
            "--nocapture",
        ])
        .env(HOLDER, place.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("lease held")));

    let leases = Leases::new(&StateDir::open(place.path()).unwrap());
    let task = TaskId(TASK.into());
    let error = leases.acquire(&task).await.unwrap_err();
    assert_eq!(error.code(), Code::TaskLocked);
    assert!(
        error.to_string().contains(&holder.id().to_string()),
        "{error}"
    );

    holder.kill().unwrap();
    holder.wait().unwrap();
    leases.acquire(&task).await.unwrap();
}

async fn hold_until_killed(place: std::ffi::OsString) {
    let leases = Leases::new(&StateDir::open(place).unwrap());
    let _lease = leases.acquire(&TaskId(TASK.into())).await.unwrap();
    println!("lease held");
    std::future::pending::<()>().await;
}
