//! Why a route is not packed: it is skipped, or packing ends.

use std::io;

use super::PackError;
use crate::files::FileError;
use crate::plan::SkipReason;
use crate::sanitized_text::SanitizedText;

/// Why a route has no entries in the segment.
pub(super) enum PackRouteError {
    /// It is skipped.
    Skip(SkipReason),
    /// It is too large to share a segment with the routes before it.
    NeedsOwnSegment,
    /// Packing ends.
    End(PackError),
    /// Packing was cancelled.
    Cancelled,
}

impl From<SkipReason> for PackRouteError {
    fn from(reason: SkipReason) -> Self {
        Self::Skip(reason)
    }
}

/// Whether an unreadable file affects its route or the whole run.
pub(super) fn unusable(file: &str, problem: FileError) -> PackRouteError {
    let file = file.to_owned();
    match problem {
        FileError::Unreadable(error) if error.kind() == io::ErrorKind::OutOfMemory => {
            PackRouteError::End(PackError::OutOfMemory(SanitizedText::new(
                &error.to_string(),
            )))
        }
        FileError::Unreadable(source) => PackRouteError::End(PackError::ArtifactUnreadable {
            file: SanitizedText::new(&file),
            source,
        }),
        FileError::Missing => PackRouteError::Skip(SkipReason::MissingArtifact { file }),
        FileError::SharedName => PackRouteError::Skip(SkipReason::SharedName { file }),
        FileError::Changed => PackRouteError::Skip(SkipReason::ArtifactChanged { file }),
        problem => PackRouteError::Skip(SkipReason::UnusableArtifact {
            file,
            problem: SanitizedText::new(&problem.to_string()),
        }),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_machine_error_ends_the_run_and_skips_no_page() {
        for (errno, code) in [
            (Errno::MFILE, "ARTIFACTS_UNREADABLE"),
            (Errno::NFILE, "ARTIFACTS_UNREADABLE"),
            (Errno::ACCESS, "ARTIFACTS_UNREADABLE"),
            (Errno::PERM, "ARTIFACTS_UNREADABLE"),
            (Errno::IO, "ARTIFACTS_UNREADABLE"),
            (Errno::STALE, "ARTIFACTS_UNREADABLE"),
            (Errno::NOMEM, "OUT_OF_RESOURCES"),
        ] {
            let problem = FileError::from(io::Error::from(errno));
            let PackRouteError::End(error) = unusable("a.html", problem) else {
                panic!("{errno} is not an end");
            };
            assert_eq!(error.code(), code, "{errno}");
        }
    }

    #[test]
    fn a_problem_with_a_file_skips_its_page() {
        for (errno, code) in [
            (Errno::NOENT, "missing-artifact"),
            (Errno::NOTDIR, "missing-artifact"),
            (Errno::LOOP, "unusable-artifact"),
            (Errno::NAMETOOLONG, "unusable-artifact"),
        ] {
            let problem = FileError::from(io::Error::from(errno));
            let PackRouteError::Skip(reason) = unusable("a.html", problem) else {
                panic!("{errno} skips nothing");
            };
            assert_eq!(reason.code(), code, "{errno}");
        }
    }
}
