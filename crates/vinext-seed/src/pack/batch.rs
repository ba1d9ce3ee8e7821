//! Batches: what goes into one request.
//!
//! In: segments, in order. Out: batches of at most so many pairs and so many bytes, in order.
//! Never: a pair lost, doubled or moved, and never a copy; a batch is a list of slices.

use bytes::Bytes;

use super::PackedRoutes;
use super::segment::Segment;

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

/// Neighbouring pairs of one segment.
#[derive(Clone, Debug)]
struct Run {
    segment: Segment,
    first: usize,
    last: usize,
}

impl Run {
    fn bytes(&self) -> usize {
        let pairs = self.segment.pairs();
        pairs[self.last].end - pairs[self.first].start
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
        let spans = self
            .runs
            .iter()
            .flat_map(|run| &run.segment.pairs()[run.first..=run.last]);
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

    /// The keys of the pairs, in order.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        self.runs.iter().flat_map(|run| {
            (run.first..=run.last).map(|pair| super::entry::key(&run.segment.slice(pair, pair)))
        })
    }

    fn push(&mut self, run: Run) {
        self.pairs += run.last - run.first + 1;
        self.run_bytes += run.bytes();
        self.runs.push(run);
    }
}

/// Fills batches.
#[derive(Debug)]
pub struct Batcher {
    limits: BatchLimits,
    open: Batch,
}

impl Batcher {
    /// A batcher with nothing in it.
    #[must_use]
    pub fn new(limits: BatchLimits) -> Self {
        Self {
            limits,
            open: Batch::default(),
        }
    }

    /// Adds the pairs of packed routes, handing every batch that is full to `emit`.
    pub fn push(&mut self, packed: &PackedRoutes, emit: impl FnMut(Batch)) {
        self.push_segment(&packed.segment, emit);
    }

    fn push_segment(&mut self, segment: &Segment, mut emit: impl FnMut(Batch)) {
        let pairs = segment.pairs().len();
        let mut first = 0;
        while first < pairs {
            let fitting = self.fitting(segment, first);
            if fitting == 0 && !self.open.is_empty() {
                emit(std::mem::take(&mut self.open));
                continue;
            }
            // Into an empty batch goes at least one pair, however large.
            let last = first + fitting.max(1) - 1;
            self.open.push(Run {
                segment: segment.clone(),
                first,
                last,
            });
            first = last + 1;
        }
    }

    /// What is left.
    #[must_use]
    pub fn finish(self) -> Option<Batch> {
        Some(self.open).filter(|batch| !batch.is_empty())
    }

    /// How many pairs, from `first` on, fit into the open batch.
    fn fitting(&self, segment: &Segment, first: usize) -> usize {
        let spans = &segment.pairs()[first..];
        let spans = &spans[..spans.len().min(self.limits.max_pairs - self.open.pairs())];
        let separator = usize::from(!self.open.is_empty());
        let room = self
            .limits
            .max_body_bytes
            .saturating_sub(self.open.body_bytes() + separator);
        spans.partition_point(|span| span.end - segment.pairs()[first].start <= room)
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::{BufferPool, SegmentBuilder};
    use super::*;
    use proptest::prelude::*;

    fn segment(pairs: &[String]) -> Segment {
        let mut builder = SegmentBuilder::new(&BufferPool::new(64, 0));
        for pair in pairs {
            builder.push(true, |out| out.extend_from_slice(pair.as_bytes()));
        }
        builder.finish()
    }

    fn body(batch: &Batch) -> String {
        let bytes: Vec<u8> = batch.body().flatten().collect();
        String::from_utf8(bytes).unwrap()
    }

    fn pack(segments: &[Vec<String>], limits: BatchLimits) -> Vec<Batch> {
        let mut batcher = Batcher::new(limits);
        let mut batches = Vec::new();
        for pairs in segments {
            batcher.push_segment(&segment(pairs), |batch| batches.push(batch));
        }
        batches.extend(batcher.finish());
        batches
    }

    fn pair(key: usize, padding: usize) -> String {
        format!(r#"{{"key":"{key}","value":"{}"}}"#, "v".repeat(padding))
    }

    #[test]
    fn ten_thousand_pairs_go_into_one_batch_and_one_more_into_the_next() {
        let pairs: Vec<_> = (0..10_001).map(|key| pair(key, 0)).collect();
        let limits = BatchLimits {
            max_pairs: 10_000,
            max_body_bytes: usize::MAX,
        };
        let batches = pack(&[pairs], limits);
        assert_eq!(
            batches.iter().map(Batch::pairs).collect::<Vec<_>>(),
            [10_000, 1]
        );
        assert_eq!(batches[1].keys().collect::<Vec<_>>(), ["10000"]);
    }

    #[test]
    fn a_pair_larger_than_the_limit_is_alone() {
        let segments = [vec![pair(1, 1), pair(2, 500), pair(3, 1)]];
        let batches = pack(
            &segments,
            BatchLimits {
                max_pairs: 10,
                max_body_bytes: 100,
            },
        );
        assert_eq!(
            batches.iter().map(Batch::pairs).collect::<Vec<_>>(),
            [1, 1, 1]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_doubled_or_moved_and_limits_hold(
            paddings in prop::collection::vec(prop::collection::vec(0..200_usize, 0..12), 0..12),
            max_pairs in 1..20_usize,
            max_body_bytes in 1..2000_usize,
        ) {
            let mut key = 0;
            let segments: Vec<Vec<String>> = paddings
                .iter()
                .map(|paddings| {
                    paddings.iter().map(|&padding| { key += 1; pair(key, padding) }).collect()
                })
                .collect();
            let limits = BatchLimits { max_pairs, max_body_bytes };
            let mut found = Vec::new();
            for batch in pack(&segments, limits) {
                let text = body(&batch);
                prop_assert_eq!(text.len(), batch.body_bytes());
                prop_assert!(batch.pairs() <= max_pairs);
                prop_assert!(text.len() <= max_body_bytes || batch.pairs() == 1);
                let parsed: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(parsed.len(), batch.pairs());
                prop_assert_eq!(batch.routes(), batch.pairs());
                let keys: Vec<_> = batch.keys().collect();
                prop_assert!(parsed.iter().zip(&keys).all(|(pair, key)| pair["key"] == **key));
                found.extend(parsed.into_iter().map(|pair| pair.to_string()));
            }
            let sent: Vec<String> = segments.into_iter().flatten().collect();
            prop_assert_eq!(found, sent);
        }
    }
}
