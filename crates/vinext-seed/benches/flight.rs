//! Payloads of real builds: how fast they are read, and what that adds to packing a site.

#![expect(clippy::expect_used, reason = "a benchmark that cannot start says why")]

mod support;

use std::fs;
use std::path::Path;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use serde::Deserialize;
use vinext_seed::flight::{Expected, Render, render_of, rows};
use vinext_seed::formats::profile::G12;
use vinext_seed::manifest::ManifestFile;
use vinext_seed::pack::{PackLimits, PackTarget, Packer, Timestamps};
use vinext_seed::plan::lifetime::TtlRule;
use vinext_seed::plan::{ManifestScan, Planner};
use vinext_seed::store::{Frame, cloudflare_kv};

/// Versions whose payloads differ: everything in the root, half of it, nearly nothing.
const VERSIONS: [&str; 3] = ["0.0.38", "0.2.1", "1.4.0"];

/// Routes of the packed site. Their documents have 20 KB, as small pages have.
const ROUTES: usize = 1_000;
const DOCUMENT_BYTES: usize = 20_000;

fn main() {
    divan::main();
}

#[derive(Deserialize)]
struct Build {
    renders: Vec<Page>,
}

#[derive(Deserialize)]
struct Page {
    render: String,
    payload: Option<String>,
}

/// The payloads of a version's healthy pages.
fn payloads(version: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/renders");
    let json = fs::read(file.join(format!("{version}.json"))).expect("the payloads are there");
    let build: Build = serde_json::from_slice(&json).expect("they are JSON");
    let healthy = build
        .renders
        .into_iter()
        .filter(|page| page.render == "page");
    healthy.filter_map(|page| page.payload).collect()
}

#[divan::bench(args = VERSIONS)]
fn rows_of_payloads(bencher: Bencher<'_, '_>, version: &str) {
    let payloads = payloads(version);
    let bytes: usize = payloads.iter().map(String::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let rows = payloads
            .iter()
            .map(|payload| rows(payload.as_bytes()).count());
        rows.sum::<usize>()
    });
}

#[divan::bench(args = VERSIONS)]
fn render_of_payloads(bencher: Bencher<'_, '_>, version: &str) {
    let payloads = payloads(version);
    let bytes: usize = payloads.iter().map(String::len).sum();
    let expected = Expected {
        pathname: "/",
        may_be_other_page: false,
    };
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for payload in &payloads {
            let render = render_of(payload.as_bytes(), &expected);
            assert!(matches!(render, Ok(Render::Page)), "{render:?}");
        }
    });
}

/// Packs a site with each version's payloads, with and without looking at them.
#[divan::bench(args = VERSIONS, consts = [true, false], sample_count = 40)]
fn packing<const LOOKS: bool>(bencher: Bencher<'_, '_>, version: &str) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    support::write_manifest(dir.path(), ROUTES).expect("a manifest is written");
    let artifacts = dir.path().join("prerendered-routes");
    fs::create_dir_all(artifacts.join("guides")).expect("a directory is made");
    let document = support::document(DOCUMENT_BYTES);
    let payloads = payloads(version);
    for index in 0..ROUTES {
        let payload = &payloads[index % payloads.len()];
        for (extension, content) in [("html", &document), ("rsc", payload)] {
            let file = artifacts.join(format!("guides/{index}.{extension}"));
            fs::write(file, content).expect("an artifact is written");
        }
    }
    bencher
        .counter(ItemsCount::new(ROUTES))
        .bench_local(|| pack(dir.path(), &artifacts, LOOKS));
}

fn pack(server_dir: &Path, artifacts: &Path, looks: bool) -> usize {
    let manifest = ManifestFile::open(server_dir).expect("it can be opened");
    let scan = ManifestScan::read(manifest.routes().expect("it can be read")).expect("it is valid");
    let planner = Planner::new(
        G12,
        "b".to_owned(),
        "",
        TtlRule::default(),
        cloudflare_kv::LIMITS,
        scan,
    )
    .seed_failed_renders(!looks);
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
        max_segments_ahead: 2,
        segment_bytes: 512 * 1024,
        buffer_bytes: 640 * 1024,
        max_free_buffers: 2,
        max_bytes: usize::MAX,
    };
    let routes = manifest.into_routes();
    let mut packer =
        Packer::start(planner, routes, artifacts, target, limits).expect("threads start");
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(async {
        let mut packed = 0;
        while let Some(routes) = packer.next(true).await.expect("everything is packed") {
            assert!(routes.skipped.is_empty(), "{:?}", routes.skipped);
            packed += routes.routes;
        }
        packed
    })
}
