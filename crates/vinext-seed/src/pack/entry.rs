//! One entry as one pair of a bulk request.
//!
//! In: a planned route and the content of its artefact. Out: the pair's JSON, its value byte for
//! byte what the runtime's own `JSON.stringify` would have stored, members in the same order.
//! Never: an intermediate document. The artefact is escaped straight into the request body.

use std::io::Write as _;

use super::json_text::{push_escaped, push_escaped_twice};
use crate::files;
use crate::formats::cache_key::ArtefactKind;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::Lifetime;
use crate::plan::lifetime::{expire_at_ms, revalidate_at_ms};
use crate::plan::{PlannedEntry, PlannedRoute};

/// The largest serialised metadata Workers KV takes, in bytes (Cloudflare KV limits).
const MAX_METADATA_BYTES: usize = 1024;

/// What every pair begins with.
const KEY: &[u8] = b"{\"key\":\"";

/// More than an entry's tail has besides its tags, nearly always.
const TAIL_BYTES: usize = 320;

/// The `renderObservation` that says the query string was not read, and nothing more.
const QUERY_NOT_OBSERVED: &[u8] = br#","renderObservation":{"completeness":"complete","requestApis":[{"kind":"searchParams","status":"notObserved"}]}"#;

/// When the site is seeded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Now, in milliseconds since the epoch. Lifetimes count from here.
    pub now_ms: f64,
    /// When the pages were rendered. A tag that is invalidated later purges them, even if that
    /// happens before they are uploaded.
    pub rendered_at_ms: f64,
}

/// What the entries of one route have in common, encoded once.
#[derive(Debug)]
pub(super) struct EntryTail {
    /// The value's members after the artefact, as they stand in the pair's string:
    /// `…},\"tags\":[…],…}`.
    value: Vec<u8>,
    /// The pair's members after the value: TTL and metadata.
    pair: Vec<u8>,
}

impl EntryTail {
    pub(super) fn new(route: &PlannedRoute, moment: Moment) -> Self {
        let tags = tags_json(&route.tags);
        let mut plain = Vec::with_capacity(tags.len() + TAIL_BYTES);
        plain.extend_from_slice(match route.query_proof {
            QueryProof::None => b"",
            QueryProof::RenderObservation => QUERY_NOT_OBSERVED,
            QueryProof::PrerenderedFlag => br#","prerendered":true"#,
        });
        plain.extend_from_slice(b"},\"tags\":");
        plain.extend_from_slice(&tags);
        push_number(&mut plain, b",\"lastModified\":", moment.rendered_at_ms);
        let revalidate_at_ms = revalidate_at_ms(&route.lifetime, moment.now_ms);
        push_number_or_null(&mut plain, b",\"revalidateAt\":", revalidate_at_ms);
        if route.has_expiry {
            let expire_at_ms = expire_at_ms(&route.lifetime, moment.now_ms);
            push_number_or_null(&mut plain, b",\"expireAt\":", expire_at_ms);
            push_cache_control(&mut plain, &route.lifetime);
        }
        plain.push(b'}');
        let mut value = Vec::new();
        push_escaped(&mut value, &plain);

        let mut pair = Vec::with_capacity(tags.len() + TAIL_BYTES);
        if let Some(ttl_seconds) = route.ttl_seconds {
            // Writing to a Vec cannot fail.
            let _ = write!(pair, ",\"expiration_ttl\":{ttl_seconds}");
        }
        if r#"{"tags":}"#.len() + tags.len() <= MAX_METADATA_BYTES {
            pair.extend_from_slice(b",\"metadata\":{\"tags\":");
            pair.extend_from_slice(&tags);
            pair.push(b'}');
        }
        pair.push(b'}');
        Self { value, pair }
    }
}

fn tags_json(tags: &TagList) -> Vec<u8> {
    let mut json = Vec::with_capacity(tags.text().len() + TAIL_BYTES);
    for tag in tags.iter() {
        json.extend_from_slice(if json.is_empty() { b"[\"" } else { b",\"" });
        push_escaped(&mut json, tag.as_bytes());
        json.push(b'"');
    }
    json.extend_from_slice(if json.is_empty() { b"[]" } else { b"]" });
    json
}

