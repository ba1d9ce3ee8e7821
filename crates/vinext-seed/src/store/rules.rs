//! How a store's reader interprets keys, tags and lifetimes.

use crate::formats::RuntimeProfile;
use crate::formats::kv_key::LongKeys;
use crate::formats::tags::ColonTags;

/// The reader of a store's entries, which determines their keys and lifetimes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreRules {
    /// vinext's KV adapter. Its rules depend on its version, and the built Worker shows its options.
    KvAdapter,
    /// Another cache handler that takes the KV adapter's JSON as it is: keys are never hashed, tags with
    /// a colon are kept (a handler that ignores them is not harmed by them), and static pages stay until
    /// they are deleted.
    OtherHandler {
        /// How long pages that revalidate stay unless the caller says otherwise, in seconds; `None`
        /// where the store keeps everything until it is deleted.
        default_ttl_seconds: Option<u64>,
    },
}

impl StoreRules {
    /// Whether vinext's KV adapter reads the store.
    #[must_use]
    pub fn is_kv(self) -> bool {
        self == Self::KvAdapter
    }

    /// The profile of a runtime that reads from this store.
    #[must_use]
    pub(crate) fn apply(self, profile: RuntimeProfile) -> RuntimeProfile {
        match self {
            Self::KvAdapter => profile,
            Self::OtherHandler { .. } => RuntimeProfile {
                long_kv_keys: LongKeys::Kept,
                colon_tags: ColonTags::Kept,
                expires_static_pages: false,
                ..profile
            },
        }
    }

    /// The default TTL of pages that revalidate, if neither the caller nor the built site sets one.
    #[must_use]
    pub(crate) fn default_ttl_seconds(self) -> Option<u64> {
        match self {
            Self::KvAdapter => None,
            Self::OtherHandler {
                default_ttl_seconds,
            } => default_ttl_seconds,
        }
    }
}
