//! `explainRoute`: what the runtime looks up for a page.
//!
//! In: a route as the manifest names it. Out: the engine's answer as a plain object.
//! Never: a file or a request.

use std::path::Path;

use napi::Env;
use napi_derive::napi;
use vinext_seed::formats::lookup::{LookupPlace, look_up};
use vinext_seed::runtime;
use vinext_seed::runtime::probe::{CLOUDFLARE_FILES, VINEXT_FILES};

use crate::options::JsRuntimeVersions;

/// A route to explain.
#[napi(object, object_to_js = false)]
pub struct RouteQuery {
    /// Its pattern, as in the manifest: `/blog/:slug`.
    pub route: String,
    /// Its concrete path, percent-encoded as in the manifest, where that differs.
    pub path: Option<String>,
    /// The Worker's build id.
    pub build_id: String,
    /// The packages that serve it, by exact version.
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: JsRuntimeVersions,
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
    /// The format of the runtime, `g02` to `g12`.
    pub generation: String,
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
/// const { html } = explainRoute({
///   route: "/about",
///   buildId: "my-build",
///   runtime: { vinext: "1.4.0" },
/// });
/// console.log(html.kvKey); // cache:app:v2:my-build:/about:html
#[napi]
pub fn explain_route(env: &Env, query: RouteQuery) -> napi::Result<RouteExplanation> {
    let source = match query.runtime.read() {
        Ok(source) => source,
        Err(failure) => return Err(failure.into_js(env)?),
    };
    let runtime = runtime::resolve(Path::new("."), source, true)
        .map_err(|problem| napi::Error::from_reason(problem.to_string()))?;
    let app_prefix = query.app_prefix.unwrap_or_default();
    let lookup = look_up(
        &runtime.profile,
        &query.build_id,
        &app_prefix,
        &query.route,
        query.path.as_deref(),
        query.trailing_slash.unwrap_or(false),
    );
    Ok(RouteExplanation {
        generation: runtime.profile.generation.to_owned(),
        pathname: lookup.pathname,
        html: lookup.html.into(),
        rsc: lookup.rsc.into(),
        metadata: lookup.route.into(),
        tags: lookup.tags,
    })
}

/// The files of the installed packages that tell formats apart, by their path within the package.
/// @internal
#[napi(object, object_from_js = false)]
pub struct ProbeFiles {
    /// Files of `vinext`.
    pub vinext: Vec<&'static str>,
    /// Files of `@vinext/cloudflare`.
    pub cloudflare: Vec<&'static str>,
}

/// Which files the JavaScript side of this package has to read.
/// @internal
#[napi]
pub fn probe_files() -> ProbeFiles {
    ProbeFiles {
        vinext: VINEXT_FILES.to_vec(),
        cloudflare: CLOUDFLARE_FILES.to_vec(),
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
