//! The store against a real S3 server, which the tests start; and against a fake one for faults.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::pack::raw_batch_of;
use crate::store::conformance::{self, Abilities};

/// What s3rver takes. It compares the name alone, not the signature.
const USER: &str = "S3RVER";

/// s3rver in a separate process, which ends with its standard input.
struct Server {
    process: Child,
    endpoint: String,
}

impl Server {
    /// Starts the server; `None` if it is not installed, which is reported.
    fn start() -> Option<Self> {
        let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../__test__/s3");
        if !directory.join("node_modules").exists() {
            eprintln!("NOT TESTED: run `node scripts/prepare.js __test__/s3` for an S3 server");
            return None;
        }
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs Node: {error}"));
        let mut endpoint = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut endpoint).unwrap();
        let endpoint = endpoint.trim().to_owned();
        Some(Self { process, endpoint })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        std::thread::sleep(Duration::from_millis(200));
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn store_in(endpoint: &str, bucket: &str, prefix: &str, user: &str) -> S3Store {
    let location = S3Location {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        region: None,
    };
    let timeouts = Timeouts {
        idle: Duration::from_millis(500),
        reply: Duration::from_millis(1500),
        ..Timeouts::default()
    };
    let credentials = AmazonS3Builder::new()
        .with_access_key_id(user)
        .with_secret_access_key("hunter22");
    S3Store::of(credentials, location, timeouts).unwrap().0
}

async fn put(
    store: &S3Store,
    entries: &[(&str, &str, Option<u64>)],
) -> Result<Stored, RequestError> {
    store.put(&raw_batch_of(entries)).await.result
}

#[tokio::test]
async fn passes_the_conformance_suite() {
    let Some(server) = Server::start() else {
        return;
    };
    let store = store_in(&server.endpoint, "cache", "vinext-cache/", USER);
    let abilities = Abilities {
        takes_any_key: false,
        expires: false,
        lists_after_deletes: false,
    };
    conformance::run_with(&store, raw_batch_of, abilities).await;
    let keys = ["other:a".to_owned(), "cache:/../a".to_owned()];
    assert_eq!(store.delete(&keys).await.result, Ok(()));
    assert_eq!(store.get("other:a").await.result, Ok(None));

    // Another prefix is another store.
    put(&store, &[("cache:k", "v", None)]).await.unwrap();
    let other = store_in(&server.endpoint, "cache", "other/", USER);
    assert_eq!(other.get("cache:k").await.result, Ok(None));
    let whole = store_in(&server.endpoint, "cache", "", USER);
    let found = whole.get("vinext-cache/cache:k").await.result.unwrap();
    assert_eq!(found.as_deref(), Some(&b"v"[..]));

    // What no request can name, among what one can.
    let mixed = [("cache:a", "1", None), ("cache:/../b", "2", None)];
    let Ok(Stored::AllBut(keys, failure)) = put(&store, &mixed).await else {
        panic!("one of them is stored");
    };
    assert_eq!(keys, HashSet::from(["cache:/../b".to_owned()]));
    assert_eq!(failure.kind, RequestErrorKind::Rejected);

    for (bucket, user, code) in [
        ("missing", USER, "S3_BUCKET_MISSING"),
        ("cache", "nobody", "S3_UNAUTHORIZED"),
    ] {
        let store = store_in(&server.endpoint, bucket, "", user);
        let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
        assert_eq!(failure.kind, RequestErrorKind::Fatal, "{failure:?}");
        assert_eq!(failure.error.code(), code, "{failure:?}");
        assert!(!failure.error.message.contains("hunter22"));
    }
}

/// Answers every request with this.
async fn answering(reply: &'static str) -> S3Store {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 65_536]).await;
                let _ = stream.write_all(reply.as_bytes()).await;
                if reply.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    store_in(&endpoint, "cache", "", USER)
}

macro_rules! error {
    ($status:literal, $code:literal) => {
        concat!(
            "HTTP/1.1 ",
            $status,
            " No\r\nretry-after: 3\r\nconnection: close\r\n\r\n<?xml version=\"1.0\"?><Error><Code>",
            $code,
            "</Code><Message>why</Message></Error>"
        )
    };
}

#[tokio::test]
async fn classifies_every_known_error() {
    use RequestErrorKind::{Fatal, Rejected, Throttled, TooSlow, Transient};
    for (reply, kind, code) in [
        (error!("503", "SlowDown"), Throttled, "S3_THROTTLED"),
        (error!("429", "TooManyRequests"), Throttled, "S3_THROTTLED"),
        (
            error!("503", "ServiceUnavailable"),
            Transient,
            "S3_NOT_READY",
        ),
        (error!("500", "InternalError"), Transient, "S3_NOT_READY"),
        (error!("400", "RequestTimeout"), Transient, "S3_NOT_READY"),
        (
            error!("403", "RequestTimeTooSkewed"),
            Fatal,
            "S3_CLOCK_SKEWED",
        ),
        (
            error!("403", "SignatureDoesNotMatch"),
            Fatal,
            "S3_UNAUTHORIZED",
        ),
        (error!("403", "AccessDenied"), Fatal, "S3_UNAUTHORIZED"),
        (error!("400", "ExpiredToken"), Fatal, "S3_UNAUTHORIZED"),
        (error!("404", "NoSuchBucket"), Fatal, "S3_BUCKET_MISSING"),
        (error!("301", "PermanentRedirect"), Fatal, "S3_WRONG_REGION"),
        (
            error!("400", "AuthorizationHeaderMalformed"),
            Fatal,
            "S3_WRONG_REGION",
        ),
        (error!("507", "XMinioStorageFull"), Fatal, "S3_FULL"),
        (error!("400", "InvalidArgument"), Rejected, "S3_REJECTED"),
        (
            "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n",
            Fatal,
            "S3_UNAUTHORIZED",
        ),
        ("", TooSlow, "S3_TIMEOUT"),
        ("junk", Transient, "NETWORK_ERROR"),
    ] {
        let store = answering(reply).await;
        let failure = put(&store, &[("k", "v", None)]).await.unwrap_err();
        let found = (failure.kind, failure.error.code());
        assert_eq!(found, (kind, code), "{reply}: {failure:?}");
        if kind == Throttled {
            assert_eq!(failure.retry_after, Some(Duration::from_secs(3)));
        }
    }
}

#[tokio::test]
async fn an_error_that_affects_all_objects_stops_the_batch() {
    let store = answering(error!("403", "AccessDenied")).await;
    let keys: Vec<_> = (0..500).map(|number| format!("k{number}")).collect();
    let entries: Vec<_> = keys.iter().map(|key| (key.as_str(), "v", None)).collect();
    let failure = put(&store, &entries).await.unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Fatal);
    assert!(!failure.error.may_be_stored);
}
