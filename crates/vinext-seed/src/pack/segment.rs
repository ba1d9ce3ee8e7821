//! Encoded entries, one after another as in a request body. Batches share them without copying.

mod builder;

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;

use super::digest::EntryDigest;
use crate::plan::Priority;
use crate::store::Frame;
#[cfg(any(test, fuzzing))]
pub(super) use builder::segment_of;
pub(super) use builder::{NewEntry, SegmentBuilder};

/// Where an entry is in its segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EntrySpan {
    pub(crate) start: usize,
    pub(crate) end: usize,
    key: KeySpan,
    ttl_seconds: Option<NonZeroU32>,
    /// Whether this is its route's first entry: with it stored, the route counts as seeded.
    pub(crate) is_first: bool,
    /// Its digest, if the store can list it.
    pub(crate) digest: Option<EntryDigest>,
    metadata: MetadataSpan,
    pub(crate) priority: Priority,
    /// Whether it has bytes. An entry without them is only counted.
    pub(crate) is_encoded: bool,
}

/// Where an entry's key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct KeySpan {
    /// From the start of the entry, or of the keys that are kept aside.
    start: u32,
    bytes: u32,
    is_aside: bool,
}

/// Where an entry's metadata is among what is kept aside; empty if the store keeps none there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct MetadataSpan {
    start: u32,
    bytes: u32,
}

impl EntrySpan {
    /// How long the store keeps the entry, if not forever.
    pub(crate) fn ttl_seconds(&self) -> Option<u64> {
        self.ttl_seconds.map(|seconds| u64::from(seconds.get()))
    }
}

/// Entries of consecutive routes, as a frame lays them out.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    frame: Frame,
    bytes: Bytes,
    index: Arc<Index>,
}

#[derive(Debug)]
struct Index {
    entries: Vec<EntrySpan>,
    /// The keys that the segment's bytes do not contain literally.
    keys: String,
    /// The metadata of the entries, for a store that keeps it elsewhere.
    metadata: String,
}

impl Segment {
    pub(crate) fn frame(&self) -> Frame {
        self.frame
    }

    pub(crate) fn entries(&self) -> &[EntrySpan] {
        &self.index.entries
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let Index {
            entries,
            keys,
            metadata,
        } = &*self.index;
        let index_bytes = size_of_val(&**entries) + keys.len() + metadata.len();
        self.bytes.len() + index_bytes
    }

    /// Whether both are the same segment, not merely equal ones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.index, &other.index)
    }

    /// The bytes from the first to the last of a range of entries, separators between them included.
    pub(crate) fn slice(&self, first: usize, last: usize) -> Bytes {
        let entries = self.entries();
        self.bytes.slice(entries[first].start..entries[last].end)
    }

    /// The key of an entry.
    pub(crate) fn key(&self, entry: usize) -> &str {
        let EntrySpan { start, key, .. } = self.entries()[entry];
        let (first, bytes) = (key.start as usize, key.bytes as usize);
        if key.is_aside {
            &self.index.keys[first..first + bytes]
        } else {
            let key = &self.bytes[start + first..start + first + bytes];
            // It was a `str` when it was encoded, and is not changed by that.
            std::str::from_utf8(key).unwrap_or_default()
        }
    }

    /// The metadata of an entry, if it is kept aside.
    pub(crate) fn metadata(&self, entry: usize) -> Option<&str> {
        let MetadataSpan { start, bytes } = self.entries()[entry].metadata;
        let (start, bytes) = (start as usize, bytes as usize);
        (bytes > 0).then(|| &self.index.metadata[start..start + bytes])
    }
}
