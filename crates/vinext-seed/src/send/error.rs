//! Why pairs are not stored.
//!
//! In: what a reply or the network said. Out: a code for programs, a message for people, and what
//! to quote to Cloudflare's support.
//! Never: the token or a proxy's password; whoever makes a failure has scrubbed the text.

/// Why pairs are not stored.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// Stable, for programs: `KV_UNAUTHORIZED`, `KV_NOT_FOUND`, `KV_QUOTA_EXHAUSTED`,
    /// `KV_THROTTLED`, `KV_TIMEOUT`, `KV_HTTP_ERROR`, `KV_REJECTED`, `KV_BAD_REPLY`, `KV_TOO_LARGE`,
    /// `KV_PARTLY_STORED`, `NETWORK_ERROR`, `TLS_UNTRUSTED`, `PROXY_REFUSED` or `ABORT_ERR`.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The codes of Cloudflare's errors, in order.
    pub api_codes: Vec<i64>,
    /// Cloudflare's name for the request, to quote to its support.
    pub cf_ray: Option<String>,
    /// Whether the pairs may be stored all the same: the request, or part of it, may have arrived
    /// and nobody said what became of it.
    pub may_be_stored: bool,
}

impl SendError {
    /// A failure without a reply.
    pub(crate) fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            message,
            status: None,
            api_codes: Vec::new(),
            cf_ray: None,
            may_be_stored: false,
        }
    }

    /// The same, for pairs whose fate is or is not known.
    pub(crate) fn may_be_stored(mut self, may_be_stored: bool) -> Self {
        self.may_be_stored = may_be_stored;
        self
    }
}
