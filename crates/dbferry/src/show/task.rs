//! Tasks as they are listed and shown.

use comfy_table::{Cell, CellAlignment, Color};
use dbferry_control::{Status, Task, TaskDetails, TaskView};
use jiff::Timestamp;

use super::table::new_table;
use super::{Terminal, failure, harmless, report, style};
use crate::size::span;
use crate::watch::picture;

/// Shows a list of tasks, newest last.
pub(crate) fn show_list(terminal: &Terminal, tasks: &[TaskView]) {
    if tasks.is_empty() {
        terminal.note("There are no tasks. `dbferry migrate` makes one.");
        return;
    }
    let mut table = new_table([
        ("task", CellAlignment::Left),
        ("name", CellAlignment::Left),
        ("state", CellAlignment::Left),
        ("started", CellAlignment::Left),
        ("source", CellAlignment::Left),
        ("target", CellAlignment::Left),
    ]);
    for view in tasks {
        table.add_row(cells(view));
    }
    terminal.data(table.trim_fmt());
}

fn cells(view: &TaskView) -> Vec<Cell> {
    let task = &view.task;
    vec![
        Cell::new(&task.handle),
        Cell::new(harmless(task.name.as_deref().unwrap_or(""))),
        Cell::new(view.status.as_str()).fg(color(view.status)),
        Cell::new(task.started_at.map_or_else(|| "never".into(), ago)),
        Cell::new(harmless(&task.source.to_string())),
        Cell::new(harmless(&task.target.to_string())),
    ]
}

fn color(status: Status) -> Color {
    match status {
        Status::Complete => Color::Green,
        Status::Running | Status::Ready => Color::Cyan,
        Status::Failed | Status::Incomplete => Color::Red,
        Status::Stopping | Status::Stopped | Status::Interrupted | Status::Deleting => {
            Color::Yellow
        }
    }
}

/// How long ago a moment was.
pub(crate) fn ago(moment: Timestamp) -> String {
    let passed = Timestamp::now().duration_since(moment).unsigned_abs();
    format!("{} ago", span(passed))
}

/// Shows everything about one task.
pub(crate) fn show_details(terminal: &Terminal, details: &TaskDetails) {
    for line in head(&details.view) {
        terminal.data(line);
    }
    if let Some(report) = &details.report
        && matches!(details.view.status, Status::Complete | Status::Incomplete)
    {
        report::show(terminal, report, details.view.task.runs);
        return;
    }
    if let Some(progress) = &details.progress {
        let width = usize::from(console::Term::stdout().size().1);
        terminal.data("");
        for line in picture::lines(progress, width) {
            terminal.data(line);
        }
    }
    if let dbferry_control::Lifecycle::Failed { error } = &details.view.task.lifecycle {
        terminal.data(format!("\n{}", failure::lines(error)));
    }
}

fn head(view: &TaskView) -> Vec<String> {
    let Task {
        handle,
        id,
        name,
        source,
        target,
        runs,
        ..
    } = &view.task;
    let called = name
        .as_ref()
        .map_or_else(String::new, |name| format!(" ({})", harmless(name)));
    let mut lines = vec![
        format!("task     {handle}{called}, {id}"),
        format!("source   {}", harmless(&source.to_string())),
        format!("target   {}", harmless(&target.to_string())),
        format!(
            "state    {}, started {}",
            view.status.as_str(),
            times(*runs)
        ),
        format!("created  {}", moment(view.task.created_at)),
    ];
    if let Some(started) = view.task.started_at {
        lines.push(format!("started  {}", moment(started)));
    }
    if let Some(stopped) = view.task.stopped_at {
        lines.push(format!("ended    {}", moment(stopped)));
    }
    lines
}

fn times(number: u32) -> String {
    match number {
        1 => "once".into(),
        2 => "twice".into(),
        _ => format!("{number} times"),
    }
}

fn moment(moment: Timestamp) -> String {
    format!(
        "{} ({})",
        moment.strftime("%Y-%m-%d %H:%M:%S UTC"),
        ago(moment)
    )
}

/// The words that begin a run: which task it is, and how to come back to it.
pub(crate) fn show_start(terminal: &Terminal, task: &Task, resume: &str) {
    let bold = style().bold();
    terminal.note(format!(
        "{} {}: {} → {}",
        bold.apply_to("task"),
        bold.apply_to(&task.handle),
        harmless(&task.source.to_string()),
        harmless(&task.target.to_string())
    ));
    terminal.note(format!("  after an interruption, go on with: {resume}"));
}
