//! Which tables take part.
//!
//! A table is selected when an include or explicit rule names it and no exclude rule does,
//! whatever their order. Filters and load order come from the rules that select it, exact names
//! before wildcards, then the lowest id.

use dbferry_core::catalog::Table;
use dbferry_core::filter::{Filter, FilterTerm};
use dbferry_core::{ObjectName, Severity};

use super::compiled::Compiled;
use super::{Run, column_position};
use crate::resolution::{Reason, Unselected};
use crate::rules::{Selection, SelectionAction};

/// A selected table.
pub(super) struct Selected<'a> {
    pub(super) table: &'a Table,
    pub(super) filter: Option<Filter>,
    pub(super) load_order: Option<u32>,
}

/// Why an object is or is not selected.
enum Verdict {
    /// By the rules at these positions.
    Selected(Vec<usize>),
    Left(Reason),
}

/// Selects, and notes what is left out.
pub(super) fn tables<'a>(run: &mut Run<'a>) -> Vec<Selected<'a>> {
    let catalog = run.catalog;
    let mut selected = Vec::new();
    for table in &catalog.tables {
        match verdict(&run.rules, &table.name, |s| s.kinds.has_tables()) {
            Verdict::Selected(rules) => selected.push(select(run, table, rules)),
            Verdict::Left(reason) => run.resolution.unselected.push(Unselected {
                kind: None,
                name: table.name.clone(),
                reason,
            }),
        }
    }
    selected
}

/// Whether views are chosen by name in this schema, and if so, why this one is left out.
pub(super) fn view_left_out(run: &Run<'_>, name: &ObjectName) -> Option<Reason> {
    let about_views = |rule: &&Compiled<'_>| {
        rule.selection().is_some_and(|selection| {
            selection.kinds.has_views() && selection.action != SelectionAction::Exclude
        })
    };
    let chosen = run.rules.iter().filter(about_views);
    let by_name = chosen
        .filter(|rule| rule.fits_part_of_schema(&name.schema))
        .count()
        > 0;
    match verdict(&run.rules, name, |s| s.kinds.has_views()) {
        Verdict::Selected(_) => None,
        Verdict::Left(Reason::NotIncluded) if !by_name => None,
        Verdict::Left(reason) => Some(reason),
    }
}

fn verdict(
    rules: &[Compiled<'_>],
    name: &ObjectName,
    concerns: impl Fn(&Selection) -> bool,
) -> Verdict {
    let mut included = Vec::new();
    let mut excluded = None;
    for (index, rule) in rules.iter().enumerate() {
        let Some(selection) = rule.selection() else {
            continue;
        };
        if !concerns(selection) || !rule.fits_table(name) {
            continue;
        }
        rule.hit_table(name);
        match selection.action {
            SelectionAction::Exclude => excluded = excluded.or(Some(rule.rule.id)),
            SelectionAction::Include | SelectionAction::Explicit => included.push(index),
        }
    }
    match excluded {
        Some(rule) => Verdict::Left(Reason::Excluded { rule }),
        None if included.is_empty() => Verdict::Left(Reason::NotIncluded),
        None => {
            included.sort_by_key(|&index| (!rules[index].is_exact(), rules[index].rule.id));
            Verdict::Selected(included)
        }
    }
}

fn select<'a>(run: &mut Run<'a>, table: &'a Table, rules: Vec<usize>) -> Selected<'a> {
    let selections = rules
        .iter()
        .filter_map(|&index| run.rules[index].selection());
    let load_order = selections
        .clone()
        .find_map(|selection| selection.load_order);
    let filtering: Vec<usize> = rules
        .iter()
        .copied()
        .filter(|&index| {
            run.rules[index]
                .selection()
                .is_some_and(|s| !s.filters.is_empty())
        })
        .collect();
    let narrowed = filtering.len() < rules.len();
    Selected {
        table,
        filter: filter(run, table, &filtering, narrowed),
        load_order,
    }
}

/// The filter of a table from the rules that have one.
fn filter(run: &mut Run<'_>, table: &Table, rules: &[usize], narrowed: bool) -> Option<Filter> {
    let terms_of = |index: usize| run.rules[index].selection().map(|s| &s.filters);
    let (&first, others) = rules.split_first()?;
    let terms = terms_of(first)?.clone();
    if let Some(&other) = others
        .iter()
        .find(|&&other| terms_of(other) != Some(&terms))
    {
        let message = format!(
            "{}: {}: {} filters the same table otherwise; put all filters into one rule",
            run.rules[other].title(),
            table.name,
            run.rules[first].title(),
        );
        run.faults.push(message);
    }
    if narrowed {
        let message = format!(
            "{} filters the table, so only those rows take part, although another rule \
             includes it without a filter",
            run.rules[first].title(),
        );
        let finding = dbferry_core::Finding::new("filter-narrows", Severity::Info, message);
        run.find(finding.on(&table.name));
    }
    let title = run.rules[first].title();
    let terms = terms
        .into_iter()
        .filter_map(|term| bind(run, &title, table, term))
        .collect();
    Some(Filter { terms })
}

/// Finds the column of a filter.
fn bind(run: &mut Run<'_>, title: &str, table: &Table, term: FilterTerm) -> Option<FilterTerm> {
    let case = run.dialect.column_case();
    let Some(index) = column_position(table, &term.column, case) else {
        let message = format!(
            "{title}: {}: there is no column {:?}",
            table.name, term.column
        );
        run.faults.push(message);
        return None;
    };
    let column = &table.columns[index];
    if column.data_type.is_lob() {
        let message = format!(
            "{title}: {}: column {:?} holds large objects, which cannot be filtered by",
            table.name, column.name
        );
        run.faults.push(message);
    }
    Some(FilterTerm {
        column: column.name.clone(),
        ..term
    })
}
