//! What can go wrong, as a person and the engine see it.
//!
//! Every error has a stable [`Code`], a [`Class`] that tells whether trying again can help, the
//! object concerned, and, where there is one, a hint that can be acted on. Connectors make these
//! from what their servers say; the engine decides from class and code alone.

use std::fmt;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// About the data or the configuration: the same attempt fails the same way.
    Definite,
    /// About the world: a lost connection, a lock wait, a server that restarts. Back off and try
    /// again.
    Transient,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal,)+) => {
        /// The stable codes of everything that dbferry reports to a person.
        ///
        /// Each has a page of its name in `docs/errors/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name,)+ }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The code as it is printed, `DF1001`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code,)+ }
            }

            /// What the code means, in one sentence.
            pub fn summary(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii_start(),)+ }
            }
        }
    };
}

codes! {
    // 1: reaching a server.
    /// The server cannot be reached at this address.
    ConnectFailed = "DF1001",
    /// The server refused the user or the password.
    AccessDenied = "DF1002",
    /// An encrypted connection could not be made or its certificate was not accepted.
    TlsFailed = "DF1003",
    /// The connection was lost.
    ConnectionLost = "DF1004",
    /// The server did not answer in time.
    TimedOut = "DF1005",
    /// The server sent bytes that the protocol does not allow.
    ProtocolViolation = "DF1006",
    /// The server is of a kind or version that is not supported.
    ServerUnsupported = "DF1007",
    /// The server refused a new connection because it has too many.
    TooManyConnections = "DF1008",
    /// The account asks for an authentication method that the client does not have.
    AuthenticationUnsupported = "DF1009",

    // 2: what the user wrote.
    /// The endpoint address cannot be understood.
    EndpointInvalid = "DF2001",
    /// The table mappings are not valid.
    MappingInvalid = "DF2002",
    /// The task settings are not valid.
    SettingsInvalid = "DF2003",
    /// No table was matched by the selection rules.
    NoTableMatched = "DF2004",
    /// A transformation or filter rule names something that does not exist or does not fit.
    RuleNotApplicable = "DF2005",
    /// Two source objects would become the same target object.
    TargetNameConflict = "DF2006",
    /// An expression cannot be evaluated.
    ExpressionFailed = "DF2007",
    /// A function is not available between these endpoints.
    NotAvailable = "DF2008",
    /// Source and target are the same server and the same objects.
    SameObject = "DF2009",

    // 3: schemas and objects.
    /// A database, table or other object does not exist.
    ObjectMissing = "DF3001",
    /// The user lacks a privilege.
    PrivilegeMissing = "DF3002",
    /// The target already holds this table or object, and the settings do not allow to touch it.
    TargetNotEmpty = "DF3003",
    /// The target has no counterpart for a type, collation, engine or feature.
    Untranslatable = "DF3004",
    /// The server did not accept a definition.
    DefinitionRefused = "DF3005",
    /// A table changed its definition while it was being copied.
    DefinitionChanged = "DF3006",
    /// An existing target table does not fit the source table.
    TargetTableMismatch = "DF3007",
    /// The text of a definition cannot be understood.
    DefinitionUnreadable = "DF3008",

    // 4: rows.
    /// The target would store a value differently from how the source holds it.
    ValueRefused = "DF4001",
    /// A row has a key that another row already has.
    DuplicateKey = "DF4002",
    /// A row is larger than can be carried.
    RowTooLarge = "DF4003",
    /// A row or statement is larger than the target accepts.
    PacketTooLarge = "DF4004",
    /// The target has no space left.
    DiskFull = "DF4005",
    /// Source and target hold different numbers of rows.
    RowCountDiffers = "DF4006",
    /// A statement waited too long for a lock, or was the victim of a deadlock.
    LockConflict = "DF4007",
    /// The value of a column cannot be represented in the type of the target column.
    ValueUnrepresentable = "DF4008",
    /// An object is missing on the target at the end.
    InventoryDiffers = "DF4009",

    // 5: tasks and state.
    /// No task of this name is known.
    TaskMissing = "DF5001",
    /// The task is in a state that does not allow this.
    TaskStateConflict = "DF5002",
    /// The stored state cannot be read or written.
    StateUnavailable = "DF5003",
    /// The stored state changed under the writer.
    StateConflict = "DF5004",
    /// Another process works on this task.
    TaskLocked = "DF5005",
    /// The task was stopped on request.
    Stopped = "DF5006",
    /// Some tables failed; the others are done.
    TablesFailed = "DF5007",
    /// A file cannot be read or written.
    FileUnavailable = "DF5008",

    // 9: dbferry itself.
    /// The server reported an error that has no code of its own here.
    ServerError = "DF9001",
    /// An invariant of dbferry does not hold.
    Internal = "DF9002",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Code::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown error code {text:?}")))
    }
}

/// An error with everything that a person needs to act on it.
///
/// `Display` is the message alone, lower case and without row values or secrets. Code, object,
/// hint and cause are printed beside it, once, where the error is handled.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    class: Class,
    message: String,
    object: Option<String>,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error that trying again cannot help.
    pub fn definite(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Class::Definite, message.into())
    }

    /// Makes an error that trying again may help.
    pub fn transient(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Class::Transient, message.into())
    }

    fn new(code: Code, class: Class, message: String) -> Self {
        Self(Box::new(Inner {
            code,
            class,
            message,
            object: None,
            hint: None,
            source: None,
        }))
    }

    /// Names the object concerned (task, table, column, position), unless one is named already:
    /// the place nearest to the fault knows best.
    #[must_use]
    pub fn with_object(mut self, object: impl fmt::Display) -> Self {
        self.0.object.get_or_insert_with(|| object.to_string());
        self
    }

    /// Says what the reader can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the error that caused this one.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Whether trying again can help.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// Whether trying again may help.
    pub fn is_transient(&self) -> bool {
        self.0.class == Class::Transient
    }

    /// The object concerned.
    pub fn object(&self) -> Option<&str> {
        self.0.object.as_deref()
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The error in the form that is stored and shown.
    pub fn report(&self) -> ErrorReport {
        let mut causes = Vec::new();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            causes.push(error.to_string());
            cause = error.source();
        }
        ErrorReport {
            code: self.0.code,
            class: self.0.class,
            message: self.0.message.clone(),
            object: self.0.object.clone(),
            hint: self.0.hint.clone(),
            causes,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// An error as it is stored with a task and shown to a person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ErrorReport {
    /// The stable code.
    pub code: Code,
    /// Whether trying again can help.
    pub class: Class,
    /// What failed.
    pub message: String,
    /// The object concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What caused it, nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] ", self.code)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.message)?;
        self.causes
            .iter()
            .try_for_each(|cause| write!(f, ": {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_come_back() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert!(
                Code::ALL[..index]
                    .iter()
                    .all(|other| other.as_str() != code.as_str())
            );
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), *code);
        }
    }

    #[test]
    fn report_keeps_the_nearest_object_and_every_cause() {
        let error = Error::transient(Code::ConnectionLost, "reading failed")
            .with_object("table a.b")
            .with_object("task t")
            .with_source(std::io::Error::other("reset"));
        assert_eq!(
            error.report().to_string(),
            "[DF1004] table a.b: reading failed: reset"
        );
    }
}
