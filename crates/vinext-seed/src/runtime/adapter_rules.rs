//! Recognizes the rules of the KV adapter by its code, as `probe.rs` does for vinext.
//!
//! The two packages may have different versions.

use super::probe::{Files, KV_ADAPTER, KV_KEY, Probes};
use crate::formats::kv_key::LongKeys;
use crate::formats::tags::ColonTags;

/// The rules of the installed KV adapter. If the package is not installed, those of the handler that vinext
/// itself contains up to 0.1.8.
pub(super) fn adapter_rules(probes: &Probes) -> AdapterRules {
    let Some(files) = &probes.cloudflare else {
        return AdapterRules::OLDEST;
    };
    let files = Files(files);
    AdapterRules {
        long_kv_keys: if files.get(KV_KEY).is_some() {
            LongKeys::Hashed
        } else {
            LongKeys::Rejected
        },
        // A tag that the adapter ignores does no harm, but without a tag that it reads, `revalidateTag`
        // misses the page. Only code that clearly drops such tags counts.
        colon_tags: if files.shows(KV_ADAPTER, REFUSES_COLONS) {
            ColonTags::Dropped
        } else {
            ColonTags::Kept
        },
        expires_static_pages: files.shows(KV_KEY, RESOLVES_TTL)
            && !files.shows(KV_ADAPTER, EXPIRES_REVALIDATING),
        stores_stale: files.shows(KV_ADAPTER, READS_STALE),
    }
}

/// The adapters' pattern for tags that they drop, up to 1.0.0-beta.7. Bundlers leave it as it is.
pub(super) const REFUSES_COLONS: &str = r"[\x00-\x1f\\:]";

/// The function that determines the TTL in adapters after 1.0.0-beta.7.
const RESOLVES_TTL: &str = "resolveKvExpirationTtlSeconds";

/// The code that gives a TTL only to pages that revalidate, in adapters up to 1.0.0-beta.7.
const EXPIRES_REVALIDATING: &str = "revalidateAt !== null ?";

/// The code that reads `cacheControl.stale` in order to store it, in adapters since 1.0.0-beta.5.
const READS_STALE: &str = "\"stale\")";

/// The rules that depend on the KV adapter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct AdapterRules {
    pub(super) long_kv_keys: LongKeys,
    pub(super) colon_tags: ColonTags,
    pub(super) expires_static_pages: bool,
    pub(super) stores_stale: bool,
}

impl AdapterRules {
    /// The rules of the first adapter.
    pub(super) const OLDEST: Self = Self {
        long_kv_keys: LongKeys::Rejected,
        colon_tags: ColonTags::Dropped,
        expires_static_pages: false,
        // vinext's own handler never has one to store, and an unknown adapter ignores members that it does
        // not know.
        stores_stale: true,
    };
}
