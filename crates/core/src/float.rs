//! The canonical text of floating-point numbers.
//!
//! Databases print the same number in many ways (`1e+20`, `1e20`, `100000000000000000000`). Cells
//! of [`crate::DataType::Float`] hold one of them, so that equal numbers are equal bytes: the
//! fewest digits that give the number back, with an exponent below 10⁻⁵ and from 10¹⁶ on, and
//! without a trailing `.0`.

use std::io::Write;

/// Appends the canonical text of a 64-bit number.
pub fn push_f64(out: &mut Vec<u8>, value: f64) {
    push(
        out,
        value.is_infinite(),
        value.is_sign_negative(),
        format_args!("{value:?}"),
    );
}

/// Appends the canonical text of a 32-bit number, which has fewer digits than that of the same
/// number in 64 bits.
pub fn push_f32(out: &mut Vec<u8>, value: f32) {
    push(
        out,
        value.is_infinite(),
        value.is_sign_negative(),
        format_args!("{value:?}"),
    );
}

fn push(out: &mut Vec<u8>, infinite: bool, negative: bool, digits: std::fmt::Arguments<'_>) {
    if infinite {
        out.extend_from_slice(if negative { b"-Infinity" } else { b"Infinity" });
        return;
    }
    // Writing to memory does not fail.
    let _ = out.write_fmt(digits);
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push_f64(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_one_text() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1, "0.1"),
            (1e-7, "1e-7"),
            (1e20, "1e20"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text(value), expected);
        }
        let mut out = b"x".to_vec();
        push_f32(&mut out, 0.1);
        assert_eq!(out, b"x0.1");
    }

    proptest! {
        #[test]
        fn numbers_come_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f64>().unwrap().to_bits(), bits);
        }
    }
}
