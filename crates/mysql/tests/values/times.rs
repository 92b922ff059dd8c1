//! Dates and times, the impossible ones included.

use super::copy::{Case, DIRECTIONS, WAYS};

#[tokio::test]
async fn dates_arrive_whatever_the_calendar_says() {
    Case {
        name: "dates",
        columns: "id DATE PRIMARY KEY, a DATETIME, b DATETIME(6), c DATETIME(3) NOT NULL",
        target_columns: None,
        inserts: &[
            "VALUES ('0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00')",
            "VALUES ('2024-00-00', '2024-00-00', '2024-02-00 10:00:00', '2024-00-31 00:00:00.5')",
            "VALUES ('2023-02-31', '2023-02-31 23:59:59', NULL, '2023-04-31')",
            "VALUES ('0001-01-01', '1000-01-01', '0001-01-01 00:00:00.000001', '0099-12-31')",
            "VALUES ('9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', \
             '9999-12-31 23:59:59.999')",
            "VALUES ('2024-02-29', '2024-03-31 02:30:00', '2024-02-29 12:00:00.1', '2024-01-01')",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn times_keep_sign_days_and_fractions() {
    Case {
        name: "times",
        columns: "id TIME(2) PRIMARY KEY, a TIME, b TIME(1), c TIME(6)",
        target_columns: None,
        inserts: &[
            "VALUES ('-838:59:59', '-838:59:59', '-838:59:59', '-838:59:59')",
            "VALUES ('838:59:59', '838:59:59', '838:59:59', '838:59:59')",
            "VALUES ('-00:00:00.5', '-00:00:01', '-00:00:00.1', '-00:00:00.000001')",
            "VALUES ('00:00:00', 0, 0, 0), ('100:00:00.25', NULL, '101:00:00.9', '23:59:59.999999')",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// The target's time zone is another than the source's, and one that has summer time would show
/// an hour twice.
#[tokio::test]
async fn timestamps_are_instants() {
    Case {
        name: "timestamps",
        columns: "id TIMESTAMP(3) NOT NULL DEFAULT '2000-01-01 00:00:00' PRIMARY KEY, \
            a TIMESTAMP NULL, b TIMESTAMP(6) NULL DEFAULT CURRENT_TIMESTAMP(6) \
            ON UPDATE CURRENT_TIMESTAMP(6)",
        target_columns: None,
        inserts: &[
            "VALUES ('0000-00-00', '0000-00-00', NULL)",
            "VALUES ('1970-01-01 00:00:01', '1970-01-01 00:00:01', '1970-01-01 00:00:01.000001')",
            "VALUES ('2038-01-19 03:14:07.999', '2038-01-19 03:14:07', \
             '2038-01-19 03:14:07.999999')",
            "VALUES ('2024-03-31 01:30:00', '2024-10-27 01:30:00', '2024-10-27 02:30:00.5')",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}
