//! Rows on their way: copied, masked, computed.
//!
//! A [`RowTransform`] is made once per worker and table from the table's mapping and from what is
//! read and loaded. Most tables need none: then a batch goes from reader to loader as it is. It
//! works on batches: each computed column is evaluated down the batch with one prepared
//! statement, then the rows are put together. There is no input or output in it but the clock and
//! the random numbers that rules ask for.
//!
//! Values that rules look at are in canonical form; see [`TableMapping::needs_canonical`].

mod canonical;
mod clock;
mod layout;
mod mask;

use std::collections::HashMap;

use dbferry_core::{DataType, Error, RowBatch, TableLoad, TableRead};

pub(crate) use mask::sha256_hex;

use crate::expression::{Evaluator, Expression, Prepared};
use crate::resolution::{ColumnOrigin, Computed, Mask, TableMapping};
use layout::{Layout, Operand};
use mask::Masker;

/// Turns rows as they were read into rows as they are loaded.
#[derive(Debug)]
pub struct RowTransform {
    table: String,
    columns: Vec<Step>,
    computations: Vec<Computation>,
    evaluator: Option<Evaluator>,
    masker: Masker,
    /// What was decided about rows of the batch at hand.
    verdicts: HashMap<usize, Verdict>,
}

/// How one cell of a loaded row comes about.
#[derive(Debug)]
struct Step {
    name: String,
    origin: StepOrigin,
    mask: Option<(Mask, DataType)>,
}

/// Where the value is found.
#[derive(Debug, Clone, Copy)]
enum StepOrigin {
    /// In the read row, at this position.
    Cell(usize),
    /// Among the computed columns, at this position.
    Computed(usize),
}

/// One computed column.
#[derive(Debug)]
struct Computation {
    name: String,
    expression: std::sync::Arc<Expression>,
    inputs: Vec<Operand>,
    data_type: DataType,
    /// The values of the batch at hand, one cell per row.
    values: RowBatch,
}

impl RowTransform {
    /// Makes the transformation of a table's rows; `None` when they pass unchanged.
    ///
    /// # Errors
    /// `Internal` when what is read or loaded is not what the mapping needs.
    pub fn new(
        mapping: &TableMapping,
        read: &TableRead,
        load: &TableLoad,
    ) -> Result<Option<Self>, Error> {
        let layout = Layout { mapping, read };
        if layout.is_unchanged(load)? {
            return Ok(None);
        }
        let mut transform = Self {
            table: mapping.source.name.to_string(),
            columns: Vec::with_capacity(load.columns.len()),
            computations: Vec::new(),
            evaluator: None,
            masker: Masker::new(),
            verdicts: HashMap::new(),
        };
        for (index, wanted) in load.columns.iter().enumerate() {
            let column = layout.mapping_of(wanted.column)?;
            let name = load.column(index).name.clone();
            let (origin, data_type) = match &column.origin {
                ColumnOrigin::Source(source) => {
                    let cell = layout.cell(*source, column.mask.is_some())?;
                    (
                        StepOrigin::Cell(cell),
                        &mapping.source.columns[*source].data_type,
                    )
                }
                ColumnOrigin::Expression(computed) => {
                    let origin = transform.computed(&layout, computed, &name, &wanted.data_type)?;
                    (origin, &wanted.data_type)
                }
            };
            let mask = column.mask.map(|mask| (mask, data_type.clone()));
            transform.columns.push(Step { name, origin, mask });
        }
        if !transform.computations.is_empty() {
            transform.evaluator = Some(Evaluator::new()?);
        }
        Ok(Some(transform))
    }

    fn computed(
        &mut self,
        layout: &Layout<'_>,
        computed: &Computed,
        name: &str,
        data_type: &DataType,
    ) -> Result<StepOrigin, Error> {
        let operands = computed.inputs.iter().map(|input| layout.operand(input));
        let inputs: Vec<Operand> = operands.collect::<Result<_, _>>()?;
        // A mere copy is exact whatever the type, and SQLite need not look at it.
        if let ([Operand::Cell(cell, held)], true) =
            (&inputs[..], computed.expression.is_reference())
            && held == data_type
        {
            return Ok(StepOrigin::Cell(*cell));
        }
        self.computations.push(Computation {
            name: name.to_owned(),
            expression: computed.expression.clone(),
            inputs,
            data_type: data_type.clone(),
            values: RowBatch::new(1),
        });
        Ok(StepOrigin::Computed(self.computations.len() - 1))
    }

    /// Appends the rows of `input` to `output`, which has as many columns as are loaded.
    ///
    /// # Errors
    /// `ExpressionFailed` and `ValueUnrepresentable` naming table, column and the row's position
    /// in the batch, from 1; `RowTooLarge`. After an error `output` is of no use.
    pub fn apply(&mut self, input: &RowBatch, output: &mut RowBatch) -> Result<(), Error> {
        self.apply_with(input, output, &mut |fault| Err(fault.error))
    }

