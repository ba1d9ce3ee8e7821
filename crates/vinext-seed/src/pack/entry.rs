//! One entry, laid out for a store.
//!
//! Invariant: the value is, byte for byte, what the runtime's own `JSON.stringify` would have
//! stored, members in the same order. The artifact is escaped straight into the request body; there
//! is no intermediate document.

mod parts;

use std::borrow::Cow;
use std::io::Write as _;

use super::digest::{self, EntryDigest};
use super::frame::{Bound, Count};
use super::json_text::{needs_escaping, push_escaped};
use crate::formats::cache_key::ArtifactKind;
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::Lifetime;
use crate::plan::lifetime::{expire_at_ms, revalidate_at_ms};
use crate::plan::{PlannedEntry, PlannedRoute, SkipReason};
use crate::store::{Frame, StoreLimits};
pub(super) use parts::EntryParts;

/// The start of every pair of a bulk request.
const KEY: &[u8] = b"{\"key\":\"";

/// Usual upper bound of an entry's tail without its tags.
const TAIL_BYTES: usize = 320;

/// Upper bound of the names of an entry's members, in bytes.
const MEMBER_BYTES: usize = 256;

/// The `revalidateAt` of an entry that is stale from the start, regardless of clocks.
const ALWAYS_STALE_MS: f64 = 0.0;

/// The most bytes that encode one byte of an artifact: `\\u001f`.
const MAX_ESCAPE_BYTES: usize = 7;

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

/// Lays out the entries of a site for one store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Encoder {
    pub(super) frame: Frame,
    pub(super) limits: StoreLimits,
    pub(super) timestamps: Timestamps,
}

/// The common part of a route's entries, encoded once.
#[derive(Debug)]
pub(super) struct EntryTail {
    /// The value's members after the artifact, `…},"tags":[…],…}`, as in the frame.
    value: Vec<u8>,
    /// The length of these members in the value itself, in bytes.
    value_bytes: usize,
    /// The pair's members after the value: TTL and metadata, which is open at its end. Of a raw value,
    /// the metadata that the store keeps elsewhere.
    pair: Vec<u8>,
    /// The rest of the metadata after the entry's own record.
    pair_end: &'static [u8],
    /// The common part of all entries' digests; `None` if the store has no room for a record.
    identity: Option<Vec<u8>>,
    lifetime: Lifetime,
    has_expiry: bool,
}

/// The size of an entry, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct EncodedSize {
    /// Its value, as the store counts it.
    pub(super) value_bytes: usize,
    /// The whole entry as encoded in the frame.
    pub(super) framed_bytes: usize,
}

