//! Packs and sends concurrently, and accounts for every entry.
//!
//! Invariants: no more requests are in flight than configured. After the sender has stopped, the
//! rest of the site is still packed to learn its keys; after a cancellation it is only counted.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::error::SeedError;
use super::known_entries::{EntryPlace, KnownEntries};
use super::moment::BuildMoment;
use super::prepare::{BuildOptions, Prepared, Ready, prepare};
use super::progress;
use super::record::{self, LongestStay};
use super::write_budget::{Demand, OVER_BUDGET, WriteBudget, WriteRule};
use crate::background::{Background, begin, off_the_executor};
use crate::manifest::ManifestError;
use crate::pack::{Batch, Batcher, NoBytes, PackError, PackedRoutes, Packer};
use crate::progress::{Phase, Throttle};
use crate::report::{FailedPairs, SeedReport, SkippedRun, UnstoredEntries};
use crate::sanitized_text::SanitizedText;
use crate::send::{BatchSender, Delivered, RetryPolicy};
use crate::store::{Store, StoreError};

/// The run's second half, until every pair is accounted for.
pub(super) struct Upload<'a, 'o> {
    packer: Packer,
    /// `None` once nothing more is to be packed.
    batcher: Option<Batcher>,
    /// Full batches that wait for a free request.
    waiting: VecDeque<Batch>,
    /// How many batches have left `waiting`.
    begun: usize,
    /// What is not stored, by the number of the batch it was in.
    failed: BTreeMap<usize, Vec<FailedPairs>>,
    /// How many keys are in it.
    failed_keys: usize,
    max_listed: usize,
    pack_problem: Option<PackError>,
    /// Whether everything is packed, or nothing more is to be.
    has_packed_all: bool,
    moment: Option<Arc<BuildMoment>>,
    has_given_pages: bool,
    routes_packed: usize,
    /// What the store has already; `None` until it was asked.
    known: Option<Arc<KnownEntries>>,
    /// Why the store could not be asked.
    listing_problem: Option<StoreError>,
    /// What was packed before that is known.
    held: VecDeque<PackedRoutes>,
    held_bytes: usize,
    /// How much of it is held before packing pauses, in bytes.
    max_held_bytes: usize,
    write_budget: WriteBudget,
    max_writes: Option<usize>,
    /// How long the entries stay that are stored or unchanged.
    stay: LongestStay,
    over_budget: FailedPairs,
    report: SeedReport,
    throttle: &'a mut Throttle<'o>,
}

/// What an upload begins with.
pub(super) struct Start {
    pub(super) ready: Ready,
    /// The build, to be packed twice if writes are limited.
    pub(super) counted: Option<BuildOptions>,
    pub(super) writes: WriteRule,
    pub(super) retry: RetryPolicy,
    pub(super) budget: Budget,
}

