//! From JSON to rules.
//!
//! Every rule is read to its end whatever is wrong with it, so that one run reports everything.
//! What a rule may contain is a table of members beside the reader of each rule type; a member
//! that is not in it is an error, because a misspelt one would otherwise change what is migrated
//! without a word.

mod fields;
mod legacy;
mod selection;
mod settings;
mod transformation;

use std::collections::HashSet;

use dbferry_core::Code;

use crate::document::{Node, Reader};
use crate::expression::Evaluator;
use crate::problem::{Problem, Problems};
use crate::rules::{Rule, RuleBody, TableMappings};
use fields::Fields;

/// The largest document, in bytes, as in DMS.
const DOCUMENT_BYTES_MAX: usize = 2 << 20;

/// Members of every rule.
const COMMON: &[&str] = &["rule-type", "rule-id", "rule-name"];

/// What the readers of rules share.
pub(crate) struct Context<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) evaluator: Evaluator,
}

/// Reads table mappings.
pub(crate) fn table_mappings(json: &str) -> Result<TableMappings, Problems> {
    if json.len() > DOCUMENT_BYTES_MAX {
        return Err(whole(format!(
            "the document has {} bytes; {DOCUMENT_BYTES_MAX} are allowed",
            json.len()
        )));
    }
    let evaluator = Evaluator::new().map_err(|error| whole(error.to_string()))?;
    let context = Context {
        reader: Reader::new(json, Code::MappingInvalid),
        evaluator,
    };
    let mut rules = document(&context);
    rules.sort_by_key(|rule| rule.id);
    let json = json.to_owned();
    context.reader.finish(TableMappings { json, rules })
}

/// A fault of the document as a whole.
fn whole(message: String) -> Problems {
    let problem = Problem {
        line: 0,
        column: 0,
        subject: None,
        message,
    };
    Problems::new(Code::MappingInvalid, vec![problem])
}

fn document(context: &Context<'_>) -> Vec<Rule> {
    let reader = &context.reader;
    let Some(root) = reader.root() else {
        return Vec::new();
    };
    let Some(members) = reader.object(root) else {
        return Vec::new();
    };
    let mut rules = None;
    for member in members {
        match member.name.as_ref() {
            "rules" => rules = Some(modern(context, member.value)),
            "TableMappings" => rules = Some(legacy::rules(reader, member.value)),
            other => reader.fault(
                member.value,
                format!("unknown member {other:?}; a mapping has \"rules\" alone"),
            ),
        }
    }
    let rules = rules.unwrap_or_else(|| {
        reader.fault(root, "\"rules\" is missing");
        Vec::new()
    });
    let selects = |rule: &Rule| matches!(rule.body, RuleBody::Selection(_));
    if reader.faults() == 0 && !rules.iter().any(selects) {
        reader.fault(
            root,
            "there is no selection rule, so nothing would be migrated",
        );
    }
    rules
}

fn modern<'a>(context: &Context<'a>, list: Node<'a>) -> Vec<Rule> {
    let mut rules = Vec::new();
    let mut known = Known::default();
    let nodes = context.reader.list(list).unwrap_or_default();
    for (index, node) in nodes.into_iter().enumerate() {
        context
            .reader
            .enter(format!("rule {} in the list", index + 1));
        rules.extend(rule(context, node, &mut known));
        context.reader.leave();
    }
    rules
}

/// Ids and names of the rules read so far, the wrong ones included.
#[derive(Default)]
struct Known {
    ids: HashSet<u64>,
    names: HashSet<String>,
}

impl Known {
    fn id<'a>(&mut self, fields: &mut Fields<'_, 'a>) -> Option<u64> {
        let node = fields.require("rule-id")?;
        let id = fields.reader().integer(node, 0, i64::MAX)?;
        let id = u64::try_from(id).ok()?;
        if !self.ids.insert(id) {
            let message = format!("rule-id {id} is given to another rule already");
            fields.reader().fault(node, message);
        }
        Some(id)
    }

    fn name<'a>(&mut self, fields: &mut Fields<'_, 'a>) -> Option<String> {
        let node = fields.require("rule-name")?;
        let name = fields.reader().scalar(node)?;
        if name.is_empty() {
            fields.reader().fault(node, "rule-name is empty");
        } else if !self.names.insert(name.clone()) {
            let message = format!("rule-name {name:?} is given to another rule already");
            fields.reader().fault(node, message);
        }
        Some(name)
    }
}

fn rule<'a>(context: &Context<'a>, node: Node<'a>, known: &mut Known) -> Option<Rule> {
    let mut fields = Fields::new(&context.reader, node)?;
    let (id, name) = (known.id(&mut fields), known.name(&mut fields));
    if let (Some(id), Some(name)) = (id, &name) {
        context.reader.enter(format!("rule {id} {name:?}"));
    }
    let body = body(context, &mut fields)?;
    Some(Rule {
        id: id?,
        name: name?,
        body,
    })
}

fn body<'a>(context: &Context<'a>, fields: &mut Fields<'_, 'a>) -> Option<RuleBody> {
    let kind = fields.choice(
        "rule-type",
        &[
            ("selection", Kind::Selection),
            ("transformation", Kind::Transformation),
            ("table-settings", Kind::TableSettings),
            ("validation", Kind::Validation),
            ("object-mapping", Kind::ObjectMapping),
            ("post-processing", Kind::PostProcessing),
        ],
    )?;
    match kind {
        Kind::Selection => selection::read(fields).map(RuleBody::Selection),
        Kind::Transformation => transformation::read(context, fields).map(RuleBody::Transformation),
        Kind::TableSettings => settings::table_settings(fields).map(RuleBody::TableSettings),
        Kind::Validation => settings::validation(fields).map(RuleBody::Validation),
        Kind::ObjectMapping => settings::object_mapping(fields),
        Kind::PostProcessing => settings::post_processing(fields),
    }
}

/// The rule types.
#[derive(Clone, Copy)]
enum Kind {
    Selection,
    Transformation,
    TableSettings,
    Validation,
    ObjectMapping,
    PostProcessing,
}

#[cfg(test)]
mod tests;
