//! How one table is loaded: the statements, and the way of each column.

use std::sync::Arc;

use dbferry_core::{Code, Error, TableLoad};

use crate::codec::escape::FORMAT;
use crate::codec::recode::{Expression, Refusal, Way};
use crate::codec::row_name::row_name;
use crate::dialect;

/// What is loaded, worked out once per table.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) load: Arc<TableLoad>,
    /// One per cell of a row.
    pub(crate) columns: Vec<ColumnPlan>,
    /// The cells that name a row; empty when the table has no key or a part of it is not loaded.
    pub(crate) key: Vec<usize>,
    /// The columns that the server computes.
    pub(crate) generated: Vec<String>,
}

/// One column that is loaded.
#[derive(Debug)]
pub(crate) struct ColumnPlan {
    /// Its name, as the server writes it.
    pub(crate) name: String,
    /// The way of its cells.
    pub(crate) way: Way,
    /// Whether NULL may be sent.
    pub(crate) nullable: bool,
    /// Whether a cell may stand for the error value of an ENUM.
    pub(crate) enum_errors: bool,
    /// Whether a hexadecimal literal would be taken for a number.
    pub(crate) numeric: bool,
}

impl Plan {
    /// Works out how a table is loaded. `binary_json` as in [`Way::new`].
    pub(crate) fn new(load: &Arc<TableLoad>, binary_json: bool) -> Self {
        let columns = (0..load.columns.len())
            .map(|index| ColumnPlan::new(load, index, binary_json))
            .collect();
        let key = load.table.row_key().and_then(|key| {
            key.iter()
                .map(|&column| load.columns.iter().position(|cell| cell.column == column))
                .collect()
        });
        Self {
            load: Arc::clone(load),
            columns,
            key: key.unwrap_or_default(),
            generated: load
                .table
                .columns
                .iter()
                .filter(|column| column.generated.is_some())
                .map(|column| column.name.clone())
                .collect(),
        }
    }

    /// The `LOAD DATA` statement. The file name means nothing.
    pub(crate) fn load_statement(&self) -> String {
        let mut targets = Vec::new();
        let mut assignments = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            let name = dialect::identifier(&column.name);
            if column.way.expression == Expression::Direct {
                targets.push(name);
                continue;
            }
            let variable = format!("@dbferry_{index}");
            assignments.push(format!(
                "{name} = {}",
                column.way.expression.around(&variable)
            ));
            targets.push(variable);
        }
        let mut sql = format!(
            "LOAD DATA LOCAL INFILE 'rows' INTO TABLE {} {FORMAT} ({})",
            dialect::object(&self.load.table.name),
            targets.join(", ")
        );
        if !assignments.is_empty() {
            sql.push_str(&format!(" SET {}", assignments.join(", ")));
        }
        sql
    }

    /// The `INSERT` statement up to its rows.
    pub(crate) fn insert_head(&self) -> String {
        let names = dialect::identifiers(self.columns.iter().map(|column| column.name.as_str()));
        let table = dialect::object(&self.load.table.name);
        format!("INSERT IGNORE INTO {table} ({names}) VALUES ")
    }

    /// Whether the server numbers the rows of the table.
    pub(crate) fn numbers_rows(&self) -> bool {
        self.load
            .table
            .columns
            .iter()
            .any(|column| column.auto_increment)
    }

    /// Names a row by its key, given the cells of the key.
    pub(crate) fn row_name<'a>(&'a self, key: impl Iterator<Item = Option<&'a [u8]>>) -> String {
        let names = self
            .key
            .iter()
            .map(|&index| self.columns[index].name.as_str());
        row_name(names.zip(key))
    }

    /// The error for a cell that is not sent.
    pub(crate) fn refused<'a>(
        &'a self,
        column: usize,
        row: impl Fn(usize) -> Option<&'a [u8]>,
        refusal: Refusal,
    ) -> Error {
        let name = self.columns[column].name.escape_debug();
        let row = self.row_name(self.key.iter().map(|&index| row(index)));
        Error::definite(Code::ValueRefused, format!("the value {}", refusal.0))
            .with_object(format!("{} column {name}{row}", self.load.table.name))
            .with_hint("change the value on the source, or the type of the target column")
    }
}

