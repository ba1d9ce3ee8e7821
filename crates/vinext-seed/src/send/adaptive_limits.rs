//! How large a request may be, as the run has learnt.

use std::sync::{Mutex, PoisonError};

use crate::pack::{Batch, BatchLimits};

/// A batch is not made smaller than this for being slow: a request that small is slow for another
/// reason.
const MIN_SLOW_PAIRS: usize = 100;

/// The same in bytes.
const MIN_SLOW_BYTES: usize = 256 * 1024;

/// Limits that only ever narrow, for all batches of a run.
#[derive(Debug)]
pub(super) struct AdaptiveLimits(Mutex<BatchLimits>);

impl AdaptiveLimits {
    /// No limits but those that the batches were made with.
    pub(super) fn new() -> Self {
        Self(Mutex::new(BatchLimits {
            max_pairs: usize::MAX,
            max_body_bytes: usize::MAX,
        }))
    }

    pub(super) fn limits(&self) -> BatchLimits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch has too many bytes.
    pub(super) fn too_large(&self, batch: &Batch) {
        self.narrow(usize::MAX, half(batch.body_bytes()).max(1));
    }

    /// A batch takes too long. What takes the time, pairs or bytes, is not known.
    pub(super) fn too_slow(&self, batch: &Batch) {
        self.narrow(
            batch.pairs().div_ceil(2).max(MIN_SLOW_PAIRS),
            half(batch.body_bytes()).max(MIN_SLOW_BYTES),
        );
    }

    fn narrow(&self, max_pairs: usize, max_body_bytes: usize) {
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        limits.max_pairs = limits.max_pairs.min(max_pairs);
        limits.max_body_bytes = limits.max_body_bytes.min(max_body_bytes);
    }
}

/// A half and a little: pairs differ in size, and with exactly a half a third part would be left.
fn half(bytes: usize) -> usize {
    bytes / 16 * 9
}
