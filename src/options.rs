//! The options of `seedKvCache`.
//!
//! In: the caller's object. Out: the engine's options, every value checked.
//! Never: a coercion. `-1` does not become 4,294,967,295 here, nor `3.9` three.

use std::collections::HashMap;
use std::path::PathBuf;

use napi::Either;
use napi_derive::napi;
use vinext_seed::MAX_CONCURRENCY;
use vinext_seed::report::SkippedRun;
use vinext_seed::runtime::probe::Probes;
use vinext_seed::runtime::{ProbedRuntime, RuntimeSource, RuntimeVersions};
use vinext_seed::send::{
    ApiToken, DEFAULT_API_BASE, Endpoint, MAX_BULK_BODY_BYTES, MAX_BULK_PAIRS,
};

use crate::abort::Signal;
use crate::argument::{Given, OrNull, optional};
use crate::failure::Failure;
use crate::progress::Listener;

/// What `seedKvCache` is to do.
#[napi(object, js_name = "SeedOptions", object_to_js = false)]
pub struct JsSeedOptions {
    /// The project's directory. The build is in its `dist/`.
    #[napi(ts_type = "string")]
    pub root: Given<String>,
    /// The Cloudflare account that owns the namespace.
    #[napi(ts_type = "string")]
    pub account_id: Given<String>,
    /// The KV namespace that the deployed Worker reads.
    #[napi(ts_type = "string")]
    pub namespace_id: Given<String>,
    /// A Cloudflare API token with the permission "Workers KV Storage: Edit". It is sent to
    /// `apiBaseUrl` only, and is in no message and no result.
    #[napi(ts_type = "string")]
    pub api_token: Given<String>,
    /// The Cloudflare API. `https:`, or `http:` on this machine (localhost, 127.0.0.0/8, [::1]).
    /// @default "https://api.cloudflare.com/client/v4"
    #[napi(ts_type = "string")]
    pub api_base_url: Option<OrNull<String>>,
    /// The `appPrefix` of the KV adapter.
    /// @default what the Vite configuration says (from vinext 1.0.0-beta.0 on), else none
    #[napi(ts_type = "string")]
    pub app_prefix: Option<OrNull<String>>,
    /// How long KV keeps pages that revalidate, in whole seconds. KV's minimum is 60; less is
    /// taken for 60.
    /// @default what the Vite configuration says, else 10 × `revalidate` or `expire`, whichever is
    /// longer, from 60 to 2,592,000 (30 days)
    #[napi(ts_type = "number")]
    pub ttl_seconds: Option<OrNull<f64>>,
    /// How long KV keeps static pages, in whole seconds, at least 60. Without it they stay until
    /// they are deleted, also those of old builds.
    /// @default none
    #[napi(ts_type = "number")]
    pub static_ttl_seconds: Option<OrNull<f64>>,
    /// The packages that will read the entries, by exact version. With it, the project itself is not
    /// looked at: neither its packages nor its Vite configuration.
    /// @default what is installed in `root`, told by its code
    #[napi(ts_type = "RuntimeVersions")]
    pub runtime: Option<OrNull<JsRuntimeVersions>>,
    /// Seed vinext before 0.2.1 too. The manifests of these versions also list pages that read
    /// cookies, headers or the query string, and do not tell them apart: seeding such a page shows
    /// everybody the same one. Set it only for a site that has none.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub allow_unproven_routes: Option<OrNull<bool>>,
    /// The Vite configuration to read the KV adapter's options from, relative to `root`; `false` not
    /// to read any. It is loaded in a process of its own.
    /// @default the one that Vite would find in `root`
    #[napi(ts_type = "string | false")]
    pub vite_config: Option<OrNull<Either<String, bool>>>,
    /// Compare the installed vinext's own key function with ours on a few paths before anything is
    /// sent, where it can be imported (from 0.0.49 on).
    /// @default true
    #[napi(ts_type = "boolean")]
    pub self_check: Option<OrNull<bool>>,
    /// Why nothing is to be seeded, where the JavaScript of this package found a reason.
    /// @internal
    #[napi(ts_type = "SeedRefusal")]
    pub refusal: Option<JsRefusal>,
    /// The most entries in one request, from 1 to 10,000 (the API's limit).
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_batch_pairs: Option<OrNull<f64>>,
    /// The most bytes in one request, as they are sent, from 1 to 100,000,000 (the API's limit). An
    /// entry that is larger has a request to itself.
    /// @default 8_388_608 (8 MiB)
    #[napi(ts_type = "number")]
    pub max_batch_bytes: Option<OrNull<f64>>,
    /// Requests in flight at a time, from 1 to 64.
    /// @default 4
    #[napi(ts_type = "number")]
    pub concurrency: Option<OrNull<f64>>,
    /// Called as the run goes on, at most ten times a second, and once at the end. If it throws,
    /// the run is cancelled and the promise rejects with what it threw.
    #[napi(ts_type = "(progress: SeedProgress) => void")]
    pub on_progress: Option<OrNull<Listener>>,
    /// Cancels the run. Requests in flight are dropped; what was stored before stays stored.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<OrNull<Signal>>,
}

