//! From rules and catalogs to what will be done.
//!
//! A plan is made without changing anything. It holds every table as it is on the source, as it
//! will be on the target, and how its cells travel; and everything that was noticed on the way.
//! A finding of severity error means that the plan will not be run.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dbferry_core::catalog::Schema;
use dbferry_core::{
    Catalog, CatalogScope, CellForm, Code, Column, ColumnLoad, ColumnRead, Error, Finding,
    KeyTiming, ObjectKind, Severity, StoredObject, Table, TableLoad, TableName, TableRead,
    TableStatements,
};
use dbferry_mapping::{
    ColumnOrigin, ParallelLoad, Resolution, ResolveOptions, ResolvedSettings, RowErrorPolicy,
    RowTransform, TableMapping, TablePreparation, resolve,
};
use serde::Serialize;

use crate::limits::Limits;
use crate::{Ends, TaskSpec};

/// Segments that each worker should find, so that none is idle at the end for long.
const SEGMENTS_PER_WORKER: u64 = 4;

/// What a task will do.
#[derive(Debug)]
pub struct Plan {
    pub(crate) schemas: Vec<Schema>,
    pub(crate) tables: Vec<Arc<TablePlan>>,
    /// Sequences, which defaults of tables may need.
    pub(crate) sequences: Vec<StoredObject>,
    /// Views, routines, triggers and the like, which stand on tables.
    pub(crate) objects: Vec<StoredObject>,
    /// Objects that the target cannot take, each with the reason.
    pub(crate) left_out: Vec<(StoredObject, Finding)>,
    findings: Vec<Finding>,
}

/// What will be done with one table.
#[derive(Debug)]
pub(crate) struct TablePlan {
    pub(crate) source: TableName,
    pub(crate) read: Arc<TableRead>,
    pub(crate) load: Arc<TableLoad>,
    pub(crate) mapping: TableMapping,
    pub(crate) keys: KeyTiming,
    pub(crate) preparation: Preparation,
    pub(crate) pieces: Pieces,
    pub(crate) load_order: u32,
    /// Whether an interrupted load goes on where it stopped; otherwise the table starts anew.
    pub(crate) resumable: bool,
}

/// What happens to the table on the target before rows arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preparation {
    /// It does not exist and is created.
    Create,
    /// It exists and is dropped and created.
    DropAndCreate,
    /// It exists and is emptied.
    Empty,
    /// It exists and is used as it is.
    Keep,
}

/// How a table is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pieces {
    /// As one segment.
    One,
    /// Into about so many segments, where the source finds the keys.
    About(usize),
    /// At the keys that a rule gives.
    At(Vec<dbferry_core::KeyCells>),
    /// Partition by partition.
    Partitions(Vec<String>),
}

impl Plan {
    /// Everything that was noticed.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether a finding forbids to run the plan.
    pub fn is_blocked(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// The plan for people and programs to read.
    pub fn summary(&self, ends: &Ends) -> PlanSummary {
        PlanSummary {
            source: ends.source.capabilities().product.clone(),
            target: ends.target.capabilities().product.clone(),
            schemas: self
                .schemas
                .iter()
                .map(|schema| schema.name.clone())
                .collect(),
            tables: self
                .tables
                .iter()
                .map(|table| table.summary(ends))
                .collect(),
            objects: self.all_objects().cloned().collect(),
            findings: self.findings.clone(),
        }
    }

    /// Everything beside tables, in the order of creation.
    pub(crate) fn all_objects(&self) -> impl Iterator<Item = &StoredObject> {
        self.sequences.iter().chain(&self.objects)
    }
}

/// A plan as it is printed.
#[derive(Debug, Clone, Serialize)]
pub struct PlanSummary {
    /// The source's product and version.
    pub source: String,
    /// The target's product and version.
    pub target: String,
    /// The schemas on the target.
    pub schemas: Vec<String>,
    /// The tables, in the order in which they start.
    pub tables: Vec<TablePlanSummary>,
    /// Views, routines, triggers and the like as they will be created, in order.
    pub objects: Vec<StoredObject>,
    /// Everything that was noticed.
    pub findings: Vec<Finding>,
}

/// The plan of a table as it is printed.
#[derive(Debug, Clone, Serialize)]
pub struct TablePlanSummary {
    /// Its name on the source.
    pub source: TableName,
    /// Its name on the target.
    pub target: TableName,
    /// The source's estimate of its rows.
    pub rows_estimate: u64,
    /// The source's estimate of its bytes.
    pub bytes_estimate: u64,
    /// The key columns by which it is walked; empty when it is read as one chunk.
    pub key: Vec<String>,
    /// About how many segments it is cut into.
    pub segments: usize,
    /// Whether an interrupted load goes on where it stopped.
    pub resumable: bool,
    /// What happens to an existing table.
    pub preparation: Preparation,
    /// Columns whose values are converted on the way, rather than taken over as they are.
    pub converted_columns: Vec<String>,
    /// The statements that define it.
    pub statements: TableStatements,
}

impl TablePlan {
    fn summary(&self, ends: &Ends) -> TablePlanSummary {
        let key = self
            .read
            .key
            .iter()
            .map(|&index| self.read.column(index).name.clone());
        let converted = self
            .load
            .columns
            .iter()
            .filter(|load| load.form == CellForm::Canonical);
        TablePlanSummary {
            source: self.source.clone(),
            target: self.load.table.name.clone(),
            rows_estimate: self.read.table.size.rows,
            bytes_estimate: self.read.table.size.data_bytes,
            key: key.collect(),
            segments: self.pieces.count(),
            resumable: self.resumable,
            preparation: self.preparation,
            converted_columns: converted
                .map(|load| self.load.table.columns[load.column].name.clone())
                .collect(),
            statements: match self.preparation {
                Preparation::Create | Preparation::DropAndCreate => {
                    ends.target.definition(&self.load.table, self.keys)
                }
                Preparation::Empty | Preparation::Keep => TableStatements::default(),
            },
        }
    }
}

impl Pieces {
    fn count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::About(pieces) => *pieces,
            Self::At(keys) => keys.len() + 1,
            Self::Partitions(partitions) => partitions.len(),
        }
    }
}

