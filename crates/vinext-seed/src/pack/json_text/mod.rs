//! Text inside JSON strings, and inside JSON strings inside JSON strings.
//!
//! The value of a pair is a JSON document in a JSON string, so a page's HTML
//! is escaped twice; both escapes are written together.

mod vector;

/// How much text is searched at a time for what needs an escape, in bytes: processors compare many bytes at
/// once if they need not stop at each.
const SEARCH_BYTES: usize = 64;

/// Whether `text` needs escapes in a JSON string.
pub(super) fn needs_escaping(text: &[u8]) -> bool {
    let any = |part: &[u8]| {
        part.iter()
            .fold(false, |any, &byte| any | needs_escape(byte))
    };
    text.chunks(SEARCH_BYTES).any(any)
}

/// Appends `text`, which is UTF-8, as part of a JSON string.
pub(super) fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    // Keys and tags seldom have anything to escape.
    if needs_escaping(text) {
        push(out, text, &ONCE);
    } else {
        out.extend_from_slice(text);
    }
}

/// Appends `text` as part of a JSON string inside a JSON document that is itself a JSON string.
pub(super) fn push_escaped_twice(out: &mut Vec<u8>, text: &str) {
    push(out, text.as_bytes(), &TWICE);
}

/// How many bytes [`push_escaped`] would append.
pub(super) fn escaped_bytes(text: &[u8]) -> usize {
    bytes(text, &ONCE.table)
}

/// How many bytes [`push_escaped_twice`] would append.
pub(super) fn escaped_twice_bytes(text: &str) -> usize {
    bytes(text.as_bytes(), &TWICE.table)
}

/// An upper bound of what [`push_escaped_twice`], and so [`push_escaped`], would append. Much
/// faster: processors count a few kinds of bytes many at a time.
pub(super) fn escaped_bytes_at_most(text: &[u8]) -> usize {
    let count = |is_meant: fn(u8) -> bool| text.iter().filter(|&&byte| is_meant(byte)).count();
    let controls = count(|byte| byte < 0x20);
    let newlines = count(|byte| byte == b'\n');
    let quotes = count(|byte| byte == b'"' || byte == b'\\');
    text.len() + 6 * (controls - newlines) + 2 * newlines + 3 * quotes
}

fn bytes(text: &[u8], table: &EscapeTable) -> usize {
    let length = |&byte: &u8| usize::from(table[usize::from(byte)].length);
    text.iter().map(length).sum()
}

/// The escape sequence of one byte.
#[derive(Clone, Copy)]
struct Escape {
    bytes: [u8; ESCAPE_BYTES],
    length: u8,
}

/// Room for `\\u001f`, a control character escaped twice, rounded up to what one instruction
/// copies.
const ESCAPE_BYTES: usize = 8;

type EscapeTable = [Escape; 256];

/// How a text is escaped once, or twice at once.
pub(super) struct Escapes {
    table: EscapeTable,
    expansions: vector::Expansions,
}

static ONCE: Escapes = Escapes {
    table: escape_table(false),
    expansions: vector::expansions(1),
};
pub(super) static TWICE: Escapes = Escapes {
    table: escape_table(true),
    expansions: vector::expansions(3),
};

/// How much text is escaped at a time by table, in bytes. More is no faster, and this much is cheap
/// to set up for a short text.
const PORTION_BYTES: usize = 64;

fn push(out: &mut Vec<u8>, text: &[u8], escapes: &Escapes) {
    // Escapes only ever add bytes. A buffer for a large text was made large enough beforehand, so asking
    // for more than is needed would double it.
    out.reserve(text.len());
    if !vector::push(out, text, escapes) {
        push_by_table(out, text, escapes);
    }
}

/// On processors without the instructions that [`vector`] needs, and for short texts.
pub(super) fn push_by_table(out: &mut Vec<u8>, text: &[u8], escapes: &Escapes) {
    let mut escaped = [0; PORTION_BYTES * ESCAPE_BYTES];
    for portion in text.chunks(PORTION_BYTES) {
        let end = copy_by_table(&mut escaped, 0, portion, &escapes.table);
        out.extend_from_slice(&escaped[..end]);
    }
}

/// Looks up every byte and copies its escape sequence to `escaped` from `end` on, eight bytes
/// regardless of its length, so that there is nothing to predict: in a page, every sixth byte or so
/// needs an escape. Returns where the last one ends.
fn copy_by_table(escaped: &mut [u8], mut end: usize, text: &[u8], table: &EscapeTable) -> usize {
    for &byte in text {
        let escape = &table[usize::from(byte)];
        escaped[end..end + ESCAPE_BYTES].copy_from_slice(&escape.bytes);
        end += usize::from(escape.length);
    }
    end
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

#[expect(clippy::cast_possible_truncation, reason = "an index below 256")]
const fn escape_table(twice: bool) -> EscapeTable {
    let mut table = [Escape {
        bytes: [0; ESCAPE_BYTES],
        length: 0,
    }; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut escape = escape_once(byte as u8);
        if twice {
            escape = escape_all(escape);
        }
        table[byte] = escape;
        byte += 1;
    }
    table
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "an index below 256 or a length below 8"
)]
const fn escape_once(byte: u8) -> Escape {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => 0,
    };
    let mut bytes = [0; ESCAPE_BYTES];
    if short != 0 {
        bytes[0] = b'\\';
        bytes[1] = short;
        Escape { bytes, length: 2 }
    } else if byte < 0x20 {
        let text = [
            b'\\',
            b'u',
            b'0',
            b'0',
            HEX[(byte >> 4) as usize],
            HEX[(byte & 15) as usize],
        ];
        let mut index = 0;
        while index < text.len() {
            bytes[index] = text[index];
            index += 1;
        }
        Escape {
            bytes,
            length: text.len() as u8,
        }
    } else {
        bytes[0] = byte;
        Escape { bytes, length: 1 }
    }
}

