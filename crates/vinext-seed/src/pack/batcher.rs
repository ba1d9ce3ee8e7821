//! Fills batches with packed routes, in order, and cuts batches into smaller ones.
//!
//! Invariant: no pair is lost, doubled or moved.

use std::ops::Range;

use super::PackedRoutes;
use super::batch::{Batch, BatchLimits, Run};

/// Fills batches.
#[derive(Debug)]
pub struct Batcher {
    limits: BatchLimits,
    open: Batch,
    shares: Option<Shares>,
}

/// The smallest batch that a site is cut into so that every connection has one, in bytes. For
/// smaller ones the round trip dominates.
const MIN_SHARE_BYTES: u64 = 1024 * 1024;

/// Facts about the whole site, so that the connections end at the same time: six batches of
/// 7 MB on six connections arrive sooner than five of 8 MB and one of 2.
#[derive(Debug)]
struct Shares {
    connections: u64,
    total_routes: u64,
    /// Of the routes so far.
    routes: u64,
    bytes: u64,
    /// Of the batches that are full.
    batches: u64,
    batched_bytes: u64,
}

impl Shares {
    /// The size of the open batch, assuming that later routes are as large as earlier ones: in as
    /// many rounds as it takes with the largest batches, each connection has the same. The error of
    /// the estimate is spread over the remaining batches, so that there is no small one at the end,
    /// which would cost a round trip.
    fn body_bytes(&self, max_body_bytes: usize) -> usize {
        let Some(mean_bytes) = self.bytes.checked_div(self.routes) else {
            return max_body_bytes;
        };
        let max_bytes = max_body_bytes as u64;
        let total_bytes = (mean_bytes + 1).saturating_mul(self.total_routes);
        let round_bytes = self.connections.saturating_mul(max_bytes).max(1);
        let batches = total_bytes.div_ceil(round_bytes) * self.connections;
        let batches_left = batches.saturating_sub(self.batches);
        if batches_left <= 1 {
            return max_body_bytes;
        }
        let bytes_left = total_bytes.saturating_sub(self.batched_bytes);
        let share_bytes = bytes_left.div_ceil(batches_left).max(MIN_SHARE_BYTES);
        // Not above the maximum, which is a usize.
        usize::try_from(share_bytes).map_or(max_body_bytes, |bytes| bytes.min(max_body_bytes))
    }
}

impl Batcher {
    /// An empty batcher.
    #[must_use]
    pub fn new(limits: BatchLimits) -> Self {
        Self {
            limits,
            open: Batch::default(),
            shares: None,
        }
    }

    /// A batcher that splits a site of `routes` routes into equal shares for all connections.
    #[must_use]
    pub fn for_connections(limits: BatchLimits, connections: usize, total_routes: usize) -> Self {
        Self {
            shares: Some(Shares {
                connections: connections as u64,
                total_routes: total_routes as u64,
                routes: 0,
                bytes: 0,
                batches: 0,
                batched_bytes: 0,
            }),
            ..Self::new(limits)
        }
    }

    /// Adds the pairs of packed routes, passing every full batch to `emit`.
    pub fn push(&mut self, packed: &PackedRoutes, emit: impl FnMut(Batch)) {
        let all = 0..packed.entries().len();
        self.push_some(packed, std::slice::from_ref(&all), emit);
    }

    /// Adds some of the pairs of packed routes: those at these positions, in order.
    pub(crate) fn push_some(
        &mut self,
        packed: &PackedRoutes,
        positions: &[Range<usize>],
        mut emit: impl FnMut(Batch),
    ) {
        let runs = positions.iter().filter(|range| !range.is_empty());
        let runs: Vec<_> = runs
            .map(|range| Run {
                segment: packed.segment.clone(),
                first: range.start,
                last: range.end - 1,
            })
            .collect();
        if let Some(shares) = &mut self.shares {
            shares.routes += packed.routes as u64;
            shares.bytes += runs.iter().map(|run| run.bytes() as u64).sum::<u64>();
        }
        for run in &runs {
            self.push_run(run, &mut emit);
        }
    }

    pub(super) fn push_run(&mut self, run: &Run, mut emit: impl FnMut(Batch)) {
        debug_assert!(run.spans().iter().all(|span| span.is_encoded));
        let mut first = run.first;
        while first <= run.last {
            let fitting = self.fitting(run, first);
            if fitting == 0 && !self.open.is_empty() {
                emit(self.close());
                continue;
            }
            // An empty batch accepts at least one pair of any size.
            let last = first + fitting.max(1) - 1;
            self.open.push(Run {
                segment: run.segment.clone(),
                first,
                last,
            });
            first = last + 1;
            // A large pair would keep its memory until another one does not fit.
            if self.open.body_bytes() >= self.limits.max_body_bytes {
                emit(self.close());
            }
        }
    }

