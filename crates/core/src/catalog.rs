//! What a database contains, in terms that every connector and the mapping share.
//!
//! Structure that mapping rules and other engines need is spelled out: columns, types, keys,
//! references. What only the database's own family understands stays text in its dialect:
//! declared types, expressions, table options, bodies of views and routines. A target of the same
//! family takes those over word for word; another family translates what it can from the
//! structure and reports the rest.

use serde::{Deserialize, Serialize};

use crate::data_type::DataType;
use crate::name::{ObjectName, TableName};

/// Everything found within a [`CatalogScope`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The schemas, in name order.
    pub schemas: Vec<Schema>,
    /// The tables, in name order.
    pub tables: Vec<Table>,
    /// Views, routines, triggers and the like, in an order in which they can be created.
    pub objects: Vec<StoredObject>,
}

impl Catalog {
    /// The table of this name.
    pub fn table(&self, name: &TableName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

/// What to look at when a catalog is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogScope {
    /// The schemas of interest; `None` is every schema that is not the server's own.
    pub schemas: Option<Vec<String>>,
    /// Whether accounts and their grants are wanted.
    pub accounts: bool,
    /// Whether the type of a column must fit every stored value. A source whose columns may hold
    /// values of other types than declared then looks at the content, which takes a scan.
    pub exact_types: bool,
}

/// A database in MySQL's words, a schema in PostgreSQL's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Its name.
    pub name: String,
    /// The default character set.
    pub charset: Option<String>,
    /// The default collation.
    pub collation: Option<String>,
    /// The comment.
    pub comment: String,
}

/// A base table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: TableName,
    /// The columns in order, hidden and generated ones included.
    pub columns: Vec<Column>,
    /// The primary key and every index.
    pub keys: Vec<Key>,
    /// The references to other tables.
    pub foreign_keys: Vec<ForeignKey>,
    /// The table's and the columns' checks.
    pub checks: Vec<Check>,
    /// The next value of the auto-increment column.
    pub auto_increment: Option<u64>,
    /// The default character set.
    pub charset: Option<String>,
    /// The default collation.
    pub collation: Option<String>,
    /// The comment.
    pub comment: String,
    /// Options of the family's dialect as name and value, such as `ENGINE` and `InnoDB`.
    pub options: Vec<(String, String)>,
    /// The partitioning clause in the family's dialect.
    pub partitioning: Option<String>,
    /// The names of the partitions, in order.
    pub partitions: Vec<String>,
    /// What the server believes of the table's size.
    pub size: TableSize,
}

impl Table {
    /// Makes a table without columns.
    pub fn new(name: TableName) -> Self {
        Self {
            name,
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            auto_increment: None,
            charset: None,
            collation: None,
            comment: String::new(),
            options: Vec::new(),
            partitioning: None,
            partitions: Vec::new(),
            size: TableSize::default(),
        }
    }

    /// The position of the column of this name.
    pub fn column_index(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The primary key.
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == KeyKind::Primary)
    }

    /// The positions of the columns that identify a row: the primary key, else the first unique
    /// key of whole columns that are never NULL.
    pub fn row_key(&self) -> Option<Vec<usize>> {
        self.primary_key()
            .and_then(|key| self.whole_columns(key))
            .or_else(|| {
                self.keys
                    .iter()
                    .filter(|key| key.kind == KeyKind::Unique)
                    .find_map(|key| self.whole_columns(key))
            })
    }

    /// The positions of a key's columns when each is a whole column that is never NULL.
    fn whole_columns(&self, key: &Key) -> Option<Vec<usize>> {
        key.parts
            .iter()
            .map(|part| match (&part.of, part.prefix) {
                (KeyPartOf::Column(name), None) => self
                    .column_index(name)
                    .filter(|&index| !self.columns[index].nullable),
                _ => None,
            })
            .collect()
    }

    /// The value of a dialect option, whatever the case of its name.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .find(|(option, _)| option.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub data_type: DataType,
    /// The whole declared type in the family's dialect, such as `int(10) unsigned zerofill`;
    /// empty where mapping has changed the type and the target must derive it.
    pub declared: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// The default.
    pub default: Option<ColumnDefault>,
    /// The expression that an update sets, such as `CURRENT_TIMESTAMP(6)`.
    pub on_update: Option<String>,
    /// How the column is computed.
    pub generated: Option<Generated>,
    /// Whether the server numbers new rows.
    pub auto_increment: bool,
    /// Whether `SELECT *` leaves the column out.
    pub invisible: bool,
    /// The character set of character data.
    pub charset: Option<String>,
    /// The collation of character data.
    pub collation: Option<String>,
    /// The comment.
    pub comment: String,
    /// Further attributes of the family's dialect as written after the type, such as
    /// `WITHOUT SYSTEM VERSIONING`.
    pub attributes: Vec<String>,
}