/// Makes the plan of a task that has not begun. Changes nothing.
///
/// # Errors
/// `NoTableMatched`, errors of the rules, `SameObject`, and what the connections bring. What
/// concerns single objects is a finding instead.
pub async fn plan(spec: &TaskSpec, ends: &Ends) -> Result<Plan, Error> {
    plan_with(spec, ends, &HashSet::new()).await
}

/// Makes the plan of a task of which some tables have begun to load: rows in these are its own.
pub(crate) async fn plan_with(
    spec: &TaskSpec,
    ends: &Ends,
    begun: &HashSet<TableName>,
) -> Result<Plan, Error> {
    let catalog = ends.source.catalog(&spec.scope(ends)).await?;
    let options = ResolveOptions::new(
        ends.source.capabilities(),
        ends.target.capabilities(),
        &spec.settings,
    );
    let resolution = resolve(&spec.mappings, &catalog, &options)?;
    refuse_same_objects(&resolution, ends)?;
    Planner::new(spec, ends, begun, resolution).plan().await
}

impl TaskSpec {
    pub(crate) fn scope(&self, ends: &Ends) -> CatalogScope {
        CatalogScope {
            schemas: self.mappings.exact_schemas(),
            accounts: self.accounts,
            exact_types: ends.source.capabilities().family != ends.target.capabilities().family,
        }
    }
}

/// Refuses a task that would write into what it reads.
fn refuse_same_objects(resolution: &Resolution, ends: &Ends) -> Result<(), Error> {
    let (source, target) = (ends.source.capabilities(), ends.target.capabilities());
    if source.server_identity != target.server_identity {
        return Ok(());
    }
    let read: HashSet<_> = resolution
        .tables
        .iter()
        .map(|table| &table.source.name)
        .collect();
    match resolution
        .tables
        .iter()
        .find(|table| read.contains(&table.mapped.name))
    {
        Some(table) => Err(Error::definite(
            Code::SameObject,
            "source and target are the same server, and a table would be written into itself",
        )
        .with_object(&table.mapped.name)
        .with_hint("name another target, or rename the schema with a rule")),
        None => Ok(()),
    }
}

struct Planner<'a> {
    spec: &'a TaskSpec,
    ends: &'a Ends,
    begun: &'a HashSet<TableName>,
    resolution: Resolution,
    findings: Vec<Finding>,
}

impl<'a> Planner<'a> {
    fn new(
        spec: &'a TaskSpec,
        ends: &'a Ends,
        begun: &'a HashSet<TableName>,
        mut resolution: Resolution,
    ) -> Self {
        let mut findings = std::mem::take(&mut resolution.findings);
        findings.extend(spec.settings.not_effective());
        findings.extend(skipping_policies(&spec.settings));
        Self {
            spec,
            ends,
            begun,
            resolution,
            findings,
        }
    }

