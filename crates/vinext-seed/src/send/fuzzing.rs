//! The judge of replies and its readers of headers, for the fuzz targets.
//!
//! In: a reply. Out: the verdict, taken apart. Never: a verdict of its own.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::endpoint::Endpoint;
use super::error::SendError;
use super::outcome::{Outcome, Reply};
use super::rate_headers;
use super::secrets::Secrets;
use super::token::ApiToken;

/// A verdict, taken apart.
#[derive(Debug)]
pub struct Judged {
    /// The outcome's name.
    pub outcome: &'static str,
    /// Why it is not a success, unless it is one.
    pub failure: Option<SendError>,
    /// The keys to be sent again, where only some are.
    pub keys: HashSet<String>,
    /// How long the next attempt should wait, where that is told.
    pub wait: Option<Duration>,
    /// How long nobody should send anything, where that is told.
    pub pause: Option<Duration>,
}

/// Judges a reply; `None` where HTTP does not allow such a status or token.
#[must_use]
pub fn judge(
    status: u16,
    headers: &[(&'static str, &[u8])],
    body: &[u8],
    token: &str,
) -> Option<Judged> {
    let endpoint = Endpoint::new("https://api.example", "account", "namespace").ok()?;
    let secrets = Secrets::new(ApiToken::new(token.to_owned()).ok()?);
    let headers = header_map(headers);
    let reply = Reply {
        status: StatusCode::from_u16(status).ok()?,
        headers: &headers,
        body,
    };
    let verdict = reply.judge(&endpoint, &secrets);
    let (outcome, failure, keys, wait) = match verdict.outcome {
        Outcome::Stored(_) => ("stored", None, None, None),
        Outcome::PartlyStored(keys, failure) => ("partly stored", Some(failure), Some(keys), None),
        Outcome::QuotaExhausted(failure) => ("quota exhausted", Some(failure), None, None),
        Outcome::Fatal(failure) => ("refused", Some(failure), None, None),
        Outcome::Rejected(failure) => ("unacceptable", Some(failure), None, None),
        Outcome::TooLarge(failure) => ("too large", Some(failure), None, None),
        Outcome::TooSlow(failure) => ("too slow", Some(failure), None, None),
        Outcome::Throttled(failure, wait) => ("throttled", Some(failure), None, wait),
        Outcome::Transient(failure, wait) => ("transient", Some(failure), None, wait),
        Outcome::ConnectionLost(failure) => ("cut off", Some(failure), None, None),
        Outcome::UnexpectedReply(failure) => ("nonsense", Some(failure), None, None),
    };
    Some(Judged {
        outcome,
        failure,
        keys: keys.unwrap_or_default(),
        wait,
        pause: verdict.pause,
    })
}

/// What the values of `retry-after` say.
#[must_use]
pub fn retry_after(values: &[&[u8]], now: SystemTime) -> Option<Duration> {
    let headers: Vec<_> = values.iter().map(|value| ("retry-after", *value)).collect();
    rate_headers::retry_after(&header_map(&headers), now)
}

/// What the values of `ratelimit` say.
#[must_use]
pub fn exhausted_for(values: &[&[u8]]) -> Option<Duration> {
    let headers: Vec<_> = values.iter().map(|value| ("ratelimit", *value)).collect();
    rate_headers::exhausted_for(&header_map(&headers))
}

/// Headers, without those that HTTP does not allow.
fn header_map(headers: &[(&'static str, &[u8])]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(HeaderName::from_static(name), value);
        }
    }
    map
}
