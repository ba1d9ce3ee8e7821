//! What must never appear in a message: the API token and proxy credentials.

use std::fmt;

use reqwest::Url;

use super::proxy;
use super::secret_pattern::{Pattern, add, add_base64, add_credentials};
use super::token::ApiToken;
use crate::sanitized_text::SanitizedText;

/// How much of a text is read, in bytes. No message shows more than a hundredth of it.
const MAX_SCANNED_BYTES: usize = 64 * 1024;

/// The secrets of a client.
#[derive(Clone)]
pub(in crate::store) struct Secrets {
    token: Option<ApiToken>,
    /// What to replace, the longest first.
    patterns: Vec<Pattern>,
}

impl Secrets {
    /// The token and the proxy credentials of the environment.
    pub(in crate::store) fn new(token: ApiToken) -> Self {
        Self::with(Some(token))
    }

    /// The proxy credentials of the environment alone, for requests without a token.
    pub(in crate::store) fn without_token() -> Self {
        Self::with(None)
    }

    fn with(token: Option<ApiToken>) -> Self {
        let values = proxy::PROXY_VARIABLES
            .iter()
            .flat_map(|name| [name.to_ascii_lowercase(), (*name).to_owned()])
            .filter_map(|name| std::env::var(name).ok());
        Self::of(token, values)
    }

    /// Secrets of a store's environment.
    pub(in crate::store) fn of_texts(texts: impl Iterator<Item = String>) -> Self {
        let mut patterns = Vec::new();
        for text in texts {
            add(&mut patterns, &text, "[secret]");
        }
        patterns.sort_by_key(Pattern::longest_first);
        Self {
            token: None,
            patterns,
        }
    }

    /// The credentials of a store's URL, as written and decoded.
    pub(in crate::store) fn of_url(url: &Url) -> Self {
        let mut patterns = Vec::new();
        for (text, stands_for) in [
            (url.password().unwrap_or_default(), "[password]"),
            (url.username(), "[user]"),
        ] {
            let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
            add(&mut patterns, text, stands_for);
            add(&mut patterns, &decoded, stands_for);
        }
        patterns.sort_by_key(Pattern::longest_first);
        Self {
            token: None,
            patterns,
        }
    }

    fn of(token: Option<ApiToken>, proxies: impl Iterator<Item = String>) -> Self {
        let mut patterns = Vec::new();
        if let Some(token) = &token {
            add(&mut patterns, token.as_str(), "[token]");
            add_base64(&mut patterns, token.as_str(), "[token]");
        }
        for proxy in proxies {
            add_credentials(&mut patterns, proxy.trim());
        }
        patterns.sort_by_key(Pattern::longest_first);
        Self { token, patterns }
    }

    /// The token, to be sent, if there is one.
    pub(super) fn token(&self) -> Option<&ApiToken> {
        self.token.as_ref()
    }

    /// Untrusted text without secrets, sanitized for display.
    pub(in crate::store) fn scrub(&self, text: &str) -> SanitizedText {
        let bytes = &text.as_bytes()[..text.len().min(MAX_SCANNED_BYTES)];
        // The cut is far beyond the part that a message shows.
        let scanned = String::from_utf8_lossy(bytes);
        let sanitized = SanitizedText::new(&self.replace(&scanned));
        // A secret with an escape sequence in the middle is whole only now.
        SanitizedText::new(&self.replace(sanitized.as_str()))
    }

    fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for pattern in &self.patterns {
            text = pattern.replace(&text);
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secrets(token: &str, proxy: &str) -> Secrets {
        let token = ApiToken::new(token.to_owned()).unwrap();
        Secrets::of(Some(token), std::iter::once(proxy.to_owned()))
    }

    fn scrubbed(token: &str, proxy: &str, text: &str) -> String {
        let secrets = secrets(token, proxy);
        assert_eq!(format!("{secrets:?}"), "Secrets([hidden])");
        secrets.scrub(text).as_str().to_owned()
    }

    const TOKEN: &str = "t0ken-T0KEN_0123456789abcdefghijklmnopqr";

    #[test]
    fn scrubs_every_form_of_a_token() {
        let base64 = |text: &str| base64_simd::STANDARD.encode_to_string(text);
        for text in [
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            TOKEN.to_lowercase(),
            TOKEN.replacen("T0", "T\u{1b}[31m0", 1),
            TOKEN.replacen("T0", "T\u{1b}]8;;x\u{7}0", 1),
        ] {
            let found = scrubbed(TOKEN, "", &format!("bad token '{text}'"));
            assert_eq!(found, "bad token '[token]'", "{text}");
        }
        for around in ["", "x", "xy", "Bearer ", "user:"] {
            for after in ["", "x", "xy"] {
                let encoded = base64(&format!("{around}{TOKEN}{after}"));
                for text in [encoded.clone(), encoded.replace('+', "-").replace('/', "_")] {
                    let found = scrubbed(TOKEN, "", &format!("bad header {text}"));
                    // Only bits of its neighbours may be left.
                    assert!(found.contains("[token]"), "{found}");
                    assert!(found.len() < "bad header [token]".len() + 18, "{found}");
                }
            }
        }
    }

    #[test]
    fn scrubs_every_form_of_proxy_credentials() {
        let text = "no http://carl:p%40ss@proxy, p@ss, P@SS, CARL, Basic Y2FybDpwQHNz";
        for proxy in [
            "http://carl:p%40ss@x:3128",
            "carl:p%40ss@x:3128",
            "ftp://carl:p%40ss@x",
        ] {
            assert_eq!(
                scrubbed(TOKEN, proxy, text),
                "no http://[proxy credentials]@proxy, [password], [password], [user], Basic \
                 [proxy credentials]"
            );
        }
    }

    #[test]
    fn scrubs_a_user_name_without_password() {
        let text = "407 Basic YWNjZXNzLWtleTo= for access-key, http://access-key:@proxy";
        assert_eq!(
            scrubbed(TOKEN, "http://access-key@x", text),
            "407 Basic [proxy credentials] for [user], http://[proxy credentials]@proxy"
        );
    }

    #[test]
    fn scrubs_the_header_of_a_one_letter_password() {
        let text = "proxy authorization required: Basic dTpw, http://u:p@proxy";
        assert_eq!(
            scrubbed(TOKEN, "http://u:p@x", text),
            "proxy authorization required: Basic [proxy credentials], http://[proxy credentials]@proxy"
        );
        assert_eq!(scrubbed("abc", "", "abc is no secret"), "abc is no secret");
    }

    #[test]
    fn a_proxy_without_credentials_has_no_secrets() {
        for proxy in [
            "http://proxy.example:3128",
            "localhost:3128",
            "nonsense",
            "",
        ] {
            let text = "localhost:3128 proxy.example nonsense";
            assert_eq!(scrubbed(TOKEN, proxy, text), text, "{proxy}");
        }
    }

    proptest! {
        #[test]
        fn never_leaves_the_token_in_a_text(before in "\\PC{0,600}", after in "\\PC{0,40}", upper: bool) {
            let token = if upper { TOKEN.to_uppercase() } else { TOKEN.to_owned() };
            let found = scrubbed(TOKEN, "", &format!("{before}{token}{after}"));
            prop_assert!(!found.to_lowercase().contains(&TOKEN.to_lowercase()));
            // Nor a piece of it, if the message is cut.
            prop_assert!(!found.to_lowercase().contains(&TOKEN[..8].to_lowercase()));
        }
    }
}