impl Encoder {
    /// Encodes the common part of a route's entries.
    pub(super) fn tail(&self, route: &PlannedRoute) -> EntryTail {
        let tags = tags_json(&route.tags);
        let mut plain = Vec::with_capacity(tags.len() + TAIL_BYTES);
        plain.extend_from_slice(match route.query_proof {
            QueryProof::None => b"",
            QueryProof::RenderObservation => QUERY_NOT_OBSERVED,
            QueryProof::PrerenderedFlag => br#","prerendered":true"#,
        });
        let query_proof = plain.clone();
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
        let mut value = Vec::new();
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
            identity: has_room.then(|| digest::shared_part(route, &tags, &query_proof)),
            lifetime: route.lifetime,
            has_expiry: route.has_expiry,
        }
    }

    /// The identity of an entry, and the member of its metadata that records it, if there is room.
    pub(super) fn identify(
        &self,
        entry: &PlannedEntry,
        tail: &EntryTail,
        own_members: &[u8],
        artifact: &[u8],
    ) -> Option<(EntryDigest, String)> {
        let shared = tail.identity.as_ref()?;
        let digest = digest::digest(entry, shared, own_members, artifact);
        let record = digest::record(&digest, &tail.lifetime, tail.has_expiry, self.timestamps);
        Some((digest, format!(",\"{}\":\"{record}\"", digest::MEMBER)))
    }

    /// An entry's metadata, where the frame leaves it out; `None` if the store keeps none.
    pub(super) fn metadata_aside(&self, tail: &EntryTail, record: &str) -> Option<String> {
        let is_aside = self.frame == Frame::RawValue && tail.identity.is_some();
        let metadata = || [&*tail.pair, record.as_bytes(), tail.pair_end].concat();
        is_aside
            .then(metadata)
            .and_then(|metadata| String::from_utf8(metadata).ok())
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

    /// An entry's members that it does not share with its route's other entries, up to the end of
    /// the artifact's string.
    pub(super) fn own_members(route: &PlannedRoute, entry: &PlannedEntry) -> Cow<'static, [u8]> {
        let end: &[u8] = match entry.kind {
            ArtifactKind::Html | ArtifactKind::Rsc | ArtifactKind::Route => b"\"",
            // They end with JSON other than a string.
            ArtifactKind::Pages | ArtifactKind::PagesRedirect | ArtifactKind::PagesNotFound => b"",
        };
        if entry.headers.is_none() && route.status.is_none() {
            return Cow::Borrowed(end);
        }
        let mut json = end.to_vec();
        if let Some(headers) = &entry.headers {
            json.extend_from_slice(b",\"headers\":");
            // Names with JSON values, which can always be serialized.
            json.extend_from_slice(&serde_json::to_vec(headers).unwrap_or_default());
        }
        if let Some(status) = route.status {
            // Writing to a Vec cannot fail.
            let _ = write!(json, ",\"status\":{status}");
        }
        Cow::Owned(json)
    }

    /// Appends an entry, encoded for the frame.
    pub(super) fn push(&self, out: &mut Vec<u8>, parts: EntryParts<'_>) {
        parts.push(out, self.frame);
    }

    /// Checks the size of a file before any of it is read.
    pub(super) fn check_file(&self, entry: &PlannedEntry, bytes: u64) -> Result<(), SkipReason> {
        // Escapes only ever add bytes.
        let value_bytes = match entry.kind {
            ArtifactKind::Html
            | ArtifactKind::Pages
            | ArtifactKind::PagesRedirect
            | ArtifactKind::PagesNotFound => bytes,
            ArtifactKind::Rsc | ArtifactKind::Route => bytes.div_ceil(3).saturating_mul(4),
        };
        let limit_bytes = self.limits.max_value_bytes.min(self.limits.max_body_bytes);
        if value_bytes > limit_bytes as u64 {
            Err(SkipReason::ValueTooLarge {
                file: entry.file.clone(),
                bytes: value_bytes,
                limit_bytes: limit_bytes as u64,
            })
        } else {
            Ok(())
        }
    }

    /// Checks that the store accepts the entry, before it is encoded.
    pub(super) fn check_size(&self, parts: EntryParts<'_>) -> Result<(), SkipReason> {
        let Some(size) = self.size_if_large(parts) else {
            return Ok(());
        };
        let too_large = |bytes, limit_bytes| {
            Err(SkipReason::ValueTooLarge {
                file: parts.entry.file.clone(),
                bytes: bytes as u64,
                limit_bytes: limit_bytes as u64,
            })
        };
        let body_bytes = self.frame.framing_bytes() + size.framed_bytes;
        if size.value_bytes > self.limits.max_value_bytes {
            too_large(size.value_bytes, self.limits.max_value_bytes)
        } else if body_bytes > self.limits.max_body_bytes {
            too_large(size.framed_bytes, self.limits.max_body_bytes)
        } else {
            Ok(())
        }
    }

    /// The size of an entry that may exceed the store's limit; `None` if it cannot, for any content
    /// of the artifact.
    pub(super) fn size_if_large(&self, parts: EntryParts<'_>) -> Option<EncodedSize> {
        let escaped = parts.artifact.len()
            + parts.page_data.len()
            + parts.own_members.len()
            + parts.tail.value_bytes
            + parts.entry.key.len();
        let at_most = MAX_ESCAPE_BYTES * (escaped + MEMBER_BYTES)
            + parts.tail.pair.len()
            + digest::MAX_MEMBER_BYTES;
        let limit_bytes = self.limits.max_value_bytes.min(self.limits.max_body_bytes);
        if at_most <= limit_bytes {
            return None;
        }
        let (mut value, mut framed) = (Count::default(), Count::default());
        parts.push_artifact(&mut value, Frame::RawValue);
        parts.push(&mut framed, self.frame);
        Some(EncodedSize {
            value_bytes: value.0 + parts.own_members.len() + parts.tail.value_bytes,
            framed_bytes: framed.0,
        })
    }

    /// The largest size an entry can have in the frame, computed in less time than it takes to
    /// encode it.
    pub(super) fn framed_bytes_at_most(&self, parts: EntryParts<'_>) -> usize {
        let mut bound = Bound::default();
        parts.push(&mut bound, self.frame);
        bound.0
    }

    /// Where the key is in the encoded entry; `None` if it is escaped there.
    pub(super) fn key_offset(&self, key: &str) -> Option<usize> {
        match self.frame {
            Frame::BulkJson if !needs_escaping(key.as_bytes()) => Some(KEY.len()),
            _ => None,
        }
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

#[cfg(test)]
mod tests;
