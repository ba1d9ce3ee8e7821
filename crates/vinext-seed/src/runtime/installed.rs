//! The versions of vinext and its KV adapter in a project.
//!
//! In: the project's directory. Out: versions, from the packages' own `package.json`.
//! Never: what a lock file or a range says. What is installed is what built the site.

use std::path::Path;

use serde::Deserialize;

use super::RuntimeVersions;

/// The largest `package.json` that is read.
const MAX_PACKAGE_JSON_BYTES: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct PackageJson {
    version: String,
}

/// Finds `vinext` and `@vinext/cloudflare` where Node would: in `node_modules` of the project or of
/// a directory above it. `None` if there is no vinext.
pub(super) fn versions(root: &Path) -> Option<RuntimeVersions> {
    Some(RuntimeVersions {
        vinext: version_of(root, "vinext")?,
        cloudflare: version_of(root, "@vinext/cloudflare"),
    })
}

fn version_of(root: &Path, package: &str) -> Option<String> {
    // Node looks from the real place of a project that is reached through a link.
    let root = root.canonicalize().ok()?;
    root.ancestors().find_map(|directory| {
        let package_json = directory
            .join("node_modules")
            .join(package)
            .join("package.json");
        if std::fs::metadata(&package_json).ok()?.len() > MAX_PACKAGE_JSON_BYTES {
            return None;
        }
        let content = std::fs::read(&package_json).ok()?;
        serde_json::from_slice::<PackageJson>(&content)
            .ok()
            .map(|package| package.version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn install(directory: &Path, package: &str, version: &str) {
        let home = directory.join("node_modules").join(package);
        fs::create_dir_all(&home).unwrap();
        fs::write(
            home.join("package.json"),
            format!(r#"{{"version":"{version}"}}"#),
        )
        .unwrap();
    }

    #[test]
    fn the_nearest_installation_counts() {
        let workspace = tempfile::tempdir().unwrap();
        let project = workspace.path().join("apps/site");
        fs::create_dir_all(&project).unwrap();
        assert_eq!(versions(&project), None);
        install(workspace.path(), "vinext", "0.0.38");
        install(workspace.path(), "@vinext/cloudflare", "1.0.0-beta.7");
        install(&project, "vinext", "1.4.0");
        let found = versions(&project).unwrap();
        assert_eq!(found.vinext, "1.4.0");
        assert_eq!(found.cloudflare.as_deref(), Some("1.0.0-beta.7"));
    }

    #[test]
    fn a_broken_package_json_is_no_installation() {
        let project = tempfile::tempdir().unwrap();
        let home = project.path().join("node_modules/vinext");
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("package.json"), "{").unwrap();
        assert_eq!(versions(project.path()), None);
    }
}
