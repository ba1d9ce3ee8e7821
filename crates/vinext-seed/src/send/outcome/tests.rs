//! What replies mean: one row for each that is known.

use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::send::{ApiToken, DEFAULT_API_BASE};

const TOKEN: &str = "t0ken-that-nobody-may-see";

fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> Verdict {
    let token = ApiToken::new(TOKEN.to_owned()).unwrap();
    let endpoint = Endpoint::new(DEFAULT_API_BASE, "acc", "ns").unwrap();
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    });
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: &headers.collect(),
        body: body.as_bytes(),
    };
    reply.judge(&endpoint, &Secrets::new(token))
}

fn error(code: i64) -> String {
    format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"why"}}],"result":null}}"#)
}

/// The case's name, its failure's code, and whether the pairs may be stored.
fn summary(outcome: &Outcome) -> (&'static str, &'static str, bool) {
    let (name, failure) = match outcome {
        Outcome::Stored(_) => return ("stored", "", true),
        Outcome::PartlyStored(_, failure) => ("partly", failure),
        Outcome::QuotaExhausted(failure) => ("quota", failure),
        Outcome::Fatal(failure) => ("refused", failure),
        Outcome::Rejected(failure) => ("unacceptable", failure),
        Outcome::TooLarge(failure) => ("too large", failure),
        Outcome::TooSlow(failure) => ("too slow", failure),
        Outcome::Throttled(failure, _) => ("throttled", failure),
        Outcome::Transient(failure, _) => ("transient", failure),
        Outcome::ConnectionLost(failure) => ("cut off", failure),
        Outcome::UnexpectedReply(failure) => ("nonsense", failure),
    };
    (name, failure.code, failure.may_be_stored)
}

const OK: &str = r#"{"success":true,"errors":[],"messages":[],"result":null}"#;
const HTML: &str = "<!DOCTYPE html><html><head><TITLE>A page</TITLE></head></html>";

