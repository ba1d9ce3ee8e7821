//! The keys and prefixes that belong to a build as a whole.

use super::Planner;
use crate::formats::cache_key::ArtifactKind;

impl Planner {
    /// What the keys of this build's entries begin with, as far as they are not hashed as a whole;
    /// `None` where all are.
    #[must_use]
    pub fn key_prefix(&self) -> Option<String> {
        let logical = self
            .profile
            .cache_key
            .key(&self.build_id, "/", ArtifactKind::Html);
        let key = self.key_space.entry_key(&logical)?;
        // The colon keeps a build id apart from longer ones that begin with it. If the build id makes
        // even this key too long, the key has a hash instead of the pathname.
        key.strip_suffix("/:html")
            .filter(|prefix| {
                !self.build_id.is_empty() && prefix.ends_with(&format!("{}:", self.build_id))
            })
            .map(str::to_owned)
    }

    /// What the keys of the adapter's markers of invalidated tags begin with.
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
