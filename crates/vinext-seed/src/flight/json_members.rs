//! Iterates over the members of a JSON object without parsing or copying their values.
//!
//! It does not validate: the iterator ends at anything that `JSON.stringify` would not write.

use memchr::memchr2;

/// The members of the object in `json`: keys without quotes, and values, both as in the text.
pub(super) fn members(json: &[u8]) -> Members<'_> {
    let offset = match json.first() {
        Some(b'{') => 1,
        _ => json.len(),
    };
    Members { json, offset }
}

pub(super) struct Members<'a> {
    json: &'a [u8],
    /// Where the next member begins.
    offset: usize,
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = std::mem::replace(&mut self.offset, self.json.len());
        let key_end = string_end(self.json, start)?;
        let value_start = key_end + 1;
        if self.json.get(key_end) != Some(&b':') {
            return None;
        }
        let value_end = value_end(self.json, value_start)?;
        if self.json[value_end] == b',' {
            self.offset = value_end + 1;
        }
        Some((
            &self.json[start + 1..key_end - 1],
            &self.json[value_start..value_end],
        ))
    }
}

/// Where the string that begins at `start` ends, behind its closing quote.
fn string_end(json: &[u8], start: usize) -> Option<usize> {
    if json.get(start) != Some(&b'"') {
        return None;
    }
    let mut offset = start + 1;
    loop {
        offset += memchr2(b'"', b'\\', json.get(offset..)?)?;
        if json[offset] == b'"' {
            return Some(offset + 1);
        }
        offset += 2;
    }
}

/// Where the value that begins at `start` ends: at the comma or bracket behind it.
fn value_end(json: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut offset = start;
    loop {
        match json.get(offset)? {
            b'"' => {
                offset = string_end(json, offset)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return (offset > start).then_some(offset),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        offset += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    #[test]
    fn stops_at_anything_but_an_object() {
        for json in [
            "",
            "[]",
            "null",
            "{",
            "{}",
            "{a:1}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":"x"#,
        ] {
            assert_eq!(members(json.as_bytes()).count(), 0, "{json}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\\\\"{}\\[\\],:a\n日]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[\\\\\"{},:a]{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn finds_the_same_members_as_serde_json(
            object in prop::collection::vec(("[\\\\\"{},:a]{0,4}", value()), 0..6),
        ) {
            let object = Map::from_iter(object);
            let json = serde_json::to_vec(&object).unwrap();
            let mut found = Map::new();
            for (key, value) in members(&json) {
                let quoted = [b"\"", key, b"\""].concat();
                found.insert(
                    serde_json::from_slice(&quoted).unwrap(),
                    serde_json::from_slice(value).unwrap(),
                );
            }
            prop_assert_eq!(found, object);
        }

        #[test]
        fn terminates_on_any_input(json in "[{}\\[\\]\",:\\\\a]{0,60}") {
            prop_assert!(members(json.as_bytes()).count() <= json.len());
        }
    }
}
