//! Ends an upload: writes the record for later runs, and turns the outcome into a report or an error.

use tokio_util::sync::CancellationToken;

use super::super::error::SeedError;
use super::super::known_entries::BuildKeyspace;
use super::super::record;
use super::failures::Failures;
use super::packing::Packing;
use super::selection::Selection;
use crate::pack::PackError;
use crate::report::{SeedReport, SkippedRun, UnstoredEntries};
use crate::send::BatchSender;
use crate::store::{Store, StoreError};

/// A site of which every entry is stored, has failed or was left for a later run.
pub(super) struct Sent {
    pub(super) packing: Packing,
    pub(super) selection: Selection,
    pub(super) routes_packed: usize,
    pub(super) failures: Failures,
    pub(super) report: SeedReport,
    pub(super) is_aborted: bool,
}

impl Sent {
    /// Returns the report, or the error if not everything is stored. `listing_error` is the reason why the
    /// entries of earlier runs are unknown.
    pub(super) async fn finish<S: Store>(
        mut self,
        sender: &BatchSender<S>,
        keyspace: &BuildKeyspace,
        listing_error: Option<StoreError>,
        has_given_pages: bool,
        cancellation: &CancellationToken,
    ) -> Result<SeedReport, SeedError> {
        let mut pack_error = self.packing.take_error();
        if !self.is_aborted && pack_error.is_none() {
            pack_error = self.packing.check_build().await?.err().map(PackError::from);
        }
        let is_whole = pack_error.is_none() && sender.end().is_none();
        self.prepare_next_run(sender, keyspace, is_whole, cancellation)
            .await;
        self.into_result(pack_error, listing_error, has_given_pages)
    }

    /// Writes the record and the digests, so that a later run need not write everything again.
    async fn prepare_next_run<S: Store>(
        &mut self,
        sender: &BatchSender<S>,
        keyspace: &BuildKeyspace,
        is_whole: bool,
        cancellation: &CancellationToken,
    ) {
        let stored = self.report.pairs_stored;
        if stored == 0 || self.is_aborted {
            return;
        }
        if is_whole && self.selection.has_write_left(stored) {
            tokio::select! {
                () = cancellation.cancelled() => {}
                () = record::write_record(sender, keyspace, self.selection.longest_ttl(), &self.report) => {}
            }
        }
        tokio::select! {
            () = cancellation.cancelled() => {}
            warning = record::keep_metadata(sender, keyspace) => self.report.warnings.extend(warning),
        }
    }

    fn into_result(
        self,
        pack_error: Option<PackError>,
        listing_error: Option<StoreError>,
        has_given_pages: bool,
    ) -> Result<SeedReport, SeedError> {
        let mut report = Box::new(self.report);
        let max_listed = self.failures.max_listed();
        let mut failures = self.failures.into_ordered().peekable();
        let failure = failures.peek().map(|first| first.error.clone());
        for failed in failures.chain(self.selection.into_left_over()) {
            UnstoredEntries::add(&mut report.not_stored, failed, max_listed);
        }
        report.routes = self.packing.routes();
        report.routes_not_reached = report.routes - self.routes_packed;
        // If the run fails for the same reason, one message is enough.
        let failed_with = failure.as_ref().map(StoreError::code);
        if let Some(error) = listing_error
            && failed_with != Some(error.code())
        {
            report.warnings.push(format!(
                "cannot determine what is already stored, so every entry is written: {error}"
            ));
        }
        self.packing.free();
        match (failure, pack_error) {
            _ if self.is_aborted => Err(SeedError::Aborted { report }),
            (Some(failure), _) => Err(SeedError::Upload { failure, report }),
            (None, Some(problem)) => Err(SeedError::Pack { problem, report }),
            (None, None) => {
                if report.pairs_planned() == 0 {
                    report.skipped = Some(match has_given_pages {
                        true => SkippedRun::no_page_seedable(&report.routes_skipped),
                        false => SkippedRun::nothing_seedable(&report.routes_skipped),
                    });
                }
                Ok(*report)
            }
        }
    }
}
