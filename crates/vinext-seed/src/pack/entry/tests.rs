//! Entries, byte for byte.

use super::*;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::{Headers, Lifetime};
use crate::store::cloudflare_kv;
use serde_json::{Value, json};

const MOMENT: Timestamps = Timestamps {
    now_ms: 2_000_000.0,
    rendered_at_ms: 1_500_000.0,
};

fn route() -> PlannedRoute {
    PlannedRoute {
        entries: vec![PlannedEntry {
            kind: ArtifactKind::Html,
            is_required: true,
            file: "a.html".into(),
            from_manifest: None,
            key: "cache:app:b:/\"日:html".into(),
            headers: None,
            priority: Default::default(),
        }],
        payload_check: None,
        page_data_check: None,
        tags: TagList::from_iter(["/a", "ü\""]),
        lifetime: Lifetime::default(),
        starts_stale: false,
        ttl_seconds: None,
        status: None,
        query_proof: QueryProof::None,
        has_expiry: true,
    }
}

fn encode(route: &PlannedRoute, artifact: &[u8]) -> (Value, String) {
    let encode = |frame| {
        let encoder = Encoder {
            frame,
            limits: cloudflare_kv::LIMITS,
            timestamps: MOMENT,
        };
        let own_members = Encoder::own_members(route, &route.entries[0]);
        let mut out = Vec::new();
        let parts = EntryParts {
            entry: &route.entries[0],
            artifact,
            page_data: &[],
            own_members: &own_members,
            tail: &encoder.tail(route),
            record: "",
        };
        encoder.push(&mut out, parts);
        out
    };
    let pair: Value = serde_json::from_slice(&encode(Frame::BulkJson)).unwrap();
    assert_eq!(pair["key"], route.entries[0].key);
    let value = pair["value"].as_str().unwrap().to_owned();
    let raw = String::from_utf8(encode(Frame::RawValue)).unwrap();
    assert_eq!(raw, value);
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
fn formats_without_expiry_end_with_revalidate_at() {
    let mut route = route();
    route.has_expiry = false;
    route.lifetime.revalidate_seconds = Some(60.0);
    let (_, value) = encode(&route, b"");
    assert!(value.ends_with(r#""lastModified":1500000,"revalidateAt":2060000}"#));
}

#[test]
fn writes_status_headers_and_proof_into_the_value() {
    let mut route = route();
    route.status = Some(307);
    route.query_proof = QueryProof::PrerenderedFlag;
    let location = Headers::from_iter([("location".to_owned(), json!("/\"b\""))]);
    route.entries[0].headers = Some(location);
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
        route.entries[0].kind = kind;
        assert!(encode(&route, b"\0\xff\x10").1.starts_with(expected));
        assert!(encode(&route, b"\0").1.contains("\"AA==\""));
        assert!(encode(&route, b"").1.contains("\"\"}"));
    }
}

#[test]
fn decodes_html_like_node() {
    let (_, value) = encode(&route(), b"\xef\xbb\xbfa\xff\xe2\x82b\xed\xa0\x80");
    let value: Value = serde_json::from_str(&value).unwrap();
    let expected = "\u{feff}a\u{fffd}\u{fffd}b\u{fffd}\u{fffd}\u{fffd}";
    assert_eq!(value["value"]["html"], expected);
}

#[test]
fn computes_sizes_before_encoding() {
    let mut limits = cloudflare_kv::LIMITS;
    let encoder = |frame, limits| Encoder {
        frame,
        limits,
        timestamps: MOMENT,
    };
    let mut route = route();
    route.status = Some(404);
    let artifact = "\u{1}\"é\u{fffd}".repeat(1000);
    for frame in [Frame::BulkJson, Frame::RawValue] {
        let own_members = Encoder::own_members(&route, &route.entries[0]);
        let tail = encoder(frame, limits).tail(&route);
        let parts = EntryParts {
            entry: &route.entries[0],
            artifact: artifact.as_bytes(),
            page_data: &[],
            own_members: &own_members,
            tail: &tail,
            record: "",
        };
        limits.max_value_bytes = 25 * 1024 * 1024;
        assert_eq!(encoder(frame, limits).size_if_large(parts), None);
        limits.max_value_bytes = 20_000;
        let mut out = Vec::new();
        encoder(frame, limits).push(&mut out, parts);
        let size = encoder(frame, limits).size_if_large(parts).unwrap();
        assert_eq!(size.framed_bytes, out.len());
        let (_, value) = encode(&route, artifact.as_bytes());
        assert_eq!(size.value_bytes, value.len());
    }
}

#[test]
fn omits_metadata_over_the_limit_in_bytes() {
    let mut route = route();
    let tag = "ü".repeat(505) + "a";
    route.tags = TagList::from_iter([&tag]);
    let (pair, _) = encode(&route, b"");
    assert_eq!(
        serde_json::to_string(&pair["metadata"]).unwrap().len(),
        cloudflare_kv::LIMITS.max_metadata_bytes
    );
    route.tags = TagList::from_iter([tag + "a"]);
    assert!(encode(&route, b"").0.get("metadata").is_none());
}
