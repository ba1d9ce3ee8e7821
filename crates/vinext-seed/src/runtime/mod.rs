//! Which vinext will serve the site, and therefore what it reads.
//!
//! In: the versions the caller names, or the project they are installed in.
//! Out: a [`RuntimeProfile`], or a refusal that says why.
//! Never: a guess. A version nobody has looked at is refused, since an entry in the wrong format
//! costs money at best and shows a wrong page at worst.

pub mod build_id;
mod installed;
mod versions;

use std::path::Path;

use semver::Version;

use crate::formats::RuntimeProfile;
use versions::Known;

/// The versions of the packages that read what is seeded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuntimeVersions {
    /// The version of `vinext`.
    pub vinext: String,
    /// The version of `@vinext/cloudflare`, which has the KV adapter since 0.2.0.
    pub cloudflare: Option<String>,
}

/// A runtime whose formats are known.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// What is installed, or was named by the caller.
    pub versions: RuntimeVersions,
    /// What it reads.
    pub profile: RuntimeProfile,
}

/// Why nothing can be seeded for a runtime.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeProblem {
    /// There is no vinext in the project.
    #[error(
        "vinext is not installed in {0} or above it, so the format of its cache is not known; \
         install it, or name its version with the option `runtime`"
    )]
    NotInstalled(String),
    /// A package's version is no version.
    #[error("{package} has the version {version:?}, which is no version number")]
    NotAVersion {
        /// The package.
        package: &'static str,
        /// What stands for its version.
        version: String,
    },
    /// The version was never looked at.
    #[error(
        "the cache format of vinext {0} is not known to this version of the seeder; nothing is \
         written, because entries in a wrong format would never be read"
    )]
    Unknown(String),
    /// The version was looked at and found wanting.
    #[error("pages of vinext {version} cannot be seeded: {reason}")]
    Refused {
        /// The version.
        version: String,
        /// What about it.
        reason: &'static str,
    },
    /// The version does not say which pages are the same for everybody.
    #[error(
        "vinext {0} also lists pages that read cookies, headers or the query string, and nothing \
         in its manifest tells them apart; seeding one would show everybody the same page. If this \
         site has no such page, set the option `allowUnprovenRoutes`; from vinext 0.2.1 on the \
         option is not needed"
    )]
    Unproven(String),
}

/// Finds out what the runtime reads.
///
/// # Errors
/// If it cannot be told, or must not be seeded.
pub fn resolve(
    root: &Path,
    named: Option<RuntimeVersions>,
    allow_unproven_routes: bool,
) -> Result<Runtime, RuntimeProblem> {
    let versions = match named {
        Some(versions) => versions,
        None => installed::versions(root)
            .ok_or_else(|| RuntimeProblem::NotInstalled(root.display().to_string()))?,
    };
    let vinext = parse("vinext", &versions.vinext)?;
    let cloudflare = versions
        .cloudflare
        .as_deref()
        .map(|text| parse("@vinext/cloudflare", text))
        .transpose()?;
    let profile = match versions::look_up(&vinext) {
        Some(Known::Seedable(profile)) => RuntimeProfile {
            long_kv_keys: versions::long_kv_keys(cloudflare.as_ref()),
            ..profile
        },
        Some(Known::Refused(reason)) => {
            return Err(RuntimeProblem::Refused {
                version: versions.vinext,
                reason,
            });
        }
        None => return Err(RuntimeProblem::Unknown(versions.vinext)),
    };
    if !profile.is_proven && !allow_unproven_routes {
        return Err(RuntimeProblem::Unproven(versions.vinext));
    }
    Ok(Runtime { versions, profile })
}

fn parse(package: &'static str, version: &str) -> Result<Version, RuntimeProblem> {
    Version::parse(version).map_err(|_| RuntimeProblem::NotAVersion {
        package,
        version: version.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve_named(vinext: &str, allow: bool) -> Result<Runtime, RuntimeProblem> {
        let named = RuntimeVersions {
            vinext: vinext.to_owned(),
            cloudflare: None,
        };
        resolve(Path::new("."), Some(named), allow)
    }

    #[test]
    fn versions_before_0_2_1_need_an_explicit_word() {
        for version in ["0.0.38", "0.0.55", "0.1.8", "0.2.0"] {
            assert!(matches!(
                resolve_named(version, false),
                Err(RuntimeProblem::Unproven(_))
            ));
            assert!(resolve_named(version, true).is_ok());
        }
        for version in ["0.2.1", "1.0.0-beta.0", "1.0.0-beta.10", "1.4.0"] {
            assert!(resolve_named(version, false).is_ok(), "{version}");
        }
    }

    #[test]
    fn refusals_say_why() {
        assert!(matches!(
            resolve_named("0.0.30", true),
            Err(RuntimeProblem::Refused { .. })
        ));
        assert!(matches!(
            resolve_named("0.0.49", true),
            Err(RuntimeProblem::Refused { .. })
        ));
        assert!(matches!(
            resolve_named("1.4.1", true),
            Err(RuntimeProblem::Unknown(_))
        ));
        assert!(matches!(
            resolve_named("latest", true),
            Err(RuntimeProblem::NotAVersion { .. })
        ));
        let empty = tempfile::tempdir().unwrap();
        let problem = resolve(empty.path(), None, true).unwrap_err();
        assert!(matches!(problem, RuntimeProblem::NotInstalled(_)));
    }
}
