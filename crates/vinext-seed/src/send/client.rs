//! The HTTP client.
//!
//! In: nothing but the environment (proxies, extra certificate authorities).
//! Out: a client that verifies certificates, follows no redirects, and says why it cannot be had.
//! Never: a panic of the TLS library, and never the token, which goes with each request.

use std::time::Duration;

use reqwest::{Certificate, Client, redirect};

use crate::error::with_causes;

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a request may take as a whole. Cloudflare's own client gives a bulk upload five
/// minutes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// Builds the client.
///
/// # Errors
/// What the TLS library says, with all causes.
pub(super) fn build() -> Result<Client, String> {
    // An error means that it is installed already, by an earlier call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("vinext-seed/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .tls_certs_merge(extra_certificates()?)
        .build()
        .map_err(|error| with_causes(&error))
}

/// The authorities that Node would trust besides the system's: those bundled with the runtime,
/// which images without a certificate store rely on, and those of `NODE_EXTRA_CA_CERTS`.
fn extra_certificates() -> Result<Vec<Certificate>, String> {
    let mut certificates = Vec::new();
    for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        certificates.push(Certificate::from_der(der).map_err(|error| with_causes(&error))?);
    }
    if let Some(path) = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty()) {
        // As in Node, a file that cannot be used is no reason to stop.
        if let Ok(pem) = std::fs::read(path) {
            certificates.extend(Certificate::from_pem_bundle(&pem).unwrap_or_default());
        }
    }
    Ok(certificates)
}
