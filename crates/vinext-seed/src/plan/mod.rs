//! Stage 2: decides what to write for each route, before any artifact is read.
//!
//! Invariant: a route's plan depends on other routes only through the [`ManifestScan`], so that
//! routes can be planned in any order on any thread.

mod app_route;
mod build_keys;
mod key_index;
pub mod lifetime;
mod manifest_scan;
mod page_tags;
mod pages_route;
mod planned_route;
mod priority;
mod skip_message;
mod skip_reason;
mod skipped_routes;

use crate::formats::RuntimeProfile;
use crate::formats::cache_key::ArtifactKind;
use crate::formats::kv_key::KvKeySpace;
use crate::formats::profile::PagesRead;
use crate::manifest::{Headers, Lifetime, RenderStatus, Route, RouterKind};
use crate::sanitized_text::SanitizedText;
use crate::store::StoreLimits;
use lifetime::TtlRule;
pub use manifest_scan::ManifestScan;
pub use planned_route::{PageDataCheck, PayloadCheck, PlannedEntry, PlannedRoute};
pub use priority::Priority;
pub use skip_reason::SkipReason;
pub use skipped_routes::{DEFAULT_MAX_LISTED, SkippedReason, SkippedRoute, SkippedRoutes};

/// The pathname under which the build renders its error page (`404.html`). Not a page.
const ERROR_PAGE_PATHNAME: &str = "/404";

/// Plans the routes of one build.
#[derive(Debug)]
pub struct Planner {
    profile: RuntimeProfile,
    build_id: String,
    key_space: KvKeySpace,
    ttl: TtlRule,
    limits: StoreLimits,
    scan: ManifestScan,
    seeds_failed_renders: bool,
    cache_components: bool,
    first: Vec<String>,
    html_only: bool,
}

impl Planner {
    /// A planner for a build: `build_id` is the Worker's, `app_prefix` the KV adapter's (empty for none),
    /// and `limits` are the store's.
    #[must_use]
    pub fn new(
        profile: RuntimeProfile,
        build_id: String,
        app_prefix: &str,
        ttl: TtlRule,
        limits: StoreLimits,
        scan: ManifestScan,
    ) -> Self {
        let key_space = KvKeySpace::new(app_prefix, profile.long_kv_keys);
        let ttl = if profile.expires_static_pages {
            ttl.expiring_static_pages()
        } else {
            ttl
        };
        Self {
            profile,
            build_id,
            key_space,
            ttl,
            limits,
            scan,
            seeds_failed_renders: false,
            cache_components: false,
            first: Vec::new(),
            html_only: false,
        }
    }

    /// Whether pages whose render failed are seeded as they are. Default: no.
    #[must_use]
    pub fn seed_failed_renders(mut self, seeds: bool) -> Self {
        self.seeds_failed_renders = seeds;
        self
    }

    /// Whether the app has `cacheComponents`. Its pages are then skipped if the Worker renders them on every
    /// request. Default: no.
    #[must_use]
    pub fn cache_components(mut self, is_on: bool) -> Self {
        self.cache_components = is_on;
        self
    }

    /// Globs of the pathnames that have the highest priority if writes are limited. Default: none.
    #[must_use]
    pub fn write_first(mut self, globs: Vec<String>) -> Self {
        self.first = globs;
        self
    }

    /// Whether payloads are not stored, so that the runtime renders them on demand. Default: no.
    #[must_use]
    pub fn html_only(mut self, is_on: bool) -> Self {
        self.html_only = is_on;
        self
    }

    /// Whether entries of a kind are checked but not stored.
    pub(crate) fn omits(&self, kind: ArtifactKind) -> bool {
        self.html_only && kind == ArtifactKind::Rsc
    }

    /// The scan of the whole manifest.
    #[must_use]
    pub fn scan(&self) -> &ManifestScan {
        &self.scan
    }

