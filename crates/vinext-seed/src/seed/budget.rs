//! Divides the memory budget: how far packing goes ahead, how large batches are, how many are in flight.
//!
//! If the limit is below the minimum, it is exceeded; the same if the caller's own batch size or
//! concurrency does not fit.
//!
//! At its peak a run holds the segments that are being packed or wait for their turn, the batch that is
//! being filled, one that is full, and those in flight. A batch keeps the whole segment in which it ends,
//! so each batch costs one more segment. Memory that the store itself may take is set aside. A single entry
//! larger than a segment or a batch comes on top.

use super::limits::{DEFAULT_MAX_MEMORY_BYTES, Limits};
use crate::pack::{BatchLimits, Batcher, PackLimits};
use crate::store::{ConfigError, Frame, Store, StoreLimits, StoreRules};

/// The fixed cost of a run, in bytes: code, certificates, threads, connections. A run of one page peaks
/// at 12 MB above idle Node; twice that leaves room for the allocator's overhead.
const FIXED_BYTES: usize = 24 * MEBIBYTE;

/// The most threads that pack. Reading from the page cache, four of them keep a loopback connection
/// busy; a network needs less than one.
const MAX_PACK_THREADS: usize = 4;

/// How many segments each thread may be ahead: the one it packs, and one that waits for its turn.
const SEGMENTS_PER_THREAD: usize = 2;

/// The target size of a segment, in bytes. Between 256 KiB and 1 MiB there is no measurable difference.
const SEGMENT_BYTES: usize = 512 * KIBIBYTE;

/// The smallest segment, in bytes. Sending a smaller one to another thread costs more than filling it.
const MIN_SEGMENT_BYTES: usize = 64 * KIBIBYTE;

/// The headroom of a segment: it ends after the route that exceeds its target size, so it takes up to a
/// quarter more.
const SEGMENT_ROOM: (usize, usize) = (5, 4);

/// The smallest default request body, in bytes. If memory does not suffice for it, fewer requests are in
/// flight.
const MIN_CHOSEN_BODY_BYTES: usize = MEBIBYTE;

/// The size of a value that is accepted with any budget, in bytes: the limit of Workers KV. Other stores
/// take gigabytes; their larger values must fit into the memory budget.
const LEAST_MAX_VALUE_BYTES: usize = 25 * MEBIBYTE;

/// The share of the memory that one value may have, as a divisor. Its artifact, its encoded entry and the
/// store's own copy exist at the same time.
const VALUE_SHARE: usize = 4;

/// The default number of requests in flight. More connections are faster on networks that limit each
/// connection; more than eight bodies do not fit into the default budget.
const CONCURRENCY: usize = 8;

const KIBIBYTE: usize = 1024;
const MEBIBYTE: usize = 1024 * KIBIBYTE;

impl Limits {
    /// The same limits, with memory set aside for compressed copies of the bodies.
    pub(super) fn beside_compressed(self, min_shrinking: usize) -> Self {
        let max_memory_bytes = self.max_memory_bytes.unwrap_or(DEFAULT_MAX_MEMORY_BYTES);
        let free_bytes = max_memory_bytes.saturating_sub(FIXED_BYTES);
        let copied_bytes = free_bytes / (min_shrinking + 1);
        Self {
            max_memory_bytes: Some(max_memory_bytes - copied_bytes),
            ..self
        }
    }
}

/// Limits derived from the memory budget.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Budget {
    pub(super) pack: PackLimits,
    pub(super) batch: BatchLimits,
    pub(super) concurrency: usize,
    pub(super) frame: Frame,
    pub(super) store: StoreLimits,
    pub(super) rules: StoreRules,
    pub(super) max_memory_bytes: usize,
}

