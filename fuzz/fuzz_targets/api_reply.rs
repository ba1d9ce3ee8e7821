//! Any reply of the API, or of a proxy in between: a line with the status, headers, an empty
//! line, the body.
//!
//! Must hold: no panic; a success only if Cloudflare says so and nothing contradicts it; doubt
//! whenever the entries may be stored; no token, no control character and no unbounded text in
//! messages; no wait over a day.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vinext_seed::fuzzing::classify;
use vinext_seed::sanitized_text::MAX_SANITIZED_CHARACTERS;
use vinext_seed::store::RequestErrorKind;

const DAY: Duration = Duration::from_secs(24 * 3600);
const TOKEN: &str = "fuzz-T0KEN-0123456789";

/// The keys of the request.
const KEYS: [&str; 3] = ["a", "b", "somebody's"];

/// The most that messages add around untrusted text.
const MAX_OWN_CHARACTERS: usize = 400;

const HEADERS: [&str; 5] = [
    "cf-mitigated",
    "cf-ray",
    "content-type",
    "ratelimit",
    "retry-after",
];

fuzz_target!(|input: &[u8]| {
    let (head, body) = split(input, b"\n\n").unwrap_or((input, b""));
    let mut lines = head.split(|&byte| byte == b'\n');
    let status = std::str::from_utf8(lines.next().unwrap_or_default());
    let Some(status) = status.ok().and_then(|text| text.parse().ok()) else {
        return;
    };
    let headers = lines.filter_map(|line| {
        let (name, value) = split(line, b": ")?;
        let name = HEADERS.into_iter().find(|known| known.as_bytes() == name)?;
        Some((name, value))
    });
    let headers: Vec<_> = headers.collect();
    let keys: Vec<String> = KEYS.map(str::to_owned).into();
    let Some(classified) = classify(status, &headers, body, TOKEN, &keys) else {
        return;
    };

    let waits = [classified.wait, classified.pause];
    assert!(waits.into_iter().flatten().all(|wait| wait <= DAY));
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    let says_stored = matches!(status, 200 | 201)
        && reply
            .as_ref()
            .is_some_and(|reply| reply["success"] == Value::Bool(true))
        && !has_errors(reply.as_ref());
    if let Some(count) = reply.as_ref().and_then(confirmed) {
        let failed = classified.keys.len();
        if classified.kind.is_none() {
            assert_eq!(count, (KEYS.len() - failed) as u64);
        }
    }
    if classified.kind.is_none() {
        assert!(says_stored);
    } else {
        assert!(classified.keys.is_empty());
    }
    assert!(classified.keys.iter().all(|key| keys.contains(key)));
    let Some(error) = classified.error else {
        assert_eq!(classified.kind, None);
        return;
    };
    // Behind a gateway's error, and behind anything that is not Cloudflare's, may be a success.
    let is_in_doubt = matches!(
        classified.kind,
        Some(
            RequestErrorKind::TooSlow
                | RequestErrorKind::UnexpectedReply
                | RequestErrorKind::QuotaExhausted
        )
    );
    let is_gateway = status >= 500
        && classified.kind == Some(RequestErrorKind::Transient)
        && !error.message.contains("challenged");
    if is_in_doubt || is_gateway {
        assert!(error.may_be_stored, "{error:?}");
    }
    for text in [Some(&error.message), error.request_id.as_ref()]
        .into_iter()
        .flatten()
    {
        assert!(!text.contains(TOKEN), "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.chars().count() <= MAX_SANITIZED_CHARACTERS + MAX_OWN_CHARACTERS);
    }
    assert_eq!(error.status, Some(status));
});

fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes
        .windows(separator.len())
        .position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

fn has_errors(reply: Option<&Value>) -> bool {
    let errors = reply.and_then(|reply| reply["errors"].as_array());
    errors.is_some_and(|errors| !errors.is_empty())
}

fn confirmed(reply: &Value) -> Option<u64> {
    reply.pointer("/result/successful_key_count")?.as_u64()
}
