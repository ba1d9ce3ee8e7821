//! Checks the options of `seedKvCache`, without coercing values: `-1` is an error, and so is `3.9`.

use std::time::Duration;

use vinext_seed::runtime::probe::Probes;
use vinext_seed::runtime::{ProbedRuntime, RuntimeSource, RuntimeVersions};
use vinext_seed::send::RetryPolicy;
use vinext_seed::store::StoreLimits;
use vinext_seed::store::cloudflare_kv::{DEFAULT_API_BASE, Endpoint, LIMITS};
use vinext_seed::store::http::{ApiToken, Timeouts};
use vinext_seed::{Limits, MAX_CONCURRENCY, WriteRule};

use crate::abort::Signal;
use crate::argument::{Nullable, OptionsObject, Typed, optional};
use crate::build_options::{MAX_WRITES, WithBuild, WithRun, batch_limits};
use crate::error::BindingError;
use crate::options::{
    JsProbes, JsRetryOptions, JsRunOptions, JsRuntimeVersions, JsSeedOptions, JsTimeoutOptions,
};
use crate::pages::{PageFeed, PageSource};
use crate::progress::Listener;

/// The parsed options.
pub(crate) struct Options {
    pub(crate) settings: vinext_seed::SeedOptions,
    pub(crate) feed: PageFeed,
    pub(crate) on_progress: Option<Listener>,
    pub(crate) signal: Option<Signal>,
}

/// The parsed options of a run.
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
    /// Checks every option.
    pub(crate) fn read(self) -> Result<Options, BindingError> {
        let Self {
            build,
            own: WithRun { run, own },
        } = self;
        let build = build.read()?;
        let (endpoint, token) = namespace(
            own.account_id,
            own.namespace_id,
            own.api_token,
            own.api_base_url,
        )?;
        let compress = optional(own.compress, "compress", "a boolean")?.unwrap_or(false);
        let run = run.read(LIMITS)?;
        let mut settings = vinext_seed::SeedOptions::new(build, endpoint, token);
        settings.limits = run.limits;
        settings.retry = run.retry;
        settings.timeouts = run.timeouts;
        settings.writes = run.writes;
        settings.compress = compress;
        let (feed, pages) = PageFeed::open(run.pages);
        settings.build.pages = pages;
        Ok(Options {
            settings,
            feed,
            on_progress: run.on_progress,
            signal: run.signal,
        })
    }
}

impl JsRunOptions {
    /// Checks every option, for a store with these limits.
    pub(crate) fn read(self, limits: StoreLimits) -> Result<RunSettings, BindingError> {
        let mut retry = RetryPolicy::default();
        let mut timeouts = Timeouts::default();
        let limits = Limits {
            max_memory_bytes: whole(self.max_memory_bytes, "maxMemoryBytes", MAX_MEMORY_BYTES)?,
            concurrency: whole(self.concurrency, "concurrency", MAX_CONCURRENCY)?,
            ..batch_limits(self.max_batch_pairs, self.max_batch_bytes, limits)?
        };
        if let Some(OptionsObject(given)) = optional(self.retry, "retry", "an object")? {
            retry = given.read()?;
        }
        if let Some(OptionsObject(given)) = optional(self.timeouts, "timeouts", "an object")? {
            timeouts = given.read()?;
        }
        let pages = optional(self.pages, "pages", "an iterable of pages")?;
        let build_id = optional_text(self.build_id, "buildId")?;
        let trailing_slash = optional(self.trailing_slash, "trailingSlash", "a boolean")?;
        if pages.is_none() && build_id.is_some() {
            return Err(BindingError::option(
                "buildId",
                "has a meaning only with `pages`",
            ));
        }
        Ok(RunSettings {
            pages: pages.map(|next| PageSource {
                next,
                build_id,
                trailing_slash,
            }),
            limits,
            retry,
            timeouts,
            writes: WriteRule {
                force: optional(self.force, "force", "a boolean")?.unwrap_or(false),
                max_writes: whole(self.max_writes, "maxWrites", MAX_WRITES)?,
            },
            on_progress: optional(self.on_progress, "onProgress", "a function")?,
            signal: optional(self.signal, "signal", "an AbortSignal")?,
        })
    }
}

