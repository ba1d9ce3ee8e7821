//! The HTTP client: verifies certificates, follows no redirects, uses the environment's proxies.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Proxy, Url, redirect};

use super::resolver::SystemResolver;
use super::timeouts::Timeouts;
use super::{proxy, trust};
use crate::sanitized_text::with_causes;

/// How long an idle connection is kept for the next batch. Cloudflare closes them after some
/// minutes; closing first avoids sending into a connection that is going away.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How often a silent connection is probed, so that one through a firewall that forgets is noticed.
const TCP_KEEPALIVE: Duration = Duration::from_secs(20);

/// Builds a client for the origin of a URL, and says what in the environment is ignored.
///
/// # Errors
/// What the TLS library says, with all causes.
pub(in crate::store) fn build(
    url: &Url,
    timeouts: &Timeouts,
) -> Result<(Client, Vec<String>), String> {
    let (proxy, mut warnings) = proxy::choose(url, proxy::variable);
    let tls = trust::configure(&mut warnings).map_err(|error| with_causes(&error))?;
    let mut builder = Client::builder()
        .user_agent(concat!("vinext-seed/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // One connection for each request in flight: over HTTP/2 they would share one, and with it
        // one congestion window (docs/performance.md).
        .http1_only()
        .tls_backend_preconfigured(tls)
        .tcp_nodelay(true)
        .tcp_keepalive(TCP_KEEPALIVE)
        .pool_idle_timeout(KEEP_ALIVE)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.request)
        .dns_resolver(Arc::new(SystemResolver))
        // The environment is read here, not by the HTTP library.
        .no_proxy();
    if let Some(proxy) = proxy {
        // The library's error may quote the address, which may hold a password.
        let proxy = Proxy::all(proxy).map_err(|_| "the proxy's URL cannot be used".to_owned())?;
        builder = builder.proxy(proxy);
    }
    builder
        .build()
        .map(|client| (client, warnings))
        .map_err(|error| with_causes(&error))
}

/// Whether a URL leads to this machine.
pub(in crate::store) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}
