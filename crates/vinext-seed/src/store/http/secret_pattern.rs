//! The forms in which a secret may appear in a text, and what replaces it.

use std::cmp::Reverse;

use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use reqwest::Url;
use zeroize::Zeroizing;

use super::proxy;

/// Text this short is not a secret, and replacing it would garble messages. Cloudflare's tokens have
/// 40 characters.
const MIN_SECRET_BYTES: usize = 4;

/// The same for base64, which any long text contains by chance. A name and a password of three
/// characters together come to more.
const MIN_BASE64_CHARACTERS: usize = 8;

/// A text to replace, in upper or lower case.
#[derive(Clone)]
pub(super) struct Pattern {
    text: Zeroizing<String>,
    stands_for: &'static str,
}

impl Pattern {
    /// The order in which patterns are replaced: what is part of another one comes after it.
    pub(super) fn longest_first(&self) -> Reverse<usize> {
        Reverse(self.text.len())
    }

    /// A text without the secret.
    pub(super) fn replace(&self, text: &str) -> String {
        let secret = self.text.as_bytes();
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let find = |rest: &str| {
            let mut windows = rest.as_bytes().windows(secret.len());
            windows.position(|window| window.eq_ignore_ascii_case(secret))
        };
        // A match begins and ends where characters do, since the secret is text itself.
        while let Some(at) = find(rest) {
            out.push_str(&rest[..at]);
            out.push_str(self.stands_for);
            rest = &rest[at + secret.len()..];
        }
        out.push_str(rest);
        out
    }
}

/// Adds a secret as it is.
pub(super) fn add(patterns: &mut Vec<Pattern>, text: &str, stands_for: &'static str) {
    if text.len() >= MIN_SECRET_BYTES {
        patterns.push(Pattern {
            text: Zeroizing::new(text.to_owned()),
            stands_for,
        });
    }
}

/// Adds a secret as it reads in base64, wherever it begins in what is encoded.
pub(super) fn add_base64(patterns: &mut Vec<Pattern>, text: &str, stands_for: &'static str) {
    for offset in 0..3 {
        let mut shifted = Zeroizing::new(vec![0; offset]);
        shifted.extend_from_slice(text.as_bytes());
        // Characters that also encode bits of the neighbouring text are not part of the secret.
        let first = (offset * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for encoded in [
            STANDARD_NO_PAD.encode_to_string(shifted.as_slice()),
            URL_SAFE_NO_PAD.encode_to_string(shifted.as_slice()),
        ] {
            let encoded = Zeroizing::new(encoded);
            if last >= first + MIN_BASE64_CHARACTERS {
                add(patterns, &encoded[first..last], stands_for);
            }
        }
    }
}

/// Adds the credentials of a proxy in all the forms in which they may come back: as they were
/// written, decoded, and in a `Proxy-Authorization` header.
pub(super) fn add_credentials(patterns: &mut Vec<Pattern>, proxy: &str) {
    const CREDENTIALS: &str = "[proxy credentials]";
    let Some(url) = proxy::parse(proxy).or_else(|| Url::parse(proxy).ok()) else {
        return;
    };
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    if user.is_empty() && password.is_empty() {
        return;
    }
    let decode = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text);
        Zeroizing::new(decoded.decode_utf8_lossy().into_owned())
    };
    let (plain_user, plain_password) = (decode(user), decode(password));
    let pair = Zeroizing::new(format!("{}:{}", *plain_user, *plain_password));
    // The header is replaced however short it is: a name alone makes four characters at least.
    let header = Zeroizing::new(base64_simd::STANDARD.encode_to_string(pair.as_bytes()));
    add(patterns, &header, CREDENTIALS);
    add(patterns, header.trim_end_matches('='), CREDENTIALS);
    add_base64(patterns, &pair, CREDENTIALS);
    for (user, password) in [(user, password), (&**plain_user, &**plain_password)] {
        add(
            patterns,
            &format!("{user}:{password}@"),
            "[proxy credentials]@",
        );
        add(patterns, password, "[password]");
        add(patterns, user, "[user]");
    }
}
