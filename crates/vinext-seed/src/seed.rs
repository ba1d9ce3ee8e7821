//! The whole way: manifest, plan, pack, send, report.
//!
//! In: options. Out: a report, or an error that carries what was stored until then.
//! Never: work of its own. Everything happens in the stages; here they are joined, and nothing
//! flows back from a later to an earlier one but the pace.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::error::{ForeignText, SeedError};
use crate::manifest::{ManifestFile, ManifestProblem};
use crate::pack::{Batch, BatchLimits, Batcher, Moment, PackLimits, PackedRoutes, Packer};
use crate::plan::lifetime::TtlRule;
use crate::plan::{Planner, Survey};
use crate::progress::{Observer, Phase, Progress, Throttle};
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::{self, RuntimeSource, build_id};
use crate::send::{ApiToken, Endpoint, Failure, KvSender, MAX_BULK_BODY_BYTES, MAX_BULK_PAIRS};

/// What one run is to do.
#[derive(Clone, Debug)]
pub struct SeedOptions {
    /// The project's directory; the build is in its `dist/`.
    pub root: PathBuf,
    /// The namespace that is filled.
    pub endpoint: Endpoint,
    /// A token with the permission "Workers KV Storage: Edit".
    pub token: ApiToken,
    /// Where to learn what will read the entries. Default: from what is installed in `root`.
    pub runtime: RuntimeSource,
    /// Seed versions before 0.2.1, whose manifests do not tell which pages are the same for
    /// everybody. Default: no.
    pub allow_unproven_routes: bool,
    /// Why nothing is to be seeded, if the caller has found a reason of its own.
    pub refusal: Option<SkippedRun>,
    /// The `appPrefix` of the KV adapter; empty for none.
    pub app_prefix: String,
    /// How long KV keeps entries.
    pub ttl: TtlRule,
    /// The most that goes into one request.
    pub batch: BatchLimits,
    /// Requests in flight at a time.
    pub concurrency: usize,
}

/// Bytes of a request body unless the caller says otherwise: large enough that the round trip does
/// not count, small enough that several fit into the memory budget.
pub const DEFAULT_MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// Requests in flight at a time unless the caller says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 4;

/// The most requests in flight at a time.
pub const MAX_CONCURRENCY: usize = 64;

impl SeedOptions {
    /// Options with defaults for everything that has one.
    #[must_use]
    pub fn new(root: PathBuf, endpoint: Endpoint, token: ApiToken) -> Self {
        Self {
            root,
            endpoint,
            token,
            runtime: RuntimeSource::Installed,
            allow_unproven_routes: false,
            refusal: None,
            app_prefix: String::new(),
            ttl: TtlRule::default(),
            batch: BatchLimits {
                max_pairs: MAX_BULK_PAIRS,
                max_body_bytes: DEFAULT_MAX_BATCH_BYTES,
            },
            concurrency: DEFAULT_CONCURRENCY,
        }
    }

    fn validate(&self) -> Result<(), SeedError> {
        in_range("maxBatchPairs", self.batch.max_pairs, MAX_BULK_PAIRS)?;
        in_range(
            "maxBatchBytes",
            self.batch.max_body_bytes,
            MAX_BULK_BODY_BYTES,
        )?;
        in_range("concurrency", self.concurrency, MAX_CONCURRENCY)
    }
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
    throttle.report(progress(Phase::Plan, 0, 0, &SeedReport::default()));
    let batch_limits = options.batch;
    let concurrency = options.concurrency;
    let run = async {
        let prepared = tokio::task::spawn_blocking(move || prepare(options)).await;
        let internal = |error: tokio::task::JoinError| ForeignText::new(&error.to_string());
        match prepared.map_err(|error| SeedError::Internal(internal(error)))? {
            Ok(ready) => {
                Upload::new(
                    ready,
                    Batcher::new(batch_limits),
                    concurrency,
                    &mut throttle,
                )
                .run()
                .await
            }
            Err(Stop::Skipped(report)) => Ok(*report),
            Err(Stop::Failed(error)) => Err(error),
        }
    };
    let result = tokio::select! {
        biased;
        () = cancellation.cancelled() => return Err(SeedError::Aborted),
        result = run => result,
    };
    let mut report = result?;
    report.duration = started.elapsed();
    let total = report.seeded_routes + report.routes_skipped.len();
    throttle.report(progress(Phase::Done, total, total, &report));
    Ok(report)
}

/// A run that is about to send its first byte.
struct Ready {
    packer: Packer,
    sender: KvSender,
    total_routes: usize,
    report: SeedReport,
}

/// Why a run ends before its first byte.
enum Stop {
    Skipped(Box<SeedReport>),
    Failed(SeedError),
}

impl From<SeedError> for Stop {
    fn from(error: SeedError) -> Self {
        Self::Failed(error)
    }
}

impl Stop {
    fn of_manifest(problem: ManifestProblem) -> Self {
        match SkippedRun::of_manifest(&problem) {
            Some(skipped) => Self::skipped(SeedReport::default(), skipped),
            None => Self::Failed(SeedError::ManifestUnreadable(problem)),
        }
    }

    fn skipped(report: SeedReport, skipped: SkippedRun) -> Self {
        Self::Skipped(Box::new(SeedReport {
            skipped: Some(skipped),
            ..report
        }))
    }
}

