//! The keys and prefixes that belong to a build as a whole.

use super::Planner;
use crate::formats::cache_key::ArtifactKind;
use crate::formats::pages_key::pages_cache_key;

impl Planner {
    /// The prefixes of this build's keys that are not hashed as a whole: one
    /// prefix for each router that has pages, none if all keys are hashed.
    #[must_use]
    pub fn key_prefixes(&self) -> Vec<String> {
        let id = &self.build_id;
        let has_pages = self.profile.has_pages_router && self.scan.has_pages_router;
        let app = (self.scan.has_app_router || !has_pages).then(|| {
            let key = self.profile.cache_key.key(id, "/", ArtifactKind::Html);
            self.prefix_of(&key, "/:html")
        });
        let pages = has_pages.then(|| self.prefix_of(&pages_cache_key(id, "/", None), "/"));
        [app, pages].into_iter().flatten().flatten().collect()
    }

    /// The key of the root page without what follows the build id.
    fn prefix_of(&self, logical_key: &str, suffix: &str) -> Option<String> {
        let key = self.key_space.entry_key(logical_key)?;
        // The colon keeps a build id apart from longer ones that begin with it. If the build id makes
        // even this key too long, the key has a hash instead of the pathname.
        key.strip_suffix(suffix)
            .filter(|prefix| {
                !self.build_id.is_empty() && prefix.ends_with(&format!("{}:", self.build_id))
            })
            .map(str::to_owned)
    }

    /// The prefix of the adapter's markers of invalidated tags.
    #[must_use]
    pub fn tag_marker_prefix(&self) -> String {
        self.key_space.tag_marker_prefix()
    }

    /// The key under which a run leaves its record of the build.
    #[must_use]
    pub fn record_key(&self) -> Option<String> {
        self.key_space.record_key(&self.build_id)
    }
}
