//! The options that describe the build.

#![expect(unsafe_code, reason = "`FromNapiValue` is an unsafe trait")]

use std::path::PathBuf;

use napi::bindgen_prelude::FromNapiValue;
use napi::{Either, sys};
use napi_derive::napi;
use vinext_seed::BuildOptions;

use crate::count::count;
use crate::options::{JsRunOptions, JsRuntimeVersions};

/// What is seeded: the options that every function takes.
#[napi(object, js_name = "BuildOptions", object_to_js = false)]
pub struct JsBuildOptions {
    /// The project's directory. The build is in its `dist/`.
    pub root: String,
    /// The `appPrefix` of the KV adapter; empty for none. A value other than the built Worker's is
    /// rejected (`adapter-options-differ`).
    /// @default what the built Worker shows, else the Vite configuration (from vinext 1.0.0-beta.0 on)
    pub app_prefix: Option<String>,
    /// How long KV keeps pages that revalidate, in whole seconds. Values below KV's 60-second
    /// minimum are raised to 60.
    /// @default the adapter's, as the built Worker or the Vite configuration shows it, else
    /// 10 × `revalidate` or `expire`, whichever is longer, from 60 to 2,592,000 (30 days)
    pub ttl_seconds: Option<i64>,
    /// How long KV keeps static pages, in whole seconds (not milliseconds), at most 2,147,483,647.
    /// Values below KV's 60-second minimum are raised to 60.
    /// Without it, static pages stay until they are deleted, including those of old builds.
    /// @default none
    pub static_ttl_seconds: Option<i64>,
    /// Exact versions of the packages that will read the entries. If set, the project's packages
    /// and Vite configuration are not read, but the built Worker is.
    /// @default the versions installed in `root`, detected from their code
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Option<JsRuntimeVersions>,
    /// Also seed vinext before 0.2.1. The manifests of these versions do not distinguish pages that
    /// read cookies, headers or the query string: seeding such a page shows every visitor the same
    /// content. Set it only for a site without such pages.
    /// @default false
    pub allow_unproven_routes: Option<bool>,
    /// Seed pages whose render failed during the build: error pages, pages in which a part failed,
    /// and pages that are otherwise skipped as `ends-in-metadata` or `followed-redirect`. Every
    /// visitor gets them until the page is rendered again.
    /// @default false
    pub seed_failed_renders: Option<bool>,
    /// The Vite configuration, relative to `root`; `false` to read none. It is compared with the
    /// built Worker, and provides the KV adapter's options if the Worker does not show them. It is
    /// loaded in a separate process.
    /// @default the one that Vite would find in `root`
    #[napi(ts_type = "string | false")]
    pub vite_config: Option<Either<String, bool>>,
    /// The mode that the build ran in, as `vite build --mode`. The configuration may depend on it,
    /// and on the variables of `.env.<mode>`.
    /// @default production
    pub vite_mode: Option<String>,
    /// Before anything else, compare this package's keys with those of the installed vinext's own
    /// key function on a few paths, if it can be imported (from 0.0.49 on).
    /// @default true
    pub self_check: Option<bool>,
    /// How many skipped routes, and how many keys of entries that are not stored, the result lists.
    /// All are counted, skipped routes also by reason. Listing a million takes half a gigabyte.
    /// @default 10_000
    pub max_listed: Option<i64>,
    /// Globs of paths that are written first when `maxWrites` is not enough for all:
    /// `*` matches within a segment, `**` any number of segments.
    /// @default none
    pub first: Option<Vec<String>>,
    /// Write only the HTML of pages. The Worker renders an RSC payload when it is first requested.
    /// This halves the writes.
    /// @default false
    pub html_only: Option<bool>,
}

/// These options and those of one function, as members of one object.
///
/// napi-rs has no inheritance. For TypeScript, `T` says `extends BuildOptions` as part of its name,
/// which is copied into index.d.ts unchanged.
pub struct WithBuild<T> {
    /// Those that every function takes.
    pub build: JsBuildOptions,
    /// Those of one function.
    pub own: T,
}

/// The same for the options of all functions that seed.
pub struct WithRun<T> {
    /// Those of all functions that seed.
    pub run: JsRunOptions,
    /// Those of one function.
    pub own: T,
}

impl<T: FromNapiValue> FromNapiValue for WithRun<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` come from Node-API for this call.
        unsafe {
            Ok(Self {
                run: JsRunOptions::from_napi_value(env, value)?,
                own: T::from_napi_value(env, value)?,
            })
        }
    }
}

impl<T: FromNapiValue> FromNapiValue for WithBuild<T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> napi::Result<Self> {
        // SAFETY: `env` and `value` come from Node-API for this call.
        unsafe {
            Ok(Self {
                build: JsBuildOptions::from_napi_value(env, value)?,
                own: T::from_napi_value(env, value)?,
            })
        }
    }
}

impl From<JsBuildOptions> for BuildOptions {
    fn from(given: JsBuildOptions) -> Self {
        let mut build = Self::new(PathBuf::from(given.root));
        build.app_prefix = given.app_prefix;
        if let Some(runtime) = given.runtime {
            build.runtime = runtime.into();
        }
        build.allow_unproven_routes = given.allow_unproven_routes.unwrap_or(false);
        build.seed_failed_renders = given.seed_failed_renders.unwrap_or(false);
        build.ttl.ttl_seconds = given.ttl_seconds.map(i64::unsigned_abs);
        build.ttl.static_ttl_seconds = given.static_ttl_seconds.map(i64::unsigned_abs);
        if let Some(max_listed) = given.max_listed {
            build.max_listed = count(max_listed);
        }
        build.first = given.first.unwrap_or_default();
        build.html_only = given.html_only.unwrap_or(false);
        build
    }
}
