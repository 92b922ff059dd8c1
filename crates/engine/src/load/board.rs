//! Who does what next: the tables of a task, and the work that is left of each.
//!
//! Workers take jobs from the board one at a time. A table is opened by one worker, which cuts it
//! into segments; any worker may then load a segment; whoever finishes the last one completes the
//! table while its pages are still in the target's memory. The board is plain and synchronous:
//! what it decides can be tested without a database.

use std::collections::{HashSet, VecDeque};

use dbferry_core::SegmentRecord;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Job {
    /// Prepare the table on the target and cut it into segments.
    Open(usize),
    /// Load what is left of a segment.
    Load(usize, SegmentRecord),
    /// Build what the loaded table lacks.
    Complete(usize),
}

impl Job {
    /// The table that the job is about.
    pub(crate) fn table(&self) -> usize {
        match self {
            Job::Open(table) | Job::Load(table, _) | Job::Complete(table) => *table,
        }
    }
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// The table is ready, and these segments are to be loaded; none when all rows are in.
    Opened(Vec<SegmentRecord>),
    /// The segment is loaded.
    Loaded,
    /// The table is complete.
    Completed,
    /// The table is left as it is.
    Suspended,
}

/// What a worker that asks for a job gets.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// This.
    Job(Job),
    /// Nothing now; other workers' jobs may bring more.
    Wait,
    /// Nothing any more.
    Finished,
}

#[derive(Debug)]
enum Table {
    /// Not opened yet.
    Closed,
    /// Opened: segments that wait, and how many jobs are under way.
    Open {
        waiting: VecDeque<SegmentRecord>,
        active: usize,
        loaded: bool,
    },
    /// Nothing more to do.
    Done,
}

/// The work of a task.
#[derive(Debug)]
pub(crate) struct Board {
    /// In the order in which tables are to start.
    tables: Vec<Table>,
    /// Tables that are open, in the order of opening.
    open: Vec<usize>,
    next_closed: usize,
    done: usize,
}

impl Board {
    /// Lays out the work of `tables` tables, less those that are `done` already.
    pub(crate) fn new(tables: usize, done: &HashSet<usize>) -> Self {
        let state = |table| {
            if done.contains(&table) {
                Table::Done
            } else {
                Table::Closed
            }
        };
        Self {
            tables: (0..tables).map(state).collect(),
            open: Vec::new(),
            next_closed: 0,
            done: done.len(),
        }
    }

    /// Hands out the next job.
    ///
    /// Finishing a table comes first, then a segment of an open table that nobody works on, so
    /// that each worker appends to a table of its own; then the next table; then a share of a
    /// table that others are busy with.
    pub(crate) fn claim(&mut self) -> Next {
        if self.done == self.tables.len() {
            return Next::Finished;
        }
        let job = self
            .claim_completion()
            .or_else(|| self.claim_segment(0))
            .or_else(|| self.claim_closed())
            .or_else(|| self.claim_segment(usize::MAX));
        job.map_or(Next::Wait, Next::Job)
    }

    /// Takes note of what became of a job.
    pub(crate) fn report(&mut self, table: usize, outcome: Outcome) {
        let Table::Open {
            waiting,
            active,
            loaded,
        } = &mut self.tables[table]
        else {
            return;
        };
        *active -= 1;
        match outcome {
            Outcome::Opened(segments) => waiting.extend(segments),
            Outcome::Loaded => {}
            Outcome::Completed | Outcome::Suspended => {
                self.tables[table] = Table::Done;
                self.open.retain(|&open| open != table);
                self.done += 1;
                return;
            }
        }
        *loaded = waiting.is_empty() && *active == 0;
    }

    fn claim_completion(&mut self) -> Option<Job> {
        self.open
            .iter()
            .copied()
            .find_map(|table| match &mut self.tables[table] {
                Table::Open { active, loaded, .. } if *loaded => {
                    *loaded = false;
                    *active += 1;
                    Some(Job::Complete(table))
                }
                _ => None,
            })
    }

