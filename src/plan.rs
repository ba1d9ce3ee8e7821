//! `planKvSeed`: the engine's dry run.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use vinext_seed::{BuildOptions, EntrySize, Estimate, Limits};

use crate::abort::Signal;
use crate::build_options::WithBuild;
use crate::count::count;
use crate::error::BindingError;
use crate::findings::WithFindings;
use crate::run;
use crate::store::JsStore;

/// Options of `planKvSeed`. Options of `seedKvCache` have the same meaning.
#[napi(
    object,
    js_name = "PlanOptions extends BuildOptions",
    object_to_js = false
)]
pub struct JsPlanOptions {
    /// Maximum number of entries in one request, from 1 to 10,000.
    /// @default 10_000
    pub max_batch_pairs: Option<i64>,
    /// Maximum bytes in one request, from 1 to 100,000,000.
    /// @default 8_388_608 (8 MiB; for Redis 1 MiB)
    pub max_batch_bytes: Option<i64>,
    /// Maximum number of entries to write.
    /// @default no limit
    pub max_writes: Option<i64>,
    /// The store to plan for, if it is not Workers KV, as for `seedCache`.
    /// @default Workers KV
    #[napi(ts_type = "StoreOptions | string")]
    pub store: Option<JsStore>,
    /// Cancels the run.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// Result of `planKvSeed`.
#[napi(
    object,
    js_name = "SeedPlan extends BuildFindings",
    object_from_js = false
)]
pub struct JsSeedPlan {
    /// Routes that would be seeded.
    pub routes: f64,
    /// Routes in the manifest.
    pub total_routes: f64,
    /// Entries that would be stored. KV counts and bills one write for each.
    pub kv_pairs: f64,
    /// Routes whose main entry would be written within `maxWrites`; without it, all routes.
    pub routes_within_budget: f64,
    /// Entries that would be written within `maxWrites`.
    pub kv_pairs_within_budget: f64,
    /// Bytes of the requests that would store them.
    pub bytes: f64,
    /// Requests.
    pub batches: f64,
    /// The ten largest entries, largest first.
    pub largest_entries: Vec<PlannedEntrySize>,
}

/// One entry's size.
#[napi(object, object_from_js = false)]
pub struct PlannedEntrySize {
    /// Its key in KV.
    pub key: String,
    /// Its bytes as they would be sent, key, value and metadata together.
    pub bytes: f64,
}

/// Counts what `seedKvCache` would send: packs everything and sends nothing. Needs no account,
/// namespace or token.
///
/// If there would be nothing to do, the promise resolves and `skipped` says why. Rejects like
/// `seedKvCache`.
///
/// @example
/// import { planKvSeed } from "@vinext/seed-native";
///
/// const { kvPairs, bytes, largestEntries } = await planKvSeed({ root: process.cwd() });
#[napi(ts_return_type = "Promise<SeedPlan>")]
pub fn plan_kv_seed<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "PlanOptions")] options: WithBuild<JsPlanOptions>,
) -> napi::Result<PromiseRaw<'env, SeedPlan>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<JsPlanOptions>,
) -> Result<PromiseRaw<'_, SeedPlan>, BindingError> {
    let WithBuild { build, own } = options;
    let build = BuildOptions::from(build);
    let limits = Limits {
        max_batch_pairs: own.max_batch_pairs.map(count),
        max_batch_bytes: own.max_batch_bytes.map(count),
        ..Limits::default()
    };
    let max_writes = own.max_writes.map(count);
    let store = own.store.map(JsStore::read_for_plan).transpose()?;
    run::start(env, own.signal, None, move |_, cancellation| async move {
        match store {
            None => vinext_seed::estimate(build, limits, max_writes, &cancellation).await,
            Some(store) => {
                store
                    .estimate(build, limits, max_writes, &cancellation)
                    .await
            }
        }
    })
}

/// What `planKvSeed` resolves with.
type SeedPlan = WithFindings<JsSeedPlan>;

#[expect(clippy::cast_precision_loss, reason = "counts, far below 2^53")]
impl From<Estimate> for SeedPlan {
    fn from(estimate: Estimate) -> Self {
        Self {
            own: JsSeedPlan {
                routes: estimate.routes as f64,
                total_routes: estimate.report.routes as f64,
                kv_pairs: estimate.pairs as f64,
                routes_within_budget: estimate.routes_within_budget as f64,
                kv_pairs_within_budget: estimate.pairs_within_budget as f64,
                bytes: estimate.bytes as f64,
                batches: estimate.batches as f64,
                largest_entries: estimate.largest.into_iter().map(Into::into).collect(),
            },
            findings: estimate.report.into(),
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
