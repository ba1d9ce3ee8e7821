//! The switches in which vinext formats differ, one row per format.
//!
//! Every field is a fact about published packages; tests compare them with the packages' own functions.
//! [`crate::runtime`] chooses the row. A profile is written as the difference from the one before,
//! in order of publication, so the file reads as the history of the format.

use super::artifact_path::ArtifactPathRule;
use super::cache_key::CacheKeyRule;
use super::kv_key::LongKeys;
use super::path_hash::PathHash;
use super::tags::{ColonTags, TagRule};

/// The rules of one format: what entries look like, and which pages the runtime looks up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RuntimeProfile {
    /// The generation's short name, `g02` to `g12`, as in `docs/formats.md`.
    pub generation: &'static str,
    /// How keys are built.
    pub cache_key: CacheKeyRule,
    /// What the KV adapter does with keys above 512 bytes.
    pub long_kv_keys: LongKeys,
    /// What the KV adapter does with tags that contain a colon.
    pub colon_tags: ColonTags,
    /// Whether the KV adapter gives static pages a TTL too, its `ttlSeconds` or 30 days (adapters after
    /// 1.0.0-beta.7, according to their source).
    pub expires_static_pages: bool,
    /// How tags are derived.
    pub tags: TagRule,
    /// The names of artifacts.
    pub artifact_path: ArtifactPathRule,
    /// Where to find the Worker's build id.
    pub build_id: BuildIdSource,
    /// Which pages the runtime looks up at all.
    pub reads: PagesRead,
    /// How an entry proves that it is valid for any query string.
    pub query_proof: QueryProof,
    /// Whether entries carry `expireAt` and `cacheControl` (since 0.0.49).
    pub has_expiry: bool,
    /// Whether pages carry response headers from the manifest (since 0.2.0).
    pub has_headers: bool,
    /// Whether pages carry the status, and redirects the location, that the manifest recorded
    /// (1.4.0).
    pub has_status: bool,
    /// Whether metadata routes such as `sitemap.xml` are pre-rendered (since 1.0.0-beta.8).
    pub has_metadata_routes: bool,
    /// Whether the manifest lists the runtime's own tags (since 1.0.0-beta.4).
    pub lists_tags: bool,
    /// Whether the manifest has `stale` (since 1.0.0-beta.5).
    pub has_stale: bool,
    /// Whether the adapter stores `stale` in `cacheControl` (`@vinext/cloudflare` since 1.0.0-beta.5).
    pub stores_stale: bool,
    /// Whether the prerenderer renders the document and the payload of a page separately (up to 0.0.49).
    /// Later, the payload is the one in the document.
    pub renders_twice: bool,
    /// Whether the keys of a rewritten page contain both pathnames (1.4.0). Before, they are the keys of the
    /// rewrite's target.
    pub keys_rewrites: bool,
    /// Whether the prerenderer follows redirects and lists the target under the pathname of the page that
    /// redirects (up to 0.0.52).
    pub follows_redirects: bool,
    /// Whether pages of `generateStaticParams` are cached, without a lifetime, if the app has
    /// `cacheComponents` and nothing on the page has a cache lifetime.
    pub caches_static_params: bool,
    /// Whether the last step of pre-rendering writes the rendered paths into the Worker (since 0.2.0).
    pub lists_paths_in_worker: bool,
    /// Which parameters pages get from the prerenderer.
    pub prerendered_params: PrerenderedParams,
    /// Whether the manifest has the fields that entries of the Pages Router need: status, redirects and
    /// locales (1.4.0).
    pub has_pages_router: bool,
    /// Whether the manifest lists only pages that do not depend on cookies, headers or the query (since
    /// 0.2.1).
    pub is_proven: bool,
}

/// Where to find the Worker's build id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BuildIdSource {
    /// Only in the Worker's code. The manifest has a different, random one (up to 0.0.55).
    WorkerBundle,
    /// In `dist/server/BUILD_ID`, and the same in the manifest (since 0.1.1).
    BuildIdFile,
}

/// Which pages the runtime looks up in the cache.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PagesRead {
    /// Only pages that set a numeric `revalidate` (up to 0.0.45).
    Revalidating,
    /// Static pages too.
    All,
}

/// Which parameters a page gets from the prerenderer, compared with those of a request. If they differ, the
/// pre-rendered page may show the wrong text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PrerenderedParams {
    /// The same (0.0.49 to 0.1.2, and again since 1.0.0-beta.2).
    AsInRequests,
    /// Literal percent signs are decoded once more than in requests (up to 0.0.45).
    PercentDecodedTwice,
    /// They are percent-encoded, while those of requests are decoded (0.1.6 to 1.0.0-beta.1).
    LeftEncoded,
}

impl PrerenderedParams {
    /// Whether the page with this encoded pathname was rendered with the parameters of a request.
    #[must_use]
    pub fn are_right_for(self, pathname: &str) -> bool {
        match self {
            Self::AsInRequests => true,
            Self::PercentDecodedTwice => !pathname.contains("%25"),
            Self::LeftEncoded => !pathname.contains('%'),
        }
    }
}

