//! Writes the entries to files that `wrangler kv bulk put` can load.
//!
//! Invariants: the directory is empty at the start, because files of another build would be loaded too.
//! An export that fails or is cancelled leaves no files behind.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::batches::Batches;
use super::budget::Budget;
use super::error::SeedError;
use super::guarded::guarded;
use super::{BuildOptions, Limits, unless_cancelled};
use crate::background::run_blocking;
use crate::pack::{Batch, Batcher};
use crate::report::SeedReport;
use crate::store::cloudflare_kv::CloudflareKv;

/// The default size limit of a file, in bytes. Wrangler sends up to 1,000 entries per request regardless
/// of their size, so a file must stay well below the API's limit of 100 MB.
pub const DEFAULT_MAX_FILE_BYTES: usize = 25_000_000;

/// The result of an export.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Export {
    /// The files, in the order in which they are loaded.
    pub files: Vec<ExportFile>,
    /// Routes whose main entry was exported.
    pub routes: usize,
    /// Exported entries.
    pub pairs: usize,
    /// The total size of the files, in bytes.
    pub bytes: u64,
    /// Skipped routes, the runtime and warnings. Its counts of stored entries are 0.
    pub report: SeedReport,
}

/// One file of an export.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExportFile {
    /// The file's name within the directory: `kv-bulk-0001.json` and so on.
    pub name: String,
    /// The number of entries in it.
    pub pairs: usize,
    /// The file's size, in bytes.
    pub bytes: usize,
}

/// Writes the entries that [`seed`](super::seed()) would send to files in `directory`, which must be empty
/// and is created if it does not exist. A file has at most [`Limits::max_batch_bytes`], by default
/// [`DEFAULT_MAX_FILE_BYTES`].
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn export(
    build: BuildOptions,
    limits: Limits,
    directory: PathBuf,
    cancellation: &CancellationToken,
) -> Result<Export, SeedError> {
    let started = Instant::now();
    let max_file_bytes = limits.max_batch_bytes.unwrap_or(DEFAULT_MAX_FILE_BYTES);
    let budget = Budget::of::<CloudflareKv>(Limits {
        max_batch_bytes: Some(max_file_bytes),
        ..limits
    })?;
    let mut export = guarded(unless_cancelled(
        cancellation,
        write(build, budget, directory),
    ))
    .await?;
    export.report.duration = started.elapsed();
    Ok(export)
}

async fn write(
    build: BuildOptions,
    budget: Budget,
    directory: PathBuf,
) -> Result<Export, SeedError> {
    let mut export = Export::default();
    let mut batches =
        match Batches::of(build, budget, |budget, _| Batcher::new(budget.batch)).await? {
            Ok(batches) => batches,
            Err(report) => return Ok(Export { report, ..export }),
        };
    let path = directory.clone();
    run_blocking(move || make_empty(&path)).await??;
    let unfinished = Unfinished::in_directory(directory);
    while let Some(batch) = batches.next().await? {
        let name = format!("kv-bulk-{:04}.json", export.files.len() + 1);
        export.routes += batch.routes();
        export.pairs += batch.pairs();
        export.bytes += batch.body_bytes() as u64;
        export.files.push(ExportFile {
            name: name.clone(),
            pairs: batch.pairs(),
            bytes: batch.body_bytes(),
        });
        unfinished.write(name, batch).await?;
    }
    unfinished.finish();
    export.report = batches.into_report();
    Ok(export)
}

fn make_empty(directory: &Path) -> Result<(), SeedError> {
    let unwritable = |source| SeedError::ExportUnwritable {
        path: directory.to_owned(),
        source,
    };
    fs::create_dir_all(directory).map_err(unwritable)?;
    let mut entries = fs::read_dir(directory).map_err(unwritable)?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(SeedError::ExportNotEmpty(directory.to_owned())),
    }
}

/// The files of an unfinished export. Dropping it removes them, because part of a site must not be
/// loaded.
struct Unfinished {
    directory: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Files that have their final name.
    files: Vec<String>,
    /// Whether the export was cancelled. A writer that is still running must then remove its file.
    is_abandoned: bool,
}

impl Unfinished {
    fn in_directory(directory: PathBuf) -> Self {
        Self {
            directory,
            state: Arc::default(),
        }
    }

    /// Writes a file on a separate thread.
    async fn write(&self, name: String, batch: Batch) -> Result<(), SeedError> {
        let path = self.directory.join(&name);
        let state = Arc::clone(&self.state);
        run_blocking(move || write_file(path, name, &batch, &state)).await?
    }

    /// Keeps the files.
    fn finish(self) {
        lock(&self.state).files.clear();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.is_abandoned = true;
        for name in &state.files {
            // It is fine if it no longer exists.
            let _ = fs::remove_file(self.directory.join(name));
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a file under a temporary name and renames it, so that a file with its final name is complete.
fn write_file(
    path: PathBuf,
    name: String,
    batch: &Batch,
    state: &Mutex<State>,
) -> Result<(), SeedError> {
    let unfinished = path.with_extension("json.part");
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .and_then(|mut file: File| {
            batch.body().try_for_each(|piece| file.write_all(&piece))?;
            // A full disk may be reported only here.
            file.sync_data()
        });
    let mut state = lock(state);
    let named = written.and_then(|()| match state.is_abandoned {
        true => Err(io::ErrorKind::Interrupted.into()),
        false => fs::rename(&unfinished, &path),
    });
    match named {
        Ok(()) => {
            state.files.push(name);
            Ok(())
        }
        Err(source) => {
            // A file that existed before is not ours.
            if source.kind() != io::ErrorKind::AlreadyExists {
                let _ = fs::remove_file(&unfinished);
            }
            Err(SeedError::ExportUnwritable { path, source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::batch_of;

    fn files_in(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.collect()
    }

    fn batch() -> Batch {
        batch_of(&["a".to_owned()])
    }

    #[tokio::test]
    async fn removes_files_of_an_unfinished_export() {
        let dir = tempfile::tempdir().unwrap();
        for is_finished in [false, true] {
            let unfinished = Unfinished::in_directory(dir.path().to_owned());
            let name = "kv-bulk-0001.json".to_owned();
            unfinished.write(name.clone(), batch()).await.unwrap();
            assert_eq!(files_in(dir.path()), [name]);
            if is_finished {
                unfinished.finish();
            } else {
                drop(unfinished);
            }
            assert_eq!(files_in(dir.path()).len(), usize::from(is_finished));
        }
    }

    #[test]
    fn leaves_nothing_if_renaming_fails() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        fs::create_dir(&path).unwrap();
        let state = Mutex::default();
        let error = write_file(path.clone(), "a.json".to_owned(), &batch(), &state).unwrap_err();
        assert_eq!(error.code(), "EXPORT_UNWRITABLE");
        assert_eq!(files_in(dir.path()), ["a.json"]);
        fs::remove_dir(&path).unwrap();
        state.lock().unwrap().is_abandoned = true;
        write_file(path, "a.json".to_owned(), &batch(), &state).unwrap_err();
        assert!(files_in(dir.path()).is_empty());
    }
}
