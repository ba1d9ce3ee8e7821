//! The options of `seedKvCache` as JavaScript passes them and index.d.ts documents them.
//!
//! `read_options` checks them.

use std::collections::HashMap;

use napi_derive::napi;

use crate::abort::Signal;
use crate::argument::{Nullable, OptionsObject, Typed};
use crate::pages::NextPages;
use crate::progress::Listener;

/// What `seedKvCache` is to do.
#[napi(
    object,
    js_name = "SeedOptions extends RunOptions",
    object_to_js = false
)]
pub struct JsSeedOptions {
    /// The Cloudflare account that owns the namespace.
    #[napi(ts_type = "string")]
    pub account_id: Typed<String>,
    /// The KV namespace that the deployed Worker reads.
    #[napi(ts_type = "string")]
    pub namespace_id: Typed<String>,
    /// A Cloudflare API token with the permission "Workers KV Storage: Edit". It is sent to
    /// `apiBaseUrl` only, and is in no message and no result.
    #[napi(ts_type = "string")]
    pub api_token: Typed<String>,
    /// The Cloudflare API. `https:`, or `http:` on this machine (localhost, 127.0.0.0/8, [::1]).
    /// @default "https://api.cloudflare.com/client/v4"
    #[napi(ts_type = "string")]
    pub api_base_url: Option<Nullable<String>>,
    /// Compress request bodies with gzip. Whether Cloudflare's API takes that is not documented, so it is
    /// tried with one request. If that is refused, or if compressing takes longer than it saves, everything
    /// is sent plain. `bytesUploaded` counts plain bytes either way.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub compress: Option<Nullable<bool>>,
}

/// How a run goes about it: the options that every seeding takes.
#[napi(
    object,
    js_name = "RunOptions extends BuildOptions",
    object_to_js = false
)]
pub struct JsRunOptions {
    /// The most memory that a run may take on top of what the process has, in bytes. How far it reads
    /// ahead, how large requests are and how many are in flight follows from it, where they are not
    /// given. A run needs at least 32 MB; with less it takes that.
    /// @default 128_000_000
    #[napi(ts_type = "number")]
    pub max_memory_bytes: Option<Nullable<f64>>,
    /// The most entries in one request, from 1 to 10,000 (the API's limit).
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_batch_pairs: Option<Nullable<f64>>,
    /// The most bytes in one request, as they are sent, from 1 to 100,000,000 (the API's limit). An
    /// entry that is larger has a request to itself.
    /// @default what `maxMemoryBytes` allows, at most 8_388_608 (8 MiB)
    #[napi(ts_type = "number")]
    pub max_batch_bytes: Option<Nullable<f64>>,
    /// Requests in flight at a time, from 1 to 64.
    /// @default what `maxMemoryBytes` allows, at most 8
    #[napi(ts_type = "number")]
    pub concurrency: Option<Nullable<f64>>,
    /// How often, and for how long, a request is tried. Storing the same entry twice does no harm.
    #[napi(ts_type = "RetryOptions")]
    pub retry: Option<Nullable<OptionsObject<JsRetryOptions>>>,
    /// How long a request may take.
    #[napi(ts_type = "TimeoutOptions")]
    pub timeouts: Option<Nullable<OptionsObject<JsTimeoutOptions>>>,
    /// Write every entry, also those that are stored already and have not changed.
    /// @default false
    #[napi(ts_type = "boolean")]
    pub force: Option<Nullable<bool>>,
    /// The most entries to write. What matters most is written first: the paths that `first` names;
    /// then HTML before payloads, short paths before long ones, pages without `revalidate` before those
    /// with it. The rest is in `notStored` as `over-budget`, and the runtime renders it when it is first
    /// visited. Entries that have not changed cost nothing.
    /// @default no limit
    #[napi(ts_type = "number")]
    pub max_writes: Option<Nullable<f64>>,
    /// Pages to seed in place of those that a build has pre-rendered: for a site whose pages are rendered
    /// elsewhere, or one by one. They get the keys, tags and values that a build with the same pages has.
    /// The next page is asked for when there is room for it, so any number may come. Cannot be combined
    /// with `maxWrites`.
    ///
    /// A page that cannot be used ends the run with `INVALID_PAGE`, an iterator that throws with
    /// `PAGES_FAILED`; pages before it are stored, and the error's `report` has them. A page that the
    /// runtime would not read, or whose render failed, is in `routesSkipped` as it is for a build.
    /// @default the pages of the build in `root`
    #[napi(ts_type = "Iterable<SeedPage> | AsyncIterable<SeedPage>")]
    pub pages: Option<Nullable<NextPages>>,
    /// With `pages`: the build id of the site that reads them. Then no build is read: `appPrefix` is what
    /// the options say, and `runtime` what they say or what is installed in `root`.
    /// @default that of the build in `root`
    #[napi(ts_type = "string")]
    pub build_id: Option<Nullable<String>>,
    /// With `pages`: whether the site has `trailingSlash` in next.config.
    /// @default as the build in `root` says; with `buildId` false
    #[napi(ts_type = "boolean")]
    pub trailing_slash: Option<Nullable<bool>>,
    /// Called as the run goes on, at most ten times a second, and once at the end. If it throws,
    /// the run is cancelled and the promise rejects with what it threw.
    #[napi(ts_type = "(progress: SeedProgress) => void")]
    pub on_progress: Option<Nullable<Listener>>,
    /// Cancels the run. Requests in flight are dropped; what was stored before stays stored, and the
    /// error's `report` says what that is.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Nullable<Signal>>,
}

