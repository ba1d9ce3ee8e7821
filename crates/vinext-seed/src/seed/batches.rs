//! Packs a build into batches, one after another, for callers that do not send them.

use std::collections::VecDeque;

use super::BuildOptions;
use super::budget::Budget;
use super::build_snapshot::BuildSnapshot;
use super::error::SeedError;
use super::prepare::{Prepared, Ready, prepare};
use crate::background::run_blocking;
use crate::pack::{Batch, Batcher, Packer};
use crate::report::{SeedReport, SkippedRun};

/// A build that is being packed.
pub(super) struct Batches {
    packer: Packer,
    batcher: Option<Batcher>,
    full: VecDeque<Batch>,
    /// Whether there has been a batch.
    has_any: bool,
    /// Checked after the last batch; `None` from then on.
    snapshot: Option<BuildSnapshot>,
    report: SeedReport,
}

impl Batches {
    /// Prepares a build and the batcher that splits it. Returns a report if there is nothing to do.
    pub(super) async fn of(
        build: BuildOptions,
        budget: Budget,
        batcher: fn(&Budget, usize) -> Batcher,
    ) -> Result<Result<Self, SeedReport>, SeedError> {
        let prepared = run_blocking(move || prepare(build, &budget)).await??;
        let Ready {
            packer,
            snapshot,
            report,
            ..
        } = match prepared {
            Prepared::Ready(ready) => *ready,
            Prepared::Skipped(report) => return Ok(Err(*report)),
        };
        Ok(Ok(Self {
            packer,
            batcher: Some(batcher(&budget, report.routes)),
            full: VecDeque::new(),
            has_any: false,
            snapshot,
            report,
        }))
    }

    /// How many routes the manifest has.
    pub(super) fn routes(&self) -> usize {
        self.report.routes
    }

    /// The next batch; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, SeedError> {
        while self.full.is_empty()
            && let Some(batcher) = &mut self.batcher
        {
            // The consumer keeps no batches, so the packer need not leave memory for them.
            let packed = self.packer.next(true).await;
            match packed.map_err(|problem| SeedError::Pack {
                problem,
                report: Box::default(),
            })? {
                Some(packed) => {
                    batcher.push(&packed, |batch| self.full.push_back(batch));
                    self.report.routes_skipped.extend(packed.skipped);
                }
                None => self
                    .full
                    .extend(self.batcher.take().and_then(Batcher::finish)),
            }
        }
        let batch = self.full.pop_front();
        self.has_any |= batch.is_some();
        if batch.is_none()
            && let Some(snapshot) = self.snapshot.take()
        {
            run_blocking(move || snapshot.check())
                .await?
                .map_err(SeedError::Manifest)?;
        }
        Ok(batch)
    }

    /// The report of what was packed.
    pub(super) fn into_report(mut self) -> SeedReport {
        if !self.has_any {
            let skipped = SkippedRun::nothing_seedable(&self.report.routes_skipped);
            self.report.skipped = Some(skipped);
        }
        self.report
    }
}
