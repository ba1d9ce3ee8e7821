//! The engine, as a Rust program uses it, against a server that misbehaves.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a failed unwrap is a failed test, and nothing here is public"
)]

mod scripted_server;

use std::path::Path;
use std::time::Duration;

use scripted_server::{Reply, STORED, ScriptedServer};
use vinext_seed::runtime::{RuntimeSource, RuntimeVersions};
use vinext_seed::store::cloudflare_kv::Endpoint;
use vinext_seed::store::http::ApiToken;
use vinext_seed::{BuildOptions, CancellationToken, SeedError, SeedOptions, SeedReport, seed};

const TOKEN: &str = "t0ken-that-nobody-may-see";

fn write_build(root: &Path, pages: usize, page_bytes: usize) {
    let server = root.join("dist/server");
    std::fs::create_dir_all(server.join("prerendered-routes")).unwrap();
    let routes: Vec<_> = (0..pages)
        .map(|page| {
            let name = format!("prerendered-routes/p{page:04}.html");
            std::fs::write(server.join(name), "x".repeat(page_bytes)).unwrap();
            serde_json::json!({
                "route": format!("/p{page:04}"),
                "status": "rendered",
                "revalidate": false,
                "router": "app",
            })
        })
        .collect();
    let manifest = serde_json::json!({
        "buildId": "5c1f0e2d-3a4b-4c5d-8e6f-708192a3b4c5",
        "trailingSlash": false,
        "routes": routes,
    });
    std::fs::write(server.join("vinext-prerender.json"), manifest.to_string()).unwrap();
}

fn options(root: &Path, server: &ScriptedServer) -> SeedOptions {
    let base = format!("http://{}/client/v4", server.address);
    let endpoint = Endpoint::new(&base, "acc", "ns").unwrap();
    let token = ApiToken::new(TOKEN.to_owned()).unwrap();
    let mut options = SeedOptions::new(BuildOptions::new(root.to_owned()), endpoint, token);
    options.build.runtime = RuntimeSource::Named(RuntimeVersions {
        vinext: "1.4.0".to_owned(),
        cloudflare: None,
    });
    // What is stored already is asked in the package's tests.
    options.writes.force = true;
    options.retry.initial_delay = Duration::from_millis(2);
    options.retry.max_delay = Duration::from_millis(10);
    options.timeouts.idle = Duration::from_millis(500);
    options.timeouts.reply = Duration::from_millis(500);
    options
}

async fn run(
    pages: usize,
    script: Vec<Reply>,
    change: impl FnOnce(&mut SeedOptions),
) -> (Result<SeedReport, SeedError>, Vec<Vec<String>>) {
    let root = tempfile::tempdir().unwrap();
    write_build(root.path(), pages, 10);
    let server = ScriptedServer::start(script);
    let mut options = options(root.path(), &server);
    change(&mut options);
    let outcome = seed(options, &(), &CancellationToken::new()).await;
    let text = format!("{outcome:?}");
    assert!(!text.contains(TOKEN), "{text}");
    (outcome, server.seen())
}

fn error(status: u16, code: i64) -> Reply {
    let body = format!(r#"{{"success":false,"errors":[{{"code":{code},"message":"why"}}]}}"#);
    Reply::Send(status, "", body)
}

#[tokio::test(flavor = "multi_thread")]
async fn transient_errors_are_eventually_stored() {
    let wait = Duration::from_millis(1);
    for fault in [
        error(500, 10001),
        error(408, 0),
        Reply::Send(429, "retry-after: 0\r\n", String::new()),
        Reply::Send(200, "content-type: text/html\r\n", "<html>".to_owned()),
        Reply::Send(524, "", String::new()),
        Reply::Late(Duration::from_millis(50), Box::new(error(502, 0))),
        Reply::CloseBeforeBody,
        Reply::CloseInBody,
        Reply::CloseUnanswered,
        Reply::CloseHalfAnswered,
        Reply::Trickle(wait),
        Reply::Silence,
    ] {
        let name = format!("{fault:?}");
        let (outcome, seen) = run(6, vec![fault; 2], |options| {
            options.limits.max_batch_pairs = Some(2)
        })
        .await;
        let report = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (report.pairs_stored, report.seeded_routes),
            (6, 6),
            "{name}"
        );
        assert_eq!(report.pairs_planned(), 6, "{name}");
        let mut keys: Vec<_> = seen.concat();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 6, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_unstored_keys_in_manifest_order() {
    let script = vec![Reply::Send(200, "", STORED.to_owned()), error(429, 10048)];
    let (outcome, seen) = run(10, script, |options| {
        options.limits.max_batch_pairs = Some(2);
        options.limits.concurrency = Some(1);
    })
    .await;
    let error = outcome.unwrap_err();
    assert_eq!(error.code(), "KV_QUOTA_EXHAUSTED");
    assert!(
        error.to_string().ends_with("2 of 10 entries are stored"),
        "{error}"
    );
    assert_eq!(seen.len(), 2);
    let report = error.report().unwrap();
    let lost: Vec<_> = report
        .not_stored
        .iter()
        .flat_map(|lost| &lost.keys)
        .collect();
    let expected = (2..10).map(|page| format!("/p{page:04}:html"));
    assert!(
        lost.iter()
            .zip(expected)
            .all(|(key, end)| key.ends_with(&end)),
        "{lost:?}"
    );
    assert_eq!(
        (
            lost.len(),
            report.pairs_not_stored(),
            report.pairs_planned()
        ),
        (8, 8, 10)
    );
    let doubts: Vec<_> = report
        .not_stored
        .iter()
        .map(|lost| lost.may_be_stored)
        .collect();
    assert_eq!(doubts, [true, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_reports_its_progress() {
    let root = tempfile::tempdir().unwrap();
    write_build(root.path(), 40, 10);
    let script = vec![Reply::Send(200, "", STORED.to_owned()), Reply::Silence];
    let server = ScriptedServer::start(script);
    let mut options = options(root.path(), &server);
    options.timeouts.reply = Duration::from_secs(60);
    options.limits.max_batch_pairs = Some(4);
    options.limits.concurrency = Some(1);
    let cancellation = CancellationToken::new();
    let cancel = async {
        while server.seen().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancellation.cancel();
    };
    let (outcome, ()) = tokio::join!(seed(options, &(), &cancellation), cancel);
    let Err(SeedError::Aborted { report }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(report.pairs_stored, 4);
    let in_doubt = report.not_stored.iter().filter(|lost| lost.may_be_stored);
    assert_eq!(in_doubt.map(|lost| lost.keys.len()).sum::<usize>(), 4);
    assert_eq!(report.pairs_planned() + report.routes_not_reached, 40);
}