/// The versions of the packages that read the cache.
#[napi(object, js_name = "RuntimeVersions", object_to_js = false)]
pub struct JsRuntimeVersions {
    /// The version of `vinext`, such as `"1.4.0"`.
    #[napi(ts_type = "string")]
    pub vinext: Typed<String>,
    /// The version of `@vinext/cloudflare`, which has the KV adapter since 0.2.0. Without it, keys
    /// over 512 bytes are left out.
    #[napi(ts_type = "string")]
    pub cloudflare: Option<Nullable<String>>,
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

/// How often, and for how long, a request is tried.
#[napi(object, js_name = "RetryOptions", object_to_js = false)]
pub struct JsRetryOptions {
    /// Requests for the same entries, the first included, from 1 to 100.
    /// @default 8
    #[napi(ts_type = "number")]
    pub attempts: Option<Nullable<f64>>,
    /// The wait after the first failure, in milliseconds. It doubles with each further one, and up to
    /// the same again is added at random. After a 429 that does not say how long to wait it is eight
    /// times as long.
    /// @default 100
    #[napi(ts_type = "number")]
    pub initial_delay_ms: Option<Nullable<f64>>,
    /// The longest wait, before the random part, in milliseconds.
    /// @default 10_000
    #[napi(ts_type = "number")]
    pub max_delay_ms: Option<Nullable<f64>>,
    /// The longest time that failing requests for the same entries may take together with the waits
    /// between them, in milliseconds. Waits that Cloudflare orders (`retry-after`) do not count; they
    /// may take ten minutes.
    /// @default 300_000
    #[napi(ts_type = "number")]
    pub total_ms: Option<Nullable<f64>>,
}

/// How long the parts of a request may take, each from 1 millisecond to an hour.
#[napi(object, js_name = "TimeoutOptions", object_to_js = false)]
pub struct JsTimeoutOptions {
    /// Connecting, TLS included, in milliseconds.
    /// @default 15_000
    #[napi(ts_type = "number")]
    pub connect_ms: Option<Nullable<f64>>,
    /// Without anything sent while a body is on its way, in milliseconds.
    /// @default 60_000
    #[napi(ts_type = "number")]
    pub idle_ms: Option<Nullable<f64>>,
    /// From the last byte sent to the reply, in milliseconds.
    /// @default 120_000
    #[napi(ts_type = "number")]
    pub reply_ms: Option<Nullable<f64>>,
    /// All of a request, in milliseconds.
    /// @default 300_000
    #[napi(ts_type = "number")]
    pub request_ms: Option<Nullable<f64>>,
}
