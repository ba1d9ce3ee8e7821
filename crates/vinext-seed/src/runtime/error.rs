//! Why no entries can be written for a runtime.

use super::probe::ProbeError;
use crate::sanitized_text::SanitizedText;

/// Why no entries can be written for a runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RuntimeError {
    /// vinext is not installed in the project.
    #[error(
        "vinext is not installed in {0} or above it, so its cache format is unknown; install \
         it, or pass its version as `runtime`"
    )]
    NotInstalled(String),
    /// A package's version is not valid semver.
    #[error("version \"{version}\" of {package} is not a valid semver version")]
    NotAVersion {
        /// The package.
        package: &'static str,
        /// The text found instead of a version.
        version: SanitizedText,
    },
    /// The version is unknown.
    #[error(
        "this version of the seeder does not know the cache format of vinext {0}; nothing is written, \
         because entries in the wrong format would never be read. Omit `runtime` to \
         detect the format from the installed package"
    )]
    Unknown(SanitizedText),
    /// The code of the installed version matches no known version.
    #[error(
        "this version of the seeder does not know the cache format of the installed vinext \
         {version}{}; nothing is written, because entries in the wrong format would never be read",
        .problem.as_ref().map(|problem| format!(" ({problem})")).unwrap_or_default()
    )]
    Unclear {
        /// The version.
        version: SanitizedText,
        /// What is missing or not recognized; `None` if all is recognized, but in a combination that no
        /// known version has.
        problem: Option<ProbeError>,
    },
    /// The version is known, and its pages cannot be seeded.
    #[error("pages of vinext {version} cannot be seeded: {reason}")]
    Unsupported {
        /// The version.
        version: SanitizedText,
        /// The reason, as the end of a sentence.
        reason: &'static str,
    },
    /// The version does not record which pages are the same for every visitor.
    #[error(
        "vinext {0} also lists pages that read cookies, headers or the query string, and its \
         manifest does not distinguish them; seeding one would show every visitor the same page. Manifests \
         of vinext 0.2.1 and later do"
    )]
    Unproven(SanitizedText),
}

impl RuntimeError {
    /// The error's stable code, which is also that of the skipped run.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) => "vinext-not-installed",
            Self::NotAVersion { .. } => "invalid-version",
            Self::Unknown(_) | Self::Unclear { .. } => "unknown-version",
            Self::Unsupported { .. } => "unsupported-version",
            Self::Unproven(_) => "unproven-routes",
        }
    }
}