/// Escapes every byte of an escape again. What it contains is printable, so that is at most a
/// backslash before each quote and backslash.
const fn escape_all(once: Escape) -> Escape {
    let mut twice = Escape {
        bytes: [0; ESCAPE_BYTES],
        length: 0,
    };
    let mut index = 0;
    while index < once.length as usize {
        let byte = once.bytes[index];
        if needs_escape(byte) {
            twice.bytes[twice.length as usize] = b'\\';
            twice.length += 1;
        }
        twice.bytes[twice.length as usize] = byte;
        twice.length += 1;
        index += 1;
    }
    twice
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Several blocks of vectors; Miri takes a second for each.
    const MAX_TEXT_BYTES: usize = if cfg!(miri) { 160 } else { 1200 };

    /// The slow reference: a JSON library, applied as often as needed.
    fn reference(text: &str, times: usize) -> String {
        (0..times).fold(text.to_owned(), |text, _| {
            let quoted = serde_json::to_string(&text).unwrap();
            quoted[1..quoted.len() - 1].to_owned()
        })
    }

    fn push_once(out: &mut Vec<u8>, text: &str) {
        push_escaped(out, text.as_bytes());
    }

    fn escaped(text: &str, push: fn(&mut Vec<u8>, &str)) -> String {
        let mut out = Vec::new();
        push(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_ascii_character_and_the_line_separators_match_a_json_library() {
        let text: String = (0..128)
            .map(char::from)
            .chain(['\u{7f}', '\u{2028}', '😀'])
            .collect();
        assert_eq!(escaped(&text, push_once), reference(&text, 1));
        assert_eq!(escaped(&text, push_escaped_twice), reference(&text, 2));
        assert_eq!(escaped("\u{1f}", push_escaped_twice), r"\\u001f");
    }

    #[test]
    fn an_escape_is_the_same_at_every_position() {
        for escape in ["\"", "\\", "\n", "\u{1f}", "\\\"", "é", "\u{7f}"] {
            for before in 0..70 {
                let text = format!("{}{escape}{}", "a".repeat(before), "b".repeat(40));
                assert_eq!(escaped(&text, push_once), reference(&text, 1));
                assert_eq!(escaped(&text, push_escaped_twice), reference(&text, 2));
            }
        }
        // The most that a portion can take, and more than one of them.
        for escape in ["\"", "\\", "\u{1}", "\n"] {
            let text = escape.repeat(1500);
            assert_eq!(escaped(&text, push_escaped_twice), reference(&text, 2));
        }
    }

    #[test]
    fn reserves_no_more_than_a_text_takes() {
        for text in ["plain ".repeat(1000), "\"\\".repeat(1000)] {
            let bytes = escaped_twice_bytes(&text);
            let mut out = Vec::with_capacity(bytes);
            let capacity = out.capacity();
            push_escaped_twice(&mut out, &text);
            assert_eq!((out.len(), out.capacity()), (bytes, capacity));
        }
    }

    proptest! {
        #[test]
        fn vectors_escape_as_the_table_does(
            text in prop::collection::vec(prop::sample::select(&b"\"\"\"\\\\\\\n\x00\x1f\x7f\x80\xffabcdefgh <>/="[..]), 0..MAX_TEXT_BYTES),
            start in 0_usize..40,
        ) {
            let text = text.get(start..).unwrap_or_default();
            for escapes in [&ONCE, &TWICE] {
                let (mut expected, mut out) = (b"before".to_vec(), b"before".to_vec());
                push_by_table(&mut expected, text, escapes);
                push(&mut out, text, escapes);
                prop_assert_eq!(&out, &expected);
            }
        }

        #[test]
        fn any_text_matches_a_json_library(text in "(?s)[\\x00-\\x1f\"\\\\<>a-zé😀]{0,400}|\\PC{0,200}") {
            prop_assert_eq!(escaped(&text, push_once), reference(&text, 1));
            prop_assert_eq!(escaped(&text, push_escaped_twice), reference(&text, 2));
            prop_assert_eq!(escaped_bytes(text.as_bytes()), reference(&text, 1).len());
            prop_assert_eq!(escaped_twice_bytes(&text), reference(&text, 2).len());
            let at_most = escaped_bytes_at_most(text.as_bytes());
            prop_assert!((escaped_twice_bytes(&text)..=7 * text.len()).contains(&at_most));
        }
    }
}
