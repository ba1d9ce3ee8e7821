//! `explainRoute`: what the runtime looks up for a page.

use std::collections::HashMap;
use std::path::Path;

use napi::Env;
use napi_derive::napi;
use vinext_seed::formats::lookup::{ArtifactLocation, look_up};
use vinext_seed::runtime::probe::{CLOUDFLARE_FILES, VINEXT_FILES};
use vinext_seed::runtime::{self, RuntimeSource};
use vinext_seed::sanitized_text::SanitizedText;

use crate::error::BindingError;
use crate::options::JsRuntimeVersions;

/// A route to explain.
#[napi(object, js_name = "RouteQuery", object_to_js = false)]
pub struct JsRouteQuery {
    /// Its pattern, as in the manifest: `/blog/:slug`.
    pub route: String,
    /// Its concrete path, percent-encoded as in the manifest, if it differs.
    pub path: Option<String>,
    /// The Worker's build id.
    pub build_id: String,
    /// The packages that serve it, by exact version.
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: JsRuntimeVersions,
    /// The `appPrefix` of the KV adapter.
    /// @default none
    pub app_prefix: Option<String>,
    /// Its locale, if the Pages Router serves it on a site with several.
    /// @default none
    pub locale: Option<String>,
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
    pub html: ArtifactExplanation,
    /// Where the page's RSC payload is.
    pub rsc: ArtifactExplanation,
    /// Where the response is, if the route is a metadata route such as `sitemap.xml`.
    pub metadata: ArtifactExplanation,
    /// Where the page's entry is, for document and data, if the Pages Router serves it. Missing
    /// before vinext 1.4.0, where such pages are not seeded.
    pub pages: Option<ArtifactExplanation>,
    /// The tags that purge a page's entries, except those of `fetch` and `cacheTag`.
    pub tags: Vec<String>,
}

/// Where the runtime finds one artifact.
#[napi(object, object_from_js = false)]
pub struct ArtifactExplanation {
    /// Its key within vinext.
    pub logical_key: String,
    /// Its key in KV. Missing if it exceeds 512 bytes and this version's adapter does not shorten
    /// it.
    pub kv_key: Option<String>,
    /// Its file in `dist/server/prerendered-routes/`. Missing if the path would lead outside.
    pub file: Option<String>,
}

/// Returns the keys and tags under which the runtime looks up a page. Accesses neither files nor
/// the network.
///
/// Throws an `Error` with the `code` `INVALID_OPTION` if an option is missing or invalid, or
/// `FORMAT_UNKNOWN` if the version's format is unknown or cannot be seeded.
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
pub fn explain_route(
    env: &Env,
    #[napi(ts_arg_type = "RouteQuery")] query: JsRouteQuery,
) -> napi::Result<RouteExplanation> {
    match query.explain() {
        Ok(explanation) => Ok(explanation),
        Err(failure) => Err(failure.into_js(env)?),
    }
}

impl JsRouteQuery {
    fn explain(self) -> Result<RouteExplanation, BindingError> {
        let source = RuntimeSource::from(self.runtime);
        // No directory is read: the query names the versions.
        let runtime =
            runtime::resolve(Path::new("."), source, true).map_err(BindingError::FormatUnknown)?;
        let lookup = look_up(
            &runtime.profile,
            &self.build_id,
            self.app_prefix.as_deref().unwrap_or_default(),
            &self.route,
            self.path.as_deref(),
            self.locale.as_deref(),
            self.trailing_slash.unwrap_or(false),
        );
        Ok(RouteExplanation {
            generation: runtime.profile.generation.to_owned(),
            pathname: lookup.pathname,
            html: lookup.html.into(),
            rsc: lookup.rsc.into(),
            metadata: lookup.route.into(),
            pages: lookup.pages.map(Into::into),
            tags: lookup.tags,
        })
    }
}

/// Untrusted text, sanitized for display. Not for users: tests compare it with
/// `lib/sanitized-text.js`, which follows the same rule.
#[napi(skip_typescript)]
#[must_use]
pub fn sanitize_text(text: String) -> String {
    SanitizedText::new(&text).to_string()
}

/// The files of the installed packages that distinguish formats, by their path within the package:
/// those of `vinext` and of `cloudflare`. Not for users: the JavaScript side of this package reads
/// them.
#[napi(skip_typescript)]
pub fn probe_files() -> HashMap<&'static str, Vec<&'static str>> {
    HashMap::from([
        ("vinext", VINEXT_FILES.to_vec()),
        ("cloudflare", CLOUDFLARE_FILES.to_vec()),
    ])
}

impl From<ArtifactLocation> for ArtifactExplanation {
    fn from(location: ArtifactLocation) -> Self {
        Self {
            logical_key: location.logical_key,
            kv_key: location.kv_key,
            file: location.file,
        }
    }
}
