//! Decides what a failed request means for its batch, for other requests and for the run.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::sleep;
use tracing::{debug, warn};

use super::BatchSender;
use super::deliver::{Next, milliseconds};
use super::ledger::{Ledger, PendingBatch};
use super::retry::MAX_RETRY_AFTER;
use crate::store::{RequestError, RequestErrorKind, Store, StoreError};

impl<S: Store> BatchSender<S> {
    /// Handles a failure. Returns what is to be sent again.
    pub(super) async fn settle_failure(
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

    /// Resends a batch that was too slow, in smaller parts. Those are different requests, so it
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
