//! The classification of replies: one row for each known kind.

use reqwest::header::{HeaderName, HeaderValue};

use super::*;
use crate::pack::batch_of;
use crate::store::Stored;
use crate::store::cloudflare_kv::{CODES, confirmation};
use crate::store::http::ApiToken;

const TOKEN: &str = "t0ken-that-must-stay-secret";

fn classify(status: u16, headers: &[(&'static str, &str)], body: &str) -> Outcome<Stored> {
    classify_reply(status, headers, body, false)
}

/// Classifies the reply to a bulk write of `a` and `b`.
fn classify_reply(
    status: u16,
    headers: &[(&'static str, &str)],
    body: &str,
    is_early: bool,
) -> Outcome<Stored> {
    let headers = headers.iter().map(|(name, value)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    });
    let reply = Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: headers.collect(),
        body: body.as_bytes().to_vec(),
        is_truncated: false,
        is_early,
    };
    let classifier = Classifier {
        reply: &reply,
        secrets: &Secrets::new(ApiToken::new(TOKEN.to_owned()).unwrap()),
        question: Question {
            operation: "KV bulk upload",
            codes: &CODES,
            unauthorized_advice: "Check the token",
            not_found_advice: "Check the ids",
        },
    };
    let batch = batch_of(&["a".to_owned(), "b".to_owned()]);
    confirmation::classify_stored(&classifier, &batch)
}

fn error(code: i64) -> String {
    format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"why"}}],"result":null}}"#)
}

/// The case's name, its error's code, and whether the entries may be stored.
fn summary(outcome: &Outcome<Stored>) -> (&'static str, &'static str, bool) {
    let (name, error) = match &outcome.result {
        Ok(Stored::All) => return ("stored", "", true),
        Ok(Stored::AllBut(_, failure)) => ("partly", &failure.error),
        Err(failure) => {
            let name = match failure.kind {
                RequestErrorKind::QuotaExhausted => "quota",
                RequestErrorKind::Fatal => "fatal",
                RequestErrorKind::Rejected => "rejected",
                RequestErrorKind::TooLarge => "too large",
                RequestErrorKind::TooSlow => "too slow",
                RequestErrorKind::Throttled => "throttled",
                RequestErrorKind::Transient => "transient",
                RequestErrorKind::ConnectionLost => "connection lost",
                RequestErrorKind::UnexpectedReply => "unexpected",
            };
            (name, &failure.error)
        }
    };
    (name, error.code(), error.may_be_stored)
}

const OK: &str = r#"{"success":true,"errors":[],"messages":[],"result":null}"#;
const HTML: &str = "<!DOCTYPE html><html><head><TITLE>A page</TITLE></head></html>";

