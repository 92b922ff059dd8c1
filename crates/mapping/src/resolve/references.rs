//! Foreign keys: their names on both sides follow the tables and columns that they join.
//!
//! One that cannot hold on the target is left out with a finding: its table or the one that it
//! refers to lost a column of it, the other table does not take part, or the two sides no longer
//! hold equal values.

use std::collections::HashSet;

use dbferry_core::catalog::{ForeignKey, KeyPartOf, Table};
use dbferry_core::{Finding, Severity};

use super::tables::{Draft, Fate};
use super::{DraftIndex, Run, folded, folded_table};
use crate::resolution::{Mask, TableMapping};

/// Maps the foreign keys of every table.
pub(super) fn resolve(
    run: &mut Run<'_>,
    drafts: &[Draft<'_>],
    index: &DraftIndex,
    tables: &mut [TableMapping],
) {
    let mut names = HashSet::new();
    for (draft, table) in drafts.iter().zip(tables) {
        let mut kept = Vec::with_capacity(draft.source.foreign_keys.len());
        for foreign_key in &draft.source.foreign_keys {
            match map(draft, foreign_key, drafts, index) {
                Ok(mut mapped) => {
                    make_unique(run, draft, &mut mapped, &mut names);
                    kept.push(mapped);
                }
                Err(reason) => left_out(run, draft, foreign_key, &reason),
            }
        }
        table.mapped.foreign_keys = kept;
    }
}

fn left_out(run: &mut Run<'_>, draft: &Draft<'_>, foreign_key: &ForeignKey, reason: &str) {
    let message = format!("foreign key {:?} is left out: {reason}", foreign_key.name);
    run.warn("foreign-key-left-out", &draft.source.name, message);
}

/// The mapped foreign key, or why there can be none.
fn map(
    draft: &Draft<'_>,
    foreign_key: &ForeignKey,
    drafts: &[Draft<'_>],
    index: &DraftIndex,
) -> Result<ForeignKey, String> {
    let position = index
        .position(&foreign_key.referenced)
        .ok_or_else(|| format!("table {} does not take part", foreign_key.referenced))?;
    let referenced = &drafts[position];
    let source_names = referenced_columns(foreign_key, referenced.source);
    for (from, to) in foreign_key.columns.iter().zip(&source_names) {
        same_values(draft, from, referenced, to)?;
    }
    let mut mapped = foreign_key.clone();
    mapped.referenced = referenced.name.clone();
    mapped.columns = renamed(draft, &foreign_key.columns)?;
    let target_names = renamed(referenced, &source_names)?;
    // Without names the primary key is meant, and it may have become another.
    if !foreign_key.referenced_columns.is_empty() || target_names != source_names {
        mapped.referenced_columns = target_names;
    }
    Ok(mapped)
}

/// The columns that a foreign key refers to, by name.
fn referenced_columns(foreign_key: &ForeignKey, referenced: &Table) -> Vec<String> {
    if !foreign_key.referenced_columns.is_empty() {
        return foreign_key.referenced_columns.clone();
    }
    let key = referenced.primary_key();
    let parts = key.map(|key| key.parts.as_slice()).unwrap_or_default();
    let names = parts.iter().filter_map(|part| match &part.of {
        KeyPartOf::Column(name) => Some(name.clone()),
        KeyPartOf::Expression(_) => None,
    });
    names.collect()
}

fn renamed(draft: &Draft<'_>, columns: &[String]) -> Result<Vec<String>, String> {
    let new_name = |name: &String| match draft.renamed(name) {
        Some(Some(new)) => Ok(new.to_owned()),
        Some(None) => Err(format!(
            "column {name:?} of {} is left out",
            draft.source.name
        )),
        None => Ok(name.clone()),
    };
    columns.iter().map(new_name).collect()
}

/// Checks that what was equal on the source is equal on the target.
fn same_values(
    draft: &Draft<'_>,
    from: &str,
    referenced: &Draft<'_>,
    to: &str,
) -> Result<(), String> {
    let (Some(from_fate), Some(to_fate)) = (fate(draft, from), fate(referenced, to)) else {
        return Ok(());
    };
    let random = from_fate.mask == Some(Mask::RandomDigits);
    if from_fate.mask != to_fate.mask || random {
        return Err(format!(
            "columns {from:?} and {to:?} are masked so that they differ"
        ));
    }
    if from_fate.data_type != to_fate.data_type {
        return Err(format!("columns {from:?} and {to:?} get different types"));
    }
    Ok(())
}

fn fate<'d>(draft: &'d Draft<'_>, column: &str) -> Option<&'d Fate> {
    draft
        .source
        .column_index(column)
        .map(|index| &draft.fates[index])
}

/// Gives a constraint another name where two schemas became one and both have it.
fn make_unique(
    run: &mut Run<'_>,
    draft: &Draft<'_>,
    foreign_key: &mut ForeignKey,
    names: &mut HashSet<(String, String)>,
) {
    if foreign_key.name.is_empty() {
        return;
    }
    let case = run.options.target_name_case;
    let schema = folded_table(&draft.name, case).schema;
    // Databases compare constraint names without case.
    let key = |name: &str| {
        (
            schema.clone(),
            folded(name, dbferry_core::NameCase::Insensitive),
        )
    };
    if names.insert(key(&foreign_key.name)) {
        return;
    }
    let old = foreign_key.name.clone();
    let taken = (2..)
        .map(|number| format!("{old}_{number}"))
        .find(|name| names.insert(key(name)));
    if draft.name.schema == draft.source.name.schema {
        // One schema had both: its server scopes names by table.
        return;
    }
    if let Some(name) = taken {
        let message = format!("foreign key {old:?} is named {name:?}, since {old:?} is taken");
        let finding = Finding::new("foreign-key-renamed", Severity::Info, message);
        run.find(finding.on(&draft.source.name));
        foreign_key.name = name;
    }
}
