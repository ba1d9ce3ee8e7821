//! Does all preparation that needs no network, and starts packing.

use std::time::{SystemTime, UNIX_EPOCH};

use super::budget::Budget;
use super::build_options::BuildOptions;
use super::build_snapshot::BuildSnapshot;
use super::error::SeedError;
use super::known_entries::BuildKeyspace;
use super::recognize::{PrepareError, Recognized, recognize};
use super::rendered_at::rendered_at;
use crate::manifest::ManifestError;
use crate::pack::{PackTarget, Packer, Timestamps};
use crate::plan::lifetime::TtlRule;
use crate::plan::{Planner, SkippedRoutes};
use crate::report::SeedReport;
use crate::runtime::build_id;
use crate::runtime::worker::Fact;

/// A build that is ready to be packed.
pub(super) struct Ready {
    pub(super) packer: Packer,
    /// The build that must not change during the run; `None` if no build is read.
    pub(super) snapshot: Option<BuildSnapshot>,
    /// How many keys that are not stored the report lists at most.
    pub(super) max_listed: usize,
    /// The keys of this build in the store.
    pub(super) keyspace: BuildKeyspace,
    /// Whether the pages come from the caller instead of the manifest.
    pub(super) has_given_pages: bool,
    pub(super) report: SeedReport,
}

/// Whether there is anything to do.
pub(super) enum Prepared {
    /// Packing has started.
    Ready(Box<Ready>),
    /// There is nothing to do, for the reason in the report.
    Skipped(Box<SeedReport>),
}

/// Does all preparation that needs no network, and starts packing.
///
/// # Errors
/// If the build exists but cannot be read.
pub(super) fn prepare(options: BuildOptions, budget: &Budget) -> Result<Prepared, SeedError> {
    let max_listed = options.max_listed;
    let has_given_pages = options.pages.is_some();
    let mut report = SeedReport {
        routes_skipped: SkippedRoutes::new(max_listed),
        ..SeedReport::default()
    };
    match start(options, budget, &mut report) {
        Ok((packer, snapshot, keyspace)) => Ok(Prepared::Ready(Box::new(Ready {
            packer,
            snapshot,
            max_listed,
            keyspace,
            has_given_pages,
            report,
        }))),
        Err(PrepareError::Skipped(skipped)) => {
            report.skipped = Some(skipped);
            Ok(Prepared::Skipped(Box::new(report)))
        }
        Err(PrepareError::Failed(error)) => Err(error),
    }
}

/// Starts packing, after adding the runtime and warnings to the report.
fn start(
    options: BuildOptions,
    budget: &Budget,
    report: &mut SeedReport,
) -> Result<(Packer, Option<BuildSnapshot>, BuildKeyspace), PrepareError> {
    let ttl = options.ttl;
    let (seed_failed_renders, html_only) = (options.seed_failed_renders, options.html_only);
    let first = options.first.clone();
    let pages = options.pages.clone();
    let Recognized {
        server_dir,
        manifest,
        scan,
        snapshot,
        profile,
        build_id,
        app_prefix,
        worker,
    } = recognize(options, budget.rules, report)?;
    let ttl = TtlRule {
        ttl_seconds: ttl
            .ttl_seconds
            .or(worker.ttl_seconds())
            .or(budget.rules.default_ttl_seconds()),
        ..ttl
    };
    let profile = budget.rules.apply(profile);
    let now = SystemTime::now();
    let rendered_at = match manifest.as_ref().filter(|_| pages.is_none()) {
        // Pages of the caller count as rendered now.
        None => now,
        Some(manifest) => {
            let source_date_epoch = std::env::var("SOURCE_DATE_EPOCH").ok();
            let rendered_at = rendered_at(
                manifest.written_at,
                now,
                source_date_epoch.as_deref(),
                &server_dir,
            );
            report.warnings.extend(rendered_at.warning);
            rendered_at.time
        }
    };
    let timestamps = Timestamps {
        now_ms: epoch_ms(now),
        rendered_at_ms: epoch_ms(rendered_at),
    };
    let planner = Planner::new(profile, build_id, &app_prefix, ttl, budget.store, scan)
        .seed_failed_renders(seed_failed_renders)
        .write_first(first)
        .html_only(html_only)
        .cache_components(worker.cache_components == Fact::Known(true));
    let keyspace = BuildKeyspace {
        key_prefixes: planner.key_prefixes(),
        tag_marker_prefix: planner.tag_marker_prefix(),
        // The record has the number of entries of a whole build.
        record_key: planner.record_key().filter(|_| pages.is_none()),
        rsc_build_id: build_id::rsc_build_id(&server_dir),
        now_ms: timestamps.now_ms,
    };
    let target = PackTarget {
        frame: budget.frame,
        limits: budget.store,
        timestamps,
    };
    let packer = match (pages, manifest) {
        (Some(pages), _) => Packer::start_pages(planner, pages.queue, target, budget.pack),
        (None, Some(manifest)) => {
            let artifact_dir = server_dir.join("prerendered-routes");
            let routes = manifest.into_routes();
            Packer::start(planner, routes, &artifact_dir, target, budget.pack)
        }
        (None, None) => return Err(ManifestError::Missing.into()),
    };
    let packer = packer.map_err(|problem| SeedError::Pack {
        problem,
        report: Box::default(),
    })?;
    Ok((packer, snapshot, keyspace))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 are far below 2^53"
)]
fn epoch_ms(time: SystemTime) -> f64 {
    // A time before 1970 counts as 1970.
    let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_epoch.as_millis() as f64
}
