//! Stage 1: the manifest of what a build pre-rendered, `dist/server/vinext-prerender.json`.
//!
//! In: the file. Out: its header, and its routes one after another as raw JSON.
//! Never: more of the file in memory than a window and the routes that are being packed, and no
//! opinion on which routes can be seeded. That is the plan's.

mod index;
mod lazy_strings;
mod raw_route;
mod reader;
mod route;
mod scanner;
mod value_walk;

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::time::SystemTime;

pub use index::RouteFile;
pub(crate) use index::{RawRoutes, RouteIndex};
pub use lazy_strings::LazyStrings;
pub use raw_route::RawRoute;
pub use reader::{Header, RouteReader};
pub use route::{Headers, Lifetime, RenderStatus, Route, RouteError, RouterKind};
use scanner::ScanError;

use crate::files::{self, FileError};
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
    /// The file is no JSON document.
    #[error("failed to parse {MANIFEST_FILE}")]
    Corrupt(SanitizedText),
    /// It is JSON, but not what a build that can be seeded writes.
    #[error("manifest missing buildId or routes")]
    NoBuildIdOrRoutes,
    /// The file is there and cannot be read.
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
            Self::Unreadable(_) => "MANIFEST_UNREADABLE",
        }
    }

    /// The problem of a part that does not parse.
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
    /// When the file was written.
    pub written_at: SystemTime,
}

impl ManifestFile {
    /// Opens the manifest in `dist/server/`.
    ///
    /// # Errors
    /// [`ManifestError::Missing`] or [`ManifestError::Unreadable`].
    pub fn open(server_dir: &Path) -> Result<Self, ManifestError> {
        let file = match files::open_regular(&server_dir.join(MANIFEST_FILE)) {
            Ok(file) => file,
            Err(FileError::Missing) => return Err(ManifestError::Missing),
            Err(problem) => return Err(ManifestError::Unreadable(problem.into())),
        };
        let metadata = file.metadata().map_err(ManifestError::Unreadable)?;
        let written_at = metadata.modified().map_err(ManifestError::Unreadable)?;
        Ok(Self { file, written_at })
    }

    /// Reads from the start.
    ///
    /// # Errors
    /// If the file cannot be rewound.
    pub fn routes(&self) -> Result<RouteReader<&File>, ManifestError> {
        (&self.file).rewind().map_err(ManifestError::Unreadable)?;
        Ok(RouteReader::new(&self.file))
    }

    /// Its routes, to be read again where a [`RouteReader`] found them.
    ///
    /// # Errors
    /// If the file's size and time cannot be had.
    pub fn into_routes(self) -> Result<RouteFile, ManifestError> {
        RouteFile::new(self.file).map_err(ManifestError::Unreadable)
    }
}
