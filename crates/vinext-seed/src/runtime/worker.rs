//! What the built Worker itself shows.
//!
//! In: `dist/server/`, the build id and the profile that entries are to be written for.
//! Out: nothing if the Worker agrees or shows nothing, else how it disagrees.
//! Never: a refusal for want of evidence. Bundles are minified and can be laid out anyhow; only
//! what is seen and differs counts.
//!
//! The packages may have been updated since the build, or the manifest may lie there from another
//! one. What is deployed is the bundle, so it has the last word.

use std::path::Path;

use super::text_file;
use crate::formats::RuntimeProfile;
use crate::sanitized_text::SanitizedText;

/// Stands in every bundle of 0.0.31 to 1.4.0, in the code that builds cache keys.
const KEY_CODE: &str = ":__hash:";

/// Stands beside it where keys are those of 1.4.0.
const V2_NAMESPACE: &str = "app:v2";

/// Directories of `dist/server/` that hold no code of the Worker.
const NOT_CODE: [&str; 1] = ["prerendered-routes"];

/// The largest file that is looked at, in bytes: what a whole Worker may have (Cloudflare Workers
/// limits: 64 MB).
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The most files that are looked at, and how deep they may lie: far beyond any bundle.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 8;

/// How the built Worker disagrees.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// Its keys have another prefix.
    #[error(
        "the Worker in dist/server was built by a vinext whose keys begin with \"{worker}:\", but \
         those of vinext {version} begin with \"{profile}:\"; build again with the installed version"
    )]
    OtherFormat {
        /// The prefix in the Worker.
        worker: &'static str,
        /// The version that entries were to be written for.
        version: SanitizedText,
        /// Its prefix.
        profile: &'static str,
    },
    /// Its code does not contain the build id.
    #[error(
        "the Worker in dist/server was not built with the build id {0:?} of the pre-rendered pages; \
         build and pre-render again"
    )]
    OtherBuild(SanitizedText),
}

/// Compares the built Worker with what is about to be written for it.
///
/// # Errors
/// How they differ.
pub(crate) fn check(
    server_dir: &Path,
    build_id: &str,
    version: &str,
    profile: &RuntimeProfile,
) -> Result<(), WorkerError> {
    let mut evidence = Evidence::default();
    evidence.collect(server_dir, build_id, 0);
    if !evidence.has_key_code {
        return Ok(());
    }
    let worker = if evidence.has_v2 { V2_NAMESPACE } else { "app" };
    if worker != profile.cache_key.namespace {
        let version = SanitizedText::new(version);
        let profile = profile.cache_key.namespace;
        return Err(WorkerError::OtherFormat {
            worker,
            version,
            profile,
        });
    }
    // An id with other characters may be escaped in the code.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if build_id.bytes().all(is_plain) && !evidence.has_build_id {
        return Err(WorkerError::OtherBuild(SanitizedText::new(build_id)));
    }
    Ok(())
}

#[derive(Default)]
struct Evidence {
    files: usize,
    has_key_code: bool,
    has_v2: bool,
    has_build_id: bool,
}

impl Evidence {
    fn collect(&mut self, directory: &Path, build_id: &str, depth: usize) {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            // Links are not followed: nothing in a bundle is one.
            let Ok(file_type) = entry.file_type() else {
                continue;
            };
            if file_type.is_dir()
                && depth < MAX_DEPTH
                && !NOT_CODE.iter().any(|&other| name == other)
            {
                self.collect(&path, build_id, depth + 1);
            } else if file_type.is_file() && self.files < MAX_FILES && is_code(&path) {
                self.files += 1;
                self.look_at(&path, build_id);
            }
        }
    }

    fn look_at(&mut self, file: &Path, build_id: &str) {
        let Ok(code) = text_file::read(file, MAX_FILE_BYTES) else {
            return;
        };
        if code.contains(KEY_CODE) {
            self.has_key_code = true;
            self.has_v2 |= code.contains(V2_NAMESPACE);
        }
        self.has_build_id |= code.contains(build_id);
    }
}

fn is_code(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "js" || extension == "mjs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::profile;
    use std::fs;

    fn check_code(code: &str, profile: &RuntimeProfile) -> Result<(), WorkerError> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("_next/static")).unwrap();
        fs::create_dir_all(dir.path().join("prerendered-routes")).unwrap();
        fs::write(dir.path().join("_next/static/isr-cache-x.js"), code).unwrap();
        fs::write(
            dir.path().join("prerendered-routes/x.js"),
            ":__hash: app:v2",
        )
        .unwrap();
        check(dir.path(), "id-1", "1.4.0", profile)
    }

    #[test]
    fn agreement_and_silence_are_fine() {
        assert!(check_code("`${e}:__hash:${t}`; `app:v2:${n}`; n=`id-1`", &profile::G12).is_ok());
        assert!(check_code("`${e}:__hash:${t}`; `app:${n}`; n=`id-1`", &profile::G11).is_ok());
        assert!(check_code("minified beyond recognition", &profile::G12).is_ok());
    }

    #[test]
    fn another_format_or_build_is_seen() {
        let old = check_code("`${e}:__hash:${t}`; n=`id-1`", &profile::G12);
        assert!(matches!(
            old,
            Err(WorkerError::OtherFormat { worker: "app", .. })
        ));
        let new = check_code("`${e}:__hash:${t}`; `app:v2:`; n=`id-1`", &profile::G11);
        assert!(matches!(
            new,
            Err(WorkerError::OtherFormat {
                worker: "app:v2",
                ..
            })
        ));
        let other = check_code("`${e}:__hash:${t}`; n=`id-2`", &profile::G11);
        assert!(matches!(other, Err(WorkerError::OtherBuild(_))));
    }
}
