//! One entry, laid out for a store.
//!
//! Invariant: the value is, byte for byte, what the runtime's own `JSON.stringify` would have
//! stored, members in the same order. The artifact is escaped straight into the request body; there
//! is no intermediate document.

mod parts;
mod size;
mod tail;

use std::borrow::Cow;
use std::io::Write as _;

use super::digest::{self, EntryDigest};
use super::json_text::needs_escaping;
use crate::formats::cache_key::ArtifactKind;
use crate::plan::{PlannedEntry, PlannedRoute};
use crate::store::{Frame, StoreLimits};
pub(super) use parts::EntryParts;
pub(super) use tail::EntryTail;

/// The start of every pair of a bulk request.
const KEY: &[u8] = b"{\"key\":\"";

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

impl Encoder {
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
        let member = digest::member(&digest, &tail.lifetime, tail.has_expiry, self.timestamps);
        Some((digest, member))
    }

    /// An entry's metadata, where the frame leaves it out; `None` if the store keeps none.
    pub(super) fn metadata_aside(&self, tail: &EntryTail, record: &str) -> Option<String> {
        let is_aside = self.frame == Frame::RawValue && tail.identity.is_some();
        let metadata = || [&*tail.pair, record.as_bytes(), tail.pair_end].concat();
        is_aside
            .then(metadata)
            .and_then(|metadata| String::from_utf8(metadata).ok())
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

    /// Where the key is in the encoded entry; `None` if it is escaped there.
    pub(super) fn key_offset(&self, key: &str) -> Option<usize> {
        match self.frame {
            Frame::BulkJson if !needs_escaping(key.as_bytes()) => Some(KEY.len()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
