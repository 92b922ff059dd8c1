//! Builds the mapped table: columns, checks, partitions, and where each cell comes from. Its keys
//! are in `keys.rs`, what rules say about loading it in `loading.rs`.
//!
//! Whatever cannot go along because a column is left out goes without it, with a finding: a key,
//! a check, the partitioning. A generated column whose expression lost a column becomes a plain
//! one that carries the source's values.

use dbferry_core::catalog::{Check, Column, ColumnDefault, Generated, Table};
use dbferry_core::{DataType, Finding, Severity};

use super::compiled::Compiled;
use super::tables::{Added, Draft, Fate, Fill};
use super::{Run, column_position};
use crate::resolution::{ColumnMapping, ColumnOrigin, TableMapping};
use crate::rewrite::{Rewritten, columns};

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
pub(super) struct Assembly<'r, 'a> {
    pub(super) run: &'r mut Run<'a>,
    pub(super) draft: &'r Draft<'a>,
    renames: bool,
    pub(super) mapping: TableMapping,
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

    pub(super) fn renamed(&self, name: &str) -> Option<Option<&'r str>> {
        let case = self.run.dialect.column_case();
        let index = column_position(self.draft.source, name, case)?;
        Some(self.draft.fates[index].name.as_deref())
    }

    /// Replaces column names; `None` when a column is left out.
    pub(super) fn rewrite_whole(&mut self, what: &str, text: &str) -> Result<String, String> {
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

    pub(super) fn warn(&mut self, id: &str, message: impl Into<String>) {
        self.run.warn(id, &self.draft.source.name, message);
    }

    pub(super) fn info(&mut self, id: &str, message: impl Into<String>) {
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

    /// The positions of the rules that name the table.
    pub(super) fn rules(&self, concerns: impl Fn(&Compiled<'_>) -> bool) -> Vec<usize> {
        let rules = self.run.rules.iter().enumerate();
        rules
            .filter(|(_, rule)| concerns(rule) && rule.fits_table(&self.draft.source.name))
            .map(|(index, _)| index)
            .collect()
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
