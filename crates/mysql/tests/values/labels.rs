//! ENUM and SET.

use dbferry_core::CellForm;

use super::copy::{Case, DIRECTIONS, LARGE, Path, WAYS};

const NATIVE: [(CellForm, Path); 2] = [
    (CellForm::Native, Path::LoadData),
    (CellForm::Native, Path::Insert),
];

#[tokio::test]
async fn labels_and_the_error_value_arrive() {
    Case {
        name: "labels",
        columns: "id INT PRIMARY KEY, a ENUM('x','y','z') CHARACTER SET latin1, \
            b ENUM('ä','ö','日') NOT NULL, c SET('a','b','ß') CHARACTER SET utf8mb3, \
            d SET('one') NOT NULL",
        target_columns: None,
        inserts: &[
            "VALUES (1, 'x', 'ä', 'a,ß', 'one'), (2, 'z', '日', '', ''), (3, NULL, 'ö', NULL, '')",
            // 0 is the error value.
            "VALUES (4, 3, 3, 7, 1), (5, 0, 0, 0, 0), (6, 'unknown', 'ä', 'a', 'one')",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn labels_that_are_empty_or_look_like_numbers_arrive() {
    Case {
        name: "odd_labels",
        columns: "id INT PRIMARY KEY, a ENUM('a','') NULL, b ENUM('2','1','0'), c ENUM('①','x'), \
            d SET('2','1'), e SET('','q')",
        target_columns: None,
        inserts: &[
            "VALUES (1, 'a', '2', '①', '2', 'q'), (2, 2, '1', 'x', '1', ''), \
            (3, 2, '0', 2, '2,1', 1), (4, NULL, NULL, NULL, NULL, NULL), (5, 1, 3, 1, 3, 3), \
            (6, 0, 0, 0, 0, 0)",
        ],
    }
    .check(&DIRECTIONS, &NATIVE)
    .await;
}

#[tokio::test]
async fn sets_of_64_labels_arrive() {
    let labels: Vec<String> = (0..64).map(|label| format!("'m{label}'")).collect();
    let columns = format!("id INT PRIMARY KEY, a SET({})", labels.join(", "));
    Case {
        name: "set64",
        columns: &columns,
        target_columns: None,
        inserts: &["VALUES (1, 18446744073709551615), (2, 9223372036854775808), (3, 1), (4, 0)"],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

#[tokio::test]
async fn enums_and_sets_are_keys() {
    Case {
        name: "label_keys",
        columns: "e ENUM('z','y','x','w'), s SET('c','b','a'), n INT, PRIMARY KEY (e, s, n)",
        target_columns: None,
        inserts: &[
            "SELECT 1 + n % 4, n % 8, n FROM (WITH RECURSIVE s(n) AS \
            (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 90) SELECT n FROM s) AS x",
            "VALUES (0, 0, -1)",
        ],
    }
    .check(&DIRECTIONS, &WAYS)
    .await;
}

/// Every row of a statement may hold an error value, and MariaDB warns of each.
#[tokio::test]
async fn very_many_error_values_arrive() {
    Case {
        name: "error_values",
        columns: "n INT PRIMARY KEY, a ENUM('x'), b ENUM('7')",
        target_columns: None,
        inserts: &[
            "SELECT 1000 * a.n + b.n, 0, 0 FROM (WITH RECURSIVE s(n) AS \
            (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 39) SELECT n FROM s) AS a, \
            (WITH RECURSIVE s(n) AS \
            (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 999) SELECT n FROM s) AS b",
        ],
    }
    .check_cut(LARGE, &DIRECTIONS, &NATIVE)
    .await;
}
