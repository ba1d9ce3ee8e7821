//! Why a run fails: a stable code, a message that says what to do, and a report of what is stored.
//!
//! Invariants: no message contains the API token, and untrusted text appears only as [`SanitizedText`].

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::background::BackgroundError;
use crate::manifest::ManifestError;
use crate::pack::PackError;
use crate::report::SeedReport;
use crate::sanitized_text::SanitizedText;
use crate::store::{ConfigError, StoreError};

/// Why a run failed. Having nothing to do is not an error, see
/// [`SkippedRun`](crate::report::SkippedRun).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// A limit or another field of the options is wrong; nothing was read or sent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The manifest exists but cannot be read, or it changed during the run. Entries may be stored only
    /// if it changed.
    #[error("{0}")]
    Manifest(ManifestError),
    /// The HTTP client could not be created, usually because of certificates; nothing was sent.
    #[error(
        "cannot set up HTTPS: {0}; check the certificates that SSL_CERT_FILE, SSL_CERT_DIR and \
         NODE_EXTRA_CA_CERTS name"
    )]
    Client(SanitizedText),
    /// Packing ended early.
    #[error("{problem}")]
    Pack {
        /// The error.
        problem: PackError,
        /// What was stored before it.
        report: Box<SeedReport>,
    },
    /// Some entries could not be stored.
    #[error("{failure}; {} of {} entries are stored", report.pairs_stored, report.pairs_planned())]
    Upload {
        /// The first error.
        failure: StoreError,
        /// What is stored, and what is not.
        report: Box<SeedReport>,
    },
    /// The directory for an export is not empty; nothing was written.
    #[error(
        "{} is not empty; use another directory or empty this one, otherwise files of another build \
         would be loaded too",
        .0.display()
    )]
    ExportNotEmpty(PathBuf),
    /// The directory or a file of an export cannot be written.
    #[error("cannot write {}: {source}{}", path.display(), advice(source))]
    ExportUnwritable {
        /// The directory or file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The caller cancelled the run.
    #[error("seeding was aborted")]
    Aborted {
        /// What was stored before the cancellation.
        report: Box<SeedReport>,
    },
    /// One of the engine's tasks failed, which is a bug.
    #[error("internal error: {0}; please report it")]
    Internal(SanitizedText),
}

impl From<BackgroundError> for SeedError {
    fn from(error: BackgroundError) -> Self {
        match error {
            BackgroundError::Panicked(message) => Self::Internal(message),
            BackgroundError::NoThread(error) => Self::Pack {
                problem: PackError::NoThread(error),
                report: Box::default(),
            },
        }
    }
}

/// Advice about a file that cannot be written, to append to the message.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; the disk is full: free some space, or use a directory on another disk"
        }
        io::ErrorKind::FileTooLarge => "; set a smaller batch size",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            "; use a writable directory"
        }
        _ => "",
    }
}

impl SeedError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Manifest(problem) => problem.code(),
            Self::Client(_) => "TLS_SETUP_FAILED",
            Self::Pack { problem, .. } => problem.code(),
            Self::Upload { failure, .. } => failure.code(),
            Self::ExportNotEmpty(_) => "EXPORT_DIRECTORY_NOT_EMPTY",
            Self::ExportUnwritable { .. } => "EXPORT_UNWRITABLE",
            Self::Aborted { .. } => "ABORT_ERR",
            Self::Internal(_) => "INTERNAL_ERROR",
        }
    }

    /// Reports a bug in the engine.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        Self::Internal(SanitizedText::new(&error.to_string()))
    }

    /// What was stored before the error; `None` if sending had not started.
    #[must_use]
    pub fn report(&self) -> Option<&SeedReport> {
        match self {
            Self::Pack { report, .. } | Self::Upload { report, .. } | Self::Aborted { report } => {
                Some(report)
            }
            _ => None,
        }
    }

    /// The same error, with the duration of the run.
    pub(crate) fn after(mut self, duration: Duration) -> Self {
        if let Self::Pack { report, .. } | Self::Upload { report, .. } | Self::Aborted { report } =
            &mut self
        {
            report.duration = duration;
        }
        self
    }
}
