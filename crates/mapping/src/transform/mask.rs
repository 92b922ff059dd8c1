//! Hiding values.
//!
//! Digits are the ASCII digits. A random digit is drawn for each digit of the value, anew for
//! every row and run; a number keeps its sign, its scale and its type's range. The hash is
//! SHA-256 of the value's canonical text, unsalted, so equal values stay equal and short values
//! can be guessed: it is what DMS does, not anonymity.

use dbferry_core::{Code, DataType, Error, RowBatch};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

use crate::resolution::Mask;

/// Draws before a number is cut by a digit instead. Even for the narrowest range a draw fits
/// more often than one in eight.
const DRAWS_MAX: usize = 100;

/// SHA-256 as 64 upper-case hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        for digit in [byte >> 4, byte & 15] {
            let digit = char::from_digit(u32::from(digit), 16).unwrap_or('0');
            text.push(digit.to_ascii_uppercase());
        }
    }
    text
}

impl Mask {
    /// Whether there may be values of the type that cannot be masked.
    pub(super) fn can_fail(self, data_type: &DataType) -> bool {
        self == Self::RandomDigits && matches!(data_type, DataType::Integer { .. })
    }

    /// Checks that a value can be masked.
    ///
    /// # Errors
    /// `ValueUnrepresentable`.
    pub(super) fn check(self, data_type: &DataType, cell: &[u8]) -> Result<(), Error> {
        let digits = cell.strip_prefix(b"-").unwrap_or(cell);
        let number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        match number || !self.can_fail(data_type) {
            true => Ok(()),
            false => Err(not_a_number()),
        }
    }
}

/// Masks values.
#[derive(Debug)]
pub(super) struct Masker {
    random: StdRng,
    drawn: Vec<u8>,
}

impl Masker {
    pub(super) fn new() -> Self {
        let random = StdRng::from_rng(&mut rand::rng());
        Self {
            random,
            drawn: Vec::new(),
        }
    }

    /// Appends the masked value.
    ///
    /// # Errors
    /// `ValueUnrepresentable` for a number that is not one; `RowTooLarge`.
    pub(super) fn write(
        &mut self,
        mask: Mask,
        data_type: &DataType,
        cell: &[u8],
        output: &mut RowBatch,
    ) -> Result<(), Error> {
        match (mask, data_type) {
            (Mask::Digits(with), _) => {
                let masked = cell
                    .iter()
                    .map(|&b| if b.is_ascii_digit() { with } else { b });
                output.open_cell().extend(masked);
                output.end_cell()
            }
            (Mask::Hash, _) => output.push(sha256_hex(cell).as_bytes()),
            (Mask::RandomDigits, DataType::Integer { bits, signed }) => {
                self.integer(cell, *bits, *signed)?;
                output.push(&self.drawn)
            }
            (Mask::RandomDigits, DataType::Decimal { precision, scale }) => {
                self.decimal(cell, precision.is_some() && precision == scale);
                output.push(&self.drawn)
            }
            (Mask::RandomDigits, _) => {
                self.draw(cell);
                output.push(&self.drawn)
            }
        }
    }

    /// Replaces every digit.
    fn draw(&mut self, cell: &[u8]) {
        self.drawn.clear();
        for &byte in cell {
            let digit = byte
                .is_ascii_digit()
                .then(|| self.random.random_range(b'0'..=b'9'));
            self.drawn.push(digit.unwrap_or(byte));
        }
    }

    /// Draws until the number fits its type.
    fn integer(&mut self, cell: &[u8], bits: u8, signed: bool) -> Result<(), Error> {
        let (min, max) = range(bits, signed);
        for attempt in 0..=DRAWS_MAX {
            // The last resort has a digit less, and so always fits.
            let shorter = usize::from(attempt == DRAWS_MAX && cell.len() > 2);
            let (sign, digits) = cell.split_at(usize::from(cell.starts_with(b"-")));
            let kept = digits.get(shorter..).unwrap_or_default();
            self.draw(&[sign, kept].concat());
            let drawn = std::str::from_utf8(&self.drawn)
                .ok()
                .and_then(|t| t.parse::<i128>().ok());
            let drawn = drawn.ok_or_else(not_a_number)?;
            if (min..=max).contains(&drawn) {
                self.drawn.clear();
                self.drawn.extend_from_slice(drawn.to_string().as_bytes());
                return Ok(());
            }
        }
        Err(not_a_number())
    }

