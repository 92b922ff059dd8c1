//! What no rule did, and which rules did more than meant.

use std::collections::HashSet;

use dbferry_core::{Code, Error, Finding, NameCase, Severity};

use super::compiled::{Compiled, EXAMPLES_MAX};
use super::{Run, folded};
use crate::resolution::Reason;
use crate::rules::{Action, RuleBody, RuleTarget, SelectionAction};

/// The most differing characters of a name that may have been meant.
const DISTANCE_MAX: usize = 2;

/// Names that an error lists.
const NAMES_MAX: usize = 10;

/// Reports on every rule.
pub(super) fn rules(run: &mut Run<'_>) {
    let findings: Vec<Finding> = run.rules.iter().flat_map(|rule| about(rule, run)).collect();
    run.resolution.findings.extend(findings);
}

fn about(rule: &Compiled<'_>, run: &Run<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |id: &str, severity, message: String| {
        findings.push(Finding::new(id, severity, message).on(rule.title()));
    };
    if let Some(why) = not_effective(rule) {
        say(
            "rule-not-effective",
            Severity::Warning,
            format!("the rule has no effect: {why}"),
        );
        return findings;
    }
    if rule.hits.get() == 0 {
        let message = "nothing is matched by the rule".to_owned();
        say(
            "rule-matched-nothing",
            severity_of_nothing(rule, run),
            message,
        );
    }
    let surprises = rule.surprises.borrow();
    if let Some(first) = surprises.first() {
        let more = match surprises.len() {
            1 => String::new(),
            count => format!(" and {} more", at_least(count - 1)),
        };
        let message = format!(
            "_ stands for any character, so the rule also matches {first}{more}; write [_] for \
             an underscore"
        );
        say("rule-underscore", Severity::Warning, message);
    }
    if let Some((winner, object)) = &*rule.shadowed.borrow() {
        let message = format!("rule {winner} goes first, so this one does not change {object}");
        say("rule-shadowed", Severity::Warning, message);
    }
    if let RuleBody::Validation(_) = rule.rule.body {
        let message = "validation is not part of this release; the rule waits for it".to_owned();
        say("rule-not-effective", Severity::Info, message);
    }
    findings
}

fn at_least(count: usize) -> String {
    match count + 1 < EXAMPLES_MAX {
        true => count.to_string(),
        false => format!("at least {count}"),
    }
}

/// Why a rule can have no effect at all.
fn not_effective(rule: &Compiled<'_>) -> Option<&'static str> {
    match &rule.rule.body {
        RuleBody::ObjectMapping => Some("no target of this release is a stream"),
        RuleBody::PostProcessing => Some("no target of this release writes files"),
        RuleBody::Transformation(rule) if rule.target == RuleTarget::Tablespace => {
            Some("only Oracle has tablespaces that rules can name")
        }
        _ => None,
    }
}

/// A rule that should have hidden a value and found none must not be overlooked.
fn severity_of_nothing(rule: &Compiled<'_>, run: &Run<'_>) -> Severity {
    let hides = matches!(
        rule.action(RuleTarget::Column),
        Some(Action::Mask(_) | Action::RemoveColumn)
    );
    if !hides || !rule.names_one_column() {
        return Severity::Warning;
    }
    let left: HashSet<_> = run
        .resolution
        .unselected
        .iter()
        .map(|left| &left.name)
        .collect();
    let selected = run.catalog.tables.iter().map(|table| &table.name);
    let mut selected = selected.filter(|name| !left.contains(name));
    match selected.any(|name| rule.fits_table(name)) {
        true => Severity::Error,
        false => Severity::Warning,
    }
}

/// The error of a task that would move nothing, with what comes near.
pub(super) fn no_table_matched(run: &Run<'_>) -> Error {
    let mut lines = Vec::new();
    for rule in &run.rules {
        let includes = rule.selection().is_some_and(|selection| {
            selection.action != SelectionAction::Exclude && selection.kinds.has_tables()
        });
        if includes {
            lines.push(format!("{}: {}", rule.title(), near_miss(rule, run)));
        }
    }
    if lines.is_empty() {
        lines.push("no rule includes tables".to_owned());
    }
    Error::definite(
        Code::NoTableMatched,
        format!("no table is selected\n{}", lines.join("\n")),
    )
    .with_object("table mappings")
    .with_hint("compare the rules with the names that the source has")
}

/// Why a rule that includes selected nothing.
fn near_miss(rule: &Compiled<'_>, run: &Run<'_>) -> String {
    let catalog = run.catalog;
    let (schema, table) = rule.patterns();
    let schemas: Vec<_> = catalog
        .schemas
        .iter()
        .map(|s| &*s.name)
        .filter(|name| schema.matches(name))
        .collect();
    let tables = catalog
        .tables
        .iter()
        .filter(|table| schema.matches(&table.name.schema));
    let tables: Vec<_> = tables.map(|table| &*table.name.name).collect();
    if schemas.is_empty() && tables.is_empty() {
        return no_schema(schema.text(), run);
    }
    if tables.is_empty() {
        return format!("schema {} holds no table", schemas.join(", "));
    }
    if tables.iter().any(|name| table.matches(name)) {
        return excluded(run);
    }
    let alike = table.ignoring_case();
    if let Some(name) = tables.iter().find(|name| alike.matches(name)) {
        return format!("{:?} differs by case from table {name:?}", table.text());
    }
    match nearest(table.text(), &tables) {
        Some(name) => format!(
            "there is no table {:?}; did you mean {name:?}?",
            table.text()
        ),
        None => format!(
            "there is no table {:?}; there are {}",
            table.text(),
            listed(&tables)
        ),
    }
}

fn no_schema(wanted: &str, run: &Run<'_>) -> String {
    let names: Vec<_> = run
        .catalog
        .schemas
        .iter()
        .map(|schema| &*schema.name)
        .collect();
    let alike = crate::pattern::Pattern::new(wanted, NameCase::Insensitive);
    if let Some(name) = names.iter().find(|name| alike.matches(name)) {
        return format!("{wanted:?} differs by case from schema {name:?}");
    }
    match nearest(wanted, &names) {
        Some(name) => format!("there is no schema {wanted:?}; did you mean {name:?}?"),
        None if names.is_empty() => "the source has no schema".to_owned(),
        None => format!(
            "there is no schema {wanted:?}; there are {}",
            listed(&names)
        ),
    }
}

fn excluded(run: &Run<'_>) -> String {
    let rule = run
        .resolution
        .unselected
        .iter()
        .find_map(|left| match left.reason {
            Reason::Excluded { rule } => Some(rule),
            _ => None,
        });
    match rule {
        Some(rule) => format!("what it matches is excluded by rule {rule}"),
        None => "what it matches is excluded".to_owned(),
    }
}

fn listed(names: &[&str]) -> String {
    let shown = names
        .iter()
        .take(NAMES_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The name that differs by a slip of the keyboard.
fn nearest<'n>(wanted: &str, names: &[&'n str]) -> Option<&'n str> {
    let wanted = folded(&crate::pattern::literal(wanted), NameCase::Insensitive);
    let distance = |name: &str| distance(&wanted, &folded(name, NameCase::Insensitive));
    let best = names.iter().map(|name| (distance(name), *name)).min()?;
    (best.0 <= DISTANCE_MAX && best.0 < wanted.chars().count()).then_some(best.1)
}

/// Insertions, deletions and replacements that turn one name into the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
