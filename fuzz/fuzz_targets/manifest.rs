//! Any bytes as a manifest, in chunks of any size.
//!
//! Must hold: no panic; the same outcome for all chunk sizes; for input that a JSON library can
//! read, the same build id, flag and routes; every route's fields exactly.

#![no_main]

use std::fmt;
use std::io::Read;

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use vinext_seed::fuzzing::read_manifest;
use vinext_seed::manifest::{ManifestError, RawRoute};
use vinext_seed::plan::ManifestScan;

fuzz_target!(|input: &[u8]| {
    let Some((&first, document)) = input.split_first() else {
        return;
    };
    let whole = read(document);
    let portions = Portions {
        rest: document,
        largest: usize::from(first) % 17 + 1,
        count: 0,
    };
    assert_eq!(whole, read(portions), "the portions make a difference");
    let scan = ManifestScan::read(read_manifest(document));
    if let (Ok(scan), Ok(manifest)) = (&scan, &whole) {
        assert_eq!(scan.routes, manifest.routes.len());
        assert!(scan.candidates <= scan.routes);
    }
    if let Ok(members) = serde_json::from_slice::<Members>(document) {
        let same = expected(members) == whole.as_ref().ok().map(comparable);
        assert!(same, "a JSON library reads it otherwise than as {whole:?}");
    }
    for json in whole.iter().flat_map(|manifest| &manifest.routes) {
        check_route(&String::from_utf8_lossy(json));
    }
});

#[derive(Debug, PartialEq)]
struct Manifest {
    build_id: Option<String>,
    trailing_slash: bool,
    routes: Vec<Vec<u8>>,
}

fn read(source: impl Read) -> Result<Manifest, String> {
    let mut reader = read_manifest(source);
    let mut read = || {
        let mut routes = Vec::new();
        while let Some(route) = reader.next_route()? {
            routes.push(route.to_vec());
        }
        Ok(routes)
    };
    let routes = read().map_err(|problem: ManifestError| format!("{problem:?}"))?;
    let header = reader
        .into_header()
        .map_err(|problem| problem.to_string())?;
    Ok(Manifest {
        build_id: header.build_id,
        trailing_slash: header.trailing_slash,
        routes,
    })
}

/// Hands a document out in small portions of changing size.
struct Portions<'a> {
    rest: &'a [u8],
    largest: usize,
    count: usize,
}

impl Read for Portions<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.count += 1;
        let size = (self.count * 7) % self.largest + 1;
        let size = size.min(self.rest.len()).min(buffer.len());
        let (portion, rest) = self.rest.split_at(size);
        buffer[..size].copy_from_slice(portion);
        self.rest = rest;
        Ok(size)
    }
}

/// The members of an object in order, also those that stand twice. Nothing of another value.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

/// Build id, whether URLs end in a slash, routes.
type Comparable = (Option<String>, bool, Vec<Value>);

/// What a reader of the whole document finds; `None` if there is no usable manifest.
fn expected(members: Members) -> Option<Comparable> {
    let (mut build_id, mut trailing_slash, mut routes) = (None, false, None);
    for (name, value) in members.0 {
        match (name.as_str(), value) {
            ("buildId", value) => build_id = value.as_str().map(str::to_owned),
            ("trailingSlash", value) => trailing_slash = value == Value::Bool(true),
            // A second list would have to take back what is already passed on.
            ("routes", _) if routes.is_some() => return None,
            ("routes", Value::Array(items)) => routes = Some(items),
            _ => {}
        }
    }
    let build_id = build_id.filter(|id| !id.is_empty())?;
    Some((Some(build_id), trailing_slash, routes?))
}

fn comparable(manifest: &Manifest) -> Comparable {
    let routes = manifest.routes.iter();
    let routes = routes.map(|json| serde_json::from_slice(json).unwrap());
    (
        manifest.build_id.clone(),
        manifest.trailing_slash,
        routes.collect(),
    )
}

fn check_route(json: &str) {
    let Ok(Some(raw)) = RawRoute::parse(json) else {
        return;
    };
    let _ = raw.name();
    let Ok(route) = raw.validate() else {
        return;
    };
    if let Some(lifetime) = route.lifetime {
        let seconds = [
            lifetime.revalidate_seconds,
            lifetime.expire_seconds,
            lifetime.stale_seconds,
        ];
        assert!(seconds.into_iter().flatten().all(f64::is_finite));
        assert!(
            lifetime
                .revalidate_seconds
                .is_none_or(|seconds| seconds > 0.0)
        );
    }
    if let Ok(value) = serde_json::from_str::<Value>(json) {
        assert_eq!(value["route"], *route.pattern);
        assert_eq!(
            value.get("path").and_then(Value::as_str),
            route.path.as_deref()
        );
        let tags = value.get("tags").and_then(Value::as_array);
        let tags: Vec<_> = tags
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(tags, route.tags.iter().collect::<Vec<_>>());
        let headers = value.get("headers").and_then(Value::as_object);
        assert_eq!(headers, route.headers.as_ref());
        if let Some(seconds) = value["revalidate"]
            .as_f64()
            .filter(|&seconds| seconds > 0.0)
        {
            let found = route
                .lifetime
                .and_then(|lifetime| lifetime.revalidate_seconds);
            assert_eq!(found, Some(seconds));
        }
    }
}
