//! The fate of every column.
//!
//! One of rename, change of type and removal applies to a column, that of the lowest rule. A mask
//! always applies, whatever else does: a rule that hides values must not be silenced by one that
//! renames a column.

use std::sync::Arc;

use dbferry_core::catalog::{KeyPartOf, Table};
use dbferry_core::{DataType, Error, TableName};

use super::Run;
use super::compiled::Compiled;
use super::names;
use super::tables::{Added, Fate, Fill};
use crate::expression::Expression;
use crate::resolution::{Computed, Mask};
use crate::rules::{Action, BeforeImageColumns, BeforeImages, RuleTarget, TypeSpec};

/// Digits that a hash mask writes.
const HASH_DIGITS: u32 = 64;

/// The positions of the rules about columns of a table, by id.
pub(super) fn rules_of_table(run: &Run<'_>, table: &Table) -> Vec<usize> {
    let rules = run.rules.iter().enumerate();
    rules
        .filter(|(_, rule)| rule.action(RuleTarget::Column).is_some())
        .filter(|(_, rule)| rule.fits_table(&table.name))
        .map(|(index, _)| index)
        .collect()
}

/// Decides about the source columns.
pub(super) fn fates(
    run: &mut Run<'_>,
    table: &Table,
    concerned: &[usize],
) -> Result<Vec<Fate>, Error> {
    let mut fates = Vec::with_capacity(table.columns.len());
    let included = included_only(run, table, concerned);
    let mut without_lobs = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let mut fate = fate(run, table, index, concerned)?;
        if included.as_ref().is_some_and(|included| !included[index]) {
            fate.name = None;
        }
        if !run.options.support_lobs && column.data_type.is_lob() && fate.name.is_some() {
            fate.name = None;
            without_lobs.push(column.name.as_str());
        }
        fates.push(fate);
    }
    if !without_lobs.is_empty() {
        let message = format!(
            "columns {} hold large objects and are left out, as the setting SupportLobs asks",
            without_lobs.join(", ")
        );
        run.warn("columns-left-out", &table.name, message);
    }
    if fates.iter().all(|fate| fate.name.is_none()) {
        run.faults
            .push(format!("{}: every column would be left out", table.name));
    }
    Ok(fates)
}

/// Which columns are included, where rules name those that are.
fn included_only(run: &Run<'_>, table: &Table, concerned: &[usize]) -> Option<Vec<bool>> {
    let mut included = None;
    for &index in concerned {
        let rule = &run.rules[index];
        if rule.action(RuleTarget::Column) != Some(&Action::IncludeColumn) {
            continue;
        }
        let included = included.get_or_insert_with(|| vec![false; table.columns.len()]);
        for (position, column) in table.columns.iter().enumerate() {
            if rule.fits_column(column) {
                rule.hit_column(table, &column.name);
                included[position] = true;
            }
        }
    }
    included
}

fn fate(
    run: &mut Run<'_>,
    table: &Table,
    index: usize,
    concerned: &[usize],
) -> Result<Fate, Error> {
    let column = &table.columns[index];
    let mut fate = Fate {
        name: Some(column.name.clone()),
        data_type: None,
        mask: None,
    };
    let (mut changed, mut masked) = (None, None);
    let mut misfits = Vec::new();
    for &position in concerned {
        let rule = &run.rules[position];
        let Some(action) = rule.action(RuleTarget::Column) else {
            continue;
        };
        let first = match action {
            Action::Mask(_) => &mut masked,
            Action::Name(_) | Action::RemoveColumn | Action::ChangeType(_) => &mut changed,
            _ => continue,
        };
        if !rule.fits_column(column) {
            continue;
        }
        if let Some(misfit) = Misfit::of(rule, action, table, &column.name, &column.data_type) {
            misfits.push(misfit);
            continue;
        }
        let mut next = fate.clone();
        if !change(run, rule, action, table, index, &mut next)? {
            continue;
        }
        rule.hit_column(table, &column.name);
        match *first {
            Some(winner) => rule.shadowed_by(winner, format!("{}.{}", table.name, column.name)),
            None => {
                *first = Some(rule.rule.id);
                fate = next;
            }
        }
    }
    if fate.name.is_some() {
        misfits.into_iter().for_each(|misfit| misfit.tell(run));
    }
    widen_for_hash(&column.data_type, &mut fate);
    Ok(fate)
}

