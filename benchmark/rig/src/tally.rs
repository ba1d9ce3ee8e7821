//! Counts request bodies and digests their pairs.
//!
//! The digest does not depend on how pairs were split into requests, on their order, on the time of
//! seeding, or on the record that the package adds to a pair's metadata, which other contenders do not send.

use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What arrived since the last time somebody asked.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Requests that were answered with success.
    pub(crate) requests: u64,
    /// Requests that were answered with a failure on purpose.
    pub(crate) failures: u64,
    /// Bytes of the bodies of the former.
    pub(crate) bytes: u64,
    /// Bytes of all bodies without their brackets and commas, plus one for each pair: the same
    /// however the pairs are cut into requests.
    pub(crate) content_bytes: u64,
    /// The number of pairs; 0 unless digests are taken.
    pub(crate) pairs: u64,
    /// The sum of all pairs' digests, modulo 2^64, in hexadecimal.
    pub(crate) digest: String,
    /// When the first byte of the first request arrived and the last reply was sent, in seconds.
    pub(crate) seconds: f64,
    #[serde(skip)]
    digest_sum: u64,
}

impl Tally {
    /// Counts a body of which only the length is known.
    pub(crate) fn count(&mut self, body_bytes: u64) {
        self.requests += 1;
        self.bytes += body_bytes;
        // `[` and `]` are two bytes, and there is one comma less than pairs.
        self.content_bytes += body_bytes.saturating_sub(1);
    }

    /// Counts an object with a digest.
    pub(crate) fn count_object(&mut self, bytes: u64, digest: u64) {
        self.requests += 1;
        self.bytes += bytes;
        self.digest_sum = self.digest_sum.wrapping_add(digest);
        self.digest = format!("{:016x}", self.digest_sum);
    }

    /// Takes the digests of a body's pairs.
    pub(crate) fn digest(&mut self, body: &[u8]) -> serde_json::Result<()> {
        let pairs: Vec<&RawValue> = serde_json::from_slice(body)?;
        for pair in &pairs {
            self.digest_sum = self.digest_sum.wrapping_add(digest_of(pair.get()));
        }
        self.pairs += pairs.len() as u64;
        self.digest = format!("{:016x}", self.digest_sum);
        Ok(())
    }
}

/// What the record in the metadata begins with: the member's name and the form of the record.
const RECORD: &str = r#","seed":"1."#;

/// A pair without the record, which is the last member of the metadata and of the pair.
fn without_record(pair: &str) -> String {
    let is_record = |record: &str| {
        record
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
    };
    pair.rfind(RECORD)
        .map(|at| pair.split_at(at))
        .filter(|(_, rest)| {
            let record = rest[RECORD.len()..].strip_suffix(r#""}}"#);
            record.is_some_and(is_record)
        })
        .map_or_else(|| pair.to_owned(), |(before, _)| format!("{before}}}}}"))
}

/// The digest of a pair, without the two times that depend on when it was made, and without the record.
fn digest_of(pair: &str) -> u64 {
    let pair = &without_record(pair);
    let mut hash = Sha256::new();
    let times_at = pair.rfind(r#"\"revalidateAt\":"#).unwrap_or(pair.len());
    let (content, times) = pair.split_at(times_at);
    hash.update(content);
    let mut rest = times;
    for name in [r#"\"revalidateAt\":"#, r#"\"expireAt\":"#] {
        if let Some(at) = rest.find(name) {
            let (before, after) = rest.split_at(at + name.len());
            hash.update(before);
            rest = after.trim_start_matches(|character: char| character.is_ascii_digit());
        }
    }
    hash.update(rest);
    let digest: [u8; 32] = hash.finalize().into();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(bodies: &[&str]) -> (u64, String) {
        let mut tally = Tally::default();
        for body in bodies {
            tally.count(body.len() as u64);
            tally.digest(body.as_bytes()).unwrap();
        }
        (tally.content_bytes, tally.digest)
    }

    #[test]
    fn neither_cuts_nor_order_nor_the_moment_count_but_every_byte_does() {
        let one = r#"{"key":"a","value":"{\"x\":1,\"revalidateAt\":1111,\"expireAt\":null}"}"#;
        let other = r#"{"key":"b","value":"{}"}"#;
        let whole = digest(&[&format!("[{one},{other}]")]);
        let parts = digest(&[&format!("[{other}]"), &format!("[{one}]")]);
        let later = one.replace("1111", "2222");
        assert_eq!(whole, parts);
        assert_eq!(whole, digest(&[&format!("[{later},{other}]")]));
        let changed = one.replace("\\\"x\\\":1", "\\\"x\\\":2");
        assert_ne!(whole.1, digest(&[&format!("[{changed},{other}]")]).1);
    }

    #[test]
    fn the_record_in_the_metadata_does_not_count_but_the_rest_of_the_metadata_does() {
        let of = |metadata: &str| digest(&[&format!(r#"[{{"key":"a","metadata":{metadata}}}]"#)]).1;
        let plain = of(r#"{"tags":["t"]}"#);
        assert_eq!(plain, of(r#"{"tags":["t"],"seed":"1.E-dl_Ko.1795."}"#));
        assert_ne!(plain, of(r#"{"tags":["u"],"seed":"1.E-dl_Ko.1795."}"#));
        assert_ne!(plain, of(r#"{"tags":["t"],"seed":"2.E-dl_Ko.1795."}"#));
        assert_ne!(plain, of(r#"{"tags":["t"],"seed":"1.E dl"}"#));
        assert_ne!(plain, of(r#"{"tags":["t"],"seed":"1.E","more":1}"#));
    }
}
