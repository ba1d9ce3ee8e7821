//! Derives the tags of a route's entries, and the pathname in its keys if a rewrite changes it.

use std::borrow::Cow;

use super::{Planner, SkipReason};
use crate::formats::pathname::{requested, rewritten};
use crate::formats::tag_list::TagList;
use crate::formats::tags::{Leaf, rewritten_to, route_segments, storable, whole_list};
use crate::manifest::Route;
use crate::sanitized_text::SanitizedText;

impl Planner {
    /// The runtime's tags for a page, and the pathname in its keys.
    pub(super) fn page_tags<'a>(
        &self,
        route: &Route<'_>,
        cached: Cow<'a, str>,
    ) -> Result<(TagList, Cow<'a, str>), SkipReason> {
        let whole = whole_list(&cached, route.tags.iter()).filter(|_| self.profile.lists_tags);
        let Some(whole) = whole else {
            let segments = route_segments(&route.pattern);
            let tags = self.tags(route, cached.clone(), segments, Leaf::Page);
            return Ok((tags, cached));
        };
        let looked_up = match rewritten_to(&cached, &whole) {
            None => cached,
            Some(target) if self.profile.keys_rewrites => {
                let requested = requested(cached, self.scan.header.trailing_slash);
                Cow::Owned(rewritten(&requested, &target))
            }
            Some(target) => {
                let pathname = SanitizedText::new(&target);
                return Err(SkipReason::Rewritten { pathname });
            }
        };
        Ok((storable(whole, self.profile.colon_tags), looked_up))
    }

    /// The runtime's tags for a route: those it derives, then those in the manifest.
    pub(super) fn tags<'a>(
        &self,
        route: &Route<'_>,
        cached_pathname: Cow<'_, str>,
        segments: impl Iterator<Item = Cow<'a, str>>,
        leaf: Leaf,
    ) -> TagList {
        let trailing_slash = leaf == Leaf::Page && self.scan.header.trailing_slash;
        let pathname = requested(cached_pathname, trailing_slash);
        let rule = self.profile.tags;
        storable(
            rule.derive(&pathname, segments, leaf, route.tags.iter()),
            self.profile.colon_tags,
        )
    }
}
