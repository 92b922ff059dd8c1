//! Values as SQL literals.
//!
//! A literal never depends on the session's charset or escape mode by accident: what is not
//! printable ASCII is written in hexadecimal, and the sessions that run these statements have
//! `NO_BACKSLASH_ESCAPES` off.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `x'…'`, a binary string.
pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len() * 2 + 3);
    out.push_str("x'");
    for byte in bytes {
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
    }
    out.push('\'');
}

/// Whether the bytes can stand between quotes.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Appends printable ASCII between quotes. Other bytes become question marks, so callers look
/// first.
pub(crate) fn push_quoted(out: &mut String, bytes: &[u8]) {
    debug_assert!(is_printable(bytes), "only printable text is quoted");
    out.reserve(bytes.len() + 2);
    out.push('\'');
    for &byte in bytes {
        match byte {
            b'\'' => out.push_str("''"),
            b'\\' => out.push_str("\\\\"),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => out.push('?'),
        }
    }
    out.push('\'');
}

/// Appends a binary string in the shorter of the two ways.
pub(crate) fn push_binary(out: &mut String, bytes: &[u8]) {
    if is_printable(bytes) {
        out.push_str("_binary");
        push_quoted(out, bytes);
    } else {
        push_hex(out, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_safe() {
        for (bytes, expected) in [
            (&b"it's a \\"[..], r"_binary'it''s a \\'"),
            (b"", "_binary''"),
            (b"\0\xFF", "x'00FF'"),
            ("é".as_bytes(), "x'C3A9'"),
            (b"a\nb", "x'610A62'"),
        ] {
            let mut out = String::new();
            push_binary(&mut out, bytes);
            assert_eq!(out, expected);
        }
    }
}
