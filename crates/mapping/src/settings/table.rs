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

use Effect::{Honoured, Later, NeverAsGiven, Otherwise};
use Fallback::{Absent, Bool, Int, Members, Null, Text};
use Kind::{Boolean, Choice, Group, Integer, List, LogComponents, ReadOnly};

/// A size or count without an upper bound of its own.
const COUNT: Kind = Integer(0, i32::MAX as i64);

const CDC: Effect = Later("it concerns ongoing changes, which this release does not carry");
const VALIDATION: Effect = Later("validation is not part of this release");
const CONTROL: Effect = Later("control tables on the target are not part of this release");
const LOGGING: Effect =
    Otherwise("the log goes to standard error; choose what it shows with the RUST_LOG variable");
const WORKERS: Effect = Otherwise(
    "the workers and their buffers follow from the memory budget and MaxFullLoadSubTasks",
);
const WHOLE: Effect = Otherwise("large values travel with their rows, whole, whatever their size");

const fn setting(name: &'static str, kind: Kind, default: Fallback, effect: Effect) -> Setting {
    Setting {
        name,
        kind,
        default,
        effect,
    }
}

pub(super) const ROW_POLICIES: &[&str] =
    &["IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"];
pub(super) const TABLE_POLICIES: &[&str] = &["SUSPEND_TABLE", "STOP_TASK"];
const ESCALATIONS: &[&str] = &["LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"];
const INSERT_POLICIES: &[&str] = &[
    "IGNORE_RECORD",
    "LOG_ERROR",
    "SUSPEND_TABLE",
    "STOP_TASK",
    "INSERT_RECORD",
];
const UPDATE_POLICIES: &[&str] = &[
    "IGNORE_RECORD",
    "LOG_ERROR",
    "SUSPEND_TABLE",
    "STOP_TASK",
    "UPDATE_RECORD",
];
const COLUMN_FILTERS: &[&str] = &["pk-only", "non-lob", "all"];

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

const TARGET_METADATA: &[Setting] = &[
    setting("TargetSchema", Kind::Text, Text(""), Honoured),
    setting("SupportLobs", Boolean, Bool(true), Honoured),
    setting("FullLobMode", Boolean, Bool(false), WHOLE),
    setting("LobChunkSize", COUNT, Int(64), WHOLE),
    setting(
        "LimitedSizeLobMode",
        Boolean,
        Bool(true),
        NeverAsGiven("values are never cut: large values travel with their rows, whole"),
    ),
    setting(
        "LobMaxSize",
        COUNT,
        Int(32),
        NeverAsGiven("values are never cut: large values travel with their rows, whole"),
    ),
    setting("InlineLobMaxSize", Integer(0, 102_400), Int(0), WHOLE),
    setting(
        "LoadMaxFileSize",
        COUNT,
        Int(0),
        Otherwise("rows are streamed to the target from memory, without files"),
    ),
    setting("ParallelLoadThreads", Integer(0, 200), Int(0), WORKERS),
    setting("ParallelLoadBufferSize", Integer(0, 1000), Int(0), WORKERS),
    setting("BatchApplyEnabled", Boolean, Bool(false), CDC),
    setting("TaskRecoveryTableEnabled", Boolean, Bool(false), CDC),
    setting("ParallelLoadQueuesPerThread", COUNT, Int(0), WORKERS),
    setting("ParallelApplyThreads", COUNT, Int(0), CDC),
    setting("ParallelApplyBufferSize", COUNT, Int(0), CDC),
    setting("ParallelApplyQueuesPerThread", COUNT, Int(0), CDC),
];

/// What happens to a target table that exists, `REFUSE_NON_EMPTY` being dbferry's own.
pub(super) const PREPARATIONS: &[&str] = &[
    "REFUSE_NON_EMPTY",
    "DO_NOTHING",
    "TRUNCATE_BEFORE_LOAD",
    "DROP_AND_CREATE",
];

