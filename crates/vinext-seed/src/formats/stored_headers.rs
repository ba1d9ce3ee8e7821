//! Selects the response headers of an entry: only those that the Worker itself would store.
//!
//! The headers in a manifest come from the build's own server. Middleware and `next.config` may have added
//! headers for the build's request: cookies, request ids, nonces, addresses of the build machine. If they were
//! stored, every visitor would get them. What the Worker stores was measured on 0.2.0 to 1.4.0;
//! `docs/formats.md` has the table.

use serde_json::{Map, Value};

use super::link_header::framework_links;
use super::loopback::is_loopback_url;

/// Response headers as in a manifest: each lower-case name has a string or an array of strings.
pub type Headers = Map<String, Value>;

const LINK: &str = "link";
const LOCATION: &str = "location";
const CONTENT_TYPE: &str = "content-type";
const CACHE_CONTROL: &str = "cache-control";

/// The header that marks an entry of a metadata route.
const METADATA_MARKER: &str = "x-vinext-metadata-route-cache";

/// The `cache-control` that the Worker of 1.4.0 stores with every metadata route. The manifest has `no-store`
/// instead if middleware set a cookie.
const METADATA_CACHE_CONTROL: &str = "public, max-age=0, must-revalidate";

/// A redirect leads to the build machine itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it redirects to an address of the build machine")]
pub struct LoopbackLocationError;

impl LoopbackLocationError {
    /// The error's stable code, which is also that of the skipped route.
    pub const CODE: &'static str = "loopback-redirect";
}

/// The headers of a page's document: the framework's links, or the location of a redirect.
///
/// # Errors
/// If the location is an address of the loopback.
pub fn document_headers(
    manifest: &Headers,
    status: Option<u16>,
) -> Result<Option<Headers>, LoopbackLocationError> {
    if is_redirect(status) {
        return payload_headers(manifest, status);
    }
    let links: Vec<String> = texts(manifest, LINK).filter_map(framework_links).collect();
    let links = (!links.is_empty()).then(|| links.join(", "));
    Ok(links.map(|links| Headers::from_iter([(LINK.to_owned(), links.into())])))
}

/// The headers of a page's payload: the location of a redirect, otherwise none.
///
/// # Errors
/// If the location is an address of the loopback.
pub fn payload_headers(
    manifest: &Headers,
    status: Option<u16>,
) -> Result<Option<Headers>, LoopbackLocationError> {
    let Some(location) = texts(manifest, LOCATION)
        .next()
        .filter(|_| is_redirect(status))
    else {
        return Ok(None);
    };
    if is_loopback_url(location) {
        return Err(LoopbackLocationError);
    }
    Ok(Some(Headers::from_iter([(
        LOCATION.to_owned(),
        location.into(),
    )])))
}

/// The headers of a metadata route, in the manifest's order.
#[must_use]
pub fn metadata_headers(manifest: &Headers) -> Headers {
    let mut kept = Headers::new();
    for name in manifest.keys() {
        let Some(value) = texts(manifest, name).next() else {
            continue;
        };
        let value = match name.as_str() {
            CONTENT_TYPE | METADATA_MARKER => value,
            CACHE_CONTROL => METADATA_CACHE_CONTROL,
            _ => continue,
        };
        kept.insert(name.clone(), value.into());
    }
    kept
}

/// The only header that is stored with a page that has this status.
#[must_use]
pub fn stored_page_header(status: Option<u16>) -> &'static str {
    if is_redirect(status) { LOCATION } else { LINK }
}

/// Whether a page with this status redirects.
#[must_use]
pub fn is_redirect(status: Option<u16>) -> bool {
    status.is_some_and(|status| (300..400).contains(&status))
}

/// The values of a header that are strings.
fn texts<'a>(headers: &'a Headers, name: &str) -> impl Iterator<Item = &'a str> {
    let values = match headers.get(name) {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    values.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(value: Value) -> Headers {
        match value {
            Value::Object(headers) => headers,
            _ => Headers::new(),
        }
    }

    /// Headers of middleware, `next.config` and the build's server in a manifest.
    fn of_build() -> Headers {
        headers(json!({
            "content-security-policy": "script-src 'nonce-abc'",
            "content-type": "application/xml",
            "link": "<http://127.0.0.1:36323/de>; rel=\"alternate\", </a.woff2>; rel=preload; as=font",
            "vary": "x-mw, RSC",
            "x-config": "1",
            "x-request-id": "0.89",
            "cache-control": "no-store, must-revalidate",
            "set-cookie": ["sid=0.69; Path=/"],
            "location": "/elsewhere",
            "x-vinext-metadata-route-cache": "1"
        }))
    }

    #[test]
    fn pages_and_404s_keep_only_the_frameworks_links() {
        let expected = headers(json!({ "link": "</a.woff2>; rel=preload; as=font" }));
        for status in [None, Some(200), Some(401), Some(403), Some(404)] {
            assert_eq!(
                document_headers(&of_build(), status),
                Ok(Some(expected.clone()))
            );
            assert_eq!(payload_headers(&of_build(), status), Ok(None));
        }
        let only_middleware = headers(json!({ "link": "</de>; rel=\"alternate\"" }));
        assert_eq!(document_headers(&only_middleware, None), Ok(None));
        let listed = headers(json!({ "link": ["</a>; rel=preload", 7, "</b>; rel=preload"] }));
        let joined = headers(json!({ "link": "</a>; rel=preload, </b>; rel=preload" }));
        assert_eq!(document_headers(&listed, None), Ok(Some(joined)));
    }

    #[test]
    fn redirects_keep_only_their_location() {
        let expected = headers(json!({ "location": "/elsewhere" }));
        for status in [301, 302, 303, 307, 308].map(Some) {
            assert_eq!(
                document_headers(&of_build(), status),
                Ok(Some(expected.clone()))
            );
            assert_eq!(
                payload_headers(&of_build(), status),
                Ok(Some(expected.clone()))
            );
        }
    }

    #[test]
    fn rejects_a_redirect_to_the_build_machine() {
        let manifest = headers(json!({ "location": "http://localhost:3000/login" }));
        assert_eq!(
            document_headers(&manifest, Some(307)),
            Err(LoopbackLocationError)
        );
        assert_eq!(
            payload_headers(&manifest, Some(307)),
            Err(LoopbackLocationError)
        );
        assert_eq!(document_headers(&manifest, Some(404)), Ok(None));
    }

    #[test]
    fn metadata_routes_keep_what_the_worker_stores() {
        let expected = headers(json!({
            "content-type": "application/xml",
            "cache-control": "public, max-age=0, must-revalidate",
            "x-vinext-metadata-route-cache": "1"
        }));
        assert_eq!(metadata_headers(&of_build()), expected);
        let older = headers(json!({ "content-type": ["text/plain"], "vary": "RSC" }));
        let kept = headers(json!({ "content-type": "text/plain" }));
        assert_eq!(metadata_headers(&older), kept);
    }
}
