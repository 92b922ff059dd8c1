//! Schemas, and what is in them beside tables.
//!
//! A schema goes along when a table of it is selected, or when a rule includes all of its tables
//! and there happens to be none. With a schema go its views, routines, events and sequences; a
//! trigger goes with its table. A view that needs a table, column or view that stays behind
//! stays behind too, and so does a trigger that needs such a column, because no server would
//! create it. A routine goes along with a finding, since it may never be called.

use std::collections::{BTreeMap, HashMap, HashSet};

use dbferry_core::catalog::{ObjectKind, Schema, StoredObject};
use dbferry_core::{Code, Error, Finding, NameCase, ObjectName, Severity, TableName};

use super::tables::Draft;
use super::{DraftIndex, Run, folded, folded_table, names, select};
use crate::resolution::{Reason, Unselected};
use crate::rewrite::{Mentions, NameMap, Setting, object};
use crate::rules::SelectionAction;

/// Takes schemas and objects along.
///
/// # Errors
/// Those of computed schema names, and `TargetNameConflict`.
pub(super) fn resolve(
    run: &mut Run<'_>,
    drafts: &[Draft<'_>],
    index: &DraftIndex,
) -> Result<(), Error> {
    schemas(run, drafts)?;
    let catalog = run.catalog;
    let map = Names::new(run, drafts, index);
    let mut left: HashSet<(String, String)> = HashSet::new();
    let mut taken: HashSet<(Option<ObjectKind>, TableName)> = HashSet::new();
    taken.extend(
        drafts
            .iter()
            .map(|draft| (None, map.target_key(&draft.name))),
    );
    for object in &catalog.objects {
        match decide(run, &map, object, &left) {
            Ok(mapped) => {
                // Views, sequences and tables share one space of names.
                let shares = matches!(object.kind, ObjectKind::View | ObjectKind::Sequence);
                let space = (!shares).then_some(object.kind);
                if !taken.insert((space, map.target_key(&mapped.name))) {
                    return Err(conflict(object, &mapped));
                }
                run.resolution.objects.push(mapped);
            }
            Err(reason) => {
                left.insert(map.key(&object.name));
                run.resolution.unselected.push(Unselected {
                    kind: Some(object.kind),
                    name: object.name.clone(),
                    reason,
                });
            }
        }
    }
    Ok(())
}

fn conflict(object: &StoredObject, mapped: &StoredObject) -> Error {
    Error::definite(
        Code::TargetNameConflict,
        format!(
            "{} {} would become {}, and another object does already",
            object.kind.as_str(),
            object.name,
            mapped.name
        ),
    )
    .with_object(&mapped.name)
    .with_hint("rename one of the schemas or tables with a rule, or exclude one of them")
}

/// The schemas that the target needs.
fn schemas(run: &mut Run<'_>, drafts: &[Draft<'_>]) -> Result<(), Error> {
    let mut targets: BTreeMap<String, &str> = BTreeMap::new();
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    for draft in drafts {
        let source = draft.source.name.schema.as_str();
        targets.entry(draft.name.schema.clone()).or_insert(source);
        if !sources.contains_key(source) {
            sources.insert(source, names::schema(run, source)?);
        }
    }
    for schema in run
        .catalog
        .schemas
        .iter()
        .filter(|schema| included_whole(run, &schema.name))
    {
        let target = names::schema(run, &schema.name)?;
        targets.entry(target.clone()).or_insert(&schema.name);
        sources.insert(&schema.name, target);
    }
    for (target, source) in targets {
        let described = run
            .catalog
            .schemas
            .iter()
            .find(|schema| schema.name == source);
        let described = described.cloned().unwrap_or_default();
        run.resolution.schemas.push(Schema {
            name: target,
            ..described
        });
    }
    run.resolution.schema_names = sources
        .into_iter()
        .map(|(source, target)| (source.to_owned(), target))
        .collect();
    Ok(())
}

/// Whether a rule includes every table of a schema, and none excludes every table.
fn included_whole(run: &Run<'_>, schema: &str) -> bool {
    let mut included = false;
    for rule in &run.rules {
        let Some(selection) = rule.selection().filter(|_| rule.fits_schema(schema)) else {
            continue;
        };
        match selection.action {
            SelectionAction::Exclude => return false,
            _ => included = true,
        }
    }
    if included {
        for rule in run.rules.iter().filter(|rule| rule.selection().is_some()) {
            if rule.fits_schema(schema) {
                rule.hit_schema();
            }
        }
    }
    included
}