    async fn plan(mut self) -> Result<Plan, Error> {
        let schemas = self.schemas();
        let mappings = std::mem::take(&mut self.resolution.tables);
        let targets: Vec<_> = mappings
            .iter()
            .map(|mapping| self.translate(mapping))
            .collect();
        let existing = self.existing(&targets).await?;
        let bytes_all = mappings
            .iter()
            .map(|mapping| mapping.source.size.data_bytes)
            .sum();

        let mut tables = Vec::with_capacity(mappings.len());
        for (mapping, target) in mappings.into_iter().zip(targets) {
            let preparation = self.preparation(&target, &existing);
            tables.push(Arc::new(self.table(
                mapping,
                target,
                preparation,
                bytes_all,
            )?));
        }
        tables.sort_by_key(|table| {
            (
                std::cmp::Reverse(table.load_order),
                std::cmp::Reverse(table.read.table.size.data_bytes),
            )
        });
        let (objects, left_out) = self.objects();
        let (sequences, objects) = objects
            .into_iter()
            .partition(|object| object.kind == ObjectKind::Sequence);
        Ok(Plan {
            schemas,
            tables,
            sequences,
            objects,
            left_out,
            findings: self.findings,
        })
    }

    fn schemas(&mut self) -> Vec<Schema> {
        let family = self.ends.source.capabilities().family;
        let schemas = std::mem::take(&mut self.resolution.schemas);
        schemas
            .into_iter()
            .map(|schema| {
                let translation = self.ends.target.translate_schema(&schema, family);
                self.findings.extend(translation.findings);
                translation.object
            })
            .collect()
    }

    /// The objects in the target's terms, and those that it cannot take: that is no reason to
    /// leave the data, so what is wrong with them does not forbid to start.
    fn objects(&mut self) -> (Vec<StoredObject>, Vec<(StoredObject, Finding)>) {
        let family = self.ends.source.capabilities().family;
        let (mut objects, mut left_out) = (Vec::new(), Vec::new());
        for object in std::mem::take(&mut self.resolution.objects) {
            let translation = self.ends.target.translate_object(&object, family);
            let findings = translation.findings.into_iter().map(demote);
            let refusal = findings.clone().find(|(refused, _)| *refused);
            self.findings.extend(findings.map(|(_, finding)| finding));
            match refusal {
                Some((_, finding)) => left_out.push((translation.object, finding)),
                None => objects.push(translation.object),
            }
        }
        (objects, left_out)
    }

    fn translate(&mut self, mapping: &TableMapping) -> Table {
        let family = self.ends.source.capabilities().family;
        let translation = self.ends.target.translate(&mapping.mapped, family);
        self.findings.extend(translation.findings);
        translation.object
    }

    /// The tables that exist on the target, as they are there, and whether they hold rows.
    async fn existing(
        &self,
        targets: &[Table],
    ) -> Result<HashMap<TableName, (bool, Option<Table>)>, Error> {
        let names: Vec<_> = targets.iter().map(|table| table.name.clone()).collect();
        let existing = self.ends.target.existing(&names).await?;
        if existing.is_empty() {
            return Ok(HashMap::new());
        }
        let schemas: HashSet<_> = existing
            .iter()
            .map(|table| table.name.schema.clone())
            .collect();
        let scope = CatalogScope {
            schemas: Some(schemas.into_iter().collect()),
            ..CatalogScope::default()
        };
        let Catalog { tables, .. } = self.ends.target.catalog(&scope).await?;
        let mut tables: HashMap<_, _> = tables
            .into_iter()
            .map(|table| (table.name.clone(), table))
            .collect();
        Ok(existing
            .into_iter()
            .map(|found| {
                let table = tables.remove(&found.name);
                (found.name, (found.has_rows, table))
            })
            .collect())
    }

    fn preparation(
        &mut self,
        target: &Table,
        existing: &HashMap<TableName, (bool, Option<Table>)>,
    ) -> Preparation {
        let Some((has_rows, found)) = existing.get(&target.name) else {
            return Preparation::Create;
        };
        let preparation = match self.spec.settings.table_preparation {
            TablePreparation::DropAndCreate => return Preparation::DropAndCreate,
            TablePreparation::Truncate => Preparation::Empty,
            TablePreparation::DoNothing => Preparation::Keep,
            TablePreparation::RefuseNonEmpty => {
                if *has_rows && !self.begun.contains(&target.name) {
                    self.findings.push(not_empty(&target.name));
                }
                Preparation::Keep
            }
        };
        if let Some(found) = found {
            self.findings.extend(misfits(target, found));
        }
        preparation
    }

