//! The tags of one entry, each once, in order of first appearance, in a single allocation.

use serde::{Serialize, Serializer};

/// Tags, side by side in one text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TagList {
    text: String,
    /// Where each tag ends in `text`.
    ends: Vec<usize>,
}

/// What a usual route's tags take, in bytes and in number.
const USUAL_BYTES: usize = 512;
const USUAL_TAGS: usize = 16;

impl TagList {
    /// A list with room for what a usual route has.
    #[must_use]
    pub fn with_usual_capacity() -> Self {
        Self {
            text: String::with_capacity(USUAL_BYTES),
            ends: Vec::with_capacity(USUAL_TAGS),
        }
    }

    /// Appends the tag that consists of these parts, if it is not there already.
    pub fn append(&mut self, parts: &[&str]) {
        let start = self.text.len();
        self.text.extend(parts.iter().copied());
        let (before, tag) = self.text.split_at(start);
        // A route has a dozen tags: a scan beats a hash set.
        if split(before, &self.ends).any(|known| known == tag) {
            self.text.truncate(start);
        } else {
            self.ends.push(self.text.len());
        }
    }

    /// The tags, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        split(&self.text, &self.ends)
    }

    /// All tags, one directly behind the other.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn split<'a>(text: &'a str, ends: &'a [usize]) -> impl Iterator<Item = &'a str> {
    let mut start = 0;
    ends.iter()
        .map(move |&end| &text[std::mem::replace(&mut start, end)..end])
}

impl<S: AsRef<str>> FromIterator<S> for TagList {
    fn from_iter<I: IntoIterator<Item = S>>(tags: I) -> Self {
        let mut list = Self::with_usual_capacity();
        for tag in tags {
            list.append(&[tag.as_ref()]);
        }
        list
    }
}

impl Serialize for TagList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_the_first_occurrence_of_each_tag(
            tags in prop::collection::vec("[ab]{0,2}", 0..12),
            cut in 0..3_usize,
        ) {
            let mut list = TagList::with_usual_capacity();
            let mut expected: Vec<&str> = Vec::new();
            for tag in &tags {
                let (head, tail) = tag.split_at(cut.min(tag.len()));
                list.append(&[head, tail]);
                if !expected.contains(&tag.as_str()) {
                    expected.push(tag);
                }
            }
            prop_assert_eq!(&list.iter().collect::<Vec<_>>(), &expected);
            prop_assert_eq!(list.text(), expected.concat());
            prop_assert_eq!(serde_json::to_value(&list).unwrap(), serde_json::json!(expected));
        }
    }
}
