//! The Node binding of the engine: converts options, calls the engine, converts the result.
//!
//! Invariants: it decides nothing about pages or requests. Options are checked before, by this package's
//! JavaScript.

// Under `cfg(test)` `#[napi]` expands to nothing, and all of this would be dead code.
#![cfg(not(test))]

mod abort;
pub mod api_request;
mod build_options;
mod count;
mod error;
pub mod examine;
mod executor;
pub mod explain;
pub mod export;
mod findings;
pub mod handler;
pub mod inspect;
mod log;
mod options;
pub mod pages;
pub mod plan;
mod progress;
pub mod prune;
pub mod read_back;
mod read_options;
mod result;
mod run;
pub mod sample;
pub mod seed_cache;
pub mod site_request;
mod store;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use build_options::{WithBuild, WithRun};
use error::BindingError;
use options::JsSeedOptions;
use read_options::KvRun;
use result::SeedResult;

/// Uploads the pages that a vinext build has pre-rendered to Workers KV, in the format that the
/// deployed Worker reads.
///
/// Run it after pre-rendering and before `wrangler deploy`. Keys contain the build id, so the live
/// version is not affected.
///
/// If there is nothing to do, the promise resolves and `skipped` says why. It rejects, and never
/// throws synchronously, with an `Error` that has a stable `code`:
///
/// | code | meaning |
/// |---|---|
/// | `INVALID_OPTION` | an option is missing or wrong; nothing was sent |
/// | `MANIFEST_UNREADABLE`, `ARTIFACTS_UNREADABLE` | the build's files exist but cannot be read: no permission, too many open files, a broken disk |
/// | `MANIFEST_CHANGED` | the manifest was replaced or the build id changed during the run |
/// | `OUT_OF_RESOURCES` | there is not enough memory, or no thread can be started |
/// | `KV_UNAUTHORIZED` | the token is wrong or lacks the permission "Workers KV Storage: Edit" |
/// | `KV_NOT_FOUND` | the account or the namespace does not exist |
/// | `KV_QUOTA_EXHAUSTED` | the daily quota of writes is used up; it resets at 00:00 UTC, and the next run writes what is missing |
/// | `KV_THROTTLED` | too many requests, and waiting as long as Cloudflare asks for did not help |
/// | `KV_TIMEOUT`, `NETWORK_ERROR` | no reply in time, or none at all, after all attempts |
/// | `KV_HTTP_ERROR`, `KV_REJECTED`, `KV_BAD_REPLY`, `KV_TOO_LARGE`, `KV_PARTLY_STORED` | Cloudflare did not store the entries; see `status` and `cloudflareCodes` |
/// | `TLS_UNTRUSTED` | the server's certificate is not trusted; the message names the variable that helps |
/// | `TLS_SETUP_FAILED` | HTTPS cannot be set up on this machine |
/// | `PROXY_REFUSED` | the proxy rejected the user name or password |
/// | `INVALID_PAGE` | a page of `pages` cannot be used; the message names it. Pages before it are stored |
/// | `PAGES_FAILED` | the iterator of `pages` threw; `cause` is what it threw |
/// | `ABORT_ERR` | `signal` was aborted; `name` is `AbortError`, `cause` the signal's reason |
/// | `INTERNAL_ERROR` | a bug in this package |
///
/// Transient errors are retried, see `retry`. If Cloudflare answered, the error has its `status`,
/// its error codes as `cloudflareCodes`, and `cfRay`, which Cloudflare's support asks for. Once
/// entries have been packed, it has `retries` and `report`, a `SeedResult` that says what is stored
/// and, by key, what is not.
///
/// @example
/// import { seedKvCache } from "@vinext/seed-native";
///
/// const { seededRoutes, skipped } = await seedKvCache({
///   root: process.cwd(),
///   accountId: process.env.CLOUDFLARE_ACCOUNT_ID,
///   namespaceId: "0123456789abcdef0123456789abcdef",
///   apiToken: process.env.CLOUDFLARE_API_TOKEN,
/// });
#[napi(ts_return_type = "Promise<SeedResult>")]
pub fn seed_kv_cache<'env>(
    env: &'env Env,
    #[napi(ts_arg_type = "SeedOptions")] options: WithBuild<WithRun<JsSeedOptions>>,
) -> napi::Result<PromiseRaw<'env, SeedResult>> {
    run::promise(env, start(env, options))
}

fn start(
    env: &Env,
    options: WithBuild<WithRun<JsSeedOptions>>,
) -> Result<PromiseRaw<'_, SeedResult>, BindingError> {
    let KvRun {
        options,
        feed,
        on_progress,
        signal,
    } = options.read()?;
    run::start(
        env,
        signal,
        on_progress,
        move |observer, cancellation| async move {
            feed.during(vinext_seed::seed(options, &observer, &cancellation))
                .await
        },
    )
}
