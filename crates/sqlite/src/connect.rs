//! Opening files.
//!
//! A source must be the same after the copy as before, and so must its directory. In rollback
//! mode opening it read-only is enough. In WAL mode it is not: SQLite then makes the `-wal` and
//! `-shm` files if they are missing, and a read-only connection cannot take them away again. So a
//! WAL file without them is opened for writing with every write forbidden (`query_only`), which
//! lets the last connection remove what the first had to make; where they exist, some other
//! program made them and they stay.
//!
//! | what the file is | how it is opened |
//! |---|---|
//! | a target | for writing |
//! | a source with `immutable=yes` | read-only, without locks |
//! | a source in WAL mode without `-wal` file, in a directory that allows it | for writing, `query_only` |
//! | any other source | read-only |
//!
//! Every connection has foreign keys and the schema's trust switched off: a definition in a
//! foreign file may call only harmless functions.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use dbferry_core::{Code, Error};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::config::SqliteConfig;
use crate::fault::explain;

/// Memory for pages of a connection that reads, in KiB; SQLite's default is 2 MiB.
const READ_CACHE_KIB: i64 = 8 * 1024;
/// Memory for pages, and for sorting when indexes are built, of a connection that writes, in KiB.
const WRITE_CACHE_KIB: i64 = 32 * 1024;

/// How the file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Write,
    ReadOnly,
    Immutable,
    /// Without the right to change anything but the helper files of WAL mode.
    Tidy,
}

/// Opens connections to one file, all in the same way.
#[derive(Debug)]
pub(crate) struct Opener {
    path: PathBuf,
    access: Access,
    config: SqliteConfig,
}

impl Opener {
    /// Looks at the file and decides how it is opened.
    ///
    /// # Errors
    /// `FileUnavailable` for what is missing, no file, or not allowed.
    pub(crate) fn new(config: SqliteConfig) -> Result<Self, Error> {
        let path = std::path::absolute(&config.path).map_err(|error| {
            unavailable(&config.path, "the path is not valid").with_source(error)
        })?;
        look(&path, &config)?;
        let access = match (config.writable, config.immutable) {
            (true, _) => Access::Write,
            (false, true) => Access::Immutable,
            (false, false) if is_wal(&path)? && !helper_exists(&path) => Access::Tidy,
            (false, false) => Access::ReadOnly,
        };
        Ok(Self {
            path,
            access,
            config,
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether connections may write.
    pub(crate) fn is_writable(&self) -> bool {
        self.access == Access::Write
    }

    /// Opens a connection and makes sure that there is a database behind it.
    ///
    /// # Errors
    /// `FileUnavailable`, `LockConflict`.
    pub(crate) fn open(&self) -> Result<Connection, Error> {
        self.try_open()
            .map_err(|error| explain(error).with_object(self.path.display()))
    }

    fn try_open(&self) -> rusqlite::Result<Connection> {
        let connection = match self.access {
            Access::Immutable => Connection::open_with_flags(
                immutable_uri(&self.path),
                OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
            )?,
            _ => Connection::open_with_flags(&self.path, self.flags())?,
        };
        connection.busy_timeout(self.config.busy_timeout)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        let cache = match self.access {
            Access::Write => WRITE_CACHE_KIB,
            _ => READ_CACHE_KIB,
        };
        connection.pragma_update(None, "cache_size", -cache)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        if self.access == Access::Tidy {
            connection.pragma_update(None, "query_only", true)?;
        }
        // The first page is read only now, and whatever is wrong with it shows.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    }

    fn flags(&self) -> OpenFlags {
        let mode = match self.access {
            Access::ReadOnly | Access::Immutable => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write if self.config.create => {
                OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
            }
            Access::Write | Access::Tidy => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        // A connection is used by one thread at a time.
        mode | OpenFlags::SQLITE_OPEN_NO_MUTEX
    }
}

/// Says what is wrong with a path before SQLite does, because it says less.
fn look(path: &Path, config: &SqliteConfig) -> Result<(), Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(metadata) if metadata.is_dir() => {
            Err(unavailable(path, "the path is a directory")
                .with_hint("name the database file itself"))
        }
        Ok(_) => Err(unavailable(path, "the path is not a regular file")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => missing(path, config),
        Err(error) => Err(unavailable(path, "the file cannot be looked at")
            .with_hint("check the permissions of the file and of its directories")
            .with_source(error)),
    }
}

fn missing(path: &Path, config: &SqliteConfig) -> Result<(), Error> {
    if !config.create {
        return Err(unavailable(path, "the file does not exist").with_hint("check the path"));
    }
    match path.parent() {
        Some(parent) if parent.is_dir() => Ok(()),
        _ => Err(
            unavailable(path, "the directory of the file does not exist")
                .with_hint("make the directory, or check the path"),
        ),
    }
}

/// Whether the header of a file says that it is in WAL mode (fileformat.html, section 1.3.3).
fn is_wal(path: &Path) -> Result<bool, Error> {
    let mut header = [0; 20];
    let mut file = File::open(path).map_err(|error| {
        unavailable(path, "the file cannot be opened")
            .with_hint("check the permissions of the file")
            .with_source(error)
    })?;
    // A shorter file is no database in WAL mode.
    Ok(file.read_exact(&mut header).is_ok() && header[18] == 2 && header[19] == 2)
}

/// Whether the files of WAL mode are there, or could not be made and removed anyway.
fn helper_exists(path: &Path) -> bool {
    let writable = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
    };
    sibling(path, "-wal").exists() || !writable(path)
}

/// The file beside a database with this suffix.
pub(crate) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for character in path.to_string_lossy().chars() {
        match character {
            '%' => uri.push_str("%25"),
            '?' => uri.push_str("%3f"),
            '#' => uri.push_str("%23"),
            _ => uri.push(character),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

fn unavailable(path: &Path, message: &str) -> Error {
    Error::definite(Code::FileUnavailable, message).with_object(path.display())
}
