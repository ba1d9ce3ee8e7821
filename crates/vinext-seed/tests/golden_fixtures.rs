//! Packs builds of real vinext versions and compares every pair, byte for byte, with what that
//! version's runtime read as a HIT.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

use std::path::{Path, PathBuf};

use serde_json::Value;
use vinext_seed::formats::profile::{self, RuntimeProfile};
use vinext_seed::manifest::ManifestFile;
use vinext_seed::pack::{BatchLimits, Batcher, PackLimits, PackTarget, Packer, Timestamps};
use vinext_seed::plan::lifetime::TtlRule;
use vinext_seed::plan::{ManifestScan, Planner, SkippedRoute};
use vinext_seed::store::{Frame, cloudflare_kv};

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/fixtures")
        .join(version)
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

async fn pack(
    version: &str,
    profile: RuntimeProfile,
    build_id: &str,
    now_ms: f64,
    segment_bytes: usize,
) -> (Vec<Value>, Vec<SkippedRoute>) {
    let server_dir = fixture(version).join("dist/server");
    let manifest = ManifestFile::open(&server_dir).unwrap();
    let scan = ManifestScan::read(manifest.routes().unwrap()).unwrap();
    let ttl = TtlRule {
        ttl_seconds: Some(2_592_000),
        static_ttl_seconds: None,
    };
    let planner = Planner::new(
        profile,
        build_id.to_owned(),
        "",
        ttl,
        cloudflare_kv::LIMITS,
        scan,
    );
    let limits = PackLimits {
        threads: 3,
        max_segments_ahead: 4,
        segment_bytes,
        buffer_bytes: segment_bytes,
        max_free_buffers: 2,
        max_bytes: usize::MAX,
    };
    let target = PackTarget {
        frame: Frame::BulkJson,
        limits: cloudflare_kv::LIMITS,
        timestamps: Timestamps {
            now_ms,
            rendered_at_ms: now_ms,
        },
    };
    let artifacts = server_dir.join("prerendered-routes");
    let routes = manifest.into_routes();
    let mut packer = Packer::start(planner, routes, &artifacts, target, limits).unwrap();
    let mut batcher = Batcher::new(BatchLimits {
        max_pairs: 7,
        max_body_bytes: 100_000,
    });
    let mut batches = Vec::new();
    let mut skipped = Vec::new();
    while let Some(packed) = packer.next(true).await.unwrap() {
        batcher.push(&packed, |batch| batches.push(batch));
        skipped.extend(packed.skipped);
    }
    batches.extend(batcher.finish());
    let pairs = batches.iter().flat_map(|batch| {
        let body: Vec<u8> = batch.body().flatten().collect();
        serde_json::from_slice::<Vec<Value>>(&body).unwrap()
    });
    (pairs.collect(), skipped)
}

async fn check(version: &str, profile: RuntimeProfile, build_id: &str, more_skipped: &[&str]) {
    let expected = json(&fixture(version).join("expected-pairs.json"));
    let now_ms = expected["now"].as_f64().unwrap();
    let mut expected_pairs = expected["pairs"].as_array().unwrap().clone();
    expected_pairs.retain(|pair| {
        let url = pair["url"].as_str().unwrap();
        !more_skipped.iter().any(|skipped| url.contains(skipped))
    });
    for segment_bytes in [1, 20_000, 1_000_000] {
        let (pairs, skipped) = pack(version, profile, build_id, now_ms, segment_bytes).await;
        assert_eq!(pairs.len(), expected_pairs.len(), "{version}");
        for (pair, expected) in pairs.iter().zip(&expected_pairs) {
            for member in ["key", "expiration_ttl"] {
                assert_eq!(pair[member], expected[member], "{version}");
            }
            let (value, expected) = (value(pair), value(expected));
            assert_eq!(value, expected, "{version}: {}", pair["key"]);
            assert_eq!(pair["metadata"]["tags"], value["tags"], "{version}");
        }
        // Every rendered route is either packed or skipped with a reason.
        for left_out in expected["skipped"].as_array().unwrap() {
            let route = left_out[0].as_str().unwrap();
            assert!(
                skipped.iter().any(|skipped| skipped.route == route),
                "{version}: {route}"
            );
        }
    }
}

fn value(pair: &Value) -> Value {
    serde_json::from_str(pair["value"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn vinext_0_0_38() {
    let build_id = json(&fixture("0.0.38").join("app-bundle-build-id.json"));
    let build_id = build_id["appBundleBuildId"].as_str().unwrap();
    // The fixture has the page whose literal percent sign was decoded twice; it is skipped.
    check("0.0.38", profile::G02, build_id, &["%25"]).await;
}

#[tokio::test]
async fn vinext_0_2_1() {
    let build_id = "1b28fa02-abfb-4d2b-a7a2-6f9daebe4b8d";
    // The fixture has the pages that were rendered from undecoded parameters; they are skipped.
    check("0.2.1", profile::G07, build_id, &["%"]).await;
}

#[tokio::test]
async fn vinext_1_4_0() {
    check(
        "1.4.0",
        profile::G12,
        "ce8f4b8e-fc2e-4492-af0e-ecb05074cb20",
        &[],
    )
    .await;
}

#[tokio::test]
async fn vinext_1_4_0_with_trailing_slashes() {
    check(
        "1.4.0-ts",
        profile::G12,
        "686d7e88-7de2-4b90-b808-a81a00299bfb",
        &[],
    )
    .await;
}