impl Budget {
    /// Divides the memory that the limits allow, for the processors of this machine.
    ///
    /// # Errors
    /// If a limit is beyond what is possible.
    pub(super) fn of<S: Store>(limits: Limits) -> Result<Self, ConfigError> {
        limits.check(&S::LIMITS)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self::spend::<S>(limits, processors))
    }

    fn spend<S: Store>(limits: Limits, processors: usize) -> Self {
        let max_memory_bytes = limits.max_memory_bytes.unwrap_or(DEFAULT_MAX_MEMORY_BYTES);
        let threads = processors.clamp(1, MAX_PACK_THREADS);
        let free_bytes = max_memory_bytes.saturating_sub(FIXED_BYTES + S::MAX_HELD_BYTES);
        // At most a quarter goes to packing ahead; the rest to what is sent.
        let segment_bytes = (free_bytes / 4 / with_headroom(segments_held(threads)))
            .clamp(MIN_SEGMENT_BYTES, SEGMENT_BYTES);
        let held_bytes = with_headroom(segments_held(threads) * segment_bytes);
        let sent_bytes = free_bytes.saturating_sub(held_bytes);
        let body_bytes = |concurrency: usize| {
            let each = sent_bytes / batches_held(concurrency);
            each.saturating_sub(with_headroom(segment_bytes))
        };
        let concurrency = limits.concurrency.unwrap_or_else(|| {
            let wanted = limits.max_batch_bytes.unwrap_or(MIN_CHOSEN_BODY_BYTES);
            let fitting = (1..=CONCURRENCY)
                .rev()
                .find(|&count| body_bytes(count) >= wanted);
            fitting.unwrap_or(1)
        });
        let max_body_bytes = limits.max_batch_bytes.unwrap_or_else(|| {
            body_bytes(concurrency).clamp(MIN_CHOSEN_BODY_BYTES, S::MAX_CHOSEN_BODY_BYTES)
        });
        let each = max_body_bytes.saturating_add(with_headroom(segment_bytes));
        // With less, not even one body could be in flight.
        let least_held = held_bytes.saturating_add(batches_held(concurrency).saturating_mul(each));
        let max_value_bytes = (free_bytes / VALUE_SHARE).max(LEAST_MAX_VALUE_BYTES);
        let in_bodies = max_body_bytes.div_ceil(segment_bytes) * batches_held(concurrency);
        Self {
            pack: PackLimits {
                threads,
                max_segments_ahead: segments_held(threads),
                segment_bytes,
                buffer_bytes: with_headroom(segment_bytes),
                // As many as can be in use at a time.
                max_free_buffers: segments_held(threads) + in_bodies,
                max_bytes: free_bytes.max(least_held),
            },
            batch: BatchLimits {
                max_pairs: limits
                    .max_batch_pairs
                    .unwrap_or(S::LIMITS.max_batch_entries),
                max_body_bytes,
            },
            concurrency,
            frame: S::FRAME,
            store: StoreLimits {
                max_value_bytes: S::LIMITS.max_value_bytes.min(max_value_bytes),
                ..S::LIMITS
            },
            rules: S::RULES,
            max_memory_bytes,
        }
    }

    /// Splits a site into batches for all connections.
    pub(super) fn batcher(&self, routes: usize) -> Batcher {
        Batcher::for_connections(self.batch, self.concurrency, routes)
    }
}

/// The number of segments that are being packed or wait for their turn.
fn segments_held(threads: usize) -> usize {
    SEGMENTS_PER_THREAD * threads
}

/// The number of batches in flight, plus the full one and the one that is being filled.
fn batches_held(concurrency: usize) -> usize {
    concurrency + 2
}

