//! Files of packages and Workers, as text to be searched.
//!
//! In: a path that the caller vouches for, and how large the file may be. Out: its text.
//! Never: a wait for a pipe, or more in memory than was allowed.

use std::io::{self, Read};
use std::path::Path;

use crate::files::{self, FileError};

/// Reads a file, invalid UTF-8 replaced.
pub(super) fn read(path: &Path, max_bytes: u64) -> Result<String, FileError> {
    let file = files::open_regular(path)?;
    let mut content = Vec::new();
    let read = file.take(max_bytes + 1).read_to_end(&mut content)?;
    if read as u64 > max_bytes {
        let problem = format!("it has more than {max_bytes} bytes");
        return Err(FileError::Unreadable(io::Error::other(problem)));
    }
    Ok(files::text(&content).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_a_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.js");
        assert!(matches!(read(&path, 5), Err(FileError::Missing)));
        std::fs::write(&path, b"ab\xffcd").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "ab\u{fffd}cd");
        let problem = read(&path, 4).unwrap_err();
        assert_eq!(problem.to_string(), "it has more than 4 bytes");
    }
}
