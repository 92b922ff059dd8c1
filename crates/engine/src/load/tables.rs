//! What is done with a table as a whole: opening it, finding out how far it is, completing it.

use dbferry_core::{Code, Error, KeyCells, KeyRange, SegmentRecord, TableName};

use super::Load;
use super::board::Outcome;
use super::segment::fresh_record;
use crate::plan::{Pieces, Preparation, TablePlan, fingerprint};
use crate::progress::TableStage;
use crate::record::SegmentPlan;
use crate::retry::{Attempts, until_done};

impl Load {
    pub(super) fn attempts(&self) -> Attempts<'_> {
        Attempts::new(&self.retry, &self.progress, &self.cancel)
    }

    /// Makes the table ready, or finds out what an earlier run has left to do.
    pub(super) async fn open(&self, table: usize) -> Result<Outcome, Error> {
        let plan = &self.tables[table];
        let record = self.stored[table].lock().await.record.clone();
        if record.definition != fingerprint(plan) {
            return Err(definition_changed(plan));
        }
        match record.stage {
            TableStage::Waiting | TableStage::Preparing => {
                let segments = self.start(table, plan).await?;
                Ok(Outcome::Opened(fresh(plan, &segments)))
            }
            TableStage::Loading => {
                let left = self.take_up(table, plan, &record.segments).await?;
                self.enter_stage(table, |_| ()).await?;
                Ok(Outcome::Opened(left))
            }
            TableStage::Loaded | TableStage::Completed => Ok(Outcome::Opened(Vec::new())),
        }
    }

    async fn start(&self, table: usize, plan: &TablePlan) -> Result<Vec<SegmentPlan>, Error> {
        self.enter_stage(table, |record| record.stage = TableStage::Preparing)
            .await?;
        let mut begun = false;
        until_done(self.attempts(), || {
            let again = std::mem::replace(&mut begun, true);
            self.make_ready(plan, again)
        })
        .await?;
        let segments = until_done(self.attempts(), || self.cut(plan)).await?;
        self.enter_stage(table, |record| {
            record.stage = TableStage::Loading;
            record.segments.clone_from(&segments);
        })
        .await?;
        Ok(segments)
    }

    /// Brings the target's table into the state that loading begins with; `again` after an
    /// attempt of which nobody knows whether it took effect.
    async fn make_ready(&self, plan: &TablePlan, again: bool) -> Result<(), Error> {
        let (target, table) = (&self.ends.target, &plan.load.table);
        match plan.preparation {
            Preparation::Keep => Ok(()),
            Preparation::Empty => target.empty_table(&table.name).await,
            Preparation::DropAndCreate => {
                target.drop_table(&table.name).await?;
                target.create_table(table, plan.keys).await
            }
            Preparation::Create => {
                if again {
                    self.drop_own(&table.name).await?;
                }
                target.create_table(table, plan.keys).await
            }
        }
    }

    /// Drops a table that was not there when the plan was made and holds no row: an attempt to
    /// create it has made it, and its answer was lost.
    async fn drop_own(&self, table: &TableName) -> Result<(), Error> {
        let target = &self.ends.target;
        match target.existing(std::slice::from_ref(table)).await?.first() {
            Some(found) if !found.has_rows => target.drop_table(table).await,
            _ => Ok(()),
        }
    }

    async fn cut(&self, plan: &TablePlan) -> Result<Vec<SegmentPlan>, Error> {
        Ok(match &plan.pieces {
            Pieces::One => vec![SegmentPlan::default()],
            Pieces::Partitions(names) => names
                .iter()
                .map(|name| SegmentPlan {
                    partition: Some(name.clone()),
                    ..Default::default()
                })
                .collect(),
            Pieces::At(keys) => ranges(keys.clone()),
            Pieces::About(pieces) => ranges(self.ends.source.split(&plan.read, *pieces).await?),
        })
    }

    /// The segments that an earlier run left unfinished, as far as they came.
    async fn take_up(
        &self,
        table: usize,
        plan: &TablePlan,
        segments: &[SegmentPlan],
    ) -> Result<Vec<SegmentRecord>, Error> {
        let ledger = until_done(self.attempts(), || self.ledger_of(plan)).await?;
        let mut left = fresh(plan, segments);
        for record in ledger {
            if let Some(segment) = left.iter_mut().find(|left| left.segment == record.segment) {
                *segment = record;
            }
        }
        left.retain(|segment| !segment.done);
        let begun = left.iter().any(|segment| segment.version > 0);
        if !plan.resumable && !left.is_empty() && (begun || !self.rolls_back(plan)) {
            until_done(self.attempts(), || self.start_anew(table, plan)).await?;
            return Ok(fresh(plan, segments));
        }
        Ok(left)
    }

    fn rolls_back(&self, plan: &TablePlan) -> bool {
        self.ends.target.rolls_back(&plan.load.table)
    }

    async fn ledger_of(&self, plan: &TablePlan) -> Result<Vec<SegmentRecord>, Error> {
        let mut ledger = self.ends.target.ledger(&self.spec.id).await?;
        ledger.retain(|record| record.table == plan.load.table.name);
        Ok(ledger)
    }

    /// Empties a table whose load cannot be taken up.
    async fn start_anew(&self, table: usize, plan: &TablePlan) -> Result<(), Error> {
        let (target, name) = (&self.ends.target, &plan.load.table.name);
        target.empty_table(name).await?;
        target.forget_segments(&self.spec.id, name).await?;
        self.progress.set_rows(table, 0, 0);
        Ok(())
    }

    /// Asks the target how far a segment really came. After an error nobody else knows: a commit
    /// may have taken effect although its answer was lost.
    pub(super) async fn reread(
        &self,
        table: usize,
        plan: &TablePlan,
        record: &SegmentRecord,
    ) -> Result<SegmentRecord, Error> {
        let ledger = self.ledger_of(plan).await?;
        self.progress.set_rows(
            table,
            ledger.iter().map(|segment| segment.rows).sum(),
            ledger.iter().map(|segment| segment.bytes).sum(),
        );
        let stored = ledger
            .into_iter()
            .find(|stored| stored.segment == record.segment);
        let begun = stored.as_ref().is_some_and(|stored| !stored.done);
        if !plan.resumable && (begun || (stored.is_none() && !self.rolls_back(plan))) {
            self.start_anew(table, plan).await?;
            return Ok(unloaded(record));
        }
        Ok(stored.unwrap_or_else(|| unloaded(record)))
    }

    pub(super) async fn complete(&self, table: usize) -> Result<Outcome, Error> {
        let plan = &self.tables[table];
        self.enter_stage(table, |record| record.stage = TableStage::Loaded)
            .await?;
        let target = &self.ends.target;
        until_done(self.attempts(), || target.complete_table(&plan.load.table)).await?;
        self.enter_stage(table, |record| record.stage = TableStage::Completed)
            .await?;
        Ok(Outcome::Completed)
    }
}

