//! Names of things, kept apart by type.

use std::fmt;

/// The name of a table or another object inside a schema.
///
/// What MySQL calls a database and PostgreSQL a schema is a schema here; SQLite's is `main`. Names
/// are as the server stores them, unquoted.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct ObjectName {
    /// The schema that holds the object; empty for an object of the whole server.
    pub schema: String,
    /// The object's own name.
    pub name: String,
}

impl ObjectName {
    /// Joins a schema and a name.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectName {
    /// For people: control characters are escaped, nothing is quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.schema.is_empty() {
            write!(f, "{}.", self.schema.escape_debug())?;
        }
        write!(f, "{}", self.name.escape_debug())
    }
}

/// The name of a table.
pub type TableName = ObjectName;

/// The identity of a task, unique for ever.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct TaskId(pub String);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A family of databases that share types and dialect, such as `mysql` for MySQL, MariaDB and
/// Aurora MySQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Family(pub &'static str);

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
