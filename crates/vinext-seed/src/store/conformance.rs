//! The conformance suite that every store must pass.

use super::{KeyPage, Store, Stored};
use crate::pack::Batch;

/// An entry of the suite: a key, a value, a TTL in seconds.
pub(super) type Entry<'a> = (&'a str, &'a str, Option<u64>);

/// Keys with every character sequence that could lead to another path.
const KEYS: [&str; 14] = [
    "cache:app:v2:b:/:html",
    "cache:app:v2:b:/a/b:html",
    "cache:app:v2:b:/a%2Fb:html",
    "cache:app:v2:b:/a b:rsc",
    "cache:app:v2:b:/a+b:rsc",
    "cache:app:v2:b:/a?b=c&d#e:rsc",
    "cache:app:v2:b:/日本:html",
    "cache:app:v2:b:/Über:html",
    "cache:app:v2:b:/über:html",
    "cache:app:v2:b:/../../etc/passwd:html",
    "cache:app:v2:b:/\"quoted\\\":html",
    "other:a",
    "other:A",
    "other:a.value",
];

/// Capabilities that not every store has.
#[derive(Clone, Copy)]
pub(super) struct Abilities {
    /// It takes keys with `..` between slashes.
    pub(super) takes_any_key: bool,
    /// It lets entries expire.
    pub(super) expires: bool,
    /// The server that the test starts lists what is left after deletes: s3rver fails then.
    pub(super) lists_after_deletes: bool,
}