impl<'a, 'o> Upload<'a, 'o> {
    /// Sends what is packed, as many batches at a time as the budget allows. The store may still
    /// be opening; the first batch is filled meanwhile.
    pub(super) async fn run<S: Store>(
        start: Start,
        opening: Background<Result<(S, Vec<String>), SanitizedText>>,
        throttle: &'a mut Throttle<'o>,
        cancellation: &CancellationToken,
    ) -> Result<SeedReport, SeedError> {
        let Start {
            ready,
            counted,
            writes,
            retry,
            budget,
        } = start;
        let report = ready.report;
        let mut upload = Self {
            packer: ready.packer,
            batcher: Some(match ready.has_given_pages {
                // How many will come is not known.
                true => Batcher::new(budget.batch),
                false => budget.batcher(report.routes),
            }),
            waiting: VecDeque::new(),
            begun: 0,
            failed: BTreeMap::new(),
            failed_keys: 0,
            max_listed: ready.max_listed,
            pack_problem: None,
            has_packed_all: false,
            moment: ready.moment.map(Arc::new),
            has_given_pages: ready.has_given_pages,
            routes_packed: 0,
            known: None,
            listing_problem: None,
            held: VecDeque::new(),
            held_bytes: 0,
            max_held_bytes: budget.batch.max_body_bytes,
            write_budget: WriteBudget::default(),
            max_writes: writes.max_writes,
            stay: LongestStay::default(),
            over_budget: FailedPairs {
                error: over_budget(writes.max_writes.unwrap_or_default()),
                pairs: 0,
                keys: Vec::new(),
            },
            report,
            throttle,
        };
        if counted.is_some() {
            upload.packer.encode_only(Arc::new(NoBytes));
        }
        let opened = upload.until(opening.done()).await?;
        let (store, warnings) = opened.map_err(SeedError::Client)?;
        let sender = BatchSender::new(store, retry);
        upload.report.warnings.extend(warnings);
        if let Err(problem) = upload.check_moment().await? {
            return Err(SeedError::Manifest(problem));
        }
        let known = match writes.force {
            true => KnownEntries::default(),
            false => {
                let listing = KnownEntries::list(&sender, &ready.place, budget.max_memory_bytes);
                let listing = async {
                    tokio::select! {
                        biased;
                        () = cancellation.cancelled() => Ok(KnownEntries::default()),
                        known = listing => known,
                    }
                };
                upload.until(listing).await.unwrap_or_else(|problem| {
                    upload.listing_problem = Some(problem);
                    KnownEntries::default()
                })
            }
        };
        if let (Some(max_writes), Some(build)) = (writes.max_writes, counted) {
            let again = upload.count(&known, build, budget);
            let demand = tokio::select! {
                biased;
                () = cancellation.cancelled() => None,
                demand = again => Some(demand?),
            };
            match demand {
                Some(demand) => upload.write_budget = demand.spend(max_writes),
                None => {
                    // Nothing was packed to be written.
                    upload.routes_packed = 0;
                    return upload.finish(true);
                }
            }
        }
        if let Some(reason) = &known.warning {
            let warning = format!("every entry is written: {reason}");
            upload.report.warnings.push(warning);
        }
        upload.know(known);
        upload
            .drive(&sender, &ready.place, budget.concurrency, cancellation)
            .await
    }

    /// Packs on until something is ready.
    async fn until<T>(&mut self, ready: impl Future<Output = T>) -> T {
        let mut ready = std::pin::pin!(ready);
        loop {
            let wants_more = self.wants_more();
            tokio::select! {
                ready = &mut ready => return ready,
                packed = self.packer.next(true), if wants_more => self.accept(packed),
            }
        }
    }

    /// Whether there is more to pack, and nothing that waits to be sent.
    fn wants_more(&self) -> bool {
        !self.has_packed_all
            && self.batcher.is_some()
            && self.waiting.is_empty()
            && self.held_bytes < self.max_held_bytes
    }

    /// Packs the site once to count what there is to write, and begins again.
    async fn count(
        &mut self,
        known: &KnownEntries,
        build: BuildOptions,
        budget: Budget,
    ) -> Result<Demand, SeedError> {
        let mut demand = Demand::default();
        let mut add = |packed: &PackedRoutes| {
            for (key, span) in packed.entries() {
                if !known.has(key, span.digest, span.ttl_seconds()) {
                    demand.add(span.priority);
                }
            }
        };
        for packed in self.held.drain(..) {
            add(&packed);
        }
        self.held_bytes = 0;
        while let Some(packed) = match self.pack_problem.take() {
            Some(problem) => Err(problem),
            None if self.has_packed_all => Ok(None),
            None => self.packer.next(true).await,
        }
        .map_err(|problem| SeedError::Pack {
            problem,
            report: Box::default(),
        })? {
            add(&packed);
        }
        let prepared = off_the_executor(move || prepare(build, &budget)).await??;
        let ready = match prepared {
            Prepared::Ready(ready) => *ready,
            // It was a build a moment ago.
            Prepared::Skipped(_) => return Err(SeedError::Manifest(ManifestError::Changed)),
        };
        let packer = std::mem::replace(&mut self.packer, ready.packer);
        drop(begin(move || drop(packer)));
        self.moment = ready.moment.map(Arc::new);
        self.batcher = Some(budget.batcher(ready.report.routes));
        self.has_packed_all = false;
        self.routes_packed = 0;
        let warnings = std::mem::take(&mut self.report.warnings);
        self.report = ready.report;
        self.report.warnings = warnings;
        Ok(demand)
    }

    /// Records what is already stored, and continues with what was held back.
    fn know(&mut self, known: KnownEntries) {
        let known = Arc::new(known);
        if !known.is_empty() {
            self.packer.encode_only(Arc::clone(&known) as _);
        }
        self.known = Some(known);
        self.held_bytes = 0;
        for packed in std::mem::take(&mut self.held) {
            self.select(packed);
        }
        if self.has_packed_all {
            self.stop_packing();
        }
    }

