//! Determines the build id under which the Worker looks up its pages.
//!
//! The manifest's id is not used if it is known to differ from the Worker's, because entries under the wrong
//! id are never read.

use std::path::Path;

use super::text_file;
use crate::files::FileError;
use crate::formats::profile::BuildIdSource;
use crate::sanitized_text::SanitizedText;

/// The Worker's entry within `dist/server/`.
const WORKER_ENTRY: &str = "index.js";

/// The build id's file within `dist/server/`.
pub(crate) const BUILD_ID_FILE: &str = "BUILD_ID";

/// The file within `dist/server/` with the build id in responses (1.4.0).
const RSC_BUILD_ID_FILE: &str = "RSC_BUILD_ID";

/// The longest such id that is accepted, in bytes. vinext's have 32 hexadecimal digits.
const MAX_RSC_BUILD_ID_BYTES: usize = 128;

/// The largest Worker entry that is searched, in bytes. Workers are limited to 64 MB (Cloudflare
/// Workers limits); a source map or comments may come on top.
const MAX_WORKER_BYTES: u64 = 128 * 1024 * 1024;

/// The code before the build id, which is a double-quoted literal, and the literal's prefix.
///
/// From 0.0.31 to 0.0.45 the literal is the key's prefix `app:<id>`; from 0.0.49 to 0.0.55 it is the default
/// of a parameter. Bundles of these versions are not minified.
const LITERALS: [(&str, &str); 2] = [
    ("const prefix = ", "app:"),
    ("function appIsrCacheKey(pathname, suffix, buildId = ", ""),
];

/// Why the Worker's build id is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildIdError {
    /// The Worker's code does not contain a build id.
    #[error(
        "the Worker's build id was not found in dist/server/{WORKER_ENTRY}, and in this version of vinext \
         the manifest has a different one; build again, or set `generateBuildId` in next.config"
    )]
    NotInWorker,
    /// The Worker's code contains two different build ids.
    #[error(
        "dist/server/{WORKER_ENTRY} contains two different build ids, {0:?} and {1:?}; build again"
    )]
    Ambiguous(SanitizedText, SanitizedText),
    /// The manifest and the Worker belong to different builds.
    #[error(
        "vinext-prerender.json belongs to build {manifest:?}, but dist/server/{BUILD_ID_FILE} says \
         {worker:?}: the pages come from a different build; build and pre-render again"
    )]
    OtherBuild {
        /// The id in the manifest.
        manifest: SanitizedText,
        /// The id of the Worker.
        worker: SanitizedText,
    },
    /// A file exists but cannot be read.
    #[error("cannot read dist/server/{file}: {source}")]
    Unreadable {
        /// The file's name.
        file: &'static str,
        /// The error of the operating system.
        source: std::io::Error,
    },
}

impl BuildIdError {
    /// The error's stable code, which is also that of the skipped run.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInWorker => "build-id-not-found",
            Self::Ambiguous(..) => "build-id-ambiguous",
            Self::OtherBuild { .. } => "other-build",
            Self::Unreadable { .. } => "build-id-unreadable",
        }
    }
}

/// Finds the Worker's build id.
pub(crate) fn find(
    server_dir: &Path,
    source: BuildIdSource,
    manifest_build_id: &str,
) -> Result<String, BuildIdError> {
    match source {
        BuildIdSource::WorkerBundle => {
            let code = read(server_dir, WORKER_ENTRY)?.ok_or(BuildIdError::NotInWorker)?;
            in_worker_code(&code)
        }
        BuildIdSource::BuildIdFile => {
            let content = read(server_dir, BUILD_ID_FILE)?.unwrap_or_default();
            match content.trim() {
                "" => Ok(manifest_build_id.to_owned()),
                worker if worker == manifest_build_id => Ok(worker.to_owned()),
                worker => Err(BuildIdError::OtherBuild {
                    manifest: SanitizedText::new(manifest_build_id),
                    worker: SanitizedText::new(worker),
                }),
            }
        }
    }
}

/// The value of `X-Vinext-RSC-Build-Id` in responses of this build's Worker; `None` if the build has none
/// (before 1.4.0) or it cannot be read.
#[must_use]
pub fn rsc_build_id(server_dir: &Path) -> Option<String> {
    let id = read(server_dir, RSC_BUILD_ID_FILE).ok()??;
    let id = id.trim();
    let is_id = !id.is_empty() && id.len() <= MAX_RSC_BUILD_ID_BYTES;
    (is_id && id.bytes().all(|byte| byte.is_ascii_graphic())).then(|| id.to_owned())
}

