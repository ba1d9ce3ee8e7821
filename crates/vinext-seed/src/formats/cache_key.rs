//! The logical cache key of a page's artifact, such as `app:<build id>:<pathname>:html`.
//!
//! [`super::kv_key`] adds the app prefix and applies KV's limit.

use super::path_hash::PathHash;

/// The longest key, suffix included, that the runtime leaves unhashed. Counted in UTF-16 units
/// (`buildCacheKey` in vinext's `server/isr-cache`, all versions).
const MAX_PLAIN_KEY_UTF16_UNITS: usize = 200;

/// Which of a route's artifacts an entry holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ArtifactKind {
    /// The document a browser loads first.
    Html,
    /// The React Server Components payload of a client-side navigation.
    Rsc,
    /// The response of a metadata route such as `sitemap.xml`.
    Route,
    /// A page of the Pages Router: its document, and the data that is in it.
    Pages,
    /// A redirect that a page's `getStaticProps` returned. It has no artifact.
    PagesRedirect,
    /// The `notFound` that a page's `getStaticProps` returned. It has no artifact.
    PagesNotFound,
}

impl ArtifactKind {
    /// The kind's name: the last word of the keys of the App Router.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Rsc => "rsc",
            Self::Route => "route",
            Self::Pages => "pages",
            Self::PagesRedirect => "pages-redirect",
            Self::PagesNotFound => "pages-not-found",
        }
    }

    /// The extension of the build's file.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Rsc => "rsc",
            Self::Route => "route",
            Self::Html | Self::Pages | Self::PagesRedirect | Self::PagesNotFound => "html",
        }
    }
}

/// How a generation of vinext builds its keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheKeyRule {
    /// The prefix of keys: `app`, since 1.4.0 `app:v2`.
    pub namespace: &'static str,
    /// What replaces a pathname that makes the key too long.
    pub path_hash: PathHash,
    /// Whether a route handler's path that ends in `/` has a separate key (1.4.0).
    pub marks_trailing_slash: bool,
}

impl CacheKeyRule {
    /// The key under which the runtime looks for one artifact.
    #[must_use]
    pub fn key(self, build_id: &str, pathname: &str, kind: ArtifactKind) -> String {
        let has_trailing_slash = pathname.len() > 1 && pathname.ends_with('/');
        let normalized = if has_trailing_slash {
            &pathname[..pathname.len() - 1]
        } else {
            pathname
        };
        let suffix = match kind {
            ArtifactKind::Route if self.marks_trailing_slash && has_trailing_slash => {
                "route:trailing-slash"
            }
            _ => kind.as_str(),
        };
        bounded_key(
            self.namespace,
            build_id,
            normalized,
            [":", suffix],
            self.path_hash,
        )
    }
}

/// A key, with a hash instead of the pathname if it would be too long.
pub(super) fn bounded_key(
    namespace: &str,
    build_id: &str,
    normalized: &str,
    [separator, kind]: [&str; 2],
    path_hash: PathHash,
) -> String {
    let before_id = if build_id.is_empty() { "" } else { ":" };
    let with = |path: [&str; 2]| {
        let [mark, path] = path;
        let parts = [
            namespace, before_id, build_id, ":", mark, path, separator, kind,
        ];
        parts.concat()
    };
    let key = with(["", normalized]);
    if key.len() <= MAX_PLAIN_KEY_UTF16_UNITS
        || key.encode_utf16().count() <= MAX_PLAIN_KEY_UTF16_UNITS
    {
        return key;
    }
    with(["__hash:", &path_hash.digest(normalized)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: CacheKeyRule = CacheKeyRule {
        namespace: "app",
        path_hash: PathHash::Fnv1a64Hex,
        marks_trailing_slash: false,
    };

    #[test]
    fn the_limit_counts_the_suffix_so_html_can_be_hashed_while_rsc_is_not() {
        let pathname = format!("/{}", "a".repeat(189));
        assert_eq!(RULE.key("b", &pathname, ArtifactKind::Rsc).len(), 200);
        assert!(
            RULE.key("b", &pathname, ArtifactKind::Html)
                .starts_with("app:b:__hash:")
        );
    }

    #[test]
    fn the_limit_counts_utf16_units_not_bytes() {
        let pathname = format!("/{}", "日".repeat(100));
        assert!(RULE.key("b", &pathname, ArtifactKind::Html).contains('日'));
    }

    #[test]
    fn never_hashes_the_build_id() {
        let build_id = "i".repeat(260);
        let key = RULE.key(&build_id, "/", ArtifactKind::Html);
        assert!(key.starts_with(&format!("app:{build_id}:__hash:")), "{key}");
    }
}