impl ColumnPlan {
    fn new(load: &TableLoad, index: usize, binary_json: bool) -> Self {
        use dbferry_core::DataType as T;
        let column = load.column(index);
        let way = Way::new(&load.columns[index], column, binary_json);
        Self {
            name: column.name.clone(),
            // A timestamp that may not be NULL takes the current time instead, and an
            // auto-increment column a number, without a word.
            nullable: column.nullable,
            enum_errors: matches!(column.data_type, T::Enum { .. }),
            numeric: matches!(
                column.data_type,
                T::Integer { .. }
                    | T::Decimal { .. }
                    | T::Float { .. }
                    | T::Boolean
                    | T::Year
                    | T::Date
                    | T::Time { .. }
                    | T::DateTime { .. }
                    | T::Timestamp { .. }
            ),
            way,
        }
    }

    /// What to send for a cell; `None` for NULL.
    ///
    /// # Errors
    /// [`Refusal`] when the column would hold something else.
    pub(crate) fn send<'a>(
        &'a self,
        cell: Option<&'a [u8]>,
        scratch: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, Refusal> {
        match cell {
            Some(cell) => self.way.recode.apply(cell, scratch).map(Some),
            None if self.nullable => Ok(None),
            None => Err(Refusal("is NULL, which the column does not allow")),
        }
    }

    /// Whether these bytes, as sent, are the error value of an ENUM.
    pub(crate) fn is_enum_error(&self, sent: Option<&[u8]>) -> bool {
        self.enum_errors && sent == Some(b"0")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use dbferry_core::catalog::{Key, KeyKind, KeyPart};
    use dbferry_core::{CellForm, Column, ColumnLoad, DataType, ObjectName, Table};

    /// A plan of a table whose first column is its key.
    pub(crate) fn plan(types: &[(&str, DataType)]) -> Plan {
        let mut table = Table::new(ObjectName::new("d", "t"));
        let mut columns = Vec::new();
        for (index, (name, data_type)) in types.iter().enumerate() {
            let mut column = Column::new(*name, data_type.clone(), "");
            column.nullable = index > 0;
            table.columns.push(column);
            columns.push(ColumnLoad {
                column: index,
                form: CellForm::Native,
                data_type: data_type.clone(),
            });
        }
        table.keys.push(Key {
            name: String::new(),
            kind: KeyKind::Primary,
            parts: vec![KeyPart::column(types[0].0)],
            visible: true,
            condition: None,
            comment: String::new(),
            options: Vec::new(),
        });
        Plan::new(&Arc::new(TableLoad { table, columns }), true)
    }

    #[test]
    fn expressions_stand_only_where_they_are_needed() {
        let int = DataType::Integer {
            bits: 32,
            signed: true,
        };
        let labels = ["7"].map(String::from);
        let plan = plan(&[
            ("id", int),
            ("j`", DataType::Json),
            (
                "e",
                DataType::Enum {
                    labels: labels.into(),
                },
            ),
        ]);
        let sql = plan.load_statement();
        assert!(sql.starts_with("LOAD DATA LOCAL INFILE 'rows' INTO TABLE `d`.`t` CHARACTER SET"));
        assert!(sql.ends_with(
            "(`id`, @dbferry_1, @dbferry_2) SET `j``` = CONVERT(@dbferry_1 USING utf8mb4), \
             `e` = CAST(@dbferry_2 AS UNSIGNED)"
        ));
        assert_eq!(
            plan.insert_head(),
            "INSERT IGNORE INTO `d`.`t` (`id`, `j```, `e`) VALUES "
        );
    }
}
