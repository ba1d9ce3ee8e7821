//! `explainRoute`: what the runtime looks up for a page.

use std::collections::HashMap;
use std::path::Path;

use napi::Env;
use napi_derive::napi;
use vinext_seed::formats::lookup::{LookupPlace, look_up};
use vinext_seed::runtime;
use vinext_seed::runtime::probe::{CLOUDFLARE_FILES, VINEXT_FILES};
use vinext_seed::sanitized_text::SanitizedText;

use crate::argument::{Argument, Nullable, Typed, optional};
use crate::error::BindingError;
use crate::options::JsRuntimeVersions;
use crate::read_options::STRING;

/// A route to explain.
#[napi(object, js_name = "RouteQuery", object_to_js = false)]
pub struct JsRouteQuery {
    /// Its pattern, as in the manifest: `/blog/:slug`.
    #[napi(ts_type = "string")]
    pub route: Typed<String>,
    /// Its concrete path, percent-encoded as in the manifest, if it differs.
    #[napi(ts_type = "string")]
    pub path: Option<Nullable<String>>,
    /// The Worker's build id.
    #[napi(ts_type = "string")]
    pub build_id: Typed<String>,
    /// The packages that serve it, by exact version.
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Typed<JsRuntimeVersions>,
    /// The `appPrefix` of the KV adapter.
    /// @default none
    #[napi(ts_type = "string")]
    pub app_prefix: Option<Nullable<String>>,
    /// Its locale, if the Pages Router serves it on a site with several.
    /// @default none
    #[napi(ts_type = "string")]
    pub locale: Option<Nullable<String>>,
    /// Whether the site's URLs end in a slash.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub trailing_slash: Option<Nullable<bool>>,
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
    #[napi(ts_arg_type = "RouteQuery")] query: Argument<JsRouteQuery>,
) -> napi::Result<RouteExplanation> {
    match query.into_inner().and_then(JsRouteQuery::explain) {
        Ok(explanation) => Ok(explanation),
        Err(failure) => Err(failure.into_js(env)?),
    }
}

impl JsRouteQuery {
    fn explain(self) -> Result<RouteExplanation, BindingError> {
        let pattern = self.route.expect("route", STRING)?;
        let path = optional(self.path, "path", STRING)?;
        let build_id = self.build_id.expect("buildId", STRING)?;
        let source = self.runtime.expect("runtime", "an object")?.read()?;
        let app_prefix = optional(self.app_prefix, "appPrefix", STRING)?.unwrap_or_default();
        let locale = optional(self.locale, "locale", STRING)?;
        let trailing_slash = optional(self.trailing_slash, "trailingSlash", "a boolean")?;
        // No directory is read: the query names the versions.
        let runtime =
            runtime::resolve(Path::new("."), source, true).map_err(BindingError::FormatUnknown)?;
        let lookup = look_up(
            &runtime.profile,
            &build_id,
            &app_prefix,
            &pattern,
            path.as_deref(),
            locale.as_deref(),
            trailing_slash.unwrap_or(false),
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

impl From<LookupPlace> for ArtifactExplanation {
    fn from(place: LookupPlace) -> Self {
        Self {
            logical_key: place.logical_key,
            kv_key: place.kv_key,
            file: place.file,
        }
    }
}
