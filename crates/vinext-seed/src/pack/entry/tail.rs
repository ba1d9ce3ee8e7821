//! The common part of a route's entries, encoded once: everything after the artifact.

use std::io::Write as _;

use super::super::digest;
use super::super::json_text::push_escaped;
use super::{Encoder, Timestamps};
use crate::formats::cache_key::ArtifactKind;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::Lifetime;
use crate::plan::PlannedRoute;
use crate::plan::lifetime::{expire_at_ms, revalidate_at_ms};
use crate::store::Frame;

/// Usual upper bound of an entry's tail without its tags.
const TAIL_BYTES: usize = 320;

/// The `revalidateAt` of an entry that is stale from the start, regardless of clocks.
const ALWAYS_STALE_MS: f64 = 0.0;

/// The `renderObservation` that says the query string was not read, and nothing more.
const QUERY_NOT_OBSERVED: &[u8] = br#","renderObservation":{"completeness":"complete","requestApis":[{"kind":"searchParams","status":"notObserved"}]}"#;

/// The common part of a route's entries, encoded once.
#[derive(Debug)]
pub(in crate::pack) struct EntryTail {
    /// The value's members after the artifact, `…},"tags":[…],…}`, as in the frame.
    pub(super) value: Vec<u8>,
    /// The length of these members in the value itself, in bytes.
    pub(super) value_bytes: usize,
    /// The pair's members after the value: TTL and metadata, which is open at its end. Of a raw value,
    /// the metadata that the store keeps elsewhere.
    pub(super) pair: Vec<u8>,
    /// The rest of the metadata after the entry's own record.
    pub(super) pair_end: &'static [u8],
    /// The common part of all entries' digests; `None` if the store has no room for a record.
    pub(super) identity: Option<Vec<u8>>,
    pub(super) lifetime: Lifetime,
    pub(super) has_expiry: bool,
}

impl Encoder {
    /// Encodes the common part of a route's entries.
    pub(in crate::pack) fn tail(&self, route: &PlannedRoute) -> EntryTail {
        let tags = tags_json(&route.tags);
        let mut plain = Vec::with_capacity(tags.len() + TAIL_BYTES);
        let query_proof: &[u8] = match route.query_proof {
            QueryProof::None => b"",
            QueryProof::RenderObservation => QUERY_NOT_OBSERVED,
            QueryProof::PrerenderedFlag => br#","prerendered":true"#,
        };
        plain.extend_from_slice(query_proof);
        // The value of a `notFound` is `null`, any other an object.
        let is_null = route
            .entries
            .iter()
            .any(|entry| entry.kind == ArtifactKind::PagesNotFound);
        plain.extend_from_slice(if is_null { b"" } else { b"}" });
        plain.extend_from_slice(b",\"tags\":");
        plain.extend_from_slice(&tags);
        let Timestamps {
            now_ms,
            rendered_at_ms,
        } = self.timestamps;
        push_number(&mut plain, b",\"lastModified\":", rendered_at_ms);
        let revalidate_at_ms = if route.starts_stale {
            Some(ALWAYS_STALE_MS)
        } else {
            revalidate_at_ms(&route.lifetime, now_ms)
        };
        push_number_or_null(&mut plain, b",\"revalidateAt\":", revalidate_at_ms);
        if route.has_expiry {
            let expire_at_ms = expire_at_ms(&route.lifetime, now_ms);
            push_number_or_null(&mut plain, b",\"expireAt\":", expire_at_ms);
            push_cache_control(&mut plain, &route.lifetime);
        }
        plain.push(b'}');
        // Every fifth byte or so needs an escape.
        let mut value = Vec::with_capacity(plain.len() + plain.len() / 2);
        self.frame.push_value(&mut value, &plain);
        let metadata_bytes = r#"{"tags":}"#.len() + tags.len();
        let max_bytes = self.limits.max_metadata_bytes;
        let has_room = metadata_bytes + digest::MAX_MEMBER_BYTES <= max_bytes;
        let (pair, pair_end) = match self.frame {
            Frame::BulkJson => self.pair_tail(route, &tags, metadata_bytes <= max_bytes),
            Frame::RawValue if has_room => ([b"{\"tags\":", &*tags].concat(), &b"}"[..]),
            Frame::RawValue => (Vec::new(), &b""[..]),
        };
        EntryTail {
            value,
            value_bytes: plain.len(),
            pair,
            pair_end,
            identity: has_room.then(|| digest::shared_part(route, &tags, query_proof)),
            lifetime: route.lifetime,
            has_expiry: route.has_expiry,
        }
    }

    fn pair_tail(
        &self,
        route: &PlannedRoute,
        tags: &[u8],
        has_metadata: bool,
    ) -> (Vec<u8>, &'static [u8]) {
        let mut pair = Vec::with_capacity(tags.len() + TAIL_BYTES);
        if let Some(ttl_seconds) = route.ttl_seconds {
            // Writing to a Vec cannot fail.
            let _ = write!(pair, ",\"expiration_ttl\":{ttl_seconds}");
        }
        if !has_metadata {
            return (pair, b"}");
        }
        pair.extend_from_slice(b",\"metadata\":{\"tags\":");
        pair.extend_from_slice(tags);
        (pair, b"}}")
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
