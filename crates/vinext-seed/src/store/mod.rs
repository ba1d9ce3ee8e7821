//! Stores: where entries go, behind one interface.
//!
//! A [`Store`] makes single requests and classifies what comes back. It never retries, splits a
//! batch or waits: that is the same for all stores and lives in [`send`](crate::send).

pub mod cloudflare_kv;
#[cfg(test)]
mod conformance;
pub mod directory;
mod error;
mod frame;
pub mod handler;
pub mod http;
mod limits;
mod outcome;
pub mod redis;
mod rules;
pub mod s3;
pub mod site;

use std::collections::HashSet;
use std::future::Future;

pub use error::{ConfigError, StoreError};
pub use frame::Frame;
pub use limits::StoreLimits;
pub use outcome::{Outcome, RequestError, RequestErrorKind};
pub use rules::StoreRules;

use crate::pack::Batch;

/// A place where cache entries are kept.
///
/// Each method makes at most one attempt. All of them can be repeated without harm.
pub trait Store: Send + Sync {
    /// How entries are encoded for it.
    const FRAME: Frame;

    /// What it accepts.
    const LIMITS: StoreLimits;

    /// The reader of its entries.
    const RULES: StoreRules;

    /// Whether its requests count against the request limit of Cloudflare's API.
    const HAS_REQUEST_QUOTA: bool = true;

    /// Whether entries expire.
    const HAS_EXPIRY: bool = true;

    /// The largest request body that is chosen by default, in bytes. Beyond it, the round trip no longer
    /// counts, and a body that fails is sent again as a whole.
    const MAX_CHOSEN_BODY_BYTES: usize = 8 * 1024 * 1024;

    /// The most memory that the store itself may take during a run, in bytes, besides the batches being
    /// sent. The run's budget sets it aside.
    const MAX_HELD_BYTES: usize = 0;

    /// Stores the entries of a batch.
    fn put(&self, batch: &Batch) -> impl Future<Output = Outcome<Stored>> + Send;

    /// Lists keys that begin with `prefix`, in ascending order of their bytes: the first page, or
    /// the one at the previous page's `cursor`.
    fn list(
        &self,
        prefix: &str,
        cursor: Option<&str>,
    ) -> impl Future<Output = Outcome<KeyPage>> + Send;

    /// Reads the value of a key; `None` if it does not exist.
    fn get(&self, key: &str) -> impl Future<Output = Outcome<Option<Vec<u8>>>> + Send;

    /// Stores a small value that is not a page. Stores without pruning ignore it.
    fn put_note(
        &self,
        _key: &str,
        _note: &str,
        _ttl_seconds: Option<u64>,
    ) -> impl Future<Output = Outcome<()>> + Send {
        std::future::ready(Outcome::new(Ok(())))
    }

    /// Prepares for listing a build's entries. A store that keeps their metadata elsewhere reads it, so that
    /// listings return it.
    fn recall(&self, _key_prefix: &str) -> impl Future<Output = Outcome<Recalled>> + Send {
        std::future::ready(Outcome::new(Ok(Recalled::Metadata)))
    }

    /// Keeps the metadata of a build's entries for the next run, in a store whose listings do not have it.
    /// Returns how many entries there was no room for.
    fn keep_metadata(&self, _key_prefix: &str) -> impl Future<Output = Outcome<usize>> + Send {
        std::future::ready(Outcome::new(Ok(0)))
    }

    /// Deletes what is kept about a build besides its entries.
    fn forget(&self, _key_prefix: &str) -> impl Future<Output = Outcome<()>> + Send {
        std::future::ready(Outcome::new(Ok(())))
    }

    /// Deletes entries. Keys that do not exist are ignored. At most
    /// [`max_batch_entries`](StoreLimits::max_batch_entries) keys at a time.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Outcome<()>> + Send;
}

/// What a store said about the entries of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stored {
    /// All of them are stored.
    All,
    /// All but those with these keys, which failed for this reason.
    AllBut(HashSet<String>, RequestError),
}

/// What a store knows about a build's entries besides their keys.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Recalled {
    /// Their metadata, which listings return.
    Metadata,
    /// Nothing: no run has kept anything.
    Nothing,
    /// What was kept cannot be used, for this reason.
    Unusable(String),
}

/// A page of a listing, and where the next one begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyPage {
    /// The keys, in ascending order of their bytes.
    pub keys: Vec<ListedKey>,
    /// The cursor of the next page; `None` on the last one. A page may be empty without being the last.
    pub cursor: Option<String>,
}

/// A listed key, and what the listing says about its entry.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListedKey {
    /// The key.
    pub name: String,
    /// When the entry expires, in seconds since the epoch; `None` if it does not.
    pub expires_at_seconds: Option<u64>,
    /// The entry's metadata, if it has any.
    pub metadata: Option<serde_json::Value>,
}
