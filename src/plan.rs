//! `planKvSeed`: the engine's dry run.
//!
//! In: the caller's options. Out: one promise of numbers.
//! Never: a token or a target; a dry run needs neither.

use napi::bindgen_prelude::{PromiseRaw, Result};
use napi::{Either, Env};
use napi_derive::napi;
use vinext_seed::{BuildOptions, EntrySize, Estimate, Limits};

use crate::abort::Signal;
use crate::argument::{Argument, Given, OrNull, optional};
use crate::build_options::JsBuildOptions;
use crate::failure::Failure;
use crate::options::{JsRefusal, JsRuntimeVersions};
use crate::read_options::{max_batch_bytes, max_batch_pairs};
use crate::result::{RouteSkipped, SeededRuntime};
use crate::run;

/// What `planKvSeed` is to look at. Every option means what it means for `seedKvCache`.
#[napi(object, js_name = "PlanOptions", object_to_js = false)]
pub struct JsPlanOptions {
    /// The project's directory. The build is in its `dist/`.
    #[napi(ts_type = "string")]
    pub root: Given<String>,
    /// The `appPrefix` of the KV adapter.
    /// @default what the Vite configuration says, else none
    #[napi(ts_type = "string")]
    pub app_prefix: Option<OrNull<String>>,
    /// How long KV keeps pages that revalidate, in whole seconds.
    #[napi(ts_type = "number")]
    pub ttl_seconds: Option<OrNull<f64>>,
    /// How long KV keeps static pages, in whole seconds.
    #[napi(ts_type = "number")]
    pub static_ttl_seconds: Option<OrNull<f64>>,
    /// The packages that will read the entries, by exact version.
    /// @default what is installed in `root`, told by its code
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Option<OrNull<JsRuntimeVersions>>,
    /// Plan for vinext before 0.2.1 too.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub allow_unproven_routes: Option<OrNull<bool>>,
    /// The Vite configuration to read the KV adapter's options from; `false` not to read any.
    #[napi(ts_type = "string | false")]
    pub vite_config: Option<OrNull<Either<String, bool>>>,
    /// Compare the installed vinext's own key function with ours.
    /// @default true
    #[napi(ts_type = "boolean")]
    pub self_check: Option<OrNull<bool>>,
    /// Why nothing is to be seeded, where the JavaScript of this package found a reason.
    /// @internal
    #[napi(ts_type = "SeedRefusal")]
    pub refusal: Option<JsRefusal>,
    /// The most entries in one request, from 1 to 10,000.
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_batch_pairs: Option<OrNull<f64>>,
    /// The most bytes in one request, from 1 to 100,000,000.
    /// @default 8_388_608 (8 MiB)
    #[napi(ts_type = "number")]
    pub max_batch_bytes: Option<OrNull<f64>>,
    /// Cancels the run.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<OrNull<Signal>>,
}

/// What seeding would do.
#[napi(object, object_from_js = false)]
pub struct SeedPlan {
    /// Routes that would be seeded.
    pub routes: f64,
    /// Routes in the manifest.
    pub total_routes: f64,
    /// Entries that would be stored. KV counts and bills one write for each.
    pub kv_pairs: f64,
    /// Bytes of the requests that would store them.
    pub bytes: f64,
    /// Requests.
    pub batches: f64,
    /// The ten largest entries, the largest first.
    pub largest_entries: Vec<PlannedEntrySize>,
    /// How long it took to find out, in milliseconds.
    pub duration_ms: f64,
    /// Why nothing would be seeded, if nothing would.
    pub skipped: Option<String>,
    /// The same as a stable word.
    pub skipped_code: Option<String>,
    /// What lies behind it, where there is more to say.
    pub skipped_detail: Option<String>,
    /// The build id that is part of every key.
    pub build_id: Option<String>,
    /// The runtime that the entries are for.
    pub runtime: Option<SeededRuntime>,
    /// Routes of the manifest that would be left out, each with its reason.
    pub routes_skipped: Vec<RouteSkipped>,
    /// What was assumed because it could not be found out.
    pub warnings: Vec<String>,
}

/// One entry's size.
#[napi(object, object_from_js = false)]
pub struct PlannedEntrySize {
    /// Its key in KV.
    pub key: String,
    /// Its bytes as they would be sent, key, value and metadata together.
    pub bytes: f64,
}

/// Counts what `seedKvCache` would send, by packing everything and sending nothing. It needs no
/// account, no namespace and no token.
///
/// Where there would be nothing to do, the promise resolves and `skipped` says why. It rejects like
/// that of `seedKvCache`.
///
/// @example
/// import { planKvSeed } from "@vinext/seed-native";
///
/// const { kvPairs, bytes, largestEntries } = await planKvSeed({ root: process.cwd() });
#[napi(ts_return_type = "Promise<SeedPlan>")]
pub fn plan_kv_seed<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "PlanOptions")] options: Argument<JsPlanOptions>,
) -> Result<PromiseRaw<'env, SeedPlan>> {
    match start(env, options) {
        Ok(promise) => Ok(promise),
        Err(failure) => PromiseRaw::reject(env, failure.into_js(env)?),
    }
}

fn start(
    env: &Env,
    options: Argument<JsPlanOptions>,
) -> std::result::Result<PromiseRaw<'_, SeedPlan>, Failure> {
    let (build, limits, signal) = options.into_inner()?.read()?;
    run::start(env, signal, move |cancellation| async move {
        vinext_seed::estimate(build, limits, &cancellation).await
    })
}

impl JsPlanOptions {
    fn read(self) -> std::result::Result<(BuildOptions, Limits, Option<Signal>), Failure> {
        let build = JsBuildOptions {
            root: self.root,
            app_prefix: self.app_prefix,
            ttl_seconds: self.ttl_seconds,
            static_ttl_seconds: self.static_ttl_seconds,
            runtime: self.runtime,
            allow_unproven_routes: self.allow_unproven_routes,
            vite_config: self.vite_config,
            self_check: self.self_check,
            refusal: self.refusal,
        };
        let limits = Limits {
            max_batch_pairs: max_batch_pairs(self.max_batch_pairs)?,
            max_batch_bytes: max_batch_bytes(self.max_batch_bytes)?,
            ..Limits::default()
        };
        let signal = optional(self.signal, "signal", "an AbortSignal")?;
        Ok((build.read()?, limits, signal))
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<Estimate> for SeedPlan {
    fn from(estimate: Estimate) -> Self {
        let report = estimate.report;
        let (skipped, skipped_code, skipped_detail) = match report.skipped {
            Some(skipped) => (
                Some(skipped.reason),
                Some(skipped.code.into_owned()),
                skipped.detail,
            ),
            None => (None, None, None),
        };
        Self {
            routes: estimate.routes as f64,
            total_routes: report.routes as f64,
            kv_pairs: estimate.pairs as f64,
            bytes: estimate.bytes as f64,
            batches: estimate.batches as f64,
            largest_entries: estimate.largest.into_iter().map(Into::into).collect(),
            duration_ms: (report.duration.as_secs_f64() * 1000.0).round(),
            skipped,
            skipped_code,
            skipped_detail,
            build_id: report.build_id,
            runtime: report.runtime.map(Into::into),
            routes_skipped: report.routes_skipped.into_iter().map(Into::into).collect(),
            warnings: report.warnings,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a length, far below 2^53")]
impl From<EntrySize> for PlannedEntrySize {
    fn from(entry: EntrySize) -> Self {
        Self {
            key: entry.key,
            bytes: entry.bytes as f64,
        }
    }
}
