//! The inventory that ends a task: what the plan says should be there against what is.
//!
//! Rows are counted exactly, on both sides. Keys, references and objects are looked up in the
//! target's own catalog, not in what dbferry remembers of having made.

use std::collections::{HashMap, HashSet};

use dbferry_core::catalog::KeyKind;
use dbferry_core::{Catalog, CatalogScope, Code, Error, Finding, StoredObject, Table, TableName};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::connect::Failures;
use crate::plan::{Plan, TablePlan};
use crate::progress::{Phase, Progress, ProgressSnapshot};
use crate::record::TableRecord;
use crate::report::{ObjectReport, Report, TableReport};
use crate::retry::{Attempts, until_done};
use crate::{Ends, TaskSpec};

/// Compares both sides and writes the report.
pub(crate) async fn take(
    spec: &TaskSpec,
    ends: &Ends,
    plan: &Plan,
    records: &[TableRecord],
    failures: Failures,
    progress: &Progress,
    attempts: Attempts<'_>,
) -> Result<Report, Error> {
    progress.enter(Phase::TakingInventory);
    let (catalog, counts) = until_done(attempts, || look(spec, ends, plan)).await?;
    let snapshot = progress.snapshot();
    let tables = table_reports(plan, records, &catalog, &counts, &failures, &snapshot);
    let objects = object_reports(plan, &catalog, &failures);
    Ok(Report {
        complete: tables.iter().all(TableReport::is_complete)
            && objects.iter().all(|object| object.present),
        elapsed_ms: snapshot.elapsed_ms,
        tables,
        objects,
        left_out: plan.left_out.iter().map(left_out).collect(),
        findings: plan.findings().to_vec(),
    })
}

/// Reads the target's catalog, and counts rows on both sides.
async fn look(spec: &TaskSpec, ends: &Ends, plan: &Plan) -> Result<(Catalog, Counts), Error> {
    let catalog = ends.target.catalog(&scope(spec, plan)).await?;
    let counts = count(spec, ends, plan, &catalog).await?;
    Ok((catalog, counts))
}

fn scope(spec: &TaskSpec, plan: &Plan) -> CatalogScope {
    let tables = plan
        .tables
        .iter()
        .map(|table| &table.load.table.name.schema);
    let schemas: HashSet<_> = tables
        .chain(plan.schemas.iter().map(|schema| &schema.name))
        .cloned()
        .collect();
    CatalogScope {
        schemas: Some(schemas.into_iter().collect()),
        accounts: spec.accounts,
        exact_types: false,
    }
}

/// Rows of a table on the source and on the target.
type Counts = HashMap<TableName, (u64, u64)>;

async fn count(
    spec: &TaskSpec,
    ends: &Ends,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Counts, Error> {
    let present: HashSet<_> = catalog.tables.iter().map(|table| &table.name).collect();
    let counted = plan
        .tables
        .iter()
        .filter(|table| present.contains(&table.load.table.name));
    stream::iter(counted)
        .map(|table| count_table(ends, table))
        .buffer_unordered(spec.workers(ends))
        .try_filter_map(|counted| async move { Ok(counted) })
        .try_collect()
        .await
}

async fn count_table(
    ends: &Ends,
    table: &TablePlan,
) -> Result<Option<(TableName, (u64, u64))>, Error> {
    let target = &table.load.table.name;
    let counts = futures_util::future::try_join(
        ends.source
            .count_rows(&table.source, table.read.filter.as_ref()),
        ends.target.count_rows(target, None),
    )
    .await;
    match counts {
        Ok(counts) => Ok(Some((target.clone(), counts))),
        Err(error) if error.is_transient() => Err(error),
        // A table that vanished or may not be counted is reported without counts.
        Err(error) => {
            tracing::warn!(error = %error.report(), table = %target, "rows not counted");
            Ok(None)
        }
    }
}

fn table_reports(
    plan: &Plan,
    records: &[TableRecord],
    catalog: &Catalog,
    counts: &Counts,
    failures: &Failures,
    snapshot: &ProgressSnapshot,
) -> Vec<TableReport> {
    let found: HashMap<_, _> = catalog
        .tables
        .iter()
        .map(|table| (&table.name, table))
        .collect();
    let unconnected: HashMap<_, _> = failures
        .tables
        .iter()
        .map(|(name, error)| (name, error))
        .collect();
    plan.tables
        .iter()
        .zip(records)
        .zip(&snapshot.tables)
        .map(|((table, record), progress)| {
            let name = &table.load.table.name;
            let counts = counts.get(name);
            TableReport {
                source: table.source.clone(),
                target: name.clone(),
                stage: record.stage,
                rows_loaded: progress.rows,
                bytes_loaded: progress.bytes,
                rows_source: counts.map(|counts| counts.0),
                rows_target: counts.map(|counts| counts.1),
                missing: match found.get(name) {
                    Some(found) => missing(&table.load.table, found),
                    None => vec!["the table itself".to_owned()],
                },
                error: record
                    .error
                    .clone()
                    .or_else(|| unconnected.get(name).copied().cloned()),
            }
        })
        .collect()
}

/// What a table's definition has and the table on the target lacks.
fn missing(wanted: &Table, found: &Table) -> Vec<String> {
    let keys = wanted
        .keys
        .iter()
        .filter(|key| match key.kind {
            KeyKind::Primary => found.primary_key().is_none(),
            _ => !found
                .keys
                .iter()
                .any(|other| same_name(&other.name, &key.name)),
        })
        .map(|key| match key.kind {
            KeyKind::Primary => "primary key".to_owned(),
            _ => format!("index {}", key.name.escape_debug()),
        });
    let foreign_keys = wanted
        .foreign_keys
        .iter()
        .filter(|key| {
            !found
                .foreign_keys
                .iter()
                .any(|other| other.columns == key.columns && other.referenced == key.referenced)
        })
        .map(|key| format!("foreign key {}", key.name.escape_debug()));
    let checks = wanted
        .checks
        .iter()
        .filter(|check| {
            !found
                .checks
                .iter()
                .any(|other| same_name(&other.name, &check.name))
        })
        .map(|check| format!("check {}", check.name.escape_debug()));
    keys.chain(foreign_keys).chain(checks).collect()
}

fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn object_reports(plan: &Plan, catalog: &Catalog, failures: &Failures) -> Vec<ObjectReport> {
    let found: HashSet<_> = catalog
        .objects
        .iter()
        .map(|object| (object.kind, &object.name))
        .collect();
    let failed: HashMap<_, _> = failures
        .objects
        .iter()
        .map(|(object, error)| ((object.kind, &object.name), error))
        .collect();
    plan.all_objects()
        .map(|object| {
            let identity = (object.kind, &object.name);
            ObjectReport {
                kind: object.kind,
                name: object.name.clone(),
                present: found.contains(&identity),
                error: failed.get(&identity).copied().cloned(),
            }
        })
        .collect()
}

fn left_out((object, reason): &(StoredObject, Finding)) -> ObjectReport {
    let mut error = Error::definite(Code::Untranslatable, reason.message.clone());
    if let Some(fix) = &reason.fix {
        error = error.with_hint(fix.clone());
    }
    ObjectReport {
        kind: object.kind,
        name: object.name.clone(),
        present: false,
        error: Some(error.report()),
    }
}
