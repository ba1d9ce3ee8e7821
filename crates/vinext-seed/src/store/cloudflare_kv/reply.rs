//! Classifies replies of Cloudflare's API, and of proxies before it.
//!
//! Invariant: a status alone is never trusted. Cloudflare's API can answer 200 with
//! `success: false`, and a captive portal can answer 200 with a page of HTML.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;

use super::envelope::Envelope;
use crate::sanitized_text::SanitizedText;
use crate::store::http::rate_headers::{exhausted_for, retry_after};
use crate::store::http::{PROXY_ADVICE, Reply, Secrets};
use crate::store::{Outcome, RequestError, RequestErrorKind, StoreError};

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

/// What a reply is an answer to, for the words and codes of errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The operation, as the beginning of an error message.
    pub(super) operation: &'static str,
    pub(super) codes: &'static Codes,
    /// What to do about a token or permission that is refused.
    pub(super) unauthorized_advice: &'a str,
    /// What to do about something that does not exist.
    pub(super) not_found_advice: &'a str,
}

/// The codes of errors.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) unauthorized: &'static str,
    pub(super) not_found: &'static str,
    pub(super) quota_exhausted: &'static str,
    pub(super) throttled: &'static str,
    pub(super) timeout: &'static str,
    pub(super) http_error: &'static str,
    pub(super) rejected: &'static str,
    pub(super) bad_reply: &'static str,
    pub(super) too_large: &'static str,
}

/// A reply with everything that it takes to classify it.
pub(super) struct Classifier<'a> {
    pub(super) reply: &'a Reply,
    pub(super) secrets: &'a Secrets,
    pub(super) question: Question<'a>,
}

