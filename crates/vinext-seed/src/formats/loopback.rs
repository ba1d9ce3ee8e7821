//! Determines whether a URL points to the machine it is opened on.
//!
//! The build renders pages with its own server on `127.0.0.1`, and some headers contain that address. A
//! visitor's browser would look for it on the visitor's machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// The base of relative references, with a reserved host (RFC 2606).
const ELSEWHERE: &str = "https://elsewhere.invalid/";

/// Whether a URL, or a reference in a header, points to the loopback. It is parsed as in browsers (WHATWG
/// URL), so that `//LOCALHOST`, `http://0x7f.1` and `http:\\2130706433` are recognized too. Text that is not a
/// URL has no host.
#[must_use]
pub fn is_loopback_url(reference: &str) -> bool {
    let base = Url::parse(ELSEWHERE).ok();
    match Url::options().base_url(base.as_ref()).parse(reference) {
        // A blob's URL has the URL of its origin inside.
        Ok(url) if url.scheme() == "blob" => is_loopback_url(url.path()),
        Ok(url) => url.host().is_some_and(|host| is_loopback_host(&host)),
        Err(_) => false,
    }
}

fn is_loopback_host(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let last = name.rsplit('.').next().unwrap_or(name);
            last.eq_ignore_ascii_case("localhost")
        }
        Host::Ipv4(address) => is_loopback_v4(*address),
        Host::Ipv6(address) => is_loopback_v6(*address),
    }
}

/// 127.0.0.0/8, and 0.0.0.0/8, which systems treat as the local machine too.
fn is_loopback_v4(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.octets()[0] == 0
}

/// `::1`, `::`, and the IPv4 addresses within IPv6 (`::ffff:127.0.0.1`, `::127.0.0.1`).
fn is_loopback_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.to_ipv4().is_some_and(is_loopback_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_every_spelling_of_the_loopback() {
        for url in [
            "http://127.0.0.1:36543/de",
            "https://127.8.9.10",
            "http://localhost",
            "HTTP://LocalHost:3000/x",
            "http://localhost./",
            "http://app.localhost:8787/",
            "//localhost/x",
            "//127.0.0.1",
            "\\\\127.0.0.1\\x",
            "http:\\\\127.0.0.1",
            "http://user:secret@127.0.0.1/",
            "http://example.com@localhost/",
            "http://[::1]:3000/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[::127.0.0.1]/",
            "http://0.0.0.0:8080/",
            "http://0/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7F.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://%31%32%37.0.0.1/",
            "http://１２７.0.0.1/",
            "  http://127.0.0.1  ",
            "ht\ttp://127.0.\n0.1",
            "ws://127.0.0.1/",
            "blob:http://127.0.0.1:3000/550e8400",
        ] {
            assert!(is_loopback_url(url), "{url}");
        }
    }

    #[test]
    fn leaves_other_addresses_alone() {
        for url in [
            "/de",
            "de?x=http://127.0.0.1/",
            "#127.0.0.1",
            "",
            "https://example.com/127.0.0.1",
            "https://127.0.0.1.example.com/",
            "https://localhost.example.com/",
            "https://notlocalhost/",
            "https://128.0.0.1/",
            "https://192.168.0.1/",
            "https://[2001:db8::1]/",
            "https://[::ffff:8.8.8.8]/",
            "data:text/css,127.0.0.1",
            "http://",
            "/big, (1).jpg",
        ] {
            assert!(!is_loopback_url(url), "{url}");
        }
    }
}
