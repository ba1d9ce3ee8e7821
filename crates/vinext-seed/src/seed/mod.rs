//! Wires the stages together. The only feedback between stages is backpressure, and which entries need not be
//! encoded.

mod batches;
mod budget;
mod build_options;
mod build_snapshot;
mod error;
mod estimate;
mod export;
mod guarded;
mod known_entries;
mod limits;
mod prepare;
mod read_back;
mod recognize;
mod record;
mod rendered_at;
mod sample;
mod tag_markers;
mod upload;
mod write_budget;

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::background::{run_blocking, spawn};
use crate::progress::{Observer, Phase, Progress, Throttle};
use crate::report::SeedReport;
use crate::sanitized_text::SanitizedText;
use crate::send::RetryPolicy;
use crate::store::cloudflare_kv::{CloudflareKv, Endpoint, MIN_SHRINKING};
use crate::store::http::{ApiToken, Timeouts};
use crate::store::{ConfigError, Store};
use budget::Budget;
use guarded::guarded;
use prepare::{Prepared, prepare};
use upload::upload;

pub use build_options::{BuildOptions, GivenPages};
pub use error::SeedError;
pub use estimate::{EntrySize, Estimate, LARGEST_ENTRIES, estimate, estimate_into};
pub use export::{DEFAULT_MAX_FILE_BYTES, Export, ExportFile, export};
pub use limits::{DEFAULT_MAX_MEMORY_BYTES, Limits, MAX_CONCURRENCY};
pub use read_back::read_back;
pub use recognize::{Application, application, examine};
pub use sample::{DEFAULT_SAMPLE_ROUTES, Sample, SampledEntry, sample, sample_into};
pub use write_budget::WriteRule;

/// The options of [`seed()`].
#[derive(Clone, Debug)]
pub struct SeedOptions {
    /// The build to seed.
    pub build: BuildOptions,
    /// The KV namespace to write to.
    pub endpoint: Endpoint,
    /// A token with the permission "Workers KV Storage: Edit".
    pub token: ApiToken,
    /// Memory, request size and concurrency.
    pub limits: Limits,
    /// How often, and for how long, requests are retried.
    pub retry: RetryPolicy,
    /// How long a request may take.
    pub timeouts: Timeouts,
    /// Which entries are written. Default: those that are new or have changed.
    pub writes: WriteRule,
    /// Whether request bodies are compressed, as long as the API accepts them and compression saves
    /// time. Default: no.
    pub compress: bool,
}

impl SeedOptions {
    /// Options with all defaults.
    #[must_use]
    pub fn new(build: BuildOptions, endpoint: Endpoint, token: ApiToken) -> Self {
        Self {
            build,
            endpoint,
            token,
            limits: Limits::default(),
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            writes: WriteRule::default(),
            compress: false,
        }
    }
}

/// Seeds the pages of a build into Workers KV.
///
/// Requires a tokio runtime. Dropping the future ends the run as cancelling it does.
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn seed(
    options: SeedOptions,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Result<SeedReport, SeedError> {
    let SeedOptions {
        build,
        endpoint,
        token,
        limits,
        retry,
        timeouts,
        writes,
        compress,
    } = options;
    let limits = match compress {
        true => limits.beside_compressed(MIN_SHRINKING),
        false => limits,
    };
    let open = move || {
        let (store, warnings) = CloudflareKv::new(endpoint, token, timeouts)?;
        Ok((store.compressed(compress), warnings))
    };
    guarded(run(
        open,
        build,
        limits,
        retry,
        writes,
        observer,
        cancellation,
    ))
    .await
}

/// Seeds the pages of a build into any store.
///
/// `open` opens the store on a separate thread while the first pages are packed. It returns the store
/// and warnings for the report. Requires a tokio runtime.
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn seed_into<S: Store + 'static>(
    open: impl FnOnce() -> Result<(S, Vec<String>), SanitizedText> + Send + 'static,
    build: BuildOptions,
    limits: Limits,
    retry: RetryPolicy,
    writes: WriteRule,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Result<SeedReport, SeedError> {
    guarded(run(
        open,
        build,
        limits,
        retry,
        writes,
        observer,
        cancellation,
    ))
    .await
}

async fn run<S: Store + 'static>(
    open: impl FnOnce() -> Result<(S, Vec<String>), SanitizedText> + Send + 'static,
    build: BuildOptions,
    limits: Limits,
    retry: RetryPolicy,
    writes: WriteRule,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Result<SeedReport, SeedError> {
    let started = Instant::now();
    let budget = Budget::of::<S>(limits)?;
    if writes.max_writes.is_some() && build.pages.is_some() {
        let problem = "needs to know all pages before the first is written, so it cannot be combined with \
            the option `pages`; pass only pages that are to be written";
        return Err(ConfigError::new("max_writes", problem.to_owned()).into());
    }
    let mut throttle = Throttle::new(observer);
    tracing::debug!(
        concurrency = budget.concurrency,
        max_body_bytes = budget.batch.max_body_bytes,
        threads = budget.pack.threads,
        "planning"
    );
    throttle.report(progress(Phase::Plan, 0, &SeedReport::default()));
    // Reading the system's certificates takes as long as packing a small site: do both at once.
    let opening = spawn(open)?;
    let counted = writes.max_writes.map(|_| build.clone());
    let preparing = run_blocking(move || prepare(build, &budget));
    let prepared = unless_cancelled(cancellation, async { preparing.await? }).await?;
    let mut report = match prepared {
        Prepared::Ready(ready) => {
            tracing::debug!(routes = ready.report.routes, "packing and sending");
            let start = upload::Start {
                ready: *ready,
                counted,
                writes,
                retry,
                budget,
            };
            upload(start, opening, &mut throttle, cancellation)
                .await
                .map_err(|error| error.after(started.elapsed()))?
        }
        Prepared::Skipped(report) => {
            let code = report.skipped.as_ref().map(|skipped| skipped.code);
            tracing::debug!(code, "skipped");
            *report
        }
    };
    tracing::debug!(
        stored = report.pairs_stored,
        requests = report.batches,
        retries = report.retries,
        "done"
    );
    report.duration = started.elapsed();
    throttle.report(progress(Phase::Done, report.routes, &report));
    Ok(report)
}

/// Runs work that stores nothing, unless the caller cancels it first.
async fn unless_cancelled<T>(
    cancellation: &CancellationToken,
    work: impl Future<Output = Result<T, SeedError>>,
) -> Result<T, SeedError> {
    tokio::select! {
        biased;
        () = cancellation.cancelled() => Err(SeedError::Aborted { report: Box::default() }),
        done = work => done,
    }
}

fn progress(phase: Phase, routes: usize, report: &SeedReport) -> Progress {
    Progress {
        phase,
        routes,
        total_routes: report.routes,
        pairs: report.pairs_stored,
        bytes: report.bytes_sent,
        paused_for: None,
    }
}
