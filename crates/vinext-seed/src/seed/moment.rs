//! Makes sure that the manifest, the build id and the pages are of one build.

use std::path::PathBuf;

use crate::formats::profile::BuildIdSource;
use crate::manifest::{ManifestError, ManifestMoment};
use crate::runtime::build_id::{self, BuildIdError};

/// A build at the moment when its manifest was opened.
#[derive(Debug)]
pub(super) struct BuildMoment {
    pub(super) manifest: ManifestMoment,
    pub(super) server_dir: PathBuf,
    pub(super) build_id_source: BuildIdSource,
    pub(super) manifest_build_id: String,
    pub(super) build_id: String,
}

impl BuildMoment {
    /// Checks that the manifest is the one that was read, and that the Worker still has the build id
    /// that entries are written for.
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
