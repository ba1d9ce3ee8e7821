//! `pruneKvEntries`: deletes entries of old builds.
//!
//! Internal: this package's JavaScript finds out where they are and which build is live.

use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde_json::{Value, json};
use vinext_seed::prune::{
    DEFAULT_KEEP, Evidence, Fate, PruneError, PruneOptions, PruneReport, PrunedBuild, prune,
};
use vinext_seed::send::RetryPolicy;
use vinext_seed::store::StoreRules;
use vinext_seed::store::cloudflare_kv::{CloudflareKv, Endpoint};
use vinext_seed::store::http::{ApiToken, Timeouts};
use vinext_seed::{BuildOptions, CancellationToken, SeedError, application};

use crate::abort::Signal;
use crate::argument::{Argument, Nullable, OptionsObject, Typed, optional};
use crate::build_options::{MAX_WRITES, WithBuild};
use crate::error::BindingError;
use crate::findings::reason_with_option;
use crate::read_options::{namespace, whole};
use crate::run;
use crate::store::{JsStore, StoreChoice};

/// The largest accepted number of builds to keep.
const MAX_KEEP: usize = 10_000;

/// The greatest accepted age, in seconds: a hundred years.
const MAX_AGE_SECONDS: u64 = 100 * 366 * 86_400;

/// What to prune.
/// @internal
#[napi(object, js_name = "KvPruneOptions", object_to_js = false)]
pub struct JsPruneOptions {
    /// The account that owns the namespace.
    #[napi(ts_type = "string")]
    pub account_id: Option<Typed<String>>,
    /// The namespace.
    #[napi(ts_type = "string")]
    pub namespace_id: Option<Typed<String>>,
    /// The token.
    #[napi(ts_type = "string")]
    pub api_token: Option<Typed<String>>,
    /// The API.
    #[napi(ts_type = "string")]
    pub api_base_url: Option<Nullable<String>>,
    /// The store, if it is not Workers KV. Account, namespace and token are then ignored.
    #[napi(ts_type = "NativeStore")]
    pub store: Option<Nullable<OptionsObject<JsStore>>>,
    /// How many of the newest builds are kept.
    #[napi(ts_type = "number")]
    pub keep: Option<Nullable<f64>>,
    /// Builds younger than this are kept.
    #[napi(ts_type = "number")]
    pub older_than_seconds: Option<Nullable<f64>>,
    /// Whether to delete nothing.
    #[napi(ts_type = "boolean")]
    pub dry_run: Option<Nullable<bool>>,
    /// Maximum number of entries to delete.
    #[napi(ts_type = "number")]
    pub max_deletes: Option<Nullable<f64>>,
    /// The deployed Worker's code.
    pub worker_code: Option<String>,
    /// What the live site answered.
    pub site_answers: Option<Vec<String>>,
    /// Cancels it.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Nullable<Signal>>,
}

/// Deletes entries of builds that are no longer live, and resolves with JSON: what it did, or
/// `{ skipped, skippedCode }`.
#[napi(skip_typescript)]
pub fn prune_kv_entries<'env>(
    env: &'env Env,
    options: Argument<WithBuild<JsPruneOptions>>,
) -> napi::Result<PromiseRaw<'env, String>> {
    run::promise(env, start(env, options))
}

/// Why pruning failed.
#[derive(Debug)]
pub(crate) enum PruneRunError {
    /// The build cannot be read.
    Build(SeedError),
    /// Anything else.
    Prune(PruneError),
}

/// Where the entries are.
enum Place {
    Kv(Endpoint, ApiToken),
    Store(StoreChoice),
}

/// The parsed options, except for what depends on the build.
struct Settings {
    place: Place,
    evidence: Vec<Evidence>,
    keep: usize,
    older_than: Option<Duration>,
    is_dry_run: bool,
    max_deletes: Option<usize>,
}

