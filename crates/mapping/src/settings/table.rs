//! The table of settings: names, bounds, defaults, and what dbferry makes of each.
//!
//! It is in the order in which AWS DMS echoes them. Defaults are those of DMS but for three that
//! can lose data without a word, see [`Effect`]; those show dbferry's own default instead, so
//! that an echoed document, sent again, means what it meant.

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) default: Fallback,
    pub(super) effect: Effect,
}

/// What a setting holds.
#[derive(Debug)]
pub(super) enum Kind {
    Boolean,
    Integer(i64, i64),
    Text,
    Choice(&'static [&'static str]),
    /// A group; `null` where its default is null.
    Group(&'static [Setting]),
    /// A list of groups.
    List(&'static [Setting]),
    /// The components of the log with their severities, merged by id.
    LogComponents,
    /// Only `null`: the service fills it.
    ReadOnly,
}

/// The value of a setting that is not given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fallback {
    /// The group of its members' defaults; every log component.
    Members,
    Null,
    /// Not in the echo either.
    Absent,
    Bool(bool),
    Int(i64),
    Text(&'static str),
}

/// What dbferry makes of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// What it says.
    Honoured,
    /// Nothing, because the function is not there yet.
    Later(&'static str),
    /// Nothing, because dbferry does it otherwise: how.
    Otherwise(&'static str),
    /// The same, and worth saying even when the value is the default.
    NeverAsGiven(&'static str),
}

use Effect::Honoured;
use Fallback::{Absent, Bool, Members, Null};
use Kind::{Boolean, Group, ReadOnly};

pub(super) const fn setting(
    name: &'static str,
    kind: Kind,
    default: Fallback,
    effect: Effect,
) -> Setting {
    Setting {
        name,
        kind,
        default,
        effect,
    }
}

/// The severities of a log component.
pub(super) const SEVERITIES: &[&str] = &[
    "LOGGER_SEVERITY_ERROR",
    "LOGGER_SEVERITY_WARNING",
    "LOGGER_SEVERITY_INFO",
    "LOGGER_SEVERITY_DEFAULT",
    "LOGGER_SEVERITY_DEBUG",
    "LOGGER_SEVERITY_DETAILED_DEBUG",
];

/// The log components that an echo lists.
pub(super) const LOG_COMPONENTS: &[&str] = &[
    "TRANSFORMATION",
    "SOURCE_UNLOAD",
    "IO",
    "TARGET_LOAD",
    "PERFORMANCE",
    "SOURCE_CAPTURE",
    "SORTER",
    "REST_SERVER",
    "VALIDATOR_EXT",
    "TARGET_APPLY",
    "TASK_MANAGER",
    "TABLES_MANAGER",
    "METADATA_MANAGER",
    "FILE_FACTORY",
    "COMMON",
    "ADDONS",
    "DATA_STRUCTURE",
    "COMMUNICATION",
    "FILE_TRANSFER",
];

/// Log components that are known but not listed unless given.
pub(super) const MORE_LOG_COMPONENTS: &[&str] =
    &["VALIDATOR", "DATA_RESYNC", "RESYNC_UNLOAD", "RESYNC_APPLY"];

use super::groups::{
    BEFORE_IMAGES, CDC, CHARACTER_SETS, CONTROL_TABLES, DDL, ERRORS, FULL_LOAD, LOG, LOOPBACK,
    RESYNC, STREAM_BUFFERS, TARGET_METADATA, TIME_TRAVEL, TUNING, VALIDATIONS,
};

/// The whole document.
pub(super) const DOCUMENT: &[Setting] = &[
    setting("TargetMetadata", Group(TARGET_METADATA), Members, Honoured),
    setting("FullLoadSettings", Group(FULL_LOAD), Members, Honoured),
    setting("Logging", Group(LOG), Members, Honoured),
    setting(
        "ControlTablesSettings",
        Group(CONTROL_TABLES),
        Members,
        Honoured,
    ),
    setting(
        "StreamBufferSettings",
        Group(STREAM_BUFFERS),
        Members,
        Honoured,
    ),
    setting(
        "ChangeProcessingDdlHandlingPolicy",
        Group(DDL),
        Members,
        Honoured,
    ),
    setting("ErrorBehavior", Group(ERRORS), Members, Honoured),
    setting("ChangeProcessingTuning", Group(TUNING), Members, Honoured),
    setting("PostProcessingRules", ReadOnly, Null, Honoured),
    setting(
        "CharacterSetSettings",
        Group(CHARACTER_SETS),
        Null,
        Honoured,
    ),
    setting(
        "LoopbackPreventionSettings",
        Group(LOOPBACK),
        Null,
        Honoured,
    ),
    setting("BeforeImageSettings", Group(BEFORE_IMAGES), Null, Honoured),
    setting(
        "FailTaskWhenCleanTaskResourceFailed",
        Boolean,
        Bool(false),
        CDC,
    ),
    setting("TTSettings", Group(TIME_TRAVEL), Members, Honoured),
    setting("ValidationSettings", Group(VALIDATIONS), Members, Honoured),
    setting("ResyncSettings", Group(RESYNC), Absent, Honoured),
];
