//! Choices that a seed repeats.

use std::time::{Duration, UNIX_EPOCH};

/// SplitMix64: spreads well from any seed, and needs no dependency.
pub(super) struct Random(u64);

impl Random {
    /// Takes the seed that the environment gives, or one from the clock, and prints it.
    pub(super) fn from_environment() -> Self {
        let seed = match std::env::var("DBFERRY_CHAOS_SEED") {
            Ok(seed) => seed.parse().unwrap(),
            Err(_) => u64::from(UNIX_EPOCH.elapsed().unwrap().subsec_nanos()),
        };
        println!("DBFERRY_CHAOS_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A duration below `end`, to the millisecond.
    pub(super) fn duration(&mut self, end: Duration) -> Duration {
        let end_ms = u64::try_from(end.as_millis()).unwrap();
        Duration::from_millis(self.below(end_ms))
    }
}
