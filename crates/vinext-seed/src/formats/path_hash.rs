//! The hashes that replace a pathname or key that is too long. They match the runtime's, including its
//! rounding errors.

use sha2::{Digest, Sha256};

/// How a runtime prints the hash of a long pathname.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PathHash {
    /// Two FNV-1a states in base 36, not padded (0.0.31 to 0.0.52).
    Fnv1a64Base36,
    /// Two FNV-1a states as eight hexadecimal digits each (0.0.55 to 1.0.0-beta.10).
    Fnv1a64Hex,
    /// SHA-256 of the UTF-8 bytes in hexadecimal (1.4.0).
    Sha256Hex,
}

impl PathHash {
    /// Hashes `text`.
    #[must_use]
    pub fn digest(self, text: &str) -> String {
        match self {
            Self::Fnv1a64Base36 => {
                let (first, second) = fnv1a64(text);
                base36(first) + &base36(second)
            }
            Self::Fnv1a64Hex => fnv1a64_hex(text),
            Self::Sha256Hex => {
                let mut hex = String::with_capacity(64);
                for byte in Sha256::digest(text.as_bytes()) {
                    hex.push(char::from(HEX_DIGITS[usize::from(byte >> 4)]));
                    hex.push(char::from(HEX_DIGITS[usize::from(byte & 0xf)]));
                }
                hex
            }
        }
    }
}

/// The 16 hexadecimal digits that also replace KV keys above 512 bytes.
#[must_use]
pub fn fnv1a64_hex(text: &str) -> String {
    let (first, second) = fnv1a64(text);
    format!("{first:08x}{second:08x}")
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// vinext's "64-bit FNV-1a": two 32-bit states that differ in their seed, over UTF-16 units.
fn fnv1a64(text: &str) -> (u32, u32) {
    let (mut first, mut second) = (2_166_136_261_u32, 84_696_351_u32);
    for unit in text.encode_utf16() {
        first = fnv1a_step(first, unit);
        second = fnv1a_step(second, unit);
    }
    (first, second)
}

/// One round in JavaScript's number semantics: `(h ^ unit) * 16777619 >>> 0`.
///
/// `^` gives a *signed* 32-bit integer, the product is a double (and rounds, since it can need 56
/// bits), and `>>>` takes it modulo 2^32. Exact integer arithmetic gives other hashes.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "this is JavaScript's ToInt32 and ToUint32; |product| < 2^56 fits an i64 exactly"
)]
fn fnv1a_step(state: u32, unit: u16) -> u32 {
    let mixed = (state ^ u32::from(unit)) as i32;
    (f64::from(mixed) * 16_777_619.0) as i64 as u32
}

fn base36(mut value: u32) -> String {
    if value == 0 {
        return "0".to_owned();
    }
    let mut digits = Vec::new();
    while value > 0 {
        // `value % 36` is a valid digit of base 36, always.
        digits.push(char::from_digit(value % 36, 36).unwrap_or_default());
        value /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_known_digests() {
        assert_eq!(PathHash::Fnv1a64Base36.digest(""), "ztntfp1efc4f");
        assert_eq!(PathHash::Fnv1a64Hex.digest("a"), "e40c292c70772d5a");
        assert_eq!(
            PathHash::Sha256Hex.digest(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn base36_prints_like_javascript() {
        assert_eq!(base36(0), "0");
        assert_eq!(base36(35), "z");
        assert_eq!(base36(36), "10");
        assert_eq!(base36(u32::MAX), "1z141z3");
    }
}
