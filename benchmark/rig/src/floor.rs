//! The floor: reads every artifact and sends as many bytes as a seeder would, and nothing else.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use reqwest::Client;

use crate::BoxError;

/// How much is read at a time: more than any artifact of the benchmark's sites has.
const READ_BYTES: usize = 1024 * 1024;

/// How many artifacts a thread takes at a time.
const CLAIM_ARTIFACTS: usize = 16;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The site's directory.
    directory: PathBuf,
    /// Where to.
    #[arg(long)]
    url: String,
    /// How many bytes to send.
    #[arg(long)]
    bytes: usize,
    /// The most bytes of each request.
    #[arg(long, default_value_t = 8 * 1024 * 1024)]
    max_body_bytes: usize,
    /// Requests in flight.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Threads that read.
    #[arg(long, default_value_t = 4)]
    threads: usize,
}

/// Reads and sends, and prints `{"seconds":…}`.
#[expect(clippy::print_stdout, reason = "a program for the command line")]
pub(crate) fn run(options: &Options) -> Result<(), BoxError> {
    let list = fs::read_to_string(options.directory.join("artifacts.txt"))?;
    let names: Vec<&str> = list.lines().collect();
    // Names are then looked up from here, as from an open directory.
    std::env::set_current_dir(options.directory.join("dist/server/prerendered-routes"))?;
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    std::thread::scope(|scope| -> Result<(), BoxError> {
        let readers: Vec<_> = (0..options.threads)
            .map(|_| scope.spawn(|| read(&names, &next)))
            .collect();
        send(options)?;
        for reader in readers {
            reader.join().map_err(|_| "a reading thread panicked")??;
        }
        Ok(())
    })?;
    println!("{{\"seconds\":{}}}", started.elapsed().as_secs_f64());
    Ok(())
}

fn read(names: &[&str], next: &AtomicUsize) -> std::io::Result<()> {
    let mut content = vec![0; READ_BYTES];
    loop {
        let first = next.fetch_add(CLAIM_ARTIFACTS, Ordering::Relaxed);
        let Some(claimed) = names.get(first..) else {
            return Ok(());
        };
        if claimed.is_empty() {
            return Ok(());
        }
        for name in claimed.iter().take(CLAIM_ARTIFACTS) {
            let mut file = File::open(name)?;
            // Less than asked for means that the file ends there.
            while file.read(&mut content)? == READ_BYTES {}
        }
    }
}

#[tokio::main]
async fn send(options: &Options) -> Result<(), BoxError> {
    let client = Client::builder().build()?;
    let round_bytes = options.connections * options.max_body_bytes;
    let requests = options.connections * options.bytes.div_ceil(round_bytes);
    // Equal shares, so that all connections end at the same time.
    let body_bytes = options.bytes.div_ceil(requests.max(1));
    let left = AtomicUsize::new(options.bytes);
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(async {
            let body = Bytes::from(vec![b' '; body_bytes]);
            loop {
                let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    Some(left.saturating_sub(body_bytes))
                });
                let size = taken.unwrap_or(0).min(body_bytes);
                if size == 0 {
                    return Ok::<_, reqwest::Error>(());
                }
                let request = client.put(&options.url).body(body.slice(..size));
                request.send().await?.error_for_status()?.bytes().await?;
            }
        });
    }
    futures_util::future::try_join_all(connections).await?;
    Ok(())
}
