//! Benchmarks cutting packed routes into batches and assembling request bodies.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start says why")]

mod support;

use std::fs;

use divan::Bencher;
use divan::counter::ItemsCount;
use vinext_seed::formats::profile::G12;
use vinext_seed::manifest::ManifestFile;
use vinext_seed::pack::{
    BatchLimits, Batcher, PackLimits, PackTarget, PackedRoutes, Packer, Timestamps,
};
use vinext_seed::plan::lifetime::TtlRule;
use vinext_seed::plan::{ManifestScan, Planner};
use vinext_seed::store::{Frame, cloudflare_kv};

const ROUTES: usize = 2_000;

fn main() {
    divan::main();
}

/// A site, packed.
fn packed() -> Vec<PackedRoutes> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    support::write_manifest(dir.path(), ROUTES).expect("a manifest is written");
    let artifacts = dir.path().join("prerendered-routes");
    fs::create_dir_all(artifacts.join("guides")).expect("a directory is made");
    let document = support::document(1_000);
    for index in 0..ROUTES {
        for (extension, content) in [("html", document.as_str()), ("rsc", "0:{\"page:/\":[]}\n")] {
            let file = artifacts.join(format!("guides/{index}.{extension}"));
            fs::write(file, content).expect("an artifact is written");
        }
    }
    let manifest = ManifestFile::open(dir.path()).expect("it can be opened");
    let scan = ManifestScan::read(manifest.routes().expect("it can be read")).expect("it is valid");
    let planner = Planner::new(
        G12,
        "b".to_owned(),
        "",
        TtlRule::default(),
        cloudflare_kv::LIMITS,
        scan,
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
        threads: 1,
        max_segments_ahead: 1,
        segment_bytes: 512 * 1024,
        buffer_bytes: 640 * 1024,
        max_free_buffers: 0,
        max_bytes: usize::MAX,
    };
    let routes = manifest.into_routes();
    let mut packer =
        Packer::start(planner, routes, &artifacts, target, limits).expect("threads start");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let mut all = Vec::new();
        while let Some(routes) = packer.next(true).await.expect("everything is packed") {
            assert!(routes.skipped.is_empty(), "{:?}", routes.skipped);
            all.push(routes);
        }
        all
    })
}

/// Full batches, and how many pieces their bodies have, which is what the sender asks for.
#[divan::bench(args = [64 * 1024, 8 * 1024 * 1024])]
fn batched(bencher: Bencher<'_, '_>, max_body_bytes: usize) {
    let packed = packed();
    let limits = BatchLimits {
        max_pairs: 10_000,
        max_body_bytes,
    };
    bencher
        .counter(ItemsCount::new(2 * ROUTES))
        .bench_local(|| {
            let mut pieces = 0;
            let mut batcher = Batcher::new(limits);
            for routes in &packed {
                batcher.push(routes, |batch| pieces += batch.body().count());
            }
            pieces + batcher.finish().map_or(0, |batch| batch.body().count())
        });
}
