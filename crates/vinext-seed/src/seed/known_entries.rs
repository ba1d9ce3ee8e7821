//! Lists the entries of a build that the store already has, so that they are not written again.
//!
//! Invariants: an entry counts as unchanged only if the listing proves it. The list uses at most a fixed
//! share of the memory budget; entries beyond it are written.

use std::num::NonZeroU32;

use xxhash_rust::xxh3::xxh3_64;

use super::tag_markers::TagMarkers;
use crate::pack::{EntryDigest, EntryRecord, NeededBytes, RECORD_MEMBER};
use crate::send::BatchSender;
use crate::store::{ListedKey, Recalled, Store, StoreError};

/// The share of the memory budget that the list may use, as a divisor.
const SHARE_OF_MEMORY: usize = 2;

/// How many entries share a bucket: a search among a few million reads one or two lines of the processor's
/// cache instead of twenty.
const BUCKET_ENTRIES: usize = 8;

/// The memory of one entry and its part of a bucket, in bytes.
const ENTRY_BYTES: usize = size_of::<KnownEntry>() + size_of::<usize>() / BUCKET_ENTRIES;

/// The keys that a build uses in a store, and what else identifies the build.
#[derive(Clone, Debug)]
pub(super) struct BuildKeyspace {
    /// The key prefix of its entries, for each router. Empty if keys do not show the build.
    pub(super) key_prefixes: Vec<String>,
    /// The key prefix of the markers of invalidated tags.
    pub(super) tag_marker_prefix: String,
    /// The key of the build's record; `None` if it has none.
    pub(super) record_key: Option<String>,
    /// The build's id in the responses of its Worker; `None` if its vinext sends none.
    pub(super) rsc_build_id: Option<String>,
    /// The time of the run, in milliseconds since the epoch.
    pub(super) now_ms: f64,
}

/// The entries of a build that are stored and still valid.
#[derive(Debug, Default)]
pub(super) struct KnownEntries {
    /// Sorted.
    entries: Vec<KnownEntry>,
    /// The start of each bucket, and the end of the last one. Hashes are evenly distributed, so each bucket has
    /// only a few entries.
    starts: Vec<usize>,
    now_seconds: u64,
    /// Whether the store's entries expire.
    has_expiry: bool,
    /// Why stored entries could not be identified, if there are any.
    pub(super) warning: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct KnownEntry {
    key_hash: u64,
    digest: EntryDigest,
    expires_at_seconds: Option<NonZeroU32>,
}

impl KnownEntries {
    /// Lists the entries in the store, without those that were invalidated or should be renewed.
    pub(super) async fn list<S: Store>(
        sender: &BatchSender<S>,
        keyspace: &BuildKeyspace,
        max_memory_bytes: usize,
    ) -> Result<Self, StoreError> {
        let mut known = Self {
            entries: Vec::new(),
            starts: Vec::new(),
            now_seconds: seconds(keyspace.now_ms),
            has_expiry: S::HAS_EXPIRY,
            warning: None,
        };
        let (true, Some(build_prefix)) = (
            S::LIMITS.max_metadata_bytes > 0,
            keyspace.key_prefixes.first(),
        ) else {
            return Ok(known);
        };
        let recalled = sender.recall(build_prefix).await?;
        if let Recalled::Unusable(reason) = recalled {
            known.warning = Some(reason);
            return Ok(known);
        }
        let is_forgotten = recalled == Recalled::Nothing;
        let max_entries = max_memory_bytes / SHARE_OF_MEMORY / ENTRY_BYTES;
        let mut markers: Option<TagMarkers> = None;
        for key_prefix in &keyspace.key_prefixes {
            let mut cursor = None;
            loop {
                let page = sender.list(key_prefix, cursor.as_deref()).await?;
                if is_forgotten && !page.keys.is_empty() {
                    let reason = "entries of this build are stored, but there is no object with their digests";
                    known.warning = Some(reason.to_owned());
                    return Ok(known);
                }
                for key in &page.keys {
                    let Some((record, tags)) = described(key) else {
                        continue;
                    };
                    if record
                        .renew_at_ms
                        .is_some_and(|at_ms| at_ms <= keyspace.now_ms)
                    {
                        continue;
                    }
                    if markers.is_none() {
                        markers = TagMarkers::list(sender, &keyspace.tag_marker_prefix).await?;
                        if markers.is_none() {
                            return Ok(Self::default());
                        }
                    }
                    if let Some(markers) = &mut markers
                        && markers.purge(sender, &tags, record.rendered_at_ms).await?
                    {
                        continue;
                    }
                    known.entries.push(KnownEntry {
                        key_hash: hash(&key.name),
                        digest: record.digest,
                        expires_at_seconds: key
                            .expires_at_seconds
                            .and_then(|at| NonZeroU32::new(u32::try_from(at).unwrap_or(u32::MAX))),
                    });
                }
                cursor = page.cursor;
                if cursor.is_none() || known.entries.len() >= max_entries {
                    break;
                }
            }
        }
        known.entries.sort_unstable();
        known.starts = bucket_starts(&known.entries);
        Ok(known)
    }

