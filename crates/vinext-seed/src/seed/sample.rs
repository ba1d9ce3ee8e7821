//! Packs a build and keeps the entries of some routes, to be compared with what is stored.

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::batches::Batches;
use super::budget::Budget;
use super::error::SeedError;
use super::guarded::guarded;
use super::limits::Limits;
use super::{BuildOptions, unless_cancelled};
use crate::pack::BatchEntry;
use crate::report::SeedReport;
use crate::store::cloudflare_kv::CloudflareKv;
use crate::store::{Frame, Store};

/// The default number of routes in a sample.
pub const DEFAULT_SAMPLE_ROUTES: usize = 100;

/// The size limit of a sample, in bytes. Entries beyond it are omitted.
const MAX_SAMPLE_BYTES: usize = 64 * 1024 * 1024;

/// A sample of a build's entries.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Sample {
    /// The entries, in the manifest's order.
    pub entries: Vec<SampledEntry>,
    /// How many entries the whole build has.
    pub total: usize,
    /// Skipped routes, the runtime and warnings. Its counts of stored entries are 0.
    pub report: SeedReport,
}

/// An entry as it would be stored.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct SampledEntry {
    /// The key in the store.
    pub key: String,
    /// The value that would be stored.
    pub value: String,
}

/// Returns the entries of `routes` routes, evenly spread over the site, as they would be stored in Workers
/// KV. The sample has at most 64 MiB.
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn sample(
    build: BuildOptions,
    routes: usize,
    cancellation: &CancellationToken,
) -> Result<Sample, SeedError> {
    sample_into::<CloudflareKv>(build, routes, cancellation).await
}

/// Returns a sample of the entries as they would be stored in a store of this kind. See [`sample`].
///
/// # Errors
/// See [`SeedError`]. Having nothing to do is not an error: the report has the reason in `skipped`.
pub async fn sample_into<S: Store>(
    build: BuildOptions,
    routes: usize,
    cancellation: &CancellationToken,
) -> Result<Sample, SeedError> {
    let budget = Budget::of::<S>(Limits::default())?;
    let taken = take(build, budget, routes, S::FRAME);
    guarded(unless_cancelled(cancellation, taken)).await
}

async fn take(
    build: BuildOptions,
    budget: Budget,
    routes: usize,
    frame: Frame,
) -> Result<Sample, SeedError> {
    let mut sample = Sample::default();
    let mut batches = match Batches::of(build, budget, Budget::batcher).await? {
        Ok(batches) => batches,
        Err(report) => return Ok(Sample { report, ..sample }),
    };
    let mut spread = Spread::new(routes, batches.routes());
    let mut bytes = 0;
    let mut is_taken = false;
    while let Some(batch) = batches.next().await? {
        for entry in batch.entries() {
            sample.total += 1;
            if entry.is_first() {
                is_taken = spread.takes_next();
            }
            if !is_taken || bytes + entry.bytes() > MAX_SAMPLE_BYTES {
                continue;
            }
            bytes += entry.bytes();
            sample.entries.push(SampledEntry::of(&entry, frame)?);
        }
    }
    sample.report = batches.into_report();
    Ok(sample)
}

impl SampledEntry {
    fn of(entry: &BatchEntry<'_>, frame: Frame) -> Result<Self, SeedError> {
        let encoded = entry.encoded();
        match frame {
            Frame::BulkJson => {
                serde_json::from_slice(&encoded).map_err(|error| SeedError::internal(&error))
            }
            Frame::RawValue => Ok(Self {
                key: entry.key().to_owned(),
                value: String::from_utf8(encoded.to_vec())
                    .map_err(|error| SeedError::internal(&error))?,
            }),
        }
    }
}

/// Chooses evenly spread positions, including the first.
#[derive(Debug)]
struct Spread {
    wanted: usize,
    total: usize,
    position: usize,
}

impl Spread {
    fn new(wanted: usize, total: usize) -> Self {
        Self {
            wanted: wanted.min(total),
            total: total.max(1),
            position: 0,
        }
    }

    fn takes_next(&mut self) -> bool {
        let step = |position: usize| position * self.wanted / self.total;
        let is_taken = match self.position {
            0 => self.wanted > 0,
            position => step(position) != step(position - 1),
        };
        self.position += 1;
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_a_sample_evenly_and_includes_the_first_route() {
        for (wanted, total) in [(1, 1), (3, 10), (10, 10), (20, 10), (100, 9_999)] {
            let mut spread = Spread::new(wanted, total);
            let taken: Vec<_> = (0..total).filter(|_| spread.takes_next()).collect();
            assert_eq!(taken.first(), Some(&0));
            assert!(
                taken.len().abs_diff(wanted.min(total)) <= 1,
                "{wanted} of {total}: {taken:?}"
            );
        }
    }
}
