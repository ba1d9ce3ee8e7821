//! Detects whether the build changes during a run, so that entries of two builds are never mixed.

use std::path::PathBuf;

use crate::formats::profile::BuildIdSource;
use crate::manifest::{ManifestError, ManifestSnapshot};
use crate::runtime::build_id::{self, BuildIdError};

/// What identified the build when its manifest was opened.
#[derive(Debug)]
pub(super) struct BuildSnapshot {
    pub(super) manifest: ManifestSnapshot,
    pub(super) server_dir: PathBuf,
    pub(super) build_id_source: BuildIdSource,
    pub(super) manifest_build_id: String,
    pub(super) build_id: String,
}

impl BuildSnapshot {
    /// Checks that the manifest has not changed, and that the Worker still has the build id that entries
    /// are written for.
    ///
    /// # Errors
    /// [`ManifestError::Changed`], or why a file cannot be read.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        self.manifest.check()?;
        let found = build_id::find(
            &self.server_dir,
            self.build_id_source,
            &self.manifest_build_id,
        );
        match found {
            Ok(build_id) if build_id == self.build_id => Ok(()),
            Err(BuildIdError::Unreadable { source, .. }) => Err(ManifestError::Unreadable(source)),
            Ok(_) | Err(_) => Err(ManifestError::Changed),
        }
    }
}
