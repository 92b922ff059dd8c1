//! Where the values that rows are made of are found.

use std::fmt::Display;

use dbferry_core::{CellForm, Code, DataType, Error, RowBatch, TableLoad, TableRead};

use super::canonical;
use crate::expression::{Header, Input, Parameter};
use crate::resolution::{ColumnMapping, TableMapping};

/// Finds source columns in what is read.
pub(super) struct Layout<'a> {
    pub(super) mapping: &'a TableMapping,
    pub(super) read: &'a TableRead,
}

impl Layout<'_> {
    /// Whether loaded rows are the read rows, cell by cell.
    pub(super) fn is_unchanged(&self, load: &TableLoad) -> Result<bool, Error> {
        if load.columns.len() != self.read.columns.len() {
            return Ok(false);
        }
        for (index, wanted) in load.columns.iter().enumerate() {
            let column = self.mapping_of(wanted.column)?;
            let source = self.read.columns[index].column;
            if column.mask.is_some() || column.source_column() != Some(source) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    pub(super) fn mapping_of(&self, target: usize) -> Result<&ColumnMapping, Error> {
        self.mapping
            .columns
            .iter()
            .find(|column| column.target == target)
            .ok_or_else(|| self.broken(format!("nothing fills target column {target}")))
    }

    /// The position of a source column in the read rows.
    pub(super) fn cell(&self, source: usize, canonical: bool) -> Result<usize, Error> {
        let position = self
            .read
            .columns
            .iter()
            .position(|read| read.column == source);
        let position =
            position.ok_or_else(|| self.broken(format!("source column {source} is not read")))?;
        if canonical && self.read.columns[position].form != CellForm::Canonical {
            return Err(self.broken(format!(
                "source column {source} is not read in canonical form"
            )));
        }
        Ok(position)
    }

    pub(super) fn operand(&self, input: &Input) -> Result<Operand, Error> {
        Ok(match input {
            Input::Column(source) => {
                let data_type = self.mapping.source.columns[*source].data_type.clone();
                Operand::Cell(self.cell(*source, true)?, data_type)
            }
            Input::Text(text) => Operand::Text(text.clone()),
            Input::Header(header) => match header {
                Header::Timestamp | Header::CommitTimestamp => Operand::Now,
                Header::Operation => Operand::Text("INSERT".to_owned()),
                Header::StreamPosition | Header::User | Header::ChangeSequence => {
                    Operand::Text(String::new())
                }
            },
        })
    }

    fn broken(&self, message: impl Display) -> Error {
        Error::definite(Code::Internal, message.to_string()).with_object(&self.mapping.source.name)
    }
}

/// What a parameter of an expression is.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// The read cell at this position, of this type.
    Cell(usize, DataType),
    Text(String),
    /// The time at which the batch arrived.
    Now,
}

impl Operand {
    pub(super) fn parameter<'p>(
        &'p self,
        input: &'p RowBatch,
        row: usize,
        now: &'p str,
    ) -> Result<Parameter<'p>, Error> {
        match self {
            Self::Cell(column, data_type) => match input.cell(row, *column) {
                None => Ok(Parameter::Null),
                Some(cell) => canonical::parameter(cell, data_type),
            },
            Self::Text(text) => Ok(Parameter::Text(text.as_bytes())),
            Self::Now => Ok(Parameter::Text(now.as_bytes())),
        }
    }
}
