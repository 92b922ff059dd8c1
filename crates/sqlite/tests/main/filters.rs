//! Filters, by the column's own rules of comparison.

use std::sync::Arc;

use dbferry_core::filter::{Comparison, Filter, FilterTerm};
use dbferry_core::{CellForm, Code, Endpoint, TableRead};

use crate::support::{Folder, cells, name, read_of, scope, source};

fn filter(column: &str, any: Vec<Comparison>) -> Filter {
    Filter {
        terms: vec![FilterTerm {
            column: column.to_owned(),
            any,
        }],
    }
}

#[tokio::test]
async fn values_compare_as_the_column_does() {
    let folder = Folder::new();
    let script = "CREATE TABLE t (i INTEGER, s TEXT COLLATE NOCASE, u, b BLOB);
                  INSERT INTO t VALUES (5, 'abc', 5, x'61'), (10, 'ABC', '5', x'62'), \
                  (NULL, '', NULL, NULL), (7, 'x'' OR 1=1', 2.5, x'')";
    let a = source(folder.database("a.db", script)).await;
    let catalog = a.catalog(&scope()).await.unwrap();
    let read = read_of(&a, &catalog.tables[0], CellForm::Native);
    let check = async |column: &str, any: Vec<Comparison>, expected: u64| {
        let filter = filter(column, any);
        let counted = a.count_rows(&name("t"), Some(&filter)).await.unwrap();
        assert_eq!(counted, expected, "{filter:?}");
        let filtered = Arc::new(TableRead {
            filter: Some(filter),
            ..(*read).clone()
        });
        let read = cells(&a, &filtered).await.unwrap();
        assert_eq!(read.len() as u64, expected * 4);
    };
    let text = |text: &str| text.to_owned();
    check("i", vec![Comparison::Equal(text("05"))], 1).await;
    check("i", vec![Comparison::AtLeast(text("7"))], 2).await;
    check("i", vec![Comparison::NotEqual(text("5"))], 2).await;
    check("i", vec![Comparison::Between(text("5"), text("9"))], 2).await;
    check("i", vec![Comparison::NotBetween(text("5"), text("9"))], 1).await;
    check(
        "I",
        vec![Comparison::IsNull, Comparison::AtMost(text("5"))],
        2,
    )
    .await;
    check("i", vec![Comparison::IsNotNull], 3).await;
    check("s", vec![Comparison::Equal(text("abc"))], 2).await;
    check("s", vec![Comparison::Equal(text("x' OR 1=1"))], 1).await;
    check("u", vec![Comparison::AtMost(text("5"))], 2).await;
    check("b", vec![Comparison::Equal(text("a"))], 1).await;
    check("b", Vec::new(), 0).await;
}

#[tokio::test]
async fn what_does_not_exist_is_an_error() {
    let folder = Folder::new();
    let a = source(folder.database("a.db", "CREATE TABLE t (a)")).await;
    let unknown = filter("b", vec![Comparison::IsNull]);
    let error = a.count_rows(&name("t"), Some(&unknown)).await.unwrap_err();
    assert_eq!(error.code(), Code::RuleNotApplicable);
    let error = a.count_rows(&name("u"), None).await.unwrap_err();
    assert_eq!(error.code(), Code::ObjectMissing);
    assert_eq!(a.count_rows(&name("t"), None).await.unwrap(), 0);
}
