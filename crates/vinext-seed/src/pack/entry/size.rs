//! Checks that a store accepts an entry, before memory is reserved for it.

use super::super::digest;
use super::super::frame::{Bound, Count};
use super::{Encoder, EntryParts};
use crate::formats::cache_key::ArtifactKind;
use crate::plan::{PlannedEntry, SkipReason};
use crate::store::Frame;

/// Upper bound of the names of an entry's members, in bytes.
const MEMBER_BYTES: usize = 256;

/// The most bytes that encode one byte of an artifact: `\\u001f`.
const MAX_ESCAPE_BYTES: usize = 7;

/// The size of an entry, in bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::pack) struct EncodedSize {
    /// Its value, as the store counts it.
    pub(in crate::pack) value_bytes: usize,
    /// The whole entry as encoded in the frame.
    pub(in crate::pack) framed_bytes: usize,
}

impl Encoder {
    /// Checks the size of a file before any of it is read.
    pub(in crate::pack) fn check_file(
        &self,
        entry: &PlannedEntry,
        bytes: u64,
    ) -> Result<(), SkipReason> {
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
    pub(in crate::pack) fn check_size(&self, parts: EntryParts<'_>) -> Result<(), SkipReason> {
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
    pub(in crate::pack) fn size_if_large(&self, parts: EntryParts<'_>) -> Option<EncodedSize> {
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
    pub(in crate::pack) fn framed_bytes_at_most(&self, parts: EntryParts<'_>) -> usize {
        let mut bound = Bound::default();
        parts.push(&mut bound, self.frame);
        bound.0
    }
}