/// How an entry proves that its page did not read the query string, so that `/page?utm=1` is a HIT too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum QueryProof {
    /// Not at all: the runtime ignores queries (up to 0.0.55), or the build has no proof (up to 0.2.0).
    None,
    /// A `renderObservation` in which the search parameters were not observed (since 0.2.1).
    RenderObservation,
    /// `prerendered: true` (1.4.0).
    PrerenderedFlag,
}

/// 0.0.35 to 0.0.45.
pub const G02: RuntimeProfile = RuntimeProfile {
    generation: "g02",
    cache_key: CacheKeyRule {
        namespace: "app",
        path_hash: PathHash::Fnv1a64Base36,
        marks_trailing_slash: false,
    },
    long_kv_keys: LongKeys::Rejected,
    colon_tags: ColonTags::Dropped,
    expires_static_pages: false,
    tags: TagRule::ConcretePath,
    artifact_path: ArtifactPathRule {
        html_strips_trailing_slash: false,
        escapes_index: false,
    },
    build_id: BuildIdSource::WorkerBundle,
    reads: PagesRead::Revalidating,
    query_proof: QueryProof::None,
    has_expiry: false,
    has_headers: false,
    has_status: false,
    has_metadata_routes: false,
    lists_tags: false,
    has_stale: false,
    stores_stale: false,
    renders_twice: true,
    keys_rewrites: false,
    follows_redirects: true,
    caches_static_params: false,
    lists_paths_in_worker: false,
    prerendered_params: PrerenderedParams::PercentDecodedTwice,
    has_pages_router: false,
    is_proven: false,
};

/// 0.0.49. Unsupported: its `.rsc` files hold HTML.
pub const G03: RuntimeProfile = RuntimeProfile {
    generation: "g03",
    tags: TagRule::RouteSegments {
        strips_trailing_slash: false,
        encodes: false,
    },
    reads: PagesRead::All,
    prerendered_params: PrerenderedParams::AsInRequests,
    has_expiry: true,
    ..G02
};

/// 0.0.50 to 0.0.52.
pub const G04: RuntimeProfile = RuntimeProfile {
    generation: "g04",
    tags: TagRule::RouteSegments {
        strips_trailing_slash: false,
        encodes: true,
    },
    renders_twice: false,
    ..G03
};

/// 0.0.55.
pub const G05: RuntimeProfile = RuntimeProfile {
    generation: "g05",
    cache_key: CacheKeyRule {
        path_hash: PathHash::Fnv1a64Hex,
        ..G04.cache_key
    },
    follows_redirects: false,
    ..G04
};

/// 0.1.1 and 0.1.2.
pub const G06: RuntimeProfile = RuntimeProfile {
    generation: "g06",
    build_id: BuildIdSource::BuildIdFile,
    ..G05
};

/// 0.1.6 and 0.1.8.
pub const G06_ENCODED: RuntimeProfile = RuntimeProfile {
    prerendered_params: PrerenderedParams::LeftEncoded,
    ..G06
};

/// 0.2.0.
pub const G07_UNPROVEN: RuntimeProfile = RuntimeProfile {
    generation: "g07",
    tags: TagRule::RouteSegments {
        strips_trailing_slash: true,
        encodes: true,
    },
    has_headers: true,
    lists_paths_in_worker: true,
    ..G06_ENCODED
};

/// 0.2.1 to 1.0.0-beta.1.
pub const G07: RuntimeProfile = RuntimeProfile {
    query_proof: QueryProof::RenderObservation,
    is_proven: true,
    ..G07_UNPROVEN
};

/// 1.0.0-beta.2.
pub const G07_BETA2: RuntimeProfile = RuntimeProfile {
    prerendered_params: PrerenderedParams::AsInRequests,
    ..G07
};

/// 1.0.0-beta.3. The KV adapter of the same version begins to hash long keys.
pub const G08: RuntimeProfile = RuntimeProfile {
    generation: "g08",
    long_kv_keys: LongKeys::Hashed,
    ..G07_BETA2
};

/// 1.0.0-beta.4.
pub const G09: RuntimeProfile = RuntimeProfile {
    generation: "g09",
    lists_tags: true,
    ..G08
};

/// 1.0.0-beta.5.
pub const G10: RuntimeProfile = RuntimeProfile {
    generation: "g10",
    has_stale: true,
    stores_stale: true,
    ..G09
};

/// 1.0.0-beta.8.
pub const G11_BETA8: RuntimeProfile = RuntimeProfile {
    generation: "g11",
    has_metadata_routes: true,
    ..G10
};

/// 1.0.0-beta.9 and 1.0.0-beta.10.
pub const G11: RuntimeProfile = RuntimeProfile {
    artifact_path: ArtifactPathRule {
        html_strips_trailing_slash: true,
        escapes_index: false,
    },
    caches_static_params: true,
    ..G11_BETA8
};

/// 1.4.0.
pub const G12: RuntimeProfile = RuntimeProfile {
    generation: "g12",
    cache_key: CacheKeyRule {
        namespace: "app:v2",
        path_hash: PathHash::Sha256Hex,
        marks_trailing_slash: true,
    },
    artifact_path: ArtifactPathRule {
        html_strips_trailing_slash: true,
        escapes_index: true,
    },
    query_proof: QueryProof::PrerenderedFlag,
    has_status: true,
    keys_rewrites: true,
    has_pages_router: true,
    ..G11
};
