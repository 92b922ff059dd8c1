//! The password, encrypted with the server's RSA key.
//!
//! `mysql_common` does the arithmetic, and panics on a key that is not well formed. The key comes
//! from the network, so its DER is walked here first, by the grammar that `mysql_common` assumes,
//! and its size is checked.
//!
//! ```text
//! SEQUENCE { SEQUENCE { algorithm }, BIT STRING { 0, SEQUENCE { INTEGER n, INTEGER e } } }
//! SEQUENCE { INTEGER n, INTEGER e }                       (the older, bare form)
//! ```

use mysql_common::crypto::der::{PubKeyFileType, parse_pub_key, pem_to_der};
use mysql_common::crypto::rsa::{GetRandom, Pkcs1OaepPadding, PublicKey};

use super::error::{Error, Result};

/// Sizes of keys that are accepted. MySQL makes 2048 bits; beyond the upper bound the arithmetic
/// would only burn our time.
const KEY_BITS: std::ops::RangeInclusive<u64> = 1024..=16384;

/// An exponent of more bits than this is not in use anywhere.
const EXPONENT_BITS_MAX: u64 = 64;

/// Bytes that OAEP with SHA-1 adds.
const PADDING_BYTES: usize = 42;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

const BAD_KEY: Error = Error::Protocol {
    what: "the server's public key is not usable",
};

/// Encrypts a password that ends with a zero, mixed with the nonce, with a key in PEM.
pub(super) fn encrypt_password(password: &[u8], nonce: &[u8; 20], pem: &[u8]) -> Result<Vec<u8>> {
    let key = public_key(pem)?;
    let mixed: Vec<u8> = password
        .iter()
        .zip(nonce.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    if mixed.len() + PADDING_BYTES > key.num_octets() {
        return Err(Error::protocol(
            "the password is too long for the server's public key",
        ));
    }
    key.encrypt_block(mixed, Pkcs1OaepPadding::new(GetRandom))
        .map_err(|_| BAD_KEY)
}

fn public_key(pem: &[u8]) -> Result<PublicKey> {
    let (der, form) = pem_to_der(pem).map_err(|_| BAD_KEY)?;
    match form {
        PubKeyFileType::Pkcs1 => check_numbers(&der)?,
        PubKeyFileType::Pkcs8 => check_wrapped(&der)?,
    }
    let (modulus, exponent) = parse_pub_key(&der, form).map_err(|_| BAD_KEY)?;
    let sound = KEY_BITS.contains(&modulus.bits())
        && modulus.bits() % 8 == 0
        && (2..=EXPONENT_BITS_MAX).contains(&exponent.bits());
    if sound {
        Ok(PublicKey::new(modulus, exponent))
    } else {
        Err(BAD_KEY)
    }
}

fn check_wrapped(der: &[u8]) -> Result<()> {
    let (fields, _) = element(der, SEQUENCE)?;
    let (_algorithm, rest) = element(fields, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    let Some((0, key)) = bits.split_first() else {
        return Err(BAD_KEY);
    };
    check_numbers(key)
}

fn check_numbers(der: &[u8]) -> Result<()> {
    let (fields, _) = element(der, SEQUENCE)?;
    let (_modulus, rest) = element(fields, INTEGER)?;
    element(rest, INTEGER).map(|_| ())
}

/// The contents of the element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Result<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first().ok_or(BAD_KEY)?;
    let (&short, rest) = rest.split_first().ok_or(BAD_KEY)?;
    if first != tag {
        return Err(BAD_KEY);
    }
    let (length, rest) = match short {
        0..=0x7F => (usize::from(short), rest),
        0x81..=0x83 => {
            let (bytes, rest) = rest
                .split_at_checked(usize::from(short & 0x7F))
                .ok_or(BAD_KEY)?;
            (
                bytes
                    .iter()
                    .fold(0, |length, &byte| length << 8 | usize::from(byte)),
                rest,
            )
        }
        _ => return Err(BAD_KEY),
    };
    rest.split_at_checked(length).ok_or(BAD_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxSKOcxiet8lLMn8ImyUE
bGGKob5EdRz/4wdiw12ED0GfKKTKhVnodFCfm1mdy7bKOX5QxL9skrvYodpW43eR
R5bfOzIgy1qIB8RYb6qOXRBw1oA4snBDqtUjDv/lbHLJN+IbzM4oU+e3Lt9rXyLX
VY289ewONPweXHqSCnTL91w+wkU1peIFV2QhZ+upUCdCtwOn5hnJPNgxtbklFoya
C8W3Z7Xx7He2QDJsEWAqX197efw0L6j8X8Tyd8Uwb7zUB1tfMGhHfm9EwejPAtzx
4GztQNtNMtGS2oGZLQBLV9hib4dDL92iiZeckg2LAf4GsJofLLR8mcHCRoqVbQJ1
EQIDAQAB
-----END PUBLIC KEY-----";

    #[test]
    fn a_password_is_encrypted_to_the_size_of_the_key() {
        let check = |length, expected| {
            let result =
                encrypt_password(&vec![7; length], b"abcdefghijklmnopqrst", KEY.as_bytes());
            assert_eq!(result.map(|bytes| bytes.len()).ok(), expected, "{length}");
        };
        check(1, Some(256));
        check(256 - PADDING_BYTES, Some(256));
        check(257 - PADDING_BYTES, None);
        check(300, None);
    }

    #[test]
    fn keys_that_are_not_keys_are_errors() {
        for pem in [
            "",
            "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
            "MIIB",
            &KEY[..200],
        ] {
            assert!(public_key(pem.as_bytes()).is_err(), "{pem}");
        }
    }

    #[test]
    fn a_key_of_few_bits_is_refused() {
        let pem = "-----BEGIN RSA PUBLIC KEY-----MAYCAQACAQM=-----END RSA PUBLIC KEY-----";
        assert!(public_key(pem.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn altered_keys_do_not_panic(at in 0..392_usize, byte in "[A-Za-z0-9+/=]") {
            let mut pem = KEY.as_bytes().to_vec();
            let body = 27 + at;
            if pem[body] != b'\n' {
                pem[body] = byte.as_bytes()[0];
            }
            let _ = encrypt_password(b"secret\0", b"abcdefghijklmnopqrst", &pem);
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = check_wrapped(&bytes);
            let _ = check_numbers(&bytes);
        }
    }
}
