//! Determines which version of vinext serves the site, and therefore which format it reads.
//!
//! An unknown version is rejected, never guessed: an entry in the wrong format costs money at best and
//! shows a wrong page at worst.

mod adapter_rules;
pub mod build_id;
mod error;
mod installed;
mod javascript;
pub mod probe;
mod text_file;
mod versions;
pub mod worker;

use std::path::Path;

use semver::Version;

use crate::formats::RuntimeProfile;
use crate::sanitized_text::SanitizedText;
use adapter_rules::AdapterRules;
pub use error::RuntimeError;
use probe::Probes;
use versions::Known;
pub use worker::WorkerError;
pub(crate) use worker::{check as check_worker, check_other_store};

/// The versions of the packages that read the entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuntimeVersions {
    /// The version of `vinext`.
    pub vinext: String,
    /// The version of `@vinext/cloudflare`, which contains the KV adapter since 0.2.0; `None` if it is not
    /// installed.
    pub cloudflare: Option<String>,
}

/// Installed packages, and the files that identify their format.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProbedRuntime {
    /// Their versions, for the report.
    pub versions: RuntimeVersions,
    /// The files that determine the format.
    pub probes: Probes,
}

/// How to determine the runtime.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum RuntimeSource {
    /// From the packages in `node_modules`.
    #[default]
    Installed,
    /// From packages that the caller has read.
    Probed(Box<ProbedRuntime>),
    /// From version numbers alone.
    Named(RuntimeVersions),
}

/// A runtime with known formats.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Runtime {
    /// The installed versions, or those that the caller named.
    pub versions: RuntimeVersions,
    /// The format that it reads.
    pub profile: RuntimeProfile,
}

/// Determines the runtime and its format. `allow_unproven_routes` accepts versions before 0.2.1, whose
/// manifests do not show which pages are the same for every visitor.
///
/// # Errors
/// If the format is unknown, or its pages must not be seeded.
pub fn resolve(
    root: &Path,
    source: RuntimeSource,
    allow_unproven_routes: bool,
) -> Result<Runtime, RuntimeError> {
    let (versions, known) = match source {
        RuntimeSource::Named(versions) => {
            let known = by_version(&versions)?;
            (versions, known)
        }
        RuntimeSource::Probed(runtime) => {
            let known = by_probes(&runtime)?;
            (runtime.versions, known)
        }
        RuntimeSource::Installed => {
            let found = installed::find(root)
                .ok_or_else(|| RuntimeError::NotInstalled(root.display().to_string()))?;
            let known = by_probes(&found)?;
            (found.versions, known)
        }
    };
    let version = SanitizedText::new(&versions.vinext);
    match known {
        Known::Unsupported(reason) => Err(RuntimeError::Unsupported { version, reason }),
        Known::Seedable(profile) if !profile.is_proven && !allow_unproven_routes => {
            Err(RuntimeError::Unproven(version))
        }
        Known::Seedable(profile) => Ok(Runtime { versions, profile }),
    }
}

fn by_version(versions: &RuntimeVersions) -> Result<Known, RuntimeError> {
    let vinext = parse("vinext", &versions.vinext)?;
    let cloudflare = versions
        .cloudflare
        .as_deref()
        .map(|text| parse("@vinext/cloudflare", text))
        .transpose()?;
    let known = versions::by_version(&vinext)
        .ok_or_else(|| RuntimeError::Unknown(SanitizedText::new(&versions.vinext)))?;
    Ok(with_adapter(
        known,
        versions::adapter_rules(cloudflare.as_ref()),
    ))
}

fn by_probes(runtime: &ProbedRuntime) -> Result<Known, RuntimeError> {
    // Versions before 0.0.31 have no code that could be probed.
    if let Ok(Some(refused @ Known::Unsupported(_))) =
        Version::parse(&runtime.versions.vinext).map(|version| versions::by_version(&version))
    {
        return Ok(refused);
    }
    let unclear = |problem| RuntimeError::Unclear {
        version: SanitizedText::new(&runtime.versions.vinext),
        problem,
    };
    let switches = probe::switches(&runtime.probes).map_err(|problem| unclear(Some(problem)))?;
    let adapter = adapter_rules::adapter_rules(&runtime.probes);
    let known =
        versions::by_switches(&switches, adapter.long_kv_keys).ok_or_else(|| unclear(None))?;
    Ok(with_adapter(known, adapter))
}

fn with_adapter(known: Known, adapter: AdapterRules) -> Known {
    let AdapterRules {
        long_kv_keys,
        colon_tags,
        expires_static_pages,
        stores_stale,
    } = adapter;
    match known {
        Known::Seedable(profile) => Known::Seedable(RuntimeProfile {
            long_kv_keys,
            colon_tags,
            expires_static_pages,
            stores_stale,
            ..profile
        }),
        refused @ Known::Unsupported(_) => refused,
    }
}

fn parse(package: &'static str, version: &str) -> Result<Version, RuntimeError> {
    Version::parse(version).map_err(|_| RuntimeError::NotAVersion {
        package,
        version: SanitizedText::new(version),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_named(vinext: &str, allow: bool) -> Result<Runtime, RuntimeError> {
        let named = RuntimeVersions {
            vinext: vinext.to_owned(),
            cloudflare: None,
        };
        resolve(Path::new("."), RuntimeSource::Named(named), allow)
    }

    #[test]
    fn versions_before_0_2_1_need_an_explicit_opt_in() {
        for version in ["0.0.38", "0.0.55", "0.1.8", "0.2.0"] {
            assert!(matches!(
                resolve_named(version, false),
                Err(RuntimeError::Unproven(_))
            ));
            assert!(resolve_named(version, true).is_ok());
        }
        for version in ["0.2.1", "1.0.0-beta.0", "1.0.0-beta.10", "1.4.0"] {
            assert!(resolve_named(version, false).is_ok(), "{version}");
        }
    }

    #[test]
    fn says_why_a_version_is_unsupported() {
        assert!(matches!(
            resolve_named("0.0.30", true),
            Err(RuntimeError::Unsupported { .. })
        ));
        assert!(matches!(
            resolve_named("0.0.49", true),
            Err(RuntimeError::Unsupported { .. })
        ));
        assert!(matches!(
            resolve_named("1.4.1", true),
            Err(RuntimeError::Unknown(_))
        ));
        assert!(matches!(
            resolve_named("latest", true),
            Err(RuntimeError::NotAVersion { .. })
        ));
        let empty = tempfile::tempdir().unwrap();
        let problem = resolve(empty.path(), RuntimeSource::Installed, true).unwrap_err();
        assert!(matches!(problem, RuntimeError::NotInstalled(_)));
    }

    #[test]
    fn names_the_missing_file_of_an_incomplete_package() {
        let versions = RuntimeVersions {
            vinext: "1.4.0".to_owned(),
            cloudflare: None,
        };
        let probed = ProbedRuntime {
            versions,
            probes: Probes::default(),
        };
        let source = RuntimeSource::Probed(Box::new(probed));
        let problem = resolve(Path::new("."), source, true).unwrap_err();
        assert!(
            problem
                .to_string()
                .contains("dist/build/prerender.js is missing"),
            "{problem}"
        );
    }
}
