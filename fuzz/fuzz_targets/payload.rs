//! Any bytes as a React Flight payload.
//!
//! Must hold: no panic, and the rows equal those of a byte-by-byte reader like React's client. A
//! payload with its own error row never counts as a page.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vinext_seed::flight::{Expected, Render, RowKind, render_of, rows};

fuzz_target!(|payload: &[u8]| {
    let read: Result<Vec<_>, _> = rows(payload).collect();
    let reference = split(payload);
    match (&read, &reference) {
        (Ok(read), Some(reference)) => {
            let read: Vec<_> = read
                .iter()
                .map(|row| {
                    let tag = match row.kind {
                        RowKind::Model => 0,
                        RowKind::Error => b'E',
                        RowKind::Other(tag) => tag,
                        other => unreachable!("{other:?} has no tag"),
                    };
                    (row.id, tag, row.content)
                })
                .collect();
            assert_eq!(&read, reference);
        }
        (Err(_), None) => {}
        _ => panic!("{read:?}, not {reference:?}"),
    }
    for may_be_other_page in [false, true] {
        let expected = Expected {
            pathname: "/a",
            may_be_other_page,
        };
        let Ok(render) = render_of(payload, &expected) else {
            continue;
        };
        let has_own_error = reference.iter().flatten().any(|(_, tag, content)| {
            *tag == b'E' && !content.windows(5).any(|part| part == b"NEXT_")
        });
        assert!(!has_own_error || !matches!(render, Render::Page));
    }
});

/// The rows, read by the states of React's client: id, tag, length, content.
fn split(payload: &[u8]) -> Option<Vec<(u32, u8, &[u8])>> {
    let mut rows = Vec::new();
    let mut bytes = payload;
    while !bytes.is_empty() {
        let (id, rest) = number(bytes, b':')?;
        let &first = rest.first()?;
        let (tag, content, rest) = if b"TAbOoUSsLlGgMmV".contains(&first) {
            let (length, rest) = number(&rest[1..], b',')?;
            let length = usize::try_from(length).ok()?;
            (first, rest.get(..length)?, rest.get(length..)?)
        } else {
            let has_tag = first.is_ascii_uppercase() || b"#rx".contains(&first);
            let content = &rest[usize::from(has_tag)..];
            let end = content.iter().position(|&byte| byte == b'\n')?;
            let tag = if has_tag { first } else { 0 };
            (tag, &content[..end], &content[end + 1..])
        };
        rows.push((id, tag, content));
        bytes = rest;
    }
    Some(rows)
}

fn number(bytes: &[u8], end: u8) -> Option<(u32, &[u8])> {
    let length = bytes.iter().position(|&byte| byte == end)?;
    let digits = std::str::from_utf8(&bytes[..length]).ok()?;
    let is_number = length <= 8
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let number = match digits {
        "" => 0,
        digits => u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?,
    };
    Some((number, &bytes[length + 1..]))
}
