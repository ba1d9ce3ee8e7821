//! Writes the entries to files, in the form that `wrangler kv bulk put` takes.
//!
//! Invariants: the directory is empty before, since files of another build would be loaded along with
//! ours; and an export that fails or is cancelled leaves nothing in it.

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
use crate::background::off_the_executor;
use crate::pack::{Batch, Batcher};
use crate::report::SeedReport;
use crate::store::cloudflare_kv::CloudflareKv;

/// Bytes of a file unless the caller says otherwise. Wrangler sends up to 1,000 pairs in one request
/// whatever their size, so a file must stay well below the API's 100 MB.
pub const DEFAULT_MAX_FILE_BYTES: usize = 25_000_000;

/// What an export left.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Export {
    /// The files, in order.
    pub files: Vec<ExportFile>,
    /// Routes with their main entry in them.
    pub routes: usize,
    /// Pairs in them.
    pub pairs: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// What was found out on the way. Nothing in it is stored.
    pub report: SeedReport,
}

/// One file of an export.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExportFile {
    /// Its name in the directory.
    pub name: String,
    /// Its pairs.
    pub pairs: usize,
    /// Its length in bytes.
    pub bytes: usize,
}

/// Writes what [`seed`](super::seed()) would send to files. The directory is made if need be.
///
/// # Errors
/// See [`SeedError`]. If there is nothing to do, the report says so.
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
    let place = directory.clone();
    off_the_executor(move || make_empty(&place)).await??;
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

/// The files of an export that is not done. Dropping it removes them: some pages of a site are not a
/// site.
struct Unfinished {
    directory: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Those that have their name.
    files: Vec<String>,
    /// Whether the export was cancelled: a writer that is still running must remove its file.
    is_abandoned: bool,
}

impl Unfinished {
    fn in_directory(directory: PathBuf) -> Self {
        Self {
            directory,
            state: Arc::default(),
        }
    }

    /// Writes a file off the executor.
    async fn write(&self, name: String, batch: Batch) -> Result<(), SeedError> {
        let path = self.directory.join(&name);
        let state = Arc::clone(&self.state);
        off_the_executor(move || write_file(path, name, &batch, &state)).await?
    }

    /// The files stay.
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

/// Writes a file under a temporary name first: what has its own name is whole.
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
            // A full disk may show only now.
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
            // Only what this run began.
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
