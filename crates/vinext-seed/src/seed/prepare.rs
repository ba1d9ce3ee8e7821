//! All that can be settled before the first byte is sent.
//!
//! In: options. Out: a packer that is already at work and a sender, or why there is nothing to do.
//! Never: a connection.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;

use super::SeedOptions;
use crate::error::SeedError;
use crate::manifest::{ManifestFile, ManifestProblem};
use crate::pack::{Moment, PackLimits, Packer};
use crate::plan::{Planner, Survey};
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::{self, build_id};
use crate::send::{KvSender, MAX_BULK_BODY_BYTES};

/// A run that is about to send its first byte.
pub(super) struct Ready {
    pub(super) packer: Packer,
    pub(super) sender: KvSender,
    pub(super) report: SeedReport,
}

/// Why a run ends before its first byte.
pub(super) enum Stop {
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
pub(super) fn prepare(
    options: SeedOptions,
    cancellation: &CancellationToken,
) -> Result<Ready, Stop> {
    let mut report = SeedReport::default();
    let server_dir = options.root.join("dist").join("server");
    let manifest = ManifestFile::open(&server_dir).map_err(Stop::of_manifest)?;
    let survey = manifest
        .routes()
        .and_then(Survey::take)
        .map_err(Stop::of_manifest)?;

    report.routes = survey.routes;
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

    let sender = KvSender::new(
        options.endpoint,
        options.token,
        options.retry,
        options.timeouts,
    )
    .map_err(SeedError::Client)?;
    report.warnings.extend_from_slice(sender.warnings());
    let now_ms = now_ms();
    let moment = Moment {
        now_ms,
        rendered_at_ms: manifest.written_at_ms.min(now_ms),
    };
    let planner = Planner::new(profile, build_id, &options.app_prefix, options.ttl, survey);
    let routes = manifest
        .into_routes()
        .map_err(SeedError::ManifestUnreadable)?;
    if cancellation.is_cancelled() {
        // Nobody waits any more; do not start threads.
        let report = Box::new(report);
        return Err(Stop::Failed(SeedError::Aborted { report }));
    }
    let artefact_dir = server_dir.join("prerendered-routes");
    let packer = Packer::start(planner, routes, &artefact_dir, moment, pack_limits())
        .map_err(SeedError::ArtefactsUnreadable)?;
    Ok(Ready {
        packer,
        sender,
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
