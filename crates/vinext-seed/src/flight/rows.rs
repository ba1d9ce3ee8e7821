//! Splits a React Flight payload into its rows, as React's own client does.
//!
//! A row is `<id>:<tag><content>`. Most rows end at a line break; text and binary rows
//! (`T<length>,…`) state their length instead, and may contain anything, line breaks included. A
//! payload must therefore never be searched line by line.
//!
//! The rules are those of `react-server-dom-webpack` 19.2 and 19.3 (`processBinaryChunk` in its
//! client builds).

use memchr::memchr;

/// Longest hexadecimal number in a row's header: React reads ids and lengths as 32-bit integers.
const MAX_HEX_DIGITS: usize = 8;

/// One row of a payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Row<'a> {
    /// The number by which other rows refer to this one. Row 0 is the root.
    pub id: u32,
    /// What the row holds.
    pub kind: RowKind,
    /// Its content, without tag, length and line break.
    pub content: &'a [u8],
}

/// What a row holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RowKind {
    /// A value in React's own JSON (no tag).
    Model,
    /// An error (`E`), `{"digest":"…"}` in production builds.
    Error,
    /// Anything else (modules, hints, texts, buffers, streams), with its tag.
    Other(u8),
}

/// Why a payload could not be read as rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FlightError {
    /// A row does not begin with a hexadecimal id and a colon.
    #[error("no row of a React Flight payload begins at byte {offset}")]
    NotARow {
        /// Where the row should begin.
        offset: usize,
    },
    /// The payload ends inside a row.
    #[error("the row at byte {offset} is truncated")]
    Truncated {
        /// Where the row begins.
        offset: usize,
    },
    /// Row 0 is missing.
    #[error("the payload has no root row")]
    NoRoot,
}

impl FlightError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotARow { .. } => "not-flight",
            Self::Truncated { .. } => "flight-truncated",
            Self::NoRoot => "flight-without-root",
        }
    }
}

/// Iterates over the rows of a payload. The iterator ends after the first error.
#[must_use]
pub fn rows(payload: &[u8]) -> Rows<'_> {
    Rows { payload, offset: 0 }
}

/// The rows of a payload.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    payload: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, FlightError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.payload.get(self.offset..)?;
        if rest.is_empty() {
            return None;
        }
        let row = match read_row(rest) {
            Ok((row, length)) => {
                self.offset += length;
                Ok(row)
            }
            Err(Malformed::NotARow) => Err(FlightError::NotARow {
                offset: self.offset,
            }),
            Err(Malformed::Truncated) => Err(FlightError::Truncated {
                offset: self.offset,
            }),
        };
        if row.is_err() {
            self.offset = self.payload.len();
        }
        Some(row)
    }
}

enum Malformed {
    NotARow,
    Truncated,
}

/// The row at the start of `bytes`, and its length in bytes.
fn read_row(bytes: &[u8]) -> Result<(Row<'_>, usize), Malformed> {
    let (id, header) = hex_until(bytes, b':')?;
    let &first = bytes.get(header).ok_or(Malformed::Truncated)?;
    if states_length(first) {
        let (length, digits) = hex_until(&bytes[header + 1..], b',')?;
        let start = header + 1 + digits;
        let content = bytes[start..]
            .get(..length as usize)
            .ok_or(Malformed::Truncated)?;
        let kind = RowKind::Other(first);
        return Ok((Row { id, kind, content }, start + content.len()));
    }
    let (kind, start) = match first {
        b'E' => (RowKind::Error, header + 1),
        b'A'..=b'Z' | b'#' | b'r' | b'x' => (RowKind::Other(first), header + 1),
        _ => (RowKind::Model, header),
    };
    let length = memchr(b'\n', &bytes[start..]).ok_or(Malformed::Truncated)?;
    let content = &bytes[start..start + length];
    Ok((Row { id, kind, content }, start + length + 1))
}

/// Whether rows with this tag state the length of their content: texts (`T`), `ArrayBuffer` (`A`),
/// chunks of byte streams (`b`), and the typed arrays.
fn states_length(tag: u8) -> bool {
    matches!(
        tag,
        b'T' | b'A'
            | b'b'
            | b'O'
            | b'o'
            | b'U'
            | b'S'
            | b's'
            | b'L'
            | b'l'
            | b'G'
            | b'g'
            | b'M'
            | b'm'
            | b'V'
    )
}

