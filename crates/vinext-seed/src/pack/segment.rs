//! Encoded pairs, side by side as they stand in a request body.
//!
//! In: the bytes of pairs, one after another. Out: an immutable piece of a body that batches can
//! share, cut at any pair, without copying.
//! Never: more than the buffer pool allows; a dropped segment gives its buffer back.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Where a pair lies in its segment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct PairSpan {
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Whether this is its route's main entry: with it stored, the route counts as seeded.
    pub(crate) is_main: bool,
}

/// Pairs of consecutive routes, separated by commas.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    bytes: Bytes,
    pairs: Arc<[PairSpan]>,
}

impl Segment {
    pub(crate) fn pairs(&self) -> &[PairSpan] {
        &self.pairs
    }

    /// The length of all pairs, commas included, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether both are the same segment, not merely equal ones.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.pairs, &other.pairs)
    }

    /// The bytes from the first to the last of a range of pairs, commas between them included.
    pub(crate) fn slice(&self, first: usize, last: usize) -> Bytes {
        self.bytes
            .slice(self.pairs[first].start..self.pairs[last].end)
    }
}

/// A segment under construction.
#[derive(Debug)]
pub(super) struct SegmentBuilder {
    buffer: PooledBuffer,
    pairs: Vec<PairSpan>,
}

impl SegmentBuilder {
    pub(super) fn new(pool: &BufferPool) -> Self {
        Self {
            buffer: pool.take(),
            pairs: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.buffer.bytes.len()
    }

    pub(super) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Appends a pair that `write` encodes.
    pub(super) fn push(&mut self, is_main: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let bytes = &mut self.buffer.bytes;
        if !self.pairs.is_empty() {
            bytes.push(b',');
        }
        let start = bytes.len();
        write(bytes);
        self.pairs.push(PairSpan {
            start,
            end: bytes.len(),
            is_main,
        });
    }

    /// Takes back all pairs but the first `pairs`.
    pub(super) fn truncate(&mut self, pairs: usize) {
        self.pairs.truncate(pairs);
        self.buffer
            .bytes
            .truncate(self.pairs.last().map_or(0, |pair| pair.end));
    }

    pub(super) fn finish(self) -> Segment {
        Segment {
            bytes: Bytes::from_owner(self.buffer),
            pairs: self.pairs.into(),
        }
    }
}

/// Buffers that are used again, so that their pages are not asked of the kernel again.
#[derive(Clone, Debug)]
pub(super) struct BufferPool {
    free: Arc<Mutex<Vec<Vec<u8>>>>,
    buffer_bytes: usize,
    max_free: usize,
}

impl BufferPool {
    /// A pool that keeps up to `max_free` buffers of up to twice `buffer_bytes`.
    pub(super) fn new(buffer_bytes: usize, max_free: usize) -> Self {
        Self {
            free: Arc::default(),
            buffer_bytes,
            max_free,
        }
    }

    fn take(&self) -> PooledBuffer {
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let bytes = free.unwrap_or_else(|| Vec::with_capacity(self.buffer_bytes));
        PooledBuffer {
            bytes,
            pool: self.clone(),
        }
    }
}

/// A buffer that returns to its pool when it is dropped.
#[derive(Debug)]
struct PooledBuffer {
    bytes: Vec<u8>,
    pool: BufferPool,
}

impl AsRef<[u8]> for PooledBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for PooledBuffer {
    fn drop(&mut self) {
        // One that grew for an unusually large page would keep that memory for good.
        if self.bytes.capacity() > 2 * self.pool.buffer_bytes {
            return;
        }
        let mut free = self
            .pool
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.pool.max_free {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            free.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_cut_out_with_the_commas_between_them_only() {
        let mut builder = SegmentBuilder::new(&BufferPool::new(64, 1));
        for pair in ["{1}", "{22}", "{333}"] {
            builder.push(true, |out| out.extend_from_slice(pair.as_bytes()));
        }
        builder.truncate(3);
        let segment = builder.finish();
        assert_eq!(segment.slice(0, 2), "{1},{22},{333}");
        assert_eq!(segment.slice(1, 1), "{22}");
        assert_eq!(segment.slice(1, 2), "{22},{333}");
    }

    #[test]
    fn truncating_takes_the_separator_with_the_pair() {
        let mut builder = SegmentBuilder::new(&BufferPool::new(64, 1));
        for pair in ["{1}", "{22}"] {
            builder.push(true, |out| out.extend_from_slice(pair.as_bytes()));
        }
        builder.truncate(1);
        builder.push(false, |out| out.extend_from_slice(b"{4}"));
        assert_eq!(builder.finish().slice(0, 1), "{1},{4}");
    }

    #[test]
    fn buffers_come_back_unless_they_have_grown() {
        let pool = BufferPool::new(16, 1);
        let mut builder = SegmentBuilder::new(&pool);
        builder.push(true, |out| out.extend_from_slice(b"{}"));
        let segment = builder.finish();
        let copy = segment.clone();
        drop(segment);
        assert!(pool.free.lock().unwrap().is_empty());
        drop(copy);
        assert_eq!(pool.free.lock().unwrap().len(), 1);
        let mut builder = SegmentBuilder::new(&pool);
        builder.push(true, |out| out.resize(100, b' '));
        drop(builder);
        assert!(pool.free.lock().unwrap().is_empty());
    }
}
