//! Values arrive exactly: every type and trap, in every direction, by every path.
//!
//! Tables are made by SQL, copied with the reader and the loader, and compared by what the two
//! servers show of each cell in hexadecimal, so no code of ours judges itself.

#![cfg(test)]

pub(crate) mod copy;
mod labels;
mod numbers;
mod random;
mod text;
mod times;
mod types;
