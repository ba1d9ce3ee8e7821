//! The memory of segments, which is used again when a segment has been sent.

use std::collections::TryReserveError;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::large_buffer;
use super::memory::{MemoryBudget, Reservation};

/// A buffer is exchanged for one of the right size if it is filled to less than this part, as a divisor: a
/// batch of entries that have changed may have a few of each segment, and would hold all of its memory.
const MIN_FILL: usize = 4;

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

    /// An empty buffer.
    pub(super) fn take(&self) -> PooledBuffer {
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

    /// How many buffers wait to be used again.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.lock().len()
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
pub(super) struct PooledBuffer {
    /// There until it is dropped.
    buffer: Option<Buffer>,
    pool: BufferPool,
}

impl PooledBuffer {
    pub(super) fn len(&self) -> usize {
        self.as_ref().len()
    }

    /// Its bytes, to append to.
    pub(super) fn bytes(&mut self) -> &mut Vec<u8> {
        let buffer = self.buffer.get_or_insert_with(|| Buffer {
            bytes: Vec::new(),
            memory: self.pool.memory.add(0),
        });
        &mut buffer.bytes
    }

    /// Counts its growth.
    pub(super) fn count(&mut self) {
        if let Some(Buffer { bytes, memory }) = &mut self.buffer
            && large_buffer::used_bytes(bytes) != memory.bytes()
        {
            memory.set(large_buffer::used_bytes(bytes));
        }
    }

    /// The same bytes in a buffer of their size, if this one is nearly empty.
    pub(super) fn fitted(self) -> Self {
        if self.len() >= self.pool.buffer_bytes / MIN_FILL {
            return self;
        }
        let bytes = self.as_ref().to_vec();
        let memory = self.pool.memory.add(bytes.capacity());
        Self {
            buffer: Some(Buffer { bytes, memory }),
            pool: self.pool.clone(),
        }
    }

    /// Makes room for more bytes; `reserved` counts those that need memory.
    pub(super) fn grow(
        &mut self,
        bytes: usize,
        reserved: Reservation,
    ) -> Result<(), TryReserveError> {
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
        // One that grew for an unusually large page would keep that memory forever, and a smaller one would
        // have to grow.
        let usual = self.pool.buffer_bytes..=2 * self.pool.buffer_bytes;
        if !usual.contains(&buffer.bytes.capacity()) || self.pool.memory.is_short() {
            return;
        }
        let mut free = self.pool.lock();
        if free.len() < self.pool.max_free {
            buffer.bytes.clear();
            free.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reuses_buffers_unless_they_have_grown() {
        let pool = BufferPool::new(16, 1, MemoryBudget::new(0));
        drop(pool.take());
        assert_eq!(pool.free(), 1);
        let mut buffer = pool.take();
        assert_eq!(pool.free(), 0);
        buffer.bytes().extend_from_slice(&[b' '; 100]);
        buffer.count();
        assert!(pool.memory.used() >= 100);
        drop(buffer);
        assert_eq!(pool.free(), 0);
        assert_eq!(pool.memory.used(), 0);
    }

    #[test]
    fn drops_free_buffers_before_waiting() {
        let memory = MemoryBudget::new(100);
        let pool = BufferPool::new(60, 1, Arc::clone(&memory));
        drop(pool.take());
        assert_eq!(memory.used(), 60);
        let reserved = pool.reserve(0, 100).unwrap();
        assert_eq!((reserved.bytes(), memory.used()), (100, 100));
    }
}
