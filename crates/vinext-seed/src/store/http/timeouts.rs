//! How long the parts of a request may take.

use std::time::Duration;

/// How long the parts of a request may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// Connecting, TLS included. Default: 15 s.
    pub connect: Duration,
    /// Without a byte sent or received while a body is being sent. Default: 60 s.
    pub idle: Duration,
    /// From the last byte sent to the reply. Cloudflare's edge times out after 100
    /// seconds (status 524), so that a reply may take that long. Default: 120 s.
    pub reply: Duration,
    /// All of a request. Cloudflare's own client gives a bulk upload five minutes. Default: 300 s.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            reply: Duration::from_secs(120),
            request: Duration::from_secs(300),
        }
    }
}
