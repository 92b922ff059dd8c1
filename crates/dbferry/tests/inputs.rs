//! What the user may get wrong: each a clear error, and nothing changed.

use crate::support::Bench;

fn shop() -> Bench {
    let bench = Bench::new();
    bench.make(
        "shop.db",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (1)",
    );
    bench
}

/// A migration of the shop with these further arguments.
fn migration<'a>(ends: &'a (String, String), more: &[&'a str]) -> Vec<&'a str> {
    [&["migrate", ends.0.as_str(), ends.1.as_str()][..], more].concat()
}

fn ends(bench: &Bench) -> (String, String) {
    (bench.sqlite("shop.db"), bench.sqlite("copy.db"))
}

#[test]
fn addresses_that_nobody_understands_are_refused() {
    let bench = shop();
    let copy = bench.sqlite("copy.db");
    bench.fail(&["migrate", "shop.db", &copy], "DF2001", &["hint:"]);
    bench.fail(
        &["migrate", "oracle://a@h/", &copy],
        "DF2001",
        &["oracle", "sqlite, mysql"],
    );
    bench.fail(
        &["migrate", "mysql://h/", &copy],
        "DF2001",
        &["names no user"],
    );
    bench.fail(
        &["migrate", "sqlite:shop.db?no=1", &copy],
        "DF2001",
        &["\"no\"", "known are"],
    );
    bench.fail(
        &["check", "mysql://a@h/?ssl-mode=maybe"],
        "DF2001",
        &["ssl-mode"],
    );
}

#[test]
fn a_missing_password_names_every_way_to_give_it() {
    let bench = shop();
    bench.fail(
        &[
            "migrate",
            "mysql://ann@127.0.0.1:1/",
            &bench.sqlite("copy.db"),
        ],
        "DF2001",
        &[
            "no password for the source",
            "DBFERRY_SOURCE_PASSWORD",
            "--source-password-file",
        ],
    );
    let missing = bench.path("missing").display().to_string();
    let arguments = [
        "migrate",
        &bench.sqlite("shop.db"),
        "mysql://ann@127.0.0.1:1/",
        "--target-password-file",
        &missing,
    ];
    bench.fail(&arguments, "DF5008", &["password file", &missing]);
}

#[test]
fn a_password_in_an_address_is_warned_of_and_never_shown() {
    let bench = shop();
    let arguments = [
        "migrate",
        "mysql://ann:hunter2@127.0.0.1:1/",
        &bench.sqlite("copy.db"),
    ];
    let outcome = bench.run(&arguments);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.contains("can be seen by others"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("error[DF1001]"),
        "{}",
        outcome.stderr
    );
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("hunter2"));
    // The state directory holds nothing of it either.
    for file in ["state.db", "state.db-wal"] {
        let content = std::fs::read(bench.path("state").join(file)).unwrap_or_default();
        assert!(
            !content.windows(7).any(|window| window == b"hunter2"),
            "{file}"
        );
    }
}

#[test]
fn databases_that_cannot_be_opened_are_told_apart() {
    let bench = shop();
    let copy = bench.sqlite("copy.db");
    bench.fail(
        &["migrate", &bench.sqlite("missing.db"), &copy],
        "DF5008",
        &["missing.db"],
    );
    let text = bench.file(
        "text.db",
        "this is not a database, and long enough to be looked at",
    );
    bench.fail(
        &["migrate", &format!("sqlite:{text}"), &copy],
        "DF5008",
        &["text.db"],
    );
}

#[test]
fn malformed_mappings_are_refused_with_line_and_rule() {
    let bench = shop();
    let mappings = bench.file(
        "mappings.json",
        "{\"rules\": [\n  {\"rule-type\": \"selection\", \"rule-id\": \"1\", \"rule-name\": \"one\",\n   \
         \"rule-action\": \"inklude\",\n   \"object-locator\": {\"schema-name\": \"%\", \
         \"table-name\": \"%\"}}\n]}",
    );
    let ends = ends(&bench);
    let arguments = migration(&ends, &["--mappings", &mappings]);
    bench.fail(
        &arguments,
        "DF2002",
        &["line 3", "one", "inklude", "include"],
    );
    let arguments = migration(&ends, &["--rename", "orders"]);
    bench.fail(&arguments, "DF2002", &["orders"]);
}

#[test]
fn malformed_settings_are_refused() {
    let bench = shop();
    let settings = bench.file("settings.json", "{\n \"FullLoadSetings\": {}}");
    let ends = ends(&bench);
    bench.fail(
        &migration(&ends, &["--settings", &settings]),
        "DF2003",
        &["FullLoadSetings", "2"],
    );
    bench.fail(
        &migration(&ends, &["--memory", "1MiB"]),
        "DF2003",
        &["at least 16.0 MiB"],
    );
    bench.fail(
        &migration(&ends, &["--log-level", "a=b=c"]),
        "DF2003",
        &["log level"],
    );
}