impl Column {
    /// Makes a plain column that may be NULL.
    pub fn new(name: impl Into<String>, data_type: DataType, declared: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            data_type,
            declared: declared.into(),
            nullable: true,
            default: None,
            on_update: None,
            generated: None,
            auto_increment: false,
            invisible: false,
            charset: None,
            collation: None,
            comment: String::new(),
            attributes: Vec::new(),
        }
    }
}

/// The default of a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnDefault {
    /// A value, as canonical text; `None` is an explicit NULL.
    Literal(Option<String>),
    /// The current time with this many digits of fraction.
    CurrentTimestamp(u8),
    /// An expression in the family's dialect, without outer parentheses.
    Expression(String),
}

/// How a column is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generated {
    /// The expression in the family's dialect, without outer parentheses.
    pub expression: String,
    /// Whether the value is stored rather than computed when read.
    pub stored: bool,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// The primary key.
    Primary,
    /// No two rows are equal in it; NULLs differ.
    Unique,
    /// For speed alone.
    Plain,
    /// Full text.
    FullText,
    /// Spatial.
    Spatial,
    /// Vectors.
    Vector,
}

/// A key or index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its name; empty for a primary key that has none.
    pub name: String,
    /// What it is for.
    pub kind: KeyKind,
    /// Its parts in order.
    pub parts: Vec<KeyPart>,
    /// Whether the server's planner may use it.
    pub visible: bool,
    /// Whether it covers only some rows: the condition in the family's dialect.
    pub condition: Option<String>,
    /// The comment.
    pub comment: String,
    /// Options of the family's dialect as written, such as `USING HASH` or ``WITH PARSER `ngram` ``.
    pub options: Vec<String>,
}

/// One part of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPart {
    /// What is indexed.
    pub of: KeyPartOf,
    /// Only so many leading characters, or bytes of binary types.
    pub prefix: Option<u32>,
    /// Whether from high to low.
    pub descending: bool,
    /// A collation of its own.
    pub collation: Option<String>,
}

impl KeyPart {
    /// A whole column from low to high.
    pub fn column(name: impl Into<String>) -> Self {
        Self {
            of: KeyPartOf::Column(name.into()),
            prefix: None,
            descending: false,
            collation: None,
        }
    }
}

/// What a part of a key indexes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyPartOf {
    /// A column.
    Column(String),
    /// An expression in the family's dialect, without outer parentheses.
    Expression(String),
}

/// A reference to another table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table referred to.
    pub referenced: TableName,
    /// The columns referred to; empty means the primary key.
    pub referenced_columns: Vec<String>,
    /// What a delete of the referenced row does.
    pub on_delete: ReferenceAction,
    /// What an update of the referenced key does.
    pub on_update: ReferenceAction,
    /// Further attributes of the family's dialect, such as `DEFERRABLE INITIALLY DEFERRED`.
    pub attributes: Vec<String>,
}

/// What happens to referring rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceAction {
    /// Refused, after the statement.
    NoAction,
    /// Refused at once.
    Restrict,
    /// The referring rows follow.
    Cascade,
    /// The referring columns become NULL.
    SetNull,
    /// The referring columns become their defaults.
    SetDefault,
}

impl ReferenceAction {
    /// The action in standard SQL.
    pub const fn as_sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// A check constraint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// The expression in the family's dialect, without outer parentheses.
    pub expression: String,
    /// Whether it holds for new rows.
    pub enforced: bool,
    /// The column that it is written at, if it is not the table's.
    pub column: Option<String>,
}

/// What a server believes of a table's size. Estimates: never used where exactness counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Rows.
    pub rows: u64,
    /// Bytes of rows, large values included where the server counts them.
    pub data_bytes: u64,
    /// Bytes of indexes.
    pub index_bytes: u64,
}

/// The kinds of objects beside tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    /// A number generator.
    Sequence,
    /// A function.
    Function,
    /// A procedure.
    Procedure,
    /// A package or its body.
    Package,
    /// A view.
    View,
    /// A trigger.
    Trigger,
    /// A scheduled event.
    Event,
    /// An account with its grants.
    Account,
}

impl ObjectKind {
    /// The kind in words, for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Procedure => "procedure",
            Self::Package => "package",
            Self::View => "view",
            Self::Trigger => "trigger",
            Self::Event => "event",
            Self::Account => "account",
        }
    }
}

/// An object that is text in its family's dialect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its name.
    pub name: ObjectName,
    /// The table that a trigger belongs to.
    pub table: Option<TableName>,
    /// The statements that create it, in order, in the family's dialect, free of the definer and
    /// of session settings, which stand beside them.
    pub statements: Vec<String>,
    /// The account that it runs as, as the server writes it.
    pub definer: Option<String>,
    /// Session settings that must hold while it is created, as name and value, such as
    /// `sql_mode`.
    pub settings: Vec<(String, String)>,
    /// Whether it acts by itself, as an enabled event does: such an object stays quiet on the
    /// target until cutover.
    pub active: bool,
}
