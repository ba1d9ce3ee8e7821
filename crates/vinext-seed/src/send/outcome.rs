//! What became of a request.
//!
//! In: an HTTP reply. Out: one case of [`Outcome`], and a pause for everybody if one is asked for.
//! Never: trust in a status alone. Cloudflare's API can answer 200 with `success: false`, and what
//! stands between it and us can answer 200 with a page of HTML.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::endpoint::Endpoint;
use super::envelope::Envelope;
use super::error::SendError;
use super::rate_headers::{exhausted_for, retry_after};
use super::secrets::Secrets;
use crate::sanitized_text::SanitizedText;

/// What became of a request, and so what is to be done next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// Every pair is stored; how many, where it is told.
    Stored(Option<u64>),
    /// All but these are stored.
    PartlyStored(HashSet<String>, SendError),
    /// The account may write nothing more today.
    QuotaExhausted(SendError),
    /// It will be refused again, and so will every other request.
    Fatal(SendError),
    /// Something in this batch is refused, and may be in one of its pairs only.
    Rejected(SendError),
    /// Fewer bytes may be taken.
    TooLarge(SendError),
    /// It took too long; fewer pairs may be quicker.
    TooSlow(SendError),
    /// Too many requests; all of them have to wait, for this long if it is told.
    Throttled(SendError, Option<Duration>),
    /// It may well work the next time, after this long if it is told.
    Transient(SendError, Option<Duration>),
    /// The connection ended while the batch was on its way.
    ConnectionLost(SendError),
    /// A success by its status, but not Cloudflare's: a captive portal, a proxy's page.
    UnexpectedReply(SendError),
}

/// An outcome, and how long no request should be made at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    pub(super) pause: Option<Duration>,
}

/// An HTTP reply that has been read.
pub(super) struct Reply<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

/// The daily quota of the free plan is used up (seen by users since 2025; not in the documentation).
const QUOTA_CODE: i64 = 10048;

/// The same in words, in lower case. They count in an error's message only: a page's path may have
/// them too.
const QUOTA_TEXT: &str = "free usage limit";

/// Too many requests (cloudflare/workers-sdk issue 6607).
const THROTTLE_CODES: [i64; 2] = [971, 10429];

/// The token is wrong, expired or not permitted (wrangler's own list, and the API's "6003 Invalid
/// request headers" with "6111 Invalid format for Authorization header").
const UNAUTHORIZED_CODES: [i64; 5] = [10000, 9106, 9109, 6003, 6111];

/// The account or the namespace does not exist (wrangler's texts for KV).
const NOT_FOUND_CODES: [i64; 6] = [7000, 7003, 10011, 10013, 10018, 10042];

