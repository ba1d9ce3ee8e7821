//! Payloads of real builds: pages that rendered, and pages that failed in every way known.
//!
//! `data/renders/<version>.json` holds payloads that `vinext build` of that version wrote, each with
//! what its page does.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a failed unwrap is a failed test, and nothing here is public"
)]

use std::path::Path;

use serde::Deserialize;
use vinext_seed::flight::{Expected, FlightError, Render, render_of, rows};
use vinext_seed::formats::pathname::cache_pathname;
use vinext_seed::runtime::{RuntimeSource, RuntimeVersions, resolve};

#[derive(Deserialize)]
struct Build {
    vinext: String,
    renders: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    pathname: String,
    render: String,
    payload: Option<String>,
    payload_base64: Option<String>,
}

impl Page {
    fn payload(&self) -> Vec<u8> {
        match (&self.payload, &self.payload_base64) {
            (Some(text), _) => text.clone().into_bytes(),
            (_, Some(base64)) => base64_simd::STANDARD.decode_to_vec(base64).unwrap(),
            _ => panic!("{} has no payload", self.pathname),
        }
    }
}

fn builds() -> Vec<Build> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/renders");
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
        .collect()
}

fn described(render: Result<Render<'_>, FlightError>) -> String {
    match render {
        Ok(Render::Page) => "page".to_owned(),
        Ok(Render::Failed { digest: None }) => "failed".to_owned(),
        Ok(Render::Failed {
            digest: Some(digest),
        }) => format!("failed {digest}"),
        Ok(Render::EndedInMetadata) => "ends-in-metadata".to_owned(),
        Ok(Render::OtherPage { pathname }) => format!("other-page {pathname}"),
        Ok(other) => format!("{other:?}"),
        Err(_) => "not-flight".to_owned(),
    }
}

#[test]
fn distinguishes_pages_from_failed_renders_in_every_version() {
    let builds = builds();
    assert_eq!(builds.len(), 12);
    let mut problems = Vec::new();
    for build in &builds {
        let versions = RuntimeVersions {
            vinext: build.vinext.clone(),
            cloudflare: None,
        };
        let source = RuntimeSource::Named(versions);
        let profile = resolve(Path::new("."), source, true).unwrap().profile;
        for page in &build.renders {
            let payload = page.payload();
            let expected = Expected {
                pathname: &cache_pathname(&page.pathname),
                may_be_other_page: profile.follows_redirects,
            };
            let render = described(render_of(&payload, &expected));
            if render != page.render {
                let (vinext, pathname) = (&build.vinext, &page.pathname);
                problems.push(format!(
                    "{vinext} {pathname}: {render}, not {}",
                    page.render
                ));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn never_reads_past_the_end_of_a_truncated_payload() {
    for build in builds() {
        for page in build.renders.iter().filter(|page| page.render == "page") {
            let payload = page.payload();
            let expected = Expected {
                pathname: "/",
                may_be_other_page: false,
            };
            for end in (0..payload.len()).step_by(97) {
                let cut = &payload[..end];
                let whole_rows = rows(cut).all(|row| row.is_ok());
                let is_read = render_of(cut, &expected).is_ok();
                assert!(whole_rows || !is_read, "{} {}", build.vinext, page.pathname);
            }
        }
    }
}
