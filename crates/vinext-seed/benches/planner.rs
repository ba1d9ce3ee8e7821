//! Benchmarks scanning a manifest of 100,000 routes and planning each route.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start says why")]

mod support;

use divan::Bencher;
use divan::counter::ItemsCount;
use vinext_seed::formats::profile::G12;
use vinext_seed::manifest::{ManifestFile, RawRoute};
use vinext_seed::plan::lifetime::TtlRule;
use vinext_seed::plan::{ManifestScan, Planner};
use vinext_seed::store::cloudflare_kv;

const ROUTES: usize = 100_000;

fn main() {
    divan::main();
}

fn manifest() -> (tempfile::TempDir, ManifestFile) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    support::write_manifest(dir.path(), ROUTES).expect("a manifest is written");
    let manifest = ManifestFile::open(dir.path()).expect("it can be opened");
    (dir, manifest)
}

fn scan(manifest: &ManifestFile) -> ManifestScan {
    ManifestScan::read(manifest.routes().expect("it can be read")).expect("it is a manifest")
}

/// All that has to happen before the first file is read.
#[divan::bench(sample_count = 10)]
fn surveyed(bencher: Bencher<'_, '_>) {
    let (_dir, manifest) = manifest();
    bencher
        .counter(ItemsCount::new(ROUTES))
        .bench_local(|| scan(&manifest));
}

/// A route from its JSON to keys, files and tags.
#[divan::bench]
fn planned(bencher: Bencher<'_, '_>) {
    let (_dir, manifest) = manifest();
    let planner = Planner::new(
        G12,
        "b".to_owned(),
        "",
        TtlRule::default(),
        cloudflare_kv::LIMITS,
        scan(&manifest),
    );
    let json = support::route(7);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let raw = RawRoute::parse(json.trim_start())
            .expect("it is JSON")
            .expect("it is an object");
        let route = raw.validate().expect("it is valid");
        planner.plan(7, &route).expect("it is planned")
    });
}
