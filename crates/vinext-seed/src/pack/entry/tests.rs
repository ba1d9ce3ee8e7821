//! Pairs, byte for byte.

use super::*;
use crate::manifest::Headers;
use serde_json::{Value, json};

const MOMENT: Timestamps = Timestamps {
    now_ms: 2_000_000.0,
    rendered_at_ms: 1_500_000.0,
};

fn route() -> PlannedRoute {
    PlannedRoute {
        main: PlannedEntry {
            kind: ArtifactKind::Html,
            file: "a.html".into(),
            key: "cache:app:b:/\"日:html".into(),
            headers: None,
        },
        rsc: None,
        tags: TagList::from_iter(["/a", "ü\""]),
        lifetime: Lifetime::default(),
        ttl_seconds: None,
        status: None,
        query_proof: QueryProof::None,
        has_expiry: true,
    }
}

fn encode(route: &PlannedRoute, artifact: &[u8]) -> (Value, String) {
    let mut out = Vec::new();
    let tail = EntryTail::new(route, MOMENT);
    push_pair(&mut out, route, &route.main, &tail, artifact);
    assert_eq!(key(&out), route.main.key);
    let pair: Value = serde_json::from_slice(&out).unwrap();
    let value = pair["value"].as_str().unwrap().to_owned();
    assert_eq!(value.len(), value_bytes(&out));
    (pair, value)
}

#[test]
fn a_static_page_has_no_cache_control_and_no_ttl() {
    let (pair, value) = encode(&route(), b"<p class=\"x\">\\\n</p>");
    assert_eq!(
        value,
        r#"{"value":{"kind":"APP_PAGE","html":"<p class=\"x\">\\\n</p>"},"tags":["/a","ü\""],"lastModified":1500000,"revalidateAt":null,"expireAt":null}"#
    );
    assert_eq!(pair["metadata"], json!({ "tags": ["/a", "ü\""] }));
    assert!(pair.get("expiration_ttl").is_none());
}

#[test]
fn a_revalidating_page_counts_from_now_and_keeps_fractions() {
    let mut route = route();
    route.lifetime = Lifetime {
        revalidate_seconds: Some(0.0015),
        expire_seconds: Some(60.0),
        stale_seconds: Some(0.0),
    };
    route.ttl_seconds = Some(600);
    let (pair, value) = encode(&route, b"");
    assert!(value.ends_with(
        r#""revalidateAt":2000001.5,"expireAt":2060000,"cacheControl":{"revalidate":0.0015,"expire":60,"stale":0}}"#
    ));
    assert_eq!(pair["expiration_ttl"], 600);
}

#[test]
fn before_expiry_was_invented_entries_end_with_revalidate_at() {
    let mut route = route();
    route.has_expiry = false;
    route.lifetime.revalidate_seconds = Some(60.0);
    let (_, value) = encode(&route, b"");
    assert!(value.ends_with(r#""lastModified":1500000,"revalidateAt":2060000}"#));
}

#[test]
fn status_headers_and_proof_stand_in_the_value() {
    let mut route = route();
    route.status = Some(307);
    route.query_proof = QueryProof::PrerenderedFlag;
    let location = Headers::from_iter([("location".to_owned(), json!("/\"b\""))]);
    route.main.headers = Some(location);
    let (_, value) = encode(&route, b"");
    assert!(value.starts_with(
        r#"{"value":{"kind":"APP_PAGE","html":"","headers":{"location":"/\"b\""},"status":307,"prerendered":true},"tags""#
    ));
    route.query_proof = QueryProof::RenderObservation;
    let value: Value = serde_json::from_str(&encode(&route, b"").1).unwrap();
    assert_eq!(
        value["value"]["renderObservation"]["completeness"],
        "complete"
    );
}

#[test]
fn binary_payloads_are_padded_base64() {
    for (kind, expected) in [
        (
            ArtifactKind::Rsc,
            r#"{"value":{"kind":"APP_PAGE","html":"","rscData":"AP8Q"}"#,
        ),
        (
            ArtifactKind::Route,
            r#"{"value":{"kind":"APP_ROUTE","body":"AP8Q"}"#,
        ),
    ] {
        let mut route = route();
        route.main.kind = kind;
        assert!(encode(&route, b"\0\xff\x10").1.starts_with(expected));
        assert!(encode(&route, b"\0").1.contains("\"AA==\""));
        assert!(encode(&route, b"").1.contains("\"\"}"));
    }
}

#[test]
fn html_is_read_as_node_reads_it() {
    let (_, value) = encode(&route(), b"\xef\xbb\xbfa\xff\xe2\x82b\xed\xa0\x80");
    let value: Value = serde_json::from_str(&value).unwrap();
    let expected = "\u{feff}a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}\u{fffd}";
    assert_eq!(value["value"]["html"], expected);
}

#[test]
fn metadata_counts_bytes_and_is_left_out_over_the_limit() {
    let mut route = route();
    let tag = "ü".repeat(505) + "a";
    route.tags = TagList::from_iter([&tag]);
    let (pair, _) = encode(&route, b"");
    assert_eq!(
        serde_json::to_string(&pair["metadata"]).unwrap().len(),
        MAX_METADATA_BYTES
    );
    route.tags = TagList::from_iter([tag + "a"]);
    assert!(encode(&route, b"").0.get("metadata").is_none());
}
