//! Finds the installed packages in `node_modules`, with their versions and the files that identify the
//! format.
//!
//! This is for Rust callers. The Node addon resolves packages itself, with Node's own rules and
//! Plug'n'Play.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::probe::{CLOUDFLARE_FILES, PackageFiles, Probes, VINEXT_FILES};
use super::text_file;
use super::{ProbedRuntime, RuntimeVersions};

/// The largest file of a package that is read, in bytes. Those of published versions have up to
/// 150 KB.
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct PackageJson {
    version: String,
}

/// Finds `vinext` and `@vinext/cloudflare` in `node_modules` of the project or of a directory above it.
/// `None` if vinext is not installed.
pub(super) fn find(root: &Path) -> Option<ProbedRuntime> {
    // Node resolves links before it looks for packages.
    let root = root.canonicalize().ok()?;
    let (vinext, vinext_version) = package(&root, "vinext")?;
    let (cloudflare, cloudflare_version) = package(&root, "@vinext/cloudflare").unzip();
    Some(ProbedRuntime {
        versions: RuntimeVersions {
            vinext: vinext_version,
            cloudflare: cloudflare_version,
        },
        probes: Probes {
            vinext: files(&vinext, VINEXT_FILES),
            cloudflare: cloudflare.map(|home| files(&home, CLOUDFLARE_FILES)),
        },
    })
}

fn package(root: &Path, name: &str) -> Option<(PathBuf, String)> {
    root.ancestors().find_map(|directory| {
        let home = directory.join("node_modules").join(name);
        let package_json = read(&home.join("package.json"))?;
        let parsed: PackageJson = serde_json::from_str(&package_json).ok()?;
        Some((home, parsed.version))
    })
}

fn files(home: &Path, names: &[&str]) -> PackageFiles {
    let contents = names
        .iter()
        .filter_map(|&name| Some((name.to_owned(), read(&home.join(name))?)));
    contents.collect()
}

fn read(file: &Path) -> Option<String> {
    text_file::read(file, MAX_FILE_BYTES).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn install(directory: &Path, package: &str, version: &str) {
        let home = directory.join("node_modules").join(package);
        fs::create_dir_all(home.join("dist/utils")).unwrap();
        fs::write(
            home.join("package.json"),
            format!(r#"{{"version":"{version}"}}"#),
        )
        .unwrap();
        fs::write(home.join("dist/utils/hash.js"), version).unwrap();
    }

    #[test]
    fn uses_the_nearest_installation() {
        let workspace = tempfile::tempdir().unwrap();
        let project = workspace.path().join("apps/site");
        fs::create_dir_all(&project).unwrap();
        assert!(find(&project).is_none());
        install(workspace.path(), "vinext", "0.0.38");
        install(workspace.path(), "@vinext/cloudflare", "1.0.0-beta.7");
        install(&project, "vinext", "1.4.0");
        let found = find(&project).unwrap();
        assert_eq!(found.versions.vinext, "1.4.0");
        assert_eq!(found.versions.cloudflare.as_deref(), Some("1.0.0-beta.7"));
        assert_eq!(found.probes.vinext["dist/utils/hash.js"], "1.4.0");
        assert_eq!(found.probes.vinext.len(), 1);
    }

    #[test]
    fn ignores_a_broken_package_json() {
        let project = tempfile::tempdir().unwrap();
        let home = project.path().join("node_modules/vinext");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("package.json"), "{").unwrap();
        assert!(find(project.path()).is_none());
    }
}
