//! The compiled binary in a place of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use serde_json::Value;

/// A directory for files and state, gone at the end.
pub(crate) struct Bench {
    place: tempfile::TempDir,
}

/// What a run of the binary left.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            place: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// The address of a SQLite file of this name.
    pub(crate) fn sqlite(&self, name: &str) -> String {
        format!("sqlite:{}", self.path(name).display())
    }

    /// A file of this name with this content.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name).display().to_string()
    }

    /// Makes a SQLite file of this script.
    pub(crate) fn make(&self, name: &str, script: &str) {
        Connection::open(self.path(name))
            .unwrap()
            .execute_batch(script)
            .unwrap();
    }

    /// The first column of a query's one row, in a SQLite file.
    pub(crate) fn ask<T: rusqlite::types::FromSql>(&self, name: &str, sql: &str) -> T {
        self.try_ask(name, sql).unwrap()
    }

    pub(crate) fn try_ask<T: rusqlite::types::FromSql>(
        &self,
        name: &str,
        sql: &str,
    ) -> rusqlite::Result<T> {
        let connection = Connection::open(self.path(name))?;
        connection.query_one(sql, [], |row| row.get(0))
    }

    /// The binary with these arguments, not yet started, with nothing of the environment that
    /// could change what it does.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dbferry"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DBFERRY_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .env("DBFERRY_STATE_DIR", self.path("state"))
            .current_dir(self.place.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).spawn().unwrap())
    }

    /// Runs the binary, which must succeed.
    pub(crate) fn succeed(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(
            outcome.code,
            Some(0),
            "{arguments:?}\n{}{}",
            outcome.stdout,
            outcome.stderr
        );
        outcome
    }

    /// Runs the binary, which must fail with this code of an error and say this.
    pub(crate) fn fail(&self, arguments: &[&str], code: &str, words: &[&str]) {
        let outcome = self.run(arguments);
        assert_eq!(
            outcome.code,
            Some(1),
            "{arguments:?}\n{}{}",
            outcome.stdout,
            outcome.stderr
        );
        let text = &outcome.stderr;
        assert!(
            text.contains(&format!("error[{code}]: ")),
            "{code} is expected in\n{text}"
        );
        for word in words {
            assert!(text.contains(word), "{word:?} is expected in\n{text}");
        }
        assert_eq!(outcome.stdout, "", "an error is not data");
    }
}

impl Outcome {
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }

    /// The events on standard output, one per line.
    pub(crate) fn events(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
