//! Stage 4: batches to the Cloudflare KV bulk API.
//!
//! In: batches. Out: for each, which of its pairs are stored, and why the others are not.
//! Never: the content of a batch. What is sent was fixed when it was packed. And never a request
//! that makes things worse: limits, pauses and quotas are obeyed by all connections of a run.
//!
//! A batch goes through `deliver`, which asks `attempt` for single requests. What a reply means
//! is decided in `outcome`, when to try again in `retry`, `pacing`, `caps` and `breaker`.

mod attempt;
mod body;
mod breaker;
mod caps;
mod client;
mod deliver;
mod delivered;
mod endpoint;
mod envelope;
mod failure;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod network_error;
mod outcome;
mod pacing;
mod part;
mod rate_headers;
mod retry;
mod secrets;
mod timeouts;
mod token;
mod trust;

use std::sync::Mutex;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use delivered::{Delivered, Lost};
pub use endpoint::{DEFAULT_API_BASE, Endpoint, EndpointProblem};
pub use failure::Failure;
pub use retry::{MAX_ORDERED_WAIT, RetryPolicy};
pub use timeouts::Timeouts;
pub use token::{ApiToken, TokenProblem};

use crate::foreign_text::ForeignText;
use crate::pack::Batch;
use attempt::Requester;
use breaker::Breaker;
use caps::Caps;
use deliver::{Courier, Transport};
use outcome::Verdict;
use pacing::Pacer;
use secrets::Secrets;

/// The most pairs the bulk API takes in one request (Cloudflare API, "bulk update").
pub const MAX_BULK_PAIRS: usize = 10_000;

/// The most bytes the bulk API takes in one request (Cloudflare API, "bulk update": 100 megabytes).
pub const MAX_BULK_BODY_BYTES: usize = 100_000_000;

/// Stores the batches of one run in one namespace.
#[derive(Debug)]
pub struct KvSender {
    courier: Courier<Requester>,
    warnings: Vec<String>,
}

impl Transport for Requester {
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
    ) -> Result<Self, ForeignText> {
        let (client, warnings) =
            client::build(&endpoint, &timeouts).map_err(|problem| ForeignText::new(&problem))?;
        let courier = Courier {
            transport: Requester {
                client,
                endpoint,
                secrets: Secrets::new(token),
                timeouts,
            },
            policy,
            pacer: Pacer::new(),
            caps: Caps::new(),
            breaker: Breaker::default(),
            aborted: CancellationToken::new(),
            random: Mutex::new(fastrand::Rng::new()),
        };
        Ok(Self { courier, warnings })
    }

    /// What in the environment cannot be used, and is ignored.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Sends a batch until every pair of it is stored or given up. Several can be on their way.
    pub async fn deliver(&self, batch: Batch) -> Delivered {
        self.courier.deliver(batch).await
    }

    /// Why no further request will be made, if that is so.
    #[must_use]
    pub fn end(&self) -> Option<Failure> {
        self.courier.breaker.reason()
    }

    /// Drops the requests in flight and makes no further one.
    pub fn abort(&self, reason: &Failure) {
        self.courier.breaker.end(reason);
        self.courier.aborted.cancel();
    }

    /// Tells when all requests are held back, and until when.
    #[must_use]
    pub fn pauses(&self) -> watch::Receiver<Option<Instant>> {
        self.courier.pacer.watch()
    }
}
