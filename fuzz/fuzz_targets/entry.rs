//! Any route, any document, any payload, from the manifest to the encoded pair.
//!
//! Must hold: the pair is minimal JSON; its value is JSON that has the artifact exactly and every
//! other member in its place; key and tags are those of a slow reference; the raw value is the
//! pair's; sizes are those estimated beforehand.

#![no_main]

mod reference;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use vinext_seed::formats::RuntimeProfile;
use vinext_seed::formats::cache_key::ArtifactKind;
use vinext_seed::formats::profile::{self, QueryProof};
use vinext_seed::fuzzing::{encode, read_manifest};
use vinext_seed::manifest::RawRoute;
use vinext_seed::pack::Timestamps;
use vinext_seed::plan::lifetime::TtlRule;
use vinext_seed::plan::{ManifestScan, PlannedEntry, PlannedRoute, Planner, SkipReason};
use vinext_seed::store::{Frame, cloudflare_kv};

/// Every profile, by the number in an input; new ones go to the end, so that seeds keep theirs.
const PROFILES: [RuntimeProfile; 15] = [
    profile::G02,
    profile::G03,
    profile::G04,
    profile::G05,
    profile::G06,
    profile::G07_UNPROVEN,
    profile::G07,
    profile::G08,
    profile::G09,
    profile::G10,
    profile::G11,
    profile::G12,
    profile::G06_ENCODED,
    profile::G07_BETA2,
    profile::G11_BETA8,
];

const MOMENT: Timestamps = Timestamps {
    now_ms: 1_700_000_000_123.0,
    rendered_at_ms: 1_600_000_000_456.0,
};

/// A route in text: lines such as `path=/a%20b`, an empty line, the artifact.
#[derive(Debug, Default)]
struct Input<'a> {
    profile: usize,
    /// Makes the path longer than keys may be.
    padding: usize,
    build_id: String,
    app_prefix: String,
    pattern: String,
    path: Option<String>,
    is_metadata: bool,
    trailing_slash: bool,
    revalidate: Option<f64>,
    expire: Option<f64>,
    stale: Option<f64>,
    tags: Vec<String>,
    segments: Vec<String>,
    headers: Option<Map<String, Value>>,
    status: Option<u16>,
    ttl: Option<u64>,
    artifact: &'a [u8],
}

impl<'a> Input<'a> {
    fn parse(input: &'a [u8]) -> Self {
        let mut parsed = Self::default();
        let mut rest = input;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&rest[..end]);
            rest = &rest[end + 1..];
            match line.split_once('=') {
                Some((name, value)) => parsed.set(name, value),
                None if line.is_empty() => break,
                None => {}
            }
        }
        parsed.artifact = rest;
        parsed
    }

    fn set(&mut self, name: &str, value: &str) {
        let number = || {
            value
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite())
        };
        match name {
            "profile" => self.profile = value.parse().unwrap_or(0) % PROFILES.len(),
            "padding" => self.padding = value.parse().unwrap_or(0) % 600,
            "build" => self.build_id = value.to_owned(),
            "prefix" => self.app_prefix = value.to_owned(),
            "route" => self.pattern = value.to_owned(),
            "path" => self.path = Some(value.to_owned()),
            "metadata" => self.is_metadata = true,
            "slash" => self.trailing_slash = true,
            "revalidate" => self.revalidate = number(),
            "expire" => self.expire = number(),
            "stale" => self.stale = number(),
            "tag" => self.tags.push(value.to_owned()),
            "segment" => self.segments.push(value.to_owned()),
            "status" => {
                self.status = value
                    .parse()
                    .ok()
                    .filter(|status| (100..600).contains(status))
            }
            "ttl" => self.ttl = value.parse().ok(),
            header => {
                let headers = self.headers.get_or_insert_default();
                headers.insert(header.to_owned(), json!(value));
            }
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let input = Input::parse(input);
    let profile = PROFILES[input.profile];
    let build_id = format!("b{}", input.build_id);
    let padding = "é".repeat(input.padding);
    let pattern = &input.pattern;
    let path = input.path.as_ref().map(|path| format!("{path}{padding}"));
    let route = json!({
        "route": pattern,
        "path": path,
        "status": "rendered",
        "router": if input.is_metadata { "metadata" } else { "app" },
        "revalidate": input.revalidate,
        "expire": input.expire,
        "stale": input.stale,
        "tags": input.tags,
        "routeSegments": input.segments,
        "headers": input.headers,
        "responseStatus": input.status,
    });
    let manifest = json!({
        "buildId": build_id,
        "trailingSlash": input.trailing_slash,
        "routes": [route],
    });

    let scan = ManifestScan::read(read_manifest(manifest.to_string().as_bytes())).unwrap();
    let ttl = TtlRule {
        ttl_seconds: input.ttl,
        static_ttl_seconds: input.ttl,
    };
    let planner = Planner::new(
        profile,
        build_id.clone(),
        &input.app_prefix,
        ttl,
        cloudflare_kv::LIMITS,
        scan,
    );
    let route = route.to_string();
    let route = RawRoute::parse(&route)
        .unwrap()
        .unwrap()
        .validate()
        .unwrap();
    let encoded_path = path.as_deref().unwrap_or(pattern);
    let pathname = reference::cache_pathname(encoded_path);
    let kv_key =
        |suffix: &str| reference::kv_key(&profile, &input.app_prefix, &build_id, &pathname, suffix);
    let planned = match planner.plan(0, &route) {
        Ok(planned) => planned,
        Err(SkipReason::KeyTooLong { bytes, .. }) => {
            assert!(bytes > 512 && (kv_key("html").is_none() || kv_key("rsc").is_none()));
            return;
        }
        Err(_) => return,
    };

    let mut tagged = pathname.clone();
    if input.trailing_slash && !input.is_metadata && !tagged.ends_with('/') {
        tagged.push('/');
    }
    let segments = input.is_metadata.then_some(&input.segments[..]);
    let tags = reference::tags(&profile, &tagged, pattern, segments, &input.tags);
    for entry in &planned.entries {
        let key = kv_key(entry.kind.as_str());
        check(&planned, entry, &tags, key, input.artifact);
    }
});

