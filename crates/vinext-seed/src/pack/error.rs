//! Why packing ends early.

use super::page::PageError;
use crate::manifest::ManifestError;
use crate::sanitized_text::SanitizedText;

/// Why packing ended before the last route.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The manifest cannot be read again, or is not the one that was scanned.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The directory of artifacts exists but cannot be read.
    #[error("cannot read dist/server/prerendered-routes: {0}")]
    ArtifactsUnreadable(#[source] std::io::Error),
    /// An artifact exists but cannot be read, and the machine is the cause, not the file.
    #[error(
        "cannot read dist/server/prerendered-routes/{file}: {source}; the cause is the \
         machine, not the page, so the run ends here"
    )]
    ArtifactUnreadable {
        /// The first such file, within the directory of artifacts.
        file: SanitizedText,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A page that was passed in is invalid, or the iterator failed.
    #[error(transparent)]
    Page(#[from] PageError),
    /// There is not enough memory.
    #[error(
        "not enough memory: {0}; give the process more, or lower the memory limit if other processes \
         need it"
    )]
    OutOfMemory(SanitizedText),
    /// No thread can be started.
    #[error(
        "cannot start a thread: {0}; raise the limit of processes (`ulimit -u`, or the container's \
         `pids` limit)"
    )]
    NoThread(#[source] std::io::Error),
    /// One of the engine's threads failed, which is a bug.
    #[error(
        "internal error after {packed} of {routes} routes (see the panic above); please report it"
    )]
    Incomplete {
        /// Routes that were packed.
        packed: usize,
        /// Routes that the scan counted.
        routes: usize,
    },
}

impl PackError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            // It was valid when it was scanned.
            Self::Manifest(ManifestError::Unreadable(_)) => "MANIFEST_UNREADABLE",
            Self::Manifest(_) => "MANIFEST_CHANGED",
            Self::ArtifactsUnreadable(_) | Self::ArtifactUnreadable { .. } => {
                "ARTIFACTS_UNREADABLE"
            }
            Self::Page(problem) => problem.code(),
            Self::OutOfMemory(_) | Self::NoThread(_) => "OUT_OF_RESOURCES",
            Self::Incomplete { .. } => "INTERNAL_ERROR",
        }
    }
}
