//! Where a namespace's bulk requests go.
//!
//! In: an API base, an account and a namespace, as the caller wrote them. Out: one URL.
//! Never: an unencrypted connection to anywhere but this machine, and never a path other than the
//! one meant, whatever characters an id contains.

use reqwest::Url;

/// The public Cloudflare API.
pub const DEFAULT_API_BASE: &str = "https://api.cloudflare.com/client/v4";

/// Why a URL cannot be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EndpointError {
    /// The API base is no URL.
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
    #[error("is still the placeholder of a template")]
    Placeholder,
    /// An id contains something that no id contains.
    #[error("contains {0:?}; an id consists of letters, digits, `-`, `_` and `.`")]
    InvalidId(char),
}

/// The bulk endpoint of one KV namespace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    bulk: Url,
    account_id: String,
    namespace_id: String,
}

impl Endpoint {
    /// The endpoint of a namespace.
    ///
    /// # Errors
    /// The name of the option that is wrong (`apiBaseUrl`, `accountId` or `namespaceId`), and how.
    pub fn new(
        api_base: &str,
        account_id: &str,
        namespace_id: &str,
    ) -> Result<Self, (&'static str, EndpointError)> {
        let mut bulk = base(api_base).map_err(|problem| ("apiBaseUrl", problem))?;
        check_id(account_id).map_err(|problem| ("accountId", problem))?;
        check_id(namespace_id).map_err(|problem| ("namespaceId", problem))?;
        bulk.path_segments_mut()
            .map_err(|()| ("apiBaseUrl", EndpointError::NotAUrl))?
            .pop_if_empty()
            .extend([
                "accounts",
                account_id,
                "storage",
                "kv",
                "namespaces",
                namespace_id,
                "bulk",
            ]);
        Ok(Self {
            bulk,
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

    /// The URL that stores many pairs at once.
    #[must_use]
    pub fn bulk(&self) -> &Url {
        &self.bulk
    }
}

fn base(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text).map_err(|_| EndpointError::NotAUrl)?;
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        _ => return Err(EndpointError::NotHttps),
    }
    let has_more = !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    if has_more {
        Err(EndpointError::NotABase)
    } else {
        Ok(url)
    }
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
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
mod tests {
    use super::*;

    fn bulk(api_base: &str) -> Result<String, EndpointError> {
        Endpoint::new(api_base, "acc", "ns")
            .map(|endpoint| endpoint.bulk().to_string())
            .map_err(|(option, problem)| {
                assert_eq!(option, "apiBaseUrl");
                problem
            })
    }

    #[test]
    fn the_path_follows_the_base() {
        let path = "accounts/acc/storage/kv/namespaces/ns/bulk";
        assert_eq!(
            bulk(DEFAULT_API_BASE).unwrap(),
            format!("https://api.cloudflare.com/client/v4/{path}")
        );
        assert_eq!(
            bulk("https://x.example/v4/").unwrap(),
            format!("https://x.example/v4/{path}")
        );
        assert_eq!(
            bulk("http://localhost:8080").unwrap(),
            format!("http://localhost:8080/{path}")
        );
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for base in [
            "http://127.0.0.1:1/v4",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(bulk(base).is_ok(), "{base}");
        }
        for base in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "ftp://localhost",
            "file:///etc",
        ] {
            assert_eq!(bulk(base), Err(EndpointError::NotHttps), "{base}");
        }
    }

    #[test]
    fn a_base_is_a_base() {
        for base in ["", "nonsense", "//example.com", "https://"] {
            assert_eq!(bulk(base), Err(EndpointError::NotAUrl), "{base}");
        }
        for base in [
            "https://u@x.example",
            "https://u:p@x.example",
            "https://x/?a",
            "https://x/#a",
        ] {
            assert_eq!(bulk(base), Err(EndpointError::NotABase), "{base}");
        }
    }

    #[test]
    fn ids_cannot_change_the_path() {
        for (id, problem) in [
            ("", EndpointError::EmptyId),
            ("<your-kv-namespace-id>", EndpointError::Placeholder),
            ("a/b", EndpointError::InvalidId('/')),
            ("..", EndpointError::InvalidId('.')),
            ("a?b", EndpointError::InvalidId('?')),
            ("a b", EndpointError::InvalidId(' ')),
        ] {
            let result = Endpoint::new(DEFAULT_API_BASE, "acc", id);
            assert_eq!(result, Err(("namespaceId", problem)));
        }
        assert_eq!(
            Endpoint::new(DEFAULT_API_BASE, "", "ns"),
            Err(("accountId", EndpointError::EmptyId))
        );
    }
}
