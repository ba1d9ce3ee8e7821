//! One entry as one pair of a bulk request.
//!
//! In: a planned route and the content of its artifact. Out: the pair's JSON, its value byte for
//! byte what the runtime's own `JSON.stringify` would have stored, members in the same order.
//! Never: an intermediate document. The artifact is escaped straight into the request body.

use std::io::Write as _;

use super::json_text::{push_escaped, push_escaped_twice};
use crate::files;
use crate::formats::cache_key::ArtifactKind;
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
pub struct Timestamps {
    /// Now, in milliseconds since the epoch. Lifetimes count from here.
    pub now_ms: f64,
    /// When the pages were rendered. A tag that is invalidated later purges them, even if that
    /// happens before they are uploaded.
    pub rendered_at_ms: f64,
}

/// What the entries of one route have in common, encoded once.
#[derive(Debug)]
pub(super) struct EntryTail {
    /// The value's members after the artifact, as they stand in the pair's string:
    /// `…},\"tags\":[…],…}`.
    value: Vec<u8>,
    /// The pair's members after the value: TTL and metadata.
    pair: Vec<u8>,
}

impl EntryTail {
    pub(super) fn new(route: &PlannedRoute, timestamps: Timestamps) -> Self {
        let tags = tags_json(&route.tags);
        let mut plain = Vec::with_capacity(tags.len() + TAIL_BYTES);
        plain.extend_from_slice(match route.query_proof {
            QueryProof::None => b"",
            QueryProof::RenderObservation => QUERY_NOT_OBSERVED,
            QueryProof::PrerenderedFlag => br#","prerendered":true"#,
        });
        plain.extend_from_slice(b"},\"tags\":");
        plain.extend_from_slice(&tags);
        push_number(&mut plain, b",\"lastModified\":", timestamps.rendered_at_ms);
        let revalidate_at_ms = revalidate_at_ms(&route.lifetime, timestamps.now_ms);
        push_number_or_null(&mut plain, b",\"revalidateAt\":", revalidate_at_ms);
        if route.has_expiry {
            let expire_at_ms = expire_at_ms(&route.lifetime, timestamps.now_ms);
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
    artifact: &[u8],
) {
    out.extend_from_slice(KEY);
    push_escaped(out, entry.key.as_bytes());
    out.extend_from_slice(b"\",\"value\":\"");
    match entry.kind {
        ArtifactKind::Html => {
            push_escaped(out, br#"{"value":{"kind":"APP_PAGE","html":""#);
            push_escaped_twice(out, &files::text(artifact));
        }
        ArtifactKind::Rsc => {
            push_escaped(out, br#"{"value":{"kind":"APP_PAGE","html":"","rscData":""#);
            base64_simd::STANDARD.encode_append(artifact, out);
        }
        ArtifactKind::Route => {
            push_escaped(out, br#"{"value":{"kind":"APP_ROUTE","body":""#);
            base64_simd::STANDARD.encode_append(artifact, out);
        }
    }
    push_own_members(out, route, entry);
    out.extend_from_slice(&tail.value);
    out.push(b'"');
    out.extend_from_slice(&tail.pair);
}

/// Appends the end of the artifact and the members that an entry does not share with its route's
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
mod tests;