#[test]
fn every_known_reply_has_its_case() {
    let challenge = [("cf-mitigated", "challenge")];
    let none: &[(&'static str, &str)] = &[];
    for (status, headers, body, expected) in [
        (200, none, OK.to_owned(), ("stored", "", true)),
        (201, none, OK.to_owned(), ("stored", "", true)),
        (200, none, error(10022), ("refused", "KV_REJECTED", false)),
        (
            200,
            none,
            error(10000),
            ("refused", "KV_UNAUTHORIZED", false),
        ),
        (
            200,
            none,
            error(10048),
            ("quota", "KV_QUOTA_EXHAUSTED", true),
        ),
        (200, none, error(971), ("throttled", "KV_THROTTLED", false)),
        (
            200,
            none,
            HTML.to_owned(),
            ("nonsense", "KV_BAD_REPLY", true),
        ),
        (200, none, String::new(), ("nonsense", "KV_BAD_REPLY", true)),
        (204, none, String::new(), ("nonsense", "KV_BAD_REPLY", true)),
        (
            302,
            none,
            String::new(),
            ("refused", "KV_HTTP_ERROR", false),
        ),
        (
            400,
            none,
            error(10022),
            ("unacceptable", "KV_HTTP_ERROR", false),
        ),
        (
            400,
            none,
            error(6003),
            ("refused", "KV_UNAUTHORIZED", false),
        ),
        (400, none, error(10011), ("refused", "KV_NOT_FOUND", false)),
        (
            400,
            none,
            HTML.to_owned(),
            ("refused", "KV_HTTP_ERROR", false),
        ),
        (
            401,
            none,
            error(10000),
            ("refused", "KV_UNAUTHORIZED", false),
        ),
        (
            403,
            none,
            error(10000),
            ("refused", "KV_UNAUTHORIZED", false),
        ),
        (
            403,
            none,
            String::new(),
            ("refused", "KV_UNAUTHORIZED", false),
        ),
        (
            403,
            none,
            HTML.to_owned(),
            ("transient", "KV_HTTP_ERROR", false),
        ),
        (
            403,
            &challenge,
            error(10000),
            ("transient", "KV_HTTP_ERROR", false),
        ),
        (
            503,
            &challenge,
            HTML.to_owned(),
            ("transient", "KV_HTTP_ERROR", false),
        ),
        (404, none, error(10013), ("refused", "KV_NOT_FOUND", false)),
        (
            404,
            none,
            HTML.to_owned(),
            ("refused", "KV_NOT_FOUND", false),
        ),
        (405, none, error(10405), ("refused", "KV_HTTP_ERROR", false)),
        (
            407,
            none,
            String::new(),
            ("refused", "PROXY_REFUSED", false),
        ),
        (
            408,
            none,
            String::new(),
            ("transient", "KV_HTTP_ERROR", false),
        ),
        (
            413,
            none,
            HTML.to_owned(),
            ("too large", "KV_TOO_LARGE", false),
        ),
        (
            414,
            none,
            error(10030),
            ("unacceptable", "KV_HTTP_ERROR", false),
        ),
        (
            425,
            none,
            String::new(),
            ("transient", "KV_HTTP_ERROR", false),
        ),
        (
            429,
            none,
            error(10429),
            ("throttled", "KV_THROTTLED", false),
        ),
        (
            429,
            none,
            HTML.to_owned(),
            ("throttled", "KV_THROTTLED", false),
        ),
        (
            429,
            none,
            error(10048),
            ("quota", "KV_QUOTA_EXHAUSTED", true),
        ),
        (
            500,
            none,
            error(10001),
            ("transient", "KV_HTTP_ERROR", true),
        ),
        (
            502,
            none,
            HTML.to_owned(),
            ("transient", "KV_HTTP_ERROR", true),
        ),
        (503, none, error(971), ("throttled", "KV_THROTTLED", false)),
        (504, none, HTML.to_owned(), ("too slow", "KV_TIMEOUT", true)),
        (
            520,
            none,
            HTML.to_owned(),
            ("transient", "KV_HTTP_ERROR", true),
        ),
        (524, none, HTML.to_owned(), ("too slow", "KV_TIMEOUT", true)),
    ] {
        let verdict = judge(status, headers, &body);
        assert_eq!(summary(&verdict.outcome), expected, "{status} {body}");
    }
}

#[test]
fn the_quota_is_known_by_its_text_too() {
    let text = "your account has reached the Free usage limit for this operation for today";
    let body = format!(r#"{{"success":false,"errors":[{{"code":1,"message":"{text}"}}]}}"#);
    let outcome = judge(400, &[], &body).outcome;
    let Outcome::QuotaExhausted(failure) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(failure.message.contains("00:00 UTC"));
}

#[test]
fn the_quota_is_not_known_by_the_text_of_anything_but_an_error() {
    let key = "cache:app:v2:b:/pricing/free usage limit:html";
    let body = format!(r#"{{"success":true,"result":{{"unsuccessful_keys":["{key}"]}}}}"#);
    let partly = judge(200, &[], &body).outcome;
    assert_eq!(summary(&partly).0, "partly", "{partly:?}");
    let portal = "<title>Your free usage limit on this Wi-Fi is reached</title>";
    assert_eq!(summary(&judge(200, &[], portal).outcome).0, "nonsense");
}

#[test]
fn keys_that_are_not_stored_are_named() {
    let body = r#"{"success":true,"result":{"successful_key_count":1,"unsuccessful_keys":["k"]}}"#;
    let outcome = judge(200, &[], body).outcome;
    assert!(
        matches!(outcome, Outcome::PartlyStored(keys, _) if keys == HashSet::from(["k".into()]))
    );
    let body = body.replace(r#""k""#, "");
    assert_eq!(judge(200, &[], &body).outcome, Outcome::Stored(Some(1)));
}

#[test]
fn waits_are_those_that_are_asked_for() {
    let wait = |headers: &[(&'static str, &str)]| match judge(429, headers, "").outcome {
        Outcome::Throttled(_, wait) => wait.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(&[]), None);
    assert_eq!(wait(&[("retry-after", "7")]), Some(7));
    assert_eq!(wait(&[("ratelimit", r#""default";r=0;t=9"#)]), Some(9));
    let verdict = judge(200, &[("ratelimit", r#""default";r=0;t=30"#)], OK);
    assert_eq!(verdict.pause, Some(Duration::from_secs(30)));
    assert_eq!(
        judge(200, &[("ratelimit", r#""default";r=1;t=30"#)], OK).pause,
        None
    );
    let busy = judge(503, &[("retry-after", "2")], "").outcome;
    assert!(matches!(busy, Outcome::Transient(_, Some(wait)) if wait.as_secs() == 2));
}

#[test]
fn messages_say_what_to_do_and_never_the_token() {
    let message = |status, headers: &[(&'static str, &str)], body: &str| {
        let outcome = judge(status, headers, body).outcome;
        let text = format!("{outcome:?}");
        assert!(!text.contains(TOKEN), "{text}");
        match outcome {
            Outcome::Fatal(failure) | Outcome::Transient(failure, _) => failure,
            other => panic!("{other:?}"),
        }
    };
    let refused = message(403, &[("cf-ray", "8f-AMS")], &error(10000));
    assert_eq!(
        refused.message,
        "KV bulk upload failed: HTTP 403 Forbidden: why [code: 10000]. Check that the API token is \
         valid and has the permission \"Workers KV Storage: Edit\" for account acc"
    );
    assert_eq!(
        (refused.status, refused.api_codes),
        (Some(403), vec![10000])
    );
    assert_eq!(refused.cf_ray.as_deref(), Some("8f-AMS"));
    let missing = message(404, &[], &error(7003));
    assert!(
        missing
            .message
            .ends_with("account id (acc) and the namespace id (ns)")
    );
    let gateway = message(502, &[], HTML);
    assert_eq!(
        gateway.message,
        "KV bulk upload failed: HTTP 502 Bad Gateway: a page titled \"A page\""
    );
    let echo = message(
        500,
        &[("cf-ray", TOKEN)],
        &format!("bad header: Bearer {TOKEN}"),
    );
    assert!(echo.message.ends_with("Bearer [token]"));
    let long = message(500, &[], &"x".repeat(10_000));
    assert!(long.message.chars().count() < 600);
}