impl Classifier<'_> {
    /// The reply's envelope if it is a success, or what went wrong.
    pub(super) fn classify(&self) -> Outcome<Envelope> {
        Outcome {
            result: self.result(Envelope::parse(&self.reply.body)),
            pause: exhausted_for(&self.reply.headers),
        }
    }

    fn result(&self, envelope: Option<Envelope>) -> Result<Envelope, RequestError> {
        use RequestErrorKind::{
            Fatal, QuotaExhausted, Rejected, Throttled, TooLarge, TooSlow, Transient,
        };
        let is_envelope = envelope.is_some();
        let envelope = envelope.unwrap_or_default();
        let Question {
            operation, codes, ..
        } = self.question;
        let status = self.reply.status;
        // A page of a thousand keys is not searched for secrets unless a message quotes it.
        let detail = || self.detail(&envelope);
        let error = |code, message| self.error(code, message, &envelope);
        let http = |code| {
            let detail = detail();
            error(code, format!("{operation} failed: HTTP {status}: {detail}"))
        };
        let after = |failure: RequestError, wait: Option<Duration>| {
            Err(RequestError {
                retry_after: wait,
                ..failure
            })
        };
        let wait = retry_after(&self.reply.headers, SystemTime::now());
        let has = |codes: &[i64]| envelope.has_code(codes);

        if has(&[QUOTA_CODE]) || envelope.tells(QUOTA_TEXT) {
            let message = format!(
                "{operation} stopped: the daily quota of KV writes is used up ({}); it \
                 resets at 00:00 UTC; run again after that to continue",
                detail()
            );
            // Whether a request that crosses the quota is stored in part is not documented.
            let error = error(codes.quota_exhausted, message).may_be_stored(true);
            return Err(QuotaExhausted.because(error));
        }
        let unexpected = |what: &str| self.unexpected(&envelope, what);
        if status.is_success() && envelope.success && envelope.has_errors {
            return Err(unexpected("with errors in a success"));
        }
        if status == StatusCode::TOO_MANY_REQUESTS || has(&THROTTLE_CODES) {
            let wait = wait.or(exhausted_for(&self.reply.headers));
            return after(Throttled.because(http(codes.throttled)), wait);
        }
        if self.header("cf-mitigated") == Some("challenge") {
            let error = http(codes.http_error)
                .advise("Cloudflare's firewall challenged the request instead of answering it");
            return after(Transient.because(error), wait);
        }
        match status.as_u16() {
            504 | 524 => {
                return Err(TooSlow.because(http(codes.timeout).may_be_stored(true)));
            }
            500.. => {
                let error = http(codes.http_error).may_be_stored(true);
                return after(Transient.because(error), wait);
            }
            408 | 425 => return after(Transient.because(http(codes.http_error)), wait),
            413 => return Err(TooLarge.because(http(codes.too_large))),
            407 => return Err(Fatal.because(http("PROXY_REFUSED").advise(PROXY_ADVICE))),
            403 if self.is_html() => {
                return after(Transient.because(http(codes.http_error)), wait);
            }
            _ => {}
        }
        if matches!(status.as_u16(), 401 | 403) || has(&UNAUTHORIZED_CODES) {
            let error = http(codes.unauthorized).advise(self.question.unauthorized_advice);
            return Err(Fatal.because(error));
        }
        if status == StatusCode::NOT_FOUND || has(&NOT_FOUND_CODES) {
            let error = http(codes.not_found).advise(self.question.not_found_advice);
            return Err(Fatal.because(error));
        }
        match (status.is_success(), is_envelope) {
            (true, true) if !envelope.success => {
                let message = format!("{operation} rejected: {}", detail());
                Err(Fatal.because(error(codes.rejected, message)))
            }
            (true, true) if !matches!(status.as_u16(), 200 | 201) => {
                Err(unexpected("is not the status of a completed request"))
            }
            (true, true) => Ok(envelope),
            (true, false) => Err(unexpected("without Cloudflare's JSON")),
            (false, _) if status.is_redirection() => {
                let error = http(codes.http_error).advise(
                    "Redirects are not followed, because the token would go elsewhere; check the \
                     API's base URL",
                );
                Err(Fatal.because(error))
            }
            (false, true) if envelope.success => Err(unexpected("with a success in its JSON")),
            (false, true) if matches!(status.as_u16(), 400 | 414 | 422) => {
                Err(Rejected.because(http(codes.http_error)))
            }
            (false, _) => Err(Fatal.because(http(codes.http_error))),
        }
    }

    /// The error for a reply that does not answer the request.
    pub(super) fn unexpected(&self, envelope: &Envelope, what: &str) -> RequestError {
        let Question {
            operation, codes, ..
        } = self.question;
        let (status, detail) = (self.reply.status, self.detail(envelope));
        let message = format!("{operation} failed: HTTP {status} {what}: {detail}");
        let error = self.error(codes.bad_reply, message, envelope);
        RequestErrorKind::UnexpectedReply.because(error.may_be_stored(true))
    }

    /// What failed, as the beginning of a message.
    pub(super) fn name(&self) -> &'static str {
        self.question.operation
    }

    /// An error with what the reply says about itself.
    pub(super) fn error(
        &self,
        code: &'static str,
        message: String,
        envelope: &Envelope,
    ) -> StoreError {
        let mut error = StoreError::new(code, message);
        error.status = Some(self.reply.status.as_u16());
        error.api_codes = envelope.errors.iter().map(|error| error.code).collect();
        error.request_id = self.request_id();
        error
    }

    /// Cloudflare's name for the request.
    pub(super) fn request_id(&self) -> Option<String> {
        let ray = self.header("cf-ray")?;
        Some(self.secrets.scrub(ray).as_str().to_owned())
    }

    /// What the reply says, in its own words.
    fn detail(&self, envelope: &Envelope) -> SanitizedText {
        if !envelope.errors.is_empty() {
            return self.secrets.scrub(&envelope.describe());
        }
        let body = String::from_utf8_lossy(&self.reply.body);
        match html_title(&body).filter(|_| self.is_html()) {
            Some(title) => self
                .secrets
                .scrub(&format!("a page titled \"{}\"", title.trim())),
            None if body.trim().is_empty() => SanitizedText::new("no content"),
            None => self.secrets.scrub(&body),
        }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.reply.headers.get(name)?.to_str().ok()
    }

    fn is_html(&self) -> bool {
        let is_declared = self
            .header("content-type")
            .is_some_and(|content_type| content_type.contains("text/html"));
        is_declared || self.reply.body.trim_ascii_start().starts_with(b"<")
    }
}

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
