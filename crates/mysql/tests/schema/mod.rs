//! Definitions on real servers: the same list for every direction.

mod access;
mod compare;
mod completion;
mod directions;
mod objects;
mod tables;