/// A rule that cannot be applied to a column that it names.
enum Misfit {
    /// It names the column itself.
    Fault(String),
    /// It names many columns, and this one is left as it is.
    Skipped { object: String, message: String },
}

impl Misfit {
    fn of(
        rule: &Compiled<'_>,
        action: &Action,
        table: &Table,
        column: &str,
        data_type: &DataType,
    ) -> Option<Self> {
        let place = format!("{}: {}", rule.title(), table.name);
        match action {
            Action::ChangeType(spec) if spec.data_type().is_none() => Some(Self::Fault(format!(
                "{place}: {}",
                no_such_type(spec.dms_type.as_str())
            ))),
            Action::Mask(mask) if !mask.fits(data_type) => Some(match rule.names_one_column() {
                true => Self::Fault(format!(
                    "{place}: values of column {column:?} cannot be masked so"
                )),
                false => Self::Skipped {
                    object: format!("{}.{column}", table.name),
                    message: format!(
                        "{} names the column, but its values cannot be masked so: they are \
                         copied as they are",
                        rule.title()
                    ),
                },
            }),
            _ => None,
        }
    }

    fn tell(self, run: &mut Run<'_>) {
        match self {
            Self::Fault(message) => run.faults.push(message),
            Self::Skipped { object, message } => run.warn("mask-skipped", object, message),
        }
    }
}

/// Applies an action; `false` when it does not concern the column after all.
fn change(
    run: &Run<'_>,
    rule: &Compiled<'_>,
    action: &Action,
    table: &Table,
    index: usize,
    fate: &mut Fate,
) -> Result<bool, Error> {
    match action {
        Action::Name(change) => {
            let name = &table.columns[index].name;
            let compute = |expression: &_| names::compute(run, expression, table, Some(index));
            let new = change.apply(name, compute);
            match new.map_err(|error| error.with_object(rule.title()))? {
                Some(new) if new.is_empty() => return Err(names::nameless(rule, &table.name)),
                Some(new) => fate.name = Some(new),
                None => return Ok(false),
            }
        }
        Action::RemoveColumn => fate.name = None,
        // What has no counterpart here is a misfit.
        Action::ChangeType(spec) => fate.data_type = spec.data_type(),
        Action::Mask(mask) => fate.mask = Some(*mask),
        _ => return Ok(false),
    }
    Ok(true)
}

fn no_such_type(name: &str) -> String {
    format!("data type {name:?} is of document databases, which are no targets of this release")
}

/// Makes room for the digest where the column is too short for it.
fn widen_for_hash(data_type: &DataType, fate: &mut Fate) {
    if fate.mask != Some(Mask::Hash) {
        return;
    }
    let short = match fate.data_type.as_ref().unwrap_or(data_type) {
        DataType::Char { length } => *length < HASH_DIGITS,
        DataType::VarChar { length } => length.is_some_and(|length| length < HASH_DIGITS),
        _ => false,
    };
    if short {
        fate.data_type = Some(DataType::VarChar {
            length: Some(HASH_DIGITS),
        });
    }
}

impl Mask {
    /// Whether values of the type can be masked so.
    pub(super) fn fits(self, data_type: &DataType) -> bool {
        let text = matches!(
            data_type,
            DataType::Char { .. } | DataType::VarChar { .. } | DataType::Text { .. }
        );
        let number = matches!(
            data_type,
            DataType::Integer { .. } | DataType::Decimal { .. }
        );
        text || (number && self == Self::RandomDigits)
    }
}

