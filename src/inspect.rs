//! `inspectWorker`: the cache configuration that a built Worker's code shows.

use std::collections::HashMap;
use std::path::PathBuf;

use napi::Env;
use napi::bindgen_prelude::{Either4, Null, PromiseRaw};
use napi_derive::napi;
use vinext_seed::background::{BackgroundError, run_blocking};
use vinext_seed::runtime::worker::{self, WorkerFacts};

use crate::run;

/// A member of the object in `binding.d.ts`.
type Member = Either4<bool, f64, String, Null>;

/// Inspects the Worker in a project's directory. Not for users: this package's JavaScript completes
/// options with it, and binding.d.ts describes it.
#[napi(skip_typescript)]
pub fn inspect_worker(
    env: &Env,
    root: String,
) -> napi::Result<PromiseRaw<'_, HashMap<&'static str, Member>>> {
    let inspected = run::start(env, None, None, |_, _| async move {
        let facts = run_blocking(move || worker::inspect(&PathBuf::from(root))).await?;
        Ok::<_, BackgroundError>(members(facts))
    });
    run::promise(env, inspected)
}

/// Only known members are present.
fn members(facts: WorkerFacts) -> HashMap<&'static str, Member> {
    let data_cache = facts.data_cache.as_str();
    let ttl_seconds = |ttl: Option<f64>| ttl.map_or(Either4::D(Null), Either4::B);
    let known = [
        ("dataCache", Some(Either4::C(data_cache.to_owned()))),
        ("hasCdnCache", Some(Either4::A(facts.has_cdn_cache))),
        ("binding", Option::from(facts.binding).map(Either4::C)),
        ("appPrefix", Option::from(facts.app_prefix).map(Either4::C)),
        (
            "ttlSeconds",
            Option::from(facts.ttl_seconds).map(ttl_seconds),
        ),
        (
            "cacheComponents",
            Option::from(facts.cache_components).map(Either4::A),
        ),
        ("passesEnv", Option::from(facts.passes_env).map(Either4::A)),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
