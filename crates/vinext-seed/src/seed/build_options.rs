//! Which build is seeded, and how its pages become entries.

use std::path::PathBuf;
use std::sync::Arc;

use crate::pack::PageQueue;
use crate::plan::DEFAULT_MAX_LISTED;
use crate::plan::lifetime::TtlRule;
use crate::runtime::RuntimeSource;

/// A build, and how its pages become entries.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The project's directory; the build is in its `dist/`.
    pub root: PathBuf,
    /// Where to learn what will read the entries. Default: from what is installed in `root`.
    pub runtime: RuntimeSource,
    /// Seed versions before 0.2.1, whose manifests do not show which pages are the same for every
    /// visitor. Default: no.
    pub allow_unproven_routes: bool,
    /// Seed pages whose render failed, as the build left them. Default: no.
    pub seed_failed_renders: bool,
    /// The `appPrefix` of the KV adapter; empty for none. Default: what the built Worker shows, else
    /// none. Another one than the Worker shows is refused.
    pub app_prefix: Option<String>,
    /// How many skipped routes, and how many keys that are not stored, the report names. Default:
    /// [`DEFAULT_MAX_LISTED`].
    pub max_listed: usize,
    /// How long KV keeps entries. Default: the adapter's `ttlSeconds` as the built Worker shows it,
    /// else see [`TtlRule`].
    pub ttl: TtlRule,
    /// Globs of the pathnames that are written first if there is a budget. Default: none.
    pub first: Vec<String>,
    /// Leave payloads to the runtime, which renders them on demand. Default: no.
    pub html_only: bool,
    /// Pages to seed instead of those in the manifest. Default: none.
    pub pages: Option<GivenPages>,
}

/// Pages that the caller passes in.
#[derive(Clone, Debug)]
pub struct GivenPages {
    /// Where they come from.
    pub queue: Arc<PageQueue>,
    /// The build id of the runtime that reads them. Default: that of the build in the project's `dist/`;
    /// with it, no build is read.
    pub build_id: Option<String>,
    /// Whether the site's URLs end in a slash. Default: as the manifest says, else no.
    pub trailing_slash: Option<bool>,
}

impl BuildOptions {
    /// Options with all defaults.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            runtime: RuntimeSource::Installed,
            allow_unproven_routes: false,
            seed_failed_renders: false,
            app_prefix: None,
            max_listed: DEFAULT_MAX_LISTED,
            ttl: TtlRule::default(),
            first: Vec::new(),
            html_only: false,
            pages: None,
        }
    }
}