    /// Whether no entries are known.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in the bucket of a hash.
    fn bucket_of(&self, key_hash: u64) -> &[KnownEntry] {
        let bucket = bucket(key_hash, self.starts.len().saturating_sub(1));
        match self.starts.get(bucket..) {
            Some(&[start, end, ..]) => &self.entries[start..end],
            _ => &[],
        }
    }

    /// Whether an entry is stored as it would be written, with at least half of its TTL left.
    pub(super) fn has(&self, key: &str, digest: Option<EntryDigest>, ttl: Option<u64>) -> bool {
        let Some(digest) = digest.filter(|_| !self.is_empty()) else {
            return false;
        };
        let key_hash = hash(key);
        let entries = self.bucket_of(key_hash);
        let first =
            entries.partition_point(|known| (known.key_hash, known.digest) < (key_hash, digest));
        let Some(known) = entries.get(first) else {
            return false;
        };
        let ttl = ttl.filter(|_| self.has_expiry);
        let stays = match (known.expires_at_seconds, ttl) {
            (None, None) => true,
            (Some(at), Some(ttl)) => {
                let left = u64::from(at.get()).saturating_sub(self.now_seconds);
                left >= ttl / 2
            }
            _ => false,
        };
        stays && (known.key_hash, known.digest) == (key_hash, digest)
    }
}

/// The start of each bucket of sorted entries, and the end of the last one.
fn bucket_starts(entries: &[KnownEntry]) -> Vec<usize> {
    let buckets = entries.len().div_ceil(BUCKET_ENTRIES);
    let mut starts = vec![0; buckets + 1];
    for entry in entries {
        starts[bucket(entry.key_hash, buckets) + 1] += 1;
    }
    let mut before = 0;
    for start in &mut starts {
        before += *start;
        *start = before;
    }
    starts
}

/// The bucket of a hash. A greater hash never has an earlier one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "less than `buckets`, which is a usize"
)]
fn bucket(key_hash: u64, buckets: usize) -> usize {
    ((u128::from(key_hash) * buckets as u128) >> u64::BITS) as usize
}

impl NeededBytes for KnownEntries {
    fn needs(&self, key: &str, digest: Option<EntryDigest>, ttl_seconds: Option<u64>) -> bool {
        !self.has(key, digest, ttl_seconds)
    }
}

/// The record and the tags of an entry that an earlier run stored.
fn described(key: &ListedKey) -> Option<(EntryRecord, Vec<&str>)> {
    let metadata = key.metadata.as_ref()?;
    let record = EntryRecord::parse(metadata.get(RECORD_MEMBER)?.as_str()?)?;
    let tags = metadata.get("tags")?.as_array()?.iter();
    Some((record, tags.map(|tag| tag.as_str()).collect::<Option<_>>()?))
}

/// Two keys may have the same hash. The digests of their entries differ nevertheless, because they cover
/// the keys.
fn hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a time since 1970, far below 2^53"
)]
fn seconds(ms: f64) -> u64 {
    (ms / 1000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_exactly_what_is_known() {
        let digest = |key: usize| [u8::try_from(key % 251).unwrap(); 16];
        for count in [1, 7, 8, 9, 1000] {
            let mut entries: Vec<_> = (0..count)
                .map(|key| KnownEntry {
                    key_hash: hash(&key.to_string()),
                    digest: digest(key),
                    expires_at_seconds: None,
                })
                .collect();
            entries.sort_unstable();
            let known = KnownEntries {
                starts: bucket_starts(&entries),
                entries,
                ..KnownEntries::default()
            };
            for key in 0..2 * count {
                let name = key.to_string();
                assert_eq!(known.has(&name, Some(digest(key)), None), key < count);
                assert!(!known.has(&name, Some(digest(key + 1)), None));
                assert!(!known.has(&name, None, None));
            }
        }
        assert!(!KnownEntries::default().has("a", Some(digest(0)), None));
    }
}
