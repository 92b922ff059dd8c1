//! The groups of settings, member by member.

use super::table::Effect::{Honoured, Later, NeverAsGiven, Otherwise};
use super::table::Fallback::{Absent, Bool, Int, Members, Null, Text};
use super::table::Kind::{self, Boolean, Choice, Group, Integer, List, LogComponents, ReadOnly};
use super::table::{Effect, Setting, setting};

/// A size or count without an upper bound of its own.
const COUNT: Kind = Integer(0, i32::MAX as i64);

pub(super) const CDC: Effect =
    Later("it concerns ongoing changes, which this release does not carry");
const VALIDATION: Effect = Later("validation is not part of this release");
const CONTROL: Effect = Later("control tables on the target are not part of this release");
const LOGGING: Effect =
    Otherwise("the log goes to standard error; choose what it shows with the RUST_LOG variable");
const WORKERS: Effect = Otherwise(
    "the workers and their buffers follow from the memory budget and MaxFullLoadSubTasks",
);
const WHOLE: Effect = Otherwise("large values travel with their rows, whole, whatever their size");

const ROW_POLICIES: &[&str] = &["IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"];
const TABLE_POLICIES: &[&str] = &["SUSPEND_TABLE", "STOP_TASK"];
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

pub(super) const TARGET_METADATA: &[Setting] = &[
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
const PREPARATIONS: &[&str] = &[
    "REFUSE_NON_EMPTY",
    "DO_NOTHING",
    "TRUNCATE_BEFORE_LOAD",
    "DROP_AND_CREATE",
];

pub(super) const FULL_LOAD: &[Setting] = &[
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
    setting("CommitRate", Integer(1, 50_000), Int(10_000), Honoured),
];

pub(super) const LOG: &[Setting] = &[
    setting("EnableLogging", Boolean, Bool(false), LOGGING),
    setting("EnableLogContext", Boolean, Bool(false), LOGGING),
    setting("LogComponents", LogComponents, Members, LOGGING),
    setting("CloudWatchLogGroup", ReadOnly, Null, Honoured),
    setting("CloudWatchLogStream", ReadOnly, Null, Honoured),
    setting("DeleteTaskLogs", Boolean, Absent, LOGGING),
];

pub(super) const CONTROL_TABLES: &[Setting] = &[
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

pub(super) const STREAM_BUFFERS: &[Setting] = &[
    setting("StreamBufferCount", COUNT, Int(3), WORKERS),
    setting("StreamBufferSizeInMB", COUNT, Int(8), WORKERS),
    setting("CtrlStreamBufferSizeInMB", Integer(1, 8), Int(5), WORKERS),
];

pub(super) const DDL: &[Setting] = &[
    setting("HandleSourceTableDropped", Boolean, Bool(true), CDC),
    setting("HandleSourceTableTruncated", Boolean, Bool(true), CDC),
    setting("HandleSourceTableAltered", Boolean, Bool(true), CDC),
];

pub(super) const ERRORS: &[Setting] = &[
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

pub(super) const TUNING: &[Setting] = &[
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

pub(super) const CHARACTER_SETS: &[Setting] = &[
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

pub(super) const LOOPBACK: &[Setting] = &[
    setting("EnableLoopbackPrevention", Boolean, Bool(false), CDC),
    setting("SourceSchema", Kind::Text, Text(""), CDC),
    setting("TargetSchema", Kind::Text, Text(""), CDC),
];

pub(super) const BEFORE_IMAGES: &[Setting] = &[
    setting("EnableBeforeImage", Boolean, Bool(false), CDC),
    setting("FieldName", Kind::Text, Text(""), CDC),
    setting("ColumnFilter", Choice(COLUMN_FILTERS), Text("pk-only"), CDC),
];

const OPERATIONS: &[&str] = &["INSERT", "UPDATE", "DELETE", "COMMIT", "ROLLBACK", "ALL"];

pub(super) const TIME_TRAVEL: &[Setting] = &[
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

pub(super) const VALIDATIONS: &[Setting] = &[
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

pub(super) const RESYNC: &[Setting] = &[
    setting("EnableResync", Boolean, Absent, VALIDATION),
    setting("ResyncSchedule", Kind::Text, Absent, VALIDATION),
    setting("MaxResyncTime", Integer(5, 14_400), Absent, VALIDATION),
    setting("ValidationTaskId", Kind::Text, Absent, VALIDATION),
];
