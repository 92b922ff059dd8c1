//! From rules and a catalog to what happens to each object.
//!
//! 1. [`select`] decides which tables take part.
//! 2. [`names`] decides what schemas and tables are called.
//! 3. [`columns`] decides the fate of every column: dropped, renamed, of another type, masked.
//! 4. [`assemble`] builds the mapped tables, and [`references`] their foreign keys, which need the
//!    fates of other tables.
//! 5. [`objects`] takes views, routines and triggers along.
//! 6. [`report`] says what no rule did, and which did more than meant.
//!
//! Where several rules hit one object the lowest id counts, as in DMS. Work that depends on a
//! rule and a table is done once per pair, so the cost is tables × rules, plus columns × the few
//! rules that concern their table.

mod assemble;
mod columns;
mod compiled;
mod keys;
mod loading;
mod names;
mod objects;
mod references;
mod report;
mod select;
mod tables;

use std::collections::HashMap;

use dbferry_core::catalog::Table;
use dbferry_core::{
    Capabilities, Catalog, Code, Error, Family, Finding, NameCase, Severity, TableName,
};

use crate::expression::Evaluator;
use crate::resolution::{Resolution, TableMapping};
use crate::rewrite::Dialect;
use crate::rules::TableMappings;
use crate::settings::ResolvedSettings;
use compiled::Compiled;

/// The most faults that one error lists.
const FAULTS_MAX: usize = 20;

/// What rules are applied with.
#[derive(Debug, Clone)]
pub struct ResolveOptions {
    /// How the source compares names of schemas and tables.
    pub name_case: NameCase,
    /// How the target does.
    pub target_name_case: NameCase,
    /// The source's family, whose dialect stored texts are in.
    pub source_family: Family,
    /// The schema that tables go to unless a rule says otherwise.
    pub target_schema: Option<String>,
    /// The one schema that the target has, whatever rules say.
    pub only_schema: Option<String>,
    /// Whether columns of large objects take part.
    pub support_lobs: bool,
    /// Whether it is an error when no table is matched.
    pub fail_on_no_tables: bool,
}

impl ResolveOptions {
    /// The options that follow from the two ends and the settings.
    pub fn new(source: &Capabilities, target: &Capabilities, settings: &ResolvedSettings) -> Self {
        Self {
            name_case: source.name_case,
            target_name_case: target.name_case,
            source_family: source.family,
            target_schema: settings.target_schema.clone(),
            only_schema: target.only_schema.clone(),
            support_lobs: settings.support_lobs,
            fail_on_no_tables: settings.fail_on_no_tables,
        }
    }
}

/// Applies rules to a catalog.
///
/// # Errors
/// `NoTableMatched` with what comes near; `RuleNotApplicable` listing every rule that does not
/// fit the tables it names; `TargetNameConflict` when two objects would become one;
/// `ExpressionFailed` for a computed name.
pub fn resolve(
    mappings: &TableMappings,
    catalog: &Catalog,
    options: &ResolveOptions,
) -> Result<Resolution, Error> {
    let mut run = Run::new(mappings, catalog, options)?;
    let selected = select::tables(&mut run);
    if selected.is_empty() && options.fail_on_no_tables {
        return Err(report::no_table_matched(&run));
    }
    let drafts = tables::drafts(&mut run, selected)?;
    run.refuse_faults()?;
    names::refuse_conflicts(&drafts, options)?;
    let index = drafts_by_name(&drafts, options.name_case);
    let mut tables: Vec<TableMapping> = drafts
        .iter()
        .map(|draft| assemble::table(&mut run, draft))
        .collect();
    references::resolve(&mut run, &drafts, &index, &mut tables);
    run.refuse_faults()?;
    objects::resolve(&mut run, &drafts, &index)?;
    report::rules(&mut run);
    tables.sort_by(|a, b| (b.load_order, &a.source.name).cmp(&(a.load_order, &b.source.name)));
    let mut resolution = run.resolution;
    resolution.tables = tables;
    Ok(resolution)
}

/// One resolution under way.
struct Run<'a> {
    catalog: &'a Catalog,
    options: &'a ResolveOptions,
    rules: Vec<Compiled<'a>>,
    dialect: Dialect,
    evaluator: Evaluator,
    resolution: Resolution,
    faults: Vec<String>,
}

impl<'a> Run<'a> {
    fn new(
        mappings: &'a TableMappings,
        catalog: &'a Catalog,
        options: &'a ResolveOptions,
    ) -> Result<Self, Error> {
        let dialect = Dialect::of(options.source_family);
        let rules = mappings.rules.iter();
        Ok(Self {
            catalog,
            options,
            rules: rules
                .map(|rule| Compiled::new(rule, options.name_case, dialect.column_case()))
                .collect(),
            dialect,
            evaluator: Evaluator::new()?,
            resolution: Resolution::default(),
            faults: Vec::new(),
        })
    }

    fn find(&mut self, finding: Finding) {
        self.resolution.findings.push(finding);
    }

    fn warn(&mut self, id: &str, object: impl std::fmt::Display, message: impl Into<String>) {
        self.find(Finding::new(id, Severity::Warning, message).on(object));
    }

    fn refuse_faults(&mut self) -> Result<(), Error> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let more = self.faults.len().saturating_sub(FAULTS_MAX);
        self.faults.truncate(FAULTS_MAX);
        let mut message = self.faults.join("\n");
        if more > 0 {
            message.push_str(&format!("\nand {more} more"));
        }
        Err(Error::definite(Code::RuleNotApplicable, message)
            .with_object("table mappings")
            .with_hint("compare the rules with the tables, or leave the rule out"))
    }
}

/// A name as it is compared.
fn folded(name: &str, case: NameCase) -> String {
    match case {
        NameCase::Sensitive => name.to_owned(),
        NameCase::Insensitive => name.to_lowercase(),
    }
}

/// A table name as it is compared.
fn folded_table(name: &TableName, case: NameCase) -> TableName {
    TableName::new(folded(&name.schema, case), folded(&name.name, case))
}

/// The drafts by the source table's name.
struct DraftIndex {
    case: NameCase,
    positions: HashMap<TableName, usize>,
}

impl DraftIndex {
    fn position(&self, name: &TableName) -> Option<usize> {
        self.positions.get(&folded_table(name, self.case)).copied()
    }
}

fn drafts_by_name(drafts: &[tables::Draft<'_>], case: NameCase) -> DraftIndex {
    let names = drafts
        .iter()
        .map(|draft| folded_table(&draft.source.name, case));
    DraftIndex {
        case,
        positions: names.zip(0..).collect(),
    }
}

/// The position of a column by a name that a person wrote.
fn column_position(table: &Table, name: &str, case: NameCase) -> Option<usize> {
    table.column_index(name).or_else(|| {
        let wanted = folded(name, case);
        table
            .columns
            .iter()
            .position(|column| folded(&column.name, case) == wanted)
    })
}

#[cfg(test)]
mod tests;
