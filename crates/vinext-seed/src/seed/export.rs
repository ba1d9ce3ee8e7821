//! The same entries as files, in the form that `wrangler kv bulk put` takes.
//!
//! In: what is to be seeded, and a directory. Out: files there, each a request body.
//! Never: a file among others. Left-overs of another build would be loaded along with ours, so the
//! directory has to be empty.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::batches::Batches;
use super::budget::Budget;
use super::error::SeedError;
use super::{BuildOptions, Limits, off_the_executor, unless_cancelled};
use crate::pack::{Batch, Batcher};
use crate::report::SeedReport;

/// Bytes of a file unless the caller says otherwise. Wrangler sends up to 1,000 pairs in one request
/// whatever their size, so a file has to stay well below the API's 100 MB.
pub const DEFAULT_MAX_FILE_BYTES: usize = 25_000_000;

/// What an export left.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The files, in order.
    pub files: Vec<ExportFile>,
    /// Routes whose main entry is in them.
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
/// See [`SeedError`]. Where there is merely nothing to do, the report says so.
pub async fn export(
    build: BuildOptions,
    limits: Limits,
    directory: PathBuf,
    cancellation: &CancellationToken,
) -> Result<Export, SeedError> {
    let started = Instant::now();
    let max_file_bytes = limits.max_batch_bytes.unwrap_or(DEFAULT_MAX_FILE_BYTES);
    let budget = Budget::of(Limits {
        max_batch_bytes: Some(max_file_bytes),
        ..limits
    })?;
    let mut export = unless_cancelled(cancellation, write(build, budget, directory)).await?;
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
        let path = directory.join(name);
        off_the_executor(move || write_file(path, &batch)).await??;
    }
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

fn write_file(path: PathBuf, batch: &Batch) -> Result<(), SeedError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .and_then(|mut file: File| batch.body().try_for_each(|piece| file.write_all(&piece)));
    written.map_err(|source| SeedError::ExportUnwritable { path, source })
}
