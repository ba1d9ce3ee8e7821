//! The key of an entry in the store, from a logical cache key (see [`super::cache_key`]) and the adapter's
//! `appPrefix`. In Workers KV it has at most 512 bytes.

use super::build_record::RECORD_CATEGORY;
use super::path_hash::fnv1a64_hex;

/// The longest key that the KV adapter does not hash, in bytes of UTF-8: the limit of Workers KV
/// (`MAX_KV_KEY_BYTES` in vinext's KV adapter, all versions that hash).
pub const MAX_KV_KEY_BYTES: usize = 512;

const ENTRY_CATEGORY: &str = "cache:";
/// The category in the keys of tag markers (`TAG_PREFIX` in the KV adapter, all versions).
const TAG_CATEGORY: &str = "__tag:";

const HASHED_KEY_MARK: &str = "__hash:";
const HASH_CHARACTERS: usize = 16;

/// What the KV adapter does with a key that would be too long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LongKeys {
    /// It passes the key to KV, which throws, so such a page is never a HIT (adapters before
    /// `@vinext/cloudflare` 1.0.0-beta.3).
    Rejected,
    /// It hashes the logical key, and an app prefix that is too long (since 1.0.0-beta.3).
    Hashed,
    /// It does not change the key, and the store accepts it (adapters for stores other than KV).
    Kept,
}

/// The keys of one application's entries in its namespace.
#[derive(Clone, Debug)]
pub struct KvKeySpace {
    entry_prefix: String,
    long_keys: LongKeys,
}

impl KvKeySpace {
    /// The key space of the adapter's `appPrefix`; empty for none.
    #[must_use]
    pub fn new(app_prefix: &str, long_keys: LongKeys) -> Self {
        let plain = match app_prefix {
            "" => String::new(),
            _ => format!("{app_prefix}:"),
        };
        let shortest_entry =
            plain.len() + ENTRY_CATEGORY.len() + HASHED_KEY_MARK.len() + HASH_CHARACTERS;
        let prefix = if long_keys == LongKeys::Hashed && shortest_entry > MAX_KV_KEY_BYTES {
            format!("__app:{}:", fnv1a64_hex(app_prefix))
        } else {
            plain
        };
        Self {
            entry_prefix: prefix + ENTRY_CATEGORY,
            long_keys,
        }
    }

    /// The common prefix of all entries' keys, of any build.
    #[must_use]
    pub fn entry_prefix(&self) -> &str {
        &self.entry_prefix
    }

    /// The key prefix of the markers of invalidated tags.
    #[must_use]
    pub fn tag_marker_prefix(&self) -> String {
        self.beside_entries(TAG_CATEGORY)
    }

    /// The key prefix of the records of builds.
    #[must_use]
    pub fn record_prefix(&self) -> String {
        self.beside_entries(RECORD_CATEGORY)
    }

    /// The key of a build's record; `None` if it would be too long.
    #[must_use]
    pub fn record_key(&self, build_id: &str) -> Option<String> {
        let key = self.record_prefix() + build_id;
        (key.len() <= MAX_KV_KEY_BYTES).then_some(key)
    }

    fn beside_entries(&self, category: &str) -> String {
        let prefix = self.entry_prefix.strip_suffix(ENTRY_CATEGORY);
        [prefix.unwrap_or_default(), category].concat()
    }

    /// The length of the KV key of a logical key, unhashed, in bytes.
    #[must_use]
    pub fn bytes(&self, logical_key: &str) -> usize {
        self.entry_prefix.len() + logical_key.len()
    }

    /// The KV key of a logical key, or `None` if this adapter could never read it.
    #[must_use]
    pub fn entry_key(&self, logical_key: &str) -> Option<String> {
        if self.bytes(logical_key) <= MAX_KV_KEY_BYTES {
            return Some([&self.entry_prefix, logical_key].concat());
        }
        match self.long_keys {
            LongKeys::Rejected => None,
            LongKeys::Kept => Some([&self.entry_prefix, logical_key].concat()),
            LongKeys::Hashed => Some(format!(
                "{}{HASHED_KEY_MARK}{}",
                self.entry_prefix,
                fnv1a64_hex(logical_key)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_key_of_512_bytes_but_not_513() {
        let fits = "k".repeat(MAX_KV_KEY_BYTES - ENTRY_CATEGORY.len());
        let too_long = format!("{fits}k");
        for long_keys in [LongKeys::Rejected, LongKeys::Hashed] {
            let key = KvKeySpace::new("", long_keys).entry_key(&fits);
            assert_eq!(key, Some(format!("cache:{fits}")));
        }
        assert_eq!(
            KvKeySpace::new("", LongKeys::Rejected).entry_key(&too_long),
            None
        );
        let hashed = KvKeySpace::new("", LongKeys::Hashed).entry_key(&too_long);
        assert_eq!(
            hashed,
            Some(format!("cache:__hash:{}", fnv1a64_hex(&too_long)))
        );
    }

    #[test]
    fn a_store_without_a_limit_keeps_every_key_and_prefix() {
        let (prefix, long) = ("p".repeat(600), "k".repeat(600));
        let key = KvKeySpace::new(&prefix, LongKeys::Kept).entry_key(&long);
        assert_eq!(key, Some(format!("{prefix}:cache:{long}")));
    }

    #[test]
    fn hashes_the_app_prefix_only_if_a_hashed_key_does_not_fit() {
        let kept = KvKeySpace::new(&"p".repeat(482), LongKeys::Hashed);
        assert!(kept.entry_key("k").is_some_and(|key| key.starts_with("pp")));
        let hashed = KvKeySpace::new(&"p".repeat(483), LongKeys::Hashed);
        assert!(
            hashed
                .entry_key("k")
                .is_some_and(|key| key.starts_with("__app:"))
        );
    }
}
