//! The picture of a run in lines of text. Pure: what a run looks like is tested without one.
//!
//! ```text
//! loading  ━━━━━━━━━━━━━━━━━━━━━──────────────  62%   4 s left
//!   124,000 of about 200,000 rows · 48.2 MiB · 41,210 rows/s · 15.9 MiB/s · 5 of 7 tables done
//!   shop.order_items  ━━━━━━━━━━──────────  48%  41,000 rows · 2 workers
//!   shop.orders       building indexes
//!   ✗ shop.images     suspended [DF4001]: the target refused a value
//! ```

use dbferry_control::RunProgress;
use dbferry_engine::{Phase, TableProgress, TableStage};

use crate::show::{harmless, style};
use crate::size::{ByteSize, count, counted, estimate, per_second};

/// Tables at work that are shown; there are no more workers than that in most runs.
const AT_WORK_SHOWN: usize = 12;

/// Suspended tables that are shown; the others are counted.
const SUSPENDED_SHOWN: usize = 4;

/// The widest name of a table that is shown whole.
const NAME_WIDTH_MAX: usize = 40;

/// The length of a bar, in columns, where there is room.
const BAR_WIDTH_MAX: usize = 40;

/// The whole picture, no line wider than `width` columns.
pub(crate) fn lines(seen: &RunProgress, width: usize) -> Vec<String> {
    // The last column stays free: some terminals break the line there.
    let width = width.max(20) - 1;
    let mut lines = vec![
        overall(seen, width),
        format!("  {}", numbers(seen, width - 2)),
    ];
    let (suspended, at_work): (Vec<_>, Vec<_>) = seen
        .snapshot
        .tables
        .iter()
        .partition(|table| table.error.is_some());
    let shown = || {
        at_work
            .iter()
            .take(AT_WORK_SHOWN)
            .chain(suspended.iter().take(SUSPENDED_SHOWN))
    };
    let name_width = shown()
        .map(|table| name(table).chars().count())
        .max()
        .unwrap_or(0);
    let name_width = name_width.min(NAME_WIDTH_MAX).min(width / 3);
    lines.extend(shown().map(|table| one_table(table, name_width, width)));
    for (tables, limit, what) in [
        (&at_work, AT_WORK_SHOWN, "at work"),
        (&suspended, SUSPENDED_SHOWN, "suspended"),
    ] {
        if tables.len() > limit {
            lines.push(format!(
                "  and {} more {what}",
                count((tables.len() - limit) as u64)
            ));
        }
    }
    lines.into_iter().map(|line| fit(&line, width)).collect()
}

/// The picture in one line, for logs.
pub(crate) fn line(seen: &RunProgress, new_phase: bool) -> String {
    let phase = phase(seen.snapshot.phase);
    if new_phase && seen.snapshot.phase < Phase::Loading {
        return phase.into();
    }
    let percent = fraction(seen).map_or_else(String::new, |part| format!(" {}", percent(part)));
    let mut text = format!("{phase}{percent} · {}", numbers(seen, usize::MAX));
    if let Some(left) = left(seen) {
        text.push_str(&format!(" · {left}"));
    }
    text
}

/// The line that stays when a table is done with.
pub(crate) fn ended(table: &TableProgress) -> String {
    match &table.error {
        Some(error) => {
            let head = style().red().apply_to(format!("✗ {}", name(table)));
            format!(
                "{head}: suspended [{}] {}",
                error.code,
                harmless(&error.message)
            )
        }
        None => {
            let head = style().green().apply_to("✓");
            let (rows, bytes) = (counted(table.rows, "row"), ByteSize(table.bytes));
            format!("{head} {}: {rows}, {bytes}", name(table))
        }
    }
}

/// What is going on, as words for people.
fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Planning => "reading catalogs",
        Phase::Preparing => "preparing",
        Phase::Loading => "loading",
        Phase::Completing => "building indexes",
        Phase::Connecting => "adding foreign keys and objects",
        Phase::TakingInventory => "taking inventory",
        Phase::Finished => "finished",
    }
}

fn overall(seen: &RunProgress, width: usize) -> String {
    let phase = style().bold().apply_to(phase(seen.snapshot.phase));
    let Some(part) = fraction(seen) else {
        return phase.to_string();
    };
    let left = left(seen).map_or_else(String::new, |left| format!("  {left}"));
    let taken = console::measure_text_width(&format!("{phase}    100%{left}"));
    let bar = bar(part, width.saturating_sub(taken).min(BAR_WIDTH_MAX));
    format!("{phase}  {bar}  {:>4}{left}", percent(part))
}

