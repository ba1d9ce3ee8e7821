//! HTTP for stores: one client, the certificates it trusts, and the secrets to hide.

mod body;
mod client;
mod exchange;
mod network_error;
mod proxy;
pub(super) mod rate_headers;
mod resolver;
mod secret_pattern;
mod secrets;
mod self_signed;
mod timeouts;
mod token;
mod trust;

pub(super) use body::RequestBody;
pub(super) use client::{build as build_client, is_loopback};
pub(super) use exchange::{HttpClient, Reply, Request, Service};
pub(super) use network_error::{
    PROXY_ADVICE, certificate_advice, classify as classify_network_error, tls_problem,
};
pub(super) use resolver::look_up;
pub(super) use secrets::Secrets;
pub use timeouts::Timeouts;
pub use token::{ApiToken, TokenError};
pub(super) use trust::configure as configure_tls;
