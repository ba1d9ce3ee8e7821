//! A slow reference implementation of keys and tags.
//!
//! It shares no code with the engine. Whether the rules are right is tested against the published packages
//! (`__test__/fidelity.test.ts`); this tests that they hold for arbitrary text.

use sha2::{Digest, Sha256};
use vinext_seed::formats::RuntimeProfile;
use vinext_seed::formats::kv_key::LongKeys;
use vinext_seed::formats::path_hash::PathHash;
use vinext_seed::formats::tags::TagRule;

/// The pathname in keys, from the percent-encoded one of the manifest.
pub fn cache_pathname(encoded: &str) -> String {
    let segments: Vec<String> = encoded
        .split('/')
        .map(|segment| {
            decode_uri_component(segment).map_or(segment.to_owned(), |text| guard(&text))
        })
        .collect();
    let joined = segments.join("/");
    let segments: Vec<&str> = joined.split('/').collect();
    let inner = &segments[1.min(segments.len())..];
    let is_plain = segments.len() > 1
        && segments[0].is_empty()
        && inner
            .iter()
            .enumerate()
            .all(|(index, segment)| match *segment {
                "" => index + 1 == inner.len(),
                segment => segment != "." && segment != "..",
            });
    if is_plain {
        return joined;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in segments {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

/// As ECMAScript defines it: sequence by sequence.
fn decode_uri_component(text: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character != '%' {
            decoded.push(character);
            rest = &rest[character.len_utf8()..];
            continue;
        }
        let first = octet(&mut rest)?;
        let length = match first.leading_ones() {
            0 => 1,
            length @ 2..=4 => length as usize,
            _ => return None,
        };
        let mut sequence = vec![first];
        while sequence.len() < length {
            sequence.push(octet(&mut rest)?);
        }
        decoded.push_str(std::str::from_utf8(&sequence).ok()?);
    }
    Some(decoded)
}

fn octet(rest: &mut &str) -> Option<u8> {
    let digits = rest.strip_prefix('%')?.get(..2)?;
    *rest = &rest[3..];
    let is_hex = digits.chars().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// Encodes what separates paths, and a percent sign before the code of such a character.
fn guard(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let code_follows = |index: usize| {
        let code: String = characters.iter().skip(index + 1).take(2).collect();
        ["2f", "23", "3f", "5c"].contains(&code.to_ascii_lowercase().as_str())
    };
    let guarded = characters
        .iter()
        .enumerate()
        .map(|(index, &character)| match character {
            '/' => "%2F".to_owned(),
            '#' => "%23".to_owned(),
            '?' => "%3F".to_owned(),
            '\\' => "%5C".to_owned(),
            '%' if code_follows(index) => "%25".to_owned(),
            other => other.to_string(),
        });
    guarded.collect()
}

/// The KV key, or nothing if it cannot be stored.
pub fn kv_key(
    profile: &RuntimeProfile,
    app_prefix: &str,
    build_id: &str,
    pathname: &str,
    suffix: &str,
) -> Option<String> {
    let ends_in_slash = pathname != "/" && pathname.ends_with('/');
    let path = pathname
        .strip_suffix('/')
        .filter(|_| ends_in_slash)
        .unwrap_or(pathname);
    let suffix = if suffix == "route" && ends_in_slash && profile.cache_key.marks_trailing_slash {
        "route:trailing-slash"
    } else {
        suffix
    };
    let namespace = profile.cache_key.namespace;
    let plain = format!("{namespace}:{build_id}:{path}:{suffix}");
    let logical = if units(&plain) <= 200 {
        plain
    } else {
        let digest = digest(profile.cache_key.path_hash, path);
        format!("{namespace}:{build_id}:__hash:{digest}:{suffix}")
    };
    let mut prefix = if app_prefix.is_empty() {
        String::new()
    } else {
        format!("{app_prefix}:")
    };
    let is_hashing = profile.long_kv_keys == LongKeys::Hashed;
    if is_hashing && format!("{prefix}cache:__hash:0123456789abcdef").len() > 512 {
        prefix = format!("__app:{}:", digest(PathHash::Fnv1a64Hex, app_prefix));
    }
    let key = format!("{prefix}cache:{logical}");
    if key.len() <= 512 {
        Some(key)
    } else if is_hashing {
        let digest = digest(PathHash::Fnv1a64Hex, &logical);
        Some(format!("{prefix}cache:__hash:{digest}"))
    } else {
        None
    }
}

fn digest(hash: PathHash, text: &str) -> String {
    let fnv = |seed: u32| {
        text.encode_utf16().fold(f64::from(seed), |state, unit| {
            let mixed = (state as u32 ^ u32::from(unit)).cast_signed();
            (f64::from(mixed) * 16_777_619.0).rem_euclid(4_294_967_296.0)
        }) as u32
    };
    let states = [fnv(0x811c_9dc5), fnv(0x050c_5d1f)];
    match hash {
        PathHash::Sha256Hex => {
            let bytes = Sha256::digest(text.as_bytes());
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        }
        PathHash::Fnv1a64Hex => states.map(|state| format!("{state:08x}")).concat(),
        PathHash::Fnv1a64Base36 => states.map(base36).concat(),
        other => unreachable!("{other:?} has no reference"),
    }
}

fn base36(value: u32) -> String {
    let digit = char::from_digit(value % 36, 36).unwrap().to_string();
    if value < 36 {
        digit
    } else {
        base36(value / 36) + &digit
    }
}

/// The tags of an entry. `segments`: those of the file system, for a metadata route.
pub fn tags(
    profile: &RuntimeProfile,
    pathname: &str,
    pattern: &str,
    segments: Option<&[String]>,
    listed: &[String],
) -> Vec<String> {
    let leaf = if segments.is_some() { "route" } else { "page" };
    let mut tags = vec![pathname.to_owned()];
    let directories: Vec<String> = match profile.tags {
        TagRule::ConcretePath => {
            tags.push(format!("_N_T_{pathname}"));
            pathname.split('/').map(str::to_owned).collect()
        }
        TagRule::RouteSegments {
            strips_trailing_slash,
            ..
        } => {
            let is_stripped = strips_trailing_slash && pathname != "/";
            let path = pathname
                .strip_suffix('/')
                .filter(|_| is_stripped)
                .unwrap_or(pathname);
            tags.push(format!("_N_T_{path}"));
            if pathname == "/" {
                tags.push("_N_T_/index".to_owned());
            }
            if pathname == "/index" {
                tags.push("_N_T_/".to_owned());
            }
            let all = match segments {
                Some(segments) => segments.to_vec(),
                None => pattern.split('/').map(file_system_segment).collect(),
            };
            let counts = |segment: &String| segment != "." && !segment.starts_with('@');
            all.into_iter().filter(counts).collect()
        }
        other => unreachable!("{other:?} has no reference"),
    };
    let mut directory = "_N_T_".to_owned();
    tags.push(format!("{directory}/layout"));
    for name in directories.iter().filter(|name| !name.is_empty()) {
        directory = format!("{directory}/{name}");
        tags.push(format!("{directory}/layout"));
    }
    tags.push(format!("{directory}/{leaf}"));
    tags.extend_from_slice(listed);
    let encodes = matches!(profile.tags, TagRule::RouteSegments { encodes: true, .. });
    let tags = tags.iter().map(|tag| {
        if encodes {
            percent_encode(tag)
        } else {
            tag.clone()
        }
    });
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        let is_clean = tag
            .chars()
            .all(|one| one >= ' ' && one != '\\' && one != ':');
        if !tag.is_empty() && is_clean && units(&tag) <= 256 && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}

fn file_system_segment(segment: &str) -> String {
    let Some(name) = segment.strip_prefix(':') else {
        return segment.to_owned();
    };
    match name.chars().last() {
        Some('+') => format!("[...{}]", &name[..name.len() - 1]),
        Some('*') => format!("[[...{}]]", &name[..name.len() - 1]),
        _ => format!("[{name}]"),
    }
}

fn percent_encode(tag: &str) -> String {
    let encoded = tag.bytes().map(|byte| match byte {
        b'\t' | 0x20..=0x7e => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