/// The versions of the packages that read the cache.
#[napi(object, js_name = "RuntimeVersions", object_to_js = false)]
pub struct JsRuntimeVersions {
    /// The version of `vinext`, such as `"1.4.0"`.
    #[napi(ts_type = "string")]
    pub vinext: Given<String>,
    /// The version of `@vinext/cloudflare`, which has the KV adapter since 0.2.0. Without it, keys
    /// over 512 bytes are left out.
    #[napi(ts_type = "string")]
    pub cloudflare: Option<OrNull<String>>,
    /// The packages' files that tell formats apart, read by the JavaScript of this package.
    /// @internal
    #[napi(ts_type = "RuntimeProbes")]
    pub probes: Option<JsProbes>,
}

/// The text of the files that tell formats apart, by their path within the package.
/// @internal
#[napi(object, js_name = "RuntimeProbes", object_to_js = false)]
pub struct JsProbes {
    /// Files of `vinext`.
    pub vinext: HashMap<String, String>,
    /// Files of `@vinext/cloudflare`, if it is installed.
    pub cloudflare: Option<HashMap<String, String>>,
}

/// A reason to seed nothing.
/// @internal
#[napi(object, js_name = "SeedRefusal", object_to_js = false)]
pub struct JsRefusal {
    /// Stable, for programs.
    pub code: String,
    /// For people.
    pub reason: String,
}

/// What the options come to.
pub(crate) struct Options {
    pub(crate) settings: vinext_seed::SeedOptions,
    pub(crate) on_progress: Option<Listener>,
    pub(crate) signal: Option<Signal>,
}

/// The longest TTL that can be asked for: KV's expiration is an absolute time in seconds, and
/// anything beyond a few decades is a slip of units.
const MAX_TTL_SECONDS: u64 = 100 * 365 * 24 * 3600;

