//! The certificate authorities to trust over HTTPS.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` replace the system's store, as in OpenSSL;
//! `NODE_EXTRA_CA_CERTS` adds to it, as in Node. A certificate that cannot be used is ignored with a
//! warning. If the system has no store, as in small containers, the authorities that are bundled
//! here are trusted.
//!
//! Invariant: certificates are always verified. `NODE_TLS_REJECT_UNAUTHORIZED=0` is ignored.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::self_signed::SelfSignedVerifier;

/// The largest file of certificates that is read, in bytes. The system's own has 200 kB.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The TLS configuration of the environment.
///
/// # Errors
/// The TLS library's error.
pub(in crate::store) fn configure(
    warnings: &mut Vec<String>,
) -> Result<ClientConfig, rustls::Error> {
    if std::env::var_os("NODE_TLS_REJECT_UNAUTHORIZED").is_some_and(|value| value == "0") {
        warnings.push(
            "NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always verified; set \
             NODE_EXTRA_CA_CERTS to the authority instead"
                .to_owned(),
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut named = Vec::new();
    if let Some(path) = variable("NODE_EXTRA_CA_CERTS") {
        named.extend(read_file("NODE_EXTRA_CA_CERTS", Path::new(&path), warnings));
    }
    let inner = verifier(&mut named, &provider, warnings)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(SelfSignedVerifier::new(inner, named)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The verifier of certificate chains. `named` are the certificates that the user has named so far.
fn verifier(
    named: &mut Vec<CertificateDer<'static>>,
    provider: &Arc<CryptoProvider>,
    warnings: &mut Vec<String>,
) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    let file = variable("SSL_CERT_FILE");
    let directories = variable("SSL_CERT_DIR");
    let is_replaced = file.is_some() || directories.is_some();
    if !is_replaced && cfg!(any(target_os = "macos", target_os = "windows")) {
        // These systems verify by themselves, by rules that no list of certificates holds.
        let extra = named.iter().cloned();
        let provider = Arc::clone(provider);
        let system = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)?;
        return Ok(Arc::new(system));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(named.iter().cloned());
    if is_replaced {
        let mut replacing = Vec::new();
        if let Some(path) = file {
            replacing.extend(read_file("SSL_CERT_FILE", Path::new(&path), warnings));
        }
        for directory in directories.iter().flat_map(std::env::split_paths) {
            replacing.extend(read_directory(&directory, warnings));
        }
        roots.add_parsable_certificates(replacing.iter().cloned());
        if replacing.is_empty() {
            roots.add_parsable_certificates(bundled());
        }
        named.extend(replacing);
    } else {
        let system = rustls_native_certs::load_native_certs().certs;
        let (added, _) = roots.add_parsable_certificates(system);
        if added == 0 {
            roots.add_parsable_certificates(bundled());
        }
    }
    let roots = Arc::new(roots);
    let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
    match builder.build() {
        Ok(verifier) => Ok(verifier),
        Err(error) => Err(rustls::Error::General(error.to_string())),
    }
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn bundled() -> impl Iterator<Item = CertificateDer<'static>> {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned()
}

/// The usable certificates of a file, with a warning for what is not.
fn read_file(
    variable: &str,
    path: &Path,
    warnings: &mut Vec<String>,
) -> Vec<CertificateDer<'static>> {
    let name = format!("{variable}={}", path.display());
    match read_pem(path) {
        Err(problem) => {
            warnings.push(format!("{name} is ignored: {problem}"));
            Vec::new()
        }
        Ok((certificates, 0)) if certificates.is_empty() => {
            warnings.push(format!(
                "{name} is ignored: it contains no certificate in PEM form"
            ));
            certificates
        }
        Ok((certificates, 0)) => certificates,
        Ok((certificates, unusable)) => {
            let all = certificates.len() + unusable;
            warnings.push(format!(
                "{name}: {unusable} of {all} certificates cannot be used and are ignored"
            ));
            certificates
        }
    }
}

/// The same of all files in a directory whose names are as OpenSSL looks for them: a hash and a
/// number, such as `0a1b2c3d.0`.
fn read_directory(path: &Path, warnings: &mut Vec<String>) -> Vec<CertificateDer<'static>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            let path = path.display();
            warnings.push(format!("SSL_CERT_DIR={path} is ignored: {error}"));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is_hashed(path))
        .collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| read_file("SSL_CERT_DIR", file, warnings))
        .collect()
}