    /// Puts what is to be written into batches, and counts the rest.
    fn select(&mut self, packed: PackedRoutes) {
        let Some(known) = &self.known else {
            self.held_bytes += packed.bytes();
            self.held.push_back(packed);
            return;
        };
        let mut written: Vec<Range<usize>> = Vec::new();
        for (position, (key, span)) in packed.entries().enumerate() {
            self.stay.add(span.ttl_seconds());
            let is_known = !span.is_encoded || known.has(key, span.digest, span.ttl_seconds());
            if is_known {
                self.report.pairs_unchanged += 1;
                self.report.seeded_routes += usize::from(span.is_first);
            } else if self.write_budget.admits(span.priority) {
                match written.last_mut() {
                    Some(last) if last.end == position => last.end += 1,
                    _ => written.push(position..position + 1),
                }
            } else {
                self.over_budget.pairs += 1;
                if self.over_budget.keys.len() < self.max_listed {
                    self.over_budget.keys.push(key.to_owned());
                }
            }
        }
        if let Some(batcher) = &mut self.batcher {
            batcher.push_some(&packed, &written, |batch| self.waiting.push_back(batch));
        }
        self.report.routes_skipped.extend(packed.skipped);
    }

    async fn drive<S: Store>(
        mut self,
        sender: &BatchSender<S>,
        place: &EntryPlace,
        concurrency: usize,
        cancellation: &CancellationToken,
    ) -> Result<SeedReport, SeedError> {
        let mut in_flight = FuturesUnordered::new();
        let mut pauses = sender.pauses();
        let mut is_aborted = false;
        loop {
            if let Some(end) = sender.end() {
                self.packer.take_no_more();
                self.fail_waiting(&end);
            }
            while in_flight.len() < concurrency
                && let Some(batch) = self.waiting.pop_front()
            {
                let number = self.begun;
                self.begun += 1;
                in_flight.push(async move { (number, sender.deliver(batch).await) });
            }
            let wants_more = self.wants_more();
            if in_flight.is_empty() && !wants_more {
                break;
            }
            let is_idle = in_flight.is_empty();
            let mut paused_for = None;
            tokio::select! {
                () = cancellation.cancelled(), if !is_aborted => {
                    is_aborted = true;
                    sender.abort(&aborted());
                    self.stop_packing();
                }
                Some((number, delivered)) = in_flight.next(), if !in_flight.is_empty() => {
                    self.settle(number, delivered);
                }
                packed = self.packer.next(is_idle), if wants_more => self.accept(packed),
                Ok(()) = pauses.changed() => {
                    let until = *pauses.borrow_and_update();
                    paused_for = until.map(|until| until - Instant::now());
                }
            }
            self.tell(paused_for);
        }
        drop(in_flight);
        if !is_aborted && self.pack_problem.is_none() {
            self.pack_problem = self.check_moment().await?.err().map(PackError::from);
        }
        let has_stored = self.report.pairs_stored > 0;
        let is_within_budget = self
            .max_writes
            .is_none_or(|max_writes| self.report.pairs_stored < max_writes);
        if has_stored
            && is_within_budget
            && self.pack_problem.is_none()
            && !is_aborted
            && sender.end().is_none()
        {
            tokio::select! {
                () = cancellation.cancelled() => {}
                () = record::leave(sender, place, self.stay, &self.report) => {}
            }
        }
        if has_stored && !is_aborted {
            tokio::select! {
                () = cancellation.cancelled() => {}
                warning = record::keep_metadata(sender, place) => self.report.warnings.extend(warning),
            }
        }
        self.finish(is_aborted)
    }

    /// Checks that the build is still the one that the entries are of.
    async fn check_moment(&self) -> Result<Result<(), ManifestError>, SeedError> {
        let Some(moment) = self.moment.clone() else {
            return Ok(Ok(()));
        };
        Ok(off_the_executor(move || moment.check()).await?)
    }

    fn accept(&mut self, packed: Result<Option<PackedRoutes>, PackError>) {
        self.report.routes = self.packer.routes();
        match packed {
            Ok(Some(packed)) => {
                self.routes_packed += packed.routes;
                self.select(packed);
            }
            Ok(None) => self.stop_packing(),
            Err(problem) => {
                // What was packed before is sound.
                self.pack_problem = Some(problem);
                self.stop_packing();
            }
        }
    }

