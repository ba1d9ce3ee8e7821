//! Recognizes the build in a project: which runtime reads it, under which build id and app prefix.

use std::io;
use std::path::{Path, PathBuf};

use super::build_options::{BuildOptions, GivenPages};
use super::error::SeedError;
use super::guarded::guarded;
use super::moment::BuildMoment;
use crate::background::off_the_executor;
use crate::files;
use crate::files::{FileError, TrustedOwners};
use crate::formats::RuntimeProfile;
use crate::formats::kv_key::KvKeySpace;
use crate::manifest::{ManifestError, ManifestFile, ManifestMoment};
use crate::plan::ManifestScan;
use crate::report::{ReportedRuntime, SeedReport, SkippedRun};
use crate::runtime::worker::WorkerFacts;
use crate::runtime::{self, build_id};
use crate::store::StoreRules;

/// Facts about a build, before any of its pages is read.
pub(super) struct Recognized {
    pub(super) server_dir: PathBuf,
    /// `None` if no build is read.
    pub(super) manifest: Option<ManifestFile>,
    pub(super) scan: ManifestScan,
    /// What must be the same at the end; `None` if no build is read.
    pub(super) moment: Option<BuildMoment>,
    pub(super) profile: RuntimeProfile,
    pub(super) build_id: String,
    pub(super) app_prefix: String,
    pub(super) worker: WorkerFacts,
}

/// The application that a build is of.
#[derive(Clone, Debug)]
pub struct Application {
    /// The build id.
    pub build_id: String,
    /// What responses of the build's Worker have in `X-Vinext-RSC-Build-Id`, if it has that.
    pub rsc_build_id: Option<String>,
    /// The keys of its entries, of this build and all others.
    pub key_space: KvKeySpace,
    /// What was assumed because it could not be found out.
    pub warnings: Vec<String>,
}

/// Recognizes the application that is built in a project, or says why its keys cannot be known. `rules` are
/// those of the store that has its entries.
///
/// # Errors
/// If the build is there and cannot be read.
pub async fn application(
    options: BuildOptions,
    rules: StoreRules,
) -> Result<Result<Application, SkippedRun>, SeedError> {
    guarded(async move { off_the_executor(move || find(options, rules)).await? }).await
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

/// Examines a build: whether there is a manifest that can be read, and a runtime that it can be seeded for.
/// The report has the runtime, or why seeding this build would be skipped.
///
/// # Errors
/// If the build is there and cannot be read.
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
    guarded(async move { off_the_executor(examine).await? }).await
}

/// A manifest that has been read once, and the runtime of its build.
struct Examined {
    server_dir: PathBuf,
    manifest: ManifestFile,
    moment: ManifestMoment,
    scan: ManifestScan,
    profile: RuntimeProfile,
    vinext: String,
}

fn examined(options: &BuildOptions, report: &mut SeedReport) -> Result<Examined, PrepareError> {
    let server_dir = options.root.join("dist").join("server");
    check_links(&options.root)?;
    let manifest = ManifestFile::open(&server_dir)?;
    let moment = manifest.moment();
    let ignores_case = files::ignores_case(&server_dir.join("prerendered-routes"));
    let scan = manifest
        .routes()
        .and_then(|routes| ManifestScan::take_for_disk(routes, ignores_case));
    // What does not parse may be half of another manifest.
    moment.check()?;
    let scan = scan?;
    let (profile, vinext) = resolve(options, report)?;
    Ok(Examined {
        server_dir,
        manifest,
        moment,
        scan,
        profile,
        vinext,
    })
}

/// Recognizes the build, and adds what it finds to the report.
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
        moment,
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
    let moment = BuildMoment {
        manifest: moment,
        server_dir: server_dir.clone(),
        build_id_source: profile.build_id,
        manifest_build_id: manifest_id,
        build_id: build_id.clone(),
    };
    Ok(Recognized {
        server_dir,
        manifest: Some(manifest),
        scan,
        moment: Some(moment),
        profile,
        build_id,
        app_prefix,
        worker,
    })
}

/// What the caller says of the site that reads its pages. No build is looked at.
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
        moment: None,
        profile,
        build_id: build_id.to_owned(),
        app_prefix: options.app_prefix.clone().unwrap_or_default(),
        worker: WorkerFacts::default(),
    })
}

/// Finds out what the runtime reads, with its version.
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

/// Checks who made the links, if there are any, that lead to the manifest and to the artifacts.
fn check_links(root: &Path) -> Result<(), PrepareError> {
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