fn push_cache_control(out: &mut Vec<u8>, lifetime: &Lifetime) {
    let Some(revalidate) = lifetime.revalidate_seconds else {
        return;
    };
    push_number(out, b",\"cacheControl\":{\"revalidate\":", revalidate);
    if let Some(expire) = lifetime.expire_seconds {
        push_number(out, b",\"expire\":", expire);
    }
    if let Some(stale) = lifetime.stale_seconds {
        push_number(out, b",\"stale\":", stale);
    }
    out.push(b'}');
}

/// Appends a member's name and a number as JavaScript prints it.
fn push_number(out: &mut Vec<u8>, name: &[u8], number: f64) {
    out.extend_from_slice(name);
    out.extend_from_slice(ryu_js::Buffer::new().format(number).as_bytes());
}

fn push_number_or_null(out: &mut Vec<u8>, name: &[u8], number: Option<f64>) {
    match number {
        Some(number) => push_number(out, name, number),
        None => {
            out.extend_from_slice(name);
            out.extend_from_slice(b"null");
        }
    }
}

/// Appends the pair of an entry.
pub(super) fn push_pair(
    out: &mut Vec<u8>,
    route: &PlannedRoute,
    entry: &PlannedEntry,
    tail: &EntryTail,
    artefact: &[u8],
) {
    out.extend_from_slice(KEY);
    push_escaped(out, entry.key.as_bytes());
    out.extend_from_slice(b"\",\"value\":\"");
    match entry.kind {
        ArtefactKind::Html => {
            push_escaped(out, br#"{"value":{"kind":"APP_PAGE","html":""#);
            push_escaped_twice(out, &files::text(artefact));
        }
        ArtefactKind::Rsc => {
            push_escaped(out, br#"{"value":{"kind":"APP_PAGE","html":"","rscData":""#);
            base64_simd::STANDARD.encode_append(artefact, out);
        }
        ArtefactKind::Route => {
            push_escaped(out, br#"{"value":{"kind":"APP_ROUTE","body":""#);
            base64_simd::STANDARD.encode_append(artefact, out);
        }
    }
    push_own_members(out, route, entry);
    out.extend_from_slice(&tail.value);
    out.push(b'"');
    out.extend_from_slice(&tail.pair);
}

/// Appends the end of the artefact and the members that an entry does not share with its route's
/// other entries.
fn push_own_members(out: &mut Vec<u8>, route: &PlannedRoute, entry: &PlannedEntry) {
    push_escaped(out, b"\"");
    if let Some(headers) = &entry.headers {
        push_escaped(out, b",\"headers\":");
        // Names with strings: there is nothing in them that JSON cannot hold.
        push_escaped(out, &serde_json::to_vec(headers).unwrap_or_default());
    }
    if let Some(status) = route.status {
        push_escaped(out, format!(",\"status\":{status}").as_bytes());
    }
}

/// The key of an encoded pair.
pub(super) fn key(pair: &[u8]) -> String {
    string_at(pair, KEY.len() - 1).unwrap_or_default()
}

/// The length of an encoded pair's value in bytes, as KV counts it: with the inner escapes only.
pub(super) fn value_bytes(pair: &[u8]) -> usize {
    let members: Option<Pair<'_>> = serde_json::from_slice(pair).ok();
    members.map_or(pair.len(), |pair| pair.value.len())
}

#[derive(serde::Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    value: std::borrow::Cow<'a, str>,
}

/// The JSON string that begins at `offset`. There always is one: every pair was encoded here.
fn string_at(pair: &[u8], offset: usize) -> Option<String> {
    serde_json::Deserializer::from_slice(&pair[offset..])
        .into_iter()
        .next()?
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Headers;
    use serde_json::{Value, json};

    const MOMENT: Moment = Moment {
        now_ms: 2_000_000.0,
        rendered_at_ms: 1_500_000.0,
    };

    fn route() -> PlannedRoute {
        PlannedRoute {
            main: PlannedEntry {
                kind: ArtefactKind::Html,
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

    fn encode(route: &PlannedRoute, artefact: &[u8]) -> (Value, String) {
        let mut out = Vec::new();
        let tail = EntryTail::new(route, MOMENT);
        push_pair(&mut out, route, &route.main, &tail, artefact);
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
                ArtefactKind::Rsc,
                r#"{"value":{"kind":"APP_PAGE","html":"","rscData":"AP8Q"}"#,
            ),
            (
                ArtefactKind::Route,
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
}