/// The columns that only the target has, in the order of their rules.
pub(super) fn added(
    run: &mut Run<'_>,
    table: &Table,
    name: &TableName,
    fates: &[Fate],
    concerned: &[usize],
) -> Vec<Added> {
    let mut added = Vec::new();
    for &position in concerned {
        let rule = &run.rules[position];
        match rule.action(RuleTarget::Column) {
            Some(Action::AddColumn {
                name: column,
                data_type,
                expression,
            }) => {
                rule.hit_table(&table.name);
                match new_column(column, *data_type, expression.as_ref(), table, name) {
                    Ok(column) => added.push(column),
                    Err(message) => {
                        let fault = format!("{}: {}: {message}", rule.title(), table.name);
                        run.faults.push(fault);
                    }
                }
            }
            Some(Action::AddBeforeImages(images)) => {
                added.extend(before_images(rule, table, fates, images));
            }
            _ => {}
        }
    }
    mask_added(run, table, concerned, &mut added);
    added
}

fn new_column(
    column: &str,
    data_type: TypeSpec,
    expression: Option<&Arc<Expression>>,
    table: &Table,
    mapped: &TableName,
) -> Result<Added, String> {
    let fill = match expression {
        None => Fill::Default,
        Some(expression) => {
            let inputs = expression.bind(table, mapped, None);
            let inputs = inputs.map_err(|error| match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            })?;
            let expression = Arc::clone(expression);
            Fill::Expression(Computed { expression, inputs })
        }
    };
    let known = data_type.data_type();
    Ok(Added {
        name: column.to_owned(),
        data_type: known.ok_or_else(|| no_such_type(data_type.dms_type.as_str()))?,
        fill,
        mask: None,
    })
}

fn before_images(
    rule: &Compiled<'_>,
    table: &Table,
    fates: &[Fate],
    images: &BeforeImages,
) -> Vec<Added> {
    let key = table
        .primary_key()
        .map(|key| key.parts.as_slice())
        .unwrap_or_default();
    let in_key = |name: &str| {
        key.iter()
            .any(|part| part.of == KeyPartOf::Column(name.to_owned()))
    };
    let mut added = Vec::new();
    for (index, (column, fate)) in table.columns.iter().zip(fates).enumerate() {
        let wanted = match images.of {
            BeforeImageColumns::PrimaryKey => in_key(&column.name),
            BeforeImageColumns::NonLob => !column.data_type.is_lob(),
            BeforeImageColumns::All => true,
        };
        let Some(name) = fate
            .name
            .as_ref()
            .filter(|_| wanted && rule.fits_column(column))
        else {
            continue;
        };
        rule.hit_column(table, &column.name);
        added.push(Added {
            name: format!("{}{name}{}", images.prefix, images.suffix),
            data_type: fate
                .data_type
                .clone()
                .unwrap_or_else(|| column.data_type.clone()),
            fill: Fill::BeforeImage(index),
            mask: fate.mask,
        });
    }
    added
}

/// Applies masks to added columns, which rules name by their new name.
fn mask_added(run: &mut Run<'_>, table: &Table, concerned: &[usize], added: &mut [Added]) {
    let mut misfits = Vec::new();
    for column in added.iter_mut().filter(|column| column.mask.is_none()) {
        for &position in concerned {
            let rule = &run.rules[position];
            let Some(action @ Action::Mask(mask)) = rule.action(RuleTarget::Column) else {
                continue;
            };
            // A rule for a type is about columns that have one on the source.
            let typed = rule
                .rule
                .locator()
                .is_some_and(|locator| locator.data_type.is_some());
            if typed || !rule.fits_column_name(&column.name) {
                continue;
            }
            let misfit = Misfit::of(rule, action, table, &column.name, &column.data_type);
            if let Some(misfit) = misfit {
                misfits.push(misfit);
                continue;
            }
            rule.hit_column(table, &column.name);
            column.mask = Some(*mask);
            break;
        }
    }
    misfits.into_iter().for_each(|misfit| misfit.tell(run));
}
