//! Cells to SQL and back: what a value looks like on each side of the wire.
//!
//! All of it is pure. Rows come in as text results and go out as the data of `LOAD DATA` or the
//! literals of `INSERT`; cells are what lies in between. Two forms exist:
//!
//! * **Native** cells travel between servers of this family without conversion. They are what the
//!   server sends with `character_set_results = NULL`: character data in the bytes of the
//!   column's own charset, numbers and times as text, binary types raw. Three types need an
//!   expression to lose nothing: floats are widened to 64 bits and so get all their digits; ENUM
//!   travels as its index and SET as its bit mask, because a label cannot tell the error value
//!   from a label that is empty.
//! * **Canonical** cells are the text that `dbferry_core::DataType` defines. Character data is
//!   converted by the server, with a proof that nothing became a question mark.
//!
//! # How exactness is kept on the way in
//!
//! Every cell is sent as a *binary* string. The server then copies bytes into a character column
//! and checks that they are well formed there, instead of converting from whatever the session
//! speaks. The exceptions convert by expression: JSON, UUID and INET columns refuse or
//! misunderstand binary strings, and canonical UTF-8 for a column of another charset must be
//! converted.
//!
//! MySQL coerces much in silence, even in strict mode: `'1.5'` becomes the INT 2, times lose
//! fractions, an unknown ENUM label that looks like a number becomes an index. Where the two
//! types allow that, [`recode`] looks at the cell and refuses it. Whatever the server does warn
//! of is caught by `load`.
//!
//! # What cannot be carried
//!
//! * MariaDB has no negative zero: −0 becomes 0 there.
//! * A JSON document of MySQL may hold decimals, dates and blobs as types of their own. They
//!   arrive as numbers and strings of the same text; a decimal whose digits a double cannot keep
//!   is refused.

pub(crate) mod charset;
pub(crate) mod escape;
pub(crate) mod json;
pub(crate) mod literal;
pub(crate) mod number;
pub(crate) mod recode;
pub(crate) mod row_name;
