//! The certificate authorities to trust over HTTPS.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's store, as in OpenSSL;
//! `NODE_EXTRA_CA_CERTS` adds to it, as in Node. As in Node, a file that cannot be used is ignored
//! with a warning. Where the system has no store, as in small containers, the authorities that are
//! bundled here are trusted.

use std::path::Path;

use reqwest::{Certificate, ClientBuilder};

/// Variables that replace the system's store.
const REPLACING_VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Makes a client trust who is to be trusted.
pub(super) fn configure(builder: ClientBuilder, warnings: &mut Vec<String>) -> ClientBuilder {
    let mut certificates = extra(warnings);
    let is_replaced = REPLACING_VARIABLES
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if !is_replaced && cfg!(any(target_os = "macos", target_os = "windows")) {
        // These systems verify by themselves, by rules that no list of certificates holds.
        return builder.tls_certs_merge(certificates);
    }
    let found = rustls_native_certs::load_native_certs();
    if is_replaced {
        let ignored =
            |error| format!("pending of SSL_CERT_FILE or SSL_CERT_DIR is ignored: {error}");
        warnings.extend(found.errors.iter().map(ignored));
    }
    let usable = found
        .certs
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok());
    let before = certificates.len();
    certificates.extend(usable);
    if certificates.len() == before {
        certificates.extend(bundled());
    }
    builder.tls_certs_only(certificates)
}

fn extra(warnings: &mut Vec<String>) -> Vec<Certificate> {
    let path = std::env::var_os("NODE_EXTRA_CA_CERTS").filter(|path| !path.is_empty());
    let Some(path) = path else {
        return Vec::new();
    };
    match read_pem(Path::new(&path)) {
        Ok(certificates) => certificates,
        Err(problem) => {
            let path = Path::new(&path).display();
            warnings.push(format!("NODE_EXTRA_CA_CERTS={path} is ignored: {problem}"));
            Vec::new()
        }
    }
}

fn read_pem(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err("it contains no certificate in PEM form".to_owned());
    }
    Ok(certificates)
}

fn bundled() -> impl Iterator<Item = Certificate> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| Certificate::from_der(der).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_authorities_can_be_used() {
        assert_eq!(
            bundled().count(),
            webpki_root_certs::TLS_SERVER_ROOT_CERTS.len()
        );
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        assert!(read_pem(&file).is_err());
        std::fs::write(&file, "no certificate").unwrap();
        assert!(
            read_pem(&file)
                .unwrap_err()
                .contains("no certificate in PEM form")
        );
    }
}
