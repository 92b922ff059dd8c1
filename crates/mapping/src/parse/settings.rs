//! `table-settings`, `validation`, and the rules for streams and files.

use super::COMMON;
use super::fields::Fields;
use crate::dms_type::DmsType;
use crate::resolution::{LobMode, LobSettings};
use crate::rules::{Locator, ParallelLoadRule, RuleBody, TableSettings, Validation};

/// Columns that ranges may have.
const RANGE_COLUMNS_MAX: usize = 10;

/// Segments of one table, as in DMS.
const BOUNDARIES_MAX: usize = 1000;

/// Members of the document databases' `partitions-auto`; harmless elsewhere.
const DOCUMENT_DATABASE: &[&str] = &[
    "number-of-partitions",
    "collection-count-from-metadata",
    "max-records-skip-per-page",
    "batch-size",
];

/// Reads a `table-settings` rule.
pub(super) fn table_settings(fields: &mut Fields<'_, '_>) -> Option<TableSettings> {
    let reader = fields.reader();
    let locator = fields.locator(&["table-name"]);
    let parallel_load = fields.object("parallel-load").map(parallel_load);
    let lob = fields.object("lob-settings").map(lob_settings);
    fields.finish_with(&[COMMON, &["object-locator", "parallel-load", "lob-settings"]]);
    let locator = locator?;
    locator.must_be_exact(reader, "in a table-settings rule");
    if parallel_load.is_none() && lob.is_none() {
        reader.fault(
            fields.node(),
            "neither \"parallel-load\" nor \"lob-settings\" is given",
        );
    }
    Some(TableSettings {
        locator: locator.with_table(reader)?,
        parallel_load: transpose(parallel_load)?,
        lob: transpose(lob)?,
    })
}

/// What was given but is wrong makes the whole rule wrong.
fn transpose<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        Some(None) => None,
        Some(value) => Some(value),
        None => Some(None),
    }
}

/// The kinds of parallel load.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    None,
    Partitions,
    Subpartitions,
    List,
    Ranges,
}

fn parallel_load(mut fields: Fields<'_, '_>) -> Option<ParallelLoadRule> {
    let cut = fields.choice(
        "type",
        &[
            ("none", Cut::None),
            ("partitions-auto", Cut::Partitions),
            ("subpartitions-auto", Cut::Subpartitions),
            ("partitions-list", Cut::List),
            ("ranges", Cut::Ranges),
        ],
    )?;
    let rule = match cut {
        Cut::None => Some(ParallelLoadRule::None),
        Cut::Partitions => {
            for member in DOCUMENT_DATABASE {
                fields.take(member);
            }
            Some(ParallelLoadRule::PartitionsAuto)
        }
        Cut::Subpartitions => Some(ParallelLoadRule::SubpartitionsAuto),
        Cut::List => partitions(&mut fields),
        Cut::Ranges => ranges(&mut fields),
    };
    fields.finish(&[
        &[
            "type",
            "partitions",
            "subpartitions",
            "columns",
            "boundaries",
        ],
        DOCUMENT_DATABASE,
    ]);
    rule
}

fn partitions(fields: &mut Fields<'_, '_>) -> Option<ParallelLoadRule> {
    let partitions = fields.texts("partitions");
    let subpartitions = fields.texts("subpartitions");
    if partitions.is_none() && subpartitions.is_none() {
        return fields.missing("partitions");
    }
    let names: Vec<_> = [partitions, subpartitions]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    if names.is_empty() {
        fields
            .reader()
            .fault(fields.node(), "\"partitions\" is empty");
    }
    Some(ParallelLoadRule::Partitions(names))
}

fn ranges(fields: &mut Fields<'_, '_>) -> Option<ParallelLoadRule> {
    let reader = fields.reader();
    let node = fields.require("columns");
    let columns = node.and_then(|node| {
        let columns = fields.texts_of(node)?;
        if columns.is_empty() || columns.len() > RANGE_COLUMNS_MAX {
            reader.fault(
                node,
                format!("\"columns\" must name 1 to {RANGE_COLUMNS_MAX} columns"),
            );
            return None;
        }
        Some(columns)
    });
    let node = fields.require("boundaries")?;
    let nodes = reader.list(node)?;
    if nodes.is_empty() || nodes.len() > BOUNDARIES_MAX {
        reader.fault(
            node,
            format!("\"boundaries\" must have 1 to {BOUNDARIES_MAX} entries"),
        );
    }
    let columns = columns?;
    let mut boundaries = Vec::with_capacity(nodes.len());
    for node in nodes {
        let boundary = fields.texts_of(node)?;
        if boundary.len() != columns.len() {
            reader.fault(
                node,
                format!(
                    "a boundary has {} values for {} columns",
                    boundary.len(),
                    columns.len()
                ),
            );
        }
        if boundaries.contains(&boundary) {
            reader.fault(node, "this boundary is given twice");
        }
        boundaries.push(boundary);
    }
    Some(ParallelLoadRule::Ranges {
        columns,
        boundaries,
    })
}

