//! What a built Worker shows of the way it caches pages.

/// What the code of a built Worker shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkerFacts {
    /// Where the Worker keeps its data cache.
    pub data_cache: DataCache,
    /// Whether it leaves pages to a CDN (`cache.cdn`), and does not look for them in its data cache.
    pub has_cdn_cache: bool,
    /// The binding of the KV namespace.
    pub binding: Fact<String>,
    /// The adapter's `appPrefix`; empty for none.
    pub app_prefix: Fact<String>,
    /// The adapter's `ttlSeconds`, if it has any.
    pub ttl_seconds: Fact<Option<f64>>,
    /// Whether the entry module hands the Worker's bindings on to vinext.
    pub passes_env: Fact<bool>,
}

/// Where a Worker keeps its data cache.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DataCache {
    /// There is no Worker, or its code is like that of no vinext that was looked at.
    #[default]
    Unknown,
    /// In the memory of each isolate: no adapter is configured.
    Memory,
    /// In Workers KV.
    Kv,
    /// In something else: an adapter that is not the KV adapter is configured, or a handler of the
    /// project's own.
    Other,
}

/// Something that the code may show.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Fact<T> {
    /// It does not show it, or shows different things.
    #[default]
    Unknown,
    /// It shows this.
    Known(T),
}

impl<T: PartialEq> Fact<T> {
    /// What is known of it.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }

    /// What is known where another place says something of it too.
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
