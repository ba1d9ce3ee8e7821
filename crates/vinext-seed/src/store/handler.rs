//! The site's own cache handler as a store.
//!
//! The caller passes the handler as a [`SetEntry`]: it gets the logical key and the KV adapter's JSON, and
//! turns that into the handler's own call. Each entry is one request with its own outcome. A
//! handler can neither list nor delete.

use std::collections::HashSet;
use std::future::Future;

use super::{
    Frame, KeyPage, Outcome, RequestError, RequestErrorKind, Store, StoreError, StoreLimits,
    StoreRules, Stored,
};
use crate::pack::Batch;
use crate::sanitized_text::SanitizedText;

/// The prefix of entry keys in stores, which handlers do not get.
const ENTRY_CATEGORY: &str = "cache:";

/// The limits of a handler, as far as they are known: a value must fit into a string of V8
/// (`v8::String::kMaxLength`, 2^29 - 24).
pub const LIMITS: StoreLimits = StoreLimits {
    max_key_bytes: usize::MAX,
    max_value_bytes: (1 << 29) - 24,
    max_metadata_bytes: 0,
    max_batch_entries: 1,
    max_body_bytes: (1 << 29) - 24,
    min_ttl_seconds: 1,
};

/// Passes one entry to a cache handler.
pub trait SetEntry: Send + Sync {
    /// Stores `value`, the KV adapter's JSON of an entry, under a logical key (`app:v2:…`).
    fn set(&self, key: &str, value: Vec<u8>) -> impl Future<Output = Result<(), NotSet>> + Send;
}

/// Why a handler has not stored an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NotSet {
    /// It threw or rejected, with this message.
    Failed(String),
    /// It did not settle within this many milliseconds.
    TimedOut(u64),
    /// Its process did not respond at all within this many milliseconds.
    Busy(u64),
    /// It cannot be called any more, because its process or thread is ending.
    Gone(String),
    /// It could not be loaded, and was never called.
    Unavailable(String),
}

/// A cache handler as a store.
#[derive(Debug)]
pub struct HandlerStore<H> {
    handler: H,
}

impl<H: SetEntry> HandlerStore<H> {
    /// A store that passes its entries to `handler`.
    pub fn new(handler: H) -> Self {
        Self { handler }
    }
}

impl NotSet {
    /// Stable, for programs: the code of the [`StoreError`] that it becomes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Failed(_) | Self::Gone(_) => "HANDLER_FAILED",
            Self::TimedOut(_) => "HANDLER_TIMEOUT",
            Self::Busy(_) => "HANDLER_BUSY",
            Self::Unavailable(_) => "HANDLER_UNAVAILABLE",
        }
    }

    fn into_failure(self) -> RequestError {
        let code = self.code();
        // A handler may have stored the entry and failed afterwards.
        let may_be_stored = !matches!(self, Self::Unavailable(_));
        let (kind, message) = match self {
            Self::Failed(said) => {
                let said = SanitizedText::new(&said);
                let message = format!("`set` of the cache handler failed: {said}");
                (RequestErrorKind::Transient, message)
            }
            Self::TimedOut(milliseconds) => {
                let message =
                    format!("`set` of the cache handler did not settle within {milliseconds} ms");
                (RequestErrorKind::TooSlow, message)
            }
            Self::Busy(milliseconds) => {
                let message = format!(
                    "the cache handler keeps its process busy: `set` did not settle within \
                     {milliseconds} ms, and the process answers nothing else either"
                );
                (RequestErrorKind::Fatal, message)
            }
            Self::Gone(said) => {
                let said = SanitizedText::new(&said);
                let message = format!("the cache handler cannot be called: {said}");
                (RequestErrorKind::Fatal, message)
            }
            Self::Unavailable(said) => {
                let said = SanitizedText::new(&said);
                let message = format!("the cache handler could not be loaded: {said}");
                (RequestErrorKind::Fatal, message)
            }
        };
        kind.because(StoreError::new(code, message).may_be_stored(may_be_stored))
    }
}

fn unsupported<T>(what: &str) -> Outcome<T> {
    let message = format!("a cache handler cannot {what}");
    let error = StoreError::new("HANDLER_FAILED", message);
    RequestErrorKind::Fatal.because(error).into()
}

impl<H: SetEntry> Store for HandlerStore<H> {
    const FRAME: Frame = Frame::RawValue;

    const LIMITS: StoreLimits = LIMITS;

    const RULES: StoreRules = StoreRules::OtherHandler {
        default_ttl_seconds: None,
    };

    const HAS_REQUEST_QUOTA: bool = false;

    async fn put(&self, batch: &Batch) -> Outcome<Stored> {
        let mut failed = HashSet::new();
        let mut reason = None;
        for entry in batch.entries() {
            let key = entry.key();
            let logical = key.strip_prefix(ENTRY_CATEGORY).unwrap_or(key);
            if let Err(not_set) = self.handler.set(logical, entry.encoded().to_vec()).await {
                failed.insert(key.to_owned());
                reason.get_or_insert(not_set);
            }
        }
        Outcome::new(match reason {
            None => Ok(Stored::All),
            Some(reason) => Ok(Stored::AllBut(failed, reason.into_failure())),
        })
    }

    async fn list(&self, _prefix: &str, _cursor: Option<&str>) -> Outcome<KeyPage> {
        unsupported("list its keys")
    }

    async fn get(&self, _key: &str) -> Outcome<Option<Vec<u8>>> {
        unsupported("return an entry as it was stored")
    }

    async fn delete(&self, _keys: &[String]) -> Outcome<()> {
        unsupported("delete entries")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::pack::batch_of;

    /// Stores all keys except those that end with `bad`.
    #[derive(Default)]
    struct Picky(Mutex<Vec<String>>);

    impl SetEntry for Picky {
        async fn set(&self, key: &str, _value: Vec<u8>) -> Result<(), NotSet> {
            if key.ends_with("bad") {
                return Err(NotSet::Failed("no\u{1b}[31m room".to_owned()));
            }
            self.0.lock().unwrap().push(key.to_owned());
            Ok(())
        }
    }

    #[tokio::test]
    async fn passes_logical_keys_and_reports_thrown_errors() {
        let store = HandlerStore::new(Picky::default());
        let batch = batch_of(&["cache:app:a", "cache:app:bad", "cache:app:b"].map(str::to_owned));
        let stored = store.put(&batch).await.result.unwrap();
        let Stored::AllBut(keys, failure) = stored else {
            panic!("{stored:?}");
        };
        assert_eq!(keys, HashSet::from(["cache:app:bad".to_owned()]));
        assert_eq!(failure.error.code(), "HANDLER_FAILED");
        assert!(!failure.error.message.contains('\u{1b}'));
        assert_eq!(*store.handler.0.lock().unwrap(), ["app:a", "app:b"]);
    }
}
