//! `transformation` rules.
//!
//! [`ACTIONS`] is the table of what exists: each action, the targets it is for, and the members
//! it takes. Everything else in this module reads those members.

use std::sync::Arc;

use super::fields::Fields;
use super::{COMMON, Context};
use crate::dms_type::DmsType;
use crate::document::Node;
use crate::expression::Expression;
use crate::resolution::Mask;
use crate::rules::{
    Action, BeforeImageColumns, BeforeImages, KeyDefinition, Locator, NameChange, RuleTarget,
    Transformation, TypeSpec,
};

const MEMBERS: &[&str] = &[
    "rule-target",
    "object-locator",
    "rule-action",
    "value",
    "old-value",
    "expression",
    "data-type",
    "primary-key-def",
    "before-image-def",
];

/// The targets whose names can be changed.
const NAMED: &[RuleTarget] = &[
    RuleTarget::Schema,
    RuleTarget::Table,
    RuleTarget::Column,
    RuleTarget::Tablespace,
];
const COLUMN: &[RuleTarget] = &[RuleTarget::Column];
const TABLE: &[RuleTarget] = &[RuleTarget::Table];

/// Every action: its name, what it reads as, and the targets it is for.
const ACTIONS: &[(&str, Verb, &[RuleTarget])] = &[
    ("rename", Verb::Rename, NAMED),
    ("convert-lowercase", Verb::Lowercase, NAMED),
    ("convert-uppercase", Verb::Uppercase, NAMED),
    ("add-prefix", Verb::AddPrefix, NAMED),
    ("add-suffix", Verb::AddSuffix, NAMED),
    ("remove-prefix", Verb::RemovePrefix, NAMED),
    ("remove-suffix", Verb::RemoveSuffix, NAMED),
    ("replace-prefix", Verb::ReplacePrefix, NAMED),
    ("replace-suffix", Verb::ReplaceSuffix, NAMED),
    ("remove-column", Verb::RemoveColumn, COLUMN),
    ("include-column", Verb::IncludeColumn, COLUMN),
    ("add-column", Verb::AddColumn, COLUMN),
    ("change-data-type", Verb::ChangeType, COLUMN),
    ("define-primary-key", Verb::DefineKey, TABLE),
    ("add-before-image-columns", Verb::AddBeforeImages, COLUMN),
    ("data-masking-digits-mask", Verb::MaskDigits, COLUMN),
    (
        "data-masking-digits-randomize",
        Verb::RandomizeDigits,
        COLUMN,
    ),
    ("data-masking-hash-mask", Verb::Hash, COLUMN),
];

/// The actions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Rename,
    Lowercase,
    Uppercase,
    AddPrefix,
    AddSuffix,
    RemovePrefix,
    RemoveSuffix,
    ReplacePrefix,
    ReplaceSuffix,
    RemoveColumn,
    IncludeColumn,
    AddColumn,
    ChangeType,
    DefineKey,
    AddBeforeImages,
    MaskDigits,
    RandomizeDigits,
    Hash,
}

/// Reads a rule.
pub(super) fn read<'a>(
    context: &Context<'a>,
    fields: &mut Fields<'_, 'a>,
) -> Option<Transformation> {
    let target = fields.choice(
        "rule-target",
        &[
            ("schema", RuleTarget::Schema),
            ("table", RuleTarget::Table),
            ("column", RuleTarget::Column),
            ("table-tablespace", RuleTarget::Tablespace),
            ("index-tablespace", RuleTarget::Tablespace),
        ],
    );
    let verb = verb(fields, target);
    let locator = locator(fields, target, verb);
    let action = verb.and_then(|verb| action(context, fields, verb));
    if verb.is_some() && target.is_some() {
        fields.finish_with(&[COMMON, MEMBERS]);
    }
    Some(Transformation {
        target: target?,
        locator: locator?,
        action: action?,
    })
}

fn verb(fields: &mut Fields<'_, '_>, target: Option<RuleTarget>) -> Option<Verb> {
    let node = fields.require("rule-action")?;
    let choices: Vec<_> = ACTIONS
        .iter()
        .map(|&(name, verb, targets)| (name, (name, verb, targets)))
        .collect();
    let (name, verb, targets) = fields.choice_of(node, "rule-action", &choices)?;
    if target.is_some_and(|target| !targets.contains(&target)) {
        let only = if targets == TABLE { "table" } else { "column" };
        fields.reader().fault(
            node,
            format!("rule-action {name:?} needs rule-target {only:?}"),
        );
        return None;
    }
    Some(verb)
}

