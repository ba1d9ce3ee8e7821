//! Packs and sends concurrently, and accounts for every entry.
//!
//! Invariants: no more requests are in flight than configured. After the sender has stopped, the rest of the
//! site is still packed, so that the report has its keys. After a cancellation its routes are only counted.

mod count;
mod failures;
mod finish;
mod packing;
mod selection;
mod sending;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::budget::Budget;
use super::build_options::BuildOptions;
use super::error::SeedError;
use super::known_entries::KnownEntries;
use super::prepare::Ready;
use super::write_budget::{WriteBudget, WriteRule};
use crate::background::Background;
use crate::pack::{Batcher, NoBytes};
use crate::progress::Throttle;
use crate::report::SeedReport;
use crate::sanitized_text::SanitizedText;
use crate::send::{BatchSender, RetryPolicy};
use crate::store::Store;
use count::count_writes;
use packing::Packing;
use selection::Selection;
use sending::Sending;

/// What an upload starts with.
pub(super) struct Start {
    pub(super) ready: Ready,
    /// The build, to be packed once more, if writes are limited.
    pub(super) counted: Option<BuildOptions>,
    pub(super) writes: WriteRule,
    pub(super) retry: RetryPolicy,
    pub(super) budget: Budget,
}

/// Packs and sends a site, with as many concurrent requests as the budget allows. Packing starts while the
/// store is still being opened.
pub(super) async fn upload<S: Store>(
    start: Start,
    opening: Background<Result<(S, Vec<String>), SanitizedText>>,
    throttle: &mut Throttle<'_>,
    cancellation: &CancellationToken,
) -> Result<SeedReport, SeedError> {
    let Start {
        ready,
        counted,
        writes,
        retry,
        budget,
    } = start;
    let Ready {
        packer,
        snapshot,
        max_listed,
        keyspace,
        has_given_pages,
        mut report,
    } = ready;
    let mut packing = Packing::new(packer, snapshot, budget.batch.max_body_bytes);
    if counted.is_some() {
        packing.encode_only(Arc::new(NoBytes));
    }
    let (store, warnings) = packing
        .until(opening.done())
        .await?
        .map_err(SeedError::Client)?;
    let sender = BatchSender::new(store, retry);
    report.warnings.extend(warnings);
    packing.check_build().await?.map_err(SeedError::Manifest)?;

    let mut listing_error = None;
    let known = match writes.force {
        true => KnownEntries::default(),
        false => {
            let listing = KnownEntries::list(&sender, &keyspace, budget.max_memory_bytes);
            let listing = async {
                tokio::select! {
                    biased;
                    () = cancellation.cancelled() => Ok(KnownEntries::default()),
                    known = listing => known,
                }
            };
            packing.until(listing).await.unwrap_or_else(|error| {
                listing_error = Some(error);
                KnownEntries::default()
            })
        }
    };
    let mut write_budget = WriteBudget::default();
    if let (Some(max_writes), Some(build)) = (writes.max_writes, counted) {
        let counting = count_writes(&mut packing, &known, build, budget);
        let counted = tokio::select! {
            biased;
            () = cancellation.cancelled() => None,
            counted = counting => Some(counted?),
        };
        let Some((counts, ready)) = counted else {
            // Entries that were packed to be counted are not sent.
            report.routes = packing.routes();
            report.routes_not_reached = report.routes;
            packing.free();
            let report = Box::new(report);
            return Err(SeedError::Aborted { report });
        };
        write_budget = counts.spend(max_writes);
        packing.restart(ready.packer, ready.snapshot);
        report = SeedReport {
            warnings: report.warnings,
            ..ready.report
        };
    }
    if let Some(reason) = &known.warning {
        let warning = format!("every entry is written: {reason}");
        report.warnings.push(warning);
    }
    let known = Arc::new(known);
    if !known.is_empty() {
        packing.encode_only(Arc::clone(&known) as _);
    }
    let batcher = match has_given_pages {
        // The number of pages is not known.
        true => Batcher::new(budget.batch),
        false => budget.batcher(report.routes),
    };
    let selection = Selection::new(known, write_budget, writes.max_writes, max_listed);
    let sent = Sending::new(packing, selection, batcher, max_listed, report, throttle)
        .run(&sender, budget.concurrency, cancellation)
        .await;
    sent.finish(
        &sender,
        &keyspace,
        listing_error,
        has_given_pages,
        cancellation,
    )
    .await
}
