//! How a built Worker caches pages, as far as its code shows.

use crate::formats::RuntimeProfile;

const NO_ENV: &str = "the Worker's entry calls `handler.fetch(request)` without `env`, so vinext \
    cannot access KV and none of these entries will be read; pass `env` and `ctx` too: \
    `handler.fetch(request, env, ctx)`";

const UNFINISHED: &str = "the build did not finish: pre-rendering ended before it wrote the list of \
    rendered pages into the Worker, for example because a page failed; check the build's output, and \
    build again";

const READS_KV: &str = "the built server reads pages from Workers KV, so it will not read what is written \
    to this store; seed KV, or configure the store's adapter as `cache.data` and build again";

const READS_MEMORY: &str = "no data cache is configured in the built server, so it keeps pages in memory \
    and will not read what is written to this store; configure an adapter for the store as \
    `cache.data` and build again";

/// The longest `ttlSeconds` that is used: 100 years, the limit of the corresponding option.
const MAX_TTL_SECONDS: f64 = 100.0 * 365.0 * 24.0 * 3600.0;

/// Facts about a built Worker that its code shows.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct WorkerFacts {
    /// Where the Worker keeps its data cache.
    pub data_cache: DataCache,
    /// Whether it leaves pages to a CDN (`cache.cdn`) and does not look them up in its data cache.
    pub has_cdn_cache: bool,
    /// The binding of the KV namespace.
    pub binding: Fact<String>,
    /// The adapter's `appPrefix`; empty for none.
    pub app_prefix: Fact<String>,
    /// The adapter's `ttlSeconds`; `None` if the option is not set.
    pub ttl_seconds: Fact<Option<f64>>,
    /// Whether the entry module passes the Worker's bindings to vinext, which a configured adapter needs.
    pub passes_env: Fact<bool>,
    /// Whether `cacheComponents` is set in `next.config`, so that the Worker renders pages without
    /// `"use cache"` on every request.
    pub cache_components: Fact<bool>,
    /// Whether it contains the list of pre-rendered paths. Since 0.2.0 writing the list is the last step of
    /// pre-rendering, so it is missing if a page failed.
    pub lists_rendered_paths: Fact<bool>,
}

impl WorkerFacts {
    /// Likely mistakes in a build of this format.
    pub(crate) fn warnings(&self, profile: &RuntimeProfile) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.data_cache == DataCache::Kv && self.passes_env == Fact::Known(false) {
            warnings.push(NO_ENV.to_owned());
        }
        warnings.extend(self.unfinished(profile));
        warnings
    }

    /// Likely mistakes in a build of this format, if entries go to a store other than KV.
    pub(crate) fn warnings_for_other_store(&self, profile: &RuntimeProfile) -> Vec<String> {
        let not_read = match self.data_cache {
            DataCache::Kv => Some(READS_KV),
            DataCache::Memory => Some(READS_MEMORY),
            DataCache::Unknown | DataCache::Other => None,
        };
        let not_read = not_read.map(str::to_owned);
        not_read
            .into_iter()
            .chain(self.unfinished(profile))
            .collect()
    }

    fn unfinished(&self, profile: &RuntimeProfile) -> Option<String> {
        let is_unfinished =
            profile.lists_paths_in_worker && self.lists_rendered_paths == Fact::Known(false);
        is_unfinished.then(|| UNFINISHED.to_owned())
    }

    /// The adapter's `ttlSeconds`, rounded up to whole seconds; `None` if it is unknown, not set, or not a
    /// TTL that KV accepts.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and below 2^53"
    )]
    pub fn ttl_seconds(&self) -> Option<u64> {
        let seconds = self.ttl_seconds.known().copied().flatten()?;
        (seconds > 0.0 && seconds <= MAX_TTL_SECONDS).then(|| seconds.ceil() as u64)
    }
}

/// Where a Worker keeps its data cache.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum DataCache {
    /// There is no Worker, or its code matches no known vinext.
    #[default]
    Unknown,
    /// In the memory of each isolate: no adapter is configured.
    Memory,
    /// In Workers KV.
    Kv,
    /// Somewhere else: in another adapter, or in a cache handler of the project.
    Other,
}

impl DataCache {
    /// The name: `unknown`, `memory`, `kv` or `other`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Memory => "memory",
            Self::Kv => "kv",
            Self::Other => "other",
        }
    }
}

/// A fact that the code may show.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fact<T> {
    /// The code does not show it, or has several different values.
    #[default]
    Unknown,
    /// The code shows this value.
    Known(T),
}

impl<T: PartialEq> Fact<T> {
    /// The value, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }

    /// The value if another source has the same one.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }
}

impl<T> From<Fact<T>> for Option<T> {
    fn from(fact: Fact<T>) -> Self {
        match fact {
            Fact::Known(value) => Some(value),
            Fact::Unknown => None,
        }
    }
}
