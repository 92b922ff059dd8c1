//! Text from a server that may hold bytes which are no text.
//!
//! `SHOW CREATE TABLE` of MariaDB prints the defaults of binary columns as they are. So that one
//! such default does not make a whole definition unreadable, bytes that are not UTF-8 travel as
//! characters of a private area, and become bytes again where a default is read.

/// The private character that stands for the byte 0; the last plane has no assigned characters.
const ESCAPED_BASE: u32 = 0x10_FF00;

/// Decodes UTF-8; every byte that is none becomes a private character.
pub(super) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(
            chunk
                .invalid()
                .iter()
                .filter_map(|&byte| char::from_u32(ESCAPED_BASE + u32::from(byte))),
        );
    }
    text
}

fn escaped_byte(character: char) -> Option<u8> {
    u32::from(character)
        .checked_sub(ESCAPED_BASE)
        .and_then(|byte| u8::try_from(byte).ok())
}

/// Whether a text holds bytes that are no text.
pub(super) fn has_escaped_bytes(text: &str) -> bool {
    text.chars()
        .any(|character| escaped_byte(character).is_some())
}

/// The bytes that [`decode`] was given.
pub(super) fn escaped_bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        match escaped_byte(character) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let text = decode(&bytes);
            prop_assert_eq!(has_escaped_bytes(&text), std::str::from_utf8(&bytes).is_err());
            prop_assert_eq!(escaped_bytes(&text), bytes);
        }
    }
}
