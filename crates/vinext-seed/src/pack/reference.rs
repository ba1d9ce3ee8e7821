//! A slow encoder built on a JSON library, with which the fast one is compared.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::batcher::Batcher;
use super::buffer_pool::BufferPool;
use super::entry::{Encoder, EntryParts, Timestamps};
use super::memory::MemoryBudget;
use super::segment::{NewEntry, SegmentBuilder};
use super::{Batch, BatchLimits, PackedRoutes};
use crate::formats::cache_key::ArtifactKind;
use crate::formats::profile::QueryProof;
use crate::manifest::{Headers, Lifetime};
use crate::plan::lifetime::{expire_at_ms, revalidate_at_ms};
use crate::plan::{PlannedEntry, PlannedRoute, Priority};
use crate::store::{Frame, StoreLimits, cloudflare_kv};

const MOMENT: Timestamps = Timestamps {
    now_ms: 1_700_000_000_123.0,
    rendered_at_ms: 1_600_000_000_456.0,
};

/// A pair as a JSON library prints it.
fn slow_pair(route: &PlannedRoute, artifact: &[u8]) -> String {
    let entry = &route.entries[0];
    let base64 = || base64_simd::STANDARD.encode_to_string(artifact);
    let props = || serde_json::from_slice::<Value>(&page_data(entry)).unwrap();
    let mut value = match entry.kind {
        // The standard library's own decoding, which replaces maximal parts too.
        ArtifactKind::Html => {
            json!({ "kind": "APP_PAGE", "html": String::from_utf8_lossy(artifact) })
        }
        ArtifactKind::Rsc => json!({ "kind": "APP_PAGE", "html": "", "rscData": base64() }),
        ArtifactKind::Route => json!({ "kind": "APP_ROUTE", "body": base64() }),
        ArtifactKind::Pages => {
            let html = String::from_utf8_lossy(artifact);
            json!({ "kind": "PAGES", "html": html, "pageData": props() })
        }
        ArtifactKind::PagesRedirect => json!({ "kind": "REDIRECT", "props": props() }),
        ArtifactKind::PagesNotFound => Value::Null,
    };
    let mut insert = |name: &str, member: Value| value[name] = member;
    if let Some(headers) = &entry.headers {
        insert("headers", Value::Object(headers.clone()));
    }
    if let Some(status) = route.status {
        insert("status", status.into());
    }
    if route.query_proof == QueryProof::PrerenderedFlag {
        insert("prerendered", true.into());
    }
    let mut whole = Map::new();
    whole.insert("value".to_owned(), value);
    whole.insert("tags".to_owned(), json!(route.tags));
    whole.insert(
        "lastModified".to_owned(),
        number(Some(MOMENT.rendered_at_ms)),
    );
    let revalidate_at = match route.starts_stale {
        true => Some(0.0),
        false => revalidate_at_ms(&route.lifetime, MOMENT.now_ms),
    };
    whole.insert("revalidateAt".to_owned(), number(revalidate_at));
    let expire_at = expire_at_ms(&route.lifetime, MOMENT.now_ms);
    whole.insert("expireAt".to_owned(), number(expire_at));
    if let Some(revalidate) = route.lifetime.revalidate_seconds {
        let mut control = json!({ "revalidate": number(Some(revalidate)) });
        if let Some(expire) = route.lifetime.expire_seconds {
            control["expire"] = number(Some(expire));
        }
        whole.insert("cacheControl".to_owned(), control);
    }
    let mut pair = Map::new();
    pair.insert("key".to_owned(), entry.key.clone().into());
    let whole = serde_json::to_string(&whole).unwrap();
    pair.insert("value".to_owned(), whole.into());
    if let Some(ttl_seconds) = route.ttl_seconds {
        pair.insert("expiration_ttl".to_owned(), ttl_seconds.into());
    }
    let metadata = json!({ "tags": route.tags });
    if metadata.to_string().len() <= 1024 {
        pair.insert("metadata".to_owned(), metadata);
    }
    serde_json::to_string(&pair).unwrap()
}

/// The data of a page of the Pages Router.
fn page_data(entry: &PlannedEntry) -> Vec<u8> {
    json!({ "pageProps": { "text": entry.key } })
        .to_string()
        .into_bytes()
}

/// Whole numbers only, which both print alike.
#[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
fn number(value: Option<f64>) -> Value {
    value.map_or(Value::Null, |value| (value as i64).into())
}

fn routes() -> impl Strategy<Value = (PlannedRoute, Vec<u8>)> {
    let kind = prop_oneof![
        3 => Just(ArtifactKind::Html),
        1 => Just(ArtifactKind::Rsc),
        1 => Just(ArtifactKind::Route),
        1 => Just(ArtifactKind::Pages),
        1 => Just(ArtifactKind::PagesRedirect),
        1 => Just(ArtifactKind::PagesNotFound),
    ];
    let text = "[a-z/\"\\\\é日😀\\x00-\\x1f]{0,20}";
    let headers = prop::collection::vec((text, text), 0..3).prop_map(|members| {
        Headers::from_iter(
            members
                .into_iter()
                .map(|(name, value)| (name, value.into())),
        )
    });
    let fields = (
        kind,
        text,
        prop::option::of(headers),
        prop::collection::vec(text, 0..20),
        prop::option::of(1..100_000_u32),
        prop::option::of(100..600_u16),
        any::<bool>(),
        any::<bool>(),
    );
    (fields, artifacts()).prop_map(|(fields, artifact)| {
        let (kind, key, headers, tags, revalidate, status, is_proven, starts_stale) = fields;
        // A `notFound` is just `null`.
        let has_members = kind != ArtifactKind::PagesNotFound;
        let route = PlannedRoute {
            entries: vec![PlannedEntry {
                kind,
                is_required: true,
                file: String::new(),
                from_manifest: None,
                key,
                headers: headers.filter(|_| has_members),
                priority: Default::default(),
            }],
            payload_check: None,
            page_data_check: None,
            tags: tags.into_iter().collect(),
            lifetime: Lifetime {
                revalidate_seconds: revalidate.map(f64::from),
                expire_seconds: revalidate.map(|seconds| f64::from(seconds) * 2.0),
                stale_seconds: None,
            },
            starts_stale,
            ttl_seconds: revalidate.map(u64::from),
            status: status.filter(|_| has_members),
            query_proof: if is_proven && has_members {
                QueryProof::PrerenderedFlag
            } else {
                QueryProof::None
            },
            has_expiry: true,
        };
        (route, artifact)
    })
}

