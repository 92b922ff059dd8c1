//! What an error means for a task. Decided here and nowhere else.

use dbferry_core::{Code, Error};
use dbferry_mapping::{ResolvedSettings, RowErrorPolicy, TableErrorPolicy};

/// What follows from an error that attempts could not mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// The table is left as it is with its reason; the others go on.
    SuspendTable,
    /// Nothing can go on. What is loaded stays, and the task can be resumed.
    StopTask,
}

/// Decides about an error that befell one table, when `suspended` others are suspended already.
pub(crate) fn consequence(
    error: &Error,
    settings: &ResolvedSettings,
    suspended: usize,
) -> Consequence {
    let stops = error.is_transient()
        || concerns_every_table(error.code())
        || settings.table_error == TableErrorPolicy::StopTask
        || row_policy(error.code(), settings) == Some(RowErrorPolicy::StopTask)
        || too_many(suspended, settings.table_error_escalation_count);
    if stops {
        Consequence::StopTask
    } else {
        Consequence::SuspendTable
    }
}

/// What the settings say about errors of single rows.
fn row_policy(code: Code, settings: &ResolvedSettings) -> Option<RowErrorPolicy> {
    match code {
        Code::ValueRefused => Some(settings.data_truncation_error),
        Code::ValueUnrepresentable | Code::ExpressionFailed => Some(settings.data_error),
        _ => None,
    }
}

/// Whether this table is the one too many; a count of 0 is no limit.
fn too_many(suspended: usize, count: u32) -> bool {
    count > 0 && suspended + 1 > count as usize
}

/// Whether the next table would fail in the same way.
fn concerns_every_table(code: Code) -> bool {
    matches!(
        code,
        Code::ConnectFailed
            | Code::AccessDenied
            | Code::TlsFailed
            | Code::AuthenticationUnsupported
            | Code::ServerUnsupported
            | Code::DiskFull
            | Code::StateUnavailable
            | Code::TaskLocked
            | Code::Stopped
            | Code::Internal
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(error: Error, expected: Consequence) {
        assert_eq!(
            consequence(&error, &ResolvedSettings::default(), 0),
            expected,
            "{}",
            error.report()
        );
    }

    #[test]
    fn faults_of_one_table_leave_the_others_alone() {
        check(
            Error::definite(Code::ValueRefused, ""),
            Consequence::SuspendTable,
        );
        check(
            Error::definite(Code::ObjectMissing, ""),
            Consequence::SuspendTable,
        );
        check(
            Error::definite(Code::StateConflict, ""),
            Consequence::SuspendTable,
        );
    }

    #[test]
    fn faults_of_the_world_stop_the_task() {
        check(
            Error::transient(Code::ConnectionLost, ""),
            Consequence::StopTask,
        );
        check(Error::definite(Code::DiskFull, ""), Consequence::StopTask);
        check(Error::definite(Code::Stopped, ""), Consequence::StopTask);
    }

    #[test]
    fn settings_make_faults_of_one_table_stop_the_task() {
        let error = Error::definite(Code::ValueRefused, "");
        let stops = |change: fn(&mut ResolvedSettings), suspended| {
            let mut settings = ResolvedSettings::default();
            change(&mut settings);
            consequence(&error, &settings, suspended) == Consequence::StopTask
        };
        assert!(stops(
            |settings| settings.table_error = TableErrorPolicy::StopTask,
            0
        ));
        assert!(stops(
            |settings| settings.data_truncation_error = RowErrorPolicy::StopTask,
            0
        ));
        assert!(!stops(
            |settings| settings.table_error_escalation_count = 2,
            1
        ));
        assert!(stops(
            |settings| settings.table_error_escalation_count = 2,
            2
        ));
    }
}
