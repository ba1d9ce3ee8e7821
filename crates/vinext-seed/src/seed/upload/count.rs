//! Packs the site once to count the entries to write, if writes are limited.

use super::super::budget::Budget;
use super::super::build_options::BuildOptions;
use super::super::error::SeedError;
use super::super::known_entries::KnownEntries;
use super::super::prepare::{Prepared, Ready, prepare};
use super::super::write_budget::PriorityCounts;
use super::packing::Packing;
use crate::background::run_blocking;
use crate::manifest::ManifestError;
use crate::pack::PackedRoutes;

/// Counts the entries to write, and prepares the build again, to be packed and sent.
pub(super) async fn count_writes(
    packing: &mut Packing,
    known: &KnownEntries,
    build: BuildOptions,
    budget: Budget,
) -> Result<(PriorityCounts, Ready), SeedError> {
    let mut counts = PriorityCounts::default();
    let mut add = |packed: &PackedRoutes| {
        for (position, span) in packed.entries().iter().enumerate() {
            if !known.has(packed.key(position), span.digest, span.ttl_seconds()) {
                counts.add(span.priority);
            }
        }
    };
    for packed in packing.take_held() {
        add(&packed);
    }
    while !packing.is_done() {
        if let Some(packed) = packing.next(true).await {
            add(&packed);
        }
    }
    if let Some(problem) = packing.take_error() {
        return Err(SeedError::Pack {
            problem,
            report: Box::default(),
        });
    }
    let prepared = run_blocking(move || prepare(build, &budget)).await??;
    match prepared {
        Prepared::Ready(ready) => Ok((counts, *ready)),
        // It was not skipped when it was prepared the first time.
        Prepared::Skipped(_) => Err(SeedError::Manifest(ManifestError::Changed)),
    }
}
