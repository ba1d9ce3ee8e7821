//! Packs and sends until every entry is stored, has failed or is left for a later run.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::progress;
use super::failures::Failures;
use super::finish::Sent;
use super::packing::Packing;
use super::selection::Selection;
use crate::pack::{Batch, Batcher, PackedRoutes};
use crate::progress::{Phase, Throttle};
use crate::report::{FailedPairs, SeedReport};
use crate::send::{BatchSender, Delivered};
use crate::store::{Store, StoreError};

/// A site that is being packed and sent.
pub(super) struct Sending<'a, 'o> {
    packing: Packing,
    selection: Selection,
    /// `None` after packing has ended.
    batcher: Option<Batcher>,
    /// Full batches that wait for a free request.
    waiting: VecDeque<Batch>,
    /// How many batches have left `waiting`.
    batches_taken: usize,
    /// Routes that were skipped, or whose entries are accounted for.
    routes_packed: usize,
    failures: Failures,
    report: SeedReport,
    throttle: &'a mut Throttle<'o>,
}

impl<'a, 'o> Sending<'a, 'o> {
    pub(super) fn new(
        packing: Packing,
        selection: Selection,
        batcher: Batcher,
        max_listed: usize,
        report: SeedReport,
        throttle: &'a mut Throttle<'o>,
    ) -> Self {
        Self {
            packing,
            selection,
            batcher: Some(batcher),
            waiting: VecDeque::new(),
            batches_taken: 0,
            routes_packed: 0,
            failures: Failures::new(max_listed),
            report,
            throttle,
        }
    }

    pub(super) async fn run<S: Store>(
        mut self,
        sender: &BatchSender<S>,
        concurrency: usize,
        cancellation: &CancellationToken,
    ) -> Sent {
        for packed in self.packing.take_held() {
            self.add(packed);
        }
        if self.packing.is_done() {
            self.finish_batch();
        }
        let mut in_flight = FuturesUnordered::new();
        let mut pauses = sender.pauses();
        let mut is_aborted = false;
        loop {
            if let Some(end) = sender.end() {
                self.packing.pack_keys_only();
                self.fail_waiting(&end);
            }
            while in_flight.len() < concurrency
                && let Some(batch) = self.waiting.pop_front()
            {
                let number = self.next_number();
                in_flight.push(async move { (number, sender.deliver(batch).await) });
            }
            let wants_more = !self.packing.is_done() && self.waiting.is_empty();
            let is_idle = in_flight.is_empty();
            if is_idle && !wants_more {
                break;
            }
            let mut paused_for = None;
            tokio::select! {
                () = cancellation.cancelled(), if !is_aborted => {
                    is_aborted = true;
                    sender.abort(&aborted());
                    self.packing.stop();
                    self.finish_batch();
                }
                Some((number, delivered)) = in_flight.next(), if !is_idle => {
                    self.settle(number, delivered);
                }
                packed = self.packing.next(is_idle), if wants_more => match packed {
                    Some(packed) => self.add(packed),
                    None => self.finish_batch(),
                },
                Ok(()) = pauses.changed() => {
                    let until = *pauses.borrow_and_update();
                    paused_for = until.map(|until| until - Instant::now());
                }
            }
            self.report_progress(paused_for);
        }
        drop(in_flight);
        Sent {
            packing: self.packing,
            selection: self.selection,
            routes_packed: self.routes_packed,
            failures: self.failures,
            report: self.report,
            is_aborted,
        }
    }

    /// Adds the entries to write to the current batch.
    fn add(&mut self, packed: PackedRoutes) {
        let written = self.selection.select(&packed, &mut self.report);
        if let Some(batcher) = &mut self.batcher {
            batcher.push_some(&packed, &written, |batch| self.waiting.push_back(batch));
        }
        self.routes_packed += packed.routes;
        self.report.routes_skipped.extend(packed.skipped);
    }

    /// Queues the last batch, which may not be full.
    fn finish_batch(&mut self) {
        let last = self.batcher.take().and_then(Batcher::finish);
        self.waiting.extend(last);
    }

    fn next_number(&mut self) -> usize {
        let number = self.batches_taken;
        self.batches_taken += 1;
        number
    }

    /// Fails the batches for which no request has been made.
    fn fail_waiting(&mut self, end: &StoreError) {
        for batch in std::mem::take(&mut self.waiting) {
            let failed = FailedPairs {
                error: end.clone().may_be_stored(false),
                pairs: batch.pairs(),
                // Later batches have later keys.
                keys: batch.keys().take(self.failures.room()).collect(),
            };
            let number = self.next_number();
            self.failures.add(number, vec![failed]);
        }
    }

    fn settle(&mut self, number: usize, delivered: Delivered) {
        self.report.seeded_routes += delivered.routes;
        self.report.pairs_stored += delivered.pairs;
        self.report.bytes_sent += delivered.bytes;
        self.report.batches += delivered.requests;
        self.report.retries += delivered.retries;
        if !delivered.failed.is_empty() {
            let failed = delivered.failed.into_iter().map(Into::into).collect();
            self.failures.add(number, failed);
        }
    }

    fn report_progress(&mut self, paused_for: Option<Duration>) {
        self.report.routes = self.packing.routes();
        let progress = progress(Phase::Send, self.routes_packed, &self.report);
        self.throttle.report(progress.paused(paused_for));
    }
}

fn aborted() -> StoreError {
    StoreError::new(
        "ABORT_ERR",
        "seeding was aborted before they were stored".to_owned(),
    )
}
