//! Separators and escaping of entries, for each frame.

use super::json_text;
use crate::store::Frame;

impl Frame {
    /// The start of a request body.
    pub(super) const fn open(self) -> &'static str {
        match self {
            Self::BulkJson => "[",
            Self::RawValue => "",
        }
    }

    /// The separator of entries.
    pub(super) const fn separator(self) -> &'static str {
        match self {
            Self::BulkJson => ",",
            Self::RawValue => "",
        }
    }

    /// The end of a request body.
    pub(super) const fn close(self) -> &'static str {
        match self {
            Self::BulkJson => "]",
            Self::RawValue => "",
        }
    }

    /// The size of a request body without entries and separators, in bytes.
    pub(super) const fn framing_bytes(self) -> usize {
        self.open().len() + self.close().len()
    }

    /// Appends a part of a value, which is JSON.
    pub(super) fn push_value(self, out: &mut impl Sink, json: &[u8]) {
        match self {
            Self::BulkJson => out.escaped(json),
            Self::RawValue => out.verbatim(json),
        }
    }

    /// Appends text of a string in the value.
    pub(super) fn push_text(self, out: &mut impl Sink, text: &str) {
        match self {
            Self::BulkJson => out.escaped_twice(text),
            Self::RawValue => out.escaped(text.as_bytes()),
        }
    }
}

/// A sink for encoded bytes.
pub(super) trait Sink {
    /// Appends bytes unchanged.
    fn verbatim(&mut self, bytes: &[u8]);
    /// Writes UTF-8 as part of a JSON string.
    fn escaped(&mut self, text: &[u8]);
    /// Writes text as part of a JSON string inside a JSON document that is itself a JSON string.
    fn escaped_twice(&mut self, text: &str);
    /// Appends bytes in padded base64.
    fn base64(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn verbatim(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn escaped(&mut self, text: &[u8]) {
        json_text::push_escaped(self, text);
    }

    fn escaped_twice(&mut self, text: &str) {
        json_text::push_escaped_twice(self, text);
    }

    fn base64(&mut self, bytes: &[u8]) {
        base64_simd::STANDARD.encode_append(bytes, self);
    }
}

/// Counts bytes without storing them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Count(pub(super) usize);

impl Sink for Count {
    fn verbatim(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn escaped(&mut self, text: &[u8]) {
        self.0 += json_text::escaped_bytes(text);
    }

    fn escaped_twice(&mut self, text: &str) {
        self.0 += json_text::escaped_twice_bytes(text);
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.0 += base64_bytes(bytes.len());
    }
}

/// Counts an upper bound of bytes, without looking up the escape of each byte.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Bound(pub(super) usize);

impl Sink for Bound {
    fn verbatim(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }

    fn escaped(&mut self, text: &[u8]) {
        self.0 += json_text::escaped_bytes_at_most(text);
    }

    fn escaped_twice(&mut self, text: &str) {
        self.0 += json_text::escaped_bytes_at_most(text.as_bytes());
    }

    fn base64(&mut self, bytes: &[u8]) {
        self.0 += base64_bytes(bytes.len());
    }
}

/// The length of `bytes` bytes in padded base64.
pub(super) const fn base64_bytes(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}
