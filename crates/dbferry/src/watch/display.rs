//! The three ways of showing progress.

use std::collections::HashSet;

use console::Term;
use dbferry_control::{ProgressMeter, RunProgress};
use dbferry_core::TableName;
use dbferry_engine::{Phase, ProgressSnapshot, TableProgress, TableStage};
use indicatif::{ProgressBar, ProgressStyle};

use super::picture;
use crate::show::json::Event;
use crate::show::{Form, Terminal};

/// Up to so many tables each gets a line when it is done; of more, only those that were seen at
/// work, since the others were done in a moment.
const TABLES_TOLD: usize = 100;

/// Shows what it is given, in the form of its terminal.
pub(super) struct Display<'a> {
    terminal: &'a Terminal,
    /// The picture at the bottom of the screen: one bar whose message is all of it.
    drawn: ProgressBar,
    /// Tables that were seen at work.
    at_work: HashSet<TableName>,
    /// Tables whose end was told.
    told: HashSet<TableName>,
    phase: Option<Phase>,
}

impl<'a> Display<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        let drawn = match terminal.form() {
            Form::Live => terminal.bars().add(ProgressBar::new_spinner()),
            Form::Lines | Form::Json => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            drawn.set_style(style);
        }
        Self {
            terminal,
            drawn,
            at_work: HashSet::new(),
            told: HashSet::new(),
            phase: None,
        }
    }

    /// Takes a look at a run of this process.
    pub(super) fn look(&mut self, snapshot: ProgressSnapshot, meter: &mut ProgressMeter) {
        if self.terminal.form() != Form::Json {
            self.tell_ended(&snapshot.tables);
        }
        self.show(&meter.measure(snapshot));
    }

    /// Takes the last look: what has ended is told, and the picture is taken off the screen.
    pub(super) fn last_look(&mut self, snapshot: ProgressSnapshot, meter: &mut ProgressMeter) {
        match self.terminal.form() {
            Form::Json => self.show(&meter.measure(snapshot)),
            Form::Live | Form::Lines => self.tell_ended(&snapshot.tables),
        }
    }

    pub(super) fn show(&mut self, seen: &RunProgress) {
        self.at_work.extend(
            seen.snapshot
                .tables
                .iter()
                .map(|table| table.target.clone()),
        );
        match self.terminal.form() {
            Form::Json => self.terminal.json(&Event::Progress(seen.into())),
            Form::Live => self.draw(seen),
            Form::Lines => self
                .terminal
                .note(picture::line(seen, self.new_phase(seen))),
        }
    }

    fn new_phase(&mut self, seen: &RunProgress) -> bool {
        self.phase.replace(seen.snapshot.phase) != Some(seen.snapshot.phase)
    }

    fn draw(&self, seen: &RunProgress) {
        let (rows, columns) = Term::stderr().size();
        let mut lines = picture::lines(seen, usize::from(columns));
        // A picture higher than the screen cannot be redrawn in place.
        lines.truncate(usize::from(rows).saturating_sub(2).max(2));
        self.drawn.set_message(lines.join("\n"));
        self.drawn.tick();
    }

    fn tell_ended(&mut self, tables: &[TableProgress]) {
        let few = tables.len() <= TABLES_TOLD;
        for table in tables {
            let ended = table.error.is_some() || table.stage == TableStage::Completed;
            if !ended || self.told.contains(&table.target) {
                continue;
            }
            self.told.insert(table.target.clone());
            if few || table.error.is_some() || self.at_work.contains(&table.target) {
                self.terminal.note(picture::ended(table));
            }
        }
    }
}

impl Drop for Display<'_> {
    fn drop(&mut self) {
        self.drawn.finish_and_clear();
        self.terminal.bars().remove(&self.drawn);
    }
}
