//! What every command works with: the terminal, the place of the state, and exit codes.

use std::path::PathBuf;
use std::sync::Arc;

use dbferry_control::{Leases, SqliteStore, StateDir, TaskService};
use dbferry_core::Error;

use crate::cli::Global;
use crate::connectors::Connections;
use crate::show::Terminal;

/// How the process ends. The numbers are part of the interface and documented in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and complete.
    Done,
    /// An error; what was done is kept.
    Failed,
    /// Some tables or objects did not get across.
    Incomplete,
    /// Stopped on request.
    Stopped,
    /// A finding forbids the task.
    Blocked,
}

impl Exit {
    /// The number for the shell. 2 is clap's, for a command line that it does not understand.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Incomplete => 3,
            Self::Stopped => 4,
            Self::Blocked => 5,
        }
    }
}

/// The number of a process that was aborted by a second Ctrl-C, as shells count signals.
pub(crate) const ABORTED: i32 = 130;

/// What every command works with.
pub(crate) struct App {
    pub(crate) terminal: Terminal,
    /// The state directory, if the user named one.
    pub(crate) state_dir: Option<PathBuf>,
    /// Whether it was named in a way that a further command needs to repeat.
    pub(crate) repeats_state_dir: bool,
}

impl App {
    pub(crate) fn new(global: &Global) -> Self {
        let from_variable = std::env::var_os("DBFERRY_STATE_DIR").map(PathBuf::from);
        Self {
            terminal: Terminal::new(global.json, global.no_progress),
            repeats_state_dir: global.state_dir.is_some() && global.state_dir != from_variable,
            state_dir: global.state_dir.clone(),
        }
    }

    /// Opens the service over the state directory.
    ///
    /// # Errors
    /// `StateUnavailable`.
    pub(crate) fn service(&self, connections: Connections) -> Result<TaskService, Error> {
        let path = match &self.state_dir {
            Some(path) => path.clone(),
            None => StateDir::default_path(|name| std::env::var_os(name))?,
        };
        let dir = StateDir::open(path)?;
        let store = SqliteStore::open(&dir)?;
        Ok(TaskService::new(
            Arc::new(store),
            Leases::new(&dir),
            Arc::new(connections),
        ))
    }

    /// The command that does something with a task, ready to be pasted into a shell.
    pub(crate) fn command(&self, verb: &str, handle: &str) -> String {
        match &self.state_dir {
            Some(dir) if self.repeats_state_dir => {
                let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
                format!(
                    "dbferry --state-dir {} {verb} {handle}",
                    quoted(&dir.to_string_lossy())
                )
            }
            _ => format!("dbferry {verb} {handle}"),
        }
    }
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.into(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("/tmp/a-b"), "/tmp/a-b");
        assert_eq!(quoted("/tmp/a b"), "'/tmp/a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
