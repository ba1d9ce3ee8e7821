//! What became of a request.
//!
//! In: an HTTP reply, or the error that came instead of one. Out: one case of [`Outcome`].
//! Never: trust in a status alone. Cloudflare's API can answer 200 with `success: false`, and what
//! stands between it and us can answer 200 with a page of HTML.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::token::ApiToken;
use crate::error::{ForeignText, with_causes};

/// What became of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// Every pair is stored.
    Stored,
    /// No pair is stored, as far as the reply tells.
    Failed(Failure),
}

/// Why pairs are not stored.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The HTTP status, if there was a reply.
    pub status: Option<u16>,
    /// The codes of Cloudflare's errors, in order.
    pub api_codes: Vec<i64>,
    /// Cloudflare's name for the request, to quote to its support.
    pub cf_ray: Option<String>,
}

/// The envelope of every reply of the API.
#[derive(Deserialize)]
struct Envelope {
    success: bool,
    #[serde(default)]
    errors: Option<Vec<ApiError>>,
}

#[derive(Deserialize)]
struct ApiError {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
}

impl Outcome {
    /// Judges a reply.
    pub(super) fn of_reply(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        token: &ApiToken,
    ) -> Self {
        let envelope: Option<Envelope> = serde_json::from_slice(body).ok();
        if status.is_success() && envelope.as_ref().is_some_and(|envelope| envelope.success) {
            return Self::Stored;
        }
        let errors = envelope
            .as_ref()
            .and_then(|envelope| envelope.errors.as_deref());
        let errors = errors.unwrap_or_default();
        let detail = if errors.is_empty() {
            token.scrub(&String::from_utf8_lossy(body))
        } else {
            let texts = errors.iter().map(|error| match error.code {
                0 => error.message.clone(),
                code => format!("{} [code: {code}]", error.message),
            });
            token.scrub(&texts.collect::<Vec<_>>().join("; "))
        };
        let detail = ForeignText::new(&detail);
        let (code, message) = match (status.is_success(), &envelope) {
            (true, Some(_)) => ("KV_REJECTED", format!("KV bulk upload rejected: {detail}")),
            (true, None) => (
                "KV_BAD_REPLY",
                format!("KV bulk upload failed: HTTP {status} without Cloudflare's JSON: {detail}"),
            ),
            (false, _) => (
                "KV_HTTP_ERROR",
                format!("KV bulk upload failed: HTTP {status}: {detail}"),
            ),
        };
        let cf_ray = headers.get("cf-ray").and_then(|value| value.to_str().ok());
        Self::Failed(Failure {
            code,
            message,
            status: Some(status.as_u16()),
            api_codes: errors.iter().map(|error| error.code).collect(),
            cf_ray: cf_ray.map(|ray| ForeignText::new(ray).as_str().to_owned()),
        })
    }

    /// Judges a request that got no reply.
    pub(super) fn of_error(error: &reqwest::Error, token: &ApiToken) -> Self {
        // The error's own text is generic ("error sending request"); the reason is behind it.
        let detail = ForeignText::new(&token.scrub(&with_causes(error)));
        Self::Failed(Failure {
            code: "NETWORK_ERROR",
            message: format!("KV bulk upload failed: {detail}"),
            status: None,
            api_codes: Vec::new(),
            cf_ray: None,
        })
    }
}