/// Settles everything that can be settled without the network.
fn prepare(options: SeedOptions) -> Result<Ready, Stop> {
    let mut report = SeedReport::default();
    let server_dir = options.root.join("dist").join("server");
    let manifest = ManifestFile::open(&server_dir).map_err(Stop::of_manifest)?;
    let survey = manifest
        .routes()
        .and_then(Survey::take)
        .map_err(Stop::of_manifest)?;

    let runtime = runtime::resolve(
        &options.root,
        options.runtime,
        options.allow_unproven_routes,
    )
    .map_err(|problem| Stop::skipped(report.clone(), SkippedRun::from(&problem)))?;
    let profile = runtime.profile;
    let vinext = runtime.versions.vinext.clone();
    report.runtime = Some(ReportedRuntime {
        versions: runtime.versions,
        generation: profile.generation,
    });

    if let Some(refusal) = options.refusal {
        return Err(Stop::skipped(report, refusal));
    }

    let manifest_id = survey.header.build_id.as_deref().unwrap_or_default();
    let build_id = build_id::find(&server_dir, profile.build_id, manifest_id)
        .map_err(|problem| Stop::skipped(report.clone(), SkippedRun::from(&problem)))?;
    report.build_id = Some(build_id.clone());
    runtime::check_worker(&server_dir, &build_id, &vinext, &profile)
        .map_err(|problem| Stop::skipped(report.clone(), SkippedRun::from(&problem)))?;

    let sender = KvSender::new(options.endpoint, options.token).map_err(SeedError::Client)?;
    let now_ms = now_ms();
    let moment = Moment {
        now_ms,
        rendered_at_ms: manifest.written_at_ms.min(now_ms),
    };
    let total_routes = survey.routes;
    let planner = Planner::new(profile, build_id, &options.app_prefix, options.ttl, survey);
    let routes = manifest
        .into_routes()
        .map_err(SeedError::ManifestUnreadable)?;
    let artefact_dir = server_dir.join("prerendered-routes");
    let packer = Packer::start(planner, routes, &artefact_dir, moment, pack_limits())
        .map_err(SeedError::ArtefactsUnreadable)?;
    Ok(Ready {
        packer,
        sender,
        total_routes,
        report,
    })
}

fn pack_limits() -> PackLimits {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    PackLimits {
        threads,
        max_segments_ahead: 2 * threads,
        segment_bytes: 512 * 1024,
        max_free_buffers: 64,
        max_body_bytes: MAX_BULK_BODY_BYTES,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn now_ms() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis() as f64
}

fn progress(phase: Phase, routes: usize, total_routes: usize, report: &SeedReport) -> Progress {
    Progress {
        phase,
        routes,
        total_routes,
        pairs: report.pairs_stored,
        bytes: report.bytes_sent,
    }
}

/// Packing and sending, until all is sent or something fails.
struct Upload<'a, 'o> {
    packer: Packer,
    sender: KvSender,
    batcher: Option<Batcher>,
    /// Full batches that wait for a free request.
    ready: VecDeque<Batch>,
    concurrency: usize,
    routes_packed: usize,
    total_routes: usize,
    report: SeedReport,
    throttle: &'a mut Throttle<'o>,
}

impl<'a, 'o> Upload<'a, 'o> {
    fn new(
        ready: Ready,
        batcher: Batcher,
        concurrency: usize,
        throttle: &'a mut Throttle<'o>,
    ) -> Self {
        Self {
            packer: ready.packer,
            sender: ready.sender,
            batcher: Some(batcher),
            ready: VecDeque::new(),
            concurrency,
            routes_packed: 0,
            total_routes: ready.total_routes,
            report: ready.report,
            throttle,
        }
    }

    async fn run(mut self) -> Result<SeedReport, SeedError> {
        let mut in_flight = FuturesUnordered::new();
        let mut failure: Option<Failure> = None;
        loop {
            while failure.is_none() && in_flight.len() < self.concurrency {
                let Some(batch) = self.ready.pop_front() else {
                    break;
                };
                let sender = &self.sender;
                in_flight.push(async move { (sender.store(&batch).await, batch) });
            }
            let wants_more = failure.is_none() && self.batcher.is_some() && self.ready.is_empty();
            if in_flight.is_empty() && !wants_more {
                break;
            }
            tokio::select! {
                Some((stored, batch)) = in_flight.next(), if !in_flight.is_empty() => {
                    match stored {
                        Ok(()) => count(&mut self.report, &batch),
                        Err(first) => failure = Some(failure.unwrap_or(first)),
                    }
                }
                packed = self.packer.next(), if wants_more => match packed {
                    Ok(packed) => accept(
                        packed,
                        &mut self.batcher,
                        &mut self.ready,
                        &mut self.report,
                        &mut self.routes_packed,
                    ),
                    Err(problem) => {
                        let report = Box::new(self.report);
                        return Err(SeedError::Pack { problem, report });
                    }
                },
            }
            self.throttle.report(progress(
                Phase::Send,
                self.routes_packed,
                self.total_routes,
                &self.report,
            ));
        }
        drop(in_flight);
        match failure {
            Some(failure) => {
                let report = Box::new(self.report);
                Err(SeedError::Upload { failure, report })
            }
            None => {
                if self.report.pairs_stored == 0 {
                    self.report.skipped = Some(SkippedRun::nothing_seedable());
                }
                Ok(self.report)
            }
        }
    }
}

fn count(report: &mut SeedReport, batch: &Batch) {
    report.seeded_routes += batch.routes();
    report.pairs_stored += batch.pairs();
    report.bytes_sent += batch.body_bytes() as u64;
    report.batches += 1;
}

fn accept(
    packed: Option<PackedRoutes>,
    batcher: &mut Option<Batcher>,
    ready: &mut VecDeque<Batch>,
    report: &mut SeedReport,
    routes_packed: &mut usize,
) {
    match packed {
        Some(packed) => {
            *routes_packed += packed.routes;
            if let Some(batcher) = batcher {
                batcher.push(&packed, |batch| ready.push_back(batch));
            }
            report.routes_skipped.extend(packed.skipped);
        }
        None => ready.extend(batcher.take().and_then(Batcher::finish)),
    }
}
