//! Settles everything that can be settled without the network, and starts packing.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::SeedError;
use crate::manifest::{ManifestError, ManifestFile};
use crate::pack::{PackLimits, PackTarget, Packer, Timestamps};
use crate::plan::lifetime::TtlRule;
use crate::plan::{ManifestScan, Planner};
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::{self, RuntimeSource, build_id};
use crate::store::{Frame, cloudflare_kv};

/// A build, and how its pages are to become entries.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// The project's directory; the build is in its `dist/`.
    pub root: PathBuf,
    /// Where to learn what will read the entries. Default: from what is installed in `root`.
    pub runtime: RuntimeSource,
    /// Seed versions before 0.2.1, whose manifests do not tell which pages are the same for
    /// everybody. Default: no.
    pub allow_unproven_routes: bool,
    /// Why nothing is to be seeded, if the caller has found a reason of its own. Default: none.
    pub refusal: Option<SkippedRun>,
    /// The `appPrefix` of the KV adapter. Default: empty, for none.
    pub app_prefix: String,
    /// How long KV keeps entries. Default: see [`TtlRule`].
    pub ttl: TtlRule,
}

impl BuildOptions {
    /// Options with defaults for everything that has one.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            runtime: RuntimeSource::Installed,
            allow_unproven_routes: false,
            refusal: None,
            app_prefix: String::new(),
            ttl: TtlRule::default(),
        }
    }
}

/// A build whose first entry is about to be packed.
pub(super) struct Ready {
    pub(super) packer: Packer,
    pub(super) report: SeedReport,
}

/// Whether there is anything to do.
pub(super) enum Prepared {
    /// Packing has begun.
    Ready(Box<Ready>),
    /// There is nothing to do, for the reason in the report.
    Skipped(Box<SeedReport>),
}

/// Why preparing ends early.
enum Stop {
    Skipped(SkippedRun),
    Failed(SeedError),
}

impl From<ManifestError> for Stop {
    fn from(problem: ManifestError) -> Self {
        match SkippedRun::of_manifest(&problem) {
            Some(skipped) => Self::Skipped(skipped),
            None => Self::Failed(SeedError::ManifestUnreadable(problem)),
        }
    }
}

impl From<SeedError> for Stop {
    fn from(error: SeedError) -> Self {
        Self::Failed(error)
    }
}

impl From<SkippedRun> for Stop {
    fn from(skipped: SkippedRun) -> Self {
        Self::Skipped(skipped)
    }
}

/// Settles everything that can be settled without the network.
///
/// # Errors
/// If the build is there and cannot be read.
pub(super) fn prepare(options: BuildOptions, limits: PackLimits) -> Result<Prepared, SeedError> {
    let mut report = SeedReport::default();
    match start(options, limits, &mut report) {
        Ok(packer) => Ok(Prepared::Ready(Box::new(Ready { packer, report }))),
        Err(Stop::Skipped(skipped)) => {
            report.skipped = Some(skipped);
            Ok(Prepared::Skipped(Box::new(report)))
        }
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Starts packing, and notes in the report what it finds out before.
fn start(
    options: BuildOptions,
    limits: PackLimits,
    report: &mut SeedReport,
) -> Result<Packer, Stop> {
    let server_dir = options.root.join("dist").join("server");
    let manifest = ManifestFile::open(&server_dir)?;
    let scan = manifest.routes().and_then(ManifestScan::take)?;

    report.routes = scan.routes;
    let runtime = runtime::resolve(
        &options.root,
        options.runtime,
        options.allow_unproven_routes,
    )
    .map_err(|problem| SkippedRun::from(&problem))?;
    let profile = runtime.profile;
    let vinext = runtime.versions.vinext.clone();
    report.runtime = Some(ReportedRuntime {
        versions: runtime.versions,
        generation: profile.generation,
    });

    if let Some(refusal) = options.refusal {
        return Err(Stop::Skipped(refusal));
    }

    let manifest_id = scan.header.build_id.as_deref().unwrap_or_default();
    let build_id = build_id::find(&server_dir, profile.build_id, manifest_id)
        .map_err(|problem| SkippedRun::from(&problem))?;
    report.build_id = Some(build_id.clone());
    runtime::check_worker(&options.root, &build_id, &vinext, &profile)
        .map_err(|problem| SkippedRun::from(&problem))?;

    let now_ms = epoch_ms(SystemTime::now());
    let timestamps = Timestamps {
        now_ms,
        rendered_at_ms: epoch_ms(manifest.written_at).min(now_ms),
    };
    let limits_of_store = cloudflare_kv::LIMITS;
    let planner = Planner::new(
        profile,
        build_id,
        &options.app_prefix,
        options.ttl,
        limits_of_store,
        scan,
    );
    let target = PackTarget {
        frame: Frame::BulkJson,
        limits: limits_of_store,
        timestamps,
    };
    let routes = manifest
        .into_routes()
        .map_err(SeedError::ManifestUnreadable)?;
    let artifact_dir = server_dir.join("prerendered-routes");
    let packer = Packer::start(planner, routes, &artifact_dir, target, limits)
        .map_err(SeedError::ArtifactsUnreadable)?;
    Ok(packer)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn epoch_ms(time: SystemTime) -> f64 {
    // A time before 1970 is as good as 1970: both only say "long ago".
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as f64
}
