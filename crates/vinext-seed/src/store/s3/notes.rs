//! The digests of a build's entries, in one object beside them.
//!
//! A listing of S3 has an `ETag` for each object, and no metadata. So a run notes the metadata of each entry
//! with the `ETag` that writing it returned, and later listings return it for objects that still have that
//! `ETag`: nobody has written them since.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use object_store::PutPayload;
use object_store::path::Path;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

/// The most memory that the notes of a build take, in bytes: room for 50,000 entries with five tags. Entries
/// beyond it are written by every run.
pub(super) const MAX_NOTES_BYTES: usize = 24 * 1024 * 1024;

/// What a note takes beside its line: its place in the map, at most twice as large as what is in it, and what
/// the allocator adds to the line.
const PLACE_BYTES: usize = 2 * (size_of::<u128>() + size_of::<Note>()) + 32;

/// More than the first line of the object can take: its longest parts are two object names of 1,024 bytes
/// each, which JSON escapes make at most six times as long.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// No object of ours is larger.
pub(super) const MAX_OBJECT_BYTES: u64 = (MAX_NOTES_BYTES + MAX_HEADER_BYTES) as u64;

/// The form of the object. Another meaning of a member is another form.
const FORM: u64 = 1;

/// The notes of one build.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// By the hash of the key.
    notes: BTreeMap<u128, Note>,
    bytes: usize,
    left_out: usize,
}

#[derive(Debug)]
struct Note {
    /// As in the object, with the line break before it.
    line: Bytes,
    /// Whether this run has written the object, or listed it with this `ETag`.
    is_current: bool,
}

/// The object with the notes of a build: beside the entries of all builds, since a handler may look at
/// everything under its prefix.
pub(super) fn object(prefix: &str, key_prefix: &str) -> Path {
    let place = format!("{prefix}\0{key_prefix}");
    let name = xxh3_128(place.as_bytes());
    Path::from(format!("vinext-seed/digests/{name:032x}.jsonl"))
}

impl Notes {
    /// Notes what was written, in place of what was noted before.
    pub(super) fn add(&mut self, key: &str, etag: &str, metadata: &str) {
        self.insert(key, etag, metadata, true);
    }

    /// The metadata of an object, if it is still the one that was noted.
    pub(super) fn metadata_of(&mut self, key: &str, etag: &str) -> Option<Value> {
        let note = self.notes.get_mut(&hash(key))?;
        let (noted_key, noted_etag, metadata) = parse_line(&note.line)?;
        note.is_current = noted_key == key && noted_etag == etag;
        note.is_current.then_some(metadata)
    }

    /// How many entries there was no room for.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The notes as they are stored: a line that says what they are of, and one for each entry. What is
    /// not stored any more is omitted. No line is copied.
    pub(super) fn to_object(&self, prefix: &str, key_prefix: &str) -> PutPayload {
        let current = || self.notes.values().filter(|note| note.is_current);
        let header = json!({
            "form": FORM,
            "prefix": prefix,
            "keyPrefix": key_prefix,
            "entries": current().count(),
        });
        let header = std::iter::once(Bytes::from(header.to_string()));
        header
            .chain(current().map(|note| note.line.clone()))
            .collect()
    }

    /// Reads notes; `None` if they are damaged, of another build or of another form.
    pub(super) fn parse(bytes: &[u8], prefix: &str, key_prefix: &str) -> Option<Self> {
        let mut lines = bytes.split(|&byte| byte == b'\n');
        let header: Value = serde_json::from_slice(lines.next()?).ok()?;
        let is_ours = header["form"].as_u64() == Some(FORM)
            && header["prefix"].as_str() == Some(prefix)
            && header["keyPrefix"].as_str() == Some(key_prefix);
        let mut notes = is_ours.then(Self::default)?;
        for line in lines {
            let (key, etag, metadata) = parse_line(line)?;
            notes.insert(&key, &etag, &metadata.to_string(), false);
        }
        let entries = usize::try_from(header["entries"].as_u64()?).ok()?;
        (notes.notes.len() == entries).then_some(notes)
    }

