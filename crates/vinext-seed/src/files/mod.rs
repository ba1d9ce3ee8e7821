//! Opens and reads regular files only. Opening never blocks, never leaves the directory, and a file that
//! changes while it is read is an error.
//!
//! Invariants: a file is opened once, and its type and size are read from the open handle, so the checked file
//! is the one that is read. Its size is checked before memory is allocated for it.

mod artifact_dir;
#[cfg(unix)]
mod busy_dirs;
mod exact_names;
mod links;
mod stamp;
mod windows_names;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use cap_fs_ext::OpenOptionsSyncExt;
use cap_std::ambient_authority;
use cap_std::fs::OpenOptions;

use crate::sanitized_text::SanitizedText;
pub(crate) use artifact_dir::{ArtifactDir, ArtifactFile};
pub(crate) use exact_names::{ExactNames, folded, ignores_case};
pub(crate) use links::TrustedOwners;
pub(crate) use stamp::FileStamp;

/// Why a name does not lead to a file's content.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "only Unix tells whose a link is")
)]
pub(crate) enum FileError {
    #[error("it does not exist")]
    Missing,
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    #[error("it is outside the artifact directory")]
    Outside,
    #[error(
        "it is behind a link out of the build, and another user owns the \
         link or the file"
    )]
    ForeignLink,
    #[error(
        "it is a link out of the build to {0:?}, which has a different name; a link into a store must \
         keep the name"
    )]
    OtherName(SanitizedText),
    #[error("this disk ignores case, and another page's file has the same name")]
    SharedName,
    #[error("its name has {0}")]
    ReservedName(&'static str),
    #[error("it changed while being read")]
    Changed,
    #[error("it has {bytes} bytes, the limit is {limit_bytes}")]
    TooLarge { bytes: u64, limit_bytes: u64 },
    /// No file can have this name.
    #[error(transparent)]
    BadName(io::Error),
    /// The system failed: too many open files, missing permission, a broken disk.
    #[error(transparent)]
    Unreadable(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            // cap-std reports a path that leads out of the directory with an error of its own.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Self::Outside,
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => Self::BadName(error),
            io::ErrorKind::IsADirectory => Self::NotRegular("a directory"),
            _ if is_link_loop(&error) => Self::BadName(error),
            _ => Self::Unreadable(error),
        }
    }
}

impl From<FileError> for io::Error {
    fn from(problem: FileError) -> Self {
        match problem {
            FileError::Unreadable(error) | FileError::BadName(error) => error,
            other => Self::other(other),
        }
    }
}

#[cfg(unix)]
fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(not(unix))]
fn is_link_loop(_: &io::Error) -> bool {
    false
}

/// Whether the system lacks a resource that other processes will release: open files, memory.
#[cfg(unix)]
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [
        Errno::MFILE,
        Errno::NFILE,
        Errno::NOMEM,
        Errno::NOBUFS,
        Errno::AGAIN,
    ];
    error.kind() == io::ErrorKind::OutOfMemory
        || error
            .raw_os_error()
            .is_some_and(|code| shortages.iter().any(|errno| errno.raw_os_error() == code))
}

/// Whether the system lacks a resource that other processes will release: open files, memory, or a lock on the
/// file.
#[cfg(windows)]
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    // ERROR_TOO_MANY_OPEN_FILES, ERROR_NOT_ENOUGH_MEMORY, ERROR_SHARING_VIOLATION,
    // ERROR_NO_SYSTEM_RESOURCES
    error.kind() == io::ErrorKind::OutOfMemory
        || matches!(error.raw_os_error(), Some(4 | 8 | 32 | 1450))
}

/// The longest total wait for the end of a shortage.
const MAX_SHORTAGE: Duration = Duration::from_secs(10);

/// The first wait during a shortage. Waits double up to [`MAX_SHORTAGE_WAIT`].
const FIRST_SHORTAGE_WAIT: Duration = Duration::from_millis(5);
const MAX_SHORTAGE_WAIT: Duration = Duration::from_millis(500);

/// The waits during a shortage.
#[derive(Debug)]
pub(crate) struct Shortage {
    next_wait: Duration,
    waited: Duration,
}

impl Shortage {
    pub(crate) fn new() -> Self {
        Self {
            next_wait: FIRST_SHORTAGE_WAIT,
            waited: Duration::ZERO,
        }
    }

    /// Waits, and returns whether to try again. Returns `false` at once after [`MAX_SHORTAGE`].
    pub(crate) fn wait(&mut self) -> bool {
        if self.waited >= MAX_SHORTAGE {
            return false;
        }
        std::thread::sleep(self.next_wait);
        self.waited += self.next_wait;
        self.next_wait = (self.next_wait * 2).min(MAX_SHORTAGE_WAIT);
        true
    }
}

/// Opens a file by a trusted path. Waits while there are too many open files.
pub(crate) fn open_regular(path: &Path) -> Result<File, FileError> {
    let mut shortage = Shortage::new();
    loop {
        match open(path).and_then(|file| regular_size(&file).map(|_| file)) {
            Err(FileError::Unreadable(error)) if is_shortage(&error) && shortage.wait() => {}
            opened => return opened,
        }
    }
}

/// Reads a file by a trusted path. A file larger than `max_bytes` is an error, also if it grows while it is
/// read.
pub(crate) fn read_at_most(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FileError> {
    let file = open_regular(path)?;
    let too_large = |bytes| FileError::TooLarge {
        bytes,
        limit_bytes: max_bytes,
    };
    let size = regular_size(&file)?;
    if size > max_bytes {
        return Err(too_large(size));
    }
    let mut content = Vec::new();
    take_memory(&mut content, size)?;
    // A file of size 0 may have content, for example in /proc.
    let read = file.take(max_bytes + 1).read_to_end(&mut content)? as u64;
    if read > max_bytes {
        return Err(too_large(read));
    }
    Ok(content)
}

/// Reserves capacity for more bytes. Fails like an unreadable file.
pub(crate) fn take_memory(content: &mut Vec<u8>, bytes: u64) -> io::Result<()> {
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    content
        .try_reserve_exact(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))
}

fn open(path: &Path) -> Result<File, FileError> {
    let file = cap_std::fs::File::open_ambient_with(path, &read_options(), ambient_authority())?;
    Ok(file.into_std())
}

/// Reads at an offset, independently of other readers of the file.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, content: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, content, offset)
}

/// Reads at an offset, independently of other readers of the file.
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

/// The text of a file as Node reads it: a byte order mark is kept, and each maximal part of an invalid sequence
/// becomes U+FFFD.
pub(crate) fn text(content: &[u8]) -> Cow<'_, str> {
    match simdutf8::basic::from_utf8(content) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(content),
    }
}

/// Options for reading. Without `nonblock`, opening a FIFO would block until a writer opens it.
fn read_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).nonblock(true);
    options
}

fn regular_size(file: &File) -> Result<u64, FileError> {
    check_regular(&file.metadata()?).map(|metadata| metadata.len())
}

fn check_regular(metadata: &std::fs::Metadata) -> Result<&std::fs::Metadata, FileError> {
    if metadata.is_dir() {
        Err(FileError::NotRegular("a directory"))
    } else if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(FileError::NotRegular("a pipe, socket or device"))
    }
}

#[cfg(test)]
mod tests;
