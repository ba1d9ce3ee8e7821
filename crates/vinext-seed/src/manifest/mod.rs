//! Stage 1: the manifest of what a build pre-rendered, `dist/server/vinext-prerender.json`.
//!
//! In: the file. Out: its header, and its routes one after another as raw JSON.
//! Never: more of the file in memory than a window and the routes that are being packed, and no
//! opinion on which routes can be seeded. That is the plan's.

mod index;
mod raw_route;
mod reader;
mod route;
mod scanner;
mod texts;
mod value_walk;

use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::time::SystemTime;

pub use index::RouteFile;
pub(crate) use index::{RawRoutes, RouteIndex};
pub use raw_route::RawRoute;
pub use reader::{Header, RouteReader};
pub use route::{Headers, Lifetime, RenderStatus, Route, RouteProblem, RouterKind};
use scanner::ScanError;
pub use texts::Texts;

use crate::files::{self, NotAFile};
use crate::foreign_text::ForeignText;

/// The manifest's name within `dist/server/`.
pub const MANIFEST_FILE: &str = "vinext-prerender.json";

/// Why there is no usable manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestProblem {
    /// The build did not pre-render.
    #[error("no {MANIFEST_FILE} found")]
    Missing,
    /// The file is no JSON document.
    #[error("failed to parse {MANIFEST_FILE}")]
    Corrupt(ForeignText),
    /// It is JSON, but not what a build that can be seeded writes.
    #[error("manifest missing buildId or routes")]
    NoBuildIdOrRoutes,
    /// The file is there and cannot be read.
    #[error("cannot read {MANIFEST_FILE}: {0}")]
    Unreadable(#[source] std::io::Error),
}

impl ManifestProblem {
    /// The problem of a part that does not parse.
    #[expect(clippy::needless_pass_by_value, reason = "made for `map_err`")]
    pub(crate) fn not_json(error: serde_json::Error) -> Self {
        Self::Corrupt(ForeignText::new(&error.to_string()))
    }
}

impl From<ScanError> for ManifestProblem {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Read(error) => Self::Unreadable(error),
            ScanError::Malformed { .. } => Self::Corrupt(ForeignText::new(&error.to_string())),
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
    /// [`ManifestProblem::Missing`] or [`ManifestProblem::Unreadable`].
    pub fn open(server_dir: &Path) -> Result<Self, ManifestProblem> {
        let file = match files::open_regular(&server_dir.join(MANIFEST_FILE)) {
            Ok(file) => file,
            Err(NotAFile::Missing) => return Err(ManifestProblem::Missing),
            Err(problem) => return Err(ManifestProblem::Unreadable(problem.into())),
        };
        let metadata = file.metadata().map_err(ManifestProblem::Unreadable)?;
        let written_at = metadata.modified().map_err(ManifestProblem::Unreadable)?;
        Ok(Self { file, written_at })
    }

    /// Reads from the start.
    ///
    /// # Errors
    /// If the file cannot be rewound.
    pub fn routes(&self) -> Result<RouteReader<&File>, ManifestProblem> {
        (&self.file).rewind().map_err(ManifestProblem::Unreadable)?;
        Ok(RouteReader::new(&self.file))
    }

    /// Its routes, to be read again where a [`RouteReader`] found them.
    ///
    /// # Errors
    /// If the file's size and time cannot be had.
    pub fn into_routes(self) -> Result<RouteFile, ManifestProblem> {
        RouteFile::new(self.file).map_err(ManifestProblem::Unreadable)
    }
}
