//! What a store already holds of a build, so that unchanged entries are not written again.

mod digest;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

pub use digest::{EntryDigest, SeedRecord};

/// What must be stored for an entry not to be written again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EntryIdentity {
    /// What the entry is.
    pub digest: EntryDigest,
    /// How long the stored entry must still be kept, in seconds; see [`min_left_seconds`].
    pub min_left_seconds: u32,
}

/// How long a stored entry must still be kept to count as unchanged, in seconds: half of its TTL, and
/// half of the time until it must be revalidated. An entry that the store keeps for good has no such
/// time. Without the second half, a page that is stale or soon will be would stay so, where a new entry
/// would be fresh.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float is cast with saturation, and a TTL beyond 136 years is as good as 136 years"
)]
pub fn min_left_seconds(ttl_seconds: Option<u64>, revalidate_seconds: Option<f64>) -> u32 {
    let Some(ttl_seconds) = ttl_seconds else {
        return 0;
    };
    let ttl_seconds = u32::try_from(ttl_seconds).unwrap_or(u32::MAX);
    let fresh_half = revalidate_seconds.map_or(u32::MAX, |seconds| (seconds / 2.0) as u32);
    (ttl_seconds / 2).max(ttl_seconds.saturating_sub(fresh_half))
}

/// The entries of a build that an earlier run has stored and that are still good.
#[derive(Debug, Default)]
pub struct Inventory {
    /// In the order of their keys' hashes.
    entries: Vec<StoredEntry>,
    now_seconds: u64,
}

/// An entry in the store. A million of them take 24 MB.
#[derive(Clone, Copy, Debug)]
struct StoredEntry {
    /// Two keys with the same hash do no harm: the digest covers the key.
    key_hash: u64,
    digest: EntryDigest,
    /// 0 for an entry that does not expire.
    expires_at_seconds: u32,
}

impl Inventory {
    /// An inventory without entries. `now_seconds` is the time since the epoch.
    #[must_use]
    pub fn new(now_seconds: u64) -> Self {
        Self {
            entries: Vec::new(),
            now_seconds,
        }
    }

    /// Adds an entry. [`sort`](Self::sort) has to be called after the last one.
    pub fn add(&mut self, key: &str, digest: EntryDigest, expires_at_seconds: Option<u64>) {
        let expires_at = expires_at_seconds.unwrap_or(0);
        self.entries.push(StoredEntry {
            key_hash: hash(key),
            digest,
            expires_at_seconds: u32::try_from(expires_at).unwrap_or(u32::MAX),
        });
    }

    /// Makes the entries that were added known.
    pub fn sort(&mut self) {
        self.entries.sort_unstable_by_key(|entry| entry.key_hash);
        self.entries.shrink_to_fit();
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether the store has this very entry, for long enough.
    #[must_use]
    pub fn has(&self, key: &str, identity: &EntryIdentity) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let key_hash = hash(key);
        let first = self
            .entries
            .partition_point(|entry| entry.key_hash < key_hash);
        self.entries[first..]
            .iter()
            .take_while(|entry| entry.key_hash == key_hash)
            .any(|entry| entry.digest == identity.digest && self.is_kept(*entry, identity))
    }

    fn is_kept(&self, entry: StoredEntry, identity: &EntryIdentity) -> bool {
        // The digest covers the TTL, so one that has none is kept for good in both cases.
        if entry.expires_at_seconds == 0 {
            return identity.min_left_seconds == 0;
        }
        u64::from(entry.expires_at_seconds)
            >= self.now_seconds + u64::from(identity.min_left_seconds)
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn digest(text: &str) -> EntryDigest {
        EntryDigest::of(&[text.as_bytes()])
    }

    fn inventory(entries: &[(&str, &str, Option<u64>)]) -> Inventory {
        let mut inventory = Inventory::new(NOW);
        for (key, content, expires_at) in entries {
            inventory.add(key, digest(content), *expires_at);
        }
        inventory.sort();
        inventory
    }

    fn identity(content: &str, ttl: Option<u64>, revalidate: Option<f64>) -> EntryIdentity {
        EntryIdentity {
            digest: digest(content),
            min_left_seconds: min_left_seconds(ttl, revalidate),
        }
    }

    #[test]
    fn knows_the_same_entry_under_the_same_key_only() {
        let inventory = inventory(&[("a", "1", None), ("b", "2", None)]);
        assert!(inventory.has("a", &identity("1", None, None)));
        assert!(!inventory.has("a", &identity("2", None, None)));
        assert!(!inventory.has("c", &identity("1", None, None)));
        assert!(!Inventory::new(NOW).has("a", &identity("1", None, None)));
    }

    #[test]
    fn writes_an_entry_again_that_is_soon_stale_or_gone() {
        let left = |seconds| inventory(&[("a", "1", Some(NOW + seconds))]);
        let static_page = identity("1", Some(1000), None);
        assert!(left(500).has("a", &static_page));
        assert!(!left(499).has("a", &static_page));
        // Seeded 300 of 600 seconds ago, or longer.
        let revalidating = identity("1", Some(6000), Some(600.0));
        assert!(left(5700).has("a", &revalidating));
        assert!(!left(5699).has("a", &revalidating));
        assert!(!left(0).has("a", &static_page));
    }

    #[test]
    fn writes_an_entry_again_that_does_not_expire_and_should() {
        let inventory = inventory(&[("a", "1", None)]);
        assert!(!inventory.has("a", &identity("1", Some(600), None)));
    }

    #[test]
    fn half_of_the_shorter_time_must_be_left() {
        assert_eq!(min_left_seconds(None, None), 0);
        assert_eq!(min_left_seconds(Some(60), Some(1.0)), 60);
        assert_eq!(min_left_seconds(Some(600), Some(60.0)), 570);
        assert_eq!(min_left_seconds(Some(600), Some(1e12)), 300);
        assert_eq!(min_left_seconds(Some(u64::MAX), Some(1e300)), u32::MAX / 2);
    }
}
