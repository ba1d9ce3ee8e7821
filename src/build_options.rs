//! Checks the options that describe the build.

#![expect(unsafe_code, reason = "`FromNapiValue` is an unsafe trait")]

use std::path::PathBuf;

use napi::bindgen_prelude::FromNapiValue;
use napi::{Either, sys};
use napi_derive::napi;
use vinext_seed::report::SkippedRun;
use vinext_seed::store::StoreLimits;
use vinext_seed::store::cloudflare_kv::LIMITS;
use vinext_seed::{BuildOptions, Limits};

use crate::argument::{Nullable, Typed, optional};
use crate::error::BindingError;
use crate::options::{JsRefusal, JsRunOptions, JsRuntimeVersions};
use crate::read_options::{STRING, text, whole};

/// The longest TTL that KV accepts; local KV rejects more: 2³¹ − 1 seconds, 68 years.
/// Thirty days in milliseconds are more.
const MAX_TTL_SECONDS: u64 = 2_147_483_647;

/// The largest accepted `maxListed`: the largest integer that JavaScript represents exactly.
const MAX_LISTED: usize = (1 << 53) - 1;

/// The largest accepted `maxWrites`: the same number.
pub(crate) const MAX_WRITES: usize = MAX_LISTED;

/// What is seeded: the options that every function takes.
#[napi(object, js_name = "BuildOptions", object_to_js = false)]
pub struct JsBuildOptions {
    /// The project's directory. The build is in its `dist/`.
    #[napi(ts_type = "string")]
    pub root: Typed<String>,
    /// The `appPrefix` of the KV adapter; empty for none. A value other than the built Worker's is
    /// rejected (`adapter-options-differ`).
    /// @default what the built Worker shows, else the Vite configuration (from vinext 1.0.0-beta.0 on)
    #[napi(ts_type = "string")]
    pub app_prefix: Option<Nullable<String>>,
    /// How long KV keeps pages that revalidate, in whole seconds. Values below KV's 60-second
    /// minimum are raised to 60.
    /// @default the adapter's, as the built Worker or the Vite configuration shows it, else
    /// 10 × `revalidate` or `expire`, whichever is longer, from 60 to 2,592,000 (30 days)
    #[napi(ts_type = "number")]
    pub ttl_seconds: Option<Nullable<f64>>,
    /// How long KV keeps static pages, in whole seconds (not milliseconds), at most 2,147,483,647.
    /// Values below KV's 60-second minimum are raised to 60.
    /// Without it, static pages stay until they are deleted, including those of old builds.
    /// @default none
    #[napi(ts_type = "number")]
    pub static_ttl_seconds: Option<Nullable<f64>>,
    /// Exact versions of the packages that will read the entries. If set, the project's packages
    /// and Vite configuration are not read, but the built Worker is.
    /// @default the versions installed in `root`, detected from their code
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Option<Nullable<JsRuntimeVersions>>,
    /// Also seed vinext before 0.2.1. The manifests of these versions do not distinguish pages that
    /// read cookies, headers or the query string: seeding such a page shows every visitor the same
    /// content. Set it only for a site without such pages.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub allow_unproven_routes: Option<Nullable<bool>>,
    /// Seed pages whose render failed during the build: error pages, pages in which a part failed,
    /// and pages that are otherwise skipped as `ends-in-metadata` or `followed-redirect`. Every
    /// visitor gets them until the page is rendered again.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub seed_failed_renders: Option<Nullable<bool>>,
    /// The Vite configuration, relative to `root`; `false` to read none. It is compared with the
    /// built Worker, and provides the KV adapter's options if the Worker does not show them. It is
    /// loaded in a separate process.
    /// @default the one that Vite would find in `root`
    #[napi(ts_type = "string | false")]
    pub vite_config: Option<Nullable<Either<String, bool>>>,
    /// The mode that the build ran in, as `vite build --mode`. The configuration may depend on it,
    /// and on the variables of `.env.<mode>`.
    /// @default production
    #[napi(ts_type = "string")]
    pub vite_mode: Option<Nullable<String>>,
    /// Before anything else, compare this package's keys with those of the installed vinext's own
    /// key function on a few paths, if it can be imported (from 0.0.49 on).
    /// @default true
    #[napi(ts_type = "boolean")]
    pub self_check: Option<Nullable<bool>>,
    /// How many skipped routes, and how many keys of entries that are not stored, the result lists.
    /// All are counted, skipped routes also by reason. Listing a million takes half a gigabyte.
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_listed: Option<Nullable<f64>>,
    /// Globs of paths that are written first when `maxWrites` is not enough for all:
    /// `*` matches within a segment, `**` any number of segments.
    /// @default none
    #[napi(ts_type = "string[]")]
    pub first: Option<Nullable<Vec<String>>>,
    /// Write only the HTML of pages. The Worker renders an RSC payload when it is first requested.
    /// This halves the writes.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub html_only: Option<Nullable<bool>>,
    /// Why nothing is to be seeded, if this package's JavaScript found a reason.
    /// @internal
    #[napi(ts_type = "SeedRefusal")]
    pub refusal: Option<JsRefusal>,
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

impl JsBuildOptions {
    /// Checks every option.
    pub(crate) fn read(self) -> Result<BuildOptions, BindingError> {
        let mut build = BuildOptions::new(PathBuf::from(text(self.root, "root")?));
        build.app_prefix = optional(self.app_prefix, "appPrefix", STRING)?;
        if let Some(runtime) = optional(self.runtime, "runtime", "an object")? {
            build.runtime = runtime.read()?;
        }
        let allow_unproven = optional(
            self.allow_unproven_routes,
            "allowUnprovenRoutes",
            "a boolean",
        )?;
        build.allow_unproven_routes = allow_unproven.unwrap_or(false);
        let seed_failed = optional(self.seed_failed_renders, "seedFailedRenders", "a boolean")?;
        build.seed_failed_renders = seed_failed.unwrap_or(false);
        build.ttl.ttl_seconds = whole(self.ttl_seconds, "ttlSeconds", MAX_TTL_SECONDS)?;
        build.ttl.static_ttl_seconds =
            whole(self.static_ttl_seconds, "staticTtlSeconds", MAX_TTL_SECONDS)?;
        if let Some(Either::B(true)) =
            optional(self.vite_config, "viteConfig", "a string or false")?
        {
            return Err(BindingError::option(
                "viteConfig",
                "must be a string or false, not true",
            ));
        }
        optional(self.vite_mode, "viteMode", STRING)?;
        optional(self.self_check, "selfCheck", "a boolean")?;
        if let Some(max_listed) = whole(self.max_listed, "maxListed", MAX_LISTED)? {
            build.max_listed = max_listed;
        }
        build.first = optional(self.first, "first", "an array of strings")?.unwrap_or_default();
        if build.first.iter().any(String::is_empty) {
            return Err(BindingError::option("first", "has an empty glob"));
        }
        build.html_only = optional(self.html_only, "htmlOnly", "a boolean")?.unwrap_or(false);
        build.refusal = self
            .refusal
            .map(|refusal| SkippedRun::refused(refusal.code, refusal.reason));
        Ok(build)
    }
}

/// The limits of one batch; missing ones follow from the others.
pub(crate) fn batch_limits(
    pairs: Option<Nullable<f64>>,
    bytes: Option<Nullable<f64>>,
    limits: StoreLimits,
) -> Result<Limits, BindingError> {
    // A store that accepts more gets batches no larger than Workers KV's: a batch that fails is
    // sent again.
    let max_entries = limits.max_batch_entries.min(LIMITS.max_batch_entries);
    let max_bytes = limits.max_body_bytes.min(LIMITS.max_body_bytes);
    Ok(Limits {
        max_batch_pairs: whole(pairs, "maxBatchPairs", max_entries)?,
        max_batch_bytes: whole(bytes, "maxBatchBytes", max_bytes)?,
        ..Limits::default()
    })
}
