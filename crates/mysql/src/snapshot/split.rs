//! Keys that cut a table into about equal parts.
//!
//! The parts are for workers: they need not be exact, but a table whose rows sit in one part is
//! copied by one worker. So nothing is assumed about how keys are spread, and the first column of
//! a key may well be the same in every row.
//!
//! # How
//!
//! 1. Where the first column is an integer or decimal, its range between the least and the
//!    greatest value is cut into intervals, and the server's estimate says how many rows each
//!    holds: `EXPLAIN` looks at the index itself (a *dive*), in well under a millisecond. Heavy
//!    intervals are halved until they are light or a single value. A heavy single value is cut by
//!    the next column of the key in the same way.
//! 2. Where a column is of another type, the index is walked in strides with `LIMIT 1 OFFSET n`,
//!    through the whole table or the heavy value at hand. The walk costs the server a scan of
//!    the index, about a tenth of what reading the rows costs, and is exact.
//! 3. Cuts are chosen so that the parts come out about equal. Each is then turned into the key of
//!    a row that exists: the last one below it.

mod units;

use dbferry_core::{Chunk, Error, KeyCells, KeyRange, TableRead};

use super::keyset::{key_columns, walkable_index};
use super::reader::{named, open_raw, select};
use super::select::select_list;
use crate::dialect;
use crate::sessions::Sessions;
use crate::wire::Connection;
use units::{scaled, unscaled, whole_scale};

/// Tables below this many rows are not worth a second worker.
const ROWS_MIN: u64 = 20_000;

/// Intervals per part: the error of a cut is at most one interval.
const INTERVALS_PER_PIECE: u64 = 8;

/// The most dives for one table, beyond which the cuts are what they are.
const DIVES_MAX: usize = 2_000;

/// Strides of one length, after which they double.
const STRIDES_ALIKE: u64 = 512;

/// Finds keys that cut the table into about `pieces` equal parts.
///
/// # Errors
/// As [`dbferry_core::Source::split`].
pub async fn split(
    sessions: &Sessions,
    read: &TableRead,
    pieces: usize,
) -> Result<Vec<KeyCells>, Error> {
    if read.key.is_empty() || pieces < 2 {
        return Ok(Vec::new());
    }
    let mut connection = open_raw(sessions).await?;
    let keys = split_with(&mut connection, read, pieces).await;
    connection.close().await;
    keys
}

async fn split_with(
    connection: &mut Connection,
    read: &TableRead,
    pieces: usize,
) -> Result<Vec<KeyCells>, Error> {
    let mut splitter = Splitter::new(connection, read)?;
    let rows = splitter.estimate(&[]).await?.max(read.table.size.rows);
    if rows < ROWS_MIN {
        return Ok(Vec::new());
    }
    let pieces = u64::try_from(pieces).unwrap_or(u64::MAX);
    splitter.weight_max = (rows / (pieces * INTERVALS_PER_PIECE)).max(1);
    splitter.cut(Vec::new(), rows).await?;
    let cuts = balanced(&splitter.cuts, pieces);
    splitter.keys(cuts).await
}

/// A place between keys, and how many rows are between it and the place before.
#[derive(Debug, Clone)]
struct Cut {
    place: Place,
    rows: u64,
}

/// Where to cut.
#[derive(Debug, Clone)]
enum Place {
    /// Behind the last row for which these terms hold, the last of which is an upper bound.
    Behind(Vec<String>),
    /// Behind this row.
    Key(KeyCells),
    /// Behind everything.
    End,
}

struct Splitter<'a> {
    connection: &'a mut Connection,
    read: &'a TableRead,
    /// The quoted names of the key's columns.
    names: Vec<String>,
    /// The key in the select list.
    list: String,
    /// More rows than these are cut further.
    weight_max: u64,
    dives: usize,
    /// Every cut, in key order.
    cuts: Vec<Cut>,
}

impl<'a> Splitter<'a> {
    fn new(connection: &'a mut Connection, read: &'a TableRead) -> Result<Self, Error> {
        let columns = select_list(read);
        let list: Vec<&str> = read
            .key
            .iter()
            .map(|&index| columns[index].expression.as_str())
            .collect();
        let names = key_columns(read)?
            .into_iter()
            .map(|column| column.name)
            .collect();
        Ok(Self {
            connection,
            read,
            names,
            list: list.join(", "),
            weight_max: 1,
            dives: 0,
            cuts: Vec::new(),
        })
    }

