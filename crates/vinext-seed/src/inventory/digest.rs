//! Digests that tell in a later run whether an entry has changed.

use blake3::Hasher;

/// Changes when the same page is to be written again: when what a digest covers changes, or how an
/// entry is encoded.
const DOMAIN: &[u8] = b"vinext-seed entry 1";

const DIGEST_BYTES: usize = 12;

/// The length of a digest as text.
const DIGEST_CHARACTERS: usize = 16;

/// What an entry is: key, content, status, headers, tags and lifetime, but no point in time. 96 bits of
/// BLAKE3: no two pages have the same one by chance, and making two that do takes 2⁴⁸ attempts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EntryDigest([u8; DIGEST_BYTES]);

impl EntryDigest {
    /// The digest of an entry's parts. Each is hashed with its length, so that moving a byte from one
    /// to the next changes the digest.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(DOMAIN);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut digest = [0; DIGEST_BYTES];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..DIGEST_BYTES]);
        Self(digest)
    }
}

/// What is stored beside an entry: its digest and when its page was rendered. Entries that the runtime
/// writes do not have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeedRecord {
    /// The entry's digest.
    pub digest: EntryDigest,
    /// The entry's `lastModified`, in milliseconds since the epoch. A tag that is invalidated later
    /// purges it.
    pub rendered_at_ms: u64,
}

impl SeedRecord {
    /// The member of an entry's metadata that holds the record.
    pub const MEMBER: &'static str = "seed";

    /// The longest text of a record, in bytes.
    pub const MAX_BYTES: usize = DIGEST_CHARACTERS + 16;

    /// The record as text: 16 characters of base64url, and the time as a hexadecimal number.
    #[must_use]
    pub fn to_text(self) -> String {
        let digest = base64_simd::URL_SAFE_NO_PAD.encode_to_string(self.digest.0);
        format!("{digest}{:x}", self.rendered_at_ms)
    }

    /// Reads a record; `None` if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (digest, time) = text.split_at_checked(DIGEST_CHARACTERS)?;
        let digest = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(digest).ok()?;
        let is_plain = time.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Self {
            digest: EntryDigest(digest.try_into().ok()?),
            rendered_at_ms: u64::from_str_radix(time, 16).ok().filter(|_| is_plain)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let digest = |parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            EntryDigest::of(&parts)
        };
        assert_eq!(digest(&["ab", "c"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_ne!(digest(&["ab", ""]), digest(&["ab"]));
        assert_ne!(digest(&["", "ab"]), digest(&["ab", ""]));
    }

    #[test]
    fn other_texts_are_no_records() {
        let record = SeedRecord {
            digest: EntryDigest::of(&[b"x"]),
            rendered_at_ms: 1_700_000_000_000,
        };
        let text = record.to_text();
        assert_eq!(SeedRecord::parse(&text), Some(record));
        assert!(text.len() <= SeedRecord::MAX_BYTES, "{text}");
        for other in [
            "",
            "x",
            &text[..16],
            &text[..15],
            "éééééééé",
            &format!("{text}g"),
        ] {
            assert_eq!(SeedRecord::parse(other), None, "{other}");
        }
        assert_eq!(SeedRecord::parse(&format!("{}+1", &text[..16])), None);
    }

    proptest! {
        #[test]
        fn records_survive_their_text(seed in any::<[u8; 4]>(), rendered_at_ms in any::<u64>()) {
            let record = SeedRecord { digest: EntryDigest::of(&[&seed]), rendered_at_ms };
            let text = record.to_text();
            prop_assert!(text.len() <= SeedRecord::MAX_BYTES);
            prop_assert_eq!(SeedRecord::parse(&text), Some(record));
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = SeedRecord::parse(&text);
        }
    }
}
