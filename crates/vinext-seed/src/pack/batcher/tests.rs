//! What goes into each batch, and that nothing is lost on the way.

use std::collections::HashSet;

use super::*;
use crate::pack::segment::segment_of;
use crate::store::Frame;
use proptest::prelude::*;

type Pair = (String, String);

fn packed(pairs: &[Pair]) -> PackedRoutes {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(key, pair)| (key.as_str(), pair.clone(), None))
        .collect();
    PackedRoutes {
        routes: pairs.len(),
        segment: segment_of(Frame::BulkJson, &pairs),
        skipped: Vec::new(),
    }
}

fn body(batch: &Batch) -> String {
    let bytes: Vec<u8> = batch.body().flatten().collect();
    String::from_utf8(bytes).unwrap()
}

fn pack(segments: &[Vec<Pair>], limits: BatchLimits) -> Vec<Batch> {
    let mut batcher = Batcher::new(limits);
    let mut batches = Vec::new();
    for pairs in segments {
        batcher.push(&packed(pairs), |batch| batches.push(batch));
    }
    batches.extend(batcher.finish());
    batches
}

fn pair(key: usize, padding: usize) -> Pair {
    let pair = format!(r#"{{"key":"{key}","value":"{}"}}"#, "v".repeat(padding));
    (key.to_string(), pair)
}

#[test]
fn starts_a_new_batch_after_ten_thousand_pairs() {
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
fn puts_a_pair_over_the_limit_in_its_own_batch() {
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

#[test]
fn every_connection_gets_an_equal_share() {
    const MEBIBYTE: usize = 1024 * 1024;
    let limits = BatchLimits {
        max_pairs: 10_000,
        max_body_bytes: 8 * MEBIBYTE,
    };
    // Routes of 32 KiB each, 16 to a segment; each may be a little larger than the one before.
    let sizes = |total_routes: usize, growth_bytes: usize| {
        let mut batcher = Batcher::for_connections(limits, 4, total_routes);
        let mut sizes = Vec::new();
        for first in (0..total_routes).step_by(16) {
            let routes = 16.min(total_routes - first);
            let pairs: Vec<_> = (first..first + routes)
                .map(|route| pair(route, 32 * 1024 + route * growth_bytes))
                .collect();
            batcher.push(&packed(&pairs), |batch| sizes.push(batch.pairs()));
        }
        sizes.extend(batcher.finish().map(|batch| batch.pairs()));
        sizes
    };
    // One round of four; two rounds, since one would need more than the limit.
    for growth_bytes in [0, 1, 4] {
        for (total_routes, batches) in [(800, 4), (1600, 8)] {
            let sizes = sizes(total_routes, growth_bytes);
            assert_eq!(sizes.len(), batches, "{sizes:?}");
            assert_eq!(sizes.iter().sum::<usize>(), total_routes);
            assert!(
                sizes.iter().all(|size| (190..=210).contains(size)) || growth_bytes > 1,
                "{sizes:?}"
            );
        }
    }
    // Small sites are not cut for the sake of it.
    assert_eq!(sizes(20, 0), [20]);
}

fn keys(batches: &[Batch]) -> Vec<String> {
    batches.iter().flat_map(Batch::keys).collect()
}

proptest! {
    #[test]
    fn splitting_loses_nothing(
        sizes in prop::collection::vec(0..9_usize, 1..6),
        max_pairs in 1..9_usize,
        max_body_bytes in 1..200_usize,
        chosen in prop::collection::hash_set(0..50_usize, 0..20),
    ) {
        let mut key = 0;
        let segments: Vec<Vec<Pair>> = sizes
            .iter()
            .map(|&size| (0..size).map(|_| { key += 1; pair(key, key % 7) }).collect())
            .collect();
        let whole = BatchLimits { max_pairs: usize::MAX, max_body_bytes: usize::MAX };
        for batch in pack(&segments, whole) {
            let all: Vec<_> = batch.keys().collect();
            let limits = BatchLimits { max_pairs, max_body_bytes };
            let cut = batch.cut(limits);
            prop_assert_eq!(&keys(&cut), &all);
            prop_assert!(cut.iter().all(|part| part.fits(limits)));
            if batch.pairs() > 1 {
                let halves = batch.halves();
                prop_assert_eq!(halves.len(), 2);
                prop_assert_eq!(&keys(&halves), &all);
            }
            let chosen: HashSet<_> = chosen.iter().map(ToString::to_string).collect();
            let (among, others) = batch.partition(&chosen);
            prop_assert!(among.keys().all(|key| chosen.contains(&key)));
            prop_assert!(!others.keys().any(|key| chosen.contains(&key)));
            prop_assert_eq!(among.pairs() + others.pairs(), batch.pairs());
            for part in [&among, &others] {
                prop_assert_eq!(body(part).len(), part.body_bytes());
                if part.is_empty() {
                    continue;
                }
                let parsed: Vec<serde_json::Value> = serde_json::from_str(&body(part)).unwrap();
                prop_assert_eq!(parsed.len(), part.pairs());
                let in_order = all.iter().filter(|key| part.keys().any(|own| own == **key));
                prop_assert!(in_order.eq(&part.keys().collect::<Vec<_>>()));
            }
        }
    }

    #[test]
    fn keeps_every_pair_once_in_order_within_the_limits(
        paddings in prop::collection::vec(prop::collection::vec(0..200_usize, 0..12), 0..12),
        max_pairs in 1..20_usize,
        max_body_bytes in 1..2000_usize,
    ) {
        let mut key = 0;
        let segments: Vec<Vec<Pair>> = paddings
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
        let sent: Vec<String> = segments.into_iter().flatten().map(|(_, pair)| pair).collect();
        prop_assert_eq!(found, sent);
    }
}