fn locator<'a>(
    fields: &mut Fields<'_, 'a>,
    target: Option<RuleTarget>,
    verb: Option<Verb>,
) -> Option<Locator> {
    let allowed: &[&str] = match target? {
        RuleTarget::Schema | RuleTarget::Table => &["table-name"],
        RuleTarget::Column => &["table-name", "column-name", "data-type"],
        RuleTarget::Tablespace => &[
            "table-name",
            "table-tablespace-name",
            "index-tablespace-name",
        ],
    };
    let reader = fields.reader();
    let mut given = fields.locator(allowed)?;
    if verb == Some(Verb::DefineKey) {
        given.must_be_exact(reader, "for define-primary-key");
    }
    let data_type = match given.data_type.take() {
        Some(node) => Some(dms_type(fields, node)?),
        None => None,
    };
    if target != Some(RuleTarget::Table) && target != Some(RuleTarget::Column) {
        given.table.get_or_insert_with(|| "%".to_owned());
    }
    if target == Some(RuleTarget::Column) && given.column.is_none() {
        match verb {
            // It names the new column in `value`.
            Some(Verb::AddColumn) => {}
            Some(Verb::AddBeforeImages) => given.column = Some("%".to_owned()),
            _ => reader.fault(given.node, "\"column-name\" is missing"),
        }
    }
    Some(Locator {
        data_type,
        ..given.with_table(reader)?
    })
}

fn action<'a>(context: &Context<'a>, fields: &mut Fields<'_, 'a>, verb: Verb) -> Option<Action> {
    Some(match verb {
        Verb::Rename => Action::Name(rename(context, fields)?),
        Verb::Lowercase => Action::Name(NameChange::Lowercase),
        Verb::Uppercase => Action::Name(NameChange::Uppercase),
        Verb::AddPrefix => Action::Name(NameChange::AddPrefix(fields.require_text("value")?)),
        Verb::AddSuffix => Action::Name(NameChange::AddSuffix(fields.require_text("value")?)),
        Verb::RemovePrefix => Action::Name(NameChange::RemovePrefix(fields.require_text("value")?)),
        Verb::RemoveSuffix => Action::Name(NameChange::RemoveSuffix(fields.require_text("value")?)),
        Verb::ReplacePrefix => {
            let (old, new) = replacement(fields)?;
            Action::Name(NameChange::ReplacePrefix(old, new))
        }
        Verb::ReplaceSuffix => {
            let (old, new) = replacement(fields)?;
            Action::Name(NameChange::ReplaceSuffix(old, new))
        }
        Verb::RemoveColumn => Action::RemoveColumn,
        Verb::IncludeColumn => Action::IncludeColumn,
        Verb::AddColumn => add_column(context, fields)?,
        Verb::ChangeType => Action::ChangeType(required_type(fields)?),
        Verb::DefineKey => Action::DefineKey(key_definition(fields)?),
        Verb::AddBeforeImages => Action::AddBeforeImages(before_images(fields)?),
        Verb::MaskDigits => Action::Mask(digits_mask(fields)?),
        Verb::RandomizeDigits => Action::Mask(Mask::RandomDigits),
        Verb::Hash => Action::Mask(Mask::Hash),
    })
}

fn rename<'a>(context: &Context<'a>, fields: &mut Fields<'_, 'a>) -> Option<NameChange> {
    let (value, expression) = (fields.take("value"), fields.take("expression"));
    match (value, expression) {
        (Some(node), None) => {
            let name = fields.reader().scalar(node)?;
            if name.is_empty() {
                fields.reader().fault(node, "the new name is empty");
            }
            Some(NameChange::Rename(name))
        }
        (None, Some(node)) => expression_of(context, node).map(NameChange::Compute),
        (Some(_), Some(node)) => {
            fields
                .reader()
                .fault(node, "give \"value\" or \"expression\", not both");
            None
        }
        (None, None) => fields.missing("value"),
    }
}

fn replacement(fields: &mut Fields<'_, '_>) -> Option<(String, String)> {
    let old = fields.require_text("old-value");
    // The empty text removes what stood there.
    let new = fields
        .require("value")
        .and_then(|node| fields.reader().scalar(node));
    Some((old?, new?))
}

fn expression_of<'a>(context: &Context<'a>, node: Node<'a>) -> Option<Arc<Expression>> {
    let text = context.reader.text(node)?;
    match context.evaluator.parse(&text) {
        Ok(expression) => Some(Arc::new(expression)),
        Err(error) => {
            context
                .reader
                .fault(node, format!("the expression cannot be used: {error}"));
            None
        }
    }
}

