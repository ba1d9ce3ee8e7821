//! Limits the size of requests by what the run has observed.
//!
//! A request that is too large is never made that large again. One that was too slow may have been so
//! for another reason: its size is tried again after a number of successes, and abandoned when it
//! is too slow a second time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::pack::{Batch, BatchLimits};

/// Successes of the largest size that is allowed, one after another, before twice that is tried.
const SUCCESSES_BEFORE_WIDENING: usize = 16;

/// Limits for all batches of a run.
#[derive(Debug)]
pub(super) struct AdaptiveLimits(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Bodies larger than this were too large.
    max_body_bytes: usize,
    /// The largest size that is known to be quick enough.
    quick: BatchLimits,
    /// Sizes beyond this were too slow twice.
    ceiling: BatchLimits,
    /// Whether `quick` was widened since it was narrowed.
    is_widened: bool,
    /// Timeouts since the last success.
    timeouts: usize,
    /// Successes of the largest size since `quick` changed.
    successes: usize,
}

const UNLIMITED: BatchLimits = BatchLimits {
    max_pairs: usize::MAX,
    max_body_bytes: usize::MAX,
};

impl AdaptiveLimits {
    /// No limits beyond those that the batches were made with.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            max_body_bytes: usize::MAX,
            quick: UNLIMITED,
            ceiling: UNLIMITED,
            is_widened: false,
            timeouts: 0,
            successes: 0,
        }))
    }

    pub(super) fn limits(&self) -> BatchLimits {
        self.lock().limits()
    }

    /// A batch has too many bytes.
    pub(super) fn too_large(&self, batch: &Batch) {
        let mut state = self.lock();
        let less = part(batch.body_bytes(), 2);
        state.max_body_bytes = state.max_body_bytes.min(less);
    }

    /// A batch took too long; whether because of its entries or its bytes is not known. Returns `false`
    /// if smaller requests are already being sent.
    pub(super) fn too_slow(&self, batch: &Batch) -> bool {
        let mut state = self.lock();
        if !batch.fits(state.limits()) {
            return false;
        }
        state.timeouts += 1;
        state.successes = 0;
        // The second in a row: much smaller requests are needed.
        let divisor = if state.timeouts == 1 { 2 } else { 4 };
        if state.is_widened {
            state.is_widened = false;
            state.ceiling = fraction(batch, 2).at_most(state.ceiling);
        }
        state.quick = fraction(batch, divisor).at_most(state.quick);
        true
    }

    /// A batch was stored.
    pub(super) fn stored(&self, batch: &Batch) {
        let mut state = self.lock();
        state.timeouts = 0;
        let State { quick, ceiling, .. } = *state;
        let is_largest =
            batch.pairs() > quick.max_pairs / 2 || batch.body_bytes() > quick.max_body_bytes / 2;
        if quick == ceiling || !is_largest {
            return;
        }
        state.successes += 1;
        if state.successes >= SUCCESSES_BEFORE_WIDENING {
            state.successes = 0;
            state.is_widened = true;
            let twice = BatchLimits {
                max_pairs: quick.max_pairs.saturating_mul(2),
                max_body_bytes: quick.max_body_bytes.saturating_mul(2),
            };
            state.quick = twice.at_most(ceiling);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn limits(&self) -> BatchLimits {
        BatchLimits {
            max_body_bytes: self.quick.max_body_bytes.min(self.max_body_bytes),
            ..self.quick
        }
    }
}

impl BatchLimits {
    fn at_most(self, other: Self) -> Self {
        Self {
            max_pairs: self.max_pairs.min(other.max_pairs),
            max_body_bytes: self.max_body_bytes.min(other.max_body_bytes),
        }
    }
}

fn fraction(batch: &Batch, divisor: usize) -> BatchLimits {
    BatchLimits {
        max_pairs: batch.pairs().div_ceil(divisor),
        max_body_bytes: part(batch.body_bytes(), divisor),
    }
}

/// A fraction, and an eighth of it more: entries differ in size, so that exact halves would leave a third part.
fn part(bytes: usize, divisor: usize) -> usize {
    (bytes * 9 / (8 * divisor)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::batch_of;

    fn batch(pairs: usize) -> Batch {
        let keys: Vec<_> = (0..pairs)
            .map(|number| format!("key-{number:05}"))
            .collect();
        batch_of(&keys)
    }

    fn pairs(limits: &AdaptiveLimits) -> usize {
        limits.limits().max_pairs
    }

    #[test]
    fn timeouts_shrink_requests_to_one_pair() {
        let limits = AdaptiveLimits::new();
        let mut sizes = Vec::new();
        let mut size = 10_000;
        while size > 1 {
            sizes.push(size);
            assert!(limits.too_slow(&batch(size)));
            size = pairs(&limits);
            // As a batch would be cut.
            while !batch(size).fits(limits.limits()) {
                size -= 1;
            }
        }
        assert!(sizes.starts_with(&[10_000, 5_000, 1_250]), "{sizes:?}");
        assert!(sizes.len() <= 7, "{sizes:?}");
        assert!(limits.too_slow(&batch(1)));
        assert_eq!(pairs(&limits), 1);
    }

    #[test]
    fn ignores_a_timeout_of_an_outdated_size() {
        let limits = AdaptiveLimits::new();
        assert!(limits.too_slow(&batch(100)));
        assert!(!limits.too_slow(&batch(100)));
        assert_eq!(pairs(&limits), 50);
    }

    #[test]
    fn successes_grow_requests_up_to_a_size_that_was_too_slow_twice() {
        let limits = AdaptiveLimits::new();
        limits.too_slow(&batch(800));
        limits.too_slow(&batch(400));
        assert_eq!(pairs(&limits), 100);
        let succeed = |size, times| (0..times).for_each(|_| limits.stored(&batch(size)));
        succeed(100, SUCCESSES_BEFORE_WIDENING - 1);
        assert_eq!(pairs(&limits), 100);
        // Small ones do not count.
        succeed(10, 100);
        assert_eq!(pairs(&limits), 100);
        succeed(100, 1);
        succeed(200, SUCCESSES_BEFORE_WIDENING);
        assert_eq!(pairs(&limits), 400);
        limits.too_slow(&batch(400));
        assert_eq!(pairs(&limits), 200);
        succeed(200, 100);
        assert_eq!(pairs(&limits), 200);
        // Nothing is known of this size from before.
        limits.too_slow(&batch(200));
        succeed(100, SUCCESSES_BEFORE_WIDENING);
        assert_eq!(pairs(&limits), 200);
    }

    #[test]
    fn never_exceeds_a_size_that_was_too_large() {
        let limits = AdaptiveLimits::new();
        let large = batch(100);
        limits.too_large(&large);
        let narrowed = limits.limits().max_body_bytes;
        assert!(narrowed < large.body_bytes() && narrowed > large.body_bytes() / 2);
        (0..100).for_each(|_| limits.stored(&batch(50)));
        assert_eq!(limits.limits().max_body_bytes, narrowed);
        assert!(limits.limits().max_pairs > 100);
    }
}
