//! Converts the options of `seedKvCache` to the engine's.

use vinext_seed::runtime::probe::Probes;
use vinext_seed::runtime::{ProbedRuntime, RuntimeSource, RuntimeVersions};
use vinext_seed::send::RetryPolicy;
use vinext_seed::store::cloudflare_kv::{DEFAULT_API_BASE, Endpoint};
use vinext_seed::store::http::{ApiToken, Timeouts};
use vinext_seed::{BuildOptions, Limits, SeedOptions, WriteRule};

use crate::abort::Signal;
use crate::build_options::{WithBuild, WithRun};
use crate::count::{count, milliseconds};
use crate::error::BindingError;
use crate::options::{
    JsProbes, JsRetryOptions, JsRunOptions, JsRuntimeVersions, JsSeedOptions, JsTimeoutOptions,
};
use crate::pages::{PageFeed, PageSource};
use crate::progress::Listener;

/// What a run into Workers KV needs.
pub(crate) struct KvRun {
    pub(crate) options: SeedOptions,
    pub(crate) feed: PageFeed,
    pub(crate) on_progress: Option<Listener>,
    pub(crate) signal: Option<Signal>,
}

/// What a run into any store needs.
pub(crate) struct RunSettings {
    pub(crate) limits: Limits,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) writes: WriteRule,
    pub(crate) pages: Option<PageSource>,
    pub(crate) on_progress: Option<Listener>,
    pub(crate) signal: Option<Signal>,
}

impl WithBuild<WithRun<JsSeedOptions>> {
    /// The same for the engine.
    ///
    /// # Errors
    /// If the namespace or the token cannot be used.
    pub(crate) fn read(self) -> Result<KvRun, BindingError> {
        let Self {
            build,
            own: WithRun { run, own },
        } = self;
        let (endpoint, token) = namespace(
            &own.account_id,
            &own.namespace_id,
            own.api_token,
            own.api_base_url.as_deref(),
        )?;
        let run = RunSettings::from(run);
        let mut options = SeedOptions::new(BuildOptions::from(build), endpoint, token);
        options.limits = run.limits;
        options.retry = run.retry;
        options.timeouts = run.timeouts;
        options.writes = run.writes;
        options.compress = own.compress.unwrap_or(false);
        let (feed, pages) = PageFeed::open(run.pages);
        options.build.pages = pages;
        Ok(KvRun {
            options,
            feed,
            on_progress: run.on_progress,
            signal: run.signal,
        })
    }
}

impl From<JsRunOptions> for RunSettings {
    fn from(given: JsRunOptions) -> Self {
        let (build_id, trailing_slash) = (given.build_id, given.trailing_slash);
        Self {
            limits: Limits {
                max_memory_bytes: given.max_memory_bytes.map(count),
                max_batch_pairs: given.max_batch_pairs.map(count),
                max_batch_bytes: given.max_batch_bytes.map(count),
                concurrency: given.concurrency.map(count),
            },
            retry: given.retry.map(Into::into).unwrap_or_default(),
            timeouts: given.timeouts.map(Into::into).unwrap_or_default(),
            writes: WriteRule {
                force: given.force.unwrap_or(false),
                max_writes: given.max_writes.map(count),
            },
            pages: given.pages.map(|next| PageSource {
                next,
                build_id,
                trailing_slash,
            }),
            on_progress: given.on_progress,
            signal: given.signal,
        }
    }
}

/// A namespace, and the token for it.
///
/// # Errors
/// If one of them cannot be used: what they may contain is for the engine to say.
pub(crate) fn namespace(
    account_id: &str,
    namespace_id: &str,
    api_token: String,
    api_base_url: Option<&str>,
) -> Result<(Endpoint, ApiToken), BindingError> {
    let token =
        ApiToken::new(api_token).map_err(|problem| BindingError::option("apiToken", problem))?;
    let api_base = api_base_url.unwrap_or(DEFAULT_API_BASE);
    Ok((Endpoint::new(api_base, account_id, namespace_id)?, token))
}

impl From<JsRuntimeVersions> for RuntimeSource {
    fn from(given: JsRuntimeVersions) -> Self {
        let versions = RuntimeVersions {
            vinext: given.vinext,
            cloudflare: given.cloudflare,
        };
        match given.probes {
            None => Self::Named(versions),
            Some(JsProbes { vinext, cloudflare }) => {
                let probes = Probes { vinext, cloudflare };
                Self::Probed(Box::new(ProbedRuntime { versions, probes }))
            }
        }
    }
}

impl From<JsRetryOptions> for RetryPolicy {
    fn from(given: JsRetryOptions) -> Self {
        let default = Self::default();
        Self {
            attempts: given.attempts.map_or(default.attempts, count),
            initial_delay: given
                .initial_delay_ms
                .map_or(default.initial_delay, milliseconds),
            max_delay: given.max_delay_ms.map_or(default.max_delay, milliseconds),
            total: given.total_ms.map_or(default.total, milliseconds),
        }
    }
}

impl From<JsTimeoutOptions> for Timeouts {
    fn from(given: JsTimeoutOptions) -> Self {
        let default = Self::default();
        Self {
            connect: given.connect_ms.map_or(default.connect, milliseconds),
            idle: given.idle_ms.map_or(default.idle, milliseconds),
            reply: given.reply_ms.map_or(default.reply, milliseconds),
            request: given.request_ms.map_or(default.request, milliseconds),
        }
    }
}