    /// Cuts the rows for which the terms hold: one term of equality per leading key column.
    async fn cut(&mut self, terms: Vec<String>, rows: u64) -> Result<(), Error> {
        let place = terms.len();
        let column = self
            .read
            .key
            .get(place)
            .map(|&index| self.read.column(index));
        let scale = column.and_then(|column| whole_scale(&column.data_type));
        let range = match scale {
            Some(scale) => self.extent(&terms, scale).await?,
            None => None,
        };
        match (range, scale) {
            (Some((low, high)), Some(scale)) => {
                self.cut_range(
                    terms,
                    Range {
                        low,
                        high,
                        rows,
                        scale,
                    },
                )
                .await
            }
            _ => self.cut_by_strides(terms, rows).await,
        }
    }

    /// Cuts a range of numbers, from low to high, in an order that needs no recursion on itself.
    async fn cut_range(&mut self, terms: Vec<String>, whole: Range) -> Result<(), Error> {
        let mut open = vec![whole];
        while let Some(range) = open.pop() {
            if range.rows <= self.weight_max || self.dives >= DIVES_MAX {
                self.push_behind(&terms, &range);
            } else if range.low == range.high {
                self.cut_value(&terms, &range).await?;
            } else {
                let (lower, upper) = range.halves();
                let (lower, upper) = (
                    self.weigh(&terms, lower).await?,
                    self.weigh(&terms, upper).await?,
                );
                open.extend([upper, lower]);
            }
        }
        Ok(())
    }

    /// Cuts the rows of a single value of the column by the next column.
    async fn cut_value(&mut self, terms: &[String], range: &Range) -> Result<(), Error> {
        let is_last = terms.len() + 1 >= self.names.len();
        if !is_last {
            let mut inner = terms.to_vec();
            inner.push(self.term(terms.len(), "=", range.low, range.scale));
            Box::pin(self.cut(inner, range.rows)).await?;
            // The last cut inside lies behind the value.
            return Ok(());
        }
        self.push_behind(terms, range);
        Ok(())
    }

    fn push_behind(&mut self, terms: &[String], range: &Range) {
        let mut terms = terms.to_vec();
        terms.push(self.term(terms.len(), "<=", range.high, range.scale));
        self.cuts.push(Cut {
            place: Place::Behind(terms),
            rows: range.rows,
        });
    }

    async fn weigh(&mut self, terms: &[String], mut range: Range) -> Result<Range, Error> {
        let mut terms = terms.to_vec();
        let place = terms.len();
        terms.push(self.term(place, ">=", range.low, range.scale));
        terms.push(self.term(place, "<=", range.high, range.scale));
        range.rows = self.estimate(&terms).await?;
        Ok(range)
    }

    fn term(&self, place: usize, operator: &str, value: i128, scale: u16) -> String {
        format!("{} {operator} {}", self.names[place], scaled(value, scale))
    }

    /// The least and the greatest value of the next key column, as whole numbers of its smallest
    /// unit; `None` when there are no rows.
    async fn extent(
        &mut self,
        terms: &[String],
        scale: u16,
    ) -> Result<Option<(i128, i128)>, Error> {
        let name = &self.names[terms.len()];
        let sql = format!(
            "SELECT MIN({name}), MAX({name}) FROM {}{}",
            self.table(),
            condition(terms)
        );
        let set = self
            .connection
            .query(&sql)
            .await
            .map_err(|error| named(error, self.read))?;
        let row = set.require_first()?;
        let value = |cell: Option<&str>| cell.and_then(|text| unscaled(text, scale));
        Ok(value(row.opt_text(0)?).zip(value(row.opt_text(1)?)))
    }

    /// The server's estimate of the rows for which the terms hold.
    async fn estimate(&mut self, terms: &[String]) -> Result<u64, Error> {
        self.dives += 1;
        let hint = match walkable_index(&self.read.table) {
            // FORCE INDEX would make MySQL skip the dive.
            Some(index) => format!(" USE INDEX ({})", dialect::identifier(index)),
            None => String::new(),
        };
        let sql = format!(
            "EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM {}{hint}{}",
            self.table(),
            condition(terms)
        );
        let set = self
            .connection
            .query(&sql)
            .await
            .map_err(|error| named(error, self.read))?;
        // No table at all: the server found by itself that no row can match.
        Ok(set
            .require_first()?
            .opt_u64("rows")
            .ok()
            .flatten()
            .unwrap_or(0))
    }

    fn table(&self) -> String {
        dialect::object(&self.read.table.name)
    }

