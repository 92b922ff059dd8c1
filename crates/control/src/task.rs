//! Tasks as they are stored, and the keys under which their documents lie.
//!
//! | key | document |
//! |---|---|
//! | `registry/tasks/<id>` | [`Task`]: what to do, and its [`Lifecycle`] |
//! | `tasks/<id>/progress` | how far the last run is, written every second or so |
//! | `tasks/<id>/report` | the result of the last run that came to its end |
//! | `tasks/<id>/…` | whatever else the engine remembers |
//!
//! The registry has a prefix of its own, so that listing a few tasks does not read the records of
//! their many tables.
//!
//! A task is stored as its user wrote it: mappings and settings as the JSON that was given. What
//! they resolve to is worked out anew by each run, against the databases as they are then.

use dbferry_core::{Code, Error, TaskId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::endpoint::EndpointSpec;
use crate::lifecycle::Lifecycle;

/// The format of stored tasks. A later format reads this one.
const FORMAT: u32 = 1;

/// Letters of a handle: digits and lower-case letters without those that look or sound alike.
const HANDLE_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters in a handle: 30 bits, so a thousand tasks share one once in two thousand times, which
/// the making of a task then notices.
const HANDLE_LEN: usize = 6;

/// One migration: what to do, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    format: u32,
    /// Its identity.
    pub id: TaskId,
    /// A short name that it is called by, unique in the store.
    pub handle: String,
    /// The name that its user gave.
    pub name: Option<String>,
    /// Where rows come from.
    pub source: EndpointSpec,
    /// Where rows go to.
    pub target: EndpointSpec,
    /// The table mappings, JSON as given.
    pub mappings: String,
    /// The task settings, JSON as given.
    pub settings: String,
    /// What AWS DMS's documents have no word for.
    pub options: TaskOptions,
    /// When it was created.
    pub created_at: Timestamp,
    /// When the last run began.
    pub started_at: Option<Timestamp>,
    /// When the last run ended, if it said so.
    pub stopped_at: Option<Timestamp>,
    /// How often it was started.
    pub runs: u32,
    /// Where it stands.
    pub lifecycle: Lifecycle,
}

/// What a user chooses beside mappings and settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskOptions {
    /// Whether accounts and their grants go along.
    pub accounts: bool,
    /// The memory that rows in transit may take, in bytes.
    pub memory_bytes: u64,
}

/// What a new task is made of.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// A name to find it by.
    pub name: Option<String>,
    /// Where rows come from.
    pub source: EndpointSpec,
    /// Where rows go to.
    pub target: EndpointSpec,
    /// The table mappings, JSON.
    pub mappings: String,
    /// The task settings, JSON.
    pub settings: String,
    /// What AWS DMS's documents have no word for.
    pub options: TaskOptions,
}

impl Task {
    /// Makes a task with a new identity, created now.
    pub fn new(new: NewTask) -> Self {
        let id = Uuid::now_v7();
        Self {
            format: FORMAT,
            id: TaskId(id.to_string()),
            handle: handle_of(&id),
            name: new.name,
            source: new.source,
            target: new.target,
            mappings: new.mappings,
            settings: new.settings,
            options: new.options,
            created_at: Timestamp::now(),
            started_at: None,
            stopped_at: None,
            runs: 0,
            lifecycle: Lifecycle::Ready,
        }
    }

    /// Takes another identity, because the handle of this one is taken.
    pub(crate) fn renew_identity(&mut self) {
        let id = Uuid::now_v7();
        self.handle = handle_of(&id);
        self.id = TaskId(id.to_string());
    }

    /// Whether `text` calls this task in full: by its name, handle or identity.
    pub fn is_called(&self, text: &str) -> bool {
        self.name.as_deref() == Some(text) || self.handle == text || self.id.0 == text
    }

    /// Whether `text` is the beginning of its handle or identity.
    pub fn begins_with(&self, text: &str) -> bool {
        !text.is_empty() && (self.handle.starts_with(text) || self.id.0.starts_with(text))
    }

    /// Reads a stored task of this format or an older one.
    pub(crate) fn decode(key: &str, value: &[u8]) -> Result<Self, Error> {
        let task: Self = serde_json::from_slice(value)
            .map_err(|error| unreadable(key, value).with_source(error))?;
        if task.format == FORMAT {
            Ok(task)
        } else {
            Err(unreadable(key, value))
        }
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        encode(self)
    }
}

/// The short name for an identity: its last bits, which are random, as letters.
fn handle_of(id: &Uuid) -> String {
    let mut bits = id.as_u128();
    let mut letters = Vec::with_capacity(HANDLE_LEN);
    for _ in 0..HANDLE_LEN {
        letters.push(char::from(HANDLE_ALPHABET[(bits & 31) as usize]));
        bits >>= 5;
    }
    letters.into_iter().collect()
}

