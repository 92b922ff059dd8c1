//! The rules of a task, as written.
//!
//! These types say the same as the JSON, one to one, with everything checked that can be checked
//! without a catalog: names that must be exact are exact, arguments are there, ids are unique.

use std::sync::Arc;

use dbferry_core::NameCase;

use crate::dms_type::DmsType;
use crate::expression::Expression;
use crate::pattern::Pattern;
use crate::problem::Problems;
use crate::resolution::{LobSettings, Mask};

/// The table mappings of a task: which tables take part, and what becomes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct TableMappings {
    pub(crate) json: String,
    pub(crate) rules: Vec<Rule>,
}

impl TableMappings {
    /// Reads table mappings in the JSON of AWS DMS, or in the form it had before 2017.
    ///
    /// # Errors
    /// Every fault of the document with its place; as an [`dbferry_core::Error`] they have the
    /// code `MappingInvalid`.
    pub fn parse(json: &str) -> Result<Self, Problems> {
        crate::parse::table_mappings(json)
    }

    /// Every table that is not the server's own.
    pub fn everything() -> Self {
        let rule = Rule {
            id: 1,
            name: "everything".to_owned(),
            body: RuleBody::Selection(Selection {
                action: SelectionAction::Include,
                locator: Locator::new("%", "%"),
                kinds: TableKinds::Tables,
                load_order: None,
                filters: Vec::new(),
            }),
        };
        let json = r#"{"rules":[{"rule-type":"selection","rule-id":"1","rule-name":"everything","rule-action":"include","object-locator":{"schema-name":"%","table-name":"%"},"filters":[]}]}"#;
        Self {
            json: json.to_owned(),
            rules: vec![rule],
        }
    }

    /// The document as it was written; [`TableMappings::parse`] reads it back.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The rules, in the order of their ids.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The schemas that are named exactly by every selection rule that includes, so that nothing
    /// else has to be looked at; `None` when one has a wildcard or a character that may match
    /// otherwise.
    pub fn exact_schemas(&self) -> Option<Vec<String>> {
        let mut schemas = Vec::new();
        for rule in &self.rules {
            let RuleBody::Selection(selection) = &rule.body else {
                continue;
            };
            if selection.action == SelectionAction::Exclude {
                continue;
            }
            let schema = selection.locator.exact_schema()?;
            if !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        Some(schemas)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its number, unique. Where several rules hit one object, the lowest counts.
    pub id: u64,
    /// Its name, unique.
    pub name: String,
    /// What it says.
    pub body: RuleBody,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq)]
pub enum RuleBody {
    /// Which tables take part.
    Selection(Selection),
    /// What becomes of an object.
    Transformation(Transformation),
    /// How a table is loaded.
    TableSettings(TableSettings),
    /// How a column is compared.
    Validation(Validation),
    /// How rows become messages of a stream; no target of this release has them.
    ObjectMapping,
    /// What happens to written files; no target of this release has them.
    PostProcessing,
}

/// Which objects a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locator {
    /// The schema's name, perhaps with wildcards.
    pub schema: String,
    /// The table's name, perhaps with wildcards.
    pub table: String,
    /// The column's name, perhaps with wildcards.
    pub column: Option<String>,
    /// Only columns of this type.
    pub data_type: Option<DmsType>,
}

impl Locator {
    /// Names tables.
    pub fn new(schema: impl Into<String>, table: impl Into<String>) -> Self {
        Self {
            schema: schema.into(),
            table: table.into(),
            column: None,
            data_type: None,
        }
    }

    /// The one schema that this can match, where a `_` does not leave it open.
    fn exact_schema(&self) -> Option<String> {
        let pattern = Pattern::new(self.schema.as_str(), NameCase::Sensitive);
        let exact = !crate::pattern::has_wildcard(&self.schema) && !pattern.has_bare_underscore();
        exact.then(|| crate::pattern::literal(&self.schema))
    }
}

/// A `selection` rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// What it does.
    pub action: SelectionAction,
    /// To which tables.
    pub locator: Locator,
    /// To tables, views, or both.
    pub kinds: TableKinds,
    /// Higher starts earlier, from 1.
    pub load_order: Option<u32>,
    /// Conditions on rows; all of them hold.
    pub filters: Vec<dbferry_core::filter::FilterTerm>,
}