/// The numbers of a run, as many as fit, the most wanted first.
fn numbers(seen: &RunProgress, width: usize) -> String {
    let (snapshot, counts) = (&seen.snapshot, &seen.counts);
    let mut parts = Vec::new();
    if counts.total > 0 {
        parts.push(rows(seen));
        let done = count(counts.completed as u64);
        parts.push(format!(
            "{done} of {} done",
            counted(counts.total as u64, "table")
        ));
        if snapshot.phase == Phase::Loading {
            parts.push(format!(
                "{} rows/s",
                count(per_second(seen.rate.rows_per_second))
            ));
            parts.push(format!(
                "{}/s",
                ByteSize(per_second(seen.rate.bytes_per_second))
            ));
        }
        parts.push(ByteSize(snapshot.bytes).to_string());
    }
    if counts.suspended > 0 {
        let suspended = format!("{} suspended", count(counts.suspended as u64));
        parts.insert(0, style().red().apply_to(suspended).to_string());
    }
    if snapshot.objects_expected > 0 && snapshot.phase >= Phase::Connecting {
        let (created, expected) = (snapshot.objects_created, snapshot.objects_expected);
        parts.insert(
            0,
            format!("{} of {}", count(created), counted(expected, "object")),
        );
    }
    if snapshot.retries > 0 {
        parts.push(match snapshot.retries {
            1 => "1 retry".into(),
            retries => format!("{} retries", count(retries)),
        });
    }
    let mut text = String::new();
    for part in parts {
        let separator = if text.is_empty() { "" } else { " · " };
        let wide = console::measure_text_width(&format!("{text}{separator}{part}"));
        if wide > width && !text.is_empty() {
            break;
        }
        text.push_str(separator);
        text.push_str(&part);
    }
    text
}

fn rows(seen: &RunProgress) -> String {
    let (rows, expected) = (seen.snapshot.rows, seen.snapshot.rows_expected);
    match seen.snapshot.phase > Phase::Loading || rows >= expected {
        true => counted(rows, "row"),
        false => format!("{} of about {} rows", count(rows), count(expected)),
    }
}

/// How much of the rows is in, while that is the question.
fn fraction(seen: &RunProgress) -> Option<f64> {
    let snapshot = &seen.snapshot;
    match snapshot.phase {
        Phase::Planning | Phase::Preparing => None,
        Phase::Loading => seen.part_done,
        Phase::Connecting => part(snapshot.objects_created, snapshot.objects_expected),
        Phase::Completing => part(seen.counts.completed as u64, seen.counts.total as u64),
        Phase::TakingInventory | Phase::Finished => None,
    }
}

fn left(seen: &RunProgress) -> Option<String> {
    let seconds = seen
        .rate
        .seconds_left
        .filter(|_| seen.snapshot.phase == Phase::Loading)?;
    Some(format!("{} left", estimate(seconds)))
}

fn one_table(table: &TableProgress, name_width: usize, width: usize) -> String {
    let name = console::truncate_str(&name(table), name_width, "…").into_owned();
    let name = console::pad_str(&name, name_width, console::Alignment::Left, None).into_owned();
    if let Some(error) = &table.error {
        let reason = format!("suspended [{}]: {}", error.code, harmless(&error.message));
        return style()
            .red()
            .apply_to(format!("✗ {name}  {reason}"))
            .to_string();
    }
    match table.stage {
        TableStage::Loaded | TableStage::Completed => format!("  {name}  building indexes"),
        TableStage::Waiting | TableStage::Preparing => format!("  {name}  being prepared"),
        TableStage::Loading => {
            let part = part(table.bytes, table.bytes_in_all())
                .or_else(|| part(table.rows, table.rows_in_all()))
                .unwrap_or(0.0);
            let workers = counted(u64::from(table.workers), "worker");
            let tail = format!(
                "  {:>4}  {} · {workers}",
                percent(part),
                counted(table.rows, "row")
            );
            let room = width.saturating_sub(name_width + 4 + tail.chars().count());
            format!("  {name}  {}{tail}", bar(part, room.min(BAR_WIDTH_MAX / 2)))
        }
    }
}

fn name(table: &TableProgress) -> String {
    table.target.to_string()
}

fn part(done: u64, all: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "it becomes a percentage")]
    (all > 0).then(|| (done as f64 / all as f64).clamp(0.0, 1.0))
}

/// A percentage that says 100 only when nothing is missing.
fn percent(part: f64) -> String {
    format!("{}%", per_second((part * 100.0).floor()))
}