    fn stop_packing(&mut self) {
        self.has_packed_all = true;
        if self.known.is_none() {
            // What is held comes first.
            return;
        }
        let last = self.batcher.take().and_then(Batcher::finish);
        self.waiting.extend(last);
    }

    /// Fails the batches that no request was made for.
    fn fail_waiting(&mut self, end: &StoreError) {
        for batch in std::mem::take(&mut self.waiting) {
            let room = self.max_listed.saturating_sub(self.failed_keys);
            let failed = FailedPairs {
                error: end.clone().may_be_stored(false),
                pairs: batch.pairs(),
                // Later batches have later keys.
                keys: batch.keys().take(room).collect(),
            };
            let number = self.begun;
            self.begun += 1;
            self.fail(number, vec![failed]);
        }
    }

    fn settle(&mut self, number: usize, delivered: Delivered) {
        self.report.seeded_routes += delivered.routes;
        self.report.pairs_stored += delivered.pairs;
        self.report.bytes_sent += delivered.bytes;
        self.report.batches += delivered.requests;
        self.report.retries += delivered.retries;
        if !delivered.failed.is_empty() {
            self.fail(
                number,
                delivered.failed.into_iter().map(Into::into).collect(),
            );
        }
    }

    /// Notes down what is not stored of a batch. Beyond the keys that will be named, those of the last
    /// batches are let go of.
    fn fail(&mut self, number: usize, failed: Vec<FailedPairs>) {
        self.failed_keys += failed.iter().map(|one| one.keys.len()).sum::<usize>();
        self.failed.insert(number, failed);
        for one in self.failed.values_mut().rev().flatten() {
            let surplus = self.failed_keys.saturating_sub(self.max_listed);
            if surplus == 0 {
                break;
            }
            let kept = one.keys.len().saturating_sub(surplus);
            self.failed_keys -= one.keys.len() - kept;
            one.keys.truncate(kept);
            one.keys.shrink_to_fit();
        }
    }

    fn tell(&mut self, paused_for: Option<Duration>) {
        let progress = progress(Phase::Send, self.routes_packed, &self.report);
        self.throttle.report(progress.paused(paused_for));
    }

    fn finish(mut self, is_aborted: bool) -> Result<SeedReport, SeedError> {
        let mut failed = self.failed.into_values().flatten();
        let first = failed.next();
        let failure = first.as_ref().map(|first| first.error.clone());
        for failed in first.into_iter().chain(failed) {
            UnstoredEntries::add(&mut self.report.not_stored, failed, self.max_listed);
        }
        if self.over_budget.pairs > 0 {
            UnstoredEntries::add(
                &mut self.report.not_stored,
                self.over_budget,
                self.max_listed,
            );
        }
        self.report.routes = self.packer.routes();
        self.report.routes_not_reached = self.report.routes - self.routes_packed;
        // A run that fails for the same reason says it once.
        let failed_with = failure.as_ref().map(StoreError::code);
        if let Some(problem) = self.listing_problem
            && failed_with != Some(problem.code())
        {
            self.report.warnings.push(format!(
                "cannot determine what is already stored, so every entry is written: {problem}"
            ));
        }
        // Freeing its memory takes longer than sending a page, so the result does not wait for it.
        drop(begin(move || drop(self.packer)));
        let report = Box::new(self.report);
        match (failure, self.pack_problem) {
            _ if is_aborted => Err(SeedError::Aborted { report }),
            (Some(failure), _) => Err(SeedError::Upload { failure, report }),
            (None, Some(problem)) => Err(SeedError::Pack { problem, report }),
            (None, None) => {
                let mut report = *report;
                if report.pairs_planned() == 0 {
                    let skipped = match self.has_given_pages {
                        true => SkippedRun::no_page_seedable(&report.routes_skipped),
                        false => SkippedRun::nothing_seedable(&report.routes_skipped),
                    };
                    report.skipped = Some(skipped);
                }
                Ok(report)
            }
        }
    }
}

fn over_budget(max_writes: usize) -> StoreError {
    StoreError::new(
        OVER_BUDGET,
        format!(
            "left for a later run, because this one may write only {max_writes} entries; the runtime renders \
             them on the first visit"
        ),
    )
}

fn aborted() -> StoreError {
    StoreError::new(
        "ABORT_ERR",
        "seeding was aborted before they were stored".to_owned(),
    )
}
