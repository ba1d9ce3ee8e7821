//! Workers KV, through Cloudflare's REST API.

mod api;
mod compression;
mod confirmation;
mod endpoint;
mod envelope;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod limits;
mod list;
mod reply;
mod upload;

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

pub use api::{ApiAnswer, CloudflareApi, CloudflareError};
pub(crate) use compression::MIN_SHRINKING;
pub use endpoint::{ApiBase, ApiUrl, DEFAULT_API_BASE, Endpoint};
pub use limits::LIMITS;

use super::http::{ApiToken, HttpClient, Reply, Request, RequestBody, Secrets, Service, Timeouts};
use super::{Frame, KeyPage, Outcome, RequestError, Store, StoreLimits, StoreRules, Stored};
use crate::pack::Batch;
use crate::sanitized_text::SanitizedText;
use compression::Compression;
use reply::{Classifier, Codes, Question};

/// The most of a reply that is read, in bytes: 10,000 keys of 512 bytes that are not stored, or
/// 1,000 keys with metadata, and their JSON.
const MAX_REPLY_BYTES: usize = 16 * 1024 * 1024;

/// The value of a key that does not exist ("key not found", HTTP 404).
const KEY_NOT_FOUND_CODE: i64 = 10009;

static CODES: Codes = Codes {
    unauthorized: "KV_UNAUTHORIZED",
    not_found: "KV_NOT_FOUND",
    quota_exhausted: "KV_QUOTA_EXHAUSTED",
    throttled: "KV_THROTTLED",
    timeout: "KV_TIMEOUT",
    http_error: "KV_HTTP_ERROR",
    rejected: "KV_REJECTED",
    bad_reply: "KV_BAD_REPLY",
    too_large: "KV_TOO_LARGE",
};

/// One namespace of Workers KV.
#[derive(Debug)]
pub struct CloudflareKv {
    client: HttpClient,
    endpoint: Endpoint,
    unauthorized_advice: String,
    not_found_advice: String,
    /// `None` if nothing is compressed.
    compression: Option<Compression>,
}

impl CloudflareKv {
    /// Opens a namespace. Makes no request. Also returns what in the environment (proxies,
    /// certificates) cannot be used and is ignored.
    ///
    /// # Errors
    /// If HTTPS cannot be set up, usually because of certificates.
    pub fn new(
        endpoint: Endpoint,
        token: ApiToken,
        timeouts: Timeouts,
    ) -> Result<(Self, Vec<String>), SanitizedText> {
        let (client, warnings) = HttpClient::new(&endpoint.bulk(), Secrets::new(token), timeouts)?;
        let account = endpoint.account_id();
        let unauthorized_advice = format!(
            "Check that the API token is valid and has the permission \"Workers KV Storage: Edit\" \
             for account {account}"
        );
        let namespace = endpoint.namespace_id();
        let not_found_advice =
            format!("Check the account id ({account}) and the namespace id ({namespace})");
        let this = Self {
            client,
            endpoint,
            unauthorized_advice,
            not_found_advice,
            compression: None,
        };
        Ok((this, warnings))
    }

    /// The same namespace with bulk requests that are compressed, as long as the API takes them.
    #[must_use]
    pub fn compressed(mut self, compress: bool) -> Self {
        self.compression = compress.then(Compression::new);
        self
    }