/// What a selection rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelectionAction {
    /// Selects.
    Include,
    /// Takes away from what the others select, whatever the order.
    Exclude,
    /// Selects one table by its exact name.
    Explicit,
}

/// What a selection rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKinds {
    /// Tables.
    Tables,
    /// Views.
    Views,
    /// Both.
    All,
}

impl TableKinds {
    pub(crate) fn has_tables(self) -> bool {
        self != Self::Views
    }

    pub(crate) fn has_views(self) -> bool {
        self != Self::Tables
    }
}

/// A `transformation` rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformation {
    /// What kind of object it changes.
    pub target: RuleTarget,
    /// Which objects.
    pub locator: Locator,
    /// How.
    pub action: Action,
}

/// The kinds of objects that transformations change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleTarget {
    /// Schemas.
    Schema,
    /// Tables.
    Table,
    /// Columns.
    Column,
    /// Tablespaces of tables or indexes; only Oracle has them.
    Tablespace,
}

/// What a transformation does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Changes a name.
    Name(NameChange),
    /// Leaves a column out.
    RemoveColumn,
    /// Leaves every column out that no such rule names.
    IncludeColumn,
    /// Adds a column.
    AddColumn {
        /// Its name.
        name: String,
        /// Its type.
        data_type: TypeSpec,
        /// What computes its values; without it the target's default fills it.
        expression: Option<Arc<Expression>>,
    },
    /// Changes a column's type.
    ChangeType(TypeSpec),
    /// Gives a table another primary key or one more unique key.
    DefineKey(KeyDefinition),
    /// Adds columns for the values before a change.
    AddBeforeImages(BeforeImages),
    /// Hides values.
    Mask(Mask),
}

/// How a name changes.
#[derive(Debug, Clone, PartialEq)]
pub enum NameChange {
    /// Becomes this.
    Rename(String),
    /// Becomes the value of an expression.
    Compute(Arc<Expression>),
    /// Becomes lower case.
    Lowercase,
    /// Becomes upper case.
    Uppercase,
    /// Gets this in front.
    AddPrefix(String),
    /// Gets this behind.
    AddSuffix(String),
    /// Loses this in front, where it has it.
    RemovePrefix(String),
    /// Loses this behind, where it has it.
    RemoveSuffix(String),
    /// Has the first in front replaced by the second, where it has it.
    ReplacePrefix(String, String),
    /// Has the first behind replaced by the second, where it has it.
    ReplaceSuffix(String, String),
}

/// A type as rules write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeSpec {
    /// The type.
    pub dms_type: DmsType,
    /// All digits.
    pub precision: Option<u16>,
    /// Digits after the point, or of a second's fraction.
    pub scale: Option<u16>,
    /// Characters or bytes.
    pub length: Option<u32>,
}

/// A key that a rule defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDefinition {
    /// Its name.
    pub name: String,
    /// Whether it is the primary key, or else a unique one.
    pub primary: bool,
    /// Its columns, by target or source name.
    pub columns: Vec<String>,
}

/// Columns for the values before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeImages {
    /// What stands before the column's name.
    pub prefix: String,
    /// What stands behind it.
    pub suffix: String,
    /// Which columns have one.
    pub of: BeforeImageColumns,
}

/// Which columns get a before-image column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BeforeImageColumns {
    /// Those of the primary key.
    PrimaryKey,
    /// All that are not large objects.
    NonLob,
    /// All.
    All,
}

/// A `table-settings` rule. Its locator is exact.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSettings {
    /// The table.
    pub locator: Locator,
    /// How it is cut.
    pub parallel_load: Option<ParallelLoadRule>,
    /// How its large values are carried.
    pub lob: Option<LobSettings>,
}

/// How a rule wants a table cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParallelLoadRule {
    /// Not at all.
    None,
    /// By its partitions.
    PartitionsAuto,
    /// By its subpartitions; only Oracle's are read so.
    SubpartitionsAuto,
    /// By these partitions.
    Partitions(Vec<String>),
    /// By ranges of columns.
    Ranges {
        /// The columns.
        columns: Vec<String>,
        /// Ascending upper bounds.
        boundaries: Vec<Vec<String>>,
    },
}

/// A `validation` rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// The columns.
    pub locator: Locator,
    /// SQL for the source.
    pub source_function: String,
    /// SQL for the target.
    pub target_function: String,
}
