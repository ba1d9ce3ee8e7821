//! Lists keys with a prefix, and when they expire.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use redis::{Pipeline, Value};

use super::RedisStore;
use super::connection::Node;
use crate::store::{KeyPage, ListedKey, RequestError};

/// Keys on a page of a listing.
const KEYS_PER_PAGE: usize = 1000;

/// How many keys the server looks at for each step of a listing.
const SCAN_COUNT: usize = 1000;

/// Keys with a prefix, in order. Each page of a listing would have to scan all keys again.
pub(super) struct Scanned {
    prefix: String,
    keys: Arc<Vec<String>>,
}

impl RedisStore {
    /// All keys with a prefix on all nodes, in order.
    async fn scan(&self, prefix: &str) -> Result<Vec<String>, RequestError> {
        const OPERATION: &str = "Listing keys";
        // A standalone server answers with an error.
        if self.topology.nodes().is_empty() {
            self.ask_for_slots().await;
        }
        let mut nodes = self.topology.nodes();
        if nodes.is_empty() {
            nodes.push(self.first.clone());
        }
        let pattern = format!("{}*", escape_pattern(prefix));
        let mut keys = Vec::new();
        for node in &nodes {
            let mut cursor = b"0".to_vec();
            loop {
                let mut scan = Pipeline::new();
                scan.cmd("SCAN").arg(&cursor).arg("MATCH").arg(&pattern);
                scan.arg("COUNT").arg(SCAN_COUNT);
                let reply = self.query(OPERATION, node, &scan).await?.pop();
                let Some(Value::Array(parts)) = reply else {
                    return Err(self.classifier(OPERATION, node).unexpected());
                };
                let [Value::BulkString(next), Value::Array(found)] = parts.as_slice() else {
                    return Err(self.classifier(OPERATION, node).unexpected());
                };
                keys.extend(found.iter().filter_map(|key| match key {
                    // Keys of other applications may not be UTF-8.
                    Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
                    _ => None,
                }));
                if next == b"0" {
                    break;
                }
                cursor.clone_from(next);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(keys)
    }

    /// When keys expire, in seconds since the epoch; `None` for those that no longer exist.
    async fn expiries(&self, keys: &[String]) -> Result<Vec<Option<Option<u64>>>, RequestError> {
        const OPERATION: &str = "Reading the TTL of keys";
        let mut by_node: HashMap<Node, (Pipeline, Vec<usize>)> = HashMap::new();
        for (position, key) in keys.iter().enumerate() {
            let (pipeline, positions) = by_node.entry(self.node(key)).or_default();
            pipeline.cmd("PTTL").arg(key);
            positions.push(position);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now_ms = now.map_or(0, |now| now.as_millis());
        let mut expiries = vec![None; keys.len()];
        for (node, (pipeline, positions)) in by_node {
            let replies = self.query(OPERATION, &node, &pipeline).await?;
            for (position, reply) in positions.into_iter().zip(replies) {
                expiries[position] = match reply {
                    Value::Int(-2) => None,
                    Value::Int(ms) => Some(u64::try_from(ms).ok().map(|left_ms| {
                        let at = (now_ms + u128::from(left_ms)) / 1000;
                        u64::try_from(at).unwrap_or(u64::MAX)
                    })),
                    _ => return Err(self.classifier(OPERATION, &node).unexpected()),
                };
            }
        }
        Ok(expiries)
    }

    /// A page of a listing.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<KeyPage, RequestError> {
        let scanned = || self.scanned.lock().unwrap_or_else(PoisonError::into_inner);
        let known = scanned()
            .as_ref()
            .filter(|known| after.is_some() && known.prefix == prefix)
            .map(|known| Arc::clone(&known.keys));
        let all = match known {
            Some(keys) => keys,
            None => Arc::new(self.scan(prefix).await?),
        };
        let begin = all.partition_point(|key| after.is_some_and(|after| key.as_str() <= after));
        let end = all.len().min(begin + KEYS_PER_PAGE);
        let is_last = end == all.len();
        let keys = all[begin..end].to_vec();
        let cursor = keys.last().filter(|_| !is_last).cloned();
        *scanned() = (!is_last).then(|| Scanned {
            prefix: prefix.to_owned(),
            keys: all,
        });
        let expiries = self.expiries(&keys).await?;
        let keys = keys.into_iter().zip(expiries).filter_map(|(name, expiry)| {
            expiry.map(|expires_at_seconds| ListedKey {
                name,
                expires_at_seconds,
                metadata: None,
            })
        });
        Ok(KeyPage {
            keys: keys.collect(),
            cursor,
        })
    }
}

/// Escapes a prefix for a pattern of `SCAN`.
fn escape_pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