/// Anything a file may contain: text with many or few escapes, and bytes that are not text.
fn artifacts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "(?s)[\\x00-\\x1f\"\\\\<>a-zé\u{2028}\u{feff}😀]{0,300}".prop_map(String::into_bytes),
        "[a-z <>=/]{0,300}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..100),
        Just(b"\xef\xbb\xbf\xe2\x82\xed\xa0\x80\xf0\x9f\x98".to_vec()),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// Encodes a route's first entry, and checks that its size is the computed one.
fn push(builder: &mut SegmentBuilder, frame: Frame, route: &PlannedRoute, artifact: &[u8]) {
    let limits = StoreLimits {
        max_value_bytes: 0,
        ..cloudflare_kv::LIMITS
    };
    let encoder = Encoder {
        frame,
        limits,
        timestamps: MOMENT,
    };
    let entry = &route.entries[0];
    let own_members = Encoder::own_members(route, entry);
    let page_data = page_data(entry);
    let parts = EntryParts {
        entry,
        artifact: match entry.kind {
            ArtifactKind::PagesRedirect => &page_data,
            ArtifactKind::PagesNotFound => b"null",
            _ => artifact,
        },
        page_data: match entry.kind {
            ArtifactKind::Pages => &page_data,
            _ => &[],
        },
        own_members: &own_members,
        tail: &encoder.tail(route),
        record: "",
    };
    let new = NewEntry {
        key: &entry.key,
        key_offset: encoder.key_offset(&entry.key),
        ttl_seconds: route.ttl_seconds,
        is_first: true,
        digest: None,
        metadata: None,
        priority: Priority::default(),
    };
    builder.push(new, |out| {
        let start = out.len();
        encoder.push(out, parts);
        let size = encoder.size_if_large(parts).unwrap();
        assert_eq!(size.framed_bytes, out.len() - start);
    });
}

/// Packs routes into batches.
fn batches(
    routes: &[(PlannedRoute, Vec<u8>)],
    frame: Frame,
    max_pairs: usize,
    per_segment: usize,
) -> Vec<Batch> {
    let mut batcher = Batcher::new(BatchLimits {
        max_pairs,
        max_body_bytes: usize::MAX,
    });
    let mut batches = Vec::new();
    // Buffers are reused, so leftovers would show.
    let pool = BufferPool::new(1 << 16, 4, MemoryBudget::new(0));
    for routes in routes.chunks(per_segment) {
        let mut builder = SegmentBuilder::new(frame, &pool);
        for (route, artifact) in routes {
            push(&mut builder, frame, route, artifact);
        }
        let packed = PackedRoutes {
            routes: routes.len(),
            segment: builder.finish(),
            skipped: Vec::new(),
        };
        batcher.push(&packed, |batch| batches.push(batch));
    }
    batches.extend(batcher.finish());
    batches
}

proptest! {
    #[test]
    fn every_body_equals_the_reference_encoders(
        routes in prop::collection::vec(routes(), 1..12),
        max_pairs in 1..6_usize,
        per_segment in 1..6_usize,
    ) {
        let mut slow = routes.iter().map(|(route, artifact)| slow_pair(route, artifact));
        let mut planned = routes.iter();
        for batch in batches(&routes, Frame::BulkJson, max_pairs, per_segment) {
            let mut fast = Sha256::new();
            for piece in batch.body() {
                fast.update(&piece);
            }
            let pairs: Vec<String> = slow.by_ref().take(batch.pairs()).collect();
            let expected = format!("[{}]", pairs.join(","));
            prop_assert_eq!(fast.finalize(), Sha256::digest(expected));
            for (entry, (route, _)) in batch.entries().zip(planned.by_ref()) {
                prop_assert_eq!(entry.key(), &route.entries[0].key);
                prop_assert_eq!(entry.ttl_seconds(), route.ttl_seconds);
            }
        }
        prop_assert!(slow.next().is_none());
    }

    #[test]
    fn every_raw_value_equals_the_reference_encoders(
        routes in prop::collection::vec(routes(), 1..12),
        max_pairs in 1..6_usize,
        per_segment in 1..6_usize,
    ) {
        let mut planned = routes.iter();
        for batch in batches(&routes, Frame::RawValue, max_pairs, per_segment) {
            prop_assert_eq!(batch.body().flatten().count(), batch.body_bytes());
            for entry in batch.entries() {
                let (route, artifact) = planned.next().unwrap();
                let pair: Value = serde_json::from_str(&slow_pair(route, artifact)).unwrap();
                let value = pair["value"].as_str().unwrap();
                prop_assert_eq!(entry.encoded(), value);
                prop_assert_eq!(entry.bytes(), value.len());
                prop_assert_eq!(entry.key(), &route.entries[0].key);
                prop_assert_eq!(entry.ttl_seconds(), route.ttl_seconds);
            }
        }
        prop_assert!(planned.next().is_none());
    }
}
