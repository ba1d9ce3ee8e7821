//! Builds a segment, entry by entry.

use std::collections::TryReserveError;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::super::buffer_pool::{BufferPool, PooledBuffer};
use super::super::digest::EntryDigest;
use super::super::memory::Reservation;
use super::{EntrySpan, Index, KeySpan, MetadataSpan, Segment};
use crate::plan::Priority;
use crate::store::Frame;

/// What a segment records about an entry besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(in crate::pack) struct NewEntry<'a> {
    pub(in crate::pack) key: &'a str,
    /// Where in the encoded entry the key is, if it is not escaped.
    pub(in crate::pack) key_offset: Option<usize>,
    pub(in crate::pack) ttl_seconds: Option<u64>,
    pub(in crate::pack) is_first: bool,
    pub(in crate::pack) digest: Option<EntryDigest>,
    /// Its metadata, if that is kept aside.
    pub(in crate::pack) metadata: Option<&'a str>,
    pub(in crate::pack) priority: Priority,
}

/// A segment under construction.
#[derive(Debug)]
pub(in crate::pack) struct SegmentBuilder {
    frame: Frame,
    buffer: PooledBuffer,
    index: Index,
    /// The length of the artifacts that were read and not encoded.
    unencoded_bytes: usize,
}

impl SegmentBuilder {
    pub(in crate::pack) fn new(frame: Frame, pool: &BufferPool) -> Self {
        Self {
            frame,
            buffer: pool.take(),
            index: Index {
                entries: Vec::new(),
                keys: String::new(),
                metadata: String::new(),
            },
            unencoded_bytes: 0,
        }
    }

    /// How much was packed, in bytes: what is encoded, and the artifacts that did not have to be.
    pub(in crate::pack) fn work_bytes(&self) -> usize {
        self.buffer.len() + self.unencoded_bytes
    }

    /// How many entries it has.
    pub(in crate::pack) fn entries(&self) -> usize {
        self.index.entries.len()
    }

    /// Makes room for a large entry, for which memory was reserved.
    pub(in crate::pack) fn make_room(
        &mut self,
        bytes: usize,
        reserved: Reservation,
    ) -> Result<(), TryReserveError> {
        self.buffer
            .grow(bytes + self.frame.separator().len(), reserved)
    }

    /// Appends an entry that `write` encodes.
    pub(in crate::pack) fn push(&mut self, entry: NewEntry<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        let bytes = self.buffer.bytes();
        if !bytes.is_empty() {
            bytes.extend_from_slice(self.frame.separator().as_bytes());
        }
        let start = bytes.len();
        write(bytes);
        let end = bytes.len();
        self.buffer.count();
        self.note(entry, start..end, true);
    }

    /// Appends an entry without its bytes. Its artifact has `artifact_bytes`.
    pub(in crate::pack) fn push_unencoded(&mut self, entry: NewEntry<'_>, artifact_bytes: usize) {
        self.unencoded_bytes += artifact_bytes;
        let end = self.buffer.len();
        let aside = NewEntry {
            key_offset: None,
            metadata: None,
            ..entry
        };
        self.note(aside, end..end, false);
    }

    fn note(&mut self, entry: NewEntry<'_>, span: Range<usize>, is_encoded: bool) {
        let key = KeySpan {
            start: offset(entry.key_offset.unwrap_or(self.index.keys.len())),
            bytes: offset(entry.key.len()),
            is_aside: entry.key_offset.is_none(),
        };
        if key.is_aside {
            self.index.keys.push_str(entry.key);
        }
        let aside = entry.metadata.unwrap_or_default();
        let metadata = MetadataSpan {
            start: offset(self.index.metadata.len()),
            bytes: offset(aside.len()),
        };
        self.index.metadata.push_str(aside);
        self.index.entries.push(EntrySpan {
            start: span.start,
            end: span.end,
            key,
            ttl_seconds: entry
                .ttl_seconds
                .and_then(|seconds| NonZeroU32::new(u32::try_from(seconds).unwrap_or(u32::MAX))),
            is_first: entry.is_first,
            digest: entry.digest,
            metadata,
            priority: entry.priority,
            is_encoded,
        });
    }

    /// Removes all entries but the first `entries`.
    pub(in crate::pack) fn truncate(&mut self, entries: usize) {
        let removed = self.index.entries.split_off(entries);
        let aside = removed.iter().find(|entry| entry.key.is_aside);
        if let Some(first) = aside {
            self.index.keys.truncate(first.key.start as usize);
        }
        if let Some(first) = removed.first() {
            self.index.metadata.truncate(first.metadata.start as usize);
        }
        let end = self.index.entries.last().map_or(0, |entry| entry.end);
        self.buffer.bytes().truncate(end);
    }

    pub(in crate::pack) fn finish(self) -> Segment {
        Segment {
            frame: self.frame,
            bytes: Bytes::from_owner(self.buffer.fitted()),
            index: Arc::new(self.index),
        }
    }
}

/// An offset or length within a segment, whose keys are far below 4 GiB: stores take keys of a few
/// hundred bytes, and a segment ends after some hundred kilobytes.
#[expect(clippy::cast_possible_truncation, reason = "see above")]
fn offset(bytes: usize) -> u32 {
    debug_assert!(u32::try_from(bytes).is_ok());
    bytes as u32
}

