//! A file's identity and times, which change when it is written to or replaced.

use std::fs::Metadata;
use std::path::Path;

use super::FileError;

/// The state of a file. If two stamps are equal, the file and its content are the same, unless its times were
/// set back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileStamp {
    size: u64,
    /// When the content was written, in nanoseconds since the epoch.
    modified: i128,
    /// When the file or its metadata last changed, which programs cannot set (zero on Windows).
    changed: i128,
    /// Device and number of the file (zero on Windows).
    identity: (u64, u64),
}

impl FileStamp {
    /// The size of the file, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn of(metadata: &Metadata) -> Self {
        let (modified, changed, identity) = details(metadata);
        Self {
            size: metadata.len(),
            modified,
            changed,
            identity,
        }
    }

    /// The stamp of the file at a path; `None` if there is none.
    pub(crate) fn at(path: &Path) -> Result<Option<Self>, FileError> {
        match std::fs::metadata(path).map_err(FileError::from) {
            Ok(metadata) => Ok(Some(Self::of(&metadata))),
            Err(FileError::Missing) => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

#[cfg(unix)]
fn details(metadata: &Metadata) -> (i128, i128, (u64, u64)) {
    use std::os::unix::fs::MetadataExt;
    let nanoseconds =
        |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
    (
        nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        (metadata.dev(), metadata.ino()),
    )
}

#[cfg(windows)]
fn details(metadata: &Metadata) -> (i128, i128, (u64, u64)) {
    use std::os::windows::fs::MetadataExt;
    // In units of 100 ns since 1601; only compared with each other.
    (i128::from(metadata.last_write_time()), 0, (0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn writing_and_replacing_a_file_changes_its_stamp() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        assert_eq!(FileStamp::at(&path).unwrap(), None);
        fs::write(&path, "one").unwrap();
        let first = FileStamp::at(&path).unwrap();
        assert_eq!(FileStamp::at(&path).unwrap(), first);
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        // The same size and modification time.
        let other = dir.path().join("b");
        fs::write(&other, "two").unwrap();
        let file = fs::File::options().write(true).open(&other).unwrap();
        file.set_modified(written).unwrap();
        fs::rename(&other, &path).unwrap();
        if cfg!(unix) {
            assert_ne!(FileStamp::at(&path).unwrap(), first);
        }
        fs::write(&path, "three").unwrap();
        assert_ne!(FileStamp::at(&path).unwrap(), first);
    }
}
