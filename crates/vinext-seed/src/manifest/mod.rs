//! Stage 1: reads the manifest of what a build pre-rendered, `dist/server/vinext-prerender.json`.
//!
//! Invariant: only a window of the file and the routes that are being packed are in memory.

mod index;
mod lazy_strings;
mod raw_route;
mod reader;
mod route;
mod scanner;
mod value_walk;

use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use index::RouteFile;
pub(crate) use index::{RawRoutes, RouteIndex};
pub use lazy_strings::LazyStrings;
pub use raw_route::RawRoute;
pub use reader::{Header, RouteReader};
pub use route::{Headers, Lifetime, RenderStatus, Route, RouteError, RouterKind};
use scanner::ScanError;

use crate::files::{self, FileError, FileStamp};
use crate::sanitized_text::SanitizedText;

/// The manifest's name within `dist/server/`.
pub const MANIFEST_FILE: &str = "vinext-prerender.json";

/// Why there is no usable manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The build did not pre-render.
    #[error("no {MANIFEST_FILE} found")]
    Missing,
    /// The file is not valid JSON.
    #[error("failed to parse {MANIFEST_FILE}")]
    Corrupt(SanitizedText),
    /// The file is valid JSON, but has no build id or no list of routes.
    #[error("manifest missing buildId or routes")]
    NoBuildIdOrRoutes,
    /// The file was written to or replaced after it was opened.
    #[error("{MANIFEST_FILE} changed while being read; seed again when no build is running")]
    Changed,
    /// The file exists but cannot be read.
    #[error("cannot read {MANIFEST_FILE}: {0}")]
    Unreadable(#[source] std::io::Error),
}

impl ManifestError {
    /// The error's stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "no-manifest",
            Self::Corrupt(_) => "corrupt-manifest",
            Self::NoBuildIdOrRoutes => "incomplete-manifest",
            Self::Changed => "MANIFEST_CHANGED",
            Self::Unreadable(_) => "MANIFEST_UNREADABLE",
        }
    }

    /// The error for a failure to reread the file.
    pub(crate) fn from_second_reading(error: std::io::Error) -> Self {
        let is_change = error
            .get_ref()
            .is_some_and(|inner| matches!(inner.downcast_ref(), Some(FileError::Changed)));
        // A file that has become shorter ends early.
        if is_change || error.kind() == std::io::ErrorKind::UnexpectedEof {
            Self::Changed
        } else {
            Self::Unreadable(error)
        }
    }

    /// The error for a part of the file that is not valid JSON.
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    pub(crate) fn not_json(error: serde_json::Error) -> Self {
        Self::Corrupt(SanitizedText::new(&error.to_string()))
    }
}

impl From<ScanError> for ManifestError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Read(error) => Self::Unreadable(error),
            ScanError::Malformed { .. } => Self::Corrupt(SanitizedText::new(&error.to_string())),
        }
    }
}

/// An open manifest.
#[derive(Debug)]
pub struct ManifestFile {
    file: File,
    stamp: FileStamp,
    path: PathBuf,
    /// The modification time of the file.
    pub written_at: SystemTime,
}

impl ManifestFile {
    /// Opens the manifest in `dist/server/`.
    ///
    /// # Errors
    /// [`ManifestError::Missing`] or [`ManifestError::Unreadable`].
    pub fn open(server_dir: &Path) -> Result<Self, ManifestError> {
        let path = server_dir.join(MANIFEST_FILE);
        let file = match files::open_regular(&path) {
            Ok(file) => file,
            Err(FileError::Missing) => return Err(ManifestError::Missing),
            Err(problem) => return Err(ManifestError::Unreadable(problem.into())),
        };
        let metadata = file.metadata().map_err(ManifestError::Unreadable)?;
        let written_at = metadata.modified().map_err(ManifestError::Unreadable)?;
        let stamp = FileStamp::of(&metadata);
        Ok(Self {
            file,
            stamp,
            path,
            written_at,
        })
    }

    /// A reader of the routes, from the start of the file.
    ///
    /// # Errors
    /// If the file cannot be rewound.
    pub fn routes(&self) -> Result<RouteReader<&File>, ManifestError> {
        (&self.file).rewind().map_err(ManifestError::Unreadable)?;
        Ok(RouteReader::new(&self.file))
    }

    /// The state of the file, to detect changes later.
    pub(crate) fn snapshot(&self) -> ManifestSnapshot {
        ManifestSnapshot {
            path: self.path.clone(),
            stamp: self.stamp,
        }
    }

    /// The routes, to be reread at the positions that a [`RouteReader`] found.
    #[must_use]
    pub fn into_routes(self) -> RouteFile {
        RouteFile::new(self.file, self.stamp)
    }
}

/// The state of the manifest when it was opened.
#[derive(Debug)]
pub(crate) struct ManifestSnapshot {
    path: PathBuf,
    stamp: FileStamp,
}

impl ManifestSnapshot {
    /// Checks that the manifest has been neither changed nor replaced.
    ///
    /// # Errors
    /// [`ManifestError::Changed`], or why the file cannot be checked.
    pub(crate) fn check(&self) -> Result<(), ManifestError> {
        match FileStamp::at(&self.path) {
            Ok(Some(stamp)) if stamp == self.stamp => Ok(()),
            Ok(_) => Err(ManifestError::Changed),
            Err(problem) => Err(ManifestError::Unreadable(problem.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn detects_a_replaced_or_removed_manifest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MANIFEST_FILE);
        fs::write(&path, r#"{"buildId":"a","routes":[]}"#).unwrap();
        let snapshot = ManifestFile::open(dir.path()).unwrap().snapshot();
        assert!(snapshot.check().is_ok());
        let other = dir.path().join("other");
        fs::write(&other, r#"{"buildId":"b","routes":[]}"#).unwrap();
        fs::rename(&other, &path).unwrap();
        if cfg!(unix) {
            assert!(matches!(snapshot.check(), Err(ManifestError::Changed)));
        }
        fs::remove_file(&path).unwrap();
        assert!(matches!(snapshot.check(), Err(ManifestError::Changed)));
    }
}