/// A segment of these keys, encoded entries and TTLs, for tests.
#[cfg(any(test, fuzzing))]
pub(in crate::pack) fn segment_of(
    frame: Frame,
    entries: &[(&str, String, Option<u64>)],
) -> Segment {
    let mut builder = SegmentBuilder::new(
        frame,
        &BufferPool::new(64, 0, super::super::memory::MemoryBudget::new(0)),
    );
    for (key, encoded, ttl_seconds) in entries {
        let entry = NewEntry {
            key,
            key_offset: None,
            ttl_seconds: *ttl_seconds,
            is_first: true,
            digest: None,
            metadata: None,
            priority: Priority::default(),
        };
        builder.push(entry, |out| out.extend_from_slice(encoded.as_bytes()));
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::super::super::memory::MemoryBudget;
    use super::*;

    fn push(builder: &mut SegmentBuilder, key: &str, encoded: &str) {
        let entry = NewEntry {
            key,
            key_offset: encoded.find(key),
            ttl_seconds: None,
            is_first: true,
            digest: None,
            metadata: None,
            priority: Priority::default(),
        };
        builder.push(entry, |out| out.extend_from_slice(encoded.as_bytes()));
    }

    #[test]
    fn slices_keep_only_inner_separators() {
        let mut builder = SegmentBuilder::new(
            Frame::BulkJson,
            &BufferPool::new(64, 1, MemoryBudget::new(0)),
        );
        for (key, pair) in [("1", "{1}"), ("22", "{22}"), ("333", "{333}")] {
            push(&mut builder, key, pair);
        }
        builder.truncate(3);
        let segment = builder.finish();
        assert_eq!(segment.slice(0, 2), "{1},{22},{333}");
        assert_eq!(segment.slice(1, 1), "{22}");
        assert_eq!(segment.slice(1, 2), "{22},{333}");
        assert_eq!(
            [0, 1, 2].map(|entry| segment.key(entry)),
            ["1", "22", "333"]
        );
    }

    #[test]
    fn truncating_removes_separator_and_key() {
        let mut builder = SegmentBuilder::new(
            Frame::BulkJson,
            &BufferPool::new(64, 1, MemoryBudget::new(0)),
        );
        for (key, pair) in [("a\"", "{1}"), ("b\"", "{22}"), ("333", "{333}")] {
            push(&mut builder, key, pair);
        }
        builder.truncate(1);
        push(&mut builder, "c\"", "{4}");
        let segment = builder.finish();
        assert_eq!(segment.slice(0, 1), "{1},{4}");
        assert_eq!([0, 1].map(|entry| segment.key(entry)), ["a\"", "c\""]);
    }

    #[test]
    fn raw_values_have_no_separators() {
        let mut builder = SegmentBuilder::new(
            Frame::RawValue,
            &BufferPool::new(64, 1, MemoryBudget::new(0)),
        );
        push(&mut builder, "a", "{1}");
        push(&mut builder, "b", "{22}");
        let segment = builder.finish();
        assert_eq!(segment.slice(0, 1), "{1}{22}");
        assert_eq!(segment.slice(1, 1), "{22}");
        assert_eq!([0, 1].map(|entry| segment.key(entry)), ["a", "b"]);
    }

    #[test]
    fn a_buffer_is_free_once_every_copy_of_its_segment_is_dropped() {
        let pool = BufferPool::new(16, 1, MemoryBudget::new(0));
        let mut builder = SegmentBuilder::new(Frame::BulkJson, &pool);
        push(&mut builder, "a", &" ".repeat(16));
        let segment = builder.finish();
        let copy = segment.clone();
        drop(segment);
        assert_eq!(pool.free(), 0);
        drop(copy);
        assert_eq!(pool.free(), 1);
    }

    #[test]
    fn counts_memory_until_the_last_slice_is_dropped() {
        let memory = MemoryBudget::new(1000);
        let pool = BufferPool::new(16, 1, Arc::clone(&memory));
        let mut builder = SegmentBuilder::new(Frame::BulkJson, &pool);
        assert_eq!(memory.used(), 16);
        let reserved = pool.reserve(0, 300).unwrap();
        builder.make_room(300, reserved).unwrap();
        push(&mut builder, "a", &" ".repeat(300));
        let counted = memory.used();
        assert!((300..=400).contains(&counted), "{counted}");
        let slice = builder.finish().slice(0, 0);
        assert_eq!(memory.used(), counted);
        drop(slice);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_nearly_empty_segment_does_not_keep_its_buffer() {
        let memory = MemoryBudget::new(0);
        let pool = BufferPool::new(1000, 1, Arc::clone(&memory));
        let mut builder = SegmentBuilder::new(Frame::BulkJson, &pool);
        push(&mut builder, "a", &" ".repeat(100));
        let segment = builder.finish();
        assert_eq!((pool.free(), memory.used()), (1, 1100));
        assert_eq!(segment.slice(0, 0), " ".repeat(100));
        drop(segment);
        assert_eq!((pool.free(), memory.used()), (1, 1000));
    }
}
