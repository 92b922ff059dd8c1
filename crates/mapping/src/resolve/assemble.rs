//! Builds the mapped table: columns, keys, checks, partitions, and where each cell comes from.
//!
//! Whatever cannot go along because a column is left out goes without it, with a finding: a key,
//! a check, the partitioning. A generated column whose expression lost a column becomes a plain
//! one that carries the source's values.

use dbferry_core::catalog::{
    Check, Column, ColumnDefault, Generated, Key, KeyKind, KeyPart, KeyPartOf, Table,
};
use dbferry_core::{DataType, Finding, KeyCells, Severity};

use super::tables::{Added, Draft, Fate, Fill};
use super::{Run, column_position};
use crate::resolution::{
    ColumnMapping, ColumnOrigin, LobMode, ParallelLoad, TableMapping, ValidationOverride,
};
use crate::rewrite::{Rewritten, columns};
use crate::rules::{Action, KeyDefinition, ParallelLoadRule, RuleBody, RuleTarget};

/// The name of a primary key that a rule has replaced.
const FORMER_KEY: &str = "former_primary";

/// Builds the mapping of a table, but for its foreign keys.
pub(super) fn table<'a>(run: &mut Run<'a>, draft: &Draft<'a>) -> TableMapping {
    let mut assembly = Assembly::new(run, draft);
    assembly.columns();
    assembly.added();
    assembly.keys();
    assembly.checks();
    assembly.partitioning();
    assembly.defined_keys();
    assembly.table_settings();
    assembly.validation_overrides();
    assembly.mapping
}

/// One table under construction.
struct Assembly<'r, 'a> {
    run: &'r mut Run<'a>,
    draft: &'r Draft<'a>,
    renames: bool,
    mapping: TableMapping,
}

impl<'r, 'a> Assembly<'r, 'a> {
    fn new(run: &'r mut Run<'a>, draft: &'r Draft<'a>) -> Self {
        let mut mapped = Table::new(draft.name.clone());
        mapped.auto_increment = draft.source.auto_increment;
        mapped.charset.clone_from(&draft.source.charset);
        mapped.collation.clone_from(&draft.source.collation);
        mapped.comment.clone_from(&draft.source.comment);
        mapped.options.clone_from(&draft.source.options);
        mapped.size = draft.source.size;
        mapped.foreign_keys.clone_from(&draft.source.foreign_keys);
        let mapping = TableMapping {
            source: draft.source.clone(),
            mapped,
            columns: Vec::with_capacity(draft.source.columns.len()),
            before_images: Vec::new(),
            filter: draft.filter.clone(),
            load_order: draft.load_order,
            parallel_load: None,
            lob: None,
            validation_overrides: Vec::new(),
        };
        Self {
            run,
            draft,
            renames: draft.changes_columns(),
            mapping,
        }
    }

    /// Replaces column names in a text of the source.
    fn rewrite(&self, text: &str) -> Rewritten {
        if !self.renames {
            return Rewritten {
                text: text.to_owned(),
                ..Rewritten::default()
            };
        }
        columns(text, &self.run.dialect, |name| self.renamed(name))
    }

