//! Delivers one batch, retrying and splitting as needed.
//!
//! Invariant: no entry is forgotten. What leaves the queue is stored, failed with a reason, or back
//! in it.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

use super::BatchSender;
use super::ledger::{Delivered, Ledger, PendingBatch};
use super::retry::MAX_RETRY_AFTER;
use crate::pack::Batch;
use crate::store::{RequestError, RequestErrorKind, Store, StoreError, Stored};

/// What is to be sent again, and when.
enum Next {
    /// Before the rest of the batch.
    First(Vec<PendingBatch>),
    /// After it.
    Last(PendingBatch),
}

impl Next {
    const NOTHING: Self = Self::First(Vec::new());

    fn again(pending: PendingBatch) -> Self {
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
                    // Keys that were never sent say nothing about those that were: send all again.
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

    /// Does what a failure calls for. Returns what is to be sent again.
    async fn settle_failure(
        &self,
        mut pending: PendingBatch,
        failure: RequestError,
        took: Duration,
        done: &mut Ledger,
    ) -> Next {
        use RequestErrorKind as Kind;
        debug!(
            kind = ?failure.kind,
            code = failure.error.code(),
            request_id = failure.error.request_id.as_deref(),
            took_ms = milliseconds(took),
            "request failed: {}",
            failure.error.message
        );
        match failure.kind {
            Kind::QuotaExhausted | Kind::Fatal => {
                self.circuit_breaker.end(&failure.error);
                done.fail(&pending, &failure.error);
                Next::NOTHING
            }
            Kind::Rejected | Kind::TooLarge if pending.batch.pairs() == 1 => {
                self.circuit_breaker.rejected_one(&failure.error);
                done.fail(&pending, &failure.error);
                Next::NOTHING
            }
            Kind::Rejected => {
                let halves = pending.batch.halves();
                debug!(pairs = pending.batch.pairs(), parts = halves.len(), "split");
                Next::First(pending.split(halves).collect())
            }
            Kind::TooLarge => {
                self.limits.too_large(&pending.batch);
                Next::again(pending)
            }
            Kind::TooSlow => {
                if self.limits.too_slow(&pending.batch) {
                    self.circuit_breaker.timed_out(&failure.error);
                }
                if pending.batch.pairs() > 1 {
                    return self.send_smaller(pending, &failure.error).await;
                }
                // Others first: if they succeed, the problem is one entry.
                match self.retry(pending, failure, took, done).await {
                    Next::First(mut parts) => parts.pop().map_or(Next::NOTHING, Next::Last),
                    last @ Next::Last(_) => last,
                }
            }
            Kind::ConnectionLost => {
                pending.connections_lost += 1;
                if pending.connections_lost > 1 {
                    // Some gateways hang up on a body that is too large for them.
                    self.limits.too_slow(&pending.batch);
                }
                self.retry(pending, failure, took, done).await
            }
            Kind::Throttled => self.throttle(pending, failure, done),
            Kind::Transient | Kind::UnexpectedReply => {
                self.retry(pending, failure, took, done).await
            }
        }
    }

    /// Resends a batch that was too slow in smaller parts. Since that is a different request, it
    /// only counts towards the circuit breaker's consecutive timeouts.
    async fn send_smaller(&self, mut pending: PendingBatch, error: &StoreError) -> Next {
        pending.may_be_stored |= error.may_be_stored;
        let wait = self.policy.wait(1, Duration::ZERO, self.seed());
        tokio::select! {
            () = self.circuit_breaker.ended() => {}
            () = sleep(wait.unwrap_or_default()) => {}
        }
        Next::again(pending)
    }

    /// Waits, if there may be another attempt.
    async fn retry(
        &self,
        mut pending: PendingBatch,
        failure: RequestError,
        took: Duration,
        done: &mut Ledger,
    ) -> Next {
        let RequestError {
            error, retry_after, ..
        } = failure;
        pending.failures += 1;
        pending.spent += took;
        pending.may_be_stored |= error.may_be_stored;
        pending.retry_after += retry_after.unwrap_or_default();
        let wait = self
            .policy
            .wait(pending.failures, pending.spent, self.seed());
        let Some(wait) = wait.filter(|_| pending.retry_after <= MAX_RETRY_AFTER) else {
            warn!(
                code = error.code(),
                pairs = pending.batch.pairs(),
                attempts = pending.failures,
                "failed after all attempts"
            );
            self.circuit_breaker.gave_up(&error);
            done.fail(&pending, &error);
            return Next::NOTHING;
        };
        pending.spent += wait;
        debug!(
            attempt = pending.failures + 1,
            wait_ms = milliseconds(wait.max(retry_after.unwrap_or_default())),
            "retry"
        );
        tokio::select! {
            () = self.circuit_breaker.ended() => {}
            () = sleep(wait.max(retry_after.unwrap_or_default())) => {}
        }
        Next::again(pending)
    }

    /// Pauses all requests, unless they have already paused for too long.
    fn throttle(
        &self,
        mut pending: PendingBatch,
        failure: RequestError,
        done: &mut Ledger,
    ) -> Next {
        pending.failures += 1;
        let wait = match failure.retry_after {
            Some(asked_for) => asked_for.max(self.policy.initial_delay),
            None => self.policy.throttled_wait(pending.failures, self.seed()),
        };
        pending.retry_after += wait;
        if pending.failures >= self.policy.attempts || pending.retry_after > MAX_RETRY_AFTER {
            self.circuit_breaker.end(&failure.error);
            done.fail(&pending, &failure.error);
            return Next::NOTHING;
        }
        debug!(
            wait_ms = milliseconds(wait),
            "throttled: all requests pause"
        );
        self.rate_limiter.pause(wait);
        Next::again(pending)
    }

    fn seed(&self) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.u64(..)
    }
}

fn milliseconds(duration: Duration) -> u64 {
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
