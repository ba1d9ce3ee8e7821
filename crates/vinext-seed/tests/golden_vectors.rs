//! Compares the formats with inputs and outputs of the published packages' own functions.
//!
//! The vectors were produced by importing these functions from the npm packages; see the `sources`
//! of each file.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

use std::borrow::Cow;
use std::path::Path;

use serde_json::Value;
use vinext_seed::formats::RuntimeProfile;
use vinext_seed::formats::cache_key::ArtifactKind;
use vinext_seed::formats::kv_key::{KvKeySpace, LongKeys};
use vinext_seed::formats::path_hash::PathHash;
use vinext_seed::formats::pathname::cache_pathname;
use vinext_seed::formats::profile;
use vinext_seed::formats::tags::{ColonTags, Leaf, storable};

const GENERATIONS: &[(&str, RuntimeProfile)] = &[
    ("g02", profile::G02),
    ("g05", profile::G05),
    ("g07", profile::G07),
    ("g08", profile::G08),
    ("g11", profile::G11_BETA8),
    ("g12", profile::G12),
];

fn for_each_vector(name: &str, mut check: impl FnMut(&RuntimeProfile, &Value)) {
    for (generation, profile) in GENERATIONS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/data/vectors/vectors-{generation}.json"));
        let vectors: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let cases = vectors[name].as_array().unwrap();
        assert!(!cases.is_empty(), "{generation} has no {name}");
        for case in cases {
            check(profile, case);
        }
    }
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name} in {case}"))
}

#[test]
fn cache_keys() {
    for_each_vector("keys", |profile, case| {
        for kind in [ArtifactKind::Html, ArtifactKind::Rsc, ArtifactKind::Route] {
            let key = profile
                .cache_key
                .key(text(case, "buildId"), text(case, "pathname"), kind);
            assert_eq!(
                key,
                text(case, kind.as_str()),
                "{}: {case}",
                profile.generation
            );
        }
    });
}

#[test]
fn path_hashes() {
    for_each_vector("fnv1a64", |profile, case| {
        let hash = match profile.cache_key.path_hash {
            PathHash::Fnv1a64Base36 => PathHash::Fnv1a64Base36,
            // From 0.0.55 on `fnv1a64` prints hexadecimal digits; 1.4.0 still has it for KV keys.
            _ => PathHash::Fnv1a64Hex,
        };
        assert_eq!(
            hash.digest(text(case, "input")),
            text(case, "output"),
            "{case}"
        );
    });
}

#[test]
fn pathnames() {
    for_each_vector("normalisation", |_, case| {
        assert_eq!(
            cache_pathname(text(case, "input")),
            text(case, "seed"),
            "{case}"
        );
    });
}

#[test]
fn artifact_paths() {
    for_each_vector("outputPaths", |profile, case| {
        let path = text(case, "path");
        for (member, kind, trailing_slash) in [
            ("html", ArtifactKind::Html, false),
            ("htmlTrailingSlash", ArtifactKind::Html, true),
            ("rsc", ArtifactKind::Rsc, false),
            ("rsc", ArtifactKind::Rsc, true),
            ("route", ArtifactKind::Route, false),
        ] {
            // Generations without metadata routes have no name for their files.
            let Some(expected) = case[member].as_str() else {
                continue;
            };
            let file = profile
                .artifact_path
                .file(path, kind, trailing_slash)
                .unwrap();
            assert_eq!(file, expected, "{}: {case}", profile.generation);
        }
    });
}

#[test]
fn tags() {
    for_each_vector("tags", |profile, case| {
        let strings = |name: &str| -> Vec<Cow<'_, str>> {
            let items = case[name].as_array().unwrap();
            items
                .iter()
                .map(|item| Cow::Borrowed(item.as_str().unwrap()))
                .collect()
        };
        let leaf = if text(case, "leaf") == "page" {
            Leaf::Page
        } else {
            Leaf::Route
        };
        // The oldest generations know no route handlers; their vectors hold the page's tags.
        let leaf = if profile.generation == "g02" {
            Leaf::Page
        } else {
            leaf
        };
        let tags = profile.tags.derive(
            text(case, "pathname"),
            strings("routeSegments").into_iter(),
            leaf,
            strings("extra"),
        );
        let tags: Vec<_> = tags.iter().collect();
        assert_eq!(tags, strings("runtime"), "{}: {case}", profile.generation);
    });
}

#[test]
fn kv_keys() {
    for_each_vector("kvKeys", |profile, case| {
        let long_keys = match profile.generation {
            "g08" | "g11" | "g12" => LongKeys::Hashed,
            _ => LongKeys::Rejected,
        };
        let space = KvKeySpace::new(case["appPrefix"].as_str().unwrap_or_default(), long_keys);
        let expected = text(case, "entryKey");
        // An older adapter names the key and fails when it uses it.
        let expected = Some(expected).filter(|key| key.len() <= 512);
        assert_eq!(
            space.entry_key(text(case, "logicalKey")).as_deref(),
            expected,
            "{case}"
        );
    });
}

#[test]
fn keeps_every_tag_that_the_adapter_stores() {
    let mut stored_values = 0;
    for_each_vector("kvSet", |_, case| {
        let Some(stored) = case["put"]["value"].as_str() else {
            return;
        };
        stored_values += 1;
        let stored: Value = serde_json::from_str(stored).unwrap();
        let tags: Vec<String> = serde_json::from_value(stored["tags"].clone()).unwrap();
        let kept = storable(tags.iter().collect(), ColonTags::Dropped);
        assert_eq!(kept.iter().collect::<Vec<_>>(), tags, "{case}");
    });
    // All but one of each generation, whose `revalidate` of 0 no adapter stores.
    assert_eq!(stored_values, 20 * GENERATIONS.len());
}