    /// Returns the open batch.
    fn close(&mut self) -> Batch {
        let full = std::mem::take(&mut self.open);
        if let Some(shares) = &mut self.shares {
            shares.batches += 1;
            shares.batched_bytes += full.body_bytes() as u64;
        }
        full
    }

    /// The rest.
    #[must_use]
    pub fn finish(self) -> Option<Batch> {
        Some(self.open).filter(|batch| !batch.is_empty())
    }

    /// How many pairs of a run, from `first` on, fit into the open batch.
    fn fitting(&self, run: &Run, first: usize) -> usize {
        let frame = run.segment.frame();
        let spans = &run.segment.entries()[first..=run.last];
        let spans = &spans[..spans.len().min(self.limits.max_pairs - self.open.pairs())];
        let separator = match self.open.is_empty() {
            true => 0,
            false => frame.separator().len(),
        };
        let max_body_bytes = self.limits.max_body_bytes;
        let shares = self.shares.as_ref();
        let room = shares
            .map_or(max_body_bytes, |shares| shares.body_bytes(max_body_bytes))
            .saturating_sub(self.open.body_bytes_in(frame) + separator);
        spans.partition_point(|span| span.end - spans[0].start <= room)
    }
}

impl Batch {
    /// The same pairs in batches with narrower limits.
    #[must_use]
    pub fn cut(&self, limits: BatchLimits) -> Vec<Self> {
        let mut batcher = Batcher::new(limits);
        let mut batches = Vec::new();
        for run in &self.runs {
            batcher.push_run(run, |batch| batches.push(batch));
        }
        batches.extend(batcher.finish());
        batches
    }

    /// The two halves of a batch of at least two pairs.
    #[must_use]
    pub fn halves(&self) -> Vec<Self> {
        self.cut(BatchLimits {
            max_pairs: self.pairs().div_ceil(2).max(1),
            max_body_bytes: usize::MAX,
        })
    }
}

/// A batch with these keys, for tests of the sender.
#[cfg(any(test, fuzzing))]
pub(crate) fn batch_of(keys: &[String]) -> Batch {
    let entries: Vec<_> = keys.iter().map(|key| (key.as_str(), "", None)).collect();
    bulk_batch_of(&entries)
}

/// A batch of these keys, values and TTLs as pairs of a bulk request. Its metadata names the key.
#[cfg(any(test, fuzzing))]
pub(crate) fn bulk_batch_of(entries: &[(&str, &str, Option<u64>)]) -> Batch {
    let pair = |&(key, value, ttl_seconds): &(&str, &str, Option<u64>)| {
        let mut pair = serde_json::json!({ "key": key, "value": value });
        if let Some(ttl_seconds) = ttl_seconds {
            pair["expiration_ttl"] = ttl_seconds.into();
            pair["metadata"] = serde_json::json!({ "of": key });
        }
        pair.to_string()
    };
    framed_batch(crate::store::Frame::BulkJson, entries, pair)
}

/// A batch of these keys, values and TTLs as values alone.
#[cfg(test)]
pub(crate) fn raw_batch_of(entries: &[(&str, &str, Option<u64>)]) -> Batch {
    let value = |&(_, value, _): &(&str, &str, Option<u64>)| value.to_owned();
    framed_batch(crate::store::Frame::RawValue, entries, value)
}

#[cfg(any(test, fuzzing))]
fn framed_batch(
    frame: crate::store::Frame,
    entries: &[(&str, &str, Option<u64>)],
    encode: impl Fn(&(&str, &str, Option<u64>)) -> String,
) -> Batch {
    let encoded: Vec<_> = entries
        .iter()
        .map(|entry| (entry.0, encode(entry), entry.2))
        .collect();
    let packed = PackedRoutes {
        routes: entries.len(),
        segment: super::segment::segment_of(frame, &encoded),
        skipped: Vec::new(),
    };
    let mut batcher = Batcher::new(BatchLimits {
        max_pairs: usize::MAX,
        max_body_bytes: usize::MAX,
    });
    batcher.push(&packed, |_| {});
    batcher.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests;