    fn question(&self, operation: &'static str) -> Question<'_> {
        Question {
            operation,
            codes: &CODES,
            unauthorized_advice: &self.unauthorized_advice,
            not_found_advice: &self.not_found_advice,
        }
    }

    fn classifier<'a>(&'a self, reply: &'a Reply, operation: &'static str) -> Classifier<'a> {
        Classifier {
            reply,
            secrets: &self.client.secrets,
            question: self.question(operation),
        }
    }

    /// Makes a request. The reply is not classified yet.
    async fn send(
        &self,
        operation: &'static str,
        method: Method,
        url: &Url,
        body: Option<RequestBody>,
        max_reply_bytes: usize,
    ) -> Result<Reply, RequestError> {
        let headers = HeaderMap::new();
        self.send_with(operation, method, url, headers, body, max_reply_bytes)
            .await
    }

    async fn send_with(
        &self,
        operation: &'static str,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Option<RequestBody>,
        max_reply_bytes: usize,
    ) -> Result<Reply, RequestError> {
        let request = Request {
            service: Service {
                operation,
                timeout_code: CODES.timeout,
            },
            method,
            url,
            headers,
            body,
            max_reply_bytes,
        };
        self.client.send(request).await
    }
}

impl Store for CloudflareKv {
    const FRAME: Frame = Frame::BulkJson;
    const LIMITS: StoreLimits = LIMITS;
    const RULES: StoreRules = StoreRules::KvAdapter;

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        self.upload(batch).await
    }

    async fn list(&self, prefix: &str, cursor: Option<&str>) -> Outcome<KeyPage> {
        const OPERATION: &str = "Listing KV keys";
        let url = self.endpoint.keys(prefix, cursor, list::KEYS_PER_PAGE);
        let sent = self.send(OPERATION, Method::GET, &url, None, MAX_REPLY_BYTES);
        match sent.await {
            Ok(reply) => list::classify(&self.classifier(&reply, OPERATION)),
            Err(failure) => failure.into(),
        }
    }

    async fn get(&self, key: &str) -> Outcome<Option<Vec<u8>>> {
        const OPERATION: &str = "Reading a KV value";
        let url = self.endpoint.value(key);
        let max_bytes = LIMITS.max_value_bytes;
        let reply = match self
            .send(OPERATION, Method::GET, &url, None, max_bytes)
            .await
        {
            Ok(reply) => reply,
            Err(failure) => return failure.into(),
        };
        let classifier = self.classifier(&reply, OPERATION);
        // A value comes as it is; only an error has an envelope.
        if reply.status == 200 && !reply.is_truncated {
            return Outcome::new(Ok(Some(reply.body)));
        }
        let outcome = classifier.classify();
        let is_missing = |failure: &RequestError| {
            failure.error.status == Some(404)
                && failure.error.api_codes.contains(&KEY_NOT_FOUND_CODE)
        };
        Outcome {
            pause: outcome.pause,
            result: match outcome.result {
                Err(failure) if is_missing(&failure) => Ok(None),
                Err(failure) => Err(failure),
                Ok(envelope) => Err(classifier.unexpected(&envelope, "without a value")),
            },
        }
    }

    async fn put_note(&self, key: &str, note: &str, ttl_seconds: Option<u64>) -> Outcome<()> {
        const OPERATION: &str = "Writing a KV value";
        let body = RequestBody::from(note.as_bytes().to_vec());
        let url = self.endpoint.new_value(key, ttl_seconds);
        let sent = self.send(OPERATION, Method::PUT, &url, Some(body), MAX_REPLY_BYTES);
        match sent.await {
            Ok(reply) => {
                let outcome = self.classifier(&reply, OPERATION).classify();
                Outcome {
                    pause: outcome.pause,
                    result: outcome.result.map(|_| ()),
                }
            }
            Err(failure) => failure.into(),
        }
    }

    async fn delete(&self, keys: &[String]) -> Outcome<()> {
        const OPERATION: &str = "Deleting KV entries";
        let body = serde_json::Value::from(keys.to_vec()).to_string();
        let body = RequestBody::from(body.into_bytes());
        let url = self.endpoint.bulk_delete();
        let sent = self.send(OPERATION, Method::POST, &url, Some(body), MAX_REPLY_BYTES);
        match sent.await {
            Ok(reply) => {
                let classifier = self.classifier(&reply, OPERATION);
                confirmation::classify_deleted(&classifier, keys)
            }
            Err(failure) => failure.into(),
        }
    }
}

#[cfg(test)]
mod tests;
