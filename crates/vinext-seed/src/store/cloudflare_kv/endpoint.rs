//! The URLs of a namespace in Cloudflare's API.
//!
//! Invariants: no unencrypted connection to anywhere but this machine, and no path other than the
//! one meant, for any characters in an id or a key.

use reqwest::Url;

use crate::store::ConfigError;
use crate::store::http::is_loopback;

/// The public Cloudflare API.
pub const DEFAULT_API_BASE: &str = "https://api.cloudflare.com/client/v4";

/// Why a URL cannot be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum EndpointError {
    /// The API base is not a URL.
    #[error("is not a URL")]
    NotAUrl,
    /// It would send the token unencrypted.
    #[error(
        "must begin with https:// (http:// only for this machine: localhost, 127.0.0.0/8 or [::1])"
    )]
    NotHttps,
    /// It has parts that no API base has.
    #[error("must not contain a user name, password, query or fragment")]
    NotABase,
    /// An id is empty.
    #[error("is empty")]
    EmptyId,
    /// An id was never filled in.
    #[error("is still a template placeholder")]
    Placeholder,
    /// An id contains something that no id contains.
    #[error("contains {0:?}; an id consists of letters, digits, `-`, `_` and `.`")]
    InvalidId(char),
}

/// The base URL of an API that speaks Cloudflare's language.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiBase(Url);

impl ApiBase {
    /// Checks a base URL: `https:`, or `http:` for this machine only, without user name, password,
    /// query and fragment.
    ///
    /// # Errors
    /// The problem.
    pub fn new(text: &str) -> Result<Self, ConfigError> {
        let error = |problem| ConfigError::new("api_base", problem);
        let url = Url::parse(text).map_err(|_| error(EndpointError::NotAUrl))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(error(EndpointError::NotHttps)),
        }
        let has_more = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        if has_more {
            return Err(error(EndpointError::NotABase));
        }
        Ok(Self(url))
    }

    /// The URL of a percent-encoded path below the base, with a query.
    ///
    /// # Errors
    /// If the path leads elsewhere.
    pub fn resolve(&self, path: &str, query: &[(String, String)]) -> Result<ApiUrl, ConfigError> {
        let error = |problem| Err(ConfigError::new("path", problem));
        if !path.starts_with('/') || path.contains(['?', '#', '\\']) {
            return error("must begin with a slash and have no query or fragment");
        }
        let base = self.0.as_str().trim_end_matches('/');
        let mut url = match Url::parse(&format!("{base}{path}")) {
            // Dots that lead out of the base are resolved by now.
            Ok(url) if url.as_str().starts_with(&format!("{base}/")) => url,
            _ => return error("is outside the API"),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(ApiUrl(url))
    }

    /// The URL with these segments after the base's path.
    pub(super) fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        // An `http:` or `https:` URL always has segments.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

/// A URL of the API, for a read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiUrl(Url);

impl ApiUrl {
    pub(super) fn as_url(&self) -> &Url {
        &self.0
    }
}

/// One KV namespace in Cloudflare's API.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    base: ApiBase,
    account_id: String,
    namespace_id: String,
}

impl Endpoint {
    /// The endpoint of a namespace.
    ///
    /// # Errors
    /// Which of `api_base`, `account_id` and `namespace_id` is wrong, and how.
    pub fn new(api_base: &str, account_id: &str, namespace_id: &str) -> Result<Self, ConfigError> {
        let base = ApiBase::new(api_base)?;
        check_id(account_id).map_err(|problem| ConfigError::new("account_id", problem))?;
        check_id(namespace_id).map_err(|problem| ConfigError::new("namespace_id", problem))?;
        Ok(Self {
            base,
            account_id: account_id.to_owned(),
            namespace_id: namespace_id.to_owned(),
        })
    }

    /// The account that owns the namespace.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account_id
    }

    /// The namespace.
    #[must_use]
    pub fn namespace_id(&self) -> &str {
        &self.namespace_id
    }

    /// The URL that stores many entries at once.
    #[must_use]
    pub fn bulk(&self) -> Url {
        self.url(&["bulk"])
    }

    /// The URL that deletes many entries at once.
    pub(super) fn bulk_delete(&self) -> Url {
        self.url(&["bulk", "delete"])
    }

    /// The URL of one value. A key may contain anything, so its slashes are encoded.
    pub(super) fn value(&self, key: &str) -> Url {
        self.url(&["values", key])
    }

    /// The URL that one value is put to, to be kept for so long.
    pub(super) fn new_value(&self, key: &str, ttl_seconds: Option<u64>) -> Url {
        let mut url = self.value(key);
        if let Some(seconds) = ttl_seconds {
            let seconds = seconds.to_string();
            url.query_pairs_mut()
                .append_pair("expiration_ttl", &seconds);
        }
        url
    }

    /// The URL of a page of keys.
    pub(super) fn keys(&self, prefix: &str, cursor: Option<&str>, limit: usize) -> Url {
        let mut url = self.url(&["keys"]);
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &limit.to_string());
        if !prefix.is_empty() {
            query.append_pair("prefix", prefix);
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        drop(query);
        url
    }

    fn url(&self, rest: &[&str]) -> Url {
        let namespace = [
            "accounts",
            &self.account_id,
            "storage",
            "kv",
            "namespaces",
            &self.namespace_id,
        ];
        self.base
            .join(namespace.into_iter().chain(rest.iter().copied()))
    }
}

/// Ids are not checked against Cloudflare's 32 hexadecimal digits: local namespaces are named after
/// their binding, and the API knows better than we do.
fn check_id(id: &str) -> Result<(), EndpointError> {
    if id.is_empty() {
        return Err(EndpointError::EmptyId);
    }
    if id.starts_with('<') && id.ends_with('>') {
        return Err(EndpointError::Placeholder);
    }
    let is_valid = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    match id.chars().find(|&character| !is_valid(character)) {
        Some(character) => Err(EndpointError::InvalidId(character)),
        None if id.chars().all(|character| character == '.') => Err(EndpointError::InvalidId('.')),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