fn add_column<'a>(context: &Context<'a>, fields: &mut Fields<'_, 'a>) -> Option<Action> {
    let name = fields.require_text("value");
    let data_type = required_type(fields);
    let expression = match fields.take("expression") {
        Some(node) => Some(expression_of(context, node)?),
        None => None,
    };
    Some(Action::AddColumn {
        name: name?,
        data_type: data_type?,
        expression,
    })
}

fn required_type(fields: &mut Fields<'_, '_>) -> Option<TypeSpec> {
    let node = fields.require("data-type")?;
    let mut members = Fields::new(fields.reader(), node)?;
    let dms_type = members
        .require("type")
        .and_then(|node| dms_type(&members, node));
    let precision = members.integer("precision", 1, 1000);
    let scale = members.integer("scale", 0, 1000);
    let length = members.integer("length", 0, i64::from(u32::MAX));
    members.finish(&[&["type", "precision", "scale", "length"]]);
    if let (Some(precision), Some(scale)) = (precision, scale)
        && scale > precision
        && dms_type == Some(DmsType::Numeric)
    {
        fields.reader().fault(
            node,
            format!("scale {scale} is above precision {precision}"),
        );
    }
    let narrow = |number: Option<i64>| number.and_then(|number| u16::try_from(number).ok());
    Some(TypeSpec {
        dms_type: dms_type?,
        precision: narrow(precision),
        scale: narrow(scale),
        // DMS writes 0 for a length that is not given.
        length: length
            .filter(|length| *length > 0)
            .and_then(|l| u32::try_from(l).ok()),
    })
}

fn dms_type<'a>(fields: &Fields<'_, 'a>, node: Node<'a>) -> Option<DmsType> {
    let name = fields.reader().text(node)?;
    let found = DmsType::parse(&name);
    if found.is_none() {
        let all: Vec<_> = DmsType::ALL
            .iter()
            .map(|dms_type| dms_type.as_str())
            .collect();
        fields.reader().fault(
            node,
            format!("data type {name:?} is unknown; allowed: {}", all.join(", ")),
        );
    }
    found
}

fn key_definition(fields: &mut Fields<'_, '_>) -> Option<KeyDefinition> {
    let node = fields.require("primary-key-def")?;
    let mut members = Fields::new(fields.reader(), node)?;
    let name = members.require_text("name");
    let origins = [("primary-key", true), ("unique-index", false)];
    let primary = match members.take("origin") {
        Some(node) => members.choice_of(node, "origin", &origins),
        None => Some(true),
    };
    let columns = members.require("columns").and_then(|node| {
        let columns = members.texts_of(node)?;
        if columns.is_empty() {
            fields.reader().fault(node, "\"columns\" is empty");
        }
        if (1..columns.len()).any(|index| columns[..index].contains(&columns[index])) {
            fields.reader().fault(node, "a column is named twice");
        }
        Some(columns)
    });
    members.finish(&[&["name", "origin", "columns"]]);
    Some(KeyDefinition {
        name: name?,
        primary: primary?,
        columns: columns?,
    })
}

fn before_images(fields: &mut Fields<'_, '_>) -> Option<BeforeImages> {
    let node = fields.require("before-image-def")?;
    let mut members = Fields::new(fields.reader(), node)?;
    let prefix = members.text("column-prefix");
    let suffix = members.text("column-suffix").unwrap_or_default();
    let filters = [
        ("pk-only", BeforeImageColumns::PrimaryKey),
        ("non-lob", BeforeImageColumns::NonLob),
        ("all", BeforeImageColumns::All),
    ];
    let of = match members.take("column-filter") {
        Some(node) => members.choice_of(node, "column-filter", &filters),
        None => Some(BeforeImageColumns::PrimaryKey),
    };
    members.finish(&[&["column-prefix", "column-suffix", "column-filter"]]);
    let prefix = prefix.unwrap_or_else(|| "BI_".to_owned());
    if prefix.is_empty() && suffix.is_empty() {
        fields
            .reader()
            .fault(node, "column-prefix and column-suffix cannot both be empty");
    }
    Some(BeforeImages {
        prefix,
        suffix,
        of: of?,
    })
}

fn digits_mask(fields: &mut Fields<'_, '_>) -> Option<Mask> {
    let node = fields.require("value")?;
    let text = fields.reader().scalar(node)?;
    match text.as_bytes() {
        [byte @ b' '..=b'~'] => Some(Mask::Digits(*byte)),
        _ => {
            fields
                .reader()
                .fault(node, "\"value\" must be one printable ASCII character");
            None
        }
    }
}
