//! Migrations between files, from the command line to the report.

use serde_json::json;

use crate::support::Bench;

const SHOP: &str = "
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), total REAL
    );
    CREATE INDEX orders_by_customer ON orders (customer_id);
    CREATE VIEW totals AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY 1;
    INSERT INTO customers VALUES (1, 'Ann'), (2, 'Bo ''the'' 🚢'), (3, '');
    INSERT INTO orders VALUES (1, 1, 0.1), (2, 2, NULL), (3, 1, 1e300);
";

fn shop() -> Bench {
    let bench = Bench::new();
    bench.make("shop.db", SHOP);
    bench
}

#[test]
fn a_migration_copies_everything_and_reports_it() {
    let bench = shop();
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let outcome = bench.succeed(&["migrate", &source, &target, "--name", "first"]);
    for word in [
        "main.customers",
        "2 tables",
        "1 view: on the target",
        "Complete: 2 tables with 6 rows and 1 object are on the target, and every count agrees.",
    ] {
        assert!(
            outcome.stdout.contains(word),
            "{word:?} is expected in\n{}",
            outcome.stdout
        );
    }
    assert!(
        outcome.stderr.contains("dbferry resume "),
        "{}",
        outcome.stderr
    );
    assert!(
        !outcome.stderr.contains('\u{1b}'),
        "no colours where there is no terminal"
    );
    let content =
        "SELECT group_concat(id || name) || (SELECT sum(total) FROM totals) FROM customers";
    assert_eq!(
        bench.ask::<String>("copy.db", content),
        bench.ask::<String>("shop.db", content)
    );
    let index = "SELECT count(*) FROM sqlite_schema WHERE name = 'orders_by_customer'";
    assert_eq!(bench.ask::<i64>("copy.db", index), 1);

    let status = bench.succeed(&["status"]).stdout;
    assert!(
        status.contains("first") && status.contains("complete"),
        "{status}"
    );
    let status = bench.succeed(&["status", "first"]).stdout;
    assert!(status.contains("every count agrees"), "{status}");
}

#[test]
fn json_lines_tell_the_start_and_the_report() {
    let bench = shop();
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let events = bench
        .succeed(&["migrate", &source, &target, "--json"])
        .events();
    assert_eq!(events[0]["event"], "started");
    assert_eq!(events[0]["task"]["source"], json!(source));
    let progress = &events[events.len() - 2];
    assert_eq!(
        (&progress["event"], &progress["phase"]),
        (&json!("progress"), &json!("finished"))
    );
    assert_eq!(progress["rows"], 6);
    assert_eq!(progress["table_counts"]["completed"], 2);
    let report = events.last().unwrap();
    assert_eq!(
        (&report["event"], &report["complete"]),
        (&json!("report"), &json!(true))
    );
    assert_eq!(report["tables"].as_array().unwrap().len(), 2);
    assert_eq!(report["objects"][0]["present"], true);

    let handle = events[0]["task"]["handle"].as_str().unwrap();
    let tasks = bench.succeed(&["status", "--json"]).json();
    assert_eq!(
        (&tasks[0]["handle"], &tasks[0]["status"]),
        (&json!(handle), &json!("complete"))
    );
    let details = bench.succeed(&["status", handle, "--json"]).json();
    assert_eq!(details["dms_status"], "stopped");
    assert_eq!(
        details["dms_stop_reason"],
        "Stop Reason FULL_LOAD_ONLY_FINISHED"
    );
    assert_eq!(details["report"]["complete"], true);
}

#[test]
fn selection_and_renaming_work_from_the_command_line() {
    let bench = shop();
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let arguments = [
        "migrate",
        &source,
        &target,
        "--tables",
        "cust*",
        "--rename",
        "customers=people",
    ];
    bench.succeed(&arguments);
    assert_eq!(
        bench.ask::<i64>("copy.db", "SELECT count(*) FROM people"),
        3
    );
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('orders', 'customers')";
    assert_eq!(bench.ask::<i64>("copy.db", tables), 0);
}

#[test]
fn mappings_and_settings_come_from_files() {
    let bench = shop();
    let mappings = bench.file(
        "mappings.json",
        r#"{"rules": [{"rule-type": "selection", "rule-id": "1", "rule-name": "1",
            "rule-action": "include",
            "object-locator": {"schema-name": "main", "table-name": "orders"}}]}"#,
    );
    let settings = bench.file(
        "settings.json",
        r#"{"FullLoadSettings": {"TargetTablePrepMode": "TRUNCATE_BEFORE_LOAD"}}"#,
    );
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    bench.make(
        "copy.db",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id, total REAL);
        INSERT INTO orders VALUES (77, 7, 7)",
    );
    let files = ["--mappings", &mappings, "--settings", &settings];
    bench.succeed(
        &[
            &["migrate", source.as_str(), target.as_str()][..],
            &files[..],
        ]
        .concat(),
    );
    assert_eq!(bench.ask::<i64>("copy.db", "SELECT sum(id) FROM orders"), 6);
}

