use super::*;
use crate::pack::raw_batch_of;

fn store() -> (tempfile::TempDir, DirectoryStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryStore::open(directory.path().join("store")).unwrap();
    (directory, store)
}

#[tokio::test]
async fn passes_the_conformance_suite() {
    let (_directory, store) = store();
    crate::store::conformance::run(&store, raw_batch_of).await;
}

#[tokio::test]
async fn an_entry_expires_after_its_ttl() {
    let (_directory, store) = store();
    store
        .write(&NewEntry {
            key: "k".to_owned(),
            value: "v".into(),
            expires_at_seconds: Some(now_seconds() - 1),
        })
        .unwrap();
    assert_eq!(store.get("k").await.result.unwrap(), None);
    assert_eq!(store.list("", None).await.result.unwrap().keys, []);
    // Written again without a TTL, it stays.
    store
        .put(&raw_batch_of(&[("k", "v", None)]))
        .await
        .result
        .unwrap();
    let keys = store.list("", None).await.result.unwrap().keys;
    assert_eq!(keys[0].expires_at_seconds, None);
}

#[tokio::test]
async fn names_an_unwritable_directory() {
    let (directory, store) = store();
    fs::remove_dir_all(directory.path().join("store")).unwrap();
    fs::write(directory.path().join("store"), "a file").unwrap();
    let put = store.put(&raw_batch_of(&[("k", "v", None)])).await;
    let failure = put.result.unwrap_err();
    assert_eq!(failure.kind, RequestErrorKind::Fatal);
    assert_eq!(failure.error.code(), "DIRECTORY_FAILED");
    assert!(
        failure.error.message.contains("store failed: "),
        "{failure:?}"
    );
    assert!(DirectoryStore::open(directory.path().join("store")).is_err());
}