impl JsSeedOptions {
    /// Checks every option.
    pub(crate) fn read(self) -> Result<Options, Failure> {
        let root = text(self.root, "root")?;
        let account_id = text(self.account_id, "accountId")?;
        let namespace_id = text(self.namespace_id, "namespaceId")?;
        let token = ApiToken::new(text(self.api_token, "apiToken")?)
            .map_err(|problem| Failure::option("apiToken", problem))?;
        let api_base = optional_text(self.api_base_url, "apiBaseUrl")?;
        let api_base = api_base.as_deref().unwrap_or(DEFAULT_API_BASE);
        let endpoint = Endpoint::new(api_base, &account_id, &namespace_id)
            .map_err(|(option, problem)| Failure::option(option, problem))?;

        let mut settings = vinext_seed::SeedOptions::new(PathBuf::from(root), endpoint, token);
        // Like the adapter, take an empty prefix for none.
        settings.app_prefix = optional(self.app_prefix, "appPrefix", STRING)?.unwrap_or_default();
        if let Some(runtime) = optional(self.runtime, "runtime", "an object")? {
            settings.runtime = runtime.read()?;
        }
        let allow_unproven = optional(
            self.allow_unproven_routes,
            "allowUnprovenRoutes",
            "a boolean",
        )?;
        settings.allow_unproven_routes = allow_unproven.unwrap_or(false);
        settings.ttl.ttl_seconds = whole(self.ttl_seconds, "ttlSeconds", MAX_TTL_SECONDS)?;
        settings.ttl.static_ttl_seconds =
            whole(self.static_ttl_seconds, "staticTtlSeconds", MAX_TTL_SECONDS)?;
        if let Some(Either::B(true)) =
            optional(self.vite_config, "viteConfig", "a string or false")?
        {
            return Err(Failure::option(
                "viteConfig",
                "must be a string or false, not true",
            ));
        }
        optional(self.self_check, "selfCheck", "a boolean")?;
        settings.refusal = self
            .refusal
            .map(|refusal| SkippedRun::refused(refusal.code, refusal.reason));
        if let Some(pairs) = whole(self.max_batch_pairs, "maxBatchPairs", MAX_BULK_PAIRS)? {
            settings.batch.max_pairs = pairs;
        }
        if let Some(bytes) = whole(self.max_batch_bytes, "maxBatchBytes", MAX_BULK_BODY_BYTES)? {
            settings.batch.max_body_bytes = bytes;
        }
        if let Some(requests) = whole(self.concurrency, "concurrency", MAX_CONCURRENCY)? {
            settings.concurrency = requests;
        }
        Ok(Options {
            settings,
            on_progress: optional(self.on_progress, "onProgress", "a function")?,
            signal: optional(self.signal, "signal", "an AbortSignal")?,
        })
    }
}

impl JsRuntimeVersions {
    /// Where the runtime is to be learnt from.
    pub(crate) fn read(self) -> Result<RuntimeSource, Failure> {
        let versions = RuntimeVersions {
            vinext: text(self.vinext, "runtime.vinext")?,
            cloudflare: optional_text(self.cloudflare, "runtime.cloudflare")?,
        };
        Ok(match self.probes {
            None => RuntimeSource::Named(versions),
            Some(JsProbes { vinext, cloudflare }) => {
                let probes = Probes { vinext, cloudflare };
                RuntimeSource::Probed(Box::new(ProbedRuntime { versions, probes }))
            }
        })
    }
}

const STRING: &str = "a string";

fn text(value: Given<String>, option: &'static str) -> Result<String, Failure> {
    not_empty(value.expect(option, STRING)?, option)
}

fn optional_text(
    value: Option<OrNull<String>>,
    option: &'static str,
) -> Result<Option<String>, Failure> {
    optional(value, option, STRING)?
        .map(|text| not_empty(text, option))
        .transpose()
}

fn not_empty(text: String, option: &'static str) -> Result<String, Failure> {
    if text.is_empty() {
        Err(Failure::option(option, "is empty"))
    } else {
        Ok(text)
    }
}

/// A whole number from 1 to `max`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number within range, which is far below 2^53"
)]
fn whole<T>(value: Option<OrNull<f64>>, option: &'static str, max: T) -> Result<Option<T>, Failure>
where
    T: Copy + TryFrom<u64> + TryInto<u64>,
{
    let Some(number) = optional(value, option, "a number")? else {
        return Ok(None);
    };
    let max: u64 = max.try_into().unwrap_or(u64::MAX);
    let is_in_range = number.fract() == 0.0 && number >= 1.0 && number <= max as f64;
    match T::try_from(number as u64) {
        Ok(whole) if is_in_range => Ok(Some(whole)),
        _ => {
            let problem = format!("must be a whole number from 1 to {max}, not {number}");
            Err(Failure::option(option, problem))
        }
    }
}
