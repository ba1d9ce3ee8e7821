//! Requests to a deployed site, as from a visitor.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use super::http::{HttpClient, Request, Secrets, Service, Timeouts};
use super::{ConfigError, Outcome};
use crate::sanitized_text::SanitizedText;

const OPERATION: &str = "Request to the site";

/// A site. No token is sent to it.
#[derive(Debug)]
pub struct Site(HttpClient);

/// What a site answered. Redirects are not followed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SiteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in order, invalid UTF-8 replaced.
    pub headers: Vec<(String, String)>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// Whether the body is longer than the limit.
    pub is_truncated: bool,
}

/// A URL of a site.
#[derive(Clone, Debug)]
pub struct SiteUrl(Url);

impl SiteUrl {
    /// Checks a URL: `http:` or `https:`, without credentials.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        let wrong = |problem| ConfigError::new("url", problem);
        let parsed = Url::parse(url).map_err(|_| wrong("is not a URL"))?;
        if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
            return Err(wrong("must begin with https:// or http://"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("must not contain a user name or password"));
        }
        Ok(Self(parsed))
    }
}

impl Site {
    /// A client for the origin of a URL. Makes no request. Also returns what in the environment (proxies,
    /// certificates) cannot be used and is ignored.
    ///
    /// # Errors
    /// If HTTPS cannot be set up, usually because of certificates.
    pub fn new(url: &SiteUrl, timeouts: Timeouts) -> Result<(Self, Vec<String>), SanitizedText> {
        let (client, warnings) = HttpClient::new(&url.0, Secrets::without_token(), timeouts)?;
        Ok((Self(client), warnings))
    }

    /// Makes one request. Any status counts as an answer.
    pub async fn get(
        &self,
        url: &SiteUrl,
        headers: &[(String, String)],
        max_reply_bytes: usize,
    ) -> Outcome<SiteAnswer> {
        let Self(client) = self;
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) {
                sent.append(name, value);
            }
        }
        let request = Request {
            service: Service {
                operation: OPERATION,
                timeout_code: "SITE_TIMEOUT",
            },
            method: Method::GET,
            url: &url.0,
            headers: sent,
            body: None,
            max_reply_bytes,
        };
        match client.send(request).await {
            Ok(reply) => Outcome::new(Ok(SiteAnswer {
                status: reply.status.as_u16(),
                headers: reply
                    .headers
                    .iter()
                    .map(|(name, value)| {
                        let value = String::from_utf8_lossy(value.as_bytes());
                        (name.as_str().to_owned(), value.into_owned())
                    })
                    .collect(),
                body: reply.body,
                is_truncated: reply.is_truncated,
            })),
            Err(failure) => failure.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_site_urls_with_credentials() {
        for url in ["https://example.com", "http://localhost:8787/a?b"] {
            assert!(SiteUrl::new(url).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://user@example.com",
            "https://user:secret@example.com",
        ] {
            let problem = SiteUrl::new(url).unwrap_err().to_string();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
