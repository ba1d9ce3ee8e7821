//! Reads the files of a built Worker.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::javascript::SourceFile;
use super::super::text_file;

/// The Worker's entry within its bundle.
pub(super) const MAIN_MODULE: &str = "index.js";

/// Directories of `dist/server/` that contain no code of the Worker.
const NOT_CODE: [&str; 1] = ["prerendered-routes"];

/// The largest file that is read, in bytes: the limit of a whole Worker (Cloudflare Workers limits: 64 MB).
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// The limit of all files together, in bytes. Without source maps a Worker has at most 64 MB.
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// The limits of the number of files and of the depth of directories, far above those of any bundle.
const MAX_FILES: usize = 10_000;
const MAX_DEPTH: usize = 8;

/// The directory of a single Worker's bundle, if `experimental.newConfig.cfBuildOutput` is set in
/// `@cloudflare/vite-plugin` (since 1.64). The manifest stays in `dist/server/`.
const BUILD_OUTPUT: &str = ".cloudflare/output/v0/workers/default/bundle";

/// The file in which `@cloudflare/vite-plugin` names the configuration that wrangler deploys. The bundle is in
/// the same directory as the configuration: in `dist/ssr` if the plugin builds the environment `ssr`, as for
/// sites that have only a Pages Router.
const DEPLOY_CONFIG: &str = ".wrangler/deploy/config.json";

/// The largest such file that is read, in bytes.
const MAX_DEPLOY_CONFIG_BYTES: u64 = 64 * 1024;

/// A built Worker's code.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    /// The JavaScript files.
    pub(super) files: Vec<SourceFile>,
    bytes: usize,
    seen: usize,
}

impl Bundle {
    /// Reads the bundle of a project, except for files that cannot be read.
    pub(super) fn read(root: &Path) -> Self {
        let mut bundle = Self::default();
        bundle.collect(&worker_directory(root), "", 0);
        bundle
    }

    /// A bundle of one file.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of_code(code: &str) -> Self {
        let file = SourceFile {
            path: MAIN_MODULE.to_owned(),
            code: code.to_owned(),
        };
        Self {
            files: vec![file],
            ..Self::default()
        }
    }

    /// Whether any file contains a text.
    pub(super) fn contains(&self, text: &str) -> bool {
        self.files.iter().any(|file| file.code.contains(text))
    }

    fn collect(&mut self, directory: &Path, prefix: &str, depth: usize) {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return;
        };
        for entry in entries.flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            // Links are not followed: nothing in a bundle is one.
            let Ok(file_type) = entry.file_type() else {
                continue;
            };
            if file_type.is_dir() && depth < MAX_DEPTH && !NOT_CODE.contains(&&*name) {
                self.collect(&path, &format!("{prefix}{name}/"), depth + 1);
            } else if file_type.is_file() && self.seen < MAX_FILES && is_code(&path) {
                self.seen += 1;
                self.add(&path, format!("{prefix}{name}"));
            }
        }
    }

    fn add(&mut self, file: &Path, path: String) {
        let left = (MAX_BYTES - self.bytes) as u64;
        if let Ok(code) = text_file::read(file, MAX_FILE_BYTES.min(left)) {
            // The replacement is longer than the bytes it replaces.
            self.bytes = (self.bytes + code.len()).min(MAX_BYTES);
            self.files.push(SourceFile { path, code });
        }
    }
}

/// The directory of the Worker's entry.
fn worker_directory(root: &Path) -> PathBuf {
    let server = root.join("dist").join("server");
    let output = root.join(BUILD_OUTPUT);
    if server.join(MAIN_MODULE).exists() {
        server
    } else if output.is_dir() {
        output
    } else {
        deployed(root).unwrap_or(server)
    }
}

/// The directory of the configuration that wrangler deploys, within the project's `dist`.
fn deployed(root: &Path) -> Option<PathBuf> {
    let file = root.join(DEPLOY_CONFIG);
    let text = text_file::read(&file, MAX_DEPLOY_CONFIG_BYTES).ok()?;
    let config: Value = serde_json::from_str(&text).ok()?;
    let named = file.parent()?.join(config["configPath"].as_str()?);
    let directory = named.parent()?.canonicalize().ok()?;
    let dist = root.join("dist").canonicalize().ok()?;
    (directory.starts_with(dist) && directory.join(MAIN_MODULE).is_file()).then_some(directory)
}

fn is_code(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "js" || extension == "mjs")
}