const FULL_LOAD: &[Setting] = &[
    // DMS: DROP_AND_CREATE.
    setting(
        "TargetTablePrepMode",
        Choice(PREPARATIONS),
        Text("REFUSE_NON_EMPTY"),
        Honoured,
    ),
    setting(
        "CreatePkAfterFullLoad",
        Boolean,
        Bool(false),
        Otherwise("rows arrive in the order of the primary key, which is there from the start"),
    ),
    setting("StopTaskCachedChangesApplied", Boolean, Bool(false), CDC),
    setting("StopTaskCachedChangesNotApplied", Boolean, Bool(false), CDC),
    setting("MaxFullLoadSubTasks", Integer(1, 49), Int(8), Honoured),
    setting("TransactionConsistencyTimeout", COUNT, Int(600), CDC),
    setting(
        "CommitRate",
        Integer(1, 50_000),
        Int(10_000),
        Otherwise("transactions of the target are sized in bytes"),
    ),
];

const LOG: &[Setting] = &[
    setting("EnableLogging", Boolean, Bool(false), LOGGING),
    setting("EnableLogContext", Boolean, Bool(false), LOGGING),
    setting("LogComponents", LogComponents, Members, LOGGING),
    setting("CloudWatchLogGroup", ReadOnly, Null, Honoured),
    setting("CloudWatchLogStream", ReadOnly, Null, Honoured),
    setting("DeleteTaskLogs", Boolean, Absent, LOGGING),
];

const CONTROL_TABLES: &[Setting] = &[
    setting("historyTimeslotInMinutes", COUNT, Int(5), CONTROL),
    setting("ControlSchema", Kind::Text, Text(""), CONTROL),
    setting("HistoryTimeslotInMinutes", COUNT, Int(5), CONTROL),
    setting("HistoryTableEnabled", Boolean, Bool(false), CONTROL),
    setting("SuspendedTablesTableEnabled", Boolean, Bool(false), CONTROL),
    setting("StatusTableEnabled", Boolean, Bool(false), CONTROL),
    setting(
        "FullLoadExceptionTableEnabled",
        Boolean,
        Bool(false),
        CONTROL,
    ),
    setting("CommitPositionTableEnabled", Boolean, Absent, CONTROL),
];

const STREAM_BUFFERS: &[Setting] = &[
    setting("StreamBufferCount", COUNT, Int(3), WORKERS),
    setting("StreamBufferSizeInMB", COUNT, Int(8), WORKERS),
    setting("CtrlStreamBufferSizeInMB", Integer(1, 8), Int(5), WORKERS),
];

const DDL: &[Setting] = &[
    setting("HandleSourceTableDropped", Boolean, Bool(true), CDC),
    setting("HandleSourceTableTruncated", Boolean, Bool(true), CDC),
    setting("HandleSourceTableAltered", Boolean, Bool(true), CDC),
];

