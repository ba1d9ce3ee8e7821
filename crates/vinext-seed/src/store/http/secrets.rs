//! What no message may contain: the API token and the credentials of proxies.

use std::fmt;

use base64_simd::STANDARD;
use reqwest::Url;
use zeroize::Zeroizing;

use super::token::ApiToken;
use crate::sanitized_text::SanitizedText;

/// Where proxies are configured, as curl and Node read it.
const PROXY_VARIABLES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The secrets of a run.
#[derive(Clone)]
pub(in crate::store) struct Secrets {
    token: ApiToken,
    proxy_credentials: Vec<Zeroizing<String>>,
}

impl Secrets {
    /// The token and the proxy passwords of the environment.
    pub(in crate::store) fn new(token: ApiToken) -> Self {
        Self {
            token,
            proxy_credentials: proxies().flat_map(|proxy| credentials(&proxy)).collect(),
        }
    }

    /// The token, to be sent.
    pub(super) fn token(&self) -> &ApiToken {
        &self.token
    }

    /// Somebody else's text without secrets, sanitized for display.
    pub(in crate::store) fn scrub(&self, text: &str) -> SanitizedText {
        let mut text = self.token.scrub(text);
        for secret in &self.proxy_credentials {
            text = text.replace(secret.as_str(), "[password]");
        }
        SanitizedText::new(&text)
    }
}

/// The proxies of the environment.
pub(super) fn proxies() -> impl Iterator<Item = Url> {
    PROXY_VARIABLES
        .iter()
        .filter_map(|name| proxy(&std::env::var(name).ok()?))
}

/// A proxy's address. As for curl and the HTTP client, `http://` may be left out.
fn proxy(text: &str) -> Option<Url> {
    if text.contains("://") {
        Url::parse(text).ok()
    } else {
        Url::parse(&format!("http://{text}")).ok()
    }
}

/// A password in all the forms in which it may come back: as it was written, decoded, and in a
/// `Proxy-Authorization` header.
fn credentials(proxy: &Url) -> Vec<Zeroizing<String>> {
    let Some(password) = proxy.password().filter(|password| !password.is_empty()) else {
        return Vec::new();
    };
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let decoded = Zeroizing::new(decode(password));
    let pair = Zeroizing::new(format!("{}:{}", decode(proxy.username()), decoded.as_str()));
    let header = Zeroizing::new(STANDARD.encode_to_string(pair.as_bytes()));
    vec![header, Zeroizing::new(password.to_owned()), decoded]
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secrets([hidden])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<Zeroizing<String>> {
        proxy(text).iter().flat_map(credentials).collect()
    }

    #[test]
    fn a_proxy_password_is_scrubbed_in_every_form() {
        for proxy in [
            "http://user:p%40ss@proxy.example:3128",
            "user:p%40ss@proxy.example:3128",
        ] {
            let token = ApiToken::new("t0ken-t0ken".to_owned()).unwrap();
            let secrets = Secrets {
                token,
                proxy_credentials: of(proxy),
            };
            let text = "no http://user:p%40ss@proxy, p@ss, dXNlcjpwQHNz or t0ken-t0ken";
            assert_eq!(
                secrets.scrub(text).as_str(),
                "no http://user:[password]@proxy, [password], [password] or [token]"
            );
            assert_eq!(format!("{secrets:?}"), "Secrets([hidden])");
        }
    }

    #[test]
    fn a_proxy_without_password_has_no_secret() {
        for proxy in [
            "http://proxy.example:3128",
            "http://user@proxy.example",
            "localhost:3128",
            "nonsense",
            "",
        ] {
            assert!(of(proxy).is_empty(), "{proxy}");
        }
    }
}