/// The mapped object, or why it stays behind.
fn decide(
    run: &mut Run<'_>,
    map: &Names<'_>,
    object: &StoredObject,
    left: &HashSet<(String, String)>,
) -> Result<StoredObject, Reason> {
    selected(run, map, object, left)?;
    let (mapped, mentions) = rewrite(run, map, object);
    if let Some(missing) = missing(map, &mentions, left) {
        if object.kind == ObjectKind::View {
            return Err(Reason::Needs(missing));
        }
        let message = format!("it mentions {missing}, which is not migrated");
        tell(run, object, "object-needs-more", message);
    }
    if let Some((table, column)) = mentions.dropped.into_iter().next() {
        if matches!(object.kind, ObjectKind::View | ObjectKind::Trigger) {
            return Err(Reason::NeedsColumn { table, column });
        }
        let message = format!("it mentions column {column:?} of {table}, which is left out");
        tell(run, object, "object-needs-more", message);
    }
    if !mentions.unsure.is_empty() {
        let message = format!(
            "its text may mention names that change, and could not be followed there: {}",
            mentions.unsure.join(", ")
        );
        tell(run, object, "object-text-unsure", message);
    }
    Ok(mapped)
}

fn tell(run: &mut Run<'_>, object: &StoredObject, id: &str, message: String) {
    let finding = Finding::new(id, Severity::Warning, message);
    run.find(finding.on(format!("{} {}", object.kind.as_str(), object.name)));
}

