//! The rules of the KV adapter, recognised by its code like the format of vinext itself.
//!
//! They are apart from vinext's own because the two packages may have different versions.

use super::probe::{Files, KV_ADAPTER, KV_KEY, Probes};
use crate::formats::kv_key::LongKeys;
use crate::formats::tags::ColonTags;

/// The rules of the installed KV adapter; without an adapter package those of the handler that is part
/// of vinext up to 0.1.8.
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
        // A tag that an adapter ignores when it reads does no harm; one that is missing makes
        // `revalidateTag` miss the page. So only what plainly drops them counts.
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

/// The helper that adapters after 1.0.0-beta.7 settle their TTL with.
const RESOLVES_TTL: &str = "resolveKvExpirationTtlSeconds";

/// How adapters up to 1.0.0-beta.7 give a TTL to pages that revalidate only.
const EXPIRES_REVALIDATING: &str = "revalidateAt !== null ?";

/// How adapters from 1.0.0-beta.5 on read `cacheControl.stale` to store it.
const READS_STALE: &str = "\"stale\")";

/// What depends on the KV adapter, which may have a different version than vinext.
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
        // Vinext's own handler never had one to store. If the adapter is not known, the member does no
        // harm: an adapter that does not know it ignores it.
        stores_stale: true,
    };
}