#[test]
fn classifies_every_known_reply() {
    let challenge = [("cf-mitigated", "challenge")];
    let none: &[(&'static str, &str)] = &[];
    for (status, headers, body, expected) in [
        (200, none, OK.to_owned(), ("stored", "", true)),
        (201, none, OK.to_owned(), ("stored", "", true)),
        // Accepted, without content, partial: none of these confirms a write.
        (
            202,
            none,
            OK.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            206,
            none,
            OK.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            207,
            none,
            OK.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            400,
            none,
            OK.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            418,
            none,
            OK.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (302, none, OK.to_owned(), ("fatal", "KV_HTTP_ERROR", false)),
        (
            500,
            none,
            OK.to_owned(),
            ("transient", "KV_HTTP_ERROR", true),
        ),
        (
            200,
            none,
            error(10022).replace("false", "true"),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            200,
            none,
            r#"{"success":true,"errors":["partial failure"]}"#.to_owned(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            200,
            none,
            error(10048).replace("false", "true"),
            ("quota", "KV_QUOTA_EXHAUSTED", true),
        ),
        (
            200,
            none,
            r#"{"success":true,"result":{"successful_key_count":1}}"#.to_owned(),
            ("unexpected", "KV_PARTLY_STORED", true),
        ),
        (200, none, error(10022), ("fatal", "KV_REJECTED", false)),
        (200, none, error(10000), ("fatal", "KV_UNAUTHORIZED", false)),
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
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            200,
            none,
            String::new(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (
            204,
            none,
            String::new(),
            ("unexpected", "KV_BAD_REPLY", true),
        ),
        (302, none, String::new(), ("fatal", "KV_HTTP_ERROR", false)),
        (
            400,
            none,
            error(10022),
            ("rejected", "KV_HTTP_ERROR", false),
        ),
        (400, none, error(6003), ("fatal", "KV_UNAUTHORIZED", false)),
        (400, none, error(10011), ("fatal", "KV_NOT_FOUND", false)),
        (
            400,
            none,
            HTML.to_owned(),
            ("fatal", "KV_HTTP_ERROR", false),
        ),
        (401, none, error(10000), ("fatal", "KV_UNAUTHORIZED", false)),
        (403, none, error(10000), ("fatal", "KV_UNAUTHORIZED", false)),
        (
            403,
            none,
            String::new(),
            ("fatal", "KV_UNAUTHORIZED", false),
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
        (404, none, error(10013), ("fatal", "KV_NOT_FOUND", false)),
        (404, none, HTML.to_owned(), ("fatal", "KV_NOT_FOUND", false)),
        (405, none, error(10405), ("fatal", "KV_HTTP_ERROR", false)),
        (407, none, String::new(), ("fatal", "PROXY_REFUSED", false)),
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
            ("rejected", "KV_HTTP_ERROR", false),
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
        let outcome = classify(status, headers, &body);
        assert_eq!(summary(&outcome), expected, "{status} {body}");
    }
}

#[test]
fn recognizes_the_quota_by_its_text() {
    let text = "your account has reached the Free usage limit for this operation for today";
    let body = format!(r#"{{"success":false,"errors":[{{"code":1,"message":"{text}"}}]}}"#);
    let outcome = classify(400, &[], &body);
    assert_eq!(summary(&outcome).0, "quota");
    assert!(failure(outcome).error.message.contains("00:00 UTC"));
}

#[test]
fn recognizes_the_quota_text_only_in_errors() {
    let body = r#"{"success":true,"result":{"unsuccessful_keys":["free usage limit"]}}"#;
    assert_eq!(summary(&classify(200, &[], body)).0, "unexpected");
    let portal = "<title>Your free usage limit on this Wi-Fi is reached</title>";
    assert_eq!(summary(&classify(200, &[], portal)).0, "unexpected");
}

#[test]
fn names_the_keys_that_failed() {
    let body = r#"{"success":true,"result":{"successful_key_count":1,"unsuccessful_keys":["b"]}}"#;
    let Ok(Stored::AllBut(keys, RequestError { error, .. })) = classify(200, &[], body).result
    else {
        panic!("not partly stored");
    };
    assert_eq!(keys, ["b".to_owned()].into());
    assert_eq!(
        error.message,
        "KV bulk upload: Cloudflare reports that 1 of 2 entries failed"
    );
    let body = r#"{"success":true,"result":{"successful_key_count":2,"unsuccessful_keys":[]}}"#;
    assert_eq!(classify(200, &[], body).result, Ok(Stored::All));
}

#[test]
fn a_success_before_the_request_is_sent_is_in_doubt() {
    let early = classify_reply(200, &[], OK, true);
    assert_eq!(summary(&early), ("unexpected", "KV_BAD_REPLY", true));
    // An error says what it says, whenever it comes.
    let refused = classify_reply(413, &[], "", true);
    assert_eq!(summary(&refused), ("too large", "KV_TOO_LARGE", false));
}

fn failure(outcome: Outcome<Stored>) -> RequestError {
    outcome.result.unwrap_err()
}

#[test]
fn waits_as_long_as_the_reply_asks_for() {
    let wait = |status, headers: &[(&'static str, &str)]| {
        let wait = failure(classify(status, headers, "")).retry_after;
        wait.map(|wait| wait.as_secs())
    };
    assert_eq!(wait(429, &[]), None);
    assert_eq!(wait(429, &[("retry-after", "7")]), Some(7));
    assert_eq!(wait(429, &[("ratelimit", r#""default";r=0;t=9"#)]), Some(9));
    assert_eq!(wait(503, &[("retry-after", "2")]), Some(2));
    let pause = |ratelimit| classify(200, &[("ratelimit", ratelimit)], OK).pause;
    assert_eq!(
        pause(r#""default";r=0;t=30"#),
        Some(Duration::from_secs(30))
    );
    assert_eq!(pause(r#""default";r=1;t=30"#), None);
}

#[test]
fn messages_say_what_to_do_and_never_the_token() {
    let error_of = |status, headers: &[(&'static str, &str)], body: &str| {
        let failure = failure(classify(status, headers, body));
        let text = format!("{failure:?}");
        assert!(!text.contains(TOKEN), "{text}");
        failure.error
    };
    let refused = error_of(403, &[("cf-ray", "8f-AMS")], &error(10000));
    assert_eq!(
        refused.message,
        "KV bulk upload failed: HTTP 403 Forbidden: why [code: 10000]. Check the token"
    );
    assert_eq!(
        (refused.status, refused.api_codes),
        (Some(403), vec![10000])
    );
    assert_eq!(refused.request_id.as_deref(), Some("8f-AMS"));
    let missing = error_of(404, &[], &error(7003));
    assert!(missing.message.ends_with("Check the ids"));
    let gateway = error_of(502, &[], HTML);
    assert_eq!(
        gateway.message,
        "KV bulk upload failed: HTTP 502 Bad Gateway: a page titled \"A page\""
    );
    let echo = error_of(
        500,
        &[("cf-ray", TOKEN)],
        &format!("bad header: Bearer {TOKEN}"),
    );
    assert!(echo.message.ends_with("Bearer [token]"));
    let long = error_of(500, &[], &"x".repeat(10_000));
    assert!(long.message.chars().count() < 600);
}
