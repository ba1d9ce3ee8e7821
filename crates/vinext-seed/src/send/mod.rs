//! Stage 4: batches to the Cloudflare KV bulk API.
//!
//! In: batches. Out: for each, whether its pairs are stored, and if not, why.
//! Never: the content of a batch. What is sent was fixed when it was packed.

mod body;
mod client;
mod endpoint;
mod outcome;
mod token;

pub use endpoint::{DEFAULT_API_BASE, Endpoint, EndpointProblem};
pub use outcome::Failure;
pub use token::{ApiToken, TokenProblem};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Client, Response};

use crate::error::ForeignText;
use crate::pack::Batch;
use body::BatchBody;
use outcome::Outcome;

/// The most pairs the bulk API takes in one request (Cloudflare API, "bulk update").
pub const MAX_BULK_PAIRS: usize = 10_000;

/// The most bytes the bulk API takes in one request (Cloudflare API, "bulk update": 100 megabytes).
pub const MAX_BULK_BODY_BYTES: usize = 100_000_000;

/// The most of a reply that is read. An envelope has a few hundred bytes.
const MAX_REPLY_BYTES: usize = 1024 * 1024;

/// Stores batches in one namespace.
#[derive(Debug)]
pub struct KvSender {
    client: Client,
    endpoint: Endpoint,
    token: ApiToken,
}

impl KvSender {
    /// A sender for one namespace.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub fn new(endpoint: Endpoint, token: ApiToken) -> Result<Self, ForeignText> {
        let client = client::build().map_err(|problem| ForeignText::new(&problem))?;
        Ok(Self {
            client,
            endpoint,
            token,
        })
    }

    /// Stores the pairs of a batch.
    ///
    /// # Errors
    /// Why they are not stored.
    pub async fn store(&self, batch: &Batch) -> Result<(), Failure> {
        let reply = self
            .client
            .put(self.endpoint.bulk())
            .header(AUTHORIZATION, self.token.authorization())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(Body::wrap(BatchBody::new(batch)))
            .send()
            .await;
        let outcome = match reply {
            Ok(reply) => self.judge(reply).await,
            Err(error) => Outcome::of_error(&error, &self.token),
        };
        match outcome {
            Outcome::Stored => Ok(()),
            Outcome::Failed(failure) => Err(failure),
        }
    }

    async fn judge(&self, mut reply: Response) -> Outcome {
        let mut body = Vec::new();
        loop {
            match reply.chunk().await {
                Ok(Some(chunk)) if body.len() < MAX_REPLY_BYTES => body.extend_from_slice(&chunk),
                Ok(_) => break,
                Err(error) => return Outcome::of_error(&error, &self.token),
            }
        }
        Outcome::of_reply(reply.status(), reply.headers(), &body, &self.token)
    }
}
