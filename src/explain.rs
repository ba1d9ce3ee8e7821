//! `explainRoute`: what the runtime looks up for a page.
//!
//! In: a route as the manifest names it. Out: the engine's answer as a plain object.
//! Never: a file or a request.

use std::path::Path;

use napi_derive::napi;
use vinext_seed::formats::lookup::{Lookup, LookupPlace, look_up};
use vinext_seed::runtime::{self, RuntimeVersions};

/// A route to explain.
#[napi(object, object_to_js = false)]
pub struct RouteQuery {
    /// Its pattern, as in the manifest: `/blog/:slug`.
    pub route: String,
    /// Its concrete path, percent-encoded as in the manifest, where that differs.
    pub path: Option<String>,
    /// The Worker's build id.
    pub build_id: String,
    /// The version of `vinext` that serves it.
    pub vinext: String,
    /// The version of `@vinext/cloudflare`, which has the KV adapter since 0.2.0.
    pub cloudflare: Option<String>,
    /// The `appPrefix` of the KV adapter.
    /// @default none
    pub app_prefix: Option<String>,
    /// Whether the site's URLs end in a slash.
    /// @default false
    pub trailing_slash: Option<bool>,
}

/// What the runtime looks up for a route.
#[napi(object, object_from_js = false)]
pub struct RouteExplanation {
    /// The decoded pathname in keys and tags.
    pub pathname: String,
    /// Where the page's HTML document is.
    pub html: ArtefactExplanation,
    /// Where the page's RSC payload is.
    pub rsc: ArtefactExplanation,
    /// Where the response is, if the route is a metadata route such as `sitemap.xml`.
    pub metadata: ArtefactExplanation,
    /// The tags that purge a page's entries, those of `fetch` and `cacheTag` apart.
    pub tags: Vec<String>,
}

/// Where the runtime finds one artefact.
#[napi(object, object_from_js = false)]
pub struct ArtefactExplanation {
    /// Its key within vinext.
    pub logical_key: String,
    /// Its key in KV. Missing where it has over 512 bytes and this version's adapter does not
    /// shorten it.
    pub kv_key: Option<String>,
    /// Its file in `dist/server/prerendered-routes/`. Missing where the path would lead outside.
    pub file: Option<String>,
}

/// Tells under which keys and tags the runtime looks for a page, without touching file or network.
///
/// Throws if the version's format is not known.
///
/// @example
/// import { explainRoute } from "@vinext/seed-native";
///
/// const { html } = explainRoute({ route: "/about", buildId: "my-build", vinext: "1.4.0" });
/// console.log(html.kvKey); // cache:app:v2:my-build:/about:html
#[napi]
pub fn explain_route(query: RouteQuery) -> napi::Result<RouteExplanation> {
    let versions = RuntimeVersions {
        vinext: query.vinext,
        cloudflare: query.cloudflare,
    };
    let runtime = runtime::resolve(Path::new("."), Some(versions), true)
        .map_err(|problem| napi::Error::from_reason(problem.to_string()))?;
    let app_prefix = query.app_prefix.unwrap_or_default();
    Ok(RouteExplanation::from(look_up(
        &runtime.profile,
        &query.build_id,
        &app_prefix,
        &query.route,
        query.path.as_deref(),
        query.trailing_slash.unwrap_or(false),
    )))
}

impl From<Lookup> for RouteExplanation {
    fn from(lookup: Lookup) -> Self {
        Self {
            pathname: lookup.pathname,
            html: lookup.html.into(),
            rsc: lookup.rsc.into(),
            metadata: lookup.route.into(),
            tags: lookup.tags,
        }
    }
}

impl From<LookupPlace> for ArtefactExplanation {
    fn from(place: LookupPlace) -> Self {
        Self {
            logical_key: place.logical_key,
            kv_key: place.kv_key,
            file: place.file,
        }
    }
}
