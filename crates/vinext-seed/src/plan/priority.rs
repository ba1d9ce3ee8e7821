//! Ranks entries, for runs that may write only some of them.
//!
//! Pages that the caller names come first, then documents before payloads, short paths before long ones
//! (the home page is the shortest), and pages that never revalidate before those that do. Entries that are
//! equal in all of this keep the manifest's order.

use crate::formats::cache_key::ArtifactKind;
use crate::manifest::Lifetime;

/// The bit that is set for payloads.
const PAYLOAD: u16 = 1 << 14;

/// The number of segments beyond which all paths count as equally deep.
const MAX_DEPTH: usize = 1000;

/// An entry's rank: a lower one comes first.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Priority(u16);

impl Priority {
    pub(super) fn of(
        is_first: bool,
        kind: ArtifactKind,
        pathname: &str,
        lifetime: &Lifetime,
    ) -> Self {
        let segments = pathname.split('/').filter(|segment| !segment.is_empty());
        let depth = u16::try_from(segments.count().min(MAX_DEPTH)).unwrap_or(u16::MAX >> 6);
        let later = u16::from(!is_first) << 15;
        let payload = if kind == ArtifactKind::Rsc {
            PAYLOAD
        } else {
            0
        };
        let renders = u16::from(lifetime.revalidate_seconds.is_some());
        Self(later | payload | depth << 1 | renders)
    }

    /// Whether the entry is a payload, which is never a route's main entry.
    pub(crate) fn is_payload(self) -> bool {
        self.0 & PAYLOAD != 0
    }
}

#[cfg(test)]
impl From<u16> for Priority {
    fn from(rank: u16) -> Self {
        Self(rank)
    }
}

/// Whether a glob matches a pathname. `*` matches within a segment, `**` matches any number of segments.
pub(super) fn matches_any(globs: &[String], pathname: &str) -> bool {
    globs
        .iter()
        .any(|glob| fast_glob::glob_match(glob.as_str(), pathname))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_by_name_kind_depth_and_lifetime() {
        let isr = Lifetime {
            revalidate_seconds: Some(60.0),
            ..Lifetime::default()
        };
        let fixed = Lifetime::default();
        let order = [
            Priority::of(true, ArtifactKind::Html, "/a/b/c", &fixed),
            Priority::of(true, ArtifactKind::Rsc, "/", &fixed),
            Priority::of(false, ArtifactKind::Html, "/", &isr),
            Priority::of(false, ArtifactKind::Html, "/a", &fixed),
            Priority::of(false, ArtifactKind::Route, "/a/", &isr),
            Priority::of(false, ArtifactKind::Html, "/a/b", &fixed),
            Priority::of(false, ArtifactKind::Html, &"/a".repeat(5000), &isr),
            Priority::of(false, ArtifactKind::Rsc, "/", &fixed),
        ];
        assert!(order.is_sorted_by(|one, next| one < next), "{order:?}");
    }

    #[test]
    fn one_star_stays_within_a_segment_and_two_do_not() {
        let matches = |glob: &str, pathname| matches_any(&[glob.to_owned()], pathname);
        assert!(matches("/blog/*", "/blog/a"));
        assert!(!matches("/blog/*", "/blog/a/b"));
        assert!(matches("/blog/**", "/blog/a/b"));
        assert!(matches("/", "/"));
        assert!(!matches_any(&[], "/"));
    }
}