    /// Draws digits of a decimal. A lone zero before the point stays where the type has no room
    /// for another digit; no other zero comes to stand in front; minus zero loses its sign.
    fn decimal(&mut self, cell: &[u8], fraction_only: bool) {
        self.draw(cell);
        let first = usize::from(cell.starts_with(b"-"));
        let whole = self.drawn[first..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if whole == 1 && fraction_only {
            self.drawn[first] = b'0';
        }
        if whole > 1 && self.drawn[first] == b'0' {
            self.drawn[first] = self.random.random_range(b'1'..=b'9');
        }
        let zero = self
            .drawn
            .iter()
            .all(|byte| !byte.is_ascii_digit() || *byte == b'0');
        if first == 1 && zero && whole > 0 {
            self.drawn.remove(0);
        }
    }
}

fn range(bits: u8, signed: bool) -> (i128, i128) {
    let bits = u32::from(bits.min(64));
    match signed {
        true => (-(1 << (bits - 1)), (1 << (bits - 1)) - 1),
        false => (0, (1 << bits) - 1),
    }
}

fn not_a_number() -> Error {
    Error::definite(
        Code::ValueUnrepresentable,
        "the value to mask is not a whole number",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(mask: Mask, data_type: &DataType, cell: &str) -> String {
        let mut output = RowBatch::new(1);
        Masker::new()
            .write(mask, data_type, cell.as_bytes(), &mut output)
            .unwrap();
        String::from_utf8(output.cell(0, 0).unwrap().to_vec()).unwrap()
    }

    const TEXT: DataType = DataType::VarChar { length: Some(64) };

    #[test]
    fn digits_become_the_mask_and_nothing_else_does() {
        assert_eq!(
            masked(Mask::Digits(b'#'), &TEXT, "4111-1é 22"),
            "####-#é ##"
        );
    }

    #[test]
    fn the_hash_is_sha256_in_upper_case() {
        assert_eq!(
            masked(Mask::Hash, &TEXT, "abc"),
            "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
        );
    }

    #[test]
    fn random_digits_keep_the_shape_and_are_not_the_same_twice() {
        let phone = "+49 (0)89 1234567890123456789";
        let (first, second) = (
            masked(Mask::RandomDigits, &TEXT, phone),
            masked(Mask::RandomDigits, &TEXT, phone),
        );
        assert_ne!(first, second);
        let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "9");
        assert_eq!(shape(&first), shape(phone));
    }

    proptest! {
        #[test]
        fn random_integers_stay_within_their_type(value: i64, bits in prop_oneof![
            Just(8_u8), Just(16), Just(24), Just(32), Just(64)]) {
            let value = value >> (64 - u32::from(bits));
            let data_type = DataType::Integer { bits, signed: true };
            let masked = masked(Mask::RandomDigits, &data_type, &value.to_string());
            let number: i128 = masked.parse().unwrap();
            let (min, max) = range(bits, true);
            prop_assert!((min..=max).contains(&number));
            prop_assert_eq!(number.to_string(), masked);
        }

        #[test]
        fn random_decimals_are_canonical(value in "-?(0|[1-9][0-9]{0,5})\\.[0-9]{2}") {
            let data_type = DataType::Decimal { precision: Some(8), scale: Some(2) };
            let masked = masked(Mask::RandomDigits, &data_type, &value);
            let (whole, fraction) = masked.trim_start_matches('-').split_once('.').unwrap();
            prop_assert!(whole == "0" || !whole.starts_with('0'), "{}", masked);
            prop_assert_eq!(fraction.len(), 2);
            prop_assert_ne!(masked.as_str(), "-0.00");
        }
    }
}