    fn insert(&mut self, key: &str, etag: &str, metadata: &str, is_current: bool) {
        let hash = hash(key);
        if let Some(before) = self.notes.remove(&hash) {
            self.bytes -= before.held_bytes();
        }
        let line = format!("\n[{},{},{metadata}]", json!(key), json!(etag));
        let note = Note {
            // Without the room that a growing string has left over.
            line: line.into_bytes().into_boxed_slice().into(),
            is_current,
        };
        if self.bytes + note.held_bytes() > MAX_NOTES_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += note.held_bytes();
        self.notes.insert(hash, note);
    }
}

impl Note {
    fn held_bytes(&self) -> usize {
        self.line.len() + PLACE_BYTES
    }
}

fn hash(key: &str) -> u128 {
    xxh3_128(key.as_bytes())
}

/// The key, the `ETag` and the metadata of a line.
fn parse_line(line: &[u8]) -> Option<(Cow<'_, str>, Cow<'_, str>, Value)> {
    serde_json::from_slice(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{"seed":"1.AA.1.","tags":["a","b"]}"#;

    fn parsed(text: &str) -> Option<Notes> {
        Notes::parse(text.as_bytes(), "site/", "cache:b1:")
    }

    fn text() -> String {
        let mut notes = Notes::default();
        notes.add("cache:b1:/\"\n:html", "\"e1\"", METADATA);
        notes.add("cache:b1:/a:html", "\"e2\"", METADATA);
        text_of(&notes)
    }

    fn text_of(notes: &Notes) -> String {
        let object = notes.to_object("site/", "cache:b1:");
        let pieces = object.iter().flat_map(|piece| piece.iter().copied());
        String::from_utf8(pieces.collect()).unwrap()
    }

    #[test]
    fn an_object_has_its_metadata_as_long_as_its_etag_is_the_same() {
        let mut notes = parsed(&text()).unwrap();
        let found = notes.metadata_of("cache:b1:/\"\n:html", "\"e1\"").unwrap();
        assert_eq!(found.to_string(), METADATA);
        assert_eq!(notes.metadata_of("cache:b1:/a:html", "\"e3\""), None);
        assert_eq!(notes.metadata_of("cache:b1:/b:html", "\"e2\""), None);
        // Objects that were rewritten or are gone have no note any more.
        let mut later = parsed(&text_of(&notes)).unwrap();
        assert_eq!(later.metadata_of("cache:b1:/a:html", "\"e2\""), None);
        assert_eq!(later.notes.len(), 1);
    }

    #[test]
    fn damaged_and_foreign_notes_are_none() {
        let text = text();
        assert!(parsed(&text).is_some());
        for (foreign, prefix, key_prefix) in [
            ("other prefix", "", "cache:b1:"),
            ("other build", "site/", "cache:b2:"),
        ] {
            let notes = Notes::parse(text.as_bytes(), prefix, key_prefix);
            assert!(notes.is_none(), "{foreign}");
        }
        for end in 0..text.len() {
            assert!(parsed(&text[..end]).is_none(), "cut off at {end}");
        }
        for damaged in [
            text.replace("\"form\":1", "\"form\":2"),
            text.replace("\"entries\":2", "\"entries\":3"),
            format!("{text}\n"),
            format!("{text}\nnull"),
            String::new(),
            "null".to_owned(),
        ] {
            assert!(parsed(&damaged).is_none(), "{damaged}");
        }
        assert!(Notes::parse(b"\xff", "site/", "cache:b1:").is_none());
    }

    #[test]
    fn notes_are_bounded_and_what_has_no_room_is_counted() {
        let mut notes = Notes::default();
        let metadata = format!("{{\"tags\":[\"{}\"]}}", "t".repeat(8000));
        for number in 0..4000 {
            notes.add(&format!("cache:b1:/{number}"), "\"e\"", &metadata);
        }
        assert_eq!(notes.notes.len() + notes.left_out(), 4000);
        assert!(notes.left_out() > 0);
        let text = text_of(&notes);
        assert!(text.len() as u64 <= MAX_OBJECT_BYTES);
        assert!(text.len() > MAX_NOTES_BYTES / 2);
        // Writing an entry again takes no more room.
        let bytes = notes.bytes;
        notes.add("cache:b1:/0", "\"f\"", &metadata);
        assert_eq!(notes.bytes, bytes);
    }
}
