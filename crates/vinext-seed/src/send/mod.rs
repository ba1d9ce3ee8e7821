//! Stage 4: batches to the Cloudflare KV bulk API.
//!
//! In: batches. Out: for each, which of its pairs are stored, and why the others are not.
//! Never: the content of a batch. What is sent was fixed when it was packed. And never a request
//! that makes things worse: limits, pauses and quotas are obeyed by all connections of a run.
//!
//! A batch goes through `deliver`, which asks `attempt` for single requests. What a reply means
//! is decided in `outcome`, when to try again in `retry`, `pacing`, `limits` and `breaker`.

mod adaptive_limits;
mod attempt;
mod body;
mod circuit_breaker;
mod client;
mod deliver;
mod delivered;
mod endpoint;
mod envelope;
mod error;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod network_error;
mod outcome;
mod pending_batch;
mod rate_headers;
mod rate_limiter;
mod retry;
mod secrets;
mod timeouts;
mod token;
mod trust;

use std::sync::Mutex;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use delivered::{Delivered, FailedEntries};
pub use endpoint::{DEFAULT_API_BASE, Endpoint, EndpointError};
pub use error::SendError;
pub use retry::{MAX_RETRY_AFTER, RetryPolicy};
pub use timeouts::Timeouts;
pub use token::{ApiToken, TokenError};

use crate::pack::Batch;
use crate::sanitized_text::SanitizedText;
use adaptive_limits::AdaptiveLimits;
use attempt::HttpTransport;
use circuit_breaker::CircuitBreaker;
use deliver::{BatchSender, Transport};
use outcome::Verdict;
use rate_limiter::RateLimiter;
use secrets::Secrets;

/// Stores the batches of one run in one namespace.
#[derive(Debug)]
pub struct KvSender {
    sender: BatchSender<HttpTransport>,
    warnings: Vec<String>,
}

impl Transport for HttpTransport {
    async fn put(&self, batch: &Batch) -> Verdict {
        Self::put(self, batch).await
    }
}

impl KvSender {
    /// A sender for one namespace.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub fn new(
        endpoint: Endpoint,
        token: ApiToken,
        policy: RetryPolicy,
        timeouts: Timeouts,
    ) -> Result<Self, SanitizedText> {
        let (client, warnings) =
            client::build(&endpoint, &timeouts).map_err(|problem| SanitizedText::new(&problem))?;
        let sender = BatchSender {
            transport: HttpTransport {
                client,
                endpoint,
                secrets: Secrets::new(token),
                timeouts,
            },
            policy,
            rate_limiter: RateLimiter::new(),
            limits: AdaptiveLimits::new(),
            circuit_breaker: CircuitBreaker::default(),
            aborted: CancellationToken::new(),
            random: Mutex::new(fastrand::Rng::new()),
        };
        Ok(Self { sender, warnings })
    }

    /// What in the environment cannot be used, and is ignored.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Sends a batch until every pair of it is stored or given up. Several can be on their way.
    pub async fn deliver(&self, batch: Batch) -> Delivered {
        self.sender.deliver(batch).await
    }

    /// Why no further request will be made, if that is so.
    #[must_use]
    pub fn end(&self) -> Option<SendError> {
        self.sender.circuit_breaker.reason()
    }

    /// Drops the requests in flight and makes no further one.
    pub fn abort(&self, reason: &SendError) {
        self.sender.circuit_breaker.end(reason);
        self.sender.aborted.cancel();
    }

    /// Tells when all requests are held back, and until when.
    #[must_use]
    pub fn pauses(&self) -> watch::Receiver<Option<Instant>> {
        self.sender.rate_limiter.watch()
    }
}
