//! Determines the runtime, the build id and the app prefix of the build in a project.

use std::io;
use std::path::{Path, PathBuf};

use super::build_options::{BuildOptions, GivenPages};
use super::build_snapshot::BuildSnapshot;
use super::error::SeedError;
use super::guarded::guarded;
use crate::background::run_blocking;
use crate::files;
use crate::files::{FileError, TrustedOwners};
use crate::formats::RuntimeProfile;
use crate::formats::kv_key::KvKeySpace;
use crate::manifest::{ManifestError, ManifestFile, ManifestSnapshot};
use crate::plan::ManifestScan;
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::worker::WorkerFacts;
use crate::runtime::{self, build_id};
use crate::store::StoreRules;

/// A build whose runtime and keys are known, before any of its pages is read.
pub(super) struct Recognized {
    pub(super) server_dir: PathBuf,
    /// `None` if no build is read.
    pub(super) manifest: Option<ManifestFile>,
    pub(super) scan: ManifestScan,
    /// The state of the build, which must not change during the run; `None` if no build is read.
    pub(super) snapshot: Option<BuildSnapshot>,
    pub(super) profile: RuntimeProfile,
    pub(super) build_id: String,
    pub(super) app_prefix: String,
    pub(super) worker: WorkerFacts,
}

/// The application to which a build belongs.
#[derive(Clone, Debug)]
pub struct Application {
    /// The build id.
    pub build_id: String,
    /// The value of `X-Vinext-RSC-Build-Id` in responses of the build's Worker, if it sends one.
    pub rsc_build_id: Option<String>,
    /// The key space of its entries, which all builds of the application share.
    pub key_space: KvKeySpace,
    /// Warnings, one sentence each.
    pub warnings: Vec<String>,
}

/// Determines the application that is built in a project, or why its keys are unknown. `rules` are those of the
/// store that contains its entries.
///
/// # Errors
/// If the build exists but cannot be read.
pub async fn application(
    options: BuildOptions,
    rules: StoreRules,
) -> Result<Result<Application, SkippedRun>, SeedError> {
    guarded(async move { run_blocking(move || find(options, rules)).await? }).await
}

fn find(
    options: BuildOptions,
    rules: StoreRules,
) -> Result<Result<Application, SkippedRun>, SeedError> {
    let mut report = SeedReport::default();
    match recognize(options, rules, &mut report) {
        Ok(Recognized {
            server_dir,
            profile,
            build_id,
            app_prefix,
            ..
        }) => Ok(Ok(Application {
            build_id,
            rsc_build_id: build_id::rsc_build_id(&server_dir),
            key_space: KvKeySpace::new(&app_prefix, rules.apply(profile).long_kv_keys),
            warnings: report.warnings,
        })),
        Err(PrepareError::Skipped(skipped)) => Ok(Err(skipped)),
        Err(PrepareError::Failed(error)) => Err(error),
    }
}

/// Why preparing ends early.
pub(super) enum PrepareError {
    Skipped(SkippedRun),
    Failed(SeedError),
}

impl From<ManifestError> for PrepareError {
    fn from(problem: ManifestError) -> Self {
        match SkippedRun::of_manifest(&problem) {
            Some(skipped) => Self::Skipped(skipped),
            None => Self::Failed(SeedError::Manifest(problem)),
        }
    }
}

impl From<SeedError> for PrepareError {
    fn from(error: SeedError) -> Self {
        Self::Failed(error)
    }
}

impl From<SkippedRun> for PrepareError {
    fn from(skipped: SkippedRun) -> Self {
        Self::Skipped(skipped)
    }
}

/// Checks whether a build has a readable manifest and a runtime that is supported. The report contains the
/// runtime, or why a run would be skipped.
///
/// # Errors
/// If the build exists but cannot be read.
pub async fn examine(options: BuildOptions) -> Result<SeedReport, SeedError> {
    let examine = move || {
        let mut report = SeedReport::default();
        match examined(&options, &mut report) {
            Ok(_) => Ok(report),
            Err(PrepareError::Skipped(skipped)) => {
                report.skipped = Some(skipped);
                Ok(report)
            }
            Err(PrepareError::Failed(error)) => Err(error),
        }
    };
    guarded(async move { run_blocking(examine).await? }).await
}

/// A manifest that has been scanned, and the runtime of its build.
struct Examined {
    server_dir: PathBuf,
    manifest: ManifestFile,
    snapshot: ManifestSnapshot,
    scan: ManifestScan,
    profile: RuntimeProfile,
    vinext: String,
}

