//! File names of a page's artifacts, relative to `dist/server/prerendered-routes/`.
//!
//! The pathname is the manifest's, percent-encoded. One that could lead out of the directory is rejected here
//! with a reason; opening a file checks the path again (see [`crate::pack`]).

use super::cache_key::ArtifactKind;

/// How a generation of vinext names its artifacts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ArtifactPathRule {
    /// Whether a trailing slash of the pathname is dropped from HTML names (since 1.0.0-beta.9).
    pub html_strips_trailing_slash: bool,
    /// Whether `/index` and paths below it are in `index/index…` (1.4.0), so that `/index` does not share a
    /// file with `/`.
    pub escapes_index: bool,
}

/// Why a pathname does not name an artifact.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsafePathError {
    /// It has a `.` or `..` segment.
    #[error("its path has a `.` or `..` segment")]
    DotSegment,
    /// It is absolute without its leading slash.
    #[error("its path is an absolute file path")]
    Absolute,
    /// It contains a NUL character.
    #[error("its path contains a NUL character")]
    Nul,
    /// It contains a backslash, which separates directories on Windows.
    #[error("its path contains a backslash")]
    Backslash,
}

impl UnsafePathError {
    /// The error's stable code, which is also that of the skipped route.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::DotSegment | Self::Absolute | Self::Nul | Self::Backslash => "unsafe-path",
        }
    }
}

impl ArtifactPathRule {
    /// The file of one artifact.
    ///
    /// # Errors
    /// If the pathname could lead out of the directory of artifacts.
    pub fn file(
        self,
        pathname: &str,
        kind: ArtifactKind,
        trailing_slash: bool,
    ) -> Result<String, UnsafePathError> {
        let extension = kind.extension();
        if pathname == "/" {
            return Ok(["index.", extension].concat());
        }
        let relative = pathname.strip_prefix('/').unwrap_or(pathname);
        check(relative)?;
        let needs_escape =
            self.escapes_index && (pathname == "/index" || pathname.starts_with("/index/"));
        let directory = if needs_escape { "index/" } else { "" };
        if extension != "html" {
            return Ok([directory, relative, ".", extension].concat());
        }
        let stem = match relative.strip_suffix('/') {
            Some(stripped) if self.html_strips_trailing_slash => stripped,
            _ => relative,
        };
        let end = if trailing_slash {
            "/index.html"
        } else {
            ".html"
        };
        Ok([directory, stem, end].concat())
    }
}

fn check(relative: &str) -> Result<(), UnsafePathError> {
    if relative.contains('\0') {
        return Err(UnsafePathError::Nul);
    }
    if relative.contains('\\') {
        return Err(UnsafePathError::Backslash);
    }
    if relative.starts_with('/') || (cfg!(windows) && has_drive_letter(relative)) {
        return Err(UnsafePathError::Absolute);
    }
    if relative
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return Err(UnsafePathError::DotSegment);
    }
    Ok(())
}

/// `C:…` at the start: an absolute path on Windows, regardless of what it is joined to.
fn has_drive_letter(relative: &str) -> bool {
    let mut bytes = relative.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.next() == Some(b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: ArtifactPathRule = ArtifactPathRule {
        html_strips_trailing_slash: true,
        escapes_index: true,
    };

    #[test]
    fn rejects_paths_outside_the_directory() {
        for (pathname, problem) in [
            ("/../secret", UnsafePathError::DotSegment),
            ("/a/../../secret", UnsafePathError::DotSegment),
            ("/a/./b", UnsafePathError::DotSegment),
            ("//etc/passwd", UnsafePathError::Absolute),
            ("/a\\..\\b", UnsafePathError::Backslash),
            ("/a\0b", UnsafePathError::Nul),
        ] {
            for kind in [ArtifactKind::Html, ArtifactKind::Rsc, ArtifactKind::Route] {
                assert_eq!(
                    RULE.file(pathname, kind, false),
                    Err(problem),
                    "{pathname:?}"
                );
            }
        }
    }

    #[test]
    fn accepts_names_that_only_look_dangerous() {
        for pathname in ["/a..b", "/.hidden", "/...", "/%2e%2e/a"] {
            let file = RULE.file(pathname, ArtifactKind::Rsc, false);
            assert_eq!(file, Ok(format!("{}.rsc", &pathname[1..])));
        }
    }

    #[test]
    fn rejects_a_drive_letter_on_windows() {
        assert!(has_drive_letter("C:/secret"));
        assert!(has_drive_letter("c:secret"));
        assert!(!has_drive_letter("blog/c:d"));
        assert!(!has_drive_letter("1:2"));
    }
}
