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
use super::failure::Failure;
use super::outcome::{Outcome, Verdict};
use super::pacing::Pacer;
use super::retry::{MAX_ORDERED_WAIT, RetryPolicy};
use crate::pack::Batch;

/// Something that asks once for a batch to be stored.
pub(super) trait Transport: Send + Sync {
    /// Asks, and judges the answer.
    fn put(&self, batch: &Batch) -> impl Future<Output = Verdict> + Send;
}

/// What became of a batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Delivered {
    /// Routes whose main entry is stored.
    pub routes: usize,
    /// Pairs that are stored.
    pub pairs: usize,
    /// Bytes of the requests that stored them.
    pub bytes: u64,
    /// Requests that stored something.
    pub requests: usize,
    /// Requests that repeated pairs of an earlier one.
    pub retries: usize,
    /// Pairs that are not stored, by reason.
    pub lost: Vec<Lost>,
    /// What was odd and did no harm.
    pub warnings: Vec<String>,
}

/// Pairs that are not stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lost {
    /// Why.
    pub failure: Failure,
    /// Their keys, in order.
    pub keys: Vec<String>,
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

/// A batch or a part of one on its way.
#[derive(Clone, Debug)]
struct Part {
    batch: Batch,
    was_sent: bool,
    /// Requests that failed.
    failures: usize,
    /// How many of them ended while the batch was on its way.
    cut_offs: usize,
    /// The time that failing requests and the waits between them took.
    spent: Duration,
    /// The time of waits that the other side ordered.
    ordered: Duration,
    /// Whether one of the requests may have stored the pairs.
    may_be_stored: bool,
}

impl Part {
    fn new(batch: Batch) -> Self {
        Self {
            batch,
            was_sent: false,
            failures: 0,
            cut_offs: 0,
            spent: Duration::ZERO,
            ordered: Duration::ZERO,
            may_be_stored: false,
        }
    }

    /// The parts of a part, which inherit what it has been through.
    fn split(self, batches: Vec<Batch>) -> impl DoubleEndedIterator<Item = Self> {
        batches.into_iter().map(move |batch| Self {
            batch,
            ..self.clone()
        })
    }
}

impl Delivered {
    fn store(&mut self, batch: &Batch) {
        self.routes += batch.routes();
        self.pairs += batch.pairs();
        self.bytes += batch.body_bytes() as u64;
    }

    fn lose(&mut self, part: &Part, failure: &Failure) {
        let may_be_stored = part.may_be_stored || failure.may_be_stored;
        self.lost.push(Lost {
            failure: failure.clone().with_doubt(may_be_stored),
            keys: part.batch.keys().collect(),
        });
    }
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
