//! Reads the markers of invalidated tags from a store, as the KV adapters do.

use std::collections::{HashMap, HashSet};

use crate::formats::kv_key::MAX_KV_KEY_BYTES;
use crate::send::BatchSender;
use crate::store::{Store, StoreError};

/// The most markers of invalidated tags that are kept. A site with more of them is written as a whole.
const MAX_MARKERS: usize = 100_000;

/// The tags that were invalidated. The time of each is read on first use.
#[derive(Debug)]
pub(super) struct TagMarkers {
    prefix: String,
    names: HashSet<String>,
    times_ms: HashMap<String, f64>,
}

impl TagMarkers {
    /// Lists the markers; `None` if there are too many.
    pub(super) async fn list<S: Store>(
        sender: &BatchSender<S>,
        prefix: &str,
    ) -> Result<Option<Self>, StoreError> {
        let mut names = HashSet::new();
        let mut cursor = None;
        loop {
            let page = sender.list(prefix, cursor.as_deref()).await?;
            for key in page.keys {
                if let Some(tag) = key.name.strip_prefix(prefix) {
                    names.insert(tag.to_owned());
                }
            }
            if names.len() > MAX_MARKERS {
                return Ok(None);
            }
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        Ok(Some(Self {
            prefix: prefix.to_owned(),
            names,
            times_ms: HashMap::new(),
        }))
    }

    /// Whether one of these tags was invalidated after a page was rendered. As in the KV adapters, a time
    /// that is not a number counts as later.
    pub(super) async fn purge<S: Store>(
        &mut self,
        sender: &BatchSender<S>,
        tags: &[&str],
        rendered_at_ms: f64,
    ) -> Result<bool, StoreError> {
        for &tag in tags {
            // The adapter hashes the key of such a marker, so its tag is unknown.
            if self.prefix.len() + tag.len() > MAX_KV_KEY_BYTES {
                return Ok(true);
            }
            if !self.names.contains(tag) {
                continue;
            }
            let time_ms = match self.times_ms.get(tag) {
                Some(&time_ms) => time_ms,
                None => {
                    let value = sender.get(&format!("{}{tag}", self.prefix)).await?;
                    let text = value.and_then(|bytes| String::from_utf8(bytes).ok());
                    let time_ms = text.and_then(|text| text.trim().parse().ok());
                    // A marker that was deleted after it was listed counts too: one more write does no
                    // harm.
                    let time_ms = time_ms.unwrap_or(f64::INFINITY);
                    self.times_ms.insert(tag.to_owned(), time_ms);
                    time_ms
                }
            };
            if time_ms.is_nan() || time_ms >= rendered_at_ms {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