    fn table(
        &mut self,
        mapping: TableMapping,
        target: Table,
        preparation: Preparation,
        bytes_all: u64,
    ) -> Result<TablePlan, Error> {
        let same_family =
            self.ends.source.capabilities().family == self.ends.target.capabilities().family;
        let (read, load) = cells(
            &mapping,
            target,
            same_family,
            self.ends.source.walkable_key(&mapping.source),
        );
        // Whether expressions and masks fit is known now rather than at the first row.
        RowTransform::new(&mapping, &read, &load)?;
        let resumable = !read.key.is_empty() && self.ends.target.rolls_back(&load.table);
        if read.key.is_empty()
            && mapping.source.size.data_bytes >= self.spec.limits.segment_bytes_min
        {
            self.findings.push(without_key(&mapping.source.name));
        }
        Ok(TablePlan {
            source: mapping.source.name.clone(),
            keys: key_timing(&mapping.source, &self.spec.limits),
            pieces: self.pieces(&mapping, &read, resumable, bytes_all),
            load_order: mapping.load_order.unwrap_or(0),
            read: Arc::new(read),
            load: Arc::new(load),
            mapping,
            preparation,
            resumable,
        })
    }

    fn pieces(
        &mut self,
        mapping: &TableMapping,
        read: &TableRead,
        resumable: bool,
        bytes_all: u64,
    ) -> Pieces {
        match &mapping.parallel_load {
            _ if read.key.is_empty() || !resumable => Pieces::One,
            Some(ParallelLoad::None) => Pieces::One,
            Some(ParallelLoad::Partitions(names)) if !names.is_empty() => {
                Pieces::Partitions(names.clone())
            }
            Some(ParallelLoad::PartitionsAuto) if !mapping.source.partitions.is_empty() => {
                Pieces::Partitions(mapping.source.partitions.clone())
            }
            Some(ParallelLoad::Ranges {
                columns,
                boundaries,
            }) => {
                let key: Vec<_> = read
                    .key
                    .iter()
                    .map(|&index| read.column(index).name.as_str())
                    .collect();
                if key == *columns {
                    return Pieces::At(boundaries.clone());
                }
                self.findings.push(ranges_off_key(&mapping.source.name));
                self.automatic_pieces(mapping, read, bytes_all)
            }
            _ => self.automatic_pieces(mapping, read, bytes_all),
        }
    }

    fn automatic_pieces(&self, mapping: &TableMapping, read: &TableRead, bytes_all: u64) -> Pieces {
        let workers = self.spec.workers(self.ends) as u64;
        let bytes = mapping.source.size.data_bytes;
        if read.key.is_empty() || workers == 1 || bytes < 2 * self.spec.limits.segment_bytes_min {
            return Pieces::One;
        }
        let fair =
            (bytes_all / (workers * SEGMENTS_PER_WORKER)).max(self.spec.limits.segment_bytes_min);
        match usize::try_from(bytes.div_ceil(fair)).unwrap_or(1) {
            0 | 1 => Pieces::One,
            pieces => Pieces::About(pieces.min(256)),
        }
    }
}

fn key_timing(table: &Table, limits: &Limits) -> KeyTiming {
    if table.size.data_bytes < limits.small_table_bytes {
        KeyTiming::WithTable
    } else {
        KeyTiming::AfterLoad
    }
}

/// Decides what is read and what is loaded, column by column.
fn cells(
    mapping: &TableMapping,
    target: Table,
    same_family: bool,
    walkable: Option<Vec<usize>>,
) -> (TableRead, TableLoad) {
    let mut reads: Vec<ColumnRead> = Vec::new();
    let mut loads = Vec::new();
    for column in &mapping.columns {
        let wanted = &target.columns[column.target];
        if wanted.generated.is_some() {
            continue;
        }
        let mut form = CellForm::Canonical;
        let mut data_type = wanted.data_type.clone();
        if let ColumnOrigin::Source(source) = &column.origin {
            let held = &mapping.source.columns[*source];
            let alike = held.data_type == wanted.data_type && held.charset == wanted.charset;
            let as_held = !mapping.needs_canonical(*source) && !is_cut_by_rule(mapping, held);
            if same_family && alike && as_held {
                form = CellForm::Native;
            }
            data_type = held.data_type.clone();
            reads.push(ColumnRead {
                column: *source,
                form,
            });
        }
        loads.push(ColumnLoad {
            column: column.target,
            form,
            data_type,
        });
    }
    for source in mapping.columns_for_expressions() {
        if reads.iter().all(|read| read.column != source) {
            reads.push(ColumnRead {
                column: source,
                form: CellForm::Canonical,
            });
        }
    }
    let key = walkable
        .and_then(|key| {
            key.iter()
                .map(|&column| reads.iter().position(|read| read.column == column))
                .collect::<Option<Vec<_>>>()
        })
        .unwrap_or_default();
    let read = TableRead {
        table: mapping.source.clone(),
        columns: reads,
        key,
        filter: mapping.filter.clone(),
    };
    (
        read,
        TableLoad {
            table: target,
            columns: loads,
        },
    )
}