const ERRORS: &[Setting] = &[
    // DMS: LOG_ERROR, which leaves the row out.
    setting(
        "DataErrorPolicy",
        Choice(ROW_POLICIES),
        Text("SUSPEND_TABLE"),
        Honoured,
    ),
    setting(
        "EventErrorPolicy",
        Choice(&["IGNORE", "STOP_TASK"]),
        Text("IGNORE"),
        CDC,
    ),
    // DMS: LOG_ERROR, which keeps the cut value.
    setting(
        "DataTruncationErrorPolicy",
        Choice(ROW_POLICIES),
        Text("SUSPEND_TABLE"),
        Honoured,
    ),
    setting(
        "DataMaskingErrorPolicy",
        Choice(ROW_POLICIES),
        Text("STOP_TASK"),
        Honoured,
    ),
    setting(
        "DataErrorEscalationPolicy",
        Choice(TABLE_POLICIES),
        Text("SUSPEND_TABLE"),
        Honoured,
    ),
    setting("DataErrorEscalationCount", COUNT, Int(0), Honoured),
    setting(
        "TableErrorPolicy",
        Choice(TABLE_POLICIES),
        Text("SUSPEND_TABLE"),
        Honoured,
    ),
    setting(
        "TableErrorEscalationPolicy",
        Choice(&["STOP_TASK"]),
        Text("STOP_TASK"),
        Honoured,
    ),
    setting("TableErrorEscalationCount", COUNT, Int(0), Honoured),
    setting(
        "RecoverableErrorCount",
        Integer(-1, i32::MAX as i64),
        Int(-1),
        Honoured,
    ),
    setting("RecoverableErrorInterval", COUNT, Int(5), Honoured),
    setting("RecoverableErrorThrottling", Boolean, Bool(true), Honoured),
    setting("RecoverableErrorThrottlingMax", COUNT, Int(1800), Honoured),
    setting(
        "RecoverableErrorStopRetryAfterThrottlingMax",
        Boolean,
        Bool(true),
        Honoured,
    ),
    setting(
        "ApplyErrorDeletePolicy",
        Choice(ROW_POLICIES),
        Text("IGNORE_RECORD"),
        CDC,
    ),
    setting(
        "ApplyErrorInsertPolicy",
        Choice(INSERT_POLICIES),
        Text("LOG_ERROR"),
        CDC,
    ),
    setting(
        "ApplyErrorUpdatePolicy",
        Choice(UPDATE_POLICIES),
        Text("LOG_ERROR"),
        CDC,
    ),
    setting(
        "ApplyErrorEscalationPolicy",
        Choice(ESCALATIONS),
        Text("LOG_ERROR"),
        CDC,
    ),
    setting("ApplyErrorEscalationCount", COUNT, Int(0), CDC),
    setting("ApplyErrorFailOnTruncationDdl", Boolean, Bool(false), CDC),
    setting("FullLoadIgnoreConflicts", Boolean, Bool(true), CDC),
    setting(
        "FailOnTransactionConsistencyBreached",
        Boolean,
        Bool(false),
        CDC,
    ),
    setting("FailOnNoTablesCaptured", Boolean, Bool(true), Honoured),
];

const TUNING: &[Setting] = &[
    setting("BatchApplyPreserveTransaction", Boolean, Bool(true), CDC),
    setting("BatchApplyTimeoutMin", COUNT, Int(1), CDC),
    setting("BatchApplyTimeoutMax", COUNT, Int(30), CDC),
    setting("BatchApplyMemoryLimit", COUNT, Int(500), CDC),
    setting("BatchSplitSize", COUNT, Int(0), CDC),
    setting("MinTransactionSize", COUNT, Int(1000), CDC),
    setting("CommitTimeout", COUNT, Int(1), CDC),
    setting("MemoryLimitTotal", COUNT, Int(1024), CDC),
    setting("MemoryKeepTime", COUNT, Int(60), CDC),
    setting("StatementCacheSize", Integer(0, 200), Int(50), CDC),
    setting(
        "RecoveryTimeout",
        Integer(-1, i32::MAX as i64),
        Int(-1),
        CDC,
    ),
];

const CHARACTERS: Effect =
    Later("replacing characters is not part of this release; an expression of a rule can do it");

const CHARACTER_SETS: &[Setting] = &[
    setting(
        "CharacterReplacements",
        List(&[
            setting("SourceCharacterCodePoint", Kind::Text, Absent, CHARACTERS),
            setting("TargetCharacterCodePoint", Kind::Text, Absent, CHARACTERS),
        ]),
        Absent,
        CHARACTERS,
    ),
    setting(
        "CharacterSetSupport",
        Group(&[
            setting("CharacterSet", Kind::Text, Absent, CHARACTERS),
            setting(
                "ReplaceWithCharacterCodePoint",
                Kind::Text,
                Absent,
                CHARACTERS,
            ),
        ]),
        Absent,
        Honoured,
    ),
];

const LOOPBACK: &[Setting] = &[
    setting("EnableLoopbackPrevention", Boolean, Bool(false), CDC),
    setting("SourceSchema", Kind::Text, Text(""), CDC),
    setting("TargetSchema", Kind::Text, Text(""), CDC),
];

