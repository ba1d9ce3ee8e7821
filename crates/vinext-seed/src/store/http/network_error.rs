//! Classifies requests without a reply.
//!
//! Invariant: a certificate that is not trusted is never retried.

use std::error::Error;

use reqwest::Url;

use super::{Secrets, Service};
use crate::sanitized_text::with_causes;
use crate::store::{RequestError, RequestErrorKind, StoreError};

/// Advice if a proxy requires authentication.
pub(in crate::store) const PROXY_ADVICE: &str = "The proxy refuses the connection; check the user \
    name and password in HTTPS_PROXY, or except the API's host with NO_PROXY";

/// Classifies a request that got no reply. `is_sent`: whether the whole body was passed on.
pub(in crate::store) fn classify(
    error: &reqwest::Error,
    is_sent: bool,
    url: &Url,
    secrets: &Secrets,
    service: Service,
) -> RequestError {
    let Service {
        operation,
        timeout_code,
    } = service;
    let host = url.host_str().unwrap_or_default();
    // The error's own text is generic ("error sending request"); the reason is behind it.
    let causes = error.source().map(with_causes);
    let causes = causes.unwrap_or_else(|| error.to_string());
    let detail = secrets.scrub(&causes);
    let failed = |code, reason: &str| {
        StoreError::new(code, format!("{operation} failed: {reason}: {detail}"))
    };
    if let Some(problem) = tls_problem(error) {
        let error = failed(
            "TLS_UNTRUSTED",
            &format!("cannot connect securely to {host}"),
        );
        return RequestErrorKind::Fatal.because(error.advise(certificate_advice(problem)));
    }
    // A proxy's answer to CONNECT has no error type: the HTTP library reports a 407 as text only.
    if causes.contains("proxy authorization required") {
        let error = failed("PROXY_REFUSED", "cannot connect through the proxy");
        return RequestErrorKind::Fatal.because(error.advise(PROXY_ADVICE));
    }
    if error.is_connect() {
        let reason = format!("cannot connect to {host}");
        return RequestErrorKind::Transient.because(failed("NETWORK_ERROR", &reason));
    }
    if error.is_timeout() {
        let error = failed(timeout_code, "timed out waiting for the reply").may_be_stored(true);
        return RequestErrorKind::TooSlow.because(error);
    }
    let error = failed("NETWORK_ERROR", "the connection was lost").may_be_stored(true);
    if is_sent {
        RequestErrorKind::Transient.because(error)
    } else {
        RequestErrorKind::ConnectionLost.because(error)
    }
}

/// The TLS library's own error, wherever it is among the causes.
pub(in crate::store) fn tls_problem<'a>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(problem) = error.downcast_ref::<rustls::Error>() {
            return Some(problem);
        }
        // An `io::Error` shows the causes of what it wraps, but not what it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>();
        if let Some(inner) = wrapped.and_then(std::io::Error::get_ref) {
            cause = Some(inner);
            continue;
        }
        cause = error.source();
    }
    None
}

pub(in crate::store) fn certificate_advice(problem: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match problem {
        rustls::Error::InvalidCertificate(
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. },
        ) => {
            "The server's certificate has expired or is not yet valid; renew it, or check this machine's clock"
        }
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "The server's certificate is for another host; check the API's base URL and any proxy",
        rustls::Error::InvalidCertificate(_) => {
            "Behind a corporate proxy or with a private API, set NODE_EXTRA_CA_CERTS to the PEM file of \
             its certificate authority, or SSL_CERT_FILE to all trusted authorities"
        }
        _ => {
            "The server did not complete a valid TLS handshake; check the API's base URL and any proxy"
        }
    }
}
