//! Extracts the payload that a document contains in its scripts for hydration.
//!
//! Since 0.0.50 the `.rsc` file is a copy of it; before, it is from a second render.

use memchr::memmem;
use serde::Deserialize;

/// Prefixes of scripts that push a piece of the payload: up to 0.0.52, and later.
const PUSHING: [&[u8]; 2] = [
    b"self.__VINEXT_RSC_CHUNKS__=self.__VINEXT_RSC_CHUNKS__||[];",
    b"((self[Symbol.for(\"vinext.navigationRuntime\")]",
];
const PUSH: &[u8] = b".push(";

/// A piece of the payload: text, or a tag and bytes in Base64.
#[derive(Deserialize)]
#[serde(untagged)]
enum Piece {
    Text(String),
    Bytes(serde::de::IgnoredAny, String),
}

/// The payload in a document's scripts; `None` if there is none or it cannot be decoded.
#[must_use]
pub fn embedded_payload(document: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    for script in scripts(document) {
        let Some(start) = memmem::find(script, PUSH).map(|start| start + PUSH.len()) else {
            continue;
        };
        let mut pieces = serde_json::Deserializer::from_slice(&script[start..]).into_iter();
        match pieces.next()?.ok()? {
            Piece::Text(text) => payload.extend_from_slice(text.as_bytes()),
            Piece::Bytes(_, base64) => {
                payload.extend(base64_simd::STANDARD.decode_to_vec(base64).ok()?);
            }
        }
    }
    (!payload.is_empty()).then_some(payload)
}

/// The scripts that push pieces. In them, `<` is escaped.
fn scripts(document: &[u8]) -> impl Iterator<Item = &[u8]> {
    memmem::find_iter(document, b"<script").filter_map(|start| {
        let rest = &document[start..];
        let rest = &rest[memchr::memchr(b'>', rest)? + 1..];
        let script = &rest[..memmem::find(rest, b"</script>")?];
        PUSHING
            .iter()
            .any(|prefix| script.starts_with(prefix))
            .then_some(script)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn joins_chunks_of_old_and_new_scripts() {
        let old = "<p>x</p><script>self.__VINEXT_RSC_CHUNKS__=self.__VINEXT_RSC_CHUNKS__||[];\
                   self.__VINEXT_RSC_CHUNKS__.push(\"0:\\u003ca\")</script><script>self.\
                   __VINEXT_RSC_CHUNKS__=self.__VINEXT_RSC_CHUNKS__||[];\
                   self.__VINEXT_RSC_CHUNKS__.push(\"b\\n\")</script>";
        assert_eq!(embedded_payload(old.as_bytes()).unwrap(), b"0:<ab\n");
        let new = "<script>((self[Symbol.for(\"vinext.navigationRuntime\")]??={}).bootstrap.rsc??=\
                   {rsc:[]}).rsc.push([3,\"AP8=\"])</script><script>alert('.push(\"x\")')</script>";
        assert_eq!(embedded_payload(new.as_bytes()).unwrap(), b"\x00\xff");
        for none in [
            "",
            "<p>",
            "<script>",
            "<script>x.push(\"0:\")</script>",
            "<script",
        ] {
            assert_eq!(embedded_payload(none.as_bytes()), None, "{none}");
        }
    }

    fn files_below(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files_below(&path, found);
            } else {
                found.push(path);
            }
        }
    }

    #[test]
    fn embedded_payload_equals_the_rsc_file_of_real_builds() {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fixtures");
        for version in ["0.2.1", "1.4.0"] {
            let mut files = Vec::new();
            files_below(&fixtures.join(version).join("dist/server"), &mut files);
            let payloads = files
                .iter()
                .filter(|file| file.extension().is_some_and(|extension| extension == "rsc"));
            let mut compared = 0;
            for file in payloads {
                let document = fs::read(file.with_extension("html")).unwrap();
                let embedded = embedded_payload(&document);
                assert_eq!(embedded, fs::read(file).ok(), "{}", file.display());
                compared += 1;
            }
            assert!(compared > 10, "{version}: {compared}");
        }
    }
}
