//! Batches: what goes into one request.
//!
//! Invariant: a batch is a list of slices of segments. Cutting it copies no entry.

use std::collections::HashSet;

use bytes::Bytes;

use super::segment::{EntrySpan, Segment};
use crate::plan::Priority;
use crate::store::Frame;

/// The limits of one request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BatchLimits {
    /// Pairs.
    pub max_pairs: usize,
    /// Bytes of the body as sent, including escapes and brackets. A larger pair gets its own batch.
    pub max_body_bytes: usize,
}

/// Pairs to be stored by one request.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub(super) runs: Vec<Run>,
    pairs: usize,
    /// Bytes of the runs, without brackets and the commas between runs.
    run_bytes: usize,
}

/// One pair of a batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchEntry<'a> {
    run: &'a Run,
    pair: usize,
}

impl BatchEntry<'_> {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.run.segment.key(self.pair)
    }

    /// Its length in the frame, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let span = self.span();
        span.end - span.start
    }

    /// Its encoding in the frame: a pair of a bulk request, or the value alone.
    #[must_use]
    pub fn encoded(&self) -> Bytes {
        self.run.segment.slice(self.pair, self.pair)
    }

    /// How long the store keeps it, in seconds; `None` without expiry.
    #[must_use]
    pub fn ttl_seconds(&self) -> Option<u64> {
        self.span().ttl_seconds()
    }

    /// Its metadata as JSON, for a store that takes metadata which the frame leaves out.
    #[must_use]
    pub fn metadata(&self) -> Option<&str> {
        self.run.segment.metadata(self.pair)
    }

    /// Whether it is its route's main entry. The others of the route follow it.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.span().is_first
    }

    /// Its position in the order in which a budget of writes is spent.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.span().priority
    }

    fn span(&self) -> EntrySpan {
        self.run.segment.entries()[self.pair]
    }
}

/// Adjacent pairs of one segment.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) segment: Segment,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Run {
    pub(super) fn bytes(&self) -> usize {
        let pairs = self.segment.entries();
        pairs[self.last].end - pairs[self.first].start
    }

    pub(super) fn spans(&self) -> &[EntrySpan] {
        &self.segment.entries()[self.first..=self.last]
    }
}

impl Batch {
    /// The number of pairs.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs == 0
    }

    /// The number of routes whose first entry is among the pairs.
    #[must_use]
    pub fn routes(&self) -> usize {
        let spans = self.runs.iter().flat_map(Run::spans);
        spans.filter(|span| span.is_first).count()
    }

    /// The length of the request body in bytes.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.frame().map_or(0, |frame| self.body_bytes_in(frame))
    }

    /// The length of the request body in a frame, also for a batch without pairs.
    pub(super) fn body_bytes_in(&self, frame: Frame) -> usize {
        let separators = self.runs.len().saturating_sub(1) * frame.separator().len();
        frame.framing_bytes() + self.run_bytes + separators
    }

    /// The layout of its entries; `None` if it has none.
    #[must_use]
    pub fn frame(&self) -> Option<Frame> {
        self.runs.first().map(|run| run.segment.frame())
    }

    /// The request body in pieces: `[{…},{…}]` as bulk JSON, otherwise one value after another. Nothing
    /// for a batch without pairs.
    pub fn body(&self) -> impl Iterator<Item = Bytes> {
        let framing = |text: &'static str| Some(Bytes::from_static(text.as_bytes()));
        let runs = self.runs.iter().enumerate().flat_map(move |(index, run)| {
            let frame = run.segment.frame();
            let before = if index == 0 {
                frame.open()
            } else {
                frame.separator()
            };
            let entries = run.segment.slice(run.first, run.last);
            [framing(before), Some(entries)].into_iter().flatten()
        });
        let close = self.frame().and_then(|frame| framing(frame.close()));
        runs.chain(close).filter(|piece| !piece.is_empty())
    }

    /// The pairs, in order.
    pub fn entries(&self) -> impl Iterator<Item = BatchEntry<'_>> {
        self.runs
            .iter()
            .flat_map(|run| (run.first..=run.last).map(move |pair| BatchEntry { run, pair }))
    }

    /// The keys of the pairs, in order.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.entries().map(|entry| entry.key().to_owned())
    }

    /// Whether it is within limits. A single pair always is, since it cannot be split.
    #[must_use]
    pub fn fits(&self, limits: BatchLimits) -> bool {
        let is_small = self.body_bytes() <= limits.max_body_bytes;
        self.pairs <= 1 || self.pairs <= limits.max_pairs && is_small
    }

    /// The pairs whose keys are among `keys`, and all others.
    #[must_use]
    pub fn partition(&self, keys: &HashSet<String>) -> (Self, Self) {
        let mut among = Self::default();
        let mut others = Self::default();
        for run in &self.runs {
            for pair in run.first..=run.last {
                let side = if keys.contains(run.segment.key(pair)) {
                    &mut among
                } else {
                    &mut others
                };
                side.extend_by(&run.segment, pair);
            }
        }
        (among, others)
    }

    /// Appends one pair, joining it to the last run if it is adjacent.
    fn extend_by(&mut self, segment: &Segment, pair: usize) {
        if let Some(last) = self.runs.last_mut()
            && last.last + 1 == pair
            && last.segment.is_same(segment)
        {
            self.run_bytes -= last.bytes();
            last.last = pair;
            self.run_bytes += last.bytes();
            self.pairs += 1;
            return;
        }
        self.push(Run {
            segment: segment.clone(),
            first: pair,
            last: pair,
        });
    }

    pub(super) fn push(&mut self, run: Run) {
        self.pairs += run.last - run.first + 1;
        self.run_bytes += run.bytes();
        self.runs.push(run);
    }
}