fn is_hashed(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.split_once('.'))
        .is_some_and(|(hash, number)| {
            hash.len() == 8
                && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// The certificates of a file that can be used, and how many cannot.
fn read_pem(path: &Path) -> Result<(Vec<CertificateDer<'static>>, usize), String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    // Opening a pipe would block until a process writes to it.
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut pem = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut pem)
        .map_err(|error| error.to_string())?;
    if pem.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    let mut usable = Vec::new();
    let mut unusable = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        match certificate {
            Ok(certificate) if is_usable(&certificate) => usable.push(certificate),
            _ => unusable += 1,
        }
    }
    Ok((usable, unusable))
}

fn is_usable(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(der: &[u8]) -> String {
        let text = base64_simd::STANDARD.encode_to_string(der);
        let lines: Vec<_> = text
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        let lines = lines.join("\n");
        format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n")
    }

    fn warned(content: &str) -> (usize, Vec<String>) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        std::fs::write(&file, content).unwrap();
        let mut warnings = Vec::new();
        let read = read_file("NODE_EXTRA_CA_CERTS", &file, &mut warnings);
        (read.len(), warnings)
    }

    #[test]
    fn the_bundled_authorities_can_be_used() {
        assert!(bundled().all(|certificate| is_usable(&certificate)));
        assert!(bundled().count() > 100);
    }

    #[test]
    fn ignores_only_the_bad_certificate() {
        let good: Vec<_> = bundled().take(2).map(|der| pem(&der)).collect();
        let (one, two) = (&good[0], &good[1]);
        let not_base64 = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        let cut = &one[..one.len() / 2];
        assert_eq!(warned(&format!("{one}{two}")), (2, Vec::new()));
        for bad in [pem(b"not DER"), pem(b""), not_base64.to_owned()] {
            let (usable, warnings) = warned(&format!("{one}{bad}{two}"));
            assert_eq!((usable, warnings.len()), (2, 1), "{bad}");
            assert!(warnings[0].contains("1 of 3 certificates"), "{warnings:?}");
        }
        let (usable, warnings) = warned(&format!("{one}{cut}"));
        assert_eq!((usable, warnings.len()), (1, 1));
        // Comments and keys are not certificates.
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(warned(&format!("# ours\n{key}{one}")), (1, Vec::new()));
    }

    #[test]
    fn a_file_without_certificates_is_ignored_with_a_reason() {
        for (content, why) in [
            ("no certificate", "no certificate in PEM form"),
            ("", "no certificate in PEM form"),
        ] {
            let (usable, warnings) = warned(content);
            assert_eq!((usable, warnings.len()), (0, 1));
            assert!(warnings[0].contains(why), "{warnings:?}");
        }
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read_pem(directory.path()).unwrap_err(), "it is not a file");
        assert!(read_pem(&directory.path().join("nowhere.pem")).is_err());
        let large = directory.path().join("large.pem");
        let file = File::create(&large).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
        assert!(read_pem(&large).unwrap_err().contains("16777216 bytes"));
    }

    #[test]
    fn only_hashed_names_of_a_directory_are_read() {
        for (name, expected) in [
            ("0a1b2c3d.0", true),
            ("0A1B2C3D.12", true),
            ("0a1b2c3d.r0", false),
            ("0a1b2c3.0", false),
            ("ca.pem", false),
            ("0a1b2c3d.", false),
        ] {
            assert_eq!(is_hashed(Path::new(name)), expected, "{name}");
        }
    }
}
