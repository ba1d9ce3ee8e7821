//! The options that say which build is seeded and how its pages become entries.

use std::path::PathBuf;
use std::sync::Arc;

use crate::pack::PageQueue;
use crate::plan::DEFAULT_MAX_LISTED;
use crate::plan::lifetime::TtlRule;
use crate::runtime::RuntimeSource;

/// Which build is seeded, and how its pages become entries.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The project's directory, which contains the build in `dist/`.
    pub root: PathBuf,
    /// How to determine the vinext that reads the entries. Default: from the packages installed in `root`.
    pub runtime: RuntimeSource,
    /// Whether to seed versions of vinext before 0.2.1, whose manifests do not show which pages are the same
    /// for every visitor. Default: no.
    pub allow_unproven_routes: bool,
    /// Whether to seed pages whose render failed, as they are. Default: no.
    pub seed_failed_renders: bool,
    /// The `appPrefix` of the KV adapter; empty for none. Default: the one in the built Worker, or none if that
    /// is unknown. If it differs from the Worker's, the run is skipped.
    pub app_prefix: Option<String>,
    /// How many skipped routes, and how many keys that are not stored, the report lists at most. Default:
    /// [`DEFAULT_MAX_LISTED`].
    pub max_listed: usize,
    /// How long the store keeps entries. Default: the adapter's `ttlSeconds` in the built Worker, or else the
    /// defaults of [`TtlRule`].
    pub ttl: TtlRule,
    /// Globs of the pathnames that are written first if writes are limited: `*` matches within a segment,
    /// `**` any number of segments. Default: none.
    pub first: Vec<String>,
    /// Whether to store documents only. The runtime then renders payloads on demand. Default: no.
    pub html_only: bool,
    /// Pages to seed instead of those in the manifest. Default: none.
    pub pages: Option<GivenPages>,
}

/// Pages that the caller passes in.
#[derive(Clone, Debug)]
pub struct GivenPages {
    /// The queue to which the caller adds the pages.
    pub queue: Arc<PageQueue>,
    /// The build id of the Worker that reads the pages. If it is set, no build is read. Default: the id of the
    /// build in the project's `dist/`.
    pub build_id: Option<String>,
    /// Whether the site's URLs end in a slash. Default: the manifest's setting, or no if no build is read.
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