/// The hexadecimal number before `end`, and the length of both in bytes. Without digits the number is 0,
/// because rows of hints (`:HC"https://…"`) have no id.
fn hex_until(bytes: &[u8], end: u8) -> Result<(u32, usize), Malformed> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().take(MAX_HEX_DIGITS + 1).enumerate() {
        if byte == end {
            return Ok((number, index + 1));
        }
        let digit = match byte {
            _ if index == MAX_HEX_DIGITS => return Err(Malformed::NotARow),
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return Err(Malformed::NotARow),
        };
        number = number << 4 | u32::from(digit);
    }
    Err(Malformed::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(payload: &[u8]) -> Vec<(u32, RowKind, &[u8])> {
        rows(payload)
            .map(|row| row.map(|row| (row.id, row.kind, row.content)).unwrap())
            .collect()
    }

    #[test]
    fn splits_rows_at_line_breaks_and_by_stated_length() {
        let payload =
            b"1:I[\"a\",[],\"b\"]\n0:{\"x\":\"$2\"}\n2:T7,\n3:E{}\n4:E{\"digest\":\"5\"}\n";
        let expected: [(u32, RowKind, &[u8]); 4] = [
            (1, RowKind::Other(b'I'), b"[\"a\",[],\"b\"]"),
            (0, RowKind::Model, b"{\"x\":\"$2\"}"),
            (2, RowKind::Other(b'T'), b"\n3:E{}\n"),
            (4, RowKind::Error, b"{\"digest\":\"5\"}"),
        ];
        assert_eq!(kinds(payload), expected);
    }

    #[test]
    fn reads_hints_without_an_id() {
        let payload = b":HC\"https://cdn.example.com\"\n:HL[\"/a.css\",\"style\"]\n0:{}\n";
        let expected: [(u32, RowKind, &[u8]); 3] = [
            (0, RowKind::Other(b'H'), b"C\"https://cdn.example.com\""),
            (0, RowKind::Other(b'H'), b"L[\"/a.css\",\"style\"]"),
            (0, RowKind::Model, b"{}"),
        ];
        assert_eq!(kinds(payload), expected);
    }

    #[test]
    fn stops_at_the_first_malformed_row() {
        for (payload, expected) in [
            (&b"<!DOCTYPE html>"[..], FlightError::NotARow { offset: 0 }),
            (b"123456789:{}\n", FlightError::NotARow { offset: 0 }),
            (b"A:{}\n", FlightError::NotARow { offset: 0 }),
            (b"0:{}\n1:Tx,", FlightError::NotARow { offset: 5 }),
            (b"0:{}", FlightError::Truncated { offset: 0 }),
            (b"0:{}\n1", FlightError::Truncated { offset: 5 }),
            (b"0:", FlightError::Truncated { offset: 0 }),
            (b"0:T3,ab", FlightError::Truncated { offset: 0 }),
            (b"0:Tffffffff,ab", FlightError::Truncated { offset: 0 }),
        ] {
            let mut rows = rows(payload);
            let error = rows.find_map(Result::err);
            assert_eq!(error, Some(expected), "{}", payload.escape_ascii());
            assert!(rows.next().is_none());
        }
    }

    /// A row as React's server writes it.
    fn row() -> impl Strategy<Value = (u32, Option<u8>, Vec<u8>)> {
        let by_length = (
            prop::sample::select(&b"TAbOoUSsLlGgMmV"[..]),
            prop::collection::vec(any::<u8>(), 0..40),
        );
        let by_line = (
            prop::option::of(prop::sample::select(&b"EIHNDWRrXxC#"[..])),
            "[\\[{\"][a-z\"{}:,]{0,30}".prop_map(String::into_bytes),
        );
        (
            any::<u32>(),
            prop_oneof![
                by_length.prop_map(|(tag, content)| (Some(tag), content)),
                by_line,
            ],
        )
            .prop_map(|(id, (tag, content))| (id, tag, content))
    }

    proptest! {
        #[test]
        fn yields_the_rows_that_were_written(written in prop::collection::vec(row(), 0..12)) {
            let mut payload = Vec::new();
            for (id, tag, content) in &written {
                payload.extend_from_slice(format!("{id:x}:").as_bytes());
                payload.extend(*tag);
                if tag.is_some_and(states_length) {
                    payload.extend_from_slice(format!("{:x},", content.len()).as_bytes());
                    payload.extend_from_slice(content);
                } else {
                    payload.extend_from_slice(content);
                    payload.push(b'\n');
                }
            }
            let read: Vec<_> = rows(&payload)
                .map(|row| {
                    let row = row.unwrap();
                    let tag = match row.kind {
                        RowKind::Model => None,
                        RowKind::Error => Some(b'E'),
                        RowKind::Other(tag) => Some(tag),
                    };
                    (row.id, tag, row.content.to_vec())
                })
                .collect();
            prop_assert_eq!(read, written);
        }

        #[test]
        fn terminates_on_any_input(payload in prop::collection::vec(any::<u8>(), 0..200)) {
            let count = rows(&payload).count();
            prop_assert!(count <= payload.len());
        }
    }
}