#[test]
fn a_selection_that_matches_nothing_is_an_error() {
    let bench = shop();
    let ends = ends(&bench);
    bench.fail(
        &migration(&ends, &["--tables", "customers"]),
        "DF2004",
        &["hint:"],
    );
    let arguments = ["plan", &ends.0, &ends.1, "--tables", "customers"];
    bench.fail(&arguments, "DF2004", &[]);
}

#[test]
fn a_target_that_holds_rows_is_refused_unless_it_is_said_what_happens_to_them() {
    let bench = shop();
    let ends = ends(&bench);
    let foreign = "CREATE TABLE orders (id INTEGER PRIMARY KEY); INSERT INTO orders VALUES (77)";
    bench.make("copy.db", foreign);
    let outcome = bench.run(&migration(&ends, &[]));
    assert_eq!(outcome.code, Some(1));
    for word in [
        "DF3003",
        "main.orders",
        "--table-preparation",
        "Nothing was changed",
    ] {
        assert!(
            outcome.stderr.contains(word),
            "{word:?} is expected in\n{}",
            outcome.stderr
        );
    }
    assert_eq!(
        bench.ask::<i64>("copy.db", "SELECT sum(id) FROM orders"),
        77
    );
    bench.succeed(&migration(
        &ends,
        &["--table-preparation", "drop-and-create"],
    ));
    assert_eq!(bench.ask::<i64>("copy.db", "SELECT sum(id) FROM orders"), 1);
    bench.succeed(&migration(&ends, &["--table-preparation", "truncate"]));
    assert_eq!(bench.ask::<i64>("copy.db", "SELECT sum(id) FROM orders"), 1);
}

#[test]
fn a_database_is_not_migrated_into_itself() {
    let bench = shop();
    let (source, _) = ends(&bench);
    bench.fail(&["migrate", &source, &source], "DF2009", &["itself"]);
}

#[test]
fn unknown_and_finished_tasks_are_told_apart() {
    let bench = shop();
    bench.fail(
        &["resume", "nobody"],
        "DF5001",
        &["\"nobody\"", "dbferry status"],
    );
    let ends = ends(&bench);
    bench.succeed(&migration(&ends, &["--name", "done"]));
    bench.fail(&["resume", "done"], "DF5002", &["is complete"]);
    let arguments = migration(&ends, &["--name", "done"]);
    bench.fail(&arguments, "DF5002", &["a task of this name exists"]);
}

#[test]
fn a_state_directory_that_cannot_be_used_is_named() {
    let bench = shop();
    let file = bench.file("file", "");
    bench.fail(
        &["--state-dir", &file, "status"],
        "DF5003",
        &[&file, "--state-dir"],
    );
}

#[test]
fn a_command_line_that_is_not_understood_ends_with_2() {
    let bench = shop();
    for arguments in [
        &["migrate"][..],
        &["migrat"],
        &["migrate", "a", "b", "--tables", "x", "--mappings", "y"],
        &["migrate", "a", "b", "--memory", "much"],
        &["migrate", "a", "b", "--parallel", "0"],
        &["status", "--watch"],
        &["demo", "--engine", "mysql"],
        &["demo", "--database", "production"],
    ] {
        let outcome = bench.run(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
    }
}

#[test]
fn errors_are_data_where_json_is_asked_for() {
    let bench = shop();
    let outcome = bench.run(&["resume", "nobody", "--json"]);
    assert_eq!(outcome.code, Some(1));
    let error = outcome.json();
    assert_eq!(
        (&error["event"], &error["error"]["code"]),
        (&"error".into(), &"DF5001".into())
    );
}

#[test]
fn completions_and_manual_pages_are_written() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = bench.succeed(&["completions", shell]).stdout;
        assert!(script.contains("table-preparation"), "{shell}");
    }
    assert!(bench.succeed(&["man"]).stdout.starts_with(".ie"));
    let dir = bench.path("man");
    bench.succeed(&["man", "--dir", &dir.display().to_string()]);
    let page = std::fs::read_to_string(dir.join("dbferry-migrate.1")).unwrap();
    assert!(
        page.contains("DBFERRY_SOURCE_PASSWORD"),
        "examples belong to the page"
    );
}

#[test]
fn help_teaches_the_command() {
    let bench = Bench::new();
    let help = bench.succeed(&["help", "migrate"]).stdout;
    for word in ["Examples:", "Passwords:", "--table-preparation", "mysql://"] {
        assert!(help.contains(word), "{word:?} is expected in\n{help}");
    }
    assert!(bench.succeed(&["--help"]).stdout.contains("Exit codes:"));
}
