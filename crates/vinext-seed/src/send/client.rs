//! The HTTP client.
//!
//! In: the endpoint, and the environment (proxies, certificate authorities). Out: a client that
//! verifies certificates, follows no redirects, and says why it cannot be had.
//! Never: the token, which goes with each request.

use std::time::Duration;

use reqwest::{Client, redirect};

use super::endpoint::{Endpoint, is_loopback};
use super::secrets::proxies;
use super::timeouts::Timeouts;
use super::trust;
use crate::sanitized_text::with_causes;

/// How long an idle connection is kept for the next batch. Cloudflare closes them after some
/// minutes; closing first avoids sending into a connection that is going away.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How often a silent connection is probed, so that one through a firewall that forgets is noticed.
const TCP_KEEPALIVE: Duration = Duration::from_secs(20);

/// Builds the client, and says what in the environment is ignored.
///
/// # Errors
/// What the TLS library says, with all causes.
pub(super) fn build(
    endpoint: &Endpoint,
    timeouts: &Timeouts,
) -> Result<(Client, Vec<String>), String> {
    // An error means that it is installed already, by an earlier call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut warnings = Vec::new();
    let mut builder = Client::builder()
        .user_agent(concat!("vinext-seed/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        // One connection for each request in flight: over HTTP/2 they would share one, and with it
        // one congestion window (docs/performance.md).
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(TCP_KEEPALIVE)
        .pool_idle_timeout(KEEP_ALIVE)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.request);
    if endpoint.bulk().scheme() == "http" && !proxies().any(|proxy| is_loopback(&proxy)) {
        // What listens on this machine is not to be found through a proxy on another one.
        builder = builder.no_proxy();
    }
    trust::configure(builder, &mut warnings)
        .build()
        .map(|client| (client, warnings))
        .map_err(|error| with_causes(&error))
}
