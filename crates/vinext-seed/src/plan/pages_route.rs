//! Plans pages of the Pages Router: one entry each, without tags.

use super::{ERROR_PAGE_PATHNAME, PageDataCheck, PlannedEntry, PlannedRoute, Planner, SkipReason};
use crate::formats::cache_key::ArtifactKind;
use crate::formats::loopback::is_loopback_url;
use crate::formats::pages_key::{pages_cache_key, without_locale};
use crate::formats::profile::QueryProof;
use crate::formats::tag_list::TagList;
use crate::manifest::{Lifetime, Route};

impl Planner {
    /// The entry of a page, a redirect or a `notFound`.
    ///
    /// The manifest's `revalidate` comes from static analysis of the page's source. If `getStaticProps` is
    /// imported or its result computed, it is `false` even for a page that revalidates. Such an entry is
    /// therefore stale from the start; otherwise an ISR page would never be rendered again.
    pub(super) fn pages_route(
        &self,
        route: &Route<'_>,
        lifetime: Lifetime,
    ) -> Result<PlannedRoute, SkipReason> {
        let locale = route.locale.as_deref();
        let is_error_page = without_locale(route.pathname(), locale) == ERROR_PAGE_PATHNAME;
        let (kind, from_manifest) = match route.redirect_props {
            _ if route.is_not_found => (ArtifactKind::PagesNotFound, Some("null".to_owned())),
            Some(props) if leads_to_loopback(props) => return Err(SkipReason::LoopbackRedirect),
            Some(props) => (ArtifactKind::PagesRedirect, Some(compact(props))),
            None => (ArtifactKind::Pages, None),
        };
        let is_page = kind == ArtifactKind::Pages;
        let status = match route.response_status {
            _ if !is_page => None,
            None if is_error_page => Some(404),
            status => Some(status.unwrap_or(200)),
        };
        Ok(PlannedRoute {
            entries: vec![self.pages_entry(route, kind, from_manifest)?],
            payload_check: None,
            page_data_check: is_page.then(|| PageDataCheck {
                page: page_name(&route.pattern),
                build_id: self.build_id.clone(),
                locale: locale.map(str::to_owned),
            }),
            tags: TagList::default(),
            lifetime,
            starts_stale: lifetime.revalidate_seconds.is_none(),
            ttl_seconds: self.ttl.ttl_seconds(&lifetime, self.limits.min_ttl_seconds),
            status,
            query_proof: QueryProof::None,
            has_expiry: self.profile.has_expiry,
        })
    }

    fn pages_entry(
        &self,
        route: &Route<'_>,
        kind: ArtifactKind,
        from_manifest: Option<String>,
    ) -> Result<PlannedEntry, SkipReason> {
        let rule = self.profile.artifact_path;
        let file = rule
            .file(route.pathname(), kind, self.scan.header.trailing_slash)
            .map_err(SkipReason::UnsafePathError)?;
        let key = pages_cache_key(&self.build_id, route.pathname(), route.locale.as_deref());
        Ok(PlannedEntry {
            from_manifest,
            ..self.entry_under(&key, route, kind, file, None)?
        })
    }
}

/// The page as Next.js names it: `/posts/:slug` is `/posts/[slug]`, `:path+` is `[...path]`, and `:path*`
/// is `[[...path]]`.
fn page_name(pattern: &str) -> String {
    let segments = pattern.split('/').map(|segment| {
        let Some(parameter) = segment.strip_prefix(':') else {
            return segment.to_owned();
        };
        match (parameter.strip_suffix('+'), parameter.strip_suffix('*')) {
            (Some(parameter), _) => format!("[...{parameter}]"),
            (None, Some(parameter)) => format!("[[...{parameter}]]"),
            (None, None) => format!("[{parameter}]"),
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// JSON as `JSON.stringify` writes it, without the manifest's indentation. JSON that the library cannot read
/// (a lone surrogate) stays as it is.
fn compact(json: &str) -> String {
    serde_json::from_str(json).map_or_else(
        |_| json.to_owned(),
        |value: serde_json::Value| value.to_string(),
    )
}

/// Whether a redirect leads to the server that the build rendered its pages with.
fn leads_to_loopback(props: &str) -> bool {
    let props: serde_json::Value = serde_json::from_str(props).unwrap_or_default();
    let destination = &props["pageProps"]["__N_REDIRECT"];
    destination.as_str().is_some_and(is_loopback_url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_pages_like_next() {
        for (pattern, page) in [
            ("/", "/"),
            ("/about", "/about"),
            ("/posts/:slug", "/posts/[slug]"),
            ("/docs/:path+", "/docs/[...path]"),
            ("/docs/:path*", "/docs/[[...path]]"),
            ("/:a/b/:c", "/[a]/b/[c]"),
        ] {
            assert_eq!(page_name(pattern), page);
        }
    }

    #[test]
    fn finds_redirects_to_the_build_machine() {
        let to = |url: &str| {
            leads_to_loopback(&format!(r#"{{"pageProps":{{"__N_REDIRECT":{url:?}}}}}"#))
        };
        assert!(to("http://127.0.0.1:4173/a"));
        assert!(!to("/a"));
        assert!(!to("https://example.com/"));
    }
}
