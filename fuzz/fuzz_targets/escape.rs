//! Any text, escaped for a JSON string and for one inside another.
//!
//! Must hold: what is written is what a JSON library writes, byte by byte, wherever in the text it starts
//! and whatever the buffer has before it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vinext_seed::fuzzing::escape;

fuzz_target!(|text: &str| {
    let expected = [escaped(text), escaped(&escaped(text))];
    let mut written = [b"before".to_vec(), Vec::new()];
    let [once, twice] = &mut written;
    escape(text, once, twice);
    assert_eq!(once.strip_prefix(b"before"), Some(expected[0].as_bytes()));
    assert_eq!(twice, expected[1].as_bytes());
});

/// The slow way.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("text can be written");
    quoted[1..quoted.len() - 1].to_owned()
}
