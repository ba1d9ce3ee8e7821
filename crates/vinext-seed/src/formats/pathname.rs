//! The pathname under which the runtime looks up a page, decoded from the one in the manifest.
//!
//! File names use the *encoded* pathname, see [`super::artifact_path`].
//!
//! The rule is the runtime's own, unchanged from 0.0.35 to 1.4.0: decode every segment, keep encoded what
//! would change the path's structure, then resolve empty and dot segments. From 0.1.1 on vinext exports it
//! as `normalizePregeneratedPathname`, and the tests compare with that.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `encodeURIComponent` encodes.
pub(super) const NOT_UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Turns the manifest's pathname into the one in the runtime's cache keys.
#[must_use]
pub fn cache_pathname(pathname: &str) -> Cow<'_, str> {
    match decoded_pathname(pathname) {
        Cow::Owned(decoded) => Cow::Owned(resolve_dots(&decoded).into_owned()),
        Cow::Borrowed(pathname) => resolve_dots(pathname),
    }
}

/// The pathname with every segment decoded and nothing resolved, as the keys of the Pages Router have it.
#[must_use]
pub fn decoded_pathname(pathname: &str) -> Cow<'_, str> {
    let decodes = |byte| matches!(byte, b'%' | b'#' | b'?' | b'\\');
    if !pathname.bytes().any(decodes) {
        return Cow::Borrowed(pathname);
    }
    let segments = pathname.split('/').map(decode_segment);
    Cow::Owned(segments.collect::<Vec<_>>().join("/"))
}

/// The pathname in the keys of a page that is rendered for another pathname than the requested one
/// (1.4.0): `next.config` or middleware rewrites `/docs` to `/guide`.
#[must_use]
pub fn rewritten(requested: &str, target: &str) -> String {
    let target = utf8_percent_encode(target, NOT_UNRESERVED);
    format!("{requested}?__vinext_rewrite={target}")
}

/// The pathname as a request for it is spelled on this site, which is how its tags begin.
#[must_use]
pub fn requested(cache_pathname: Cow<'_, str>, trailing_slash: bool) -> Cow<'_, str> {
    if trailing_slash && !cache_pathname.ends_with('/') {
        cache_pathname + "/"
    } else {
        cache_pathname
    }
}

/// `decodeURIComponent`, with the characters that delimit paths encoded again.
///
/// A segment that does not decode stays as it is: the runtime answers such requests with 400, so
/// the entry is never read, but neither does it collide with another page's.
fn decode_segment(segment: &str) -> Cow<'_, str> {
    match percent_decode(segment) {
        Some(decoded) => Cow::Owned(encode_delimiters(&decoded)),
        None => Cow::Borrowed(segment),
    }
}

/// `decodeURIComponent(text)`, or `None` if JavaScript throws a `URIError`.
///
/// Decoding to bytes and checking the whole afterwards is the same as JavaScript's check per
/// sequence: a raw character in between is complete UTF-8 itself and can finish no sequence.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = hex_digit(rest.next()?)?;
            let low = hex_digit(rest.next()?)?;
            bytes.push(high << 4 | low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Encodes `/ # ? \` and, once more, their literal encodings `%2f %23 %3f %5c`.
fn encode_delimiters(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    let mut rest = segment;
    while let Some(at) = rest.find(['/', '#', '?', '\\', '%']) {
        encoded.push_str(&rest[..at]);
        let (found, after) = rest[at..].split_at(1);
        encoded.push_str(match found {
            "/" => "%2F",
            "#" => "%23",
            "?" => "%3F",
            "\\" => "%5C",
            _ if starts_with_delimiter_code(after) => "%25",
            _ => "%",
        });
        rest = after;
    }
    encoded.push_str(rest);
    encoded
}

fn starts_with_delimiter_code(text: &str) -> bool {
    text.get(..2).is_some_and(|code| {
        ["2f", "23", "3f", "5c"]
            .iter()
            .any(|delimiter| code.eq_ignore_ascii_case(delimiter))
    })
}

/// Drops empty and `.` segments and pops at `..`, but only if one of them needs it: a path
/// without any keeps its trailing slash, one with any loses it.
fn resolve_dots(pathname: &str) -> Cow<'_, str> {
    let is_resolved = pathname.len() > 1
        && pathname.starts_with('/')
        && !pathname.contains("//")
        && !pathname.contains("/./")
        && !pathname.contains("/../")
        && !pathname.ends_with("/.")
        && !pathname.ends_with("/..");
    if is_resolved || pathname == "/" {
        return Cow::Borrowed(pathname);
    }
    let mut segments = Vec::new();
    for segment in pathname.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    Cow::Owned(format!("/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_stay_encoded_and_their_literal_codes_are_encoded_again() {
        assert_eq!(cache_pathname("/a%2fb"), "/a%2Fb");
        assert_eq!(cache_pathname("/a%252Fb"), "/a%252Fb");
        assert_eq!(cache_pathname("/per%2525"), "/per%25");
        assert_eq!(cache_pathname("/a%5Cb"), "/a%5Cb");
        assert_eq!(cache_pathname("/a\\b"), "/a%5Cb");
    }

    #[test]
    fn a_segment_that_does_not_decode_is_kept_while_its_neighbours_decode() {
        assert_eq!(cache_pathname("/%E6%97/%C3%BC"), "/%E6%97/ü");
        assert_eq!(cache_pathname("/é%A9"), "/é%A9");
        assert_eq!(cache_pathname("/%ED%A0%80"), "/%ED%A0%80");
        assert_eq!(cache_pathname("/%"), "/%");
        assert_eq!(cache_pathname("/%2"), "/%2");
        assert_eq!(cache_pathname("/%zz"), "/%zz");
    }

    #[test]
    fn drops_the_trailing_slash_only_of_resolved_paths() {
        assert_eq!(cache_pathname("/about/"), "/about/");
        assert_eq!(cache_pathname("/a//b/"), "/a/b");
        assert_eq!(cache_pathname("/a/%2e%2e/b"), "/b");
        assert_eq!(cache_pathname("no-slash"), "/no-slash");
        assert_eq!(cache_pathname(""), "/");
    }
}
