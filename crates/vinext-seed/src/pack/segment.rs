//! Encoded entries, side by side as they stand in a request body, that batches share without
//! copying.

use std::collections::TryReserveError;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::digest::EntryDigest;
use super::large_buffer;
use super::memory::{MemoryBudget, Reservation};
use crate::plan::Priority;
use crate::store::Frame;

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

    /// The length of all entries, separators included, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
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

/// What a segment notes down of an entry besides its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewEntry<'a> {
    pub(super) key: &'a str,
    /// Where in the encoded entry the key is, if it is not escaped.
    pub(super) key_offset: Option<usize>,
    pub(super) ttl_seconds: Option<u64>,
    pub(super) is_first: bool,
    pub(super) digest: Option<EntryDigest>,
    /// Its metadata, if that is kept aside.
    pub(super) metadata: Option<&'a str>,
    pub(super) priority: Priority,
}

/// A segment under construction.
#[derive(Debug)]
pub(super) struct SegmentBuilder {
    frame: Frame,
    buffer: PooledBuffer,
    index: Index,
}

impl SegmentBuilder {
    pub(super) fn new(frame: Frame, pool: &BufferPool) -> Self {
        Self {
            frame,
            buffer: pool.take(),
            index: Index {
                entries: Vec::new(),
                keys: String::new(),
                metadata: String::new(),
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.buffer.len()
    }

    /// How many entries it has.
    pub(super) fn entries(&self) -> usize {
        self.index.entries.len()
    }

    /// Makes room for a large entry, for which memory was reserved.
    pub(super) fn make_room(
        &mut self,
        bytes: usize,
        reserved: Reservation,
    ) -> Result<(), TryReserveError> {
        self.buffer
            .grow(bytes + self.frame.separator().len(), reserved)
    }

    /// Appends an entry that `write` encodes.
    pub(super) fn push(&mut self, entry: NewEntry<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        let bytes = self.buffer.bytes();
        if !self.index.entries.is_empty() {
            bytes.extend_from_slice(self.frame.separator().as_bytes());
        }
        let start = bytes.len();
        write(bytes);
        let end = bytes.len();
        self.buffer.count();
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
            start,
            end,
            key,
            ttl_seconds: entry
                .ttl_seconds
                .and_then(|seconds| NonZeroU32::new(u32::try_from(seconds).unwrap_or(u32::MAX))),
            is_first: entry.is_first,
            digest: entry.digest,
            metadata,
            priority: entry.priority,
        });
    }

    /// Removes all entries but the first `entries`.
    pub(super) fn truncate(&mut self, entries: usize) {
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

    pub(super) fn finish(self) -> Segment {
        Segment {
            frame: self.frame,
            bytes: Bytes::from_owner(self.buffer),
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

/// Buffers that are used again, so that their pages are not asked of the kernel again.
#[derive(Clone, Debug)]
pub(super) struct BufferPool {
    free: Arc<Mutex<Vec<Buffer>>>,
    memory: Arc<MemoryBudget>,
    buffer_bytes: usize,
    max_free: usize,
}

impl BufferPool {
    /// A pool that keeps up to `max_free` buffers of up to twice `buffer_bytes`.
    pub(super) fn new(buffer_bytes: usize, max_free: usize, memory: Arc<MemoryBudget>) -> Self {
        Self {
            free: Arc::default(),
            memory,
            buffer_bytes,
            max_free,
        }
    }

    /// Reserves memory for routes from `position` on, releasing free buffers before it waits.
    /// `None` when everything was cancelled.
    pub(super) fn reserve(&self, position: usize, bytes: usize) -> Option<Reservation> {
        self.memory
            .reserve(position, bytes, || self.lock().pop().is_some())
    }

    fn take(&self) -> PooledBuffer {
        let free = self.lock().pop();
        let buffer = free.unwrap_or_else(|| Buffer {
            bytes: Vec::with_capacity(self.buffer_bytes),
            memory: self.memory.add(self.buffer_bytes),
        });
        PooledBuffer {
            buffer: Some(buffer),
            pool: self.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Memory, and its share of the budget.
#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    memory: Reservation,
}

/// A buffer that returns to its pool when it is dropped.
#[derive(Debug)]
struct PooledBuffer {
    /// There until it is dropped.
    buffer: Option<Buffer>,
    pool: BufferPool,
}

impl PooledBuffer {
    fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Its bytes, to append to.
    fn bytes(&mut self) -> &mut Vec<u8> {
        let buffer = self.buffer.get_or_insert_with(|| Buffer {
            bytes: Vec::new(),
            memory: self.pool.memory.add(0),
        });
        &mut buffer.bytes
    }

    /// Counts its growth.
    fn count(&mut self) {
        if let Some(Buffer { bytes, memory }) = &mut self.buffer
            && large_buffer::used_bytes(bytes) != memory.bytes()
        {
            memory.set(large_buffer::used_bytes(bytes));
        }
    }

    /// Makes room for more bytes; `reserved` counts those that need memory.
    fn grow(&mut self, bytes: usize, reserved: Reservation) -> Result<(), TryReserveError> {
        let capacity = self.bytes().capacity();
        large_buffer::make_room(self.bytes(), bytes)?;
        if let Some(Buffer { bytes, memory }) = &mut self.buffer {
            memory.join(reserved);
            if large_buffer::used_bytes(bytes) == capacity {
                // It had room enough.
                memory.set(capacity);
            }
        }
        Ok(())
    }
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_ref().map_or(&[], |buffer| &buffer.bytes)
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        let Some(mut buffer) = self.buffer.take() else {
            return;
        };
        // One that grew for an unusually large page would keep that memory forever.
        if buffer.bytes.capacity() > 2 * self.pool.buffer_bytes || self.pool.memory.is_short() {
            return;
        }
        let mut free = self.pool.lock();
        if free.len() < self.pool.max_free {
            buffer.bytes.clear();
            free.push(buffer);
        }
    }
}

/// A segment of these keys, encoded entries and TTLs, for tests.
#[cfg(any(test, fuzzing))]
pub(super) fn segment_of(frame: Frame, entries: &[(&str, String, Option<u64>)]) -> Segment {
    let mut builder = SegmentBuilder::new(frame, &BufferPool::new(64, 0, MemoryBudget::new(0)));
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
    fn reuses_buffers_unless_they_have_grown() {
        let pool = BufferPool::new(16, 1, MemoryBudget::new(0));
        let mut builder = SegmentBuilder::new(Frame::BulkJson, &pool);
        push(&mut builder, "a", "{}");
        let segment = builder.finish();
        let copy = segment.clone();
        drop(segment);
        assert!(pool.free.lock().unwrap().is_empty());
        drop(copy);
        assert_eq!(pool.free.lock().unwrap().len(), 1);
        let mut builder = SegmentBuilder::new(Frame::BulkJson, &pool);
        push(&mut builder, "a", &" ".repeat(100));
        assert!(pool.memory.used() >= 100);
        drop(builder);
        assert!(pool.free.lock().unwrap().is_empty());
        assert_eq!(pool.memory.used(), 0);
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
    fn drops_free_buffers_before_waiting() {
        let memory = MemoryBudget::new(100);
        let pool = BufferPool::new(60, 1, Arc::clone(&memory));
        drop(SegmentBuilder::new(Frame::BulkJson, &pool));
        assert_eq!(memory.used(), 60);
        let reserved = pool.reserve(0, 100).unwrap();
        assert_eq!((reserved.bytes(), memory.used()), (100, 100));
    }
}
