//! Errors of stores and of their configuration.

use std::fmt::Display;

/// Why entries are not stored, or a store did not answer a request.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct StoreError {
    code: &'static str,
    /// For people. Never contains a secret: the text is scrubbed before the error is created.
    pub message: String,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The codes of the API's errors, in order.
    pub api_codes: Vec<i64>,
    /// The store's id of the request, for its support. For Cloudflare: the ray id.
    pub request_id: Option<String>,
    /// Whether the entries may be stored: the request, or part of it, may have arrived without a
    /// confirmation.
    pub may_be_stored: bool,
}

impl StoreError {
    /// An error without a reply.
    pub(crate) fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            status: None,
            api_codes: Vec::new(),
            request_id: None,
            may_be_stored: false,
        }
    }

    /// Stable, for programs: `KV_UNAUTHORIZED`, `KV_NOT_FOUND`, `KV_QUOTA_EXHAUSTED`,
    /// `KV_THROTTLED`, `KV_TIMEOUT`, `KV_HTTP_ERROR`, `KV_REJECTED`, `KV_BAD_REPLY`,
    /// `KV_TOO_LARGE`, `KV_PARTLY_STORED`, `REDIS_UNAUTHORIZED`, `REDIS_OUT_OF_MEMORY`,
    /// `REDIS_READ_ONLY`, `REDIS_MOVED`, `REDIS_NOT_READY`, `REDIS_REJECTED`, `REDIS_TIMEOUT`,
    /// `REDIS_BAD_REPLY`, `S3_UNAUTHORIZED`, `S3_BUCKET_MISSING`, `S3_WRONG_REGION`, `S3_CLOCK_SKEWED`,
    /// `S3_THROTTLED`, `S3_NOT_READY`, `S3_TIMEOUT`, `S3_FULL`, `S3_REJECTED`, `S3_BAD_REPLY`,
    /// `DIRECTORY_FAILED`, `HANDLER_FAILED`, `HANDLER_TIMEOUT`, `HANDLER_BUSY`, `HANDLER_UNAVAILABLE`,
    /// `NETWORK_ERROR`, `TLS_UNTRUSTED`, `PROXY_REFUSED` or `ABORT_ERR`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// Sets whether the entries may be stored.
    pub(crate) fn may_be_stored(mut self, may_be_stored: bool) -> Self {
        self.may_be_stored = may_be_stored;
        self
    }

    /// Appends advice to the message.
    pub(crate) fn advise(mut self, advice: &str) -> Self {
        self.message = format!("{}. {advice}", self.message);
        self
    }
}

/// A field of the configuration that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{field}` {problem}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The field's name, as this crate spells it: `api_base`, `account_id`, `max_batch_entries`.
    pub field: &'static str,
    /// The problem, as the end of a sentence that begins with the name.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(field: &'static str, problem: impl Display) -> Self {
        Self {
            field,
            problem: problem.to_string(),
        }
    }

    /// Stable, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "INVALID_OPTION"
    }
}
