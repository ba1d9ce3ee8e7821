//! The key prefixes of a build, and the key of its record.

use super::Planner;
use crate::formats::cache_key::ArtifactKind;
use crate::formats::pages_key::pages_cache_key;

impl Planner {
    /// The key prefixes of this build's entries: one for each router that has pages. Empty if all keys are
    /// hashed.
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

    /// The part of the root page's key up to the build id.
    fn prefix_of(&self, logical_key: &str, suffix: &str) -> Option<String> {
        let key = self.key_space.entry_key(logical_key)?;
        // The colon distinguishes a build id from longer ones that start with it. A long build id can
        // make even this key too long, so that it is hashed.
        key.strip_suffix(suffix)
            .filter(|prefix| {
                !self.build_id.is_empty() && prefix.ends_with(&format!("{}:", self.build_id))
            })
            .map(str::to_owned)
    }

    /// The key prefix of the adapter's markers of invalidated tags.
    #[must_use]
    pub fn tag_marker_prefix(&self) -> String {
        self.key_space.tag_marker_prefix()
    }

    /// The key of the record of this build; `None` if it would be too long.
    #[must_use]
    pub fn record_key(&self) -> Option<String> {
        self.key_space.record_key(&self.build_id)
    }
}
