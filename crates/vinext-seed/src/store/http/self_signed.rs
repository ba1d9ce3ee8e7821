//! Accepts servers with a self-signed certificate that the user trusts.
//!
//! `openssl req -x509` makes such certificates: signed by themselves, marked as an authority's, and
//! used by a server. OpenSSL and so Node accept one that is among the trusted authorities; the
//! verifier of rustls rejects every authority that acts as a server.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// The extension "subject alternative name", as it begins in a certificate (RFC 5280, 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x11];

/// The attribute "common name", as it begins in a name (RFC 5280, appendix A.1).
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// Verifies as another verifier does, and accepts the certificates that the user named.
pub(super) struct SelfSignedVerifier {
    inner: Arc<dyn ServerCertVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl SelfSignedVerifier {
    pub(super) fn new(
        inner: Arc<dyn ServerCertVerifier>,
        named: Vec<CertificateDer<'static>>,
    ) -> Self {
        Self { inner, named }
    }

    fn accept(
        &self,
        certificate: &CertificateDer<'_>,
        server_name: &ServerName<'_>,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let verified = verify_server_name(&parsed, server_name);
        match verified {
            Err(_) if is_common_name(certificate, server_name) => {}
            verified => verified?,
        }
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for SelfSignedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // The verifier reports this only after it has checked the period of validity.
            Err(error) if is_authority_as_server(&error) && self.named.contains(end_entity) => {
                self.accept(end_entity, server_name)
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for SelfSignedVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SelfSignedVerifier")
    }
}

fn is_authority_as_server(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else {
        return false;
    };
    let error = other.0.downcast_ref::<webpki::Error>();
    matches!(error, Some(webpki::Error::CaUsedAsEndEntity))
}

/// Whether a certificate without alternative names has the server's name as its common name, where
/// Node looks then.
fn is_common_name(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    let ServerName::DnsName(server_name) = server_name else {
        return false;
    };
    if contains(certificate, SUBJECT_ALT_NAME) {
        return false;
    }
    let mut roots = RootCertStore::empty();
    if roots.add(certificate.clone()).is_err() {
        return false;
    }
    let subject = roots.roots.first().map(|root| root.subject.as_ref());
    common_name(subject.unwrap_or_default())
        .is_some_and(|name| name.eq_ignore_ascii_case(server_name.as_ref()))
}

/// The common name of a subject, if it has exactly one of less than 128 bytes.
fn common_name(subject: &[u8]) -> Option<&str> {
    let at = |from: usize| {
        let rest = subject.get(from..)?;
        let found = rest.windows(COMMON_NAME.len());
        found.into_iter().position(|window| window == COMMON_NAME)
    };
    let start = at(0)? + COMMON_NAME.len();
    if at(start).is_some() {
        return None;
    }
    // A string of any kind: its tag, its length, its text.
    let length = usize::from(*subject.get(start + 1)?);
    let text = subject.get(start + 2..start + 2 + length)?;
    std::str::from_utf8(text).ok().filter(|_| length < 128)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_one_common_name() {
        let attribute = |name: &str| {
            let mut attribute = COMMON_NAME.to_vec();
            attribute.extend([0x0c, u8::try_from(name.len()).unwrap()]);
            attribute.extend(name.as_bytes());
            attribute
        };
        let one = attribute("localhost");
        assert_eq!(common_name(&one), Some("localhost"));
        assert_eq!(
            common_name(&[vec![1, 2, 3], one.clone()].concat()),
            Some("localhost")
        );
        assert_eq!(
            common_name(&[one.clone(), attribute("other")].concat()),
            None
        );
        assert_eq!(common_name(&one[..one.len() - 1]), None);
        assert_eq!(common_name(&one[..COMMON_NAME.len()]), None);
        assert_eq!(common_name(b""), None);
    }
}
