//! Stage 4: batches to a store, with retries.
//!
//! Works on any [`Store`], which makes single requests and classifies their outcomes. What the run
//! learns is shared by all of its connections: `rate_limiter` holds requests back,
//! `adaptive_limits` cuts batches smaller, `circuit_breaker` ends the run.

mod adaptive_limits;
mod circuit_breaker;
mod deliver;
mod failure;
mod ledger;
mod question;
mod rate_limiter;
mod retry;

use std::sync::Mutex;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use ledger::{Delivered, FailedEntries};
pub use question::ask;
pub use retry::{MAX_RETRY_AFTER, RetryPolicy};

use crate::store::{KeyPage, Outcome, Recalled, Store, StoreError};
use adaptive_limits::AdaptiveLimits;
use circuit_breaker::CircuitBreaker;
use rate_limiter::RateLimiter;

/// How often an optional read is attempted.
const MAX_QUESTION_ATTEMPTS: usize = 3;

/// Stores the batches of a run.
#[derive(Debug)]
pub struct BatchSender<S> {
    store: S,
    policy: RetryPolicy,
    rate_limiter: RateLimiter,
    limits: AdaptiveLimits,
    circuit_breaker: CircuitBreaker,
    /// Requests in flight are to be dropped.
    aborted: CancellationToken,
    random: Mutex<fastrand::Rng>,
}

impl<S: Store> BatchSender<S> {
    /// A sender to one store.
    #[must_use]
    pub fn new(store: S, policy: RetryPolicy) -> Self {
        Self {
            store,
            policy,
            rate_limiter: RateLimiter::new(S::HAS_REQUEST_QUOTA),
            limits: AdaptiveLimits::new(),
            circuit_breaker: CircuitBreaker::default(),
            aborted: CancellationToken::new(),
            random: Mutex::new(fastrand::Rng::new()),
        }
    }

    /// Lists keys, see [`Store::list`], with the same rate limiter as everything else of the run.
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<KeyPage, StoreError> {
        ask(&self.question_policy(), || {
            self.admitted(self.store.list(prefix, cursor))
        })
        .await
    }

    /// Reads a value, see [`Store::get`], with the same rate limiter as everything else of the run.
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        ask(&self.question_policy(), || {
            self.admitted(self.store.get(key))
        })
        .await
    }

    /// Stores a note, see [`Store::put_note`], in one attempt: a run can do without it.
    ///
    /// # Errors
    /// The attempt's error.
    pub async fn put_note(
        &self,
        key: &str,
        note: &str,
        ttl_seconds: Option<u64>,
    ) -> Result<(), StoreError> {
        let outcome = self.admitted(self.store.put_note(key, note, ttl_seconds));
        outcome.await.result.map_err(|failure| failure.error)
    }

    /// Prepares for listing a build's entries, see [`Store::recall`].
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn recall(&self, key_prefix: &str) -> Result<Recalled, StoreError> {
        ask(&self.question_policy(), || {
            self.admitted(self.store.recall(key_prefix))
        })
        .await
    }

    /// Keeps the metadata of what was stored, see [`Store::keep_metadata`].
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn keep_metadata(&self, key_prefix: &str) -> Result<usize, StoreError> {
        ask(&self.question_policy(), || {
            self.admitted(self.store.keep_metadata(key_prefix))
        })
        .await
    }

    /// Deletes what is kept about a build besides its entries, see [`Store::forget`].
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn forget(&self, key_prefix: &str) -> Result<(), StoreError> {
        ask(&self.policy, || {
            self.admitted(self.store.forget(key_prefix))
        })
        .await
    }

    /// Deletes entries, see [`Store::delete`], with all attempts that the retry policy allows.
    ///
    /// # Errors
    /// The last attempt's error.
    pub async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        ask(&self.policy, || self.admitted(self.store.delete(keys))).await
    }

    /// Fewer attempts than for entries: a run can do without the answer.
    fn question_policy(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: self.policy.attempts.min(MAX_QUESTION_ATTEMPTS),
            ..self.policy
        }
    }

    async fn admitted<T>(&self, request: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        self.rate_limiter.admit().await;
        let outcome = request.await;
        if let Some(pause) = outcome.pause {
            self.rate_limiter.pause(pause.min(MAX_RETRY_AFTER));
        }
        outcome
    }

    /// Why no further request will be made, if that is so.
    #[must_use]
    pub fn end(&self) -> Option<StoreError> {
        self.circuit_breaker.reason()
    }

    /// Drops the requests in flight and makes no further one.
    pub fn abort(&self, reason: &StoreError) {
        self.circuit_breaker.end(reason);
        self.aborted.cancel();
    }

    /// Notifies when all requests are held back, and until when.
    #[must_use]
    pub fn pauses(&self) -> watch::Receiver<Option<Instant>> {
        self.rate_limiter.watch()
    }
}
