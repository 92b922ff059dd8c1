//! A plan as it is printed: the tables, the statements, the findings.

use comfy_table::{Cell, CellAlignment};
use dbferry_core::{Severity, StoredObject};
use dbferry_engine::plan::Preparation;
use dbferry_engine::{PlanSummary, TablePlanSummary};

use super::report::renamed;
use super::table::new_table;
use super::{Terminal, finding, harmless, out_style};
use crate::size::{ByteSize, count, counted};

/// Whether a finding forbids to run the plan.
pub(crate) fn is_blocked(plan: &PlanSummary) -> bool {
    plan.findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}

/// Shows a plan to a person; its statements too, unless it is to be brief.
pub(crate) fn show(terminal: &Terminal, plan: &PlanSummary, brief: bool) {
    terminal.data(format!(
        "{} → {}\n",
        harmless(&plan.source),
        harmless(&plan.target)
    ));
    terminal.data(tables(plan));
    if !plan.objects.is_empty() {
        terminal.data(format!("then {}", objects(&plan.objects)));
    }
    if !brief {
        terminal.data(statements(plan));
    }
    for line in finding::lines(&plan.findings) {
        terminal.note(line);
    }
    terminal.note(closing(plan));
}

fn tables(plan: &PlanSummary) -> String {
    let mut table = new_table([
        ("table", CellAlignment::Left),
        ("rows (about)", CellAlignment::Right),
        ("data (about)", CellAlignment::Right),
        ("read by", CellAlignment::Left),
        ("segments", CellAlignment::Right),
        ("on the target", CellAlignment::Left),
    ]);
    for row in &plan.tables {
        table.add_row(cells(row));
    }
    table.trim_fmt()
}

fn cells(table: &TablePlanSummary) -> Vec<Cell> {
    let mut read_by = match table.key.as_slice() {
        [] => "as a whole".into(),
        key => harmless(&key.join(", ")),
    };
    if !table.resumable {
        read_by.push_str(" (starts anew after an interruption)");
    }
    let mut preparation = preparation(table.preparation).to_owned();
    if !table.converted_columns.is_empty() {
        preparation.push_str(&format!(
            "; converted: {}",
            harmless(&table.converted_columns.join(", "))
        ));
    }
    vec![
        Cell::new(renamed(&table.source, &table.target)),
        Cell::new(count(table.rows_estimate)),
        Cell::new(ByteSize(table.bytes_estimate)),
        Cell::new(read_by),
        Cell::new(count(table.segments as u64)),
        Cell::new(preparation),
    ]
}

fn preparation(preparation: Preparation) -> &'static str {
    match preparation {
        Preparation::Create => "created",
        Preparation::DropAndCreate => "dropped and created",
        Preparation::Empty => "emptied",
        Preparation::Keep => "used as it is",
    }
}

fn objects(objects: &[StoredObject]) -> String {
    let names = objects
        .iter()
        .map(|object| format!("{} {}", object.kind.as_str(), object.name))
        .collect::<Vec<_>>();
    names.join(", ")
}

fn statements(plan: &PlanSummary) -> String {
    let comment = out_style().dim();
    let mut text = String::new();
    let mut section = |title: String, statements: &[String]| {
        if statements.is_empty() {
            return;
        }
        text.push_str(&format!("\n{}\n", comment.apply_to(format!("-- {title}"))));
        for statement in statements {
            text.push_str(&format!("{};\n", harmless(statement)));
        }
    };
    for table in &plan.tables {
        section(
            format!("{}, before the load", table.target),
            &table.statements.create,
        );
    }
    for table in &plan.tables {
        section(
            format!("{}, after the load", table.target),
            &table.statements.complete,
        );
    }
    for object in &plan.objects {
        section(
            format!("{} {}", object.kind.as_str(), object.name),
            &object.statements,
        );
    }
    text
}

fn closing(plan: &PlanSummary) -> String {
    let rows = plan.tables.iter().map(|table| table.rows_estimate).sum();
    let bytes = plan.tables.iter().map(|table| table.bytes_estimate).sum();
    let scope = format!(
        "{} with about {} rows and {}, {}",
        counted(plan.tables.len() as u64, "table"),
        count(rows),
        ByteSize(bytes),
        counted(plan.objects.len() as u64, "object"),
    );
    let findings =
        finding::summary(&plan.findings).map_or_else(String::new, |summary| format!(", {summary}"));
    match is_blocked(plan) {
        true => format!("\n{scope}{findings}. The errors forbid to run this; nothing was changed."),
        false => format!(
            "\n{scope}{findings}. Nothing was changed; `dbferry migrate` with the same arguments \
             does it."
        ),
    }
}