fn bar(part: f64, width: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a bar has a few dozen columns")]
    let filled = per_second((part * width as f64).floor());
    let filled = usize::try_from(filled).unwrap_or(width).min(width);
    let (done, open) = ("━".repeat(filled), "─".repeat(width - filled));
    format!(
        "{}{}",
        style().cyan().apply_to(done),
        style().dim().apply_to(open)
    )
}

/// Cuts a line that is wider than the screen, which would break the picture.
fn fit(line: &str, width: usize) -> String {
    console::truncate_str(line, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_control::ProgressMeter;
    use dbferry_core::{Code, Error, TableName};
    use dbferry_engine::ProgressSnapshot;

    fn table(name: &str, stage: TableStage, rows: u64) -> TableProgress {
        TableProgress {
            source: TableName::new("shop", name),
            target: TableName::new("shop", name),
            stage,
            rows,
            rows_expected: 100_000,
            bytes: rows * 100,
            bytes_expected: 10_000_000,
            workers: 2,
            error: None,
        }
    }

    fn seen(phase: Phase, tables: Vec<TableProgress>) -> RunProgress {
        console::set_colors_enabled_stderr(false);
        let mut meter = ProgressMeter::default();
        let mut snapshot = ProgressSnapshot {
            phase,
            elapsed_ms: 0,
            rows: 0,
            rows_expected: tables.iter().map(TableProgress::rows_in_all).sum(),
            bytes: 0,
            bytes_expected: tables.iter().map(TableProgress::bytes_in_all).sum(),
            objects_created: 1,
            objects_expected: 3,
            retries: 0,
            tables: Vec::new(),
        };
        let waiting = |table: &TableProgress| TableProgress {
            stage: TableStage::Waiting,
            error: None,
            ..table.clone()
        };
        snapshot.tables = tables.iter().map(waiting).collect();
        meter.measure(snapshot.clone());
        snapshot.elapsed_ms = 2000;
        snapshot.rows = tables.iter().map(|table| table.rows).sum();
        snapshot.bytes = tables.iter().map(|table| table.bytes).sum();
        snapshot.tables = tables;
        meter.measure(snapshot)
    }

    fn shop() -> Vec<TableProgress> {
        let mut refused = table("images", TableStage::Loading, 5);
        refused.error = Some(Error::definite(Code::ValueRefused, "a value was refused").report());
        vec![
            table("customers", TableStage::Completed, 100_000),
            table("orders", TableStage::Loading, 50_000),
            table("items", TableStage::Loaded, 100_000),
            refused,
        ]
    }

    #[test]
    fn a_wide_screen_shows_everything() {
        let lines = lines(&seen(Phase::Loading, shop()), 120);
        assert_eq!(
            lines,
            [
                "loading  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━──────   87%  1 s left",
                "  1 suspended · 250,005 of about 400,000 rows · 1 of 4 tables done · 125,003 rows/s \
                 · 11.9 MiB/s · 23.8 MiB",
                "  shop.orders  ━━━━━━━━━━──────────   50%  50,000 rows · 2 workers",
                "  shop.items   building indexes",
                "✗ shop.images  suspended [DF4001]: a value was refused",
            ]
        );
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for width in [0, 1, 20, 33, 40, 60, 80, 200] {
            for phase in [
                Phase::Planning,
                Phase::Loading,
                Phase::Connecting,
                Phase::Finished,
            ] {
                for line in lines(&seen(phase, shop()), width) {
                    assert!(
                        console::measure_text_width(&line) <= width.max(20),
                        "{width}: {line}"
                    );
                }
            }
        }
    }

    #[test]
    fn of_very_many_tables_only_some_are_shown() {
        let tables = (0..500).map(|index| table(&format!("t{index}"), TableStage::Loading, 1));
        let lines = lines(&seen(Phase::Loading, tables.collect()), 80);
        assert_eq!(lines.len(), 2 + AT_WORK_SHOWN + 1);
        assert_eq!(lines.last().unwrap(), "  and 488 more at work");
    }

    #[test]
    fn logs_get_one_line() {
        assert_eq!(
            line(&seen(Phase::Planning, vec![]), true),
            "reading catalogs"
        );
        let line = line(&seen(Phase::Connecting, shop()), true);
        assert_eq!(
            line,
            "adding foreign keys and objects 33% · 1 of 3 objects · 1 suspended · 250,005 rows · \
             1 of 4 tables done · 23.8 MiB"
        );
    }

    #[test]
    fn one_hundred_percent_means_all_of_it() {
        assert_eq!(percent(0.9999), "99%");
        assert_eq!(percent(1.0), "100%");
    }
}