fn read(server_dir: &Path, file: &'static str) -> Result<Option<String>, BuildIdError> {
    match text_file::read(&server_dir.join(file), MAX_WORKER_BYTES) {
        Ok(content) => Ok(Some(content)),
        Err(FileError::Missing) => Ok(None),
        Err(problem) => Err(BuildIdError::Unreadable {
            file,
            source: problem.into(),
        }),
    }
}

fn in_worker_code(code: &str) -> Result<String, BuildIdError> {
    let mut found: Option<String> = None;
    for (mark, prefix) in LITERALS {
        for (at, _) in code.match_indices(mark) {
            let literal = string_literal(&code[at + mark.len()..]);
            let id = literal
                .as_deref()
                .and_then(|text| text.strip_prefix(prefix));
            match (id, &found) {
                (None | Some(""), _) => {}
                (Some(id), None) => found = Some(id.to_owned()),
                (Some(id), Some(other)) if id == other => {}
                (Some(id), Some(other)) => {
                    let (other, id) = (SanitizedText::new(other), SanitizedText::new(id));
                    return Err(BuildIdError::Ambiguous(other, id));
                }
            }
        }
    }
    found.ok_or(BuildIdError::NotInWorker)
}

/// The content of the double-quoted JavaScript literal at the start of `code`.
///
/// Bundlers print such literals with the escapes of `JSON.stringify`, so a JSON parser can read them.
fn string_literal(code: &str) -> Option<String> {
    let mut literals = serde_json::Deserializer::from_str(code).into_iter::<String>();
    literals.next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const G02_CODE: &str = r#"function __isrCacheKey(pathname, suffix) {
	const normalized = pathname === "/" ? "/" : pathname.replace(/\/$/, "");
	const prefix = "app:37e1a8f3";
	const key = prefix + ":" + normalized + ":" + suffix;
}
function other() { const prefix = "x-middleware-"; const prefix = 7; }"#;

    const G05_CODE: &str =
        r#"function appIsrCacheKey(pathname, suffix, buildId = "rel 1:\"ü\"") {}"#;

    #[test]
    fn reads_the_id_from_the_code_of_old_workers() {
        assert_eq!(in_worker_code(G02_CODE).unwrap(), "37e1a8f3");
        assert_eq!(in_worker_code(G05_CODE).unwrap(), "rel 1:\"ü\"");
    }

    #[test]
    fn rejects_no_id_and_two_ids() {
        for code in [
            "",
            "const prefix = ",
            "const prefix = \"app:\"",
            "const prefix = \"app",
        ] {
            assert!(
                matches!(in_worker_code(code), Err(BuildIdError::NotInWorker)),
                "{code}"
            );
        }
        let both = format!("{G02_CODE}{G05_CODE}");
        assert!(matches!(
            in_worker_code(&both),
            Err(BuildIdError::Ambiguous(..))
        ));
        let twice = format!("{G02_CODE}{G02_CODE}");
        assert_eq!(in_worker_code(&twice).unwrap(), "37e1a8f3");
    }

    #[test]
    fn the_build_id_file_must_agree_with_the_manifest() {
        let dir = tempfile::tempdir().unwrap();
        let find = || find(dir.path(), BuildIdSource::BuildIdFile, "id-1");
        assert_eq!(find().unwrap(), "id-1");
        fs::write(dir.path().join("BUILD_ID"), "id-1\n").unwrap();
        assert_eq!(find().unwrap(), "id-1");
        fs::write(dir.path().join("BUILD_ID"), "id-2").unwrap();
        assert!(matches!(find(), Err(BuildIdError::OtherBuild { .. })));
        fs::write(dir.path().join("BUILD_ID"), "x".repeat(100_000)).unwrap();
        assert!(find().unwrap_err().to_string().len() < 1000);
        fs::remove_file(dir.path().join("BUILD_ID")).unwrap();
        fs::create_dir(dir.path().join("BUILD_ID")).unwrap();
        assert!(matches!(find(), Err(BuildIdError::Unreadable { .. })));
    }

    #[test]
    fn ignores_the_manifests_id_in_versions_where_it_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let find = || find(dir.path(), BuildIdSource::WorkerBundle, "wrong");
        assert!(matches!(find(), Err(BuildIdError::NotInWorker)));
        fs::write(dir.path().join("index.js"), G02_CODE).unwrap();
        assert_eq!(find().unwrap(), "37e1a8f3");
    }
}