/// Whether the rules take the object along.
fn selected(
    run: &Run<'_>,
    map: &Names<'_>,
    object: &StoredObject,
    left: &HashSet<(String, String)>,
) -> Result<(), Reason> {
    if object.kind == ObjectKind::Account {
        return Ok(());
    }
    if let Some(table) = &object.table {
        return match map.drafts_index.position(table) {
            Some(_) => Ok(()),
            None if map.is_view(table) && !left.contains(&map.key(table)) => Ok(()),
            None => Err(Reason::Needs(table.clone())),
        };
    }
    if !map
        .schemas
        .contains_key(&folded(&object.name.schema, map.case))
    {
        return Err(Reason::NotIncluded);
    }
    match object.kind {
        ObjectKind::View => match select::view_left_out(run, &object.name) {
            Some(reason) => Err(reason),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The object with its names mapped, and what its statements mention.
fn rewrite(run: &Run<'_>, map: &Names<'_>, source: &StoredObject) -> (StoredObject, Mentions) {
    let dialect = run.dialect.with_settings(&source.settings);
    let setting = Setting {
        dialect: &dialect,
        home: &source.name.schema,
        trigger: source.table.as_ref(),
        grants: source.kind == ObjectKind::Account,
    };
    let mut mapped = source.clone();
    let mut all = Mentions::default();
    for statement in &mut mapped.statements {
        let mentions = object(statement, setting, map);
        *statement = mentions.text;
        all.tables.extend(mentions.tables);
        all.objects.extend(mentions.objects);
        all.dropped.extend(mentions.dropped);
        all.unsure.extend(mentions.unsure);
    }
    if let Some(schema) = map.schema(&source.name.schema) {
        schema.clone_into(&mut mapped.name.schema);
    }
    if let Some(table) = &mut mapped.table {
        if let Some(new) = map.renamed_table(&map.spelled(table)) {
            table.clone_from(new);
            mapped.name.schema.clone_from(&new.schema);
        } else if let Some(schema) = map.schema(&table.schema) {
            table.schema = schema.to_owned();
        }
    }
    (mapped, all)
}

/// A table or view that is mentioned and stays behind.
fn missing(
    map: &Names<'_>,
    mentions: &Mentions,
    left: &HashSet<(String, String)>,
) -> Option<ObjectName> {
    let tables = mentions.tables.iter();
    let mut tables: Vec<_> = tables
        .filter(|table| map.drafts_index.position(table).is_none())
        .cloned()
        .collect();
    for (schema, name) in &mentions.objects {
        let name = ObjectName::new(schema, name);
        if left.contains(&map.key(&name)) {
            tables.push(name);
        }
    }
    tables.into_iter().min()
}

/// What every name of the source becomes.
struct Names<'a> {
    case: NameCase,
    target_case: NameCase,
    column_case: NameCase,
    drafts: &'a [Draft<'a>],
    drafts_index: &'a DraftIndex,
    /// Every table of the catalog by its name as it is compared.
    tables: HashMap<TableName, &'a TableName>,
    /// Views and routines by their names as they are compared.
    objects: HashMap<(String, String), ObjectKind>,
    /// New names of schemas that take part.
    schemas: HashMap<String, String>,
    /// Every name that changes, in lower case.
    changed: HashSet<String>,
}

impl<'a> Names<'a> {
    fn new(run: &Run<'a>, drafts: &'a [Draft<'a>], drafts_index: &'a DraftIndex) -> Self {
        let case = run.options.name_case;
        let tables = run.catalog.tables.iter();
        let objects = run
            .catalog
            .objects
            .iter()
            .filter(|object| object.table.is_none());
        let schemas = run.resolution.schema_names.iter();
        let mut names = Self {
            case,
            target_case: run.options.target_name_case,
            column_case: run.dialect.column_case(),
            drafts,
            drafts_index,
            tables: tables
                .map(|t| (folded_table(&t.name, case), &t.name))
                .collect(),
            objects: HashMap::new(),
            schemas: schemas
                .map(|(old, new)| (folded(old, case), new.clone()))
                .collect(),
            changed: HashSet::new(),
        };
        for object in objects {
            names.objects.insert(names.key(&object.name), object.kind);
        }
        names.note_changes(&run.resolution.schema_names);
        names
    }

    /// Collects the names of schemas and tables that change. Columns are left out: their names
    /// are common words.
    fn note_changes(&mut self, schemas: &[(String, String)]) {
        let schemas = schemas.iter().filter(|(old, new)| old != new);
        self.changed
            .extend(schemas.map(|(old, _)| old.to_lowercase()));
        for draft in self.drafts {
            if draft.name.name != draft.source.name.name {
                self.changed.insert(draft.source.name.name.to_lowercase());
            }
        }
    }

    fn key(&self, name: &ObjectName) -> (String, String) {
        (
            folded(&name.schema, self.case),
            folded(&name.name, self.case),
        )
    }

    fn target_key(&self, name: &ObjectName) -> ObjectName {
        folded_table(name, self.target_case)
    }

    fn is_view(&self, name: &ObjectName) -> bool {
        self.objects.get(&self.key(name)) == Some(&ObjectKind::View)
    }

    fn draft(&self, table: &TableName) -> Option<&'a Draft<'a>> {
        self.drafts_index
            .position(table)
            .map(|position| &self.drafts[position])
    }

    /// A table name as the catalog spells it.
    fn spelled(&self, name: &TableName) -> TableName {
        self.table(&name.schema, &name.name).unwrap_or(name).clone()
    }
}

impl NameMap for Names<'_> {
    fn schema(&self, name: &str) -> Option<&str> {
        let new = self.schemas.get(&folded(name, self.case))?;
        (new != name).then_some(new)
    }

    fn table(&self, schema: &str, name: &str) -> Option<&TableName> {
        let wanted = folded_table(&TableName::new(schema, name), self.case);
        self.tables.get(&wanted).copied()
    }

    fn has_object(&self, schema: &str, name: &str) -> bool {
        self.objects
            .contains_key(&(folded(schema, self.case), folded(name, self.case)))
    }

    fn renamed_table(&self, table: &TableName) -> Option<&TableName> {
        let draft = self.draft(table)?;
        (draft.name != draft.source.name).then_some(&draft.name)
    }

    fn renamed_column(&self, table: &TableName, column: &str) -> Option<Option<&str>> {
        let draft = self.draft(table).filter(|draft| draft.changes_columns())?;
        let index = super::column_position(draft.source, column, self.column_case)?;
        let new = draft.fates[index].name.as_deref();
        (new != Some(&draft.source.columns[index].name)).then_some(new)
    }

    fn is_changed(&self, word: &str) -> bool {
        self.changed.contains(&word.to_lowercase())
    }

    fn is_changed_column(&self, tables: &HashSet<TableName>, word: &str) -> bool {
        tables
            .iter()
            .any(|table| self.renamed_column(table, word).is_some())
    }
}
