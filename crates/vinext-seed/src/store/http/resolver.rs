//! Looks up host names as the operating system does, on a separate thread.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::background::run_blocking;

/// The addresses of a host.
///
/// # Errors
/// If the host is unknown, or the machine has no thread to spare.
pub(in crate::store) async fn look_up(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let looked_up = run_blocking(move || (host.as_str(), port).to_socket_addrs());
    Ok(looked_up.await.map_err(io::Error::other)??.collect())
}

/// The HTTP client's way to look up names.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The HTTP library puts the port in.
            let addresses = look_up(name.as_str().to_owned(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
