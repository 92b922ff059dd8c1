//! What the rules decide about each selected table, before anything is built.

use dbferry_core::catalog::Table;
use dbferry_core::filter::Filter;
use dbferry_core::{DataType, Error, TableName};

use super::Run;
use super::columns;
use super::names;
use super::select::Selected;
use crate::resolution::{Computed, Mask};

/// A selected table and the decisions about it.
pub(super) struct Draft<'a> {
    pub(super) source: &'a Table,
    pub(super) name: TableName,
    /// One for each source column.
    pub(super) fates: Vec<Fate>,
    pub(super) added: Vec<Added>,
    pub(super) filter: Option<Filter>,
    pub(super) load_order: Option<u32>,
}

/// What becomes of a source column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fate {
    /// Its name on the target; `None` drops it.
    pub(super) name: Option<String>,
    /// Another type.
    pub(super) data_type: Option<DataType>,
    /// How its values are hidden.
    pub(super) mask: Option<Mask>,
}

/// A column that only the target has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Added {
    pub(super) name: String,
    pub(super) data_type: DataType,
    pub(super) fill: Fill,
    pub(super) mask: Option<Mask>,
}

/// What fills an added column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fill {
    /// The target's default.
    Default,
    /// An expression.
    Expression(Computed),
    /// The value that the source column at this position had before a change.
    BeforeImage(usize),
}

impl Draft<'_> {
    /// Whether any column is dropped or has another name.
    pub(super) fn changes_columns(&self) -> bool {
        let columns = self.source.columns.iter().zip(&self.fates);
        columns
            .into_iter()
            .any(|(column, fate)| fate.name.as_ref() != Some(&column.name))
    }

    /// The new name of a source column: `None` when there is no such column, `Some(None)` when it
    /// is dropped.
    pub(super) fn renamed(&self, column: &str) -> Option<Option<&str>> {
        let index = self.source.column_index(column)?;
        Some(self.fates[index].name.as_deref())
    }

    /// Where each target column comes from, in words, and its name.
    pub(super) fn column_names(&self) -> impl Iterator<Item = (&str, &str)> {
        let kept = self.source.columns.iter().zip(&self.fates);
        let kept = kept.filter_map(|(column, fate)| Some((&*column.name, fate.name.as_deref()?)));
        kept.chain(
            self.added
                .iter()
                .map(|added| ("an added column", &*added.name)),
        )
    }
}

/// Decides about every selected table.
pub(super) fn drafts<'a>(
    run: &mut Run<'a>,
    selected: Vec<Selected<'a>>,
) -> Result<Vec<Draft<'a>>, Error> {
    selected
        .into_iter()
        .map(|selected| draft(run, selected))
        .collect()
}

fn draft<'a>(run: &mut Run<'a>, selected: Selected<'a>) -> Result<Draft<'a>, Error> {
    let source = selected.table;
    let name = names::table(run, source)?;
    let concerned = columns::rules_of_table(run, source);
    let fates = columns::fates(run, source, &concerned)?;
    let added = columns::added(run, source, &name, &fates, &concerned);
    Ok(Draft {
        source,
        name,
        fates,
        added,
        filter: selected.filter,
        load_order: selected.load_order,
    })
}