/// Whether a rule gives keys of this column: they are canonical text, and so must its cells be.
fn is_cut_by_rule(mapping: &TableMapping, column: &Column) -> bool {
    match &mapping.parallel_load {
        Some(ParallelLoad::Ranges { columns, .. }) => columns.contains(&column.name),
        _ => false,
    }
}

/// What keeps the rows from fitting into a table that exists.
fn misfits(target: &Table, found: &Table) -> Vec<Finding> {
    let missing = target
        .columns
        .iter()
        .filter(|column| found.column(&column.name).is_none());
    let needed = found.columns.iter().filter(|column| {
        target.column(&column.name).is_none()
            && !column.nullable
            && column.default.is_none()
            && column.generated.is_none()
            && !column.auto_increment
    });
    let missing = missing.map(|column| format!("column {:?} is not there", column.name));
    let needed = needed.map(|column| format!("column {:?} needs a value", column.name));
    missing
        .chain(needed)
        .map(|what| {
            Finding::new(
                "target-table-mismatch",
                Severity::Error,
                format!("the existing table does not fit: {what}"),
            )
            .on(&target.name)
            .fixed_by("alter the table, or let the task drop and create it")
        })
        .collect()
}

/// Rows with errors are never left out: the table that they belong to is suspended.
fn skipping_policies(settings: &ResolvedSettings) -> Option<Finding> {
    let policies = [
        settings.data_error,
        settings.data_truncation_error,
        settings.data_masking_error,
    ];
    let skips = |policy| {
        matches!(
            policy,
            RowErrorPolicy::IgnoreRecord | RowErrorPolicy::LogError
        )
    };
    policies.into_iter().any(skips).then(|| {
        Finding::new(
            "setting-not-effective",
            Severity::Warning,
            "IGNORE_RECORD and LOG_ERROR have no effect yet on data errors: a row that cannot be \
             carried suspends its table instead of being left out",
        )
    })
}

fn not_empty(table: &TableName) -> Finding {
    Finding::new(
        "target-not-empty",
        Severity::Error,
        "the target table exists and holds rows",
    )
    .on(table)
    .fixed_by(
        "choose what happens to it: --table-preparation do-nothing, truncate or \
             drop-and-create (TargetTablePrepMode in the task settings)",
    )
}

fn without_key(table: &TableName) -> Finding {
    Finding::new(
        "table-without-key",
        Severity::Warning,
        "the table has no key to walk by: it is read in one piece, and starts anew after an \
         interruption",
    )
    .on(table)
    .fixed_by("add a primary key, or a unique key whose columns are NOT NULL")
}

fn ranges_off_key(table: &TableName) -> Finding {
    Finding::new(
        "ranges-off-key",
        Severity::Warning,
        "the ranges of the rule are not on the columns by which the table is walked, so it is \
         cut automatically",
    )
    .on(table)
}

/// Turns an error about an object into a warning that it is left out; tells whether it was one.
fn demote(mut finding: Finding) -> (bool, Finding) {
    let refused = finding.severity == Severity::Error;
    if refused {
        finding.severity = Severity::Warning;
        finding.message = format!("left out: {}", finding.message);
    }
    (refused, finding)
}

/// Tells definitions apart between two runs. FNV-1a: stable across builds, and nothing here is
/// hostile.
pub(crate) fn fingerprint(table: &TablePlan) -> String {
    let mut source = table.read.table.clone();
    source.size = Default::default();
    source.auto_increment = None;
    let mut target = table.load.table.clone();
    target.size = Default::default();
    target.auto_increment = None;
    let text = serde_json::to_string(&(source, target)).unwrap_or_default();
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{hash:016x}")
}
