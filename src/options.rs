//! The options of `seedKvCache` as JavaScript passes them and index.d.ts documents them.
//!
//! This package's JavaScript has checked them (`lib/options/`). `read_options` converts them.

use std::collections::HashMap;

use napi_derive::napi;

use crate::abort::Signal;
use crate::pages::NextPages;
use crate::progress::Listener;

/// Options of `seedKvCache`.
#[napi(
    object,
    js_name = "SeedOptions extends RunOptions",
    object_to_js = false
)]
pub struct JsSeedOptions {
    /// The Cloudflare account that owns the namespace.
    pub account_id: String,
    /// The KV namespace that the deployed Worker reads.
    pub namespace_id: String,
    /// A Cloudflare API token with the permission "Workers KV Storage: Edit". It is sent to
    /// `apiBaseUrl` only and appears in no message or result.
    pub api_token: String,
    /// The Cloudflare API. `https:`, or `http:` on this machine (localhost, 127.0.0.0/8, [::1]).
    /// @default "https://api.cloudflare.com/client/v4"
    pub api_base_url: Option<String>,
    /// Compress request bodies with gzip. Cloudflare does not document whether its API accepts
    /// this, so one request tries it. If it is rejected, or if compressing takes longer than it
    /// saves, everything is sent uncompressed. `bytesUploaded` always counts uncompressed bytes.
    /// @default false
    pub compress: Option<bool>,
}

/// Options of all functions that seed.
#[napi(
    object,
    js_name = "RunOptions extends BuildOptions",
    object_to_js = false
)]
pub struct JsRunOptions {
    /// Maximum memory that a run may use in addition to the process's own, in bytes. Read-ahead,
    /// the size of requests and their number follow from it unless set. A run needs at least 32 MB;
    /// lower values are exceeded.
    /// @default 128_000_000
    pub max_memory_bytes: Option<i64>,
    /// Maximum number of entries in one request, from 1 to 10,000 (the API's limit).
    /// @default 10_000
    pub max_batch_pairs: Option<i64>,
    /// Maximum bytes in one request, as sent, from 1 to 100,000,000 (the API's limit). A larger
    /// entry gets its own request.
    /// @default what `maxMemoryBytes` allows, at most 8_388_608 (8 MiB; for Redis 1 MiB)
    pub max_batch_bytes: Option<i64>,
    /// Number of requests in flight, from 1 to 64.
    /// @default what `maxMemoryBytes` allows, at most 8
    pub concurrency: Option<i64>,
    /// How often, and for how long, requests are retried. Storing the same entry twice does no
    /// harm.
    #[napi(ts_type = "RetryOptions")]
    pub retry: Option<JsRetryOptions>,
    /// How long a request may take.
    #[napi(ts_type = "TimeoutOptions")]
    pub timeouts: Option<JsTimeoutOptions>,
    /// Write every entry, even unchanged ones.
    /// @default false
    pub force: Option<bool>,
    /// Maximum number of entries to write. The most important come first: paths that match `first`,
    /// then HTML before payloads, short paths before long ones, pages without `revalidate` before
    /// those with it. The rest is in `notStored` as `over-budget`, and the runtime renders it on
    /// the first visit. Unchanged entries cost nothing.
    /// @default no limit
    pub max_writes: Option<i64>,
    /// Pages to seed instead of those of a build, for a site whose pages are rendered elsewhere or
    /// one by one. They get the same keys, tags and values as in a build with the same pages. Pages
    /// are requested from the iterator one by one as memory allows, so their number is unlimited.
    /// Cannot be combined with `maxWrites`.
    ///
    /// An invalid page ends the run with `INVALID_PAGE`; an iterator that throws ends it with
    /// `PAGES_FAILED`. Earlier pages are stored, and the error's `report` counts them. A page that
    /// the runtime would not read, or whose render failed, is in `routesSkipped`, as for a build.
    /// @default the pages of the build in `root`
    #[napi(ts_type = "Iterable<SeedPage> | AsyncIterable<SeedPage>")]
    pub pages: Option<NextPages>,
    /// With `pages`: the build id of the site that reads them. No build is then read: `appPrefix`
    /// comes from the options, `runtime` from the options or the packages installed in `root`.
    /// @default that of the build in `root`
    pub build_id: Option<String>,
    /// With `pages`: whether the site has `trailingSlash` in next.config.
    /// @default as the build in `root` says; with `buildId` false
    pub trailing_slash: Option<bool>,
    /// Called during the run, at most ten times a second, and once at the end. If it throws, the
    /// run is cancelled and the promise rejects with the thrown value.
    #[napi(ts_type = "(progress: SeedProgress) => void")]
    pub on_progress: Option<Listener>,
    /// Cancels the run. Requests in flight are dropped; entries already stored stay stored, and the
    /// error's `report` counts them.
    #[napi(ts_type = "AbortSignal")]
    pub signal: Option<Signal>,
}

/// The versions of the packages that read the cache.
#[napi(object, js_name = "RuntimeVersions", object_to_js = false)]
pub struct JsRuntimeVersions {
    /// The version of `vinext`, such as `"1.4.0"`.
    pub vinext: String,
    /// The version of `@vinext/cloudflare`, which has the KV adapter since 0.2.0. Without it,
    /// entries with keys over 512 bytes are skipped.
    pub cloudflare: Option<String>,
    /// The packages' files that distinguish formats, read by this package's JavaScript.
    /// @internal
    #[napi(ts_type = "RuntimeProbes")]
    pub probes: Option<JsProbes>,
}

/// The text of the files that distinguish formats, by path within the package.
/// @internal
#[napi(object, js_name = "RuntimeProbes", object_to_js = false)]
pub struct JsProbes {
    /// Files of `vinext`.
    pub vinext: HashMap<String, String>,
    /// Files of `@vinext/cloudflare`, if it is installed.
    pub cloudflare: Option<HashMap<String, String>>,
}

/// How often, and for how long, requests are retried.
#[napi(object, js_name = "RetryOptions", object_to_js = false)]
pub struct JsRetryOptions {
    /// Number of requests for the same entries, including the first, from 1 to 100.
    /// @default 8
    pub attempts: Option<i64>,
    /// The delay after the first failure, in milliseconds. It doubles after each further failure,
    /// plus up to 100 % jitter. After a 429 without `retry-after` it is eight times as long.
    /// @default 100
    pub initial_delay_ms: Option<i64>,
    /// The longest delay, without jitter, in milliseconds.
    /// @default 10_000
    pub max_delay_ms: Option<i64>,
    /// The longest total time of failing requests for the same entries and the delays between them,
    /// in milliseconds. Pauses that Cloudflare asks for (`retry-after`) do not count; they may take
    /// ten minutes.
    /// @default 300_000
    pub total_ms: Option<i64>,
}

/// How long the parts of a request may take, each from 1 millisecond to an hour.
#[napi(object, js_name = "TimeoutOptions", object_to_js = false)]
pub struct JsTimeoutOptions {
    /// Connecting, including TLS, in milliseconds.
    /// @default 15_000
    pub connect_ms: Option<i64>,
    /// Without progress while sending a body, in milliseconds.
    /// @default 60_000
    pub idle_ms: Option<i64>,
    /// From the last byte sent to the reply, in milliseconds.
    /// @default 120_000
    pub reply_ms: Option<i64>,
    /// A whole request, in milliseconds.
    /// @default 300_000
    pub request_ms: Option<i64>,
}
