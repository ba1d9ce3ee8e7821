//! The digests of a build's entries, in one object beside them.
//!
//! A listing of S3 has an `ETag` for each object, and no metadata. So a run notes the metadata of each entry
//! with the `ETag` that writing it returned, and later listings return it for objects that still have that
//! `ETag`: nobody has written them since.

use std::collections::BTreeMap;

use object_store::path::Path;
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_128;

/// The most that the notes of a build take, in bytes as they are stored and about that in memory: room
/// for 50,000 entries with five tags. Entries beyond it are written by every run.
const MAX_NOTES_BYTES: usize = 16 * 1024 * 1024;

/// More than the first line of the object takes: its longest part are two names of objects, of 1,024 bytes
/// each, which JSON makes six times as long at most.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// No object of ours is larger.
pub(super) const MAX_OBJECT_BYTES: u64 = (MAX_NOTES_BYTES + MAX_HEADER_BYTES) as u64;

/// The form of the object. Another meaning of a member is another form.
const FORM: u64 = 1;

/// The notes of one build.
#[derive(Debug, Default)]
pub(super) struct Notes {
    by_key: BTreeMap<String, Note>,
    bytes: usize,
    left_out: usize,
}

#[derive(Debug)]
struct Note {
    etag: String,
    /// JSON.
    metadata: String,
    /// What it takes in the object, in bytes.
    bytes: usize,
    /// Whether the object was written or listed with this `ETag` by this run.
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
        let note = self.by_key.get_mut(key)?;
        note.is_current = note.etag == etag;
        let is_current = note.is_current;
        is_current
            .then(|| serde_json::from_str(&note.metadata).ok())
            .flatten()
    }

    /// How many entries there was no room for.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The notes as they are stored: a line that says what they are of, and one for each entry. What is
    /// not stored any more is omitted.
    pub(super) fn to_text(&self, prefix: &str, key_prefix: &str) -> String {
        let current = || self.by_key.iter().filter(|(_, note)| note.is_current);
        let header = json!({
            "form": FORM,
            "prefix": prefix,
            "keyPrefix": key_prefix,
            "entries": current().count(),
        });
        let mut text = header.to_string();
        text.reserve(self.bytes);
        for (key, note) in current() {
            text.push('\n');
            text.push_str(&line(key, &note.etag, &note.metadata));
        }
        text
    }

    /// Reads notes; `None` if they are damaged, of another build or of another form.
    pub(super) fn parse(bytes: &[u8], prefix: &str, key_prefix: &str) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split('\n');
        let header: Value = serde_json::from_str(lines.next()?).ok()?;
        let is_ours = header["form"].as_u64() == Some(FORM)
            && header["prefix"].as_str() == Some(prefix)
            && header["keyPrefix"].as_str() == Some(key_prefix);
        let mut notes = is_ours.then(Self::default)?;
        for line in lines {
            let (key, etag, metadata): (String, String, Value) = serde_json::from_str(line).ok()?;
            notes.insert(&key, &etag, &metadata.to_string(), false);
        }
        let entries = usize::try_from(header["entries"].as_u64()?).ok()?;
        (notes.by_key.len() == entries).then_some(notes)
    }

    fn insert(&mut self, key: &str, etag: &str, metadata: &str, is_current: bool) {
        if let Some(before) = self.by_key.remove(key) {
            self.bytes -= before.bytes;
        }
        let bytes = line(key, etag, metadata).len() + 1;
        if self.bytes + bytes > MAX_NOTES_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += bytes;
        let note = Note {
            etag: etag.to_owned(),
            metadata: metadata.to_owned(),
            bytes,
            is_current,
        };
        self.by_key.insert(key.to_owned(), note);
    }
}

fn line(key: &str, etag: &str, metadata: &str) -> String {
    format!("[{},{},{metadata}]", json!(key), json!(etag))
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
        notes.to_text("site/", "cache:b1:")
    }

    #[test]
    fn an_object_has_its_metadata_as_long_as_its_etag_is_the_same() {
        let mut notes = parsed(&text()).unwrap();
        let found = notes.metadata_of("cache:b1:/\"\n:html", "\"e1\"").unwrap();
        assert_eq!(found.to_string(), METADATA);
        assert_eq!(notes.metadata_of("cache:b1:/a:html", "\"e3\""), None);
        assert_eq!(notes.metadata_of("cache:b1:/b:html", "\"e2\""), None);
        // What was rewritten or is gone is noted no longer.
        let mut later = parsed(&notes.to_text("site/", "cache:b1:")).unwrap();
        assert_eq!(later.metadata_of("cache:b1:/a:html", "\"e2\""), None);
        assert_eq!(later.by_key.len(), 1);
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
        for number in 0..3000 {
            notes.add(&format!("cache:b1:/{number}"), "\"e\"", &metadata);
        }
        assert_eq!(notes.by_key.len() + notes.left_out(), 3000);
        assert!(notes.left_out() > 0);
        let text = notes.to_text("site/", "cache:b1:");
        assert!(text.len() as u64 <= MAX_OBJECT_BYTES);
        assert!(text.len() > MAX_NOTES_BYTES / 2);
        // Writing an entry again takes no more room.
        let bytes = notes.bytes;
        notes.add("cache:b1:/0", "\"f\"", &metadata);
        assert_eq!(notes.bytes, bytes);
    }
}