const BEFORE_IMAGES: &[Setting] = &[
    setting("EnableBeforeImage", Boolean, Bool(false), CDC),
    setting("FieldName", Kind::Text, Text(""), CDC),
    setting("ColumnFilter", Choice(COLUMN_FILTERS), Text("pk-only"), CDC),
];

const OPERATIONS: &[&str] = &["INSERT", "UPDATE", "DELETE", "COMMIT", "ROLLBACK", "ALL"];

const TIME_TRAVEL: &[Setting] = &[
    setting("EnableTT", Boolean, Bool(false), CDC),
    setting("FailTaskOnTTFailure", Boolean, Bool(false), CDC),
    setting(
        "TTS3Settings",
        Group(&[
            setting(
                "EncryptionMode",
                Choice(&["SSE_S3", "SSE_KMS"]),
                Absent,
                CDC,
            ),
            setting("ServerSideEncryptionKmsKeyId", Kind::Text, Absent, CDC),
            setting("ServiceAccessRoleArn", Kind::Text, Absent, CDC),
            setting("BucketName", Kind::Text, Absent, CDC),
            setting("BucketFolder", Kind::Text, Absent, CDC),
            setting("EnableDeletingFromS3OnTaskDelete", Boolean, Absent, CDC),
        ]),
        Null,
        Honoured,
    ),
    setting(
        "TTRecordSettings",
        Group(&[
            setting("EnableRawData", Boolean, Absent, CDC),
            setting("RawDataFormat", Choice(&["TEXT", "HEX"]), Absent, CDC),
            setting("OperationsToLog", Choice(OPERATIONS), Absent, CDC),
            setting("MaxRecordSize", COUNT, Absent, CDC),
        ]),
        Null,
        Honoured,
    ),
];

const VALIDATIONS: &[Setting] = &[
    setting("EnableValidation", Boolean, Bool(false), VALIDATION),
    setting(
        "ValidationMode",
        Choice(&["ROW_LEVEL", "GROUP_LEVEL"]),
        Text("ROW_LEVEL"),
        VALIDATION,
    ),
    setting(
        "ThreadCount",
        Integer(1, i32::MAX as i64),
        Int(5),
        VALIDATION,
    ),
    setting("PartitionSize", COUNT, Int(10_000), VALIDATION),
    setting("FailureMaxCount", COUNT, Int(10_000), VALIDATION),
    setting("TableFailureMaxCount", COUNT, Int(1000), VALIDATION),
    setting("RecordFailureDelayInMinutes", COUNT, Int(5), VALIDATION),
    setting(
        "RecordFailureDelayLimitInMinutes",
        COUNT,
        Int(0),
        VALIDATION,
    ),
    setting("RecordSuspendDelayInMinutes", COUNT, Int(30), VALIDATION),
    setting("MaxKeyColumnSize", COUNT, Int(8096), VALIDATION),
    setting("ValidationOnly", Boolean, Bool(false), VALIDATION),
    setting("HandleCollationDiff", Boolean, Bool(false), VALIDATION),
    setting("SkipLobColumns", Boolean, Bool(false), VALIDATION),
    setting("ValidationPartialLobSize", COUNT, Int(0), VALIDATION),
    setting("ValidationQueryCdcDelaySeconds", COUNT, Int(0), VALIDATION),
    setting("ValidationS3Time", COUNT, Int(0), VALIDATION),
    setting("ValidationS3Mask", COUNT, Int(0), VALIDATION),
];

const RESYNC: &[Setting] = &[
    setting("EnableResync", Boolean, Absent, VALIDATION),
    setting("ResyncSchedule", Kind::Text, Absent, VALIDATION),
    setting("MaxResyncTime", Integer(5, 14_400), Absent, VALIDATION),
    setting("ValidationTaskId", Kind::Text, Absent, VALIDATION),
];