    /// Plans the route at a position of the manifest.
    ///
    /// # Errors
    /// The reason why the route is skipped.
    pub fn plan(&self, position: usize, route: &Route<'_>) -> Result<PlannedRoute, SkipReason> {
        if let RenderStatus::NotRendered(detail) = &route.status {
            return Err(SkipReason::NotRendered(SanitizedText::new(detail)));
        }
        match route.router {
            RouterKind::App => {}
            RouterKind::Metadata if self.profile.has_metadata_routes => {}
            RouterKind::Metadata => return Err(SkipReason::MetadataNotRead),
            RouterKind::Pages if self.profile.has_pages_router => {}
            RouterKind::Pages => return Err(SkipReason::OldPagesRouter),
            RouterKind::Other => return Err(SkipReason::NotAppRouter),
        }
        let pathname = route.pathname();
        if route.router == RouterKind::App && pathname == ERROR_PAGE_PATHNAME {
            return Err(SkipReason::ErrorPage);
        }
        if is_fallback_shell(route) {
            return Err(SkipReason::FallbackShell);
        }
        if !self.profile.prerendered_params.are_right_for(pathname) {
            return Err(SkipReason::WrongParams);
        }
        let mut lifetime = route.lifetime.ok_or(SkipReason::NegativeRevalidate)?;
        lifetime.stale_seconds = lifetime.stale_seconds.filter(|_| self.profile.has_stale);
        if self.profile.reads == PagesRead::Revalidating && lifetime.revalidate_seconds.is_none() {
            return Err(SkipReason::NeverRead);
        }
        if self.cache_components && self.is_rendered_on_every_request(route, &lifetime) {
            return Err(SkipReason::NotCached);
        }
        lifetime.stale_seconds = lifetime.stale_seconds.filter(|_| self.profile.stores_stale);
        let shares_index_files = !self.profile.artifact_path.escapes_index
            && self.scan.has_root_and_index
            && matches!(pathname, "/" | "/index");
        if shares_index_files {
            return Err(SkipReason::IndexCollision);
        }
        if self.scan.is_duplicate(position) {
            return Err(SkipReason::Duplicate);
        }
        match route.router {
            RouterKind::Metadata => self.metadata_route(route, lifetime),
            RouterKind::Pages => self.pages_route(route, lifetime),
            _ => self.app_page(route, lifetime),
        }
    }

    /// Whether a Worker with `cacheComponents` writes no entry for a page, as measured with 0.1.8 to
    /// 1.4.0: nothing on the page has a cache lifetime. `"use cache"` has one; if it never ends,
    /// the manifest still lists its `stale`.
    fn is_rendered_on_every_request(&self, route: &Route<'_>, lifetime: &Lifetime) -> bool {
        let has_lifetime =
            lifetime.revalidate_seconds.is_some() || lifetime.stale_seconds.is_some();
        let has_static_params = self.profile.caches_static_params && route.pattern.contains(':');
        route.router == RouterKind::App && !has_lifetime && !has_static_params
    }

    /// The entry under a logical key.
    fn entry_under(
        &self,
        logical_key: &str,
        route: &Route<'_>,
        kind: ArtifactKind,
        file: String,
        headers: Option<Headers>,
    ) -> Result<PlannedEntry, SkipReason> {
        let limit_bytes = self.limits.max_key_bytes;
        let too_long = |bytes| SkipReason::KeyTooLong { bytes, limit_bytes };
        let key = self
            .key_space
            .entry_key(logical_key)
            .ok_or_else(|| too_long(self.key_space.bytes(logical_key)))?;
        if key.len() > limit_bytes {
            return Err(too_long(key.len()));
        }
        Ok(PlannedEntry {
            kind,
            // The runtime renders a missing payload on navigation.
            is_required: kind != ArtifactKind::Rsc,
            file,
            from_manifest: None,
            key,
            headers,
            priority: Priority::of(
                priority::matches_any(&self.first, route.pathname()),
                kind,
                route.pathname(),
                &route.lifetime.unwrap_or_default(),
            ),
        })
    }
}

/// Old manifests do not mark shells, but name them as the file system does: `/en/[slug]`. Brackets of
/// concrete paths are percent-encoded.
fn is_fallback_shell(route: &Route<'_>) -> bool {
    route.is_fallback_shell || memchr::memchr2(b'[', b']', route.pathname().as_bytes()).is_some()
}
