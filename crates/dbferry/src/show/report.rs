//! The report of a run: what is on the target, counted on both sides, and the verdict.
//!
//! A report of a few tables names each. One of thousands names those that deviate and the largest,
//! and counts the rest.

use std::time::Duration;

use comfy_table::{Attribute, Cell, CellAlignment, Color};
use dbferry_core::{Finding, ObjectKind, Severity, TableName};
use dbferry_engine::{ObjectReport, Report, TableReport, TableStage};

use super::table::new_table;
use super::{Terminal, finding, harmless, out_style};
use crate::size::{ByteSize, count, counted, per_second, span};

/// Up to so many tables are named one by one.
const TABLES_NAMED: usize = 40;

/// Of more tables, so many of the largest are named beside those that deviate.
const LARGEST_NAMED: usize = 20;

/// Shows the report of a task's last run to a person; `runs` is how often the task was started.
pub(crate) fn show(terminal: &Terminal, report: &Report, runs: u32) {
    for line in finding::lines(&told(&report.findings)) {
        terminal.note(line);
    }
    terminal.note("");
    terminal.data(tables(report));
    for line in objects(&report.objects) {
        terminal.data(line);
    }
    for line in errors(report) {
        terminal.data(line);
    }
    terminal.data(format!("\n{} {}", verdict(report), pace(report, runs)));
}

/// What deserves to be said after a run: remarks were for the plan.
fn told(findings: &[Finding]) -> Vec<Finding> {
    findings
        .iter()
        .filter(|finding| finding.severity > Severity::Info)
        .cloned()
        .collect()
}

fn tables(report: &Report) -> String {
    let mut table = new_table([
        ("table", CellAlignment::Left),
        ("rows source", CellAlignment::Right),
        ("rows target", CellAlignment::Right),
        ("data", CellAlignment::Right),
        ("state", CellAlignment::Left),
    ]);
    let named = named(&report.tables);
    for row in &named {
        table.add_row(cells(row));
    }
    if named.len() < report.tables.len() {
        let others = report.tables.len() - named.len();
        table.add_row(vec![
            Cell::new(format!("{} smaller tables", count(others as u64))),
            Cell::new(""),
            Cell::new(""),
            Cell::new(""),
            Cell::new("complete"),
        ]);
    }
    table.add_row(total(&report.tables));
    table.trim_fmt()
}

/// The tables to name: all of a few; of many those that deviate, then the largest.
fn named(tables: &[TableReport]) -> Vec<&TableReport> {
    if tables.len() <= TABLES_NAMED {
        return tables.iter().collect();
    }
    let (mut named, mut complete): (Vec<_>, Vec<_>) =
        tables.iter().partition(|table| !table.is_complete());
    complete.sort_by_key(|table| std::cmp::Reverse(table.bytes_loaded));
    named.extend(complete.into_iter().take(LARGEST_NAMED));
    named
}

fn cells(table: &TableReport) -> Vec<Cell> {
    let (state, color) = state(table);
    vec![
        Cell::new(renamed(&table.source, &table.target)),
        Cell::new(counted_or_unknown(table.rows_source)),
        Cell::new(counted_or_unknown(table.rows_target)),
        Cell::new(ByteSize(table.bytes_loaded)),
        Cell::new(state).fg(color),
    ]
}

/// The name of a table, and what it is on the target where that differs.
pub(crate) fn renamed(source: &TableName, target: &TableName) -> String {
    if source == target {
        source.to_string()
    } else {
        format!("{source} → {target}")
    }
}

fn counted_or_unknown(rows: Option<u64>) -> String {
    rows.map_or_else(|| "?".into(), count)
}

fn state(table: &TableReport) -> (String, Color) {
    if let Some(error) = &table.error {
        return (format!("suspended [{}]", error.code), Color::Red);
    }
    if table.stage != TableStage::Completed {
        return ("not finished".into(), Color::Yellow);
    }
    if !table.missing.is_empty() {
        return (
            format!("missing: {}", harmless(&table.missing.join(", "))),
            Color::Red,
        );
    }
    match (table.rows_source, table.rows_target) {
        (Some(source), Some(target)) if source == target => ("complete".into(), Color::Green),
        (Some(_), Some(_)) => ("counts differ".into(), Color::Red),
        _ => ("not counted".into(), Color::Yellow),
    }
}

