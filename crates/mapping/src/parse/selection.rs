//! `selection` rules and their filters.

use dbferry_core::filter::{Comparison, FilterTerm};

use super::COMMON;
use super::fields::{Fields, LocatorFields};
use crate::document::Node;
use crate::rules::{Selection, SelectionAction, TableKinds};

const MEMBERS: &[&str] = &["rule-action", "object-locator", "load-order", "filters"];
const FILTER_MEMBERS: &[&str] = &["filter-type", "column-name", "filter-conditions"];
const CONDITION_MEMBERS: &[&str] = &["filter-operator", "value", "start-value", "end-value"];

/// Reads a rule.
pub(super) fn read<'a>(fields: &mut Fields<'_, 'a>) -> Option<Selection> {
    let reader = fields.reader();
    let action = fields.choice(
        "rule-action",
        &[
            ("include", SelectionAction::Include),
            ("exclude", SelectionAction::Exclude),
            ("explicit", SelectionAction::Explicit),
        ],
    );
    let locator = fields.locator(&["table-name", "table-type"]);
    let load_order = fields.integer("load-order", 1, i64::from(i32::MAX));
    let filters = filters(fields, action, locator.as_ref());
    fields.finish_with(&[COMMON, MEMBERS]);

    let locator = locator?;
    if action == Some(SelectionAction::Explicit) {
        locator.must_be_exact(reader, "in an explicit rule");
    }
    let kinds = match locator.kind {
        Some(node) => kinds(fields, node)?,
        None => TableKinds::Tables,
    };
    Some(Selection {
        action: action?,
        locator: locator.with_table(reader)?,
        kinds,
        load_order: load_order.and_then(|order| u32::try_from(order).ok()),
        filters,
    })
}

fn kinds<'a>(fields: &Fields<'_, 'a>, node: Node<'a>) -> Option<TableKinds> {
    fields.choice_of(
        node,
        "table-type",
        &[
            ("table", TableKinds::Tables),
            ("view", TableKinds::Views),
            ("all", TableKinds::All),
        ],
    )
}

fn filters<'a>(
    fields: &mut Fields<'_, 'a>,
    action: Option<SelectionAction>,
    locator: Option<&LocatorFields<'a>>,
) -> Vec<FilterTerm> {
    let reader = fields.reader();
    let Some(node) = fields.take("filters") else {
        return Vec::new();
    };
    let nodes = reader.list(node).unwrap_or_default();
    if nodes.is_empty() {
        return Vec::new();
    }
    if action.is_some_and(|action| action != SelectionAction::Include) {
        reader.fault(node, "filters are allowed in include rules alone");
    }
    if let Some(locator) = locator {
        locator.must_be_exact(reader, "where there are filters");
    }
    nodes
        .into_iter()
        .filter_map(|node| Fields::new(reader, node))
        .filter_map(filter)
        .collect()
}

fn filter(mut fields: Fields<'_, '_>) -> Option<FilterTerm> {
    let reader = fields.reader();
    fields.choice("filter-type", &[("source", ())]);
    let column = fields.require_text("column-name");
    let conditions = fields.require("filter-conditions").and_then(|node| {
        let conditions = reader.list(node)?;
        if conditions.is_empty() {
            reader.fault(node, "\"filter-conditions\" is empty");
        }
        Some(conditions)
    });
    fields.finish(&[FILTER_MEMBERS]);
    let any: Vec<_> = conditions?
        .into_iter()
        .filter_map(|node| Fields::new(reader, node))
        .filter_map(condition)
        .collect();
    Some(FilterTerm {
        column: column?,
        any,
    })
}

/// The filter operators.
#[derive(Clone, Copy)]
enum Operator {
    AtMost,
    AtLeast,
    Equal,
    NotEqual,
    Between,
    NotBetween,
    Null,
    NotNull,
}

fn condition(mut fields: Fields<'_, '_>) -> Option<Comparison> {
    let operator = fields.choice(
        "filter-operator",
        &[
            ("lte", Operator::AtMost),
            ("ste", Operator::AtMost),
            ("gte", Operator::AtLeast),
            ("eq", Operator::Equal),
            ("noteq", Operator::NotEqual),
            ("between", Operator::Between),
            ("notbetween", Operator::NotBetween),
            ("null", Operator::Null),
            ("notnull", Operator::NotNull),
        ],
    );
    let comparison = operator.and_then(|operator| comparison(&mut fields, operator));
    if operator.is_some() {
        fields.finish(&[CONDITION_MEMBERS]);
    }
    comparison
}

fn comparison(fields: &mut Fields<'_, '_>, operator: Operator) -> Option<Comparison> {
    Some(match operator {
        Operator::AtMost => Comparison::AtMost(value(fields, "value")?),
        Operator::AtLeast => Comparison::AtLeast(value(fields, "value")?),
        Operator::Equal => Comparison::Equal(value(fields, "value")?),
        Operator::NotEqual => Comparison::NotEqual(value(fields, "value")?),
        Operator::Between => {
            let (start, end) = range(fields);
            Comparison::Between(start?, end?)
        }
        Operator::NotBetween => {
            let (start, end) = range(fields);
            Comparison::NotBetween(start?, end?)
        }
        Operator::Null => Comparison::IsNull,
        Operator::NotNull => Comparison::IsNotNull,
    })
}

fn range(fields: &mut Fields<'_, '_>) -> (Option<String>, Option<String>) {
    (value(fields, "start-value"), value(fields, "end-value"))
}

/// Takes a value to compare with, which may be the empty text.
fn value(fields: &mut Fields<'_, '_>, name: &str) -> Option<String> {
    let node = fields.require(name)?;
    fields.reader().scalar(node)
}