/// Turns the last keys of parts into the ranges between them.
fn ranges(keys: Vec<KeyCells>) -> Vec<SegmentPlan> {
    let starts = std::iter::once(None).chain(keys.iter().cloned().map(Some));
    let ends = keys.iter().cloned().map(Some).chain(std::iter::once(None));
    starts
        .zip(ends)
        .map(|(after, until)| SegmentPlan {
            range: KeyRange { after, until },
            partition: None,
        })
        .collect()
}

fn fresh(plan: &TablePlan, segments: &[SegmentPlan]) -> Vec<SegmentRecord> {
    (0..)
        .zip(segments)
        .map(|(number, segment)| fresh_record(plan, number, segment))
        .collect()
}

fn unloaded(record: &SegmentRecord) -> SegmentRecord {
    SegmentRecord {
        reached: None,
        done: false,
        rows: 0,
        bytes: 0,
        version: 0,
        ..record.clone()
    }
}

fn definition_changed(plan: &TablePlan) -> Error {
    Error::definite(
        Code::DefinitionChanged,
        "the table, or the rules for it, changed since its load began",
    )
    .with_object(&plan.source)
    .with_hint("drop the table on the target and start a new task for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_every_key_once() {
        let key = |byte| KeyCells(vec![vec![byte]]);
        let ranges = ranges(vec![key(1), key(2)]);
        let expected = [
            (None, Some(key(1))),
            (Some(key(1)), Some(key(2))),
            (Some(key(2)), None),
        ];
        let found: Vec<_> = ranges
            .into_iter()
            .map(|part| (part.range.after, part.range.until))
            .collect();
        assert_eq!(found, expected);
    }
}
