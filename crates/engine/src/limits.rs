//! The sizes that a load works in.

use std::time::Duration;

/// How much is read, written and committed at once.
///
/// The defaults suit servers; tests use small ones so that little data crosses many boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of cells in a batch. Large enough that a call per batch costs nothing, small enough
    /// to stay in the cache between reading and writing.
    pub batch_bytes: usize,
    /// Bytes that a chunk is meant to have. Long enough that a chunk's own cost (a seek, a
    /// statement) disappears in it, short enough that its read view holds back no purge.
    pub chunk_bytes: u64,
    /// Bytes after which the target commits. Fewer, larger transactions cost it less; what is not
    /// committed is loaded again after a fault.
    pub commit_bytes: u64,
    /// Rows after which the target commits, whatever their bytes.
    pub commit_rows: u64,
    /// Time after which the target commits, so that little is lost on a slow line, and no
    /// transaction on the target stays open for long.
    pub commit_interval: Duration,
    /// Bytes below which a table is not cut into segments.
    pub segment_bytes_min: u64,
    /// Bytes below which a table is created with all of its keys: a second statement would cost
    /// more than one sort saves.
    pub small_table_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            batch_bytes: 256 << 10,
            chunk_bytes: 64 << 20,
            commit_bytes: 64 << 20,
            commit_rows: u64::MAX,
            commit_interval: Duration::from_secs(10),
            segment_bytes_min: 64 << 20,
            small_table_bytes: 4 << 20,
        }
    }
}