    fn claim_segment(&mut self, active_max: usize) -> Option<Job> {
        let tables = &self.tables;
        let table = self
            .open
            .iter()
            .copied()
            .filter_map(|table| match &tables[table] {
                Table::Open {
                    waiting, active, ..
                } if !waiting.is_empty() && *active <= active_max => Some((*active, table)),
                _ => None,
            })
            .min_by_key(|(active, _)| *active)
            .map(|(_, table)| table)?;
        let Table::Open {
            waiting, active, ..
        } = &mut self.tables[table]
        else {
            return None;
        };
        let segment = waiting.pop_front()?;
        *active += 1;
        Some(Job::Load(table, segment))
    }

    fn claim_closed(&mut self) -> Option<Job> {
        while let Some(table) = self.tables.get_mut(self.next_closed) {
            let index = self.next_closed;
            self.next_closed += 1;
            if matches!(table, Table::Closed) {
                *table = Table::Open {
                    waiting: VecDeque::new(),
                    active: 1,
                    loaded: false,
                };
                self.open.push(index);
                return Some(Job::Open(index));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dbferry_core::{KeyRange, TableName};

    fn segment(segment: u32) -> SegmentRecord {
        SegmentRecord {
            table: TableName::new("s", "t"),
            segment,
            range: KeyRange::default(),
            partition: None,
            reached: None,
            done: false,
            rows: 0,
            bytes: 0,
            version: 0,
        }
    }

    fn job(board: &mut Board) -> Job {
        match board.claim() {
            Next::Job(job) => job,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_completed_once_when_its_last_segment_is_in() {
        let mut board = Board::new(1, &HashSet::new());
        assert_eq!(job(&mut board), Job::Open(0));
        assert_eq!(board.claim(), Next::Wait);
        board.report(0, Outcome::Opened(vec![segment(0), segment(1)]));
        assert_eq!(job(&mut board), Job::Load(0, segment(0)));
        assert_eq!(job(&mut board), Job::Load(0, segment(1)));
        board.report(0, Outcome::Loaded);
        assert_eq!(board.claim(), Next::Wait);
        board.report(0, Outcome::Loaded);
        assert_eq!(job(&mut board), Job::Complete(0));
        assert_eq!(board.claim(), Next::Wait);
        board.report(0, Outcome::Completed);
        assert_eq!(board.claim(), Next::Finished);
    }

    #[test]
    fn workers_keep_to_tables_of_their_own_while_there_are_enough() {
        let mut board = Board::new(2, &HashSet::new());
        assert_eq!(job(&mut board), Job::Open(0));
        board.report(0, Outcome::Opened(vec![segment(0), segment(1)]));
        assert_eq!(job(&mut board), Job::Load(0, segment(0)));
        assert_eq!(job(&mut board), Job::Open(1));
        board.report(1, Outcome::Opened(vec![segment(0)]));
        assert_eq!(job(&mut board), Job::Load(1, segment(0)));
        board.report(1, Outcome::Loaded);
        assert_eq!(job(&mut board), Job::Complete(1));
        board.report(1, Outcome::Completed);
        assert_eq!(
            job(&mut board),
            Job::Load(0, segment(1)),
            "help with what is left"
        );
    }

    #[test]
    fn a_suspended_table_leaves_the_others_alone() {
        let mut board = Board::new(3, &HashSet::from([1]));
        assert_eq!(job(&mut board), Job::Open(0));
        board.report(0, Outcome::Suspended);
        assert_eq!(job(&mut board), Job::Open(2));
        board.report(2, Outcome::Opened(vec![]));
        assert_eq!(job(&mut board), Job::Complete(2));
        board.report(2, Outcome::Completed);
        assert_eq!(board.claim(), Next::Finished);
    }

    #[test]
    fn segments_of_a_suspended_table_are_not_handed_out() {
        let mut board = Board::new(1, &HashSet::new());
        assert_eq!(job(&mut board), Job::Open(0));
        board.report(0, Outcome::Opened(vec![segment(0), segment(1), segment(2)]));
        assert_eq!(job(&mut board), Job::Load(0, segment(0)));
        assert_eq!(job(&mut board), Job::Load(0, segment(1)));
        board.report(0, Outcome::Suspended);
        assert_eq!(board.claim(), Next::Finished);
        board.report(0, Outcome::Loaded);
        assert_eq!(board.claim(), Next::Finished);
    }
}
