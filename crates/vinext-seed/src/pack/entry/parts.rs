//! The parts of one entry, and their order in the frame.

use super::super::frame::Sink;
#[cfg(doc)]
use super::Encoder;
use super::{EntryTail, KEY};
use crate::formats::cache_key::ArtifactKind;
use crate::plan::PlannedEntry;
use crate::store::Frame;

/// The parts of an entry.
#[derive(Clone, Copy, Debug)]
pub(in crate::pack) struct EntryParts<'a> {
    pub(in crate::pack) entry: &'a PlannedEntry,
    pub(in crate::pack) artifact: &'a [u8],
    /// The part of a document of the Pages Router that is its data, as JSON; else nothing.
    pub(in crate::pack) page_data: &'a [u8],
    /// See [`Encoder::own_members`].
    pub(in crate::pack) own_members: &'a [u8],
    pub(in crate::pack) tail: &'a EntryTail,
    /// The member of the metadata that says what the entry is, see [`Encoder::identify`]; or nothing.
    pub(in crate::pack) record: &'a str,
}

impl EntryParts<'_> {
    pub(super) fn push(&self, out: &mut impl Sink, frame: Frame) {
        if frame == Frame::BulkJson {
            out.verbatim(KEY);
            out.escaped(self.entry.key.as_bytes());
            out.verbatim(b"\",\"value\":\"");
        }
        self.push_artifact(out, frame);
        frame.push_value(out, self.own_members);
        out.verbatim(&self.tail.value);
        if frame == Frame::BulkJson {
            out.verbatim(b"\"");
            out.verbatim(&self.tail.pair);
            out.verbatim(self.record.as_bytes());
            out.verbatim(self.tail.pair_end);
        }
    }

    /// Appends the value up to the last character of the artifact.
    pub(super) fn push_artifact(&self, out: &mut impl Sink, frame: Frame) {
        match self.entry.kind {
            ArtifactKind::Html => {
                frame.push_value(out, br#"{"value":{"kind":"APP_PAGE","html":""#);
                push_document(out, frame, self.artifact);
            }
            ArtifactKind::Rsc => {
                frame.push_value(out, br#"{"value":{"kind":"APP_PAGE","html":"","rscData":""#);
                out.base64(self.artifact);
            }
            ArtifactKind::Pages => {
                frame.push_value(out, br#"{"value":{"kind":"PAGES","html":""#);
                push_document(out, frame, self.artifact);
                frame.push_value(out, br#"","pageData":"#);
                frame.push_value(out, self.page_data);
            }
            ArtifactKind::PagesRedirect => {
                frame.push_value(out, br#"{"value":{"kind":"REDIRECT","props":"#);
                frame.push_value(out, self.artifact);
            }
            ArtifactKind::PagesNotFound => {
                frame.push_value(out, br#"{"value":"#);
                frame.push_value(out, self.artifact);
            }
            ArtifactKind::Route => {
                frame.push_value(out, br#"{"value":{"kind":"APP_ROUTE","body":""#);
                out.base64(self.artifact);
            }
        }
    }
}

/// Appends a document as Node reads it: a byte order mark stays, and invalid bytes become U+FFFD,
/// one for each maximal part of a sequence.
fn push_document(out: &mut impl Sink, frame: Frame, artifact: &[u8]) {
    if let Ok(text) = simdutf8::basic::from_utf8(artifact) {
        frame.push_text(out, text);
        return;
    }
    for chunk in artifact.utf8_chunks() {
        frame.push_text(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            frame.push_text(out, "\u{fffd}");
        }
    }
}
