//! A batch, as often and in as many parts as it takes.
//!
//! In: a batch. Out: which of its pairs are stored, and why the others are not.
//! Never: a pair forgotten. What leaves the queue is stored, lost with a reason, or back in it.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::adaptive_limits::AdaptiveLimits;
use super::circuit_breaker::CircuitBreaker;
use super::delivered::Delivered;
use super::error::SendError;
use super::outcome::{Outcome, Verdict};
use super::pending_batch::PendingBatch;
use super::rate_limiter::RateLimiter;
use super::retry::{MAX_RETRY_AFTER, RetryPolicy};
use crate::pack::Batch;

/// Something that asks once for a batch to be stored.
pub(super) trait Transport: Send + Sync {
    /// Asks, and judges the answer.
    fn put(&self, batch: &Batch) -> impl Future<Output = Verdict> + Send;
}

/// Sends the batches of a run; they share what it learns about the other side.
#[derive(Debug)]
pub(super) struct BatchSender<T> {
    pub(super) transport: T,
    pub(super) policy: RetryPolicy,
    pub(super) rate_limiter: RateLimiter,
    pub(super) limits: AdaptiveLimits,
    pub(super) circuit_breaker: CircuitBreaker,
    /// Requests in flight are to be dropped.
    pub(super) aborted: CancellationToken,
    pub(super) random: Mutex<fastrand::Rng>,
}

impl<T: Transport> BatchSender<T> {
    /// Sends a batch until every pair of it is stored or lost.
    pub(super) async fn deliver(&self, batch: Batch) -> Delivered {
        let mut done = Delivered::default();
        let mut queue = VecDeque::from([PendingBatch::new(batch)]);
        while let Some(mut pending) = queue.pop_front() {
            if let Some(reason) = self.circuit_breaker.reason() {
                done.lose(&pending, &reason.may_be_stored(false));
                continue;
            }
            let limits = self.limits.limits();
            if !pending.batch.fits(limits) {
                let batches = pending.batch.cut(limits);
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
            done.retries += usize::from(pending.was_sent);
            pending.was_sent = true;
            let started = Instant::now();
            let verdict = tokio::select! {
                biased;
                () = self.aborted.cancelled() => {
                    pending.may_be_stored = true;
                    queue.push_front(pending);
                    continue;
                }
                verdict = self.transport.put(&pending.batch) => verdict,
            };
            if let Some(pause) = verdict.pause {
                self.rate_limiter.pause(pause.min(MAX_RETRY_AFTER));
            }
            let took = started.elapsed();
            let left = self.settle(pending, verdict.outcome, took, &mut done).await;
            put_first(&mut queue, left.into_iter());
        }
        done
    }

    /// Does what an outcome calls for. Returns what is to be sent again.
    async fn settle(
        &self,
        mut pending: PendingBatch,
        outcome: Outcome,
        took: Duration,
        done: &mut Delivered,
    ) -> Vec<PendingBatch> {
        match outcome {
            Outcome::Stored(reported) => {
                done.store(&pending.batch);
                done.requests += 1;
                self.circuit_breaker.stored();
                let pairs = pending.batch.pairs();
                if let Some(reported) = reported.filter(|&reported| reported != pairs as u64) {
                    done.warnings.push(format!(
                        "Cloudflare counts {reported} stored entries in a request with {pairs}"
                    ));
                }
                Vec::new()
            }
            Outcome::PartlyStored(keys, failure) => {
                let (again, stored) = pending.batch.partition(&keys);
                if again.is_empty() {
                    // Keys that were never sent say nothing about those that were: send all again.
                    pending.may_be_stored = true;
                } else if !stored.is_empty() {
                    done.store(&stored);
                    done.requests += 1;
                    self.circuit_breaker.stored();
                    pending.batch = again;
                }
                self.retry(pending, failure, took, None, done).await
            }
            Outcome::QuotaExhausted(failure) | Outcome::Fatal(failure) => {
                self.circuit_breaker.end(&failure);
                done.lose(&pending, &failure);
                Vec::new()
            }
            Outcome::Rejected(failure) | Outcome::TooLarge(failure)
                if pending.batch.pairs() == 1 =>
            {
                self.circuit_breaker.refused_one(&failure);
                done.lose(&pending, &failure);
                Vec::new()
            }
            Outcome::Rejected(_) => {
                let halves = pending.batch.halves();
                pending.split(halves).collect()
            }
            Outcome::TooLarge(_) => {
                self.limits.too_large(&pending.batch);
                vec![pending]
            }
            Outcome::TooSlow(failure) => {
                self.limits.too_slow(&pending.batch);
                self.retry(pending, failure, took, None, done).await
            }
            Outcome::ConnectionLost(failure) => {
                pending.cut_offs += 1;
                if pending.cut_offs > 1 {
                    // Some gateways hang up on a body that is too large for them.
                    self.limits.too_slow(&pending.batch);
                }
                self.retry(pending, failure, took, None, done).await
            }
            Outcome::Throttled(failure, wait) => self.throttle(pending, failure, wait, done),
            Outcome::Transient(failure, wait) => {
                self.retry(pending, failure, took, wait, done).await
            }
            Outcome::UnexpectedReply(failure) => {
                self.retry(pending, failure, took, None, done).await
            }
        }
    }

    /// Waits, if there may be another attempt.
    async fn retry(
        &self,
        mut pending: PendingBatch,
        failure: SendError,
        took: Duration,
        retry_after: Option<Duration>,
        done: &mut Delivered,
    ) -> Vec<PendingBatch> {
        pending.failures += 1;
        pending.spent += took;
        pending.may_be_stored |= failure.may_be_stored;
        pending.retry_after += retry_after.unwrap_or_default();
        let wait = self
            .policy
            .wait(pending.failures, pending.spent, self.seed());
        let Some(wait) = wait.filter(|_| pending.retry_after <= MAX_RETRY_AFTER) else {
            self.circuit_breaker.lost(&failure);
            done.lose(&pending, &failure);
            return Vec::new();
        };
        pending.spent += wait;
        tokio::select! {
            () = self.circuit_breaker.ended() => {}
            () = sleep(wait.max(retry_after.unwrap_or_default())) => {}
        }
        vec![pending]
    }

    /// Makes everybody wait, unless this has gone on for too long.
    fn throttle(
        &self,
        mut pending: PendingBatch,
        failure: SendError,
        reported: Option<Duration>,
        done: &mut Delivered,
    ) -> Vec<PendingBatch> {
        pending.failures += 1;
        let wait = match reported {
            Some(reported) => reported.max(self.policy.initial_delay),
            None => self.policy.throttled_wait(pending.failures, self.seed()),
        };
        pending.retry_after += wait;
        if pending.failures >= self.policy.attempts || pending.retry_after > MAX_RETRY_AFTER {
            self.circuit_breaker.end(&failure);
            done.lose(&pending, &failure);
            return Vec::new();
        }
        self.rate_limiter.pause(wait);
        vec![pending]
    }

    fn seed(&self) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.u64(..)
    }
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
