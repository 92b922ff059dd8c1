//! Where an embedded dbferry keeps its state on disk.
//!
//! One directory holds everything: the store (`state.db`) and one lease file per task (`leases/`).
//! It belongs to one user: directories are made with mode 0700 and files with 0600, because
//! addresses, rules and names of tables are nobody else's business even though no secret is among
//! them.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::path::{Path, PathBuf};

use dbferry_core::{Code, Error};

/// A directory that exists and is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// Opens the directory, making it where it is missing.
    ///
    /// # Errors
    /// `StateUnavailable` when it cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let dir = Self(path.into());
        make_private_dir(&dir.0)?;
        make_private_dir(&dir.leases())?;
        Ok(dir)
    }

    /// The place to use when none is named: `$DBFERRY_STATE_DIR`, else `dbferry` in
    /// `$XDG_STATE_HOME`, else `~/.local/state/dbferry`.
    ///
    /// `variable` looks up an environment variable; empty ones count as missing, and a relative
    /// `$XDG_STATE_HOME` is ignored as its specification demands.
    ///
    /// # Errors
    /// `StateUnavailable` when the environment names no place at all.
    pub fn default_path(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
        let path = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        if let Some(named) = path("DBFERRY_STATE_DIR") {
            return Ok(named);
        }
        if let Some(state_home) = path("XDG_STATE_HOME").filter(|path| path.is_absolute()) {
            return Ok(state_home.join("dbferry"));
        }
        path("HOME")
            .map(|home| home.join(".local/state/dbferry"))
            .ok_or_else(|| {
                Error::definite(
                    Code::StateUnavailable,
                    "there is no place to keep state: neither XDG_STATE_HOME nor HOME is set",
                )
                .with_hint("name a directory with --state-dir or DBFERRY_STATE_DIR")
            })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file of the store.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The directory of lease files.
    pub(crate) fn leases(&self) -> PathBuf {
        self.0.join("leases")
    }
}

/// Opens a file for reading and writing, making it readable for its owner alone.
pub(crate) fn open_private_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|error| unavailable("cannot be opened", path, error))
}

fn make_private_dir(path: &Path) -> Result<(), Error> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .map_err(|error| unavailable("cannot be made", path, error))
}

/// The error of a state file or directory that the system refuses.
pub(crate) fn unavailable(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::definite(
        Code::StateUnavailable,
        format!("the state directory or a file in it {what}"),
    )
    .with_object(path.display())
    .with_hint("name a directory that you may write with --state-dir or DBFERRY_STATE_DIR")
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let found = StateDir::default_path(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.into())
        });
        assert_eq!(found.ok(), expected.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn the_most_specific_variable_names_the_place() {
        check(
            &[("DBFERRY_STATE_DIR", "/a"), ("XDG_STATE_HOME", "/b")],
            Some("/a"),
        );
        check(
            &[("XDG_STATE_HOME", "/b"), ("HOME", "/c")],
            Some("/b/dbferry"),
        );
        check(
            &[("XDG_STATE_HOME", "relative"), ("HOME", "/c")],
            Some("/c/.local/state/dbferry"),
        );
        check(
            &[("DBFERRY_STATE_DIR", ""), ("HOME", "/c")],
            Some("/c/.local/state/dbferry"),
        );
        check(&[], None);
    }
}
