//! Batches: what goes into one request.
//!
//! In: neighbouring pairs of segments. Out: a request body in pieces, its keys, and the same pairs
//! in smaller batches.
//! Never: a copy of a pair; a batch is a list of slices.

use std::collections::HashSet;

use bytes::Bytes;

use super::batcher::Batcher;
use super::segment::{PairSpan, Segment};

/// The most that goes into one request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BatchLimits {
    /// Pairs.
    pub max_pairs: usize,
    /// Bytes of the body as it is sent, escapes and brackets included. A pair that is larger alone
    /// has a batch to itself.
    pub max_body_bytes: usize,
}

/// Pairs to be stored by one request.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    runs: Vec<Run>,
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
    /// The pair's length in the request body, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let span = self.run.segment.pairs()[self.pair];
        span.end - span.start
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        self.run.key(self.pair)
    }
}

/// Neighbouring pairs of one segment.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) segment: Segment,
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Run {
    fn bytes(&self) -> usize {
        let pairs = self.segment.pairs();
        pairs[self.last].end - pairs[self.first].start
    }

    fn spans(&self) -> &[PairSpan] {
        &self.segment.pairs()[self.first..=self.last]
    }

    fn key(&self, pair: usize) -> String {
        super::entry::key(&self.segment.slice(pair, pair))
    }
}

impl Batch {
    /// How many pairs it has.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs == 0
    }

    /// How many routes' main entries are among the pairs.
    #[must_use]
    pub fn routes(&self) -> usize {
        let spans = self.runs.iter().flat_map(Run::spans);
        spans.filter(|span| span.is_main).count()
    }

    /// The length of the request body in bytes.
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        "[]".len() + self.run_bytes + self.runs.len().saturating_sub(1)
    }

    /// The request body, `[{…},{…}]`, in pieces.
    pub fn body(&self) -> impl Iterator<Item = Bytes> {
        let runs = self.runs.iter().enumerate().flat_map(|(index, run)| {
            let before = if index == 0 { "[" } else { "," };
            [
                Bytes::from_static(before.as_bytes()),
                run.segment.slice(run.first, run.last),
            ]
        });
        let empty = self.runs.is_empty().then(|| Bytes::from_static(b"["));
        empty
            .into_iter()
            .chain(runs)
            .chain([Bytes::from_static(b"]")])
    }

    /// The pairs, in order.
    pub fn entries(&self) -> impl Iterator<Item = BatchEntry<'_>> {
        self.runs
            .iter()
            .flat_map(|run| (run.first..=run.last).map(move |pair| BatchEntry { run, pair }))
    }

    /// The keys of the pairs, in order.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.entries().map(|entry| entry.key())
    }

    /// Whether it keeps within limits. One pair alone always does: it cannot be cut.
    #[must_use]
    pub fn fits(&self, limits: BatchLimits) -> bool {
        let is_small = self.body_bytes() <= limits.max_body_bytes;
        self.pairs <= 1 || self.pairs <= limits.max_pairs && is_small
    }

    /// The same pairs in batches that keep within narrower limits.
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
            max_pairs: self.pairs.div_ceil(2).max(1),
            max_body_bytes: usize::MAX,
        })
    }

    /// The pairs whose keys are among `keys`, and all others.
    #[must_use]
    pub fn partition(&self, keys: &HashSet<String>) -> (Self, Self) {
        let mut among = Self::default();
        let mut others = Self::default();
        for run in &self.runs {
            for pair in run.first..=run.last {
                let side = if keys.contains(&run.key(pair)) {
                    &mut among
                } else {
                    &mut others
                };
                side.extend_by(&run.segment, pair);
            }
        }
        (among, others)
    }

    /// Appends one pair, joining it to the last run where it follows on.
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
