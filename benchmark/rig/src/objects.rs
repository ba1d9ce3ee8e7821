//! The digests of S3's objects: of the key and the content, without the times that depend on when it was made.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use xxhash_rust::xxh3::Xxh3Default;

/// The members of an entry that depend on when it was seeded.
const MOMENTS: [&[u8]; 2] = [b"\"revalidateAt\":", b"\"expireAt\":"];

/// How far from its end an entry has them, in bytes.
const TAIL_BYTES: usize = 512;

/// The key of an object, `/bucket/key` percent-decoded.
pub(crate) fn key_of(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Whether it is the object with the digests of a build, which only the package writes.
pub(crate) fn is_record(key: &str) -> bool {
    key.contains("vinext-seed:build:") || key.contains("/vinext-seed/digests/")
}

/// What a bucket without objects answers to a listing, and to a read.
pub(crate) fn of_empty_bucket(query: Option<&str>) -> Response<Full<Bytes>> {
    let is_listing = query.is_some_and(|query| query.contains("list-type=2"));
    let xml = if is_listing {
        "<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
    } else {
        "<Error><Code>NoSuchKey</Code></Error>"
    };
    let mut response = Response::new(Full::from(xml));
    if !is_listing {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

/// The digest of an object.
pub(crate) fn digest_of(key: &str, content: &[u8]) -> u64 {
    let mut hash = Xxh3Default::new();
    hash.update(key.as_bytes());
    hash.update(&[0]);
    let tail_at = content.len().saturating_sub(TAIL_BYTES);
    let (before, mut rest) = content.split_at(tail_at);
    hash.update(before);
    for name in MOMENTS {
        let found = rest.windows(name.len()).position(|window| window == name);
        if let Some(at) = found {
            let (before, after) = rest.split_at(at + name.len());
            hash.update(before);
            let digits = after.iter().take_while(|byte| byte.is_ascii_digit());
            rest = &after[digits.count()..];
        }
    }
    hash.update(rest);
    hash.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_but_the_moment_of_seeding() {
        let text = format!(
            "{}{}",
            "x".repeat(1000),
            r#"","lastModified":1,"revalidateAt":1111,"expireAt":null}"#
        );
        let of = |key: &str, text: &str| digest_of(key, text.as_bytes());
        let expected = of("k", &text);
        assert_eq!(expected, of("k", &text.replace("1111", "22222")));
        assert_ne!(expected, of("l", &text));
        assert_ne!(expected, of("k", &text.replace("x\"", "y\"")));
        assert_ne!(expected, of("k", &text.replace(":1,", ":2,")));
        assert_ne!(expected, of("k", &text.replace("null", "3")));
        assert_eq!(key_of("/b/cache%3Aapp:%2Fa"), "/b/cache:app:/a");
    }
}
