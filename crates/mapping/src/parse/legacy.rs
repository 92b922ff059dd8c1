//! The form that mappings had before 2017.
//!
//! `{"TableMappings": [{"Type": "Include", "SourceSchema": "shop", "SourceTable": "%"}]}`: a list
//! of selections without ids. They get ids in the order in which they stand.

use super::fields::Fields;
use crate::document::{Node, Reader};
use crate::rules::{Locator, Rule, RuleBody, Selection, SelectionAction, TableKinds};

/// Reads the list.
pub(super) fn rules<'a>(reader: &Reader<'a>, list: Node<'a>) -> Vec<Rule> {
    let nodes = reader.list(list).unwrap_or_default();
    (1..)
        .zip(nodes)
        .filter_map(|(id, node)| {
            reader.enter(format!("entry {id} of \"TableMappings\""));
            let selection = selection(Fields::new(reader, node)?);
            reader.leave();
            let name = id.to_string();
            Some(Rule {
                id,
                name,
                body: RuleBody::Selection(selection?),
            })
        })
        .collect()
}

fn selection(mut fields: Fields<'_, '_>) -> Option<Selection> {
    let action = fields.choice(
        "Type",
        &[
            ("Include", SelectionAction::Include),
            ("Exclude", SelectionAction::Exclude),
        ],
    );
    let schema = fields.require_text("SourceSchema");
    let table = fields.require_text("SourceTable");
    fields.finish(&[&["Type", "SourceSchema", "SourceTable"]]);
    Some(Selection {
        action: action?,
        locator: Locator::new(schema?, table?),
        kinds: TableKinds::Tables,
        load_order: None,
        filters: Vec::new(),
    })
}