impl Reply<'_> {
    /// Judges the reply.
    pub(super) fn judge(&self, endpoint: &Endpoint, secrets: &Secrets) -> Verdict {
        let envelope = Envelope::parse(self.body);
        Verdict {
            pause: exhausted_for(self.headers),
            outcome: self.outcome(envelope, endpoint, secrets),
        }
    }

    fn outcome(
        &self,
        envelope: Option<Envelope>,
        endpoint: &Endpoint,
        secrets: &Secrets,
    ) -> Outcome {
        let is_envelope = envelope.is_some();
        let envelope = envelope.unwrap_or_default();
        let detail = self.detail(&envelope, secrets);
        let fail = |code, message| self.failure(code, message, &envelope, secrets);
        let http = |code| {
            fail(
                code,
                format!("KV bulk upload failed: HTTP {}: {detail}", self.status),
            )
        };
        let advise = |code, advice: String| {
            let mut failure = http(code);
            failure.message = format!("{}. {advice}", failure.message);
            failure
        };
        let wait = retry_after(self.headers, SystemTime::now());
        let has = |codes: &[i64]| envelope.has_code(codes);

        if has(&[QUOTA_CODE]) || envelope.tells(QUOTA_TEXT) {
            let message = format!(
                "KV bulk upload stopped: the daily quota of KV writes is used up ({detail}); it \
                 resets at 00:00 UTC"
            );
            // Whether a request that crosses the quota is stored in part is not documented.
            return Outcome::QuotaExhausted(
                fail("KV_QUOTA_EXHAUSTED", message).may_be_stored(true),
            );
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS || has(&THROTTLE_CODES) {
            return Outcome::Throttled(http("KV_THROTTLED"), wait.or(exhausted_for(self.headers)));
        }
        if self
            .header("cf-mitigated")
            .is_some_and(|value| value == "challenge")
        {
            let failure = advise(
                "KV_HTTP_ERROR",
                "Cloudflare's firewall challenged the request instead of answering it".to_owned(),
            );
            return Outcome::Transient(failure, wait);
        }
        match self.status.as_u16() {
            504 | 524 => return Outcome::TooSlow(http("KV_TIMEOUT").may_be_stored(true)),
            500.. => return Outcome::Transient(http("KV_HTTP_ERROR").may_be_stored(true), wait),
            408 | 425 => return Outcome::Transient(http("KV_HTTP_ERROR"), wait),
            413 => return Outcome::TooLarge(http("KV_TOO_LARGE")),
            407 => return Outcome::Fatal(advise("PROXY_REFUSED", PROXY_ADVICE.to_owned())),
            403 if self.is_html() => {
                return Outcome::Transient(http("KV_HTTP_ERROR"), wait);
            }
            _ => {}
        }
        if matches!(self.status.as_u16(), 401 | 403) || has(&UNAUTHORIZED_CODES) {
            let advice = format!(
                "Check that the API token is valid and has the permission \"Workers KV Storage: \
                 Edit\" for account {}",
                endpoint.account_id()
            );
            return Outcome::Fatal(advise("KV_UNAUTHORIZED", advice));
        }
        if self.status == StatusCode::NOT_FOUND || has(&NOT_FOUND_CODES) {
            let advice = format!(
                "Check the account id ({}) and the namespace id ({})",
                endpoint.account_id(),
                endpoint.namespace_id()
            );
            return Outcome::Fatal(advise("KV_NOT_FOUND", advice));
        }
        match (self.status.is_success(), is_envelope) {
            (true, true) if envelope.success && envelope.unsuccessful_keys.is_empty() => {
                Outcome::Stored(envelope.stored_pairs)
            }
            (true, true) if envelope.success => {
                let keys = envelope.unsuccessful_keys.len();
                let message = format!("Cloudflare reports {keys} entries as not stored");
                let failure = fail("KV_PARTLY_STORED", message);
                Outcome::PartlyStored(envelope.unsuccessful_keys, failure)
            }
            (true, true) => {
                let message = format!("KV bulk upload rejected: {detail}");
                Outcome::Fatal(fail("KV_REJECTED", message))
            }
            (true, false) => {
                let message = format!(
                    "KV bulk upload failed: HTTP {} without Cloudflare's JSON: {detail}",
                    self.status
                );
                Outcome::UnexpectedReply(fail("KV_BAD_REPLY", message).may_be_stored(true))
            }
            (false, true) if matches!(self.status.as_u16(), 400 | 414 | 422) => {
                Outcome::Rejected(http("KV_HTTP_ERROR"))
            }
            (false, _) if self.status.is_redirection() => {
                let advice = "Redirects are not followed, the token would go elsewhere; check \
                              `apiBaseUrl`";
                Outcome::Fatal(advise("KV_HTTP_ERROR", advice.to_owned()))
            }
            (false, _) => Outcome::Fatal(http("KV_HTTP_ERROR")),
        }
    }

    fn failure(
        &self,
        code: &'static str,
        message: String,
        envelope: &Envelope,
        secrets: &Secrets,
    ) -> SendError {
        SendError {
            status: Some(self.status.as_u16()),
            api_codes: envelope.errors.iter().map(|error| error.code).collect(),
            cf_ray: self
                .header("cf-ray")
                .map(|ray| secrets.scrub(ray).as_str().to_owned()),
            ..SendError::new(code, message)
        }
    }

    /// What the reply says, in the words of whoever wrote it.
    fn detail(&self, envelope: &Envelope, secrets: &Secrets) -> SanitizedText {
        if !envelope.errors.is_empty() {
            return secrets.scrub(&envelope.describe());
        }
        let body = String::from_utf8_lossy(self.body);
        match html_title(&body).filter(|_| self.is_html()) {
            Some(title) => secrets.scrub(&format!("a page titled \"{}\"", title.trim())),
            None if body.trim().is_empty() => SanitizedText::new("no content"),
            None => secrets.scrub(&body),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn is_html(&self) -> bool {
        let is_declared = self
            .header("content-type")
            .is_some_and(|content_type| content_type.contains("text/html"));
        is_declared || self.body.trim_ascii_start().starts_with(b"<")
    }
}

/// What to do when a proxy wants to know who is asking.
pub(super) const PROXY_ADVICE: &str = "The proxy refuses the connection; check the user name and \
    password in HTTPS_PROXY, or except the API's host with NO_PROXY";

fn html_title(page: &str) -> Option<&str> {
    // Lowercase in ASCII only, which keeps the positions.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower[start..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    Some(&page[start..end])
}

#[cfg(test)]
mod tests;
