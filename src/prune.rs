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
use crate::build_options::WithBuild;
use crate::count::{count, seconds};
use crate::error::BindingError;
use crate::findings::reason_with_option;
use crate::read_options::namespace;
use crate::run;
use crate::store::{JsStore, StoreChoice};

/// What to prune.
/// @internal
#[napi(object, js_name = "KvPruneOptions", object_to_js = false)]
pub struct JsPruneOptions {
    /// The account that owns the namespace.
    pub account_id: Option<String>,
    /// The namespace.
    pub namespace_id: Option<String>,
    /// The token.
    pub api_token: Option<String>,
    /// The API.
    pub api_base_url: Option<String>,
    /// The store, if it is not Workers KV. Account, namespace and token are then ignored.
    #[napi(ts_type = "NativeStore")]
    pub store: Option<JsStore>,
    /// How many of the newest builds are kept.
    pub keep: Option<i64>,
    /// Builds younger than this are kept.
    pub older_than_seconds: Option<i64>,
    /// Whether to delete nothing.
    pub dry_run: Option<bool>,
    /// Maximum number of entries to delete.
    pub max_deletes: Option<i64>,
    /// The deployed Worker's code.
    pub worker_code: Option<String>,
    /// What the live site answered.
    pub site_answers: Option<Vec<String>>,
    /// Cancels it.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// Deletes entries of builds that are no longer live, and resolves with JSON: what it did, or
/// `{ skipped, skippedCode }`.
#[napi(skip_typescript)]
pub fn prune_kv_entries<'env>(
    env: &'env Env,
    options: WithBuild<JsPruneOptions>,
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
    options: WithBuild<JsPruneOptions>,
) -> Result<PromiseRaw<'_, String>, BindingError> {
    let WithBuild { build, own } = options;
    let build = BuildOptions::from(build);
    let place = match own.store {
        Some(store) => Place::Store(store.read()?),
        None => {
            let (endpoint, token) = namespace(
                &own.account_id.unwrap_or_default(),
                &own.namespace_id.unwrap_or_default(),
                own.api_token.unwrap_or_default(),
                own.api_base_url.as_deref(),
            )?;
            Place::Kv(endpoint, token)
        }
    };
    let code = own.worker_code.into_iter().map(Evidence::Code);
    let answers = own.site_answers.into_iter().flatten();
    let settings = Settings {
        place,
        evidence: code.chain(answers.map(Evidence::Answer)).collect(),
        keep: own.keep.map_or(DEFAULT_KEEP, count),
        older_than: own.older_than_seconds.map(seconds),
        is_dry_run: own.dry_run.unwrap_or(false),
        max_deletes: own.max_deletes.map(count),
    };
    run::start(env, own.signal, None, move |_, cancellation| async move {
        pruned(build, settings, &cancellation).await
    })
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
