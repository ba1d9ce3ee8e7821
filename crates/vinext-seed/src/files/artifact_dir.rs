//! The directory of a build's artifacts, and reading one of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::{
    FileError, FileStamp, TrustedOwners, check_regular, is_shortage, read_options, windows_names,
};

/// The directory of a build's artifacts.
pub(crate) struct ArtifactDir(Option<Opened>);

struct Opened {
    dir: Dir,
    #[cfg(unix)]
    busy: super::busy_dirs::BusyDirs,
    path: PathBuf,
    owners: TrustedOwners,
}

impl ArtifactDir {
    /// Opens the directory. If it does not exist, it contains no artifacts.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let mut shortage = super::Shortage::new();
        let dir = loop {
            match Dir::open_ambient_dir(path, ambient_authority()) {
                Ok(dir) => break dir,
                Err(error) if is_shortage(&error) && shortage.wait() => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(None)),
                Err(error) => return Err(FileError::Unreadable(error)),
            }
        };
        Ok(Self(Some(Opened {
            dir,
            #[cfg(unix)]
            busy: super::busy_dirs::BusyDirs::default(),
            path: path.to_owned(),
            owners: TrustedOwners::of(path)?,
        })))
    }

    /// Opens a file by its name within the directory.
    ///
    /// The operating system or cap-std rejects names that lead out of the directory. Links out of it are
    /// followed if [`TrustedOwners`] allows them.
    pub(crate) fn open_file(&self, name: &str) -> Result<ArtifactFile, FileError> {
        let opened = self.0.as_ref().ok_or(FileError::Missing)?;
        windows_names::check(name)?;
        let file = match opened.open_nearby(name) {
            Some(file) => file,
            None => opened.open_whole(name)?,
        };
        let stamp = FileStamp::of(check_regular(&file.metadata()?)?);
        Ok(ArtifactFile { file, stamp })
    }
}

impl Opened {
    /// Opens a file from a directory that is kept open; `None` if that is not faster or fails.
    #[cfg(unix)]
    fn open_nearby(&self, name: &str) -> Option<File> {
        self.busy.open_file(&self.dir, name)
    }

    #[cfg(not(unix))]
    fn open_nearby(&self, _: &str) -> Option<File> {
        None
    }

    /// Opens a file by resolving its whole name.
    fn open_whole(&self, name: &str) -> Result<File, FileError> {
        let opened = self.dir.open_with(name, &read_options());
        match opened.map_err(FileError::from) {
            Ok(file) => Ok(file.into_std()),
            Err(FileError::Outside) => self.owners.open(&self.path, name),
            // The error of Windows for a directory.
            Err(FileError::Unreadable(error))
                if error.kind() == io::ErrorKind::PermissionDenied && self.is_directory(name) =>
            {
                Err(FileError::NotRegular("a directory"))
            }
            Err(problem) => Err(problem),
        }
    }

    fn is_directory(&self, name: &str) -> bool {
        let metadata = self.dir.metadata(name);
        metadata.is_ok_and(|metadata| metadata.is_dir())
    }
}

/// An open artifact.
#[derive(Debug)]
pub(crate) struct ArtifactFile {
    file: File,
    stamp: FileStamp,
}

impl ArtifactFile {
    /// The size of the file, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.stamp.size()
    }

    /// Reads the whole file into `content`, which must have the file's size.
    ///
    /// # Errors
    /// [`FileError::Changed`] if the file is written to while it is read.
    pub(crate) fn read(mut self, content: &mut [u8]) -> Result<(), FileError> {
        match self.file.read_exact(content) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(FileError::Changed);
            }
            Err(error) => return Err(error.into()),
        }
        if FileStamp::of(&self.file.metadata()?) == self.stamp {
            Ok(())
        } else {
            Err(FileError::Changed)
        }
    }
}