#[test]
fn a_plan_shows_tables_and_statements_and_changes_nothing() {
    let bench = shop();
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let outcome = bench.succeed(&["plan", &source, &target]);
    for word in ["main.orders", "created", "CREATE TABLE", "view main.totals"] {
        assert!(
            outcome.stdout.contains(word),
            "{word:?} is expected in\n{}",
            outcome.stdout
        );
    }
    assert!(
        outcome.stderr.contains("Nothing was changed"),
        "{}",
        outcome.stderr
    );
    let plan = bench.succeed(&["plan", &source, &target, "--json"]).json();
    assert_eq!(plan["tables"].as_array().unwrap().len(), 2);
    assert!(!bench.path("copy.db").exists());
    assert_eq!(bench.succeed(&["status", "--json"]).json(), json!([]));
}

#[test]
fn a_plan_that_cannot_run_has_an_exit_code_of_its_own() {
    let bench = shop();
    bench.make(
        "copy.db",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id, total REAL);
        INSERT INTO orders VALUES (77, 7, 7)",
    );
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let outcome = bench.run(&["plan", &source, &target]);
    assert_eq!(outcome.code, Some(5), "{}", outcome.stderr);
    assert!(
        outcome
            .stderr
            .contains("error[target-not-empty] main.orders"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_table_that_fails_leaves_the_others_and_the_exit_code_says_so() {
    let bench = Bench::new();
    bench.make(
        "shop.db",
        "CREATE TABLE good (id INTEGER PRIMARY KEY);
        INSERT INTO good VALUES (1);
        CREATE TABLE bad (id INTEGER PRIMARY KEY, a);
        INSERT INTO bad VALUES (1, 5), (2, 5)",
    );
    bench.make(
        "copy.db",
        "CREATE TABLE bad (id INTEGER PRIMARY KEY, a CHECK (a <> 5))",
    );
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    let arguments = [
        "migrate",
        &source,
        &target,
        "--table-preparation",
        "do-nothing",
    ];
    let outcome = bench.run(&arguments);
    assert_eq!(
        outcome.code,
        Some(3),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    assert!(
        outcome.stdout.contains("Incomplete: 1 of 2 tables"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("✗ table main.bad: [DF4"),
        "{}",
        outcome.stdout
    );
    assert_eq!(bench.ask::<i64>("copy.db", "SELECT count(*) FROM good"), 1);
    let status = bench.succeed(&["status", "--json"]).json();
    assert_eq!(status[0]["status"], "incomplete");
}

#[test]
fn an_endpoint_can_be_checked_for_both_roles() {
    let bench = shop();
    let outcome = bench.succeed(&["check", &bench.sqlite("shop.db")]);
    assert!(outcome.stdout.contains("as source: "), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("as target: "), "{}", outcome.stdout);
    bench.succeed(&["check", &bench.sqlite("new.db"), "--role", "target"]);
    assert!(!bench.path("new.db").exists(), "a check makes no file");
    let arguments = [
        "check",
        &bench.sqlite("shop.db"),
        "--role",
        "source",
        "--json",
    ];
    let checks = bench.succeed(&arguments).json();
    assert_eq!(
        (&checks[0]["role"], &checks[0]["endpoint"]["family"]),
        (&json!("source"), &json!("sqlite"))
    );
}

#[test]
fn a_deleted_task_is_forgotten_and_its_rows_stay() {
    let bench = shop();
    let (source, target) = (bench.sqlite("shop.db"), bench.sqlite("copy.db"));
    bench.succeed(&["migrate", &source, &target, "--name", "first"]);
    bench.succeed(&["delete", "first"]);
    assert_eq!(bench.succeed(&["status", "--json"]).json(), json!([]));
    assert_eq!(
        bench.ask::<i64>("copy.db", "SELECT count(*) FROM orders"),
        3
    );
}

#[test]
fn the_demo_ends_complete() {
    let bench = Bench::new();
    let dir = bench.path("demo").display().to_string();
    let outcome = bench.succeed(&["demo", "--dir", &dir]);
    assert!(
        outcome
            .stdout
            .contains("Complete: 7 tables with 211,606 rows"),
        "{}",
        outcome.stdout
    );
    // And again, over what the first one left.
    bench.succeed(&["demo", "--dir", &dir]);
    let totals = "SELECT count(*) || ' ' || sum(total) FROM customer_totals";
    let expected: String = bench.ask("demo/shop.db", totals);
    assert_eq!(
        bench.ask::<String>("demo/shop-migrated.db", totals),
        expected
    );
}
