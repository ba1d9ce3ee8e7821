//! Settles everything that can be settled without the network, and starts packing.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::budget::Budget;
use super::error::SeedError;
use super::known_entries::EntryPlace;
use super::moment::BuildMoment;
use super::rendered_at::rendered_at;
use crate::files::{FileError, TrustedOwners};
use crate::manifest::{ManifestError, ManifestFile};
use crate::pack::{PackTarget, Packer, Timestamps};
use crate::plan::lifetime::TtlRule;
use crate::plan::{DEFAULT_MAX_LISTED, ManifestScan, Planner, SkippedRoutes};
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::worker::Fact;
use crate::runtime::{self, RuntimeSource, build_id};

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
    /// Seed pages whose render failed, as the build left them. Default: no.
    pub seed_failed_renders: bool,
    /// Why nothing is to be seeded, if the caller has found a reason of its own. Default: none.
    pub refusal: Option<SkippedRun>,
    /// The `appPrefix` of the KV adapter; empty for none. Default: what the built Worker shows, else
    /// none. Another one than the Worker shows is refused.
    pub app_prefix: Option<String>,
    /// How many skipped routes, and how many keys that are not stored, the report names. Default:
    /// [`DEFAULT_MAX_LISTED`].
    pub max_listed: usize,
    /// How long KV keeps entries. Default: the adapter's `ttlSeconds` as the built Worker shows it,
    /// else see [`TtlRule`].
    pub ttl: TtlRule,
    /// Globs of the pathnames that are written first where there is a budget. Default: none.
    pub first: Vec<String>,
    /// Leave payloads to the runtime, which renders them on demand. Default: no.
    pub html_only: bool,
}

impl BuildOptions {
    /// Options with defaults for everything that has one.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self {
            root,
            runtime: RuntimeSource::Installed,
            allow_unproven_routes: false,
            seed_failed_renders: false,
            refusal: None,
            app_prefix: None,
            max_listed: DEFAULT_MAX_LISTED,
            ttl: TtlRule::default(),
            first: Vec::new(),
            html_only: false,
        }
    }
}

/// A build whose first entry is about to be packed.
pub(super) struct Ready {
    pub(super) packer: Packer,
    /// What has to be the same at the end.
    pub(super) moment: BuildMoment,
    /// How much of what is not stored is named.
    pub(super) max_listed: usize,
    /// Where the store has the entries of this build, if it has any.
    pub(super) place: EntryPlace,
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
            None => Self::Failed(SeedError::Manifest(problem)),
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
pub(super) fn prepare(options: BuildOptions, budget: &Budget) -> Result<Prepared, SeedError> {
    let max_listed = options.max_listed;
    let mut report = SeedReport {
        routes_skipped: SkippedRoutes::new(max_listed),
        ..SeedReport::default()
    };
    match start(options, budget, &mut report) {
        Ok((packer, moment, place)) => Ok(Prepared::Ready(Box::new(Ready {
            packer,
            moment,
            max_listed,
            place,
            report,
        }))),
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
    budget: &Budget,
    report: &mut SeedReport,
) -> Result<(Packer, BuildMoment, EntryPlace), Stop> {
    let server_dir = options.root.join("dist").join("server");
    check_links(&options.root)?;
    let manifest = ManifestFile::open(&server_dir)?;
    let moment = manifest.moment();
    let scan = manifest.routes().and_then(ManifestScan::take);
    // What does not parse may be half of another manifest.
    moment.check()?;
    let scan = scan?;

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

    let manifest_id = scan.header.build_id.clone().unwrap_or_default();
    let build_id = build_id::find(&server_dir, profile.build_id, &manifest_id)
        .map_err(|problem| SkippedRun::from(&problem))?;
    report.build_id = Some(build_id.clone());
    let given_prefix = options.app_prefix.as_deref();
    let (profile, worker) =
        runtime::check_worker(&options.root, &build_id, &vinext, &profile, given_prefix)
            .map_err(|problem| SkippedRun::from(&problem))?;
    report.warnings.extend(worker.warnings(&profile));
    let app_prefix = given_prefix
        .or(worker.app_prefix.known().map(String::as_str))
        .unwrap_or_default();
    let ttl = TtlRule {
        ttl_seconds: options.ttl.ttl_seconds.or(worker.ttl_seconds()),
        ..options.ttl
    };

    let moment = BuildMoment {
        manifest: moment,
        server_dir: server_dir.clone(),
        build_id_source: profile.build_id,
        manifest_build_id: manifest_id,
        build_id: build_id.clone(),
    };
    let now = SystemTime::now();
    let source_date_epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
    let rendered_at = rendered_at(
        manifest.written_at,
        now,
        source_date_epoch.as_deref(),
        &server_dir,
    );
    report.warnings.extend(rendered_at.warning);
    let timestamps = Timestamps {
        now_ms: epoch_ms(now),
        rendered_at_ms: epoch_ms(rendered_at.time),
    };
    let planner = Planner::new(profile, build_id, app_prefix, ttl, budget.store, scan)
        .seed_failed_renders(options.seed_failed_renders)
        .naming_first(options.first)
        .html_only(options.html_only)
        .caching_only_what_is_marked(worker.cache_components == Fact::Known(true));
    let place = EntryPlace {
        key_prefix: planner.key_prefix(),
        tag_marker_prefix: planner.tag_marker_prefix(),
        now_ms: timestamps.now_ms,
    };
    let target = PackTarget {
        frame: budget.frame,
        limits: budget.store,
        timestamps,
    };
    let artifact_dir = server_dir.join("prerendered-routes");
    let routes = manifest.into_routes();
    let packer = Packer::start(planner, routes, &artifact_dir, target, budget.pack);
    let packer = packer.map_err(|problem| SeedError::Pack {
        problem,
        report: Box::default(),
    })?;
    Ok((packer, moment, place))
}

/// Checks who made the links, if there are any, that lead to the manifest and to the artifacts.
fn check_links(root: &Path) -> Result<(), Stop> {
    let owners = TrustedOwners::of(root);
    for name in [
        "dist/server/vinext-prerender.json",
        "dist/server/prerendered-routes",
    ] {
        let checked = owners.as_ref().map(|owners| owners.check_way(root, name));
        // Everything else is found when the files are opened.
        if let Ok(Err(problem @ FileError::ForeignLink)) = checked {
            let problem = io::Error::other(format!("{name}: {problem}"));
            return Err(ManifestError::Unreadable(problem).into());
        }
    }
    Ok(())
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
