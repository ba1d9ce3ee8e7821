//! Scans the top level of a JSON document and holds only one value in memory: a manifest can have 200 MB,
//! but a route has a few hundred bytes.
//!
//! Only the structure is checked here (brackets, strings, separators). The caller parses the values that it
//! reads; skipped values are not checked further.

use std::io::Read;

use super::value_walk::ValueWalk;

/// How much is read at a time, in bytes. Fuzzing uses so few that generated documents make the buffer
/// grow.
const READ_BYTES: usize = if cfg!(fuzzing) { 16 } else { 256 * 1024 };

/// The largest accepted value, in bytes: a hundred times the largest route that was seen, and little
/// compared with the memory budget, even once per thread.
const MAX_VALUE_BYTES: usize = 1024 * 1024;

/// Why a document could not be scanned.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error(transparent)]
    Read(#[from] std::io::Error),
    #[error("{problem} at byte {offset}")]
    Malformed { problem: &'static str, offset: u64 },
}

/// A cursor over a document.
pub(super) struct Scanner<R> {
    source: R,
    window: Vec<u8>,
    /// The start of the unconsumed bytes in `window`.
    position: usize,
    /// The end of the read bytes in `window`.
    filled: usize,
    /// The offset of `window[0]` in the document.
    window_offset: u64,
}

impl<R: Read> Scanner<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            window: Vec::new(),
            position: 0,
            filled: 0,
            window_offset: 0,
        }
    }

    /// The offset of the cursor, in bytes from the start of the document.
    pub(super) fn offset(&self) -> u64 {
        self.window_offset + self.position as u64
    }

    pub(super) fn malformed(&self, problem: &'static str) -> ScanError {
        ScanError::Malformed {
            problem,
            offset: self.offset(),
        }
    }

    /// The next byte that is not white space, without consuming it; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, ScanError> {
        loop {
            while let Some(&byte) = self.window[..self.filled].get(self.position) {
                if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                    return Ok(Some(byte));
                }
                self.position += 1;
            }
            if !self.read_more()? {
                return Ok(None);
            }
        }
    }

    /// Consumes `expected`, if it is the next byte that is not white space.
    pub(super) fn take(&mut self, expected: u8) -> Result<bool, ScanError> {
        let is_next = self.peek()? == Some(expected);
        if is_next {
            self.position += 1;
        }
        Ok(is_next)
    }

    /// Consumes the next value and returns its bytes.
    pub(super) fn value(&mut self) -> Result<&[u8], ScanError> {
        self.require_value()?;
        loop {
            let mut walk = ValueWalk::default();
            let length = walk.advance(&self.window[self.position..self.filled]);
            if length.unwrap_or(self.filled - self.position) > MAX_VALUE_BYTES {
                return Err(self.malformed("a value has more than 1 MiB"));
            }
            if let Some(length) = length {
                return Ok(self.consume(length));
            }
            if !self.read_more()? {
                // A number or literal ends where the document does.
                if walk.is_scalar {
                    return Ok(self.consume(self.filled - self.position));
                }
                return Err(self.malformed("the document ends inside a value"));
            }
        }
    }

    /// Consumes the next value of any size without keeping it.
    pub(super) fn skip_value(&mut self) -> Result<(), ScanError> {
        self.require_value()?;
        let mut walk = ValueWalk::default();
        loop {
            if let Some(length) = walk.advance(&self.window[self.position..self.filled]) {
                self.position += length;
                return Ok(());
            }
            self.position = self.filled;
            if !self.read_more()? {
                return if walk.is_scalar {
                    Ok(())
                } else {
                    Err(self.malformed("the document ends inside a value"))
                };
            }
        }
    }

    /// Whether another element follows in an object or array that `close` ends; consumes the
    /// separator, or the closing bracket.
    pub(super) fn has_next(&mut self, is_first: bool, close: u8) -> Result<bool, ScanError> {
        if self.take(close)? {
            return Ok(false);
        }
        if !is_first {
            if !self.take(b',')? {
                return Err(self.malformed("a comma or closing bracket is missing"));
            }
            if self.peek()? == Some(close) {
                return Err(self.malformed("trailing comma"));
            }
        }
        Ok(true)
    }

    fn require_value(&mut self) -> Result<(), ScanError> {
        match self.peek()? {
            None | Some(b',' | b':' | b']' | b'}') => Err(self.malformed("a value is missing")),
            Some(_) => Ok(()),
        }
    }

    fn consume(&mut self, length: usize) -> &[u8] {
        let start = self.position;
        self.position += length;
        &self.window[start..start + length]
    }

    /// Reads more, after moving the unconsumed bytes to the front; `false` at the end of the document.
    fn read_more(&mut self) -> Result<bool, ScanError> {
        if self.position > 0 {
            self.window.copy_within(self.position..self.filled, 0);
            self.window_offset += self.position as u64;
            self.filled -= self.position;
            self.position = 0;
        }
        // Twice the insufficient size, so that a long value is rescanned only a few times.
        let wanted = self.filled + READ_BYTES.max(self.filled);
        if self.window.len() < wanted {
            self.window.resize(wanted, 0);
        }
        loop {
            match self.source.read(&mut self.window[self.filled..]) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.filled += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns one byte at a time, so that every value crosses the window's edge.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn elements(document: &str) -> Result<Vec<String>, ScanError> {
        let mut scanner = Scanner::new(Drip(document.as_bytes()));
        assert!(scanner.take(b'[')?);
        let mut found = Vec::new();
        while scanner.has_next(found.is_empty(), b']')? {
            found.push(String::from_utf8_lossy(scanner.value()?).into_owned());
        }
        Ok(found)
    }

    #[test]
    fn splits_elements_at_their_ends() {
        let found = elements(r#" [ 1, "a]\"," ,{"b":[{}]} , null,-2.5e3]"#).unwrap();
        assert_eq!(
            found,
            ["1", r#""a]\",""#, r#"{"b":[{}]}"#, "null", "-2.5e3"]
        );
    }

    #[test]
    fn broken_structure_is_an_error() {
        for document in [
            "[1", "[1,", "[1,]", "[1 2]", "[{]", r#"["a"#, "[,1]", "[:1]",
        ] {
            assert!(elements(document).is_err(), "{document}");
        }
    }

    #[test]
    fn accepts_a_value_of_1_mib_but_not_a_larger_one() {
        for (more, is_accepted) in [(0, true), (1, false)] {
            let document = format!("[\"{}\"]", "x".repeat(MAX_VALUE_BYTES - 2 + more));
            let mut scanner = Scanner::new(document.as_bytes());
            assert!(scanner.take(b'[').unwrap());
            assert_eq!(scanner.value().is_ok(), is_accepted);
        }
    }

    proptest! {
        #[test]
        fn splits_any_json_array_like_serde_json(values in prop::collection::vec(json(), 0..8)) {
            let document = serde_json::to_string_pretty(&values).unwrap();
            let found = elements(&document).unwrap();
            let parsed: Vec<serde_json::Value> =
                found.iter().map(|raw| serde_json::from_str(raw).unwrap()).collect();
            prop_assert_eq!(parsed, values);
        }
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec((any::<String>(), inner), 0..4).prop_map(|members| {
                    serde_json::Value::Object(members.into_iter().collect())
                }),
            ]
        })
    }
}
