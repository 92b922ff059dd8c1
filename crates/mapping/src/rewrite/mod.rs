//! x
mod expression;
mod token;

pub(crate) use expression::{Rewritten, columns};
pub use token::Dialect;
pub(crate) use token::{Kind, Token, tokens};
