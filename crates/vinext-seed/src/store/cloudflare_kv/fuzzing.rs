//! The classification of replies and its readers of headers, for the fuzz targets.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::reply::{Classifier, Question};
use super::{CODES, confirmation};
use crate::pack::batch_of;
use crate::store::http::{ApiToken, Reply, Secrets, rate_headers};
use crate::store::{RequestError, RequestErrorKind, StoreError, Stored};

/// An outcome, taken apart.
#[derive(Debug)]
pub struct Classified {
    /// What to do next; `None` for a success.
    pub kind: Option<RequestErrorKind>,
    /// Why it is not a success, unless it is one.
    pub error: Option<StoreError>,
    /// The keys to be sent again, where only some are.
    pub keys: HashSet<String>,
    /// How long the next attempt should wait, if the reply says so.
    pub wait: Option<Duration>,
    /// How long all requests should pause, if the reply says so.
    pub pause: Option<Duration>,
}

/// Classifies the reply to a bulk write of these keys; `None` if HTTP does not allow such a
/// status or token.
#[must_use]
pub fn classify(
    status: u16,
    headers: &[(&'static str, &[u8])],
    body: &[u8],
    token: &str,
    keys: &[String],
) -> Option<Classified> {
    let reply = Reply {
        status: StatusCode::from_u16(status).ok()?,
        headers: header_map(headers),
        body: body.to_vec(),
        is_truncated: false,
        is_early: false,
    };
    let classifier = Classifier {
        reply: &reply,
        secrets: &Secrets::new(ApiToken::new(token.to_owned()).ok()?),
        question: Question {
            operation: "KV bulk upload",
            codes: &CODES,
            unauthorized_advice: "Check the token",
            not_found_advice: "Check the ids",
        },
    };
    let outcome = confirmation::classify_stored(&classifier, &batch_of(keys));
    let mut classified = Classified {
        kind: None,
        error: None,
        keys: HashSet::new(),
        wait: None,
        pause: outcome.pause,
    };
    match outcome.result {
        Ok(Stored::All) => {}
        Ok(Stored::AllBut(keys, RequestError { error, .. })) => {
            classified.keys = keys;
            classified.error = Some(error);
        }
        Err(failure) => {
            classified.kind = Some(failure.kind);
            classified.error = Some(failure.error);
            classified.wait = failure.retry_after;
        }
    }
    Some(classified)
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