fn check(
    planned: &PlannedRoute,
    entry: &PlannedEntry,
    tags: &[String],
    expected_key: Option<String>,
    artifact: &[u8],
) {
    let encoded = encode(Frame::BulkJson, planned, entry, MOMENT, artifact);
    assert_eq!(Some(&encoded.key), expected_key.as_ref());
    assert_eq!(encoded.ttl_seconds, planned.ttl_seconds);
    let pair: Value = serde_json::from_slice(&encoded.bytes).unwrap();
    let again = serde_json::to_string(&pair).unwrap();
    assert_eq!(again, std::str::from_utf8(&encoded.bytes).unwrap());
    let value_text = pair["value"].as_str().unwrap();
    assert_eq!(
        encoded.expected_bytes,
        (value_text.len(), encoded.bytes.len())
    );
    let raw = encode(Frame::RawValue, planned, entry, MOMENT, artifact);
    assert_eq!(raw.bytes, value_text.as_bytes());
    assert_eq!(raw.expected_bytes, (value_text.len(), value_text.len()));
    assert_eq!(
        (raw.key, raw.ttl_seconds),
        (encoded.key, encoded.ttl_seconds)
    );

    let metadata = json!({ "tags": tags });
    let has_metadata = metadata.to_string().len() <= 1024;
    let mut expected = json!({ "key": expected_key, "value": value_text });
    if let Some(ttl_seconds) = planned.ttl_seconds {
        assert!(ttl_seconds >= 60);
        expected["expiration_ttl"] = json!(ttl_seconds);
    }
    if has_metadata {
        expected["metadata"] = metadata;
    }
    assert_eq!(members(&pair), members(&expected));

    let value: Value = serde_json::from_str(value_text).unwrap();
    let expected = expected_value(planned, entry, tags, artifact);
    assert_eq!(numbers_as_floats(&value), numbers_as_floats(&expected));
    assert_eq!(names(&value), names(&expected));
    assert_eq!(names(&value["value"]), names(&expected["value"]));
}

/// The value as one would write it down.
fn expected_value(
    planned: &PlannedRoute,
    entry: &PlannedEntry,
    tags: &[String],
    artifact: &[u8],
) -> Value {
    let mut cached = match entry.kind {
        ArtifactKind::Html => {
            json!({ "kind": "APP_PAGE", "html": String::from_utf8_lossy(artifact) })
        }
        ArtifactKind::Rsc => {
            json!({ "kind": "APP_PAGE", "html": "", "rscData": base64(artifact) })
        }
        ArtifactKind::Route => json!({ "kind": "APP_ROUTE", "body": base64(artifact) }),
        kind => unreachable!("{kind:?} is not of the App Router"),
    };
    if let Some(headers) = &entry.headers {
        cached["headers"] = json!(headers);
    }
    if let Some(status) = planned.status {
        cached["status"] = json!(status);
    }
    match planned.query_proof {
        QueryProof::None => {}
        QueryProof::PrerenderedFlag => cached["prerendered"] = json!(true),
        QueryProof::RenderObservation => {
            cached["renderObservation"] = json!({
                "completeness": "complete",
                "requestApis": [{ "kind": "searchParams", "status": "notObserved" }],
            });
        }
        other => unreachable!("{other:?} has no reference"),
    }
    let after = |seconds: Option<f64>| seconds.map(|seconds| MOMENT.now_ms + seconds * 1000.0);
    let lifetime = &planned.lifetime;
    let mut value = json!({
        "value": cached,
        "tags": tags,
        "lastModified": MOMENT.rendered_at_ms,
        "revalidateAt": after(lifetime.revalidate_seconds),
    });
    if planned.has_expiry {
        value["expireAt"] = json!(after(
            lifetime.expire_seconds.filter(|&expire| expire > 0.0)
        ));
        if let Some(revalidate) = lifetime.revalidate_seconds {
            let mut control = json!({ "revalidate": revalidate });
            if let Some(expire) = lifetime.expire_seconds {
                control["expire"] = json!(expire);
            }
            if let Some(stale) = lifetime.stale_seconds {
                control["stale"] = json!(stale);
            }
            value["cacheControl"] = control;
        }
    }
    value
}

/// Members in their order.
fn members(object: &Value) -> Vec<(&String, &Value)> {
    object.as_object().unwrap().iter().collect()
}

fn names(object: &Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}

/// JavaScript has one type of number; this library has several, which are never equal.
fn numbers_as_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(numbers_as_floats).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), numbers_as_floats(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| {
            bits << 8 | usize::from(group.get(index).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            text.push(if digit <= group.len() {
                char::from(DIGITS[bits >> (18 - 6 * digit) & 63])
            } else {
                '='
            });
        }
    }
    text
}
