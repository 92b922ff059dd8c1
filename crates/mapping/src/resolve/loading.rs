//! What rules say about loading and comparing a table.

use dbferry_core::catalog::KeyPartOf;
use dbferry_core::{DataType, KeyCells};

use super::assemble::Assembly;
use super::column_position;
use super::compiled::Compiled;
use crate::resolution::{LobMode, ParallelLoad, ValidationOverride};
use crate::rules::{ParallelLoadRule, RuleBody};

impl Assembly<'_, '_> {
    pub(super) fn table_settings(&mut self) {
        let is_settings =
            |rule: &Compiled<'_>| matches!(rule.rule.body, RuleBody::TableSettings(_));
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

    pub(super) fn validation_overrides(&mut self) {
        let key = self
            .draft
            .source
            .primary_key()
            .map(|key| key.parts.as_slice());
        let key = key.unwrap_or_default();
        let is_validation = |rule: &Compiled<'_>| matches!(rule.rule.body, RuleBody::Validation(_));
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
