//! Decides which symbolic links out of a build are followed.
//!
//! Build systems such as Bazel and Nix produce builds that consist of links into a store. A link out of the
//! build is followed if it and its target belong to the build's owner, the current user or root, and if the
//! target's name ends with the artifact's: a link must not turn `.env` into a page. On Windows, where links have
//! no such owner, none is followed.

use std::fs::File;
use std::path::Path;

#[cfg(unix)]
use cap_fs_ext::{FollowSymlinks, OpenOptionsFollowExt};
#[cfg(unix)]
use cap_std::ambient_authority;

use super::FileError;
#[cfg(unix)]
use crate::sanitized_text::SanitizedText;

/// The users whose links are followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrustedOwners {
    /// The owner of the build's directory.
    #[cfg(unix)]
    build: u32,
    /// The user that runs this process.
    #[cfg(unix)]
    user: u32,
}

#[cfg(unix)]
impl TrustedOwners {
    /// The owners of a build in `directory`.
    pub(crate) fn of(directory: &Path) -> Result<Self, FileError> {
        use std::os::unix::fs::MetadataExt;
        Ok(Self {
            build: std::fs::metadata(directory)?.uid(),
            user: rustix::process::geteuid().as_raw(),
        })
    }

    fn include(self, owner: u32) -> bool {
        owner == 0 || owner == self.build || owner == self.user
    }

    /// Checks every link in the path `name` below `base`, which is not checked itself. Returns whether there is
    /// a link.
    pub(crate) fn check_way(self, base: &Path, name: &str) -> Result<bool, FileError> {
        use std::os::unix::fs::MetadataExt;
        let mut path = base.to_owned();
        let mut has_link = false;
        for part in name.split('/') {
            path.push(part);
            let metadata = std::fs::symlink_metadata(&path)?;
            if metadata.is_symlink() {
                has_link = true;
                if !self.include(metadata.uid()) {
                    return Err(FileError::ForeignLink);
                }
            }
        }
        Ok(has_link)
    }

    /// Opens `base/name`, following links that lead out of `base` too.
    pub(super) fn open(self, base: &Path, name: &str) -> Result<File, FileError> {
        use std::os::unix::fs::MetadataExt;
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(FileError::Outside);
        }
        self.check_way(base, name)?;
        // No link is followed from here on, so the checked file is the one that is opened.
        let target = base.join(name).canonicalize()?;
        let own_name = name.rsplit('/').next().unwrap_or(name);
        let target_name = target.file_name().unwrap_or_default().to_string_lossy();
        if !target_name.ends_with(own_name) {
            let other = SanitizedText::new(&target_name);
            return Err(FileError::OtherName(other));
        }
        let mut options = super::read_options();
        options.follow(FollowSymlinks::No);
        let file = cap_std::fs::File::open_ambient_with(target, &options, ambient_authority())?;
        let file = file.into_std();
        if self.include(file.metadata()?.uid()) {
            Ok(file)
        } else {
            Err(FileError::ForeignLink)
        }
    }
}

#[cfg(not(unix))]
impl TrustedOwners {
    pub(crate) fn of(_: &Path) -> Result<Self, FileError> {
        Ok(Self {})
    }

    pub(crate) fn check_way(self, _: &Path, _: &str) -> Result<bool, FileError> {
        Ok(false)
    }

    pub(super) fn open(self, _: &Path, _: &str) -> Result<File, FileError> {
        Err(FileError::Outside)
    }
}
