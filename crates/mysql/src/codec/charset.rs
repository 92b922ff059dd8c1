//! What matters here about character sets.

use dbferry_core::Column;

/// Whether the bytes of this charset are UTF-8 already. `utf8` is the old name of `utf8mb3`.
pub(crate) fn is_utf8(charset: &str) -> bool {
    ["utf8mb4", "utf8mb3", "utf8"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}

/// Whether the column holds character data that is not UTF-8.
pub(crate) fn needs_conversion(column: &Column) -> bool {
    column.data_type.is_character()
        && column
            .charset
            .as_deref()
            .is_some_and(|charset| !is_utf8(charset))
}

/// The charset as an introducer of a literal, such as `_latin1`; `None` when the name is not one,
/// which no server's catalog gives.
pub(crate) fn introducer(charset: &str) -> Option<String> {
    let is_name = !charset.is_empty() && charset.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| format!("_{charset}"))
}
