//! Delivers one batch, retrying and splitting as needed.
//!
//! Invariant: no entry is forgotten. What leaves the queue is stored, failed with a reason, or back
//! in it.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::BatchSender;
use super::ledger::{Delivered, Ledger, PendingBatch};
use super::retry::MAX_RETRY_AFTER;
use crate::pack::Batch;
use crate::store::{Store, Stored};

/// What is to be sent again, and when.
pub(super) enum Next {
    /// Before the rest of the batch.
    First(Vec<PendingBatch>),
    /// After it.
    Last(PendingBatch),
}

impl Next {
    pub(super) const NOTHING: Self = Self::First(Vec::new());

    pub(super) fn again(pending: PendingBatch) -> Self {
        Self::First(vec![pending])
    }
}

impl<S: Store> BatchSender<S> {
    /// Sends a batch until every entry of it is stored or has failed. Several batches can be sent
    /// at the same time.
    pub async fn deliver(&self, batch: Batch) -> Delivered {
        let mut done = Ledger::default();
        let mut queue = VecDeque::from([PendingBatch::new(batch)]);
        while let Some(mut pending) = queue.pop_front() {
            if let Some(reason) = self.circuit_breaker.reason() {
                done.fail(&pending, &reason.may_be_stored(false));
                continue;
            }
            let limits = self.limits.limits();
            if !pending.batch.fits(limits) {
                let batches = pending.batch.cut(limits);
                debug!(
                    pairs = pending.batch.pairs(),
                    parts = batches.len(),
                    "split"
                );
                put_first(&mut queue, pending.split(batches));
                continue;
            }
            tokio::select! {
                biased;
                () = self.circuit_breaker.ended() => {
                    queue.push_front(pending);
                    continue;
                }
                () = self.rate_limiter.admit() => {}
            }
            if pending.was_sent {
                done.retry();
            }
            pending.was_sent = true;
            debug!(
                pairs = pending.batch.pairs(),
                bytes = pending.batch.body_bytes(),
                "request"
            );
            let started = Instant::now();
            let outcome = tokio::select! {
                biased;
                () = self.aborted.cancelled() => {
                    pending.may_be_stored = true;
                    queue.push_front(pending);
                    continue;
                }
                outcome = self.store.put(&pending.batch) => outcome,
            };
            if let Some(pause) = outcome.pause {
                debug!(pause_ms = milliseconds(pause), "the store asks for a pause");
                self.rate_limiter.pause(pause.min(MAX_RETRY_AFTER));
            }
            let took = started.elapsed();
            let next = match outcome.result {
                Ok(stored) => self.settle_stored(pending, stored, took, &mut done).await,
                Err(failure) => self.settle_failure(pending, failure, took, &mut done).await,
            };
            match next {
                Next::First(parts) => put_first(&mut queue, parts.into_iter()),
                Next::Last(pending) => queue.push_back(pending),
            }
        }
        done.finish()
    }

    /// Accounts for a success. Returns what is to be sent again.
    async fn settle_stored(
        &self,
        mut pending: PendingBatch,
        stored: Stored,
        took: Duration,
        done: &mut Ledger,
    ) -> Next {
        match stored {
            Stored::All => {
                debug!(
                    pairs = pending.batch.pairs(),
                    took_ms = milliseconds(took),
                    "stored"
                );
                done.store(&pending.batch);
                self.limits.stored(&pending.batch);
                self.circuit_breaker.stored();
                Next::NOTHING
            }
            Stored::AllBut(keys, failure) => {
                let (again, stored) = pending.batch.partition(&keys);
                debug!(
                    stored = stored.pairs(),
                    failed = again.pairs(),
                    "partly stored"
                );
                if again.is_empty() {
                    // The reply names keys that were never sent, so it proves nothing: send all again.
                    pending.may_be_stored = true;
                } else {
                    if !stored.is_empty() {
                        done.store(&stored);
                        self.circuit_breaker.stored();
                    }
                    pending.batch = again;
                }
                self.settle_failure(pending, failure, took, done).await
            }
        }
    }
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn put_first(
    queue: &mut VecDeque<PendingBatch>,
    parts: impl DoubleEndedIterator<Item = PendingBatch>,
) {
    for pending in parts.rev() {
        queue.push_front(pending);
    }
}

#[cfg(test)]
mod tests;
