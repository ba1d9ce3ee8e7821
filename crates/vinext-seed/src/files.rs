//! Opens regular files, and nothing that could block, lead elsewhere or change under us.
//!
//! In: names, some of them from a manifest that may be wrong or hostile. Out: contents.
//! Never: a second look at a name. A file is opened once; its type and size are asked of the open
//! handle, so what was checked is what is read.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

/// Why a name does not lead to a file's content.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("it does not exist")]
    Missing,
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    #[error("it leads out of the directory of artifacts")]
    Outside,
    #[error("it changed while it was read")]
    Changed,
    #[error(transparent)]
    Unreadable(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            // cap-std's refusal of an escape is its own error, not the operating system's.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Self::Outside,
            _ => Self::Unreadable(error),
        }
    }
}

impl From<FileError> for io::Error {
    fn from(problem: FileError) -> Self {
        match problem {
            FileError::Unreadable(error) => error,
            other => Self::other(other),
        }
    }
}

/// Opens a file by a path that the caller vouches for.
pub(crate) fn open_regular(path: &Path) -> Result<File, FileError> {
    let file = cap_std::fs::File::open_ambient_with(path, &read_options(), ambient_authority())?;
    let file = file.into_std();
    regular_size(&file)?;
    Ok(file)
}

/// The directory of a build's artifacts.
pub(crate) struct ArtifactDir(Option<Dir>);

impl ArtifactDir {
    /// Opens the directory. One that does not exist is a directory without artifacts.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        match Dir::open_ambient_dir(path, ambient_authority()) {
            Ok(dir) => Ok(Self(Some(dir))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(None)),
            Err(error) => Err(error),
        }
    }

    /// Reads a whole file into the start of `content`, growing it as needed, and returns the
    /// number of bytes read. What lies behind them is left over from before.
    ///
    /// Names that lead out of the directory, through symbolic links too, are refused by the
    /// operating system or by cap-std in its place.
    pub(crate) fn read(&self, name: &str, content: &mut Vec<u8>) -> Result<usize, FileError> {
        let dir = self.0.as_ref().ok_or(FileError::Missing)?;
        let mut file = dir.open_with(name, &read_options())?.into_std();
        let size = regular_size(&file)?;
        if content.len() < size {
            content.resize(size, 0);
        }
        match file.read_exact(&mut content[..size]) {
            Ok(()) => Ok(size),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(FileError::Changed),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads at an offset, whatever else reads the same file at the time.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, content: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, content, offset)
}

/// Reads at an offset, whatever else reads the same file at the time.
#[cfg(windows)]
pub(crate) fn read_exact_at(
    file: &File,
    mut content: &mut [u8],
    mut offset: u64,
) -> io::Result<()> {
    while !content.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, content, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                content = &mut content[count..];
                offset += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The text of a file as Node reads it: a byte order mark stays, and invalid bytes become U+FFFD,
/// one for each maximal part of a sequence.
pub(crate) fn text(content: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(content) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(content),
    }
}

/// Reading without waiting: opening a FIFO would otherwise block until somebody writes to it.
fn read_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    options
}

fn regular_size(file: &File) -> Result<usize, FileError> {
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(FileError::NotRegular("a directory"));
    }
    if !metadata.is_file() {
        return Err(FileError::NotRegular("a pipe, socket or device"));
    }
    usize::try_from(metadata.len()).map_err(|error| FileError::Unreadable(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(dir: &Path, name: &str) -> Result<Vec<u8>, FileError> {
        let mut content = Vec::new();
        let size = ArtifactDir::open(dir)?.read(name, &mut content)?;
        content.truncate(size);
        Ok(content)
    }

    #[test]
    fn files_below_the_directory_are_read_whole() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("blog")).unwrap();
        fs::write(dir.path().join("blog/%C3%BC.html"), "é").unwrap();
        fs::write(dir.path().join("empty.html"), "").unwrap();
        assert_eq!(
            read(dir.path(), "blog/%C3%BC.html").unwrap(),
            "é".as_bytes()
        );
        assert_eq!(read(dir.path(), "empty.html").unwrap(), b"");
    }

    #[test]
    fn what_is_not_there_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        for name in ["nowhere.html", "file/below.html"] {
            assert!(
                matches!(read(dir.path(), name), Err(FileError::Missing)),
                "{name}"
            );
        }
        assert!(matches!(
            read(&dir.path().join("no-dir"), "a"),
            Err(FileError::Missing)
        ));
    }

    #[test]
    fn a_directory_is_not_a_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("d.html")).unwrap();
        assert!(matches!(
            read(dir.path(), "d.html"),
            Err(FileError::NotRegular(_))
        ));
    }

    #[test]
    fn names_that_lead_outside_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let artifacts = dir.path().join("artifacts");
        fs::create_dir(&artifacts).unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        let absolute = dir.path().join("secret");
        for name in ["../secret", absolute.to_str().unwrap()] {
            assert!(
                matches!(read(&artifacts, name), Err(FileError::Outside)),
                "{name}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_and_refused_outside() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let artifacts = dir.path().join("artifacts");
        fs::create_dir(&artifacts).unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        fs::write(artifacts.join("real.html"), "y").unwrap();
        symlink("real.html", artifacts.join("inside.html")).unwrap();
        symlink("../secret", artifacts.join("outside.html")).unwrap();
        symlink(dir.path(), artifacts.join("up")).unwrap();
        symlink("loop.html", artifacts.join("loop.html")).unwrap();
        assert_eq!(read(&artifacts, "inside.html").unwrap(), b"y");
        for name in ["outside.html", "up/secret"] {
            assert!(
                matches!(read(&artifacts, name), Err(FileError::Outside)),
                "{name}"
            );
        }
        assert!(matches!(
            read(&artifacts, "loop.html"),
            Err(FileError::Unreadable(_))
        ));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_neither_blocks_nor_counts_as_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(dir.path().join("p.html"))
            .status();
        assert!(made.unwrap().success());
        assert!(matches!(
            read(dir.path(), "p.html"),
            Err(FileError::NotRegular(_))
        ));
        assert!(matches!(
            open_regular(&dir.path().join("p.html")),
            Err(FileError::NotRegular(_))
        ));
    }
}