    /// The same, but `judge` decides about every value that cannot be computed or masked. A row
    /// is judged at its first fault of each column.
    ///
    /// # Errors
    /// Those that `judge` returns, and `RowTooLarge`. After an error `output` is of no use.
    pub fn apply_with(
        &mut self,
        input: &RowBatch,
        output: &mut RowBatch,
        judge: &mut dyn FnMut(RowFault) -> Result<Verdict, Error>,
    ) -> Result<(), Error> {
        self.verdicts.clear();
        self.compute(input, judge)?;
        self.check_masks(input, judge)?;
        for row in 0..input.rows() {
            match self.verdicts.get(&row) {
                Some(Verdict::Skip) => continue,
                verdict => self.write_row(input, row, verdict.is_some(), output)?,
            }
        }
        Ok(())
    }

    /// Evaluates every computed column for every row.
    fn compute(
        &mut self,
        input: &RowBatch,
        judge: &mut dyn FnMut(RowFault) -> Result<Verdict, Error>,
    ) -> Result<(), Error> {
        let Some(evaluator) = &self.evaluator else {
            return Ok(());
        };
        let now = clock::now();
        for computation in &mut self.computations {
            let mut prepared = evaluator
                .prepare(&computation.expression)
                .map_err(|error| {
                    error.with_object(format!("{}.{}", self.table, computation.name))
                })?;
            computation.values.reset(1);
            for row in 0..input.rows() {
                let computed = computation.row(&mut prepared, input, row, &now);
                let Err(error) = computed else {
                    continue;
                };
                let fault = RowFault::new(&self.table, &computation.name, row, error, false);
                // Without a value a row cannot be loaded, whatever the verdict.
                judge(fault)?;
                self.verdicts.insert(row, Verdict::Skip);
                computation.values.push_null()?;
            }
        }
        Ok(())
    }

    /// Finds the values that cannot be masked before any row is written.
    fn check_masks(
        &mut self,
        input: &RowBatch,
        judge: &mut dyn FnMut(RowFault) -> Result<Verdict, Error>,
    ) -> Result<(), Error> {
        for step in &self.columns {
            let Some((mask, data_type)) = step.mask.as_ref().filter(|(m, t)| m.can_fail(t)) else {
                continue;
            };
            for row in 0..input.rows() {
                let Some(cell) = self.cell(step, input, row) else {
                    continue;
                };
                let Err(error) = mask.check(data_type, cell) else {
                    continue;
                };
                let fault = RowFault::new(&self.table, &step.name, row, error, true);
                let verdict = judge(fault)?;
                let known = self.verdicts.entry(row).or_insert(verdict);
                *known = (*known).min(verdict);
            }
        }
        Ok(())
    }

    fn cell<'c>(&'c self, step: &Step, input: &'c RowBatch, row: usize) -> Option<&'c [u8]> {
        match step.origin {
            StepOrigin::Cell(column) => input.cell(row, column),
            StepOrigin::Computed(column) => self.computations[column].values.cell(row, 0),
        }
    }

    /// Writes a row; with `unmasked`, values that cannot be masked as they are.
    fn write_row(
        &mut self,
        input: &RowBatch,
        row: usize,
        unmasked: bool,
        output: &mut RowBatch,
    ) -> Result<(), Error> {
        for step in &self.columns {
            let cell = match step.origin {
                StepOrigin::Cell(column) => input.cell(row, column),
                StepOrigin::Computed(column) => self.computations[column].values.cell(row, 0),
            };
            let Some(cell) = cell else {
                output.push_null()?;
                continue;
            };
            match &step.mask {
                Some((mask, data_type)) if !unmasked || mask.check(data_type, cell).is_ok() => {
                    self.masker.write(*mask, data_type, cell, output)?;
                }
                _ => output.push(cell)?,
            }
        }
        Ok(())
    }
}

/// A value that could not be computed or masked.
#[derive(Debug)]
pub struct RowFault {
    /// The row's position in the batch, from 0.
    pub row: usize,
    /// Whether the value was to be masked.
    pub masking: bool,
    /// What is wrong; names table, column and row.
    pub error: Error,
}

impl RowFault {
    fn new(table: &str, column: &str, row: usize, error: Error, masking: bool) -> Self {
        let error = error.with_object(format!("{table}.{column}, row {} of the batch", row + 1));
        Self {
            row,
            masking,
            error,
        }
    }
}

/// What happens to a row with a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is left out.
    Skip,
    /// It is loaded with the value unmasked; a value that could not be computed cannot be, and
    /// its row is left out.
    LoadUnmasked,
}

impl Computation {
    /// Computes the value of a row and appends it.
    fn row(
        &mut self,
        prepared: &mut Prepared<'_>,
        input: &RowBatch,
        row: usize,
        now: &str,
    ) -> Result<(), Error> {
        for (index, operand) in self.inputs.iter().enumerate() {
            prepared.bind(index, operand.parameter(input, row, now)?)?;
        }
        prepared.value(|value| canonical::write(value, &self.data_type, &mut self.values))
    }
}

#[cfg(test)]
mod tests;
