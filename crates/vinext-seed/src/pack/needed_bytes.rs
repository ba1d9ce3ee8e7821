//! Lets the consumer say, while packing goes on, which entries it needs only to count.
//!
//! Invariant: an entry whose bytes are not needed is planned, read, checked and counted like any other.
//! Only its encoding is omitted.

use std::sync::{Arc, OnceLock};

use super::digest::EntryDigest;

/// Decides which entries are encoded. The packing threads ask it.
pub(crate) trait NeededBytes: Send + Sync {
    /// Whether an entry has to be encoded.
    fn needs(&self, key: &str, digest: Option<EntryDigest>, ttl_seconds: Option<u64>) -> bool;
}

/// For a pass that only counts: no entry is encoded.
pub(crate) struct NoBytes;

impl NeededBytes for NoBytes {
    fn needs(&self, _: &str, _: Option<EntryDigest>, _: Option<u64>) -> bool {
        false
    }
}

/// The consumer's decision. Until there is one, everything is encoded.
#[derive(Default)]
pub(super) struct Decision(OnceLock<Arc<dyn NeededBytes>>);

impl Decision {
    /// Sets it. Only the first one counts.
    pub(super) fn set(&self, needed: Arc<dyn NeededBytes>) {
        let _ = self.0.set(needed);
    }

    /// Whether an entry has to be encoded, as far as that is known.
    pub(super) fn needs(
        &self,
        key: &str,
        digest: Option<EntryDigest>,
        ttl_seconds: Option<u64>,
    ) -> bool {
        let decided = self.0.get();
        decided.is_none_or(|needed| needed.needs(key, digest, ttl_seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::super::segment::EntrySpan;
    use super::super::{
        Batch, BatchLimits, Batcher, PackLimits, PackTarget, PackedRoutes, Packer, Page, PageQueue,
        Timestamps,
    };
    use super::*;
    use crate::formats::profile::G12;
    use crate::plan::lifetime::TtlRule;
    use crate::plan::{ManifestScan, Planner};
    use crate::store::{Frame, cloudflare_kv};

    const PAGES: usize = 40;

    /// Needs the entries whose keys have this in them.
    struct Containing(&'static str);

    impl NeededBytes for Containing {
        fn needs(&self, key: &str, _: Option<EntryDigest>, _: Option<u64>) -> bool {
            key.contains(self.0)
        }
    }

    /// Packs pages, a few of them in each segment.
    async fn pack(needed: Option<Arc<dyn NeededBytes>>) -> Vec<PackedRoutes> {
        let planner = Planner::new(
            G12,
            "b".to_owned(),
            "",
            TtlRule::default(),
            cloudflare_kv::LIMITS,
            ManifestScan::of_pages(false),
        );
        let target = PackTarget {
            frame: Frame::BulkJson,
            limits: cloudflare_kv::LIMITS,
            timestamps: Timestamps {
                now_ms: 1.0,
                rendered_at_ms: 1.0,
            },
        };
        let limits = PackLimits {
            threads: 2,
            max_segments_ahead: 4,
            segment_bytes: 4_000,
            buffer_bytes: 8_000,
            max_free_buffers: 2,
            max_bytes: usize::MAX,
        };
        let queue = PageQueue::new();
        let mut packer = Packer::start_pages(planner, Arc::clone(&queue), target, limits).unwrap();
        if let Some(needed) = needed {
            packer.encode_only(needed);
        }
        let push = async {
            for page in 0..PAGES {
                let route = format!(
                    r#"{{"route":"/p{page}","status":"rendered","router":"app","revalidate":false}}"#
                );
                let html = format!("<p>{page}</p>").repeat(50).into_bytes();
                let rsc = b"0:{\"page:/\":[]}\n".to_vec();
                assert!(queue.push(Page::new(route, html, Some(rsc))).await);
            }
            queue.finish(None);
        };
        let take = async {
            let mut all = Vec::new();
            while let Some(packed) = packer.next(true).await.unwrap() {
                assert!(packed.skipped.is_empty(), "{:?}", packed.skipped);
                all.push(packed);
            }
            all
        };
        tokio::join!(push, take).1
    }

    fn keys_and_spans(all: &[PackedRoutes]) -> impl Iterator<Item = (&str, EntrySpan)> {
        all.iter().flat_map(|packed| {
            let entries = packed.entries().iter().enumerate();
            entries.map(|(position, span)| (packed.key(position), *span))
        })
    }

    /// What is counted of an entry.
    fn counted(all: &[PackedRoutes]) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
        keys_and_spans(all)
            .map(|(key, span)| {
                let ttl = span.ttl_seconds();
                (
                    key.to_owned(),
                    span.digest,
                    ttl,
                    span.is_first,
                    span.priority,
                )
            })
            .collect()
    }

    /// The entries with bytes, as one batch.
    fn batch(all: &[PackedRoutes], wanted: impl Fn(&str) -> bool) -> Batch {
        let mut batcher = Batcher::new(BatchLimits {
            max_pairs: usize::MAX,
            max_body_bytes: usize::MAX,
        });
        for packed in all {
            let all = 0..packed.entries().len();
            let chosen = all.filter(|&position| wanted(packed.key(position)));
            let positions: Vec<_> = chosen.map(|position| position..position + 1).collect();
            batcher.push_some(packed, &positions, |_| {});
        }
        batcher.finish().unwrap_or_default()
    }

    #[tokio::test]
    async fn entries_without_bytes_are_counted_like_any_other() {
        let all = pack(None).await;
        assert_eq!(counted(&all).len(), 2 * PAGES);
        for needed in [Arc::new(NoBytes) as _, Arc::new(Containing("/p7:")) as _] {
            assert_eq!(counted(&pack(Some(needed)).await), counted(&all));
        }
    }

    #[tokio::test]
    async fn only_what_is_needed_has_bytes() {
        let is_needed = |key: &str| key.contains("/p7:");
        let some = pack(Some(Arc::new(Containing("/p7:")))).await;
        let encoded = keys_and_spans(&some).filter(|(_, span)| span.is_encoded);
        assert!(
            encoded
                .map(|(key, _)| key.to_owned())
                .all(|key| is_needed(&key))
        );
        let body = |batch: Batch| batch.body().flatten().collect::<Vec<u8>>();
        let expected = body(batch(&pack(None).await, is_needed));
        assert!(!expected.is_empty());
        assert_eq!(body(batch(&some, is_needed)), expected);
    }

    #[tokio::test]
    async fn entries_without_bytes_take_little_memory() {
        let bytes = |all: &[PackedRoutes]| all.iter().map(PackedRoutes::bytes).sum::<usize>();
        let all = bytes(&pack(None).await);
        let none = bytes(&pack(Some(Arc::new(NoBytes))).await);
        assert!(none < all / 4, "{none} of {all} bytes");
    }
}