fn total(tables: &[TableReport]) -> Vec<Cell> {
    let sum = |rows: fn(&TableReport) -> Option<u64>| count(tables.iter().filter_map(rows).sum());
    let bytes = tables.iter().map(|table| table.bytes_loaded).sum();
    let complete = tables.iter().filter(|table| table.is_complete()).count();
    [
        Cell::new(counted(tables.len() as u64, "table")),
        Cell::new(sum(|table| table.rows_source)),
        Cell::new(sum(|table| table.rows_target)),
        Cell::new(ByteSize(bytes)),
        Cell::new(match complete == tables.len() {
            true => "all complete".into(),
            false => format!("{} complete", count(complete as u64)),
        }),
    ]
    .map(|cell| cell.add_attribute(Attribute::Bold))
    .to_vec()
}

/// One line for the objects of each kind.
fn objects(objects: &[ObjectReport]) -> Vec<String> {
    let mut kinds: Vec<(ObjectKind, u64, u64)> = Vec::new();
    for object in objects {
        let present = u64::from(object.present);
        match kinds.iter_mut().find(|(kind, ..)| *kind == object.kind) {
            Some((_, all, there)) => {
                *all += 1;
                *there += present;
            }
            None => kinds.push((object.kind, 1, present)),
        }
    }
    let line = |(kind, all, there): &(ObjectKind, u64, u64)| {
        let number = counted(*all, kind.as_str());
        match there == all {
            true => format!("{number}: on the target"),
            false => format!("{number}: {} on the target", count(*there)),
        }
    };
    kinds.iter().map(line).collect()
}

/// Why tables and objects did not get across.
fn errors(report: &Report) -> Vec<String> {
    let red = out_style().red();
    let tables = report.tables.iter().filter_map(|table| {
        table
            .error
            .as_ref()
            .map(|error| (format!("table {}", table.target), Some(error)))
    });
    let objects = report
        .objects
        .iter()
        .filter(|object| !object.present)
        .map(|object| {
            (
                format!("{} {}", object.kind.as_str(), object.name),
                object.error.as_ref(),
            )
        });
    tables
        .chain(objects)
        .flat_map(|(name, error)| {
            let reason = error.map_or_else(
                || "is not there".into(),
                |error| {
                    let mut text = format!("[{}] {}", error.code, error.message);
                    for cause in &error.causes {
                        text.push_str(&format!(": {cause}"));
                    }
                    text
                },
            );
            let hint = error.and_then(|error| error.hint.as_deref());
            let head = format!(
                "{} {}",
                red.apply_to(format!("✗ {name}:")),
                harmless(&reason)
            );
            [
                Some(head),
                hint.map(|hint| format!("  hint: {}", harmless(hint))),
            ]
        })
        .flatten()
        .collect()
}

/// What the target cannot take, by name as long as that is few.
fn exceptions(left_out: &[ObjectReport]) -> String {
    const NAMED_MAX: usize = 3;
    if left_out.is_empty() {
        return String::new();
    }
    let number = counted(left_out.len() as u64, "object");
    let named = left_out.iter().take(NAMED_MAX);
    let mut names: Vec<_> = named
        .map(|object| harmless(&format!("{} {}", object.kind.as_str(), object.name)))
        .collect();
    if left_out.len() > NAMED_MAX {
        names.push("…".into());
    }
    format!(
        "; {number} that the target cannot take stayed behind: {}",
        names.join(", ")
    )
}