    fn renamed(&self, name: &str) -> Option<Option<&'r str>> {
        let case = self.run.dialect.column_case();
        let index = column_position(self.draft.source, name, case)?;
        Some(self.draft.fates[index].name.as_deref())
    }

    /// Replaces column names; `None` when a column is left out.
    fn rewrite_whole(&mut self, what: &str, text: &str) -> Result<String, String> {
        let rewritten = self.rewrite(text);
        for name in &rewritten.unsure {
            let message = format!("{what} may mention {name:?}, which has another name now");
            self.warn("text-unsure", message);
        }
        match rewritten.dropped.into_iter().next() {
            Some(column) => Err(column),
            None => Ok(rewritten.text),
        }
    }

    fn warn(&mut self, id: &str, message: impl Into<String>) {
        self.run.warn(id, &self.draft.source.name, message);
    }

    fn info(&mut self, id: &str, message: impl Into<String>) {
        let finding = Finding::new(id, Severity::Info, message);
        self.run.find(finding.on(&self.draft.source.name));
    }

    fn columns(&mut self) {
        let draft = self.draft;
        for (index, (column, fate)) in draft.source.columns.iter().zip(&draft.fates).enumerate() {
            let Some(name) = &fate.name else {
                continue;
            };
            let mut mapped = Column {
                name: name.clone(),
                ..column.clone()
            };
            if let Some(data_type) = &fate.data_type {
                retype(&mut mapped, data_type.clone());
            }
            self.defaults(&mut mapped);
            self.generated(&mut mapped, column, fate);
            if mapped.generated.is_none() {
                self.mapping.columns.push(ColumnMapping {
                    target: self.mapping.mapped.columns.len(),
                    origin: ColumnOrigin::Source(index),
                    mask: fate.mask,
                });
            }
            self.mapping.mapped.columns.push(mapped);
        }
        let numbered = |column: &Column| column.auto_increment;
        if !self.mapping.mapped.columns.iter().any(numbered) {
            self.mapping.mapped.auto_increment = None;
        }
    }

    /// Replaces column names in the expressions that fill a column.
    fn defaults(&mut self, column: &mut Column) {
        if let Some(ColumnDefault::Expression(text)) = &column.default {
            let what = format!("the default of column {:?}", column.name);
            match self.rewrite_whole(&what, &text.clone()) {
                Ok(text) => column.default = Some(ColumnDefault::Expression(text)),
                Err(dropped) => {
                    let message = format!("{what} needs column {dropped:?}: left out");
                    self.warn("default-left-out", message);
                    column.default = None;
                }
            }
        }
        if let Some(text) = column.on_update.clone() {
            column.on_update = Some(self.rewrite(&text).text);
        }
    }

    fn generated(&mut self, mapped: &mut Column, source: &Column, fate: &Fate) {
        let Some(Generated { expression, stored }) = &source.generated else {
            return;
        };
        let what = format!("the expression of column {:?}", mapped.name);
        let reason = match self.rewrite_whole(&what, expression) {
            Ok(expression) if fate.mask.is_none() => {
                mapped.generated = Some(Generated {
                    expression,
                    stored: *stored,
                });
                return;
            }
            Ok(_) => "its values are masked".to_owned(),
            Err(column) => format!("column {column:?} is left out"),
        };
        mapped.generated = None;
        let message = format!("{what} is left out, since {reason}: the values are copied instead");
        self.warn("generated-left-out", message);
    }

    fn added(&mut self) {
        for Added {
            name,
            data_type,
            fill,
            mask,
        } in &self.draft.added
        {
            let target = self.mapping.mapped.columns.len();
            self.mapping
                .mapped
                .columns
                .push(Column::new(name, data_type.clone(), ""));
            match fill {
                Fill::Default => {}
                Fill::BeforeImage(source) => self.mapping.before_images.push((target, *source)),
                Fill::Expression(computed) => self.mapping.columns.push(ColumnMapping {
                    target,
                    origin: ColumnOrigin::Expression(computed.clone()),
                    mask: *mask,
                }),
            }
        }
    }

    fn keys(&mut self) {
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

    fn checks(&mut self) {
        for check in &self.draft.source.checks {
            let column = check.column.as_ref().map(|name| (name, self.renamed(name)));
            let what = format!("check {:?}", check.name);
            let lost = match self.rewrite_whole(&what, &check.expression) {
                Ok(expression) => {
                    let column = match column {
                        Some((_, Some(Some(new)))) => Some(new.to_owned()),
                        _ => None,
                    };
                    let check = Check {
                        expression,
                        column,
                        ..check.clone()
                    };
                    self.mapping.mapped.checks.push(check);
                    continue;
                }
                Err(lost) => lost,
            };
            self.warn(
                "check-left-out",
                format!("{what} is left out, since column {lost:?} is"),
            );
        }
    }

    fn partitioning(&mut self) {
        let Some(clause) = &self.draft.source.partitioning else {
            return;
        };
        // Older servers print the columns of this clause unquoted.
        let dialect = self.run.dialect.with_bare_names();
        let rewritten = columns(clause, &dialect, |name| self.renamed(name));
        match rewritten.dropped.first() {
            None => {
                self.mapping.mapped.partitioning = Some(rewritten.text);
                self.mapping
                    .mapped
                    .partitions
                    .clone_from(&self.draft.source.partitions);
            }
            Some(column) => {
                let message = format!("the partitioning is left out, since column {column:?} is");
                self.warn("partitioning-left-out", message);
            }
        }
    }

    /// Keys that rules define.
    fn defined_keys(&mut self) {
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

    /// The positions of the rules that name the table.
    fn rules(&self, concerns: impl Fn(&super::Compiled<'_>) -> bool) -> Vec<usize> {
        let rules = self.run.rules.iter().enumerate();
        rules
            .filter(|(_, rule)| concerns(rule) && rule.fits_table(&self.draft.source.name))
            .map(|(index, _)| index)
            .collect()
    }

    fn table_settings(&mut self) {
        let is_settings =
            |rule: &super::Compiled<'_>| matches!(rule.rule.body, RuleBody::TableSettings(_));
        for position in self.rules(is_settings) {
            let rule = &self.run.rules[position];
            let RuleBody::TableSettings(settings) = &rule.rule.body else {
                continue;
            };
            rule.hit_table(&self.draft.source.name);
            let (title, lob) = (rule.title(), settings.lob);
            if let Some(wanted) = &settings.parallel_load
                && self.mapping.parallel_load.is_none()
            {
                match self.parallel_load(wanted) {
                    Ok(load) => self.mapping.parallel_load = Some(load),
                    Err(message) => {
                        let fault = format!("{title}: {}: {message}", self.draft.source.name);
                        self.run.faults.push(fault);
                    }
                }
            }
            self.mapping.lob = self.mapping.lob.or(lob);
            if lob.is_some_and(|lob| lob.mode == LobMode::Limited) {
                self.info(
                    "lob-not-limited",
                    "large values are carried whole, never cut",
                );
            }
        }
    }

    fn parallel_load(&mut self, rule: &ParallelLoadRule) -> Result<ParallelLoad, String> {
        Ok(match rule {
            ParallelLoadRule::None => ParallelLoad::None,
            ParallelLoadRule::PartitionsAuto => ParallelLoad::PartitionsAuto,
            ParallelLoadRule::SubpartitionsAuto => {
                self.info("subpartitions", "the table is cut by its partitions");
                ParallelLoad::PartitionsAuto
            }
            ParallelLoadRule::Partitions(names) => self.partition_list(names)?,
            ParallelLoadRule::Ranges {
                columns,
                boundaries,
            } => self.ranges(columns, boundaries)?,
        })
    }

    fn partition_list(&mut self, names: &[String]) -> Result<ParallelLoad, String> {
        let known = &self.draft.source.partitions;
        if let Some(missing) = names.iter().find(|name| !known.contains(name)) {
            return Err(format!("there is no partition {missing:?}"));
        }
        let rest: Vec<_> = known
            .iter()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect();
        let all = [names, &rest].concat();
        if !rest.is_empty() {
            let message = format!(
                "the rule does not name partitions {}: they are loaded all the same",
                rest.join(", ")
            );
            self.info("partitions-added", message);
        }
        Ok(ParallelLoad::Partitions(all))
    }

    fn ranges(
        &self,
        columns: &[String],
        boundaries: &[Vec<String>],
    ) -> Result<ParallelLoad, String> {
        let case = self.run.dialect.column_case();
        let mut names = Vec::with_capacity(columns.len());
        for wanted in columns {
            let index = column_position(self.draft.source, wanted, case)
                .ok_or_else(|| format!("there is no column {wanted:?}"))?;
            let column = &self.draft.source.columns[index];
            if column.data_type.is_lob() || matches!(column.data_type, DataType::Float { .. }) {
                return Err(format!(
                    "column {wanted:?} has a type that cannot be cut by"
                ));
            }
            names.push(column.name.clone());
        }
        let cells = boundaries.iter().map(|boundary| {
            KeyCells(
                boundary
                    .iter()
                    .map(|value| value.clone().into_bytes())
                    .collect(),
            )
        });
        Ok(ParallelLoad::Ranges {
            columns: names,
            boundaries: cells.collect(),
        })
    }

    fn validation_overrides(&mut self) {
        let key = self
            .draft
            .source
            .primary_key()
            .map(|key| key.parts.as_slice());
        let key = key.unwrap_or_default();
        let is_validation =
            |rule: &super::Compiled<'_>| matches!(rule.rule.body, RuleBody::Validation(_));
        for position in self.rules(is_validation) {
            let rule = &self.run.rules[position];
            let RuleBody::Validation(validation) = &rule.rule.body else {
                continue;
            };
            for (index, column) in self.draft.source.columns.iter().enumerate() {
                let in_key = key
                    .iter()
                    .any(|part| part.of == KeyPartOf::Column(column.name.clone()));
                if in_key || !rule.fits_column(column) {
                    continue;
                }
                rule.hit_column(self.draft.source, &column.name);
                self.mapping.validation_overrides.push(ValidationOverride {
                    source_column: index,
                    source_function: validation.source_function.clone(),
                    target_function: validation.target_function.clone(),
                });
            }
        }
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

/// Gives a column another type, and takes away what only belonged to the old one.
fn retype(column: &mut Column, data_type: DataType) {
    if !(data_type.is_character() && column.data_type.is_character()) {
        column.charset = None;
        column.collation = None;
    }
    column.auto_increment &= matches!(data_type, DataType::Integer { .. });
    column.attributes.clear();
    column.declared.clear();
    column.data_type = data_type;
}