fn start(
    env: &Env,
    options: Argument<WithBuild<JsPruneOptions>>,
) -> Result<PromiseRaw<'_, String>, BindingError> {
    let WithBuild { build, own } = options.into_inner()?;
    let build = build.read()?;
    let signal = optional(own.signal, "signal", "an AbortSignal")?;
    let place = match optional(own.store, "store", "an object")? {
        Some(OptionsObject(store)) => Place::Store(store.read()?),
        None => {
            let (endpoint, token) = namespace(
                given(own.account_id, "accountId")?,
                given(own.namespace_id, "namespaceId")?,
                given(own.api_token, "apiToken")?,
                own.api_base_url,
            )?;
            Place::Kv(endpoint, token)
        }
    };
    let code = own.worker_code.into_iter().map(Evidence::Code);
    let answers = own.site_answers.into_iter().flatten();
    let older_than = whole(own.older_than_seconds, "olderThanSeconds", MAX_AGE_SECONDS)?;
    let settings = Settings {
        place,
        evidence: code.chain(answers.map(Evidence::Answer)).collect(),
        keep: whole(own.keep, "keep", MAX_KEEP)?.unwrap_or(DEFAULT_KEEP),
        older_than: older_than.map(Duration::from_secs),
        is_dry_run: optional(own.dry_run, "dryRun", "a boolean")?.unwrap_or(false),
        max_deletes: whole(own.max_deletes, "maxDeletes", MAX_WRITES)?,
    };
    run::start(env, signal, None, move |_, cancellation| async move {
        pruned(build, settings, &cancellation).await
    })
}

fn given<T>(option: Option<T>, name: &'static str) -> Result<T, BindingError> {
    option.ok_or_else(|| BindingError::option(name, "is missing"))
}

async fn pruned(
    build: BuildOptions,
    settings: Settings,
    cancellation: &CancellationToken,
) -> Result<String, PruneRunError> {
    let rules = match &settings.place {
        Place::Kv(..) => StoreRules::KvAdapter,
        Place::Store(store) => store.rules(),
    };
    let application = match application(build, rules).await {
        Ok(Ok(application)) => application,
        Ok(Err(run)) => {
            let reason = reason_with_option(&run);
            return Ok(
                json!({ "skipped": reason, "skippedCode": run.code, "warnings": [] }).to_string(),
            );
        }
        Err(error) => return Err(PruneRunError::Build(error)),
    };
    let options = PruneOptions {
        key_space: application.key_space,
        dist_build_id: Some(application.build_id),
        dist_rsc_build_id: application.rsc_build_id,
        evidence: settings.evidence,
        keep: settings.keep,
        older_than: settings.older_than,
        is_dry_run: settings.is_dry_run,
        max_deletes: settings.max_deletes,
        retry: RetryPolicy::default(),
    };
    let pruned = match settings.place {
        Place::Kv(endpoint, token) => {
            let open = || CloudflareKv::new(endpoint, token, Timeouts::default());
            prune(open, options, cancellation).await
        }
        Place::Store(store) => store.prune(options, cancellation).await,
    };
    let mut report = pruned.map_err(PruneRunError::Prune)?;
    report.warnings.extend(application.warnings);
    Ok(result(&report).to_string())
}

fn result(report: &PruneReport) -> Value {
    let mut result = json!({
        "builds": report.builds.iter().map(build).collect::<Vec<_>>(),
        "kvPairsDeleted": report.deleted,
        "kvPairsNotDeleted": report.not_deleted,
        "lists": report.lists,
        "warnings": report.warnings,
    });
    if let Some(reason) = &report.unsure {
        result["skipped"] = reason.as_str().into();
        result["skippedCode"] = "live-build-unknown".into();
    }
    if let Some(failure) = &report.failure {
        result["failure"] = json!({ "code": failure.code(), "message": failure.message });
    }
    result
}

fn build(build: &PrunedBuild) -> Value {
    let mut result = json!({
        "buildId": build.build_id.as_str(),
        "kvPairs": build.entries,
        "kvPairsDeleted": build.deleted,
    });
    if let Some(at_ms) = build.at_ms {
        result["seededAt"] = at_ms.into();
    }
    if let Fate::Kept(kept) = build.fate {
        result["kept"] = kept.reason().into();
    }
    result
}
