//! Lists what a store holds of a build: entries with a record of an earlier run, whose tags were not
//! invalidated since.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use serde_json::Value;
use tokio::time::timeout;

use crate::inventory::{Inventory, SeedRecord};
use crate::plan::StoredKeys;
use crate::send::{RetryPolicy, ask};
use crate::store::{KeyPage, ListedKey, Store, StoreError};

/// The most attempts for one page of keys. A run does not depend on it: without a listing, everything is
/// written.
const MAX_ATTEMPTS: usize = 3;

/// How long a page of keys may take with all its attempts: longer than a working API ever takes, and no
/// longer than a deploy should wait to save writes.
const MAX_PAGE_TIME: Duration = Duration::from_secs(20);

/// The most markers that are listed. A site that has invalidated more tags is written as a whole.
const MAX_MARKERS: usize = 100_000;

/// The most markers that are read, each with one request. Entries with the tags of all others are
/// written again.
const MAX_MARKERS_READ: usize = 1_000;

/// How many markers are read at a time.
const MARKER_READS_AT_A_TIME: usize = 8;

/// An entry that has tags with markers.
struct Tagged {
    key: String,
    record: SeedRecord,
    expires_at_seconds: Option<u64>,
    /// The keys of the markers.
    markers: Vec<String>,
}

/// Lists the entries of a build. A build without any costs one request; tag markers are listed only
/// where there are entries, and read only where an entry has the tag.
///
/// # Errors
/// If the store cannot be listed.
pub(super) async fn take_inventory<S: Store>(
    store: &S,
    policy: &RetryPolicy,
    keys: &StoredKeys,
    now_seconds: u64,
) -> Result<Inventory, StoreError> {
    let policy = RetryPolicy {
        attempts: policy.attempts.min(MAX_ATTEMPTS),
        ..*policy
    };
    let mut inventory = Inventory::new(now_seconds);
    let mut page = list(store, &policy, &keys.entry_prefix, None).await?;
    if page.keys.is_empty() && page.cursor.is_none() {
        return Ok(inventory);
    }
    let Some(markers) = markers(store, &policy, &keys.tag_prefix).await? else {
        return Ok(inventory);
    };
    let mut tagged = Vec::new();
    loop {
        for key in page.keys {
            let Some((record, tags)) = read_metadata(&key) else {
                continue;
            };
            if keys.hashes_colon_tags && tags.iter().any(|tag| tag.contains(':')) {
                continue;
            }
            let own_markers = tags
                .iter()
                .map(|tag| [&keys.tag_prefix, tag.as_str()].concat());
            let own_markers: Vec<String> = own_markers
                .filter(|marker| markers.contains(marker))
                .collect();
            if own_markers.is_empty() {
                inventory.add(&key.name, record.digest, key.expires_at_seconds);
            } else if tagged.len() < MAX_MARKERS {
                tagged.push(Tagged {
                    key: key.name,
                    record,
                    expires_at_seconds: key.expires_at_seconds,
                    markers: own_markers,
                });
            }
        }
        let Some(cursor) = page.cursor else { break };
        page = list(store, &policy, &keys.entry_prefix, Some(&cursor)).await?;
    }
    add_still_valid(store, &policy, &mut inventory, tagged).await?;
    inventory.sort();
    tracing::debug!(entries = inventory.len(), "entries of an earlier run");
    Ok(inventory)
}

/// Adds the entries that were rendered after each of their tags was last invalidated.
async fn add_still_valid<S: Store>(
    store: &S,
    policy: &RetryPolicy,
    inventory: &mut Inventory,
    tagged: Vec<Tagged>,
) -> Result<(), StoreError> {
    let needed = tagged
        .iter()
        .flat_map(|entry| entry.markers.iter().cloned());
    let needed: HashSet<String> = needed.collect();
    let read = needed
        .into_iter()
        .take(MAX_MARKERS_READ)
        .map(|marker| async move {
            let value = ask(policy, || store.get(&marker)).await?;
            Ok::<_, StoreError>((marker, value))
        });
    let times: BTreeMap<String, Option<Vec<u8>>> = iter(read)
        .buffer_unordered(MARKER_READS_AT_A_TIME)
        .try_collect()
        .await?;
    for entry in tagged {
        let is_valid = |marker: &String| match times.get(marker) {
            // It was deleted since it was listed.
            Some(None) => true,
            Some(Some(time)) => invalidated_at_ms(time)
                .is_some_and(|time| time < entry.record.rendered_at_ms as f64),
            None => false,
        };
        if entry.markers.iter().all(is_valid) {
            inventory.add(&entry.key, entry.record.digest, entry.expires_at_seconds);
        }
    }
    Ok(())
}

/// The keys of all markers; `None` if there are too many.
async fn markers<S: Store>(
    store: &S,
    policy: &RetryPolicy,
    prefix: &str,
) -> Result<Option<HashSet<String>>, StoreError> {
    let mut markers = HashSet::new();
    let mut cursor = None;
    loop {
        let page = list(store, policy, prefix, cursor.as_deref()).await?;
        markers.extend(page.keys.into_iter().map(|key| key.name));
        if markers.len() > MAX_MARKERS {
            return Ok(None);
        }
        if page.cursor.is_none() {
            return Ok(Some(markers));
        }
        cursor = page.cursor;
    }
}

async fn list<S: Store>(
    store: &S,
    policy: &RetryPolicy,
    prefix: &str,
    cursor: Option<&str>,
) -> Result<KeyPage, StoreError> {
    let page = ask(policy, || store.list(prefix, cursor));
    timeout(MAX_PAGE_TIME, page).await.unwrap_or_else(|_| {
        let seconds = MAX_PAGE_TIME.as_secs();
        let message = format!("no list of keys arrived within {seconds} s");
        Err(StoreError::new("LIST_TIMEOUT", message))
    })
}

/// The record and tags in an entry's metadata; `None` for an entry that the runtime or another tool
/// wrote.
fn read_metadata(key: &ListedKey) -> Option<(SeedRecord, Vec<String>)> {
    let metadata = key.metadata.as_ref()?;
    let record = SeedRecord::parse(metadata.get(SeedRecord::MEMBER)?.as_str()?)?;
    let tags = metadata.get("tags")?.as_array()?;
    let tags: Option<Vec<String>> = tags
        .iter()
        .map(|tag| Value::as_str(tag).map(str::to_owned))
        .collect();
    Some((record, tags?))
}

/// When a tag was invalidated, in milliseconds since the epoch; `None` if the marker does not say so.
fn invalidated_at_ms(marker: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(marker).ok()?;
    text.trim()
        .parse()
        .ok()
        .filter(|time: &f64| time.is_finite())
}
