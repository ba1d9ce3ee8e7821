//! Packing and sending, side by side.
//!
//! In: a packer and a sender. Out: a report of what is stored.
//! Never: more requests in flight than asked for, and never a batch kept that nobody waits for.

use std::collections::VecDeque;

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::prepare::Ready;
use super::progress;
use crate::error::SeedError;
use crate::pack::{Batch, Batcher, PackedRoutes, Packer};
use crate::progress::{Phase, Throttle};
use crate::report::{SeedReport, SkippedRun};
use crate::send::{Failure, KvSender};

/// Packing and sending, until all is sent or something fails.
pub(super) struct Upload<'a, 'o> {
    packer: Packer,
    sender: KvSender,
    batcher: Option<Batcher>,
    /// Full batches that wait for a free request.
    ready: VecDeque<Batch>,
    concurrency: usize,
    routes_packed: usize,
    total_routes: usize,
    report: SeedReport,
    throttle: &'a mut Throttle<'o>,
}

impl<'a, 'o> Upload<'a, 'o> {
    pub(super) fn new(
        ready: Ready,
        batcher: Batcher,
        concurrency: usize,
        throttle: &'a mut Throttle<'o>,
    ) -> Self {
        Self {
            packer: ready.packer,
            sender: ready.sender,
            batcher: Some(batcher),
            ready: VecDeque::new(),
            concurrency,
            routes_packed: 0,
            total_routes: ready.total_routes,
            report: ready.report,
            throttle,
        }
    }

    pub(super) async fn run(mut self) -> Result<SeedReport, SeedError> {
        let mut in_flight = FuturesUnordered::new();
        let mut failure: Option<Failure> = None;
        loop {
            while failure.is_none() && in_flight.len() < self.concurrency {
                let Some(batch) = self.ready.pop_front() else {
                    break;
                };
                let sender = &self.sender;
                in_flight.push(async move { (sender.store(&batch).await, batch) });
            }
            let wants_more = failure.is_none() && self.batcher.is_some() && self.ready.is_empty();
            if in_flight.is_empty() && !wants_more {
                break;
            }
            tokio::select! {
                Some((stored, batch)) = in_flight.next(), if !in_flight.is_empty() => {
                    match stored {
                        Ok(()) => count(&mut self.report, &batch),
                        Err(first) => failure = Some(failure.unwrap_or(first)),
                    }
                }
                packed = self.packer.next(), if wants_more => match packed {
                    Ok(packed) => accept(
                        packed,
                        &mut self.batcher,
                        &mut self.ready,
                        &mut self.report,
                        &mut self.routes_packed,
                    ),
                    Err(problem) => {
                        let report = Box::new(self.report);
                        return Err(SeedError::Pack { problem, report });
                    }
                },
            }
            self.throttle.report(progress(
                Phase::Send,
                self.routes_packed,
                self.total_routes,
                &self.report,
            ));
        }
        drop(in_flight);
        match failure {
            Some(failure) => {
                let report = Box::new(self.report);
                Err(SeedError::Upload { failure, report })
            }
            None => {
                if self.report.pairs_stored == 0 {
                    self.report.skipped = Some(SkippedRun::nothing_seedable());
                }
                Ok(self.report)
            }
        }
    }
}

fn count(report: &mut SeedReport, batch: &Batch) {
    report.seeded_routes += batch.routes();
    report.pairs_stored += batch.pairs();
    report.bytes_sent += batch.body_bytes() as u64;
    report.batches += 1;
}

fn accept(
    packed: Option<PackedRoutes>,
    batcher: &mut Option<Batcher>,
    ready: &mut VecDeque<Batch>,
    report: &mut SeedReport,
    routes_packed: &mut usize,
) {
    match packed {
        Some(packed) => {
            *routes_packed += packed.routes;
            if let Some(batcher) = batcher {
                batcher.push(&packed, |batch| ready.push_back(batch));
            }
            report.routes_skipped.extend(packed.skipped);
        }
        None => ready.extend(batcher.take().and_then(Batcher::finish)),
    }
}