/// One plain sentence.
fn verdict(report: &Report) -> String {
    let (tables, objects) = (report.tables.len() as u64, report.objects.len() as u64);
    if report.complete {
        let sentence = format!(
            "Complete: {} with {} and {} are on the target, and every count agrees{}.",
            counted(tables, "table"),
            counted(rows_loaded(report), "row"),
            counted(objects, "object"),
            exceptions(&report.left_out),
        );
        return out_style().green().bold().apply_to(sentence).to_string();
    }
    let lacking = |number: usize, all: u64, noun: &str| {
        (number > 0).then(|| format!("{} of {}", count(number as u64), counted(all, noun)))
    };
    let incomplete = report
        .tables
        .iter()
        .filter(|table| !table.is_complete())
        .count();
    let absent = report
        .objects
        .iter()
        .filter(|object| !object.present)
        .count();
    let lacking: Vec<_> = [
        lacking(incomplete, tables, "table"),
        lacking(absent, objects, "object"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let sentence = format!("Incomplete: {} did not get across.", lacking.join(" and "));
    out_style().red().bold().apply_to(sentence).to_string()
}

fn rows_loaded(report: &Report) -> u64 {
    report.tables.iter().map(|table| table.rows_loaded).sum()
}

/// The time of the last run. Only where it was the first did it load every row, so that its rate
/// can be told.
fn pace(report: &Report, runs: u32) -> String {
    let time = Duration::from_millis(report.elapsed_ms);
    if runs > 1 {
        return format!(
            "The last of {} took {}.",
            counted(runs.into(), "run"),
            span(time)
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate is for people")]
    let rate = rows_loaded(report) as f64 / time.as_secs_f64().max(0.001);
    format!("{}, {} rows/s.", span(time), count(per_second(rate)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{Code, Error, ObjectName};

    fn table(name: String, rows: u64) -> TableReport {
        let name = TableName::new("shop", name);
        TableReport {
            source: name.clone(),
            target: name,
            stage: TableStage::Completed,
            rows_loaded: rows,
            bytes_loaded: rows * 100,
            rows_source: Some(rows),
            rows_target: Some(rows),
            missing: Vec::new(),
            error: None,
        }
    }

    fn report(tables: Vec<TableReport>) -> Report {
        console::set_colors_enabled(false);
        Report {
            complete: true,
            elapsed_ms: 2000,
            tables,
            objects: Vec::new(),
            left_out: Vec::new(),
            findings: Vec::new(),
        }
    }

    #[test]
    fn of_thousands_of_tables_the_deviating_and_the_largest_are_named() {
        let mut all: Vec<_> = (0..3000)
            .map(|number| table(format!("t{number}"), number))
            .collect();
        all[5].rows_target = Some(4);
        let text = tables(&report(all));
        assert_eq!(text.lines().count(), 2 + 1 + LARGEST_NAMED + 2, "{text}");
        assert!(
            text.lines().nth(2).unwrap().ends_with("counts differ"),
            "{text}"
        );
        assert!(text.contains("shop.t2999"), "{text}");
        assert!(text.contains("2,979 smaller tables"), "{text}");
        assert!(
            text.lines().last().unwrap().ends_with("2,999 complete"),
            "{text}"
        );
    }

    #[test]
    fn the_verdict_names_only_what_is_lacking() {
        let mut report = report(vec![table("a".into(), 5), table("b".into(), 1)]);
        assert_eq!(
            verdict(&report),
            "Complete: 2 tables with 6 rows and 0 objects are on the target, and every count agrees."
        );
        assert_eq!(pace(&report, 1), "2.0 s, 3 rows/s.");
        assert_eq!(pace(&report, 3), "The last of 3 runs took 2.0 s.");
        report.left_out.push(ObjectReport {
            kind: ObjectKind::Function,
            name: ObjectName::new("shop", "f"),
            present: false,
            error: None,
        });
        assert!(
            verdict(&report).ends_with(
                "; 1 object that the target cannot take stayed behind: function shop.f."
            ),
            "{}",
            verdict(&report)
        );
        report.complete = false;
        report.tables[0].error = Some(Error::definite(Code::ValueRefused, "refused").report());
        assert_eq!(
            verdict(&report),
            "Incomplete: 1 of 2 tables did not get across."
        );
        report.objects.push(ObjectReport {
            kind: ObjectKind::View,
            name: ObjectName::new("shop", "v"),
            present: false,
            error: None,
        });
        assert_eq!(
            verdict(&report),
            "Incomplete: 1 of 2 tables and 1 of 1 object did not get across."
        );
        assert_eq!(
            errors(&report),
            [
                "✗ table shop.a: [DF4001] refused",
                "✗ view shop.v: is not there"
            ]
        );
    }
}
