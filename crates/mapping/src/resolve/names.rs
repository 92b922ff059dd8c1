//! What schemas and tables are called on the target.

use std::collections::HashMap;

use dbferry_core::catalog::Table;
use dbferry_core::{Code, Error, TableName};

use super::compiled::Compiled;
use super::tables::Draft;
use super::{ResolveOptions, Run, folded, folded_table};
use crate::expression::{Expression, Input};
use crate::rules::{Action, NameChange, RuleTarget};

impl NameChange {
    /// The new name; `None` where the change does not concern this one, as a prefix that is not
    /// there. `compute` evaluates an expression.
    pub(super) fn apply(
        &self,
        name: &str,
        compute: impl FnOnce(&Expression) -> Result<String, Error>,
    ) -> Result<Option<String>, Error> {
        Ok(match self {
            Self::Rename(new) => Some(new.clone()),
            Self::Compute(expression) => Some(compute(expression)?),
            Self::Lowercase => Some(name.to_lowercase()),
            Self::Uppercase => Some(name.to_uppercase()),
            Self::AddPrefix(prefix) => Some(format!("{prefix}{name}")),
            Self::AddSuffix(suffix) => Some(format!("{name}{suffix}")),
            Self::RemovePrefix(prefix) => name.strip_prefix(prefix.as_str()).map(str::to_owned),
            Self::RemoveSuffix(suffix) => name.strip_suffix(suffix.as_str()).map(str::to_owned),
            Self::ReplacePrefix(old, new) => name
                .strip_prefix(old.as_str())
                .map(|rest| format!("{new}{rest}")),
            Self::ReplaceSuffix(old, new) => name
                .strip_suffix(old.as_str())
                .map(|rest| format!("{rest}{new}")),
        })
    }
}

/// The target name of a table.
pub(super) fn table(run: &Run<'_>, table: &Table) -> Result<TableName, Error> {
    let schema = schema_of_table(run, table)?;
    let name = renamed(run, RuleTarget::Table, &table.name.name, table, |rule| {
        rule.fits_table(&table.name)
    })?;
    Ok(TableName::new(
        schema,
        name.unwrap_or_else(|| table.name.name.clone()),
    ))
}

fn schema_of_table(run: &Run<'_>, table: &Table) -> Result<String, Error> {
    let name = &table.name;
    let by_rule = renamed(run, RuleTarget::Schema, &name.schema, table, |rule| {
        rule.fits_table(name)
    })?;
    Ok(settled(run.options, by_rule, &name.schema))
}

/// The target name of a schema, for what is in it beside tables.
pub(super) fn schema(run: &Run<'_>, schema: &str) -> Result<String, Error> {
    let stand_in = Table::new(TableName::new(schema, ""));
    let by_rule = renamed(run, RuleTarget::Schema, schema, &stand_in, |rule| {
        rule.fits_schema(schema)
    })?;
    Ok(settled(run.options, by_rule, schema))
}

/// What the target and the settings leave of a schema's name.
fn settled(options: &ResolveOptions, by_rule: Option<String>, schema: &str) -> String {
    options
        .only_schema
        .clone()
        .or(by_rule)
        .or_else(|| options.target_schema.clone())
        .unwrap_or_else(|| schema.to_owned())
}

/// The name that the lowest rule gives; `None` when no rule concerns the object.
fn renamed(
    run: &Run<'_>,
    target: RuleTarget,
    name: &str,
    table: &Table,
    fits: impl Fn(&Compiled<'_>) -> bool,
) -> Result<Option<String>, Error> {
    let mut winner: Option<(u64, String)> = None;
    for rule in &run.rules {
        let Some(Action::Name(change)) = rule.action(target) else {
            continue;
        };
        if !fits(rule) {
            continue;
        }
        let compute = |expression: &Expression| compute(run, expression, table, None);
        let new = change
            .apply(name, compute)
            .map_err(|error| error.with_object(rule.title()))?;
        let Some(new) = new else {
            continue;
        };
        rule.hit_table(&table.name);
        match &winner {
            Some((first, _)) => rule.shadowed_by(*first, table.name.to_string()),
            None if new.is_empty() => return Err(nameless(rule, &table.name)),
            None => winner = Some((rule.rule.id, new)),
        }
    }
    Ok(winner.map(|(_, name)| name))
}

/// Evaluates the expression of a new name.
pub(super) fn compute(
    run: &Run<'_>,
    expression: &Expression,
    table: &Table,
    column: Option<usize>,
) -> Result<String, Error> {
    let inputs: Vec<Input> = expression.bind(table, &table.name, column)?;
    run.evaluator.constant(expression, &inputs)
}

pub(super) fn nameless(rule: &Compiled<'_>, table: &TableName) -> Error {
    Error::definite(
        Code::RuleNotApplicable,
        format!("{} leaves nothing of a name", rule.title()),
    )
    .with_object(table)
}

/// Refuses two tables that would become one, and two columns of one table.
pub(super) fn refuse_conflicts(
    drafts: &[Draft<'_>],
    options: &ResolveOptions,
) -> Result<(), Error> {
    let mut tables: HashMap<TableName, &Draft<'_>> = HashMap::with_capacity(drafts.len());
    for draft in drafts {
        let target = folded_table(&draft.name, options.target_name_case);
        if let Some(other) = tables.insert(target, draft) {
            return Err(Error::definite(
                Code::TargetNameConflict,
                format!(
                    "tables {} and {} would both become {}",
                    other.source.name, draft.source.name, draft.name
                ),
            )
            .with_object(&draft.name)
            .with_hint("rename one of them with a rule, or exclude it"));
        }
        refuse_column_conflicts(draft, options)?;
    }
    Ok(())
}

fn refuse_column_conflicts(draft: &Draft<'_>, options: &ResolveOptions) -> Result<(), Error> {
    let mut columns: HashMap<String, &str> = HashMap::with_capacity(draft.source.columns.len());
    for (from, target) in draft.column_names() {
        let key = folded(target, options.target_name_case);
        if let Some(other) = columns.insert(key, from) {
            return Err(Error::definite(
                Code::TargetNameConflict,
                format!("columns {other:?} and {from:?} would both become {target:?}"),
            )
            .with_object(&draft.source.name)
            .with_hint("rename one of them with a rule, or remove it"));
        }
    }
    Ok(())
}
