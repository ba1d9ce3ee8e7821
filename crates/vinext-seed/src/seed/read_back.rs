//! Reads entries back from a store, to be compared with those of a build.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::send::{BatchSender, RetryPolicy};
use crate::store::{Store, StoreError};

/// Reads at a time.
const CONCURRENCY: usize = 6;

/// Reads the values of keys, in order; `None` for keys without one.
///
/// # Errors
/// If a value can be neither read nor known to be missing.
pub async fn read_back<S: Store>(
    store: S,
    keys: &[String],
    retry: RetryPolicy,
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let sender = BatchSender::new(store, retry);
    let mut reads = Vec::with_capacity(keys.len());
    for key in keys {
        reads.push(sender.get(key));
    }
    stream::iter(reads)
        .buffered(CONCURRENCY)
        .try_collect()
        .await
}
