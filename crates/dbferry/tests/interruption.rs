//! Runs that are stopped or killed midway, and go on.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::support::{Bench, Outcome};

/// Enough tables and rows that a run is still at work after its first table.
const TABLES: usize = 8;
const ROWS: usize = 60_000;

/// Nothing here takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn tables() -> Bench {
    let bench = Bench::new();
    let script = (0..TABLES).map(|table| {
        format!(
            "CREATE TABLE t{table} (id INTEGER PRIMARY KEY, a TEXT, b REAL);
             INSERT INTO t{table}
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
             SELECT i, 'text ' || i, i / 7.0 FROM n;"
        )
    });
    bench.make(
        "source.db",
        &format!("BEGIN; {} COMMIT;", script.collect::<String>()),
    );
    bench
}

/// Starts a migration and waits until its first rows are on the target.
fn start(bench: &Bench) -> Child {
    let (source, target) = (bench.sqlite("source.db"), bench.sqlite("target.db"));
    let child = bench
        .command(&["migrate", &source, &target, "--name", "it"])
        .spawn()
        .unwrap();
    wait_until(|| loaded_tables(bench) > 0);
    child
}

/// Tables of the target that hold rows.
fn loaded_tables(bench: &Bench) -> usize {
    (0..TABLES).filter(|table| rows(bench, *table) > 0).count()
}

fn rows(bench: &Bench, table: usize) -> i64 {
    if !bench.path("target.db").exists() {
        return 0;
    }
    bench
        .try_ask("target.db", &format!("SELECT count(*) FROM t{table}"))
        .unwrap_or(0)
}

fn wait_until(mut reached: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !reached() {
        assert!(begin.elapsed() < PATIENCE, "it does not come to that");
        std::thread::yield_now();
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Resumes and compares every row.
fn resume_and_compare(bench: &Bench) {
    let outcome = bench.succeed(&["resume", "it"]);
    assert!(
        outcome.stdout.contains("every count agrees"),
        "{}",
        outcome.stdout
    );
    for table in 0..TABLES {
        let content =
            format!("SELECT count(*) || ' ' || sum(id * b) || ' ' || max(a) FROM t{table}");
        let source: String = bench.ask("source.db", &content);
        assert_eq!(
            bench.ask::<String>("target.db", &content),
            source,
            "t{table}"
        );
    }
}

fn status(bench: &Bench) -> serde_json::Value {
    bench.succeed(&["status", "it", "--json"]).json()["status"].clone()
}

#[test]
fn ctrl_c_stops_cleanly_and_resume_goes_on() {
    let bench = tables();
    let child = start(&bench);
    signal(&child, "-INT");
    let outcome = Outcome::of(child);
    assert_eq!(
        outcome.code,
        Some(4),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    assert!(
        outcome
            .stderr
            .contains("Stopping: finishing what is in flight"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("go on with: dbferry resume "),
        "{}",
        outcome.stderr
    );
    assert!(loaded_tables(&bench) < TABLES, "it stopped before its end");
    assert_eq!(status(&bench), "stopped");
    resume_and_compare(&bench);
}

#[test]
fn sigterm_stops_as_ctrl_c_does() {
    let bench = tables();
    let child = start(&bench);
    signal(&child, "-TERM");
    let outcome = Outcome::of(child);
    assert_eq!(
        outcome.code,
        Some(4),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    assert_eq!(status(&bench), "stopped");
}

#[test]
fn a_second_signal_aborts_a_run_that_cannot_stop() {
    let bench = tables();
    // Another program writes to the target, so that the run waits for its turn.
    bench.make("target.db", "PRAGMA journal_mode = WAL");
    let other = Connection::open(bench.path("target.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (source, target) = (bench.sqlite("source.db"), bench.sqlite("target.db"));
    let mut child = bench
        .command(&["migrate", &source, &target, "--name", "it"])
        .spawn()
        .unwrap();
    wait_until(|| phase(&bench) == "preparing");
    signal(&child, "-INT");
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("Stopping: ")));
    signal(&child, "-INT");
    assert!(lines.any(|line| line.contains("Aborted. ") && line.contains("dbferry resume ")));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(status(&bench), "interrupted");
    drop(other);
    resume_and_compare(&bench);
}

/// The phase that the run has stored.
fn phase(bench: &Bench) -> serde_json::Value {
    let outcome = bench.run(&["status", "it", "--json"]);
    match outcome.code {
        Some(0) => outcome.json()["progress"]["phase"].clone(),
        // The task does not exist yet.
        _ => serde_json::Value::Null,
    }
}

#[test]
fn a_killed_run_goes_on() {
    let bench = tables();
    let mut child = start(&bench);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        loaded_tables(&bench) < TABLES,
        "it was killed before its end"
    );
    assert_eq!(status(&bench), "interrupted");
    resume_and_compare(&bench);
}

#[test]
fn another_process_sees_the_run_and_can_stop_it() {
    let bench = tables();
    let child = start(&bench);
    assert_eq!(status(&bench), "running");
    bench.fail(
        &["resume", "it"],
        "DF5005",
        &["another process works on this task"],
    );
    bench.fail(
        &["delete", "it", "--local-only"],
        "DF5005",
        &["another process"],
    );
    bench.succeed(&["stop", "it"]);
    let details = bench.succeed(&["status", "it", "--watch", "--json"]);
    assert_eq!(details.events().last().unwrap()["status"], json!("stopped"));
    assert_eq!(Outcome::of(child).code, Some(4));
    bench.fail(&["stop", "it"], "DF5002", &["no process runs the task"]);
    resume_and_compare(&bench);
}

#[test]
fn a_repeated_command_is_reminded_of_the_task_that_could_go_on() {
    let bench = tables();
    let child = start(&bench);
    signal(&child, "-INT");
    assert_eq!(Outcome::of(child).code, Some(4));
    let (source, target) = (bench.sqlite("source.db"), bench.sqlite("target.db"));
    bench.fail(
        &["migrate", &source, &target],
        "DF3003",
        &["between the same endpoints is stopped; to go on with it: dbferry resume "],
    );
    // The refused command has left no task behind.
    assert_eq!(
        bench
            .succeed(&["status", "--json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
