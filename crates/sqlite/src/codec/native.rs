//! Cells that keep the storage class: one byte of class, then the value.
//!
//! | class | first byte | rest |
//! |---|---|---|
//! | integer | `i` | decimal digits |
//! | real | `r` | the 64 bits, most significant byte first |
//! | text | `t` | the bytes as stored, valid UTF-8 or not |
//! | blob | `b` | the bytes |
//!
//! A real travels as its bits because no text of it is both cheap and certain. NULL is the
//! batch's own NULL.

use rusqlite::types::ValueRef;

use super::Unfit;

/// Writes a value that is not NULL.
#[inline]
pub(crate) fn encode(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(integer) => {
            out.push(b'i');
            super::canonical::push_integer(integer, out);
        }
        ValueRef::Real(real) => {
            out.push(b'r');
            out.extend_from_slice(&real.to_bits().to_be_bytes());
        }
        ValueRef::Text(bytes) => {
            out.push(b't');
            out.extend_from_slice(bytes);
        }
        ValueRef::Blob(bytes) => {
            out.push(b'b');
            out.extend_from_slice(bytes);
        }
    }
}

/// Reads a value back.
#[inline]
pub(crate) fn decode(cell: &[u8]) -> Result<ValueRef<'_>, Unfit> {
    const MALFORMED: Unfit = Unfit("is not a cell of this family");
    let (class, rest) = cell.split_first().ok_or(MALFORMED)?;
    match class {
        b'i' => super::bind::integer(rest)
            .map(ValueRef::Integer)
            .ok_or(MALFORMED),
        b'r' => {
            let bits = rest.try_into().map_err(|_| MALFORMED)?;
            Ok(ValueRef::Real(f64::from_bits(u64::from_be_bytes(bits))))
        }
        b't' => Ok(ValueRef::Text(rest)),
        b'b' => Ok(ValueRef::Blob(rest)),
        _ => Err(MALFORMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(value: ValueRef<'_>) {
        let mut cell = Vec::new();
        encode(value, &mut cell);
        assert_eq!(decode(&cell), Ok(value));
    }

    proptest! {
        #[test]
        fn every_value_comes_back(
            integer in any::<i64>(), real in any::<f64>(),
            bytes in proptest::collection::vec(any::<u8>(), 0..40)
        ) {
            check(ValueRef::Integer(integer));
            check(ValueRef::Real(real));
            check(ValueRef::Text(&bytes));
            check(ValueRef::Blob(&bytes));
        }

        #[test]
        fn malformed_cells_are_refused_without_a_panic(
            cell in proptest::collection::vec(any::<u8>(), 0..12)
        ) {
            if let Ok(value) = decode(&cell) {
                prop_assert!(b"irtb".contains(&cell[0]), "{value:?}");
            }
        }
    }
}
