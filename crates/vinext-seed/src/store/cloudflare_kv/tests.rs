//! The store against real KV: the local API of this repository, over KV in workerd.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;
use crate::pack::bulk_batch_of;
use crate::store::{RequestErrorKind, conformance};

/// The local API in a separate process, which ends with its standard input.
struct LocalApi {
    process: Child,
    base: String,
}

impl LocalApi {
    fn start() -> Self {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut process = Command::new("node")
            .arg("crates/vinext-seed/tests/local_kv_api.js")
            .current_dir(repository)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs Node: {error}"));
        let mut base = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut base).unwrap();
        assert!(base.starts_with("http://"), "run `npm ci` first: {base:?}");
        let base = base.trim().to_owned();
        Self { process, base }
    }

    fn store(&self, namespace: &str) -> CloudflareKv {
        let endpoint = Endpoint::new(&self.base, "account", namespace).unwrap();
        let token = ApiToken::new("local-token".to_owned()).unwrap();
        CloudflareKv::new(endpoint, token, Timeouts::default())
            .unwrap()
            .0
    }
}

impl Drop for LocalApi {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn passes_the_conformance_suite_over_real_kv() {
    let api = LocalApi::start();
    conformance::run(&api.store("one"), bulk_batch_of).await;

    // Beyond the suite: a listing has the metadata.
    let store = api.store("two");
    let entries = [("with", "1", Some(60)), ("without", "2", None)];
    let put = store.put(&bulk_batch_of(&entries)).await;
    assert_eq!(put.result, Ok(Stored::All));
    let keys = store.list("", None).await.result.unwrap().keys;
    let metadata: Vec<_> = keys.into_iter().map(|key| key.metadata).collect();
    assert_eq!(metadata, [Some(serde_json::json!({ "of": "with" })), None]);

    // A namespace that does not exist, for every method.
    let store = api.store("missing");
    let errors = [
        store.put(&bulk_batch_of(&entries)).await.result.map(drop),
        store.list("", None).await.result.map(drop),
        store.get("k").await.result.map(drop),
        store.delete(&["k".to_owned()]).await.result,
    ];
    for error in errors {
        let failure = error.unwrap_err();
        assert_eq!(failure.kind, RequestErrorKind::Fatal);
        assert_eq!(failure.error.code(), "KV_NOT_FOUND", "{failure:?}");
        assert!(
            failure.error.message.ends_with("namespace id (missing)"),
            "{failure:?}"
        );
    }
}
