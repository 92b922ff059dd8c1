//! Definitions on real servers: the same list for every direction.

mod compare;
mod directions;
mod objects;
mod tables;
