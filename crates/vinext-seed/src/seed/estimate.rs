//! The dry run: packs every entry as if it were sent, and counts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::batches::Batches;
use super::budget::Budget;
use super::error::SeedError;
use super::guarded::guarded;
use super::write_budget::PriorityCounts;
use super::{BuildOptions, Limits, unless_cancelled};
use crate::background::run_blocking;
use crate::pack::Batch;
use crate::report::SeedReport;
use crate::runtime::worker::has_rewrites;
use crate::store::Store;
use crate::store::cloudflare_kv::CloudflareKv;

/// The warning for a site with rewrites.
const REWRITES: &str = "next.config has rewrites: the pages that they lead to are seeded, and the paths \
    that are rewritten are not, unless the build lists them (docs/formats.md#rewrites)";

/// How many of the largest entries are listed.
pub const LARGEST_ENTRIES: usize = 10;

/// What seeding a build into an empty store would do.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Estimate {
    /// Routes that would be seeded.
    pub routes: usize,
    /// Entries that would be written. Workers KV bills one write for each.
    pub pairs: usize,
    /// Routes whose main entry is within `max_writes`.
    pub routes_within_budget: usize,
    /// Entries within `max_writes`.
    pub pairs_within_budget: usize,
    /// Bytes of the request bodies.
    pub bytes: u64,
    /// Requests.
    pub batches: usize,
    /// The largest entries, at most [`LARGEST_ENTRIES`], in descending order of size.
    pub largest: Vec<EntrySize>,
    /// Skipped routes, the runtime and warnings. Its counts of stored entries are 0.
    pub report: SeedReport,
}

/// The size of an entry.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct EntrySize {
    /// The size of its key and value as they are sent, in bytes.
    pub bytes: usize,
    /// The key in the store.
    pub key: String,
}

/// Counts what [`seed`](super::seed()) would send to an empty KV namespace. `max_writes` limits the counts
/// `..._within_budget`; `None` is no limit.
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn estimate(
    build: BuildOptions,
    limits: Limits,
    max_writes: Option<usize>,
    cancellation: &CancellationToken,
) -> Result<Estimate, SeedError> {
    estimate_into::<CloudflareKv>(build, limits, max_writes, cancellation).await
}

/// Counts what [`seed_into`](super::seed_into()) would send to an empty store of this kind. See
/// [`estimate`].
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn estimate_into<S: Store>(
    build: BuildOptions,
    limits: Limits,
    max_writes: Option<usize>,
    cancellation: &CancellationToken,
) -> Result<Estimate, SeedError> {
    let started = Instant::now();
    let budget = Budget::of::<S>(limits)?;
    let mut estimate = guarded(unless_cancelled(
        cancellation,
        count(build, budget, max_writes),
    ))
    .await?;
    estimate.report.duration = started.elapsed();
    Ok(estimate)
}

async fn count(
    build: BuildOptions,
    budget: Budget,
    max_writes: Option<usize>,
) -> Result<Estimate, SeedError> {
    let mut estimate = Estimate::default();
    let root = build.root.clone();
    let rewrites = run_blocking(move || has_rewrites(&root)).await?;
    let mut batches = match Batches::of(build, budget, Budget::batcher).await? {
        Ok(batches) => batches,
        Err(report) => return Ok(Estimate { report, ..estimate }),
    };
    let mut largest = Largest::default();
    let mut counts = PriorityCounts::default();
    while let Some(batch) = batches.next().await? {
        estimate.routes += batch.routes();
        estimate.pairs += batch.pairs();
        estimate.bytes += batch.body_bytes() as u64;
        estimate.batches += 1;
        largest.add(&batch);
        for entry in batch.entries() {
            counts.add(entry.priority());
        }
    }
    let coverage = counts.coverage(max_writes.unwrap_or(usize::MAX));
    estimate.pairs_within_budget = coverage.entries;
    estimate.routes_within_budget = coverage.routes;
    estimate.largest = largest.into_sorted();
    estimate.report = batches.into_report();
    if rewrites {
        estimate.report.warnings.push(REWRITES.to_owned());
    }
    Ok(estimate)
}

/// The largest entries so far, with the smallest of them on top.
#[derive(Default)]
struct Largest(BinaryHeap<Reverse<EntrySize>>);

impl Largest {
    fn add(&mut self, batch: &Batch) {
        for entry in batch.entries() {
            let is_full = self.0.len() == LARGEST_ENTRIES;
            if is_full && (self.0.peek()).is_some_and(|Reverse(least)| least.bytes >= entry.bytes())
            {
                continue;
            }
            if is_full {
                self.0.pop();
            }
            self.0.push(Reverse(EntrySize {
                bytes: entry.bytes(),
                key: entry.key().to_owned(),
            }));
        }
    }

    fn into_sorted(self) -> Vec<EntrySize> {
        let sorted = self.0.into_sorted_vec().into_iter();
        sorted.map(|Reverse(entry)| entry).collect()
    }
}
