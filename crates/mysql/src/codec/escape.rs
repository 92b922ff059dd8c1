//! The format of `LOAD DATA`: tabs between cells, newlines after rows, `\N` for NULL.
//!
//! [`FORMAT`] and [`push_escaped`] belong together. Only three bytes need an escape; they are
//! found with `memchr3`, and the runs between them are copied whole.

/// The clauses of `LOAD DATA` that describe the format. All are spelled out: a server's defaults
/// are its own business.
///
/// `CHARACTER SET binary` makes the server look at bytes, not characters, for separators (a tab
/// or backslash may be the second byte of a Shift-JIS character), and keeps it from converting.
pub(crate) const FORMAT: &str = "CHARACTER SET binary \
    FIELDS TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\' \
    LINES STARTING BY '' TERMINATED BY '\\n'";

pub(crate) const CELL_END: u8 = b'\t';
pub(crate) const ROW_END: u8 = b'\n';
pub(crate) const NULL: &[u8] = b"\\N";

/// Appends the bytes of a cell, or of a part of one.
#[inline]
pub(crate) fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut start = 0;
    for at in memchr::memchr3_iter(b'\t', b'\n', b'\\', bytes) {
        out.extend_from_slice(&bytes[start..at]);
        out.extend_from_slice(match bytes[at] {
            b'\t' => b"\\t",
            b'\n' => b"\\n",
            _ => b"\\\\",
        });
        start = at + 1;
    }
    out.extend_from_slice(&bytes[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_are_escaped() {
        let mut out = b"x".to_vec();
        push_escaped(&mut out, b"\ta\n\\N\0");
        assert_eq!(out, b"x\\ta\\n\\\\N\0");
    }

    proptest! {
        /// Unescaped as the server does it, the bytes are the same, and no separator is left.
        #[test]
        fn any_bytes_come_back(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\t'), Just(b'\n'), Just(b'\\'), any::<u8>()], 0..60)
        ) {
            let mut out = Vec::new();
            push_escaped(&mut out, &bytes);
            prop_assert!(!out.contains(&CELL_END) && !out.contains(&ROW_END));
            let (mut back, mut rest) = (Vec::new(), out.iter());
            while let Some(&byte) = rest.next() {
                back.push(match byte {
                    b'\\' => match rest.next() {
                        Some(b't') => b'\t',
                        Some(b'n') => b'\n',
                        Some(b'\\') => b'\\',
                        other => panic!("{other:?}"),
                    },
                    _ => byte,
                });
            }
            prop_assert_eq!(back, bytes);
        }
    }
}
