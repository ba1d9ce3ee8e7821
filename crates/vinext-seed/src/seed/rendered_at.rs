//! Determines when a build's pages were rendered: the time of its manifest, if that is plausible.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::manifest::MANIFEST_FILE;
use crate::runtime::build_id::BUILD_ID_FILE;

/// The first day of the year in which vinext was first published (0.0.4), after the epoch. No build is
/// older. Earlier dates are set by tools: 1970 by Nix, 1980 by buildpacks and zip.
const FIRST_BUILDS: Duration = Duration::from_secs(1_767_225_600);

/// The tolerated difference between the clocks of this machine and of its file system.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The files of a build may all have the same date, to the second, if it is younger than this.
const FRESH: Duration = Duration::from_secs(60);

/// When the pages were rendered, and what to warn about.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct RenderedAt {
    pub(super) time: SystemTime,
    pub(super) warning: Option<String>,
}

/// Determines when the pages of the build in `server_dir` were rendered, from the time of its manifest.
/// `source_date_epoch` is the environment variable `SOURCE_DATE_EPOCH`, the date of files in reproducible
/// builds.
pub(super) fn rendered_at(
    written_at: SystemTime,
    now: SystemTime,
    source_date_epoch: Option<&str>,
    server_dir: &Path,
) -> RenderedAt {
    let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let since_epoch = seconds(written_at);
    let age = now.duration_since(written_at).unwrap_or_default();
    let is_source_date = source_date_epoch
        .and_then(|text| text.trim().parse::<u64>().ok())
        .is_some_and(|epoch| epoch == since_epoch.as_secs());
    let why = if since_epoch < FIRST_BUILDS {
        "before vinext existed"
    } else if seconds(now) + CLOCK_SKEW < since_epoch {
        "in the future"
    } else if is_source_date {
        "which is SOURCE_DATE_EPOCH, not the time of the build"
    } else if age > FRESH && all_files_have(written_at, server_dir) {
        "exactly like all other files of the build"
    } else {
        return RenderedAt {
            time: written_at.min(now),
            warning: None,
        };
    };
    let warning = format!(
        "{MANIFEST_FILE} is dated {}, {why}; its pages count as rendered now, so a tag \
         revalidated between the build and this run does not purge them",
        httpdate::fmt_http_date(written_at.max(UNIX_EPOCH))
    );
    RenderedAt {
        time: now,
        warning: Some(warning),
    }
}

/// Whether the directory and its other files have the same date, to a whole second. A build takes longer,
/// so a tool has set the dates.
fn all_files_have(written_at: SystemTime, server_dir: &Path) -> bool {
    let since_epoch = written_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since_epoch.subsec_nanos() != 0 {
        return false;
    }
    let others = ["", "index.js", BUILD_ID_FILE].map(|name| server_dir.join(name));
    let dates = others.iter().filter_map(|path| {
        std::fs::metadata(path)
            .and_then(|found| found.modified())
            .ok()
    });
    let dates: Vec<_> = dates.collect();
    dates.len() > 1 && dates.iter().all(|&date| date == written_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    const NOW: Duration = Duration::from_secs(1_795_000_000);

    fn at(seconds: u64, epoch: Option<&str>) -> RenderedAt {
        let dir = tempfile::tempdir().unwrap();
        let written_at = UNIX_EPOCH + Duration::from_secs(seconds);
        rendered_at(written_at, UNIX_EPOCH + NOW, epoch, dir.path())
    }

    #[test]
    fn uses_a_plausible_manifest_date() {
        for (seconds, epoch) in [
            (1_790_000_000, None),
            (1_790_000_000, Some("1780000000")),
            (1_790_000_000, Some("nonsense")),
            (1_795_000_030, None),
        ] {
            let rendered = at(seconds, epoch);
            let written_at = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(rendered.time, written_at.min(UNIX_EPOCH + NOW));
            assert_eq!(rendered.warning, None);
        }
    }

    #[test]
    fn uses_now_for_artificial_dates() {
        for (seconds, epoch, why) in [
            (0, None, "Thu, 01 Jan 1970"),
            (1, None, "before vinext existed"),
            (315_532_800, None, "01 Jan 1980"),
            (1_795_001_000, None, "in the future"),
            (1_790_000_000, Some("1790000000\n"), "SOURCE_DATE_EPOCH"),
        ] {
            let rendered = at(seconds, epoch);
            assert_eq!(rendered.time, UNIX_EPOCH + NOW);
            let warning = rendered.warning.unwrap();
            assert!(warning.contains(why), "{warning}");
        }
    }

    #[test]
    fn uses_now_if_all_files_have_the_same_date() {
        let dir = tempfile::tempdir().unwrap();
        let date = |path: &Path, seconds: u64| {
            let file = File::open(path).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))
                .unwrap();
        };
        let written_at = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        fs::write(dir.path().join("index.js"), "").unwrap();
        date(&dir.path().join("index.js"), 1_790_000_000);
        date(dir.path(), 1_790_000_000);
        let rendered = |now| rendered_at(written_at, now, None, dir.path());
        assert!(rendered(UNIX_EPOCH + NOW).warning.is_some());
        // It may have been made within this second.
        assert!(
            rendered(written_at + Duration::from_secs(5))
                .warning
                .is_none()
        );
        date(&dir.path().join("index.js"), 1_789_999_990);
        assert!(rendered(UNIX_EPOCH + NOW).warning.is_none());
    }
}
