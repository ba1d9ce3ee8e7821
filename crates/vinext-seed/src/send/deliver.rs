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

use super::breaker::Breaker;
use super::caps::Caps;
use super::delivered::Delivered;
use super::failure::Failure;
use super::outcome::{Outcome, Verdict};
use super::pacing::Pacer;
use super::part::Part;
use super::retry::{MAX_ORDERED_WAIT, RetryPolicy};
use crate::pack::Batch;

/// Something that asks once for a batch to be stored.
pub(super) trait Transport: Send + Sync {
    /// Asks, and judges the answer.
    fn put(&self, batch: &Batch) -> impl Future<Output = Verdict> + Send;
}

/// Sends the batches of a run; they share what it learns about the other side.
#[derive(Debug)]
pub(super) struct Courier<T> {
    pub(super) transport: T,
    pub(super) policy: RetryPolicy,
    pub(super) pacer: Pacer,
    pub(super) caps: Caps,
    pub(super) breaker: Breaker,
    /// Requests in flight are to be dropped.
    pub(super) aborted: CancellationToken,
    pub(super) random: Mutex<fastrand::Rng>,
}

impl<T: Transport> Courier<T> {
    /// Sends a batch until every pair of it is stored or lost.
    pub(super) async fn deliver(&self, batch: Batch) -> Delivered {
        let mut done = Delivered::default();
        let mut queue = VecDeque::from([Part::new(batch)]);
        while let Some(mut part) = queue.pop_front() {
            if let Some(reason) = self.breaker.reason() {
                done.lose(&part, &reason.with_doubt(false));
                continue;
            }
            let limits = self.caps.limits();
            if !part.batch.fits(limits) {
                let batches = part.batch.cut(limits);
                put_first(&mut queue, part.split(batches));
                continue;
            }
            tokio::select! {
                biased;
                () = self.breaker.ended() => {
                    queue.push_front(part);
                    continue;
                }
                () = self.pacer.admit() => {}
            }
            done.retries += usize::from(part.was_sent);
            part.was_sent = true;
            let started = Instant::now();
            let verdict = tokio::select! {
                biased;
                () = self.aborted.cancelled() => {
                    part.may_be_stored = true;
                    queue.push_front(part);
                    continue;
                }
                verdict = self.transport.put(&part.batch) => verdict,
            };
            if let Some(pause) = verdict.pause {
                self.pacer.pause(pause.min(MAX_ORDERED_WAIT));
            }
            let took = started.elapsed();
            let left = self.settle(part, verdict.outcome, took, &mut done).await;
            put_first(&mut queue, left.into_iter());
        }
        done
    }

    /// Does what an outcome calls for. Returns what is to be sent again.
    async fn settle(
        &self,
        mut part: Part,
        outcome: Outcome,
        took: Duration,
        done: &mut Delivered,
    ) -> Vec<Part> {
        match outcome {
            Outcome::Stored(told) => {
                done.store(&part.batch);
                done.requests += 1;
                self.breaker.stored();
                let pairs = part.batch.pairs();
                if let Some(told) = told.filter(|&told| told != pairs as u64) {
                    done.warnings.push(format!(
                        "Cloudflare counts {told} stored entries in a request with {pairs}"
                    ));
                }
                Vec::new()
            }
            Outcome::PartlyStored(keys, failure) => {
                let (again, stored) = part.batch.partition(&keys);
                if again.is_empty() {
                    // Keys that were never sent say nothing about those that were: send all again.
                    part.may_be_stored = true;
                } else if !stored.is_empty() {
                    done.store(&stored);
                    done.requests += 1;
                    self.breaker.stored();
                    part.batch = again;
                }
                self.retry(part, failure, took, None, done).await
            }
            Outcome::QuotaExhausted(failure) | Outcome::Refused(failure) => {
                self.breaker.end(&failure);
                done.lose(&part, &failure);
                Vec::new()
            }
            Outcome::Unacceptable(failure) | Outcome::TooLarge(failure)
                if part.batch.pairs() == 1 =>
            {
                self.breaker.refused_one(&failure);
                done.lose(&part, &failure);
                Vec::new()
            }
            Outcome::Unacceptable(_) => {
                let halves = part.batch.halves();
                part.split(halves).collect()
            }
            Outcome::TooLarge(_) => {
                self.caps.too_large(&part.batch);
                vec![part]
            }
            Outcome::TooSlow(failure) => {
                self.caps.too_slow(&part.batch);
                self.retry(part, failure, took, None, done).await
            }
            Outcome::CutOff(failure) => {
                part.cut_offs += 1;
                if part.cut_offs > 1 {
                    // Some gateways hang up on a body that is too large for them.
                    self.caps.too_slow(&part.batch);
                }
                self.retry(part, failure, took, None, done).await
            }
            Outcome::Throttled(failure, wait) => self.throttle(part, failure, wait, done),
            Outcome::Transient(failure, wait) => self.retry(part, failure, took, wait, done).await,
            Outcome::Nonsense(failure) => self.retry(part, failure, took, None, done).await,
        }
    }

    /// Waits, if there may be another attempt.
    async fn retry(
        &self,
        mut part: Part,
        failure: Failure,
        took: Duration,
        ordered: Option<Duration>,
        done: &mut Delivered,
    ) -> Vec<Part> {
        part.failures += 1;
        part.spent += took;
        part.may_be_stored |= failure.may_be_stored;
        part.ordered += ordered.unwrap_or_default();
        let wait = self.policy.wait(part.failures, part.spent, self.seed());
        let Some(wait) = wait.filter(|_| part.ordered <= MAX_ORDERED_WAIT) else {
            self.breaker.lost(&failure);
            done.lose(&part, &failure);
            return Vec::new();
        };
        part.spent += wait;
        tokio::select! {
            () = self.breaker.ended() => {}
            () = sleep(wait.max(ordered.unwrap_or_default())) => {}
        }
        vec![part]
    }

    /// Makes everybody wait, unless this has gone on for too long.
    fn throttle(
        &self,
        mut part: Part,
        failure: Failure,
        told: Option<Duration>,
        done: &mut Delivered,
    ) -> Vec<Part> {
        part.failures += 1;
        let wait = match told {
            Some(told) => told.max(self.policy.initial_delay),
            None => self.policy.throttled_wait(part.failures, self.seed()),
        };
        part.ordered += wait;
        if part.failures >= self.policy.attempts || part.ordered > MAX_ORDERED_WAIT {
            self.breaker.end(&failure);
            done.lose(&part, &failure);
            return Vec::new();
        }
        self.pacer.pause(wait);
        vec![part]
    }

    fn seed(&self) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.u64(..)
    }
}

fn put_first(queue: &mut VecDeque<Part>, parts: impl DoubleEndedIterator<Item = Part>) {
    for part in parts.rev() {
        queue.push_front(part);
    }
}

#[cfg(test)]
mod tests;
