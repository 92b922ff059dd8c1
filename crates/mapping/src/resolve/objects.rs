//! Schemas, and the views, routines and triggers in them.

use std::collections::BTreeMap;

use dbferry_core::Error;
use dbferry_core::catalog::Schema;

use super::tables::Draft;
use super::{DraftIndex, Run, names};

/// Takes schemas and objects along.
///
/// # Errors
/// Those of computed schema names.
pub(super) fn resolve(
    run: &mut Run<'_>,
    drafts: &[Draft<'_>],
    _index: &DraftIndex,
) -> Result<(), Error> {
    schemas(run, drafts)
}

/// The schemas that the target needs: those of the mapped tables.
fn schemas(run: &mut Run<'_>, drafts: &[Draft<'_>]) -> Result<(), Error> {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    for draft in drafts {
        let source = draft.source.name.schema.as_str();
        targets.entry(&draft.name.schema).or_insert(source);
        if !sources.contains_key(source) {
            sources.insert(source, names::schema(run, source)?);
        }
    }
    for (target, source) in targets {
        let described = run
            .catalog
            .schemas
            .iter()
            .find(|schema| schema.name == source);
        let described = described.cloned().unwrap_or_default();
        let schema = Schema {
            name: target.to_owned(),
            ..described
        };
        run.resolution.schemas.push(schema);
    }
    run.resolution.schema_names = sources
        .into_iter()
        .map(|(source, target)| (source.to_owned(), target))
        .collect();
    Ok(())
}
