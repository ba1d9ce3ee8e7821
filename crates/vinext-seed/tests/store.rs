//! Listing, reading and deleting, against a server that misbehaves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    dead_code,
    reason = "a failed unwrap is a failed test, and not every test needs all of the server"
)]

mod scripted_server;

use std::time::Duration;

use scripted_server::{Reply, STORED, ScriptedServer};
use vinext_seed::send::{RetryPolicy, ask};
use vinext_seed::store::cloudflare_kv::{CloudflareKv, Endpoint};
use vinext_seed::store::http::{ApiToken, Timeouts};
use vinext_seed::store::{RequestErrorKind, Store};

const TOKEN: &str = "t0ken-that-nobody-may-see";

fn store(server: &ScriptedServer) -> CloudflareKv {
    let base = format!("http://{}/client/v4", server.address);
    let endpoint = Endpoint::new(&base, "acc", "ns").unwrap();
    let token = ApiToken::new(TOKEN.to_owned()).unwrap();
    let timeouts = Timeouts {
        reply: Duration::from_millis(500),
        ..Timeouts::default()
    };
    CloudflareKv::new(endpoint, token, timeouts).unwrap().0
}

fn quick() -> RetryPolicy {
    RetryPolicy {
        initial_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(5),
        ..RetryPolicy::default()
    }
}

fn reply(status: u16, body: &str) -> Reply {
    Reply::Send(status, "", body.to_owned())
}

fn error(status: u16, code: i64) -> Reply {
    let body = format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"{TOKEN}"}}]}}"#);
    Reply::Send(status, "", body)
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn retries_transient_errors_of_reads() {
    let list = r#"{"success":true,"result":[{"name":"a"}],"result_info":{"cursor":""}}"#;
    for fault in [
        error(500, 10001),
        Reply::Send(429, "retry-after: 0\r\n", String::new()),
        reply(200, "<html>Welcome</html>"),
        reply(200, r#"{"success":true,"result":null}"#),
        reply(200, r#"{"success":true,"result":[{"name":7}]}"#),
        Reply::CloseUnanswered,
        Reply::CloseHalfAnswered,
        Reply::Silence,
    ] {
        let name = format!("{fault:?}");
        let server = ScriptedServer::start([fault.clone(), fault, reply(200, list)]);
        let store = store(&server);
        let page = ask(&quick(), || store.list("", None)).await;
        let page = page.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(page.keys[0].name, "a", "{name}");
        assert_eq!(server.seen().len(), 3, "{name}");
    }
}

#[tokio::test]
async fn reads_values_unchanged_and_missing_ones_as_none() {
    let server = ScriptedServer::start([
        reply(200, r#"{"success":false}"#),
        reply(200, ""),
        error(404, 10009),
        error(404, 10013),
        error(403, 10000),
    ]);
    let store = store(&server);
    // An envelope is a value as good as any other.
    let value = store.get("k").await.result.unwrap();
    assert_eq!(value.as_deref(), Some(&br#"{"success":false}"#[..]));
    assert_eq!(
        store.get("k").await.result.unwrap().as_deref(),
        Some(&b""[..])
    );
    assert_eq!(store.get("k").await.result.unwrap(), None);
    for code in ["KV_NOT_FOUND", "KV_UNAUTHORIZED"] {
        let failure = store.get("k").await.result.unwrap_err();
        assert_eq!(
            (failure.kind, failure.error.code()),
            (RequestErrorKind::Fatal, code)
        );
        assert!(!format!("{failure:?}").contains(TOKEN));
    }
}

#[tokio::test]
async fn a_delete_succeeds_when_every_key_is_confirmed() {
    let partly = r#"{"success":true,"result":{"unsuccessful_keys":["b"]}}"#;
    let short = r#"{"success":true,"result":{"successful_key_count":1}}"#;
    let server = ScriptedServer::start([reply(200, partly), reply(200, short), reply(200, STORED)]);
    let store = store(&server);
    let names = keys(&["a", "b"]);
    ask(&quick(), || store.delete(&names)).await.unwrap();
    assert_eq!(server.seen(), [names.clone(), names.clone(), names]);
    let server = ScriptedServer::start([error(401, 10000)]);
    let failure = self::store(&server)
        .delete(&keys(&["a"]))
        .await
        .result
        .unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Fatal);
    assert!(
        failure
            .error
            .message
            .starts_with("Deleting KV entries failed"),
        "{failure:?}"
    );
}
