//! How many rows a chunk should have, so that its read view stays short.

/// Rows of the first chunk of a table whose row size nobody knows.
const FIRST_ROWS: u64 = 50_000;

const ROWS_MIN: u64 = 16;
const ROWS_MAX: u64 = 5_000_000;

/// How much a chunk may grow over the one before it: the rows that were read may not be like the
/// rows that come.
const GROWTH_MAX: u64 = 8;

/// Sizes the chunks of one segment by what was read of it.
#[derive(Debug)]
pub(crate) struct ChunkSizer {
    chunk_bytes: u64,
    rows: u64,
}

impl ChunkSizer {
    /// Starts from the source's estimate of the table.
    pub(crate) fn new(chunk_bytes: u64, rows_estimate: u64, bytes_estimate: u64) -> Self {
        let rows = match bytes_estimate.checked_div(rows_estimate) {
            None | Some(0) => FIRST_ROWS,
            // Estimates may be far off; the first chunk corrects them.
            Some(row_bytes) => (chunk_bytes / row_bytes).clamp(ROWS_MIN, FIRST_ROWS * GROWTH_MAX),
        };
        Self { chunk_bytes, rows }
    }

    /// Rows that the next chunk should have.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Learns from a chunk that was read.
    pub(crate) fn learn(&mut self, rows: u64, bytes: u64) {
        if rows == 0 {
            return;
        }
        let fitting = self.chunk_bytes / (bytes / rows).max(1);
        self.rows = fitting
            .min(self.rows.saturating_mul(GROWTH_MAX))
            .clamp(ROWS_MIN, ROWS_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_make_short_chunks_at_once() {
        let mut sizer = ChunkSizer::new(64 << 20, 1_000_000, 100_000_000);
        sizer.learn(400, 400 << 20);
        assert_eq!(sizer.rows(), 64);
    }

    #[test]
    fn narrow_rows_make_long_chunks_step_by_step() {
        let mut sizer = ChunkSizer::new(64 << 20, 0, 0);
        sizer.learn(FIRST_ROWS, FIRST_ROWS);
        assert_eq!(sizer.rows(), FIRST_ROWS * GROWTH_MAX);
    }
}