/// Runs the suite over an empty store. `batch` makes batches in the store's frame.
pub(super) async fn run<S: Store>(store: &S, batch: impl Fn(&[Entry<'_>]) -> Batch) {
    let abilities = Abilities {
        takes_any_key: true,
        expires: true,
        lists_after_deletes: true,
    };
    run_with(store, batch, abilities).await;
}

/// Runs the suite over a store that lacks some capabilities.
pub(super) async fn run_with<S: Store>(
    store: &S,
    batch: impl Fn(&[Entry<'_>]) -> Batch,
    abilities: Abilities,
) {
    let keys = KEYS.into_iter();
    let keys: Vec<_> = keys
        .filter(|key| abilities.takes_any_key || !key.contains("/../"))
        .collect();
    stores_reads_and_overwrites(store, &batch, &keys).await;
    lists_by_prefix_in_order(store, &keys, abilities.expires).await;
    if !abilities.lists_after_deletes {
        return;
    }
    deletes(store, &batch, &keys).await;
    lists_page_by_page(store, &batch).await;
    keeps_large_values(store, &batch).await;
}

async fn put<S: Store>(store: &S, batch: &Batch) {
    assert_eq!(store.put(batch).await.result, Ok(Stored::All));
}

async fn get<S: Store>(store: &S, key: &str) -> Option<String> {
    let value = store.get(key).await.result.unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

/// All keys with a prefix, and the number of pages they came on.
async fn list<S: Store>(store: &S, prefix: &str) -> (Vec<String>, usize) {
    let mut names = Vec::new();
    let mut pages = 0;
    let mut cursor: Option<String> = None;
    loop {
        let listed = store.list(prefix, cursor.as_deref()).await.result;
        let KeyPage { keys, cursor: next } = listed.unwrap();
        names.extend(keys.into_iter().map(|key| key.name));
        pages += 1;
        assert!(pages < 100, "a listing ends");
        match next {
            Some(next) => cursor = Some(next),
            None => return (names, pages),
        }
    }
}

async fn stores_reads_and_overwrites<S: Store>(
    store: &S,
    batch: &impl Fn(&[Entry<'_>]) -> Batch,
    keys: &[&str],
) {
    assert_eq!(get(store, keys[0]).await, None);
    assert_eq!(list(store, "").await, (Vec::new(), 1));
    let values: Vec<_> = keys
        .iter()
        .map(|key| format!("{{\"of\":\"{key}\\n\"}}"))
        .collect();
    let entries: Vec<Entry<'_>> = keys
        .iter()
        .zip(&values)
        .map(|(key, value)| (*key, value.as_str(), Some(3600)))
        .collect();
    put(store, &batch(&entries)).await;
    for (key, value) in keys.iter().zip(&values) {
        assert_eq!(
            get(store, key).await.as_deref(),
            Some(value.as_str()),
            "{key}"
        );
    }
    // Writing again with another value replaces it.
    put(store, &batch(&entries)).await;
    put(
        store,
        &batch(&[(keys[0], "", None), (keys[2], "é", Some(60))]),
    )
    .await;
    assert_eq!(get(store, keys[0]).await.as_deref(), Some(""));
    assert_eq!(get(store, keys[2]).await.as_deref(), Some("é"));
    assert_eq!(
        get(store, keys[1]).await.as_deref(),
        Some(values[1].as_str())
    );
    assert_eq!(get(store, "cache:app:v2:b:/a").await, None);
}

async fn lists_by_prefix_in_order<S: Store>(store: &S, keys: &[&str], expires: bool) {
    let mut all: Vec<_> = keys.iter().map(ToString::to_string).collect();
    all.sort();
    assert_eq!(list(store, "").await.0, all);
    for prefix in [
        "cache:",
        "other:a",
        "cache:app:v2:b:/a",
        "other:A",
        "nothing",
        "日",
    ] {
        let expected: Vec<_> = all
            .iter()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        assert_eq!(list(store, prefix).await.0, expected, "{prefix}");
    }
    if !expires {
        return;
    }
    let listed = store.list("", None).await.result.unwrap().keys;
    let expiry = |name: &str| {
        let key = listed.iter().find(|key| key.name == name);
        key.and_then(|key| key.expires_at_seconds)
    };
    assert_eq!(expiry(keys[0]), None);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let expires = expiry(keys[1]).unwrap();
    assert!(
        (now + 3500..=now + 3600).contains(&expires),
        "{expires} at {now}"
    );
}

async fn deletes<S: Store>(store: &S, batch: &impl Fn(&[Entry<'_>]) -> Batch, keys: &[&str]) {
    let delete = async |keys: &[&str]| {
        let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(store.delete(&keys).await.result, Ok(()));
    };
    delete(&[keys[1], "not there"]).await;
    assert_eq!(get(store, keys[1]).await, None);
    assert_eq!(list(store, "").await.0.len(), keys.len() - 1);
    delete(&[keys[1]]).await;
    put(store, &batch(&[(keys[1], "again", None)])).await;
    assert_eq!(get(store, keys[1]).await.as_deref(), Some("again"));
    delete(keys).await;
    assert_eq!(list(store, "").await, (Vec::new(), 1));
}

async fn lists_page_by_page<S: Store>(store: &S, batch: &impl Fn(&[Entry<'_>]) -> Batch) {
    let mut keys: Vec<_> = (0..1010).map(|number| format!("page:{number}")).collect();
    for part in keys.chunks(S::LIMITS.max_batch_entries) {
        let entries: Vec<Entry<'_>> = part.iter().map(|key| (key.as_str(), "v", None)).collect();
        put(store, &batch(&entries)).await;
    }
    keys.sort();
    let (listed, pages) = list(store, "page:").await;
    assert_eq!(listed, keys);
    assert!(pages > 1, "{pages}");
    for part in keys.chunks(S::LIMITS.max_batch_entries) {
        assert_eq!(store.delete(part).await.result, Ok(()));
    }
    assert_eq!(list(store, "page:").await, (Vec::new(), 1));
}

async fn keeps_large_values<S: Store>(store: &S, batch: &impl Fn(&[Entry<'_>]) -> Batch) {
    let key = "k".repeat(S::LIMITS.max_key_bytes.min(2000));
    let value = "\"é\n".repeat(1 << 20);
    put(store, &batch(&[(&key, &value, None)])).await;
    assert_eq!(get(store, &key).await, Some(value));
    assert_eq!(list(store, "kk").await.0, std::slice::from_ref(&key));
    assert_eq!(store.delete(&[key]).await.result, Ok(()));
}
