//! Which proxy to use, read from the environment as wrangler's HTTP client reads it.
//!
//! Rules: the lower-case name of a variable counts before the upper-case one. For `https:` URLs
//! HTTPS_PROXY, then ALL_PROXY, then HTTP_PROXY; for `http:` URLs HTTP_PROXY, then ALL_PROXY.
//! NO_PROXY is a list, separated by commas or blanks, of hosts that are connected without it.

use std::net::IpAddr;

use reqwest::Url;

use super::client::is_loopback;

/// The variables that name proxies, by their upper-case names.
pub(super) const PROXY_VARIABLES: [&str; 3] = ["HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"];

/// Supported proxy schemes.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Reads a variable of the environment by either of its names.
pub(super) fn variable(name: &str) -> Option<String> {
    let lower = std::env::var(name.to_ascii_lowercase());
    lower.or_else(|_| std::env::var(name)).ok()
}

/// The proxy for a URL, and warnings about variables that cannot be used.
pub(super) fn choose(
    url: &Url,
    variable: impl Fn(&str) -> Option<String>,
) -> (Option<Url>, Vec<String>) {
    let mut warnings = Vec::new();
    let names: &[&str] = match url.scheme() {
        "https" => &PROXY_VARIABLES,
        _ => &["HTTP_PROXY", "ALL_PROXY"],
    };
    let mut proxies = names.iter().filter_map(|name| {
        let text = variable(name)?;
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let proxy = parse(text);
        if proxy.is_none() {
            // The value may contain a password.
            warnings.push(format!(
                "{name} is not the URL of a proxy (http://, https:// or socks5:// and a host) and is \
                 ignored"
            ));
        }
        proxy
    });
    let proxy = proxies.next();
    let no_proxy = variable("NO_PROXY").unwrap_or_default();
    let proxy = proxy.filter(|proxy| {
        // A proxy on another machine cannot reach what listens on this one.
        let is_reachable = url.scheme() != "http" || !is_loopback(url) || is_loopback(proxy);
        is_reachable && !is_excepted(url, &no_proxy)
    });
    (proxy, warnings)
}

/// A proxy's address. As for curl, `http://` may be omitted.
pub(super) fn parse(text: &str) -> Option<Url> {
    let url = if text.contains("://") {
        Url::parse(text)
    } else {
        Url::parse(&format!("http://{text}"))
    };
    let url = url.ok()?;
    (SCHEMES.contains(&url.scheme()) && url.has_host()).then_some(url)
}

/// Whether NO_PROXY lists the host of a URL.
fn is_excepted(url: &Url, no_proxy: &str) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    no_proxy
        .split([',', ' ', '\t', '\n', '\r'])
        .filter(|entry| !entry.is_empty())
        .any(|entry| {
            let (name, port) = split_port(entry);
            let is_port = port.is_none_or(|port| url.port_or_known_default() == Some(port));
            is_port && (name == "*" || is_within(host, name))
        })
}

/// The host and port of an entry. An IPv6 address has a port only after brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

