//! Any reply of the API, or of whatever stands in between: a line with the status, headers, an empty
//! line, the body.
//!
//! Must hold: no panic; a success only where Cloudflare says so; doubt wherever the pairs may be
//! stored; no token, no control character and no flood in what is told; no wait over a day.

#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use vinext_seed::fuzzing::judge;
use vinext_seed::sanitized_text::MAX_FOREIGN_CHARACTERS;

const DAY: Duration = Duration::from_secs(24 * 3600);
const TOKEN: &str = "fuzz-T0KEN-0123456789";

/// Our own words around somebody else's, at most.
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
    let Some(judged) = judge(status, &headers, body, TOKEN) else {
        return;
    };

    let waits = [judged.wait, judged.pause];
    assert!(waits.into_iter().flatten().all(|wait| wait <= DAY));
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    let says_stored = (200..300).contains(&status)
        && reply
            .as_ref()
            .is_some_and(|reply| reply["success"] == Value::Bool(true));
    let unsuccessful = reply
        .as_ref()
        .and_then(|reply| reply.pointer("/result/unsuccessful_keys")?.as_array())
        .map_or(0, |keys| keys.iter().filter(|key| key.is_string()).count());
    let is_challenge = headers.contains(&("cf-mitigated", b"challenge"));
    if says_stored && unsuccessful == 0 && !has_errors(reply.as_ref()) && !is_challenge {
        assert_eq!(judged.outcome, "stored");
    }
    match judged.outcome {
        "stored" => assert!(says_stored && unsuccessful == 0),
        "partly stored" => assert!(says_stored && unsuccessful > 0),
        "quota exhausted" => assert!(!says_stored || has_errors(reply.as_ref())),
        _ => {}
    }
    if unsuccessful == 0 {
        assert!(judged.keys.is_empty());
    }
    let Some(failure) = judged.failure else {
        assert_eq!(judged.outcome, "stored");
        return;
    };
    // Behind a gateway's error, and behind anything that is not Cloudflare's, may be a success.
    if matches!(judged.outcome, "too slow" | "nonsense" | "quota exhausted")
        || status >= 500 && judged.outcome == "transient" && !failure.message.contains("challenged")
    {
        assert!(failure.may_be_stored, "{failure:?}");
    }
    for text in [Some(&failure.message), failure.cf_ray.as_ref()]
        .into_iter()
        .flatten()
    {
        assert!(!text.contains(TOKEN), "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(text.chars().count() <= MAX_FOREIGN_CHARACTERS + MAX_OWN_CHARACTERS);
    }
    assert_eq!(failure.status, Some(status));
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