/// The key of every task's document, up to the task's identity.
pub(crate) const REGISTRY: &str = "registry/tasks/";

/// The key of a task's document.
pub(crate) fn task_key(task: &TaskId) -> String {
    format!("{REGISTRY}{task}")
}

/// The prefix of everything else that is remembered of a task.
pub(crate) fn records_prefix(task: &TaskId) -> String {
    format!("tasks/{task}/")
}

pub(crate) fn progress_key(task: &TaskId) -> String {
    format!("tasks/{task}/progress")
}

pub(crate) fn report_key(task: &TaskId) -> String {
    format!("tasks/{task}/report")
}

/// Writes a document.
pub(crate) fn encode(document: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(|error| {
        Error::definite(Code::Internal, "a document cannot be written").with_source(error)
    })
}

/// The error of a document that this version cannot read: of a newer format, or damaged.
pub(crate) fn unreadable(key: &str, value: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let error = match serde_json::from_slice::<Format>(value) {
        Ok(Format { format }) if format > FORMAT => Error::definite(
            Code::StateUnavailable,
            format!("a stored document has format {format}, and this version knows {FORMAT}"),
        )
        .with_hint("use the newest version of dbferry that has worked with this state directory"),
        _ => Error::definite(
            Code::StateUnavailable,
            "a stored document cannot be understood",
        )
        .with_hint("the state directory is damaged; restore it, or begin a new one"),
    };
    error.with_object(key)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::endpoint::PasswordPlace;

    pub(crate) fn new_task() -> NewTask {
        let end = |address: &str, password| EndpointSpec::new(address.parse().unwrap(), password);
        NewTask {
            name: Some("move".into()),
            source: end("mysql://ann:hunter2@a/shop", PasswordPlace::Address),
            target: end(
                "mysql://ann@b/",
                PasswordPlace::Environment {
                    variable: "DBFERRY_TARGET_PASSWORD".into(),
                },
            ),
            mappings: r#"{"rules":[]}"#.into(),
            settings: "{}".into(),
            options: TaskOptions {
                accounts: false,
                memory_bytes: 1 << 27,
            },
        }
    }

    #[test]
    fn a_task_survives_storage_without_its_passwords() {
        let task = Task::new(new_task());
        let stored = task.encode().unwrap();
        assert!(!String::from_utf8_lossy(&stored).contains("hunter2"));
        assert!(!format!("{task:?}").contains("hunter2"));
        assert_eq!(Task::decode("k", &stored).unwrap(), task);
    }

    #[test]
    fn a_task_of_format_1_can_be_read() {
        // Word for word what the first version wrote.
        let stored = br#"{"format":1,"id":"019a0000-0000-7000-8000-000000000000","handle":"k7m2qx",
            "name":null,"source":{"address":"sqlite:/a.db","password":{"from":"nowhere"}},
            "target":{"address":"mysql://u@h/","password":{"from":"file","path":"/p"}},
            "mappings":"{}","settings":"{}",
            "options":{"accounts":true,"memory_bytes":1024},
            "created_at":"2026-11-23T20:00:00Z","started_at":"2026-11-23T20:00:01Z",
            "stopped_at":null,"runs":1,"lifecycle":{"state":"running","process":42}}"#;
        let task = Task::decode("k", stored).unwrap();
        assert_eq!(task.lifecycle, Lifecycle::Running { process: 42 });
        assert_eq!(task.source.to_string(), "sqlite:/a.db");
    }

    #[test]
    fn newer_and_damaged_tasks_are_told_apart() {
        let check = |stored: &str, expected: &str| {
            let error = Task::decode("k", stored.as_bytes()).unwrap_err();
            assert_eq!(error.code(), Code::StateUnavailable);
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(r#"{"format":2,"soul":"new"}"#, "format 2");
        check(r#"{"format":1}"#, "cannot be understood");
        check("", "cannot be understood");
    }

    #[test]
    fn a_task_answers_to_name_handle_identity_and_beginnings() {
        let task = Task::new(new_task());
        for text in ["move", task.handle.as_str(), task.id.0.as_str()] {
            assert!(task.is_called(text), "{text}");
        }
        assert_eq!(task.handle.len(), HANDLE_LEN);
        assert!(task.begins_with(&task.handle[..2]));
        assert!(task.begins_with(&task.id.0[..8]));
        assert!(!task.begins_with(""));
        assert!(!task.begins_with("mov"));
    }
}