fn lob_settings(mut fields: Fields<'_, '_>) -> Option<LobSettings> {
    let modes = [
        ("limited", LobMode::Limited),
        ("unlimited", LobMode::Unlimited),
        ("none", LobMode::None),
    ];
    let mode = match fields.take("mode") {
        Some(node) => fields.choice_of(node, "mode", &modes),
        None => Some(LobMode::Limited),
    };
    let size = fields.integer("bulk-max-size", 0, i64::from(u32::MAX));
    if mode == Some(LobMode::Limited) && size.unwrap_or(0) == 0 {
        let message = "mode \"limited\" needs a \"bulk-max-size\" in KB above 0";
        fields.reader().fault(fields.node(), message);
    }
    fields.finish(&[&["mode", "bulk-max-size"]]);
    let bulk_max_kib = u32::try_from(size.unwrap_or(0)).ok()?;
    Some(LobSettings {
        mode: mode?,
        bulk_max_kib,
    })
}

/// Reads a `validation` rule.
pub(super) fn validation(fields: &mut Fields<'_, '_>) -> Option<Validation> {
    let reader = fields.reader();
    fields.choice("rule-target", &[("column", ())]);
    fields.choice("rule-action", &[("override-validation-function", ())]);
    let locator = fields.locator(&["table-name", "column-name", "data-type"]);
    let source_function = fields.require_text("source-function");
    let target_function = fields.require_text("target-function");
    fields.finish_with(&[
        COMMON,
        &[
            "rule-target",
            "rule-action",
            "object-locator",
            "source-function",
            "target-function",
        ],
    ]);
    let mut locator = locator?;
    if locator.column.is_none() {
        reader.fault(locator.node, "\"column-name\" is missing");
    }
    let data_type = match locator.data_type.take() {
        Some(node) => {
            let known = DmsType::ALL.iter().map(|known| (known.as_str(), *known));
            Some(fields.choice_of(node, "data-type", &known.collect::<Vec<_>>())?)
        }
        None => None,
    };
    Some(Validation {
        locator: Locator {
            data_type,
            ..locator.with_table(reader)?
        },
        source_function: source_function?,
        target_function: target_function?,
    })
}

/// Reads an `object-mapping` rule.
pub(super) fn object_mapping(fields: &mut Fields<'_, '_>) -> Option<RuleBody> {
    fields.choice(
        "rule-action",
        &[("map-record-to-record", ()), ("map-record-to-document", ())],
    );
    let locator = fields.locator(&["table-name"]);
    for member in ["target-table-name", "kafka-target-topic"] {
        fields.text(member);
    }
    if let Some(node) = fields.take("disable-kafka-topic-normalization") {
        fields.reader().boolean(node);
    }
    if let Some(parameters) = fields.object("mapping-parameters") {
        mapping_parameters(parameters);
    }
    fields.finish_with(&[
        COMMON,
        &[
            "rule-action",
            "object-locator",
            "target-table-name",
            "kafka-target-topic",
            "disable-kafka-topic-normalization",
            "mapping-parameters",
        ],
    ]);
    locator?;
    Some(RuleBody::ObjectMapping)
}

fn mapping_parameters(mut fields: Fields<'_, '_>) {
    let types = [
        "attribute-name",
        "constant",
        "transaction-id",
        "schema-table",
        "primary-key",
    ];
    if let Some(node) = fields.take("partition-key-type") {
        fields.choice_of(node, "partition-key-type", &types.map(|name| (name, ())));
    }
    fields.text("partition-key-name");
    fields.texts("exclude-columns");
    for node in fields
        .take("attribute-mappings")
        .and_then(|n| fields.reader().list(n))
        .into_iter()
        .flatten()
    {
        if let Some(attribute) = Fields::new(fields.reader(), node) {
            attribute_mapping(attribute);
        }
    }
    fields.finish(&[&[
        "partition-key-type",
        "partition-key-name",
        "exclude-columns",
        "attribute-mappings",
    ]]);
}

fn attribute_mapping(mut fields: Fields<'_, '_>) {
    fields.require_text("target-attribute-name");
    if let Some(node) = fields.take("attribute-type") {
        fields.choice_of(node, "attribute-type", &[("scalar", ()), ("document", ())]);
    }
    // Kinds of attributes differ from target to target, and so does the shape of a value.
    fields.take("attribute-sub-type");
    fields.take("value");
    fields.finish(&[&[
        "target-attribute-name",
        "attribute-type",
        "attribute-sub-type",
        "value",
    ]]);
}

/// Reads a `post-processing` rule.
pub(super) fn post_processing(fields: &mut Fields<'_, '_>) -> Option<RuleBody> {
    let reader = fields.reader();
    fields.choice("rule-action", &[("add-tag", ())]);
    let locator = fields.locator(&["table-name"]);
    let tags = fields.require("tag-set").and_then(|node| reader.list(node));
    for node in tags.into_iter().flatten() {
        if let Some(mut tag) = Fields::new(reader, node) {
            tag.require_text("key");
            tag.require("value");
            tag.finish(&[&["key", "value"]]);
        }
    }
    fields.finish_with(&[COMMON, &["rule-action", "object-locator", "tag-set"]]);
    locator?;
    Some(RuleBody::PostProcessing)
}
