//! Reads files of packages and Workers as text.

use std::path::Path;

use crate::files::{self, FileError};

/// Reads a file up to a size limit, invalid UTF-8 replaced.
pub(super) fn read(path: &Path, max_bytes: u64) -> Result<String, FileError> {
    let content = files::read_at_most(path, max_bytes)?;
    Ok(match String::from_utf8(content) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_the_size_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.js");
        assert!(matches!(read(&path, 5), Err(FileError::Missing)));
        std::fs::write(&path, b"ab\xffcd").unwrap();
        assert_eq!(read(&path, 5).unwrap(), "ab\u{fffd}cd");
        let problem = read(&path, 4).unwrap_err();
        assert_eq!(problem.to_string(), "it has 5 bytes, the limit is 4");
    }
}