    /// Walks the index in strides.
    async fn cut_by_strides(&mut self, terms: Vec<String>, rows: u64) -> Result<(), Error> {
        let mut stride = self.weight_max.min(rows).max(1);
        let mut after = None;
        for count in 1_u64.. {
            if count.is_multiple_of(STRIDES_ALIKE) {
                // Far more rows than the server believed: longer strides reach the end.
                stride *= 2;
            }
            let range = KeyRange {
                after: after.clone(),
                until: None,
            };
            let mut sql = self.key_query(range, &terms)?;
            sql.push_str(&format!(" LIMIT 1 OFFSET {}", stride - 1));
            match self.first_key(&sql).await? {
                Some(key) => {
                    self.cuts.push(Cut {
                        place: Place::Key(key.clone()),
                        rows: stride,
                    });
                    after = Some(key);
                }
                None => break,
            }
        }
        // What is left behind the last stride; the rows of a heavy value end there.
        let place = if terms.is_empty() {
            Place::End
        } else {
            Place::Behind(terms)
        };
        self.cuts.push(Cut {
            place,
            rows: stride / 2,
        });
        Ok(())
    }

    /// The key of every row in the range for which the terms hold, in key order.
    fn key_query(&self, range: KeyRange, terms: &[String]) -> Result<String, Error> {
        let read = TableRead {
            filter: None,
            ..self.read.clone()
        };
        let chunk = Chunk {
            range,
            partition: None,
            rows_max: None,
        };
        let sql = select(&read, &self.list, &chunk)?;
        let Some(at) = sql.rfind(" ORDER BY ").filter(|_| !terms.is_empty()) else {
            return Ok(sql);
        };
        let (head, order) = sql.split_at(at);
        let joint = if head.contains(" WHERE ") {
            " AND "
        } else {
            " WHERE "
        };
        Ok(format!("{head}{joint}{}{order}", terms.join(" AND ")))
    }

    async fn first_key(&mut self, sql: &str) -> Result<Option<KeyCells>, Error> {
        let set = self
            .connection
            .query(sql)
            .await
            .map_err(|error| named(error, self.read))?;
        let Some(row) = set.first() else {
            return Ok(None);
        };
        let columns = select_list(self.read);
        let mut cells = Vec::with_capacity(self.read.key.len());
        for (place, &index) in self.read.key.iter().enumerate() {
            let mut cell = Vec::new();
            columns[index].finish.apply(row.bytes(place)?, &mut cell)?;
            cells.push(cell);
        }
        Ok(Some(KeyCells(cells)))
    }

    /// Turns the places into keys of rows, in order and without doubles.
    async fn keys(&mut self, cuts: Vec<Cut>) -> Result<Vec<KeyCells>, Error> {
        let mut keys: Vec<KeyCells> = Vec::new();
        for cut in cuts {
            let key = match cut.place {
                Place::Key(key) => Some(key),
                Place::End => None,
                Place::Behind(terms) => self.last_key(&terms).await?,
            };
            keys.extend(key.filter(|key| keys.last() != Some(key)));
        }
        Ok(keys)
    }

    async fn last_key(&mut self, terms: &[String]) -> Result<Option<KeyCells>, Error> {
        let sql = self.key_query(KeyRange::default(), terms)?;
        let descending: Vec<String> = self
            .names
            .iter()
            .map(|name| format!("{name} DESC"))
            .collect();
        let Some(at) = sql.rfind(" ORDER BY ") else {
            return Ok(None);
        };
        let sql = format!("{} ORDER BY {} LIMIT 1", &sql[..at], descending.join(", "));
        self.first_key(&sql).await
    }
}

/// A range of whole numbers, both ends included.
#[derive(Debug, Clone, Copy)]
struct Range {
    low: i128,
    high: i128,
    rows: u64,
    scale: u16,
}

impl Range {
    fn halves(self) -> (Self, Self) {
        let middle = self.low + (self.high - self.low) / 2;
        (
            Self {
                high: middle,
                ..self
            },
            Self {
                low: middle + 1,
                ..self
            },
        )
    }
}

/// The terms as a clause.
fn condition(terms: &[String]) -> String {
    match terms {
        [] => String::new(),
        terms => format!(" WHERE {}", terms.join(" AND ")),
    }
}

/// Chooses the cuts that leave about equal parts between them. The last cut ends the table and is
/// none.
fn balanced(cuts: &[Cut], pieces: u64) -> Vec<Cut> {
    let total: u64 = cuts.iter().map(|cut| cut.rows).sum();
    let (mut chosen, mut before) = (Vec::new(), 0);
    for cut in &cuts[..cuts.len().saturating_sub(1)] {
        let part = |rows: u64| rows * pieces / total.max(1);
        if part(before + cut.rows) > part(before) {
            chosen.push(cut.clone());
        }
        before += cut.rows;
    }
    chosen
}

#[cfg(test)]
mod tests;