fn with_headroom(bytes: usize) -> usize {
    bytes * SEGMENT_ROOM.0 / SEGMENT_ROOM.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cloudflare_kv::{CloudflareKv, LIMITS};
    use crate::store::directory::DirectoryStore;
    use crate::store::redis::RedisStore;
    use crate::store::s3::S3Store;
    use proptest::prelude::*;

    fn memory(max_memory_bytes: usize) -> Limits {
        Limits {
            max_memory_bytes: Some(max_memory_bytes),
            ..Limits::default()
        }
    }

    /// The most that a run with these limits holds, in bytes.
    fn held(budget: &Budget) -> usize {
        let segment_bytes = with_headroom(budget.pack.segment_bytes);
        let packing = budget.pack.max_segments_ahead * segment_bytes;
        let each = budget.batch.max_body_bytes + segment_bytes;
        FIXED_BYTES + packing + batches_held(budget.concurrency) * each
    }

    #[test]
    fn sends_eight_bodies_of_eight_mebibytes_by_default() {
        let budget = Budget::spend::<CloudflareKv>(Limits::default(), 4);
        assert_eq!(budget.concurrency, 8);
        assert_eq!(budget.batch.max_body_bytes, 8 * MEBIBYTE);
        assert_eq!(budget.batch.max_pairs, LIMITS.max_batch_entries);
        assert_eq!(
            (budget.pack.threads, budget.pack.segment_bytes),
            (4, SEGMENT_BYTES)
        );
        assert!(held(&budget) <= DEFAULT_MAX_MEMORY_BYTES);
    }

    #[test]
    fn a_store_may_prefer_smaller_bodies() {
        let budget = Budget::spend::<RedisStore>(Limits::default(), 4);
        assert_eq!(
            (budget.concurrency, budget.batch.max_body_bytes),
            (8, MEBIBYTE)
        );
    }

    #[test]
    fn reduces_body_size_before_concurrency() {
        let of = |mebibytes| Budget::spend::<CloudflareKv>(memory(mebibytes * MEBIBYTE), 2);
        let (small, smaller, least) = (of(64), of(32), of(1));
        assert_eq!(small.concurrency, CONCURRENCY);
        assert!(small.batch.max_body_bytes < CloudflareKv::MAX_CHOSEN_BODY_BYTES);
        assert!(smaller.concurrency < CONCURRENCY);
        assert_eq!(
            (least.concurrency, least.batch.max_body_bytes),
            (1, MIN_CHOSEN_BODY_BYTES)
        );
    }

    #[test]
    fn keeps_explicit_limits_and_shrinks_the_others() {
        let budget = |limits| Budget::spend::<CloudflareKv>(limits, 4);
        let large = budget(Limits {
            max_batch_bytes: Some(32 * MEBIBYTE),
            ..Limits::default()
        });
        assert_eq!(
            (large.batch.max_body_bytes, large.concurrency),
            (32 * MEBIBYTE, 1)
        );
        let many = budget(Limits {
            concurrency: Some(20),
            max_batch_pairs: Some(7),
            ..Limits::default()
        });
        assert_eq!((many.concurrency, many.batch.max_pairs), (20, 7));
        assert!(many.batch.max_body_bytes < CloudflareKv::MAX_CHOSEN_BODY_BYTES);
        assert!(held(&many) <= DEFAULT_MAX_MEMORY_BYTES);
        let both = budget(Limits {
            concurrency: Some(64),
            max_batch_bytes: Some(LIMITS.max_body_bytes),
            ..Limits::default()
        });
        assert_eq!(both.concurrency, 64);
        assert_eq!(both.batch.max_body_bytes, LIMITS.max_body_bytes);
    }

    #[test]
    fn sets_aside_what_the_store_takes_itself() {
        for mebibytes in [64, 122, 512] {
            let limits = memory(mebibytes * MEBIBYTE);
            let (kv, s3) = (
                Budget::spend::<CloudflareKv>(limits, 2),
                Budget::spend::<S3Store>(limits, 2),
            );
            assert!(held(&s3) + S3Store::MAX_HELD_BYTES <= mebibytes * MEBIBYTE);
            assert_eq!(
                kv.pack.max_bytes - s3.pack.max_bytes,
                S3Store::MAX_HELD_BYTES
            );
        }
    }

    #[test]
    fn limits_values_to_a_share_of_the_memory() {
        let of = |mebibytes| Budget::spend::<DirectoryStore>(memory(mebibytes * MEBIBYTE), 2);
        assert_eq!(of(1).store.max_value_bytes, 25 * MEBIBYTE);
        assert_eq!(of(424).store.max_value_bytes, 100 * MEBIBYTE);
        let kv = Budget::spend::<CloudflareKv>(memory(424 * MEBIBYTE), 2);
        assert_eq!(kv.store, LIMITS);
    }

    proptest! {
        #[test]
        fn keeps_a_sufficient_budget(
            max_memory_bytes in 40 * MEBIBYTE..2048 * MEBIBYTE,
            processors in 0..200_usize,
        ) {
            let budget = Budget::spend::<CloudflareKv>(memory(max_memory_bytes), processors);
            prop_assert!(held(&budget) <= max_memory_bytes);
            prop_assert!((1..=CONCURRENCY).contains(&budget.concurrency));
            prop_assert!((1..=MAX_PACK_THREADS).contains(&budget.pack.threads));
        }
    }
}
