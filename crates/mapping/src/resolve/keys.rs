//! The keys of a mapped table: those of the source under new names, and those that rules define.

use dbferry_core::catalog::{Key, KeyKind, KeyPart, KeyPartOf};

use super::assemble::Assembly;
use super::column_position;
use crate::rules::{Action, KeyDefinition, RuleTarget};

/// The name of a primary key that a rule has replaced.
const FORMER_KEY: &str = "former_primary";

impl Assembly<'_, '_> {
    pub(super) fn keys(&mut self) {
        for key in &self.draft.source.keys {
            match self.key(key) {
                Ok(key) => self.mapping.mapped.keys.push(key),
                Err(column) => self.key_left_out(key, &column),
            }
        }
        if self.mapping.mapped.row_key().is_none() && self.draft.source.row_key().is_some() {
            let message = "the target table has no key any more that identifies a row";
            self.warn("row-key-left-out", message);
        }
    }

    /// A key with its columns renamed, or the column that is missing.
    fn key(&mut self, key: &Key) -> Result<Key, String> {
        let mut mapped = key.clone();
        for part in &mut mapped.parts {
            part.of = match &part.of {
                KeyPartOf::Column(name) => match self.renamed(name) {
                    Some(Some(new)) => KeyPartOf::Column(new.to_owned()),
                    Some(None) => return Err(name.clone()),
                    None => continue,
                },
                KeyPartOf::Expression(text) => {
                    let what = format!("key {:?}", key.name);
                    KeyPartOf::Expression(self.rewrite_whole(&what, &text.clone())?)
                }
            };
        }
        if let Some(condition) = &key.condition {
            let what = format!("the condition of key {:?}", key.name);
            mapped.condition = Some(self.rewrite_whole(&what, condition)?);
        }
        Ok(mapped)
    }

    fn key_left_out(&mut self, key: &Key, column: &str) {
        let what = match key.kind {
            KeyKind::Primary => "the primary key".to_owned(),
            KeyKind::Unique => format!("unique key {:?}", key.name),
            _ => format!("index {:?}", key.name),
        };
        let message = format!("{what} is left out, since column {column:?} is");
        match key.kind {
            KeyKind::Primary | KeyKind::Unique => self.warn("key-left-out", message),
            _ => self.info("key-left-out", message),
        }
    }

    /// Keys that rules define.
    pub(super) fn defined_keys(&mut self) {
        for position in self.rules(|rule| rule.action(RuleTarget::Table).is_some()) {
            let rule = &self.run.rules[position];
            let Some(Action::DefineKey(definition)) = rule.action(RuleTarget::Table) else {
                continue;
            };
            rule.hit_table(&self.draft.source.name);
            match self.define_key(definition) {
                Ok(()) => {}
                Err(message) => {
                    let rule = &self.run.rules[position];
                    let fault = format!("{}: {}: {message}", rule.title(), self.draft.source.name);
                    self.run.faults.push(fault);
                }
            }
        }
    }

    fn define_key(&mut self, definition: &KeyDefinition) -> Result<(), String> {
        let mut parts = Vec::with_capacity(definition.columns.len());
        for wanted in &definition.columns {
            let index = self
                .target_column(wanted)
                .ok_or_else(|| format!("there is no column {wanted:?} on the target"))?;
            let column = &mut self.mapping.mapped.columns[index];
            if column.data_type.is_lob() {
                return Err(format!(
                    "column {wanted:?} holds large objects, which are no keys"
                ));
            }
            parts.push(KeyPart::column(column.name.clone()));
            if definition.primary && column.nullable {
                column.nullable = false;
                let name = column.name.clone();
                let message = format!(
                    "column {name:?} may be NULL on the source and may not in the new primary key"
                );
                self.warn("key-column-nullable", message);
            }
        }
        let keys = &mut self.mapping.mapped.keys;
        if definition.primary {
            for key in keys.iter_mut().filter(|key| key.kind == KeyKind::Primary) {
                key.kind = KeyKind::Unique;
                FORMER_KEY.clone_into(&mut key.name);
            }
        }
        let kind = if definition.primary {
            KeyKind::Primary
        } else {
            KeyKind::Unique
        };
        keys.insert(0, plain_key(definition.name.clone(), kind, parts));
        Ok(())
    }

    /// A mapped column by its target name, else by its source name.
    fn target_column(&self, name: &str) -> Option<usize> {
        let case = self.run.dialect.column_case();
        column_position(&self.mapping.mapped, name, case).or_else(|| {
            let new = self.renamed(name)??;
            self.mapping.mapped.column_index(new)
        })
    }
}

/// A key of whole columns.
fn plain_key(name: String, kind: KeyKind, parts: Vec<KeyPart>) -> Key {
    Key {
        name,
        kind,
        parts,
        visible: true,
        condition: None,
        comment: String::new(),
        options: Vec::new(),
    }
}
