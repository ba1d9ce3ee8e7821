//! Lists everything that a runtime looks up for one route: keys, tags and files.
//!
//! It has no rules of its own, and combines those of its sibling modules.

use super::RuntimeProfile;
use super::cache_key::ArtifactKind;
use super::kv_key::KvKeySpace;
use super::pages_key::pages_cache_key;
use super::pathname::{cache_pathname, requested};
use super::tags::{Leaf, route_segments, storable};

/// What the runtime looks up for one route.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lookup {
    /// The decoded pathname in keys and tags.
    pub pathname: String,
    /// The page's document.
    pub html: ArtifactLocation,
    /// The page's RSC payload.
    pub rsc: ArtifactLocation,
    /// The response of a metadata route.
    pub route: ArtifactLocation,
    /// The page, if the Pages Router serves it; `None` if pages of this version's Pages Router are not seeded.
    pub pages: Option<ArtifactLocation>,
    /// The tags of a page's entries.
    pub tags: Vec<String>,
}

/// Where the runtime finds one artifact.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ArtifactLocation {
    /// The key within vinext.
    pub logical_key: String,
    /// The key in KV; `None` if it is too long for this version's adapter.
    pub kv_key: Option<String>,
    /// The file of the build that holds it; `None` if the path is unsafe.
    pub file: Option<String>,
}

/// Lists what the runtime looks up for a route. `path` is its concrete pathname if that differs from the
/// pattern; `locale` is the locale of a page of the Pages Router if the site has several.
#[must_use]
pub fn look_up(
    profile: &RuntimeProfile,
    build_id: &str,
    app_prefix: &str,
    pattern: &str,
    path: Option<&str>,
    locale: Option<&str>,
    trailing_slash: bool,
) -> Lookup {
    let encoded = path.unwrap_or(pattern);
    let pathname = cache_pathname(encoded);
    let space = KvKeySpace::new(app_prefix, profile.long_kv_keys);
    let location_of = |logical_key: String, kind| ArtifactLocation {
        kv_key: space.entry_key(&logical_key),
        file: profile
            .artifact_path
            .file(encoded, kind, trailing_slash)
            .ok(),
        logical_key,
    };
    let location = |kind| location_of(profile.cache_key.key(build_id, &pathname, kind), kind);
    let (html, rsc, route) = (
        location(ArtifactKind::Html),
        location(ArtifactKind::Rsc),
        location(ArtifactKind::Route),
    );
    let pages = profile.has_pages_router.then(|| {
        let key = pages_cache_key(build_id, encoded, locale);
        location_of(key, ArtifactKind::Pages)
    });
    let tagged = requested(pathname.clone(), trailing_slash);
    let tags = profile
        .tags
        .derive(&tagged, route_segments(pattern), Leaf::Page, [""; 0]);
    Lookup {
        pathname: pathname.into_owned(),
        html,
        rsc,
        route,
        pages,
        tags: storable(tags, profile.colon_tags)
            .iter()
            .map(str::to_owned)
            .collect(),
    }
}
