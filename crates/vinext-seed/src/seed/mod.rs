//! The whole way: manifest, plan, pack, send, report.
//!
//! In: options. Out: a report, or an error that carries what was stored until then.
//! Never: work of its own. Everything happens in the stages; here they are joined, and nothing
//! flows back from a later to an earlier one but the pace.

mod batches;
mod estimate;
mod export;
mod prepare;
mod upload;

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use crate::error::{ForeignText, SeedError};
use crate::pack::{BatchLimits, Batcher};
use crate::progress::{Observer, Phase, Progress, Throttle};
use crate::report::SeedReport;
use crate::send::{
    ApiToken, Endpoint, KvSender, MAX_BULK_BODY_BYTES, MAX_BULK_PAIRS, RetryPolicy, Timeouts,
};
use prepare::{Stop, prepare};
use upload::Upload;

pub use estimate::{EntrySize, Estimate, LARGEST_ENTRIES, estimate};
pub use export::{DEFAULT_MAX_FILE_BYTES, Export, ExportFile, export};
pub use prepare::BuildOptions;

/// What one run is to do.
#[derive(Clone, Debug)]
pub struct SeedOptions {
    /// What is seeded.
    pub build: BuildOptions,
    /// The namespace that is filled.
    pub endpoint: Endpoint,
    /// A token with the permission "Workers KV Storage: Edit".
    pub token: ApiToken,
    /// The most that goes into one request.
    pub batch: BatchLimits,
    /// Requests in flight at a time.
    pub concurrency: usize,
    /// How often, and for how long, a request is tried.
    pub retry: RetryPolicy,
    /// How long a request may take.
    pub timeouts: Timeouts,
}

/// Bytes of a request body unless the caller says otherwise: large enough that the round trip does
/// not count, small enough that several fit into the memory budget.
pub const DEFAULT_MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What goes into one request unless the caller says otherwise.
pub const DEFAULT_BATCH: BatchLimits = BatchLimits {
    max_pairs: MAX_BULK_PAIRS,
    max_body_bytes: DEFAULT_MAX_BATCH_BYTES,
};

/// Requests in flight at a time unless the caller says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 6;

/// The most requests in flight at a time.
pub const MAX_CONCURRENCY: usize = 64;

impl SeedOptions {
    /// Options with defaults for everything that has one.
    #[must_use]
    pub fn new(build: BuildOptions, endpoint: Endpoint, token: ApiToken) -> Self {
        Self {
            build,
            endpoint,
            token,
            batch: DEFAULT_BATCH,
            concurrency: DEFAULT_CONCURRENCY,
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
        }
    }

    fn validate(&self) -> Result<(), SeedError> {
        check_batch(self.batch)?;
        in_range("concurrency", self.concurrency, MAX_CONCURRENCY)
    }
}

fn check_batch(limits: BatchLimits) -> Result<(), SeedError> {
    in_range("maxBatchPairs", limits.max_pairs, MAX_BULK_PAIRS)?;
    in_range("maxBatchBytes", limits.max_body_bytes, MAX_BULK_BODY_BYTES)
}

fn in_range(option: &'static str, value: usize, max: usize) -> Result<(), SeedError> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    let problem = format!("must be from 1 to {max}, not {value}");
    Err(SeedError::InvalidOption { option, problem })
}

/// Seeds a build's pages.
///
/// Needs a tokio runtime. Dropping the future ends the run like cancelling it.
///
/// # Errors
/// See [`SeedError`]. Where there is merely nothing to do, the report says so.
pub async fn seed(
    options: SeedOptions,
    observer: &dyn Observer,
    cancellation: &CancellationToken,
) -> Result<SeedReport, SeedError> {
    let started = Instant::now();
    options.validate()?;
    let mut throttle = Throttle::new(observer);
    throttle.report(progress(Phase::Plan, 0, &SeedReport::default()));
    let batcher = Batcher::new(options.batch);
    let concurrency = options.concurrency;
    let preparing = off_the_executor(move || -> Result<_, Stop> {
        let ready = prepare(options.build)?;
        let SeedOptions {
            endpoint,
            token,
            retry,
            timeouts,
            ..
        } = options;
        let sender = KvSender::new(endpoint, token, retry, timeouts);
        Ok((ready, sender.map_err(SeedError::Client)?))
    });
    let prepared = tokio::select! {
        biased;
        () = cancellation.cancelled() => return Err(SeedError::Aborted { report: Box::default() }),
        prepared = preparing => prepared?,
    };
    let mut report = match prepared {
        Ok((ready, sender)) => Upload::run(
            ready,
            sender,
            batcher,
            concurrency,
            &mut throttle,
            cancellation,
        )
        .await
        .map_err(|error| error.after(started.elapsed()))?,
        Err(Stop::Skipped(report)) => *report,
        Err(Stop::Failed(error)) => return Err(error),
    };
    report.duration = started.elapsed();
    throttle.report(progress(Phase::Done, report.routes, &report));
    Ok(report)
}

/// Runs what waits for files where it holds nobody up.
async fn off_the_executor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SeedError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| SeedError::Internal(ForeignText::new(&error.to_string())))
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
