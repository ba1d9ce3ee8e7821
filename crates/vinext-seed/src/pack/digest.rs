//! Digests of entries, kept as a short record in their metadata: a later run lists it and knows
//! whether the entry has changed.
//!
//! Invariant: two entries have the same digest only if they have the same key and the runtime would
//! serve the same from both. Times are beside the digest, never part of it.

use std::fmt::Write as _;

use xxhash_rust::xxh3::Xxh3;

use super::entry::Timestamps;
use crate::manifest::Lifetime;
use crate::plan::lifetime::expire_at_ms;
use crate::plan::{PlannedEntry, PlannedRoute};

/// The member of the metadata that holds the record, next to the adapter's `tags`.
pub(crate) const MEMBER: &str = "seed";

/// The version of the record's format. Another digest, or another meaning of a part, is a new
/// version.
const FORM: &str = "1";

/// The length of an XXH3 digest of 128 bits, which is the same on every platform. A digest detects
/// changes of one key's entry by its own author, so only accidental collisions matter: the
/// probability that two versions have the same digest is 1 in 2^128.
const DIGEST_BYTES: usize = 16;

/// Upper bound of a record in the metadata, in bytes: name, form, digest and two times.
pub(super) const MAX_MEMBER_BYTES: usize = 80;

/// The identity of an entry, without its times.
pub(crate) type EntryDigest = [u8; DIGEST_BYTES];

/// The common part of a route's entries, for the digest.
pub(super) fn shared_part(route: &PlannedRoute, tags: &[u8], value_members: &[u8]) -> Vec<u8> {
    let Lifetime {
        revalidate_seconds,
        expire_seconds,
        stale_seconds,
    } = route.lifetime;
    let mut part = Vec::with_capacity(tags.len() + value_members.len() + 96);
    for seconds in [revalidate_seconds, expire_seconds, stale_seconds] {
        part.extend_from_slice(&seconds.map_or(u64::MAX, f64::to_bits).to_le_bytes());
    }
    part.extend_from_slice(&route.ttl_seconds.unwrap_or(u64::MAX).to_le_bytes());
    part.push(u8::from(route.has_expiry) | u8::from(route.starts_stale) << 1);
    for bytes in [value_members, tags] {
        push_sized(&mut part, bytes);
    }
    part
}

/// The digest of one entry.
pub(super) fn digest(
    entry: &PlannedEntry,
    shared: &[u8],
    own_members: &[u8],
    artifact: &[u8],
) -> EntryDigest {
    let mut hash = Xxh3::new();
    for part in [
        FORM.as_bytes(),
        entry.kind.as_str().as_bytes(),
        entry.key.as_bytes(),
        shared,
        own_members,
    ] {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(artifact);
    // The canonical form of the specification, on every platform.
    hash.digest128().to_be_bytes()
}

/// The member of an entry's metadata with its record: form, digest, when the page was rendered, and when
/// the entry is to be rewritten (empty if never), in milliseconds since the epoch.
pub(super) fn member(
    digest: &EntryDigest,
    lifetime: &Lifetime,
    has_expiry: bool,
    times: Timestamps,
) -> String {
    let mut member = String::with_capacity(MAX_MEMBER_BYTES);
    member.extend([",\"", MEMBER, "\":\"", FORM, "."]);
    base64_simd::URL_SAFE_NO_PAD.encode_append(digest, &mut member);
    member.push('.');
    push_whole(&mut member, times.rendered_at_ms);
    member.push('.');
    if let Some(at_ms) = expire_at_ms(lifetime, times.now_ms).filter(|_| has_expiry) {
        push_whole(&mut member, times.now_ms + (at_ms - times.now_ms) / 2.0);
    }
    member.push('"');
    member
}

/// Appends a time, rounded to milliseconds.
fn push_whole(out: &mut String, ms: f64) {
    /// Up to here every whole number has a double of its own.
    const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;
    // Writing to a String cannot fail.
    let _ = if (0.0..MAX_WHOLE).contains(&ms) {
        // Printing a double takes several times as long.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "as was just checked"
        )]
        let whole = ms.round_ties_even() as u64;
        write!(out, "{whole}")
    } else {
        write!(out, "{ms:.0}")
    };
}

/// A record that was read back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct EntryRecord {
    /// What the entry is.
    pub(crate) digest: EntryDigest,
    /// When its page was rendered, in milliseconds since the epoch: the value's `lastModified`.
    pub(crate) rendered_at_ms: f64,
    /// When it is to be rewritten, if ever, in milliseconds since the epoch: when half of the time
    /// has passed for which the runtime may serve it.
    pub(crate) renew_at_ms: Option<f64>,
}

impl EntryRecord {
    /// Reads a record; `None` for another version, and for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let form = parts.next()?;
        let digest = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(parts.next()?);
        let (rendered_at, renew_at) = (parts.next()?, parts.next()?);
        if form != FORM || parts.next().is_some() {
            return None;
        }
        let is_time = |text: &str| {
            (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let time = |text: &str| text.parse().ok().filter(|_| is_time(text));
        Some(Self {
            digest: digest.ok()?.try_into().ok()?,
            rendered_at_ms: time(rendered_at)?,
            renew_at_ms: match renew_at {
                "" => None,
                renew_at => Some(time(renew_at)?),
            },
        })
    }
}

fn push_sized(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Timestamps = Timestamps {
        now_ms: 1_700_000_000_000.0,
        rendered_at_ms: 1_600_000_000_456.0,
    };

    fn record(
        digest: &EntryDigest,
        lifetime: &Lifetime,
        has_expiry: bool,
        times: Timestamps,
    ) -> String {
        let member = member(digest, lifetime, has_expiry, times);
        let json = format!("{{{}}}", &member[1..]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        json[MEMBER].as_str().unwrap().to_owned()
    }

    #[test]
    fn times_are_rounded_as_the_standard_library_does() {
        for ms in [
            0.0,
            0.5,
            1.5,
            2.5,
            0.49,
            1_700_000_000_000.5,
            1_700_000_000_001.5,
            9.1e15,
            1e300,
            -1.5,
        ] {
            let mut text = String::new();
            push_whole(&mut text, ms);
            assert_eq!(text, format!("{ms:.0}"));
        }
    }

    #[test]
    fn a_record_round_trips() {
        let digest = [7; DIGEST_BYTES];
        let lifetime = Lifetime {
            revalidate_seconds: Some(1.0),
            expire_seconds: Some(60.0),
            ..Lifetime::default()
        };
        let text = record(&digest, &lifetime, true, TIMES);
        let expected = EntryRecord {
            digest,
            rendered_at_ms: TIMES.rendered_at_ms,
            renew_at_ms: Some(TIMES.now_ms + 30_000.0),
        };
        assert_eq!(EntryRecord::parse(&text), Some(expected));
        let text = record(&digest, &Lifetime::default(), true, TIMES);
        assert_eq!(
            EntryRecord::parse(&text).and_then(|one| one.renew_at_ms),
            None
        );
        let longest = format!(",\"{MEMBER}\":\"{text}1700000000000\"");
        assert!(longest.len() <= MAX_MEMBER_BYTES, "{longest}");
    }

    #[test]
    fn rejects_other_versions_and_other_text() {
        let text = record(&[7; DIGEST_BYTES], &Lifetime::default(), true, TIMES);
        for other in [
            text.replacen('1', "2", 1),
            format!("{text}."),
            text.replace("160", "x60"),
            "1.AAAA.1.".to_owned(),
            String::new(),
        ] {
            assert_eq!(EntryRecord::parse(&other), None, "{other}");
        }
    }
}
