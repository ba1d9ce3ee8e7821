//! Reads entries back from a store, to be compared with those of a build.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::send::{BatchSender, RetryPolicy};
use crate::store::{Store, StoreError};

/// The number of concurrent reads.
const CONCURRENCY: usize = 6;

/// Reads the values of keys, in the order of `keys`; `None` for a key that does not exist.
///
/// # Errors
/// If a value cannot be read after all retries.
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