fn examined(options: &BuildOptions, report: &mut SeedReport) -> Result<Examined, PrepareError> {
    let server_dir = options.root.join("dist").join("server");
    check_links(&options.root)?;
    let manifest = ManifestFile::open(&server_dir)?;
    let snapshot = manifest.snapshot();
    let ignores_case = files::ignores_case(&server_dir.join("prerendered-routes"));
    let scan = manifest
        .routes()
        .and_then(|routes| ManifestScan::read_for_disk(routes, ignores_case));
    // A manifest that does not parse may just have been replaced.
    snapshot.check()?;
    let scan = scan?;
    let (profile, vinext) = resolve(options, report)?;
    Ok(Examined {
        server_dir,
        manifest,
        snapshot,
        scan,
        profile,
        vinext,
    })
}

/// Determines everything about the build that its entries depend on, and adds it to the report.
pub(super) fn recognize(
    options: BuildOptions,
    rules: StoreRules,
    report: &mut SeedReport,
) -> Result<Recognized, PrepareError> {
    if let Some(GivenPages {
        build_id: Some(build_id),
        trailing_slash,
        ..
    }) = &options.pages
    {
        let scan = ManifestScan::of_pages(trailing_slash.unwrap_or_default());
        return without_build(&options, build_id, scan, report);
    }
    let Examined {
        server_dir,
        manifest,
        snapshot,
        scan,
        profile,
        vinext,
    } = examined(&options, report)?;
    let manifest_id = scan.header.build_id.clone().unwrap_or_default();
    let scan = match &options.pages {
        Some(pages) => {
            let trailing_slash = pages.trailing_slash.unwrap_or(scan.header.trailing_slash);
            ManifestScan::of_pages(trailing_slash)
        }
        None => scan,
    };
    report.routes = scan.routes;
    let build_id = build_id::find(&server_dir, profile.build_id, &manifest_id)
        .map_err(|problem| SkippedRun::from(&problem))?;
    report.build_id = Some(build_id.clone());
    let given_prefix = options.app_prefix.as_deref();
    let checked = if rules.is_kv() {
        runtime::check_worker(&options.root, &build_id, &vinext, &profile, given_prefix)
    } else {
        runtime::check_other_store(&options.root, &build_id, &vinext, &profile)
    };
    let (profile, worker) = checked.map_err(|problem| SkippedRun::from(&problem))?;
    report.warnings.extend(if rules.is_kv() {
        worker.warnings(&profile)
    } else {
        worker.warnings_for_other_store(&profile)
    });
    let app_prefix = given_prefix
        .or(worker.app_prefix.known().map(String::as_str))
        .unwrap_or_default()
        .to_owned();
    let snapshot = BuildSnapshot {
        manifest: snapshot,
        server_dir: server_dir.clone(),
        build_id_source: profile.build_id,
        manifest_build_id: manifest_id,
        build_id: build_id.clone(),
    };
    Ok(Recognized {
        server_dir,
        manifest: Some(manifest),
        scan,
        snapshot: Some(snapshot),
        profile,
        build_id,
        app_prefix,
        worker,
    })
}

/// Uses the caller's build id and app prefix for the caller's pages, without reading a build.
fn without_build(
    options: &BuildOptions,
    build_id: &str,
    scan: ManifestScan,
    report: &mut SeedReport,
) -> Result<Recognized, PrepareError> {
    let (profile, _) = resolve(options, report)?;
    report.build_id = Some(build_id.to_owned());
    Ok(Recognized {
        server_dir: options.root.join("dist").join("server"),
        manifest: None,
        scan,
        snapshot: None,
        profile,
        build_id: build_id.to_owned(),
        app_prefix: options.app_prefix.clone().unwrap_or_default(),
        worker: WorkerFacts::default(),
    })
}

/// Determines the profile and the version of the runtime.
fn resolve(
    options: &BuildOptions,
    report: &mut SeedReport,
) -> Result<(RuntimeProfile, String), PrepareError> {
    // The caller guarantees that its pages are the same for every visitor.
    let allow_unproven = options.allow_unproven_routes || options.pages.is_some();
    let runtime = runtime::resolve(&options.root, options.runtime.clone(), allow_unproven)
        .map_err(|problem| SkippedRun::from(&problem))?;
    let vinext = runtime.versions.vinext.clone();
    report.runtime = Some(ReportedRuntime {
        versions: runtime.versions,
        generation: runtime.profile.generation,
    });
    Ok((runtime.profile, vinext))
}

/// Checks the owners of links in the paths of the manifest and of the directory of artifacts.
fn check_links(root: &Path) -> Result<(), PrepareError> {
    let owners = TrustedOwners::of(root);
    for name in [
        "dist/server/vinext-prerender.json",
        "dist/server/prerendered-routes",
    ] {
        let checked = owners.as_ref().map(|owners| owners.check_way(root, name));
        // Opening the files reports all other errors.
        if let Ok(Err(problem @ FileError::ForeignLink)) = checked {
            let problem = io::Error::other(format!("{name}: {problem}"));
            return Err(ManifestError::Unreadable(problem).into());
        }
    }
    Ok(())
}
