//! One run of dbferry, read line by line.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::Ledger;
use super::server::Server;

/// How often the ledger is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// No run takes so long unless it hangs, even where a machine is busy with other things.
const PATIENCE: Duration = Duration::from_secs(180);

/// Lines that are kept for the case of a failure.
const LINES_KEPT: usize = 300;

/// When to strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// After so many further lines of the log: each is a job taken by a worker, a phase entered,
    /// or an attempt repeated.
    Steps(u64),
    /// When so many rows are committed.
    Rows(u64),
    Never,
}

/// What came first.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reached {
    Moment,
    /// The end of the run.
    End,
}

enum Line {
    Event(Value),
    Log(String),
}

/// A process that works on a task.
pub(super) struct Run {
    child: Child,
    lines: Receiver<Line>,
    steps: u64,
    rows_expected: u64,
    last: Value,
    kept: VecDeque<String>,
    stop_requested: bool,
}

/// How a run ended by itself.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    /// The last event.
    pub(super) last: Value,
    lines: VecDeque<String>,
}

impl Run {
    pub(super) fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        pass_on(child.stdout.take().unwrap(), sender.clone(), |line| {
            Line::Event(serde_json::from_str(&line).unwrap())
        });
        pass_on(child.stderr.take().unwrap(), sender, Line::Log);
        Self {
            child,
            lines,
            steps: 0,
            rows_expected: 0,
            last: Value::Null,
            kept: VecDeque::new(),
            stop_requested: false,
        }
    }

    /// Says how many rows the run must count as loaded from its start.
    pub(super) fn expect_rows(&mut self, rows: u64) {
        self.rows_expected = rows;
    }

    /// Follows the run, and the ledger, up to a moment.
    pub(super) fn wait_for(
        &mut self,
        moment: Moment,
        ledger: &mut Ledger,
        target: &Server,
    ) -> Reached {
        let (begin, mut looked) = (Instant::now(), Instant::now());
        let steps_before = self.steps;
        loop {
            match self.lines.recv_timeout(LOOK_INTERVAL) {
                Ok(line) => self.take(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Reached::End,
            }
            if looked.elapsed() >= LOOK_INTERVAL {
                ledger.look(target);
                looked = Instant::now();
            }
            let reached = match moment {
                Moment::Steps(steps) => self.steps - steps_before >= steps,
                Moment::Rows(rows) => ledger.rows() >= rows,
                Moment::Never => false,
            };
            if reached {
                return Reached::Moment;
            }
            assert!(begin.elapsed() < PATIENCE, "it hangs: {:#?}", self.kept);
        }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Log(line) => {
                self.steps += 1;
                self.note(line);
            }
            Line::Event(event) => {
                self.note(event.to_string());
                self.check_rows(&event);
                self.last = event;
            }
        }
    }

    /// A resumed run begins with what an earlier one has committed.
    fn check_rows(&self, event: &Value) {
        let before_load = event["phase"] == "planning" || event["phase"] == "preparing";
        if let Some(rows) = event["rows"].as_u64().filter(|_| !before_load) {
            assert!(
                rows >= self.rows_expected,
                "{} rows were committed before: {event}",
                self.rows_expected
            );
        }
    }

    /// Keeps a line for the case of a failure.
    pub(super) fn note(&mut self, line: String) {
        self.kept.push_back(line);
        if self.kept.len() > LINES_KEPT {
            self.kept.pop_front();
        }
    }

    /// Kills the process, and returns when it is dead.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as Ctrl-C does; once, since a second time would abort it.
    pub(super) fn request_stop(&mut self) {
        if !std::mem::replace(&mut self.stop_requested, true) {
            // It may have ended in this moment; then there is nobody to ask.
            let id = self.child.id().to_string();
            Command::new("kill").args(["-INT", &id]).output().unwrap();
        }
    }

    pub(super) fn stop_requested(&self) -> bool {
        self.stop_requested
    }

    /// How the process ended.
    pub(super) fn ended(mut self) -> Ended {
        Ended {
            code: self.child.wait().unwrap().code(),
            last: std::mem::take(&mut self.last),
            lines: std::mem::take(&mut self.kept),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit code {:?}", self.code)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Passes lines on until the process closes its end.
fn pass_on(
    from: impl Read + Send + 'static,
    to: Sender<Line>,
    read: impl Fn(String) -> Line + Send + 'static,
) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            // Nobody listens any more when the run was given up.
            if to.send(read(line.unwrap())).is_err() {
                return;
            }
        }
    });
}