/// The namespace that options name, and the token for it.
pub(crate) fn namespace(
    account_id: Typed<String>,
    namespace_id: Typed<String>,
    api_token: Typed<String>,
    api_base_url: Option<Nullable<String>>,
) -> Result<(Endpoint, ApiToken), BindingError> {
    let account_id = text(account_id, "accountId")?;
    let namespace_id = text(namespace_id, "namespaceId")?;
    let token = ApiToken::new(text(api_token, "apiToken")?)
        .map_err(|problem| BindingError::option("apiToken", problem))?;
    let api_base = optional_text(api_base_url, "apiBaseUrl")?;
    let api_base = api_base.as_deref().unwrap_or(DEFAULT_API_BASE);
    Ok((Endpoint::new(api_base, &account_id, &namespace_id)?, token))
}

impl JsRuntimeVersions {
    /// Where the runtime is to be learnt from.
    pub(crate) fn read(self) -> Result<RuntimeSource, BindingError> {
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

/// The most attempts accepted.
const MAX_ATTEMPTS: usize = 100;

/// The longest accepted duration: anything beyond is a mistake of units.
const MAX_DURATION_MS: u64 = 3_600_000;

impl JsRetryOptions {
    fn read(self) -> Result<RetryPolicy, BindingError> {
        let mut policy = RetryPolicy::default();
        if let Some(attempts) = whole(self.attempts, "retry.attempts", MAX_ATTEMPTS)? {
            policy.attempts = attempts;
        }
        set_ms(
            &mut policy.initial_delay,
            self.initial_delay_ms,
            "retry.initialDelayMs",
        )?;
        set_ms(&mut policy.max_delay, self.max_delay_ms, "retry.maxDelayMs")?;
        set_ms(&mut policy.total, self.total_ms, "retry.totalMs")?;
        Ok(policy)
    }
}

impl JsTimeoutOptions {
    fn read(self) -> Result<Timeouts, BindingError> {
        let mut timeouts = Timeouts::default();
        set_ms(&mut timeouts.connect, self.connect_ms, "timeouts.connectMs")?;
        set_ms(&mut timeouts.idle, self.idle_ms, "timeouts.idleMs")?;
        set_ms(&mut timeouts.reply, self.reply_ms, "timeouts.replyMs")?;
        set_ms(&mut timeouts.request, self.request_ms, "timeouts.requestMs")?;
        Ok(timeouts)
    }
}

fn set_ms(
    duration: &mut Duration,
    value: Option<Nullable<f64>>,
    option: &'static str,
) -> Result<(), BindingError> {
    if let Some(milliseconds) = whole(value, option, MAX_DURATION_MS)? {
        *duration = Duration::from_millis(milliseconds);
    }
    Ok(())
}

/// The most memory accepted, in bytes: a terabyte; anything beyond is a mistake of units.
const MAX_MEMORY_BYTES: usize = 1 << 40;

pub(crate) const STRING: &str = "a string";

pub(crate) fn text(value: Typed<String>, option: &'static str) -> Result<String, BindingError> {
    not_empty(value.expect(option, STRING)?, option)
}

pub(crate) fn optional_text(
    value: Option<Nullable<String>>,
    option: &'static str,
) -> Result<Option<String>, BindingError> {
    optional(value, option, STRING)?
        .map(|text| not_empty(text, option))
        .transpose()
}

fn not_empty(text: String, option: &'static str) -> Result<String, BindingError> {
    if text.is_empty() {
        Err(BindingError::option(option, "is empty"))
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
pub(crate) fn whole<T>(
    value: Option<Nullable<f64>>,
    option: &'static str,
    max: T,
) -> Result<Option<T>, BindingError>
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
            Err(BindingError::option(option, problem))
        }
    }
}