/// Whether a host is the one named, one below it, or an address of a network (`10.0.0.0/8`).
fn is_within(host: &str, name: &str) -> bool {
    let name = name.trim_matches(['[', ']']).trim_end_matches('.');
    let name = name.strip_prefix('*').unwrap_or(name);
    let name = name.strip_prefix('.').unwrap_or(name).to_ascii_lowercase();
    if let Ok(address) = host.parse::<IpAddr>() {
        return match name.split_once('/') {
            Some((network, bits)) => match (network.parse(), bits.parse()) {
                (Ok(network), Ok(bits)) => is_in_network(address, network, bits),
                _ => false,
            },
            None => name.parse() == Ok(address),
        };
    }
    let before = host.strip_suffix(name.as_str());
    !name.is_empty() && before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same_prefix = |address: u128, network: u128, width: u32| {
        bits <= width && (bits == 0 || (address ^ network) >> (width - bits) == 0)
    };
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let (address, network) = (u32::from(address), u32::from(network));
            same_prefix(address.into(), network.into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            same_prefix(address.into(), network.into(), 128)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn choose_with(url: &str, variables: &[(&str, &str)]) -> (Option<String>, Vec<String>) {
        let variables: HashMap<_, _> = variables.iter().copied().collect();
        let url = Url::parse(url).unwrap();
        let variable = |name: &str| variables.get(name).map(ToString::to_string);
        let (proxy, warnings) = choose(&url, variable);
        (proxy.map(String::from), warnings)
    }

    fn host(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let (proxy, warnings) = choose_with(url, variables);
        assert_eq!(warnings, [""; 0]);
        proxy.map(|proxy| Url::parse(&proxy).unwrap().host_str().unwrap().to_owned())
    }

    const API: &str = "https://api.cloudflare.com/client/v4";

    #[test]
    fn uses_the_most_specific_variable() {
        let all = [
            ("HTTPS_PROXY", "http://s"),
            ("ALL_PROXY", "socks5h://a"),
            ("HTTP_PROXY", "h:1"),
        ];
        assert_eq!(host(API, &all).as_deref(), Some("s"));
        assert_eq!(host(API, &all[1..]).as_deref(), Some("a"));
        assert_eq!(host(API, &all[2..]).as_deref(), Some("h"));
        assert_eq!(host("http://x.example", &all).as_deref(), Some("h"));
        assert_eq!(host("http://x.example", &all[..2]).as_deref(), Some("a"));
        assert_eq!(host("http://x.example", &all[..1]), None);
        assert_eq!(host(API, &[("HTTPS_PROXY", " ")]), None);
    }

    #[test]
    fn a_local_api_is_reached_through_a_local_proxy_only() {
        let local = "http://127.0.0.1:8787";
        assert_eq!(host(local, &[("HTTP_PROXY", "http://proxy.example")]), None);
        let through = host(local, &[("HTTP_PROXY", "http://localhost:3128")]);
        assert_eq!(through.as_deref(), Some("localhost"));
    }

    #[test]
    fn names_an_invalid_proxy_variable_without_its_value() {
        for value in [
            "http://user:s3cret@",
            "ftp://s3cret@x",
            "http://s3cret host",
            "://s3cret",
        ] {
            let (proxy, warnings) = choose_with(API, &[("HTTPS_PROXY", value)]);
            assert_eq!((proxy, warnings.len()), (None, 1), "{value}");
            assert!(warnings[0].starts_with("HTTPS_PROXY ") && !warnings[0].contains("s3cret"));
        }
        let both = [("HTTPS_PROXY", "http://"), ("ALL_PROXY", "http://a")];
        let (proxy, warnings) = choose_with(API, &both);
        assert_eq!((proxy.as_deref(), warnings.len()), (Some("http://a/"), 1));
    }

    /// Recorded from undici's `EnvHttpProxyAgent`, which wrangler uses, by
    /// `scripts/record-no-proxy.js`.
    #[test]
    fn excludes_hosts_like_wranglers_client() {
        let recorded = include_str!("../../../tests/data/vectors/no-proxy.json");
        let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
        let cases = recorded["cases"].as_array().unwrap();
        assert!(cases.len() > 100);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap();
            let url = Url::parse(text("url")).unwrap();
            let expected = case["isDirect"].as_bool().unwrap();
            assert_eq!(is_excepted(&url, text("noProxy")), expected, "{case}");
        }
    }

    #[test]
    fn addresses_networks_and_stars_are_understood_too() {
        for (url, no_proxy, expected) in [
            ("https://[::1]:1", "[::1]", true),
            ("https://[::1]:1", "::1", true),
            ("https://[::1]:1", "[::1]:1", true),
            ("https://[::1]:1", "[::1]:2", false),
            ("https://[fd00::7]", "fd00::/8", true),
            ("https://10.1.2.3", "10.0.0.0/8", true),
            ("https://11.1.2.3", "10.0.0.0/8", false),
            ("https://10.1.2.3", "0.0.0.0/0", true),
            ("https://10.1.2.3", "10.0.0.0/33", false),
            ("https://110.1.2.3", "10.1.2.3", false),
            (API, "other.example, *", true),
            (API, "*:443", true),
            (API, "*:80", false),
            (API, "cloudflare.com.", true),
            (API, ".", false),
            (API, "*.", false),
        ] {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(is_excepted(&parsed, no_proxy), expected, "{url} {no_proxy}");
        }
    }
}
