//! Requests that got no reply.
//!
//! In: the HTTP client's error. Out: whether to try again, and what to do if that is pointless.
//! Never: a retry over a certificate. It will be as wrong the next time, and waiting hides why.

use std::error::Error;

use reqwest::Url;

use super::error::SendError;
use super::outcome::{Outcome, PROXY_ADVICE};
use super::secrets::Secrets;
use crate::sanitized_text::with_causes;

/// Judges a request that got no reply. `is_sent`: whether all of the body was handed over.
pub(super) fn judge(
    error: &reqwest::Error,
    is_sent: bool,
    url: &Url,
    secrets: &Secrets,
) -> Outcome {
    let host = url.host_str().unwrap_or_default();
    // The error's own text is generic ("error sending request"); the reason is behind it.
    let causes = error.source().map(with_causes);
    let detail = secrets.scrub(&causes.unwrap_or_else(|| error.to_string()));
    let failed = |code, reason: &str| {
        SendError::new(code, format!("KV bulk upload failed: {reason}: {detail}"))
    };
    if let Some(problem) = tls_problem(error) {
        let advice = certificate_advice(problem);
        let mut failure = failed("TLS_UNTRUSTED", &format!("no secure connection to {host}"));
        failure.message = format!("{}. {advice}", failure.message);
        return Outcome::Fatal(failure);
    }
    // What a proxy answers to CONNECT has no type: the HTTP library tells a 407 in words only.
    if detail.as_str().contains("proxy authorization required") {
        let mut failure = failed("PROXY_REFUSED", "no connection through the proxy");
        failure.message = format!("{}. {PROXY_ADVICE}", failure.message);
        return Outcome::Fatal(failure);
    }
    if error.is_connect() {
        let reason = format!("no connection to {host}");
        return Outcome::Transient(failed("NETWORK_ERROR", &reason), None);
    }
    if error.is_timeout() {
        return Outcome::TooSlow(failed("KV_TIMEOUT", "no reply in time").may_be_stored(true));
    }
    let failure = failed("NETWORK_ERROR", "the connection broke").may_be_stored(true);
    if is_sent {
        Outcome::Transient(failure, None)
    } else {
        Outcome::ConnectionLost(failure)
    }
}

/// The TLS library's own error, wherever it is among the causes.
fn tls_problem<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
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

fn certificate_advice(problem: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match problem {
        rustls::Error::InvalidCertificate(
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. },
        ) => "The server's certificate is not valid now; check this machine's clock, or renew it",
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => "The server's certificate is for another host; check `apiBaseUrl` and any proxy",
        rustls::Error::InvalidCertificate(_) => {
            "If a company's proxy or a private API stands in between, name its certificate \
             authority (a PEM file) in NODE_EXTRA_CA_CERTS, or all authorities to trust in \
             SSL_CERT_FILE"
        }
        _ => {
            "Whatever answers there does not speak TLS as it should; check `apiBaseUrl` and any \
              proxy"
        }
    }
}
