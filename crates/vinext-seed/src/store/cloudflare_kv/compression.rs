//! Compressed bulk requests: tried with one batch, and disabled for the run if they are rejected or
//! do not pay off.
//!
//! Cloudflare does not document whether its API accepts `Content-Encoding: gzip`. Invariant: a
//! rejection costs a request, never an entry, since the same batch is sent again uncompressed.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression as Level;
use flate2::write::GzEncoder;

use crate::store::{RequestError, RequestErrorKind};

/// A compressed body is used if it is at least this many times smaller than the plain one, which
/// stays in memory beside it.
pub(crate) const MIN_SHRINKING: usize = 2;

/// Or if it has no more bytes than this.
const SMALL_BYTES: usize = 64 * 1024;

/// How much is compressed before its time is compared with the savings, in bytes.
const JUDGED_BYTES: usize = 4 * 1024 * 1024;

/// Whether bodies are compressed.
#[derive(Debug)]
pub(super) struct Compression {
    progress: Mutex<Progress>,
    /// Held while the first compressed batch is under way; the others wait for its outcome.
    trial: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Progress {
    state: State,
    plain_bytes: usize,
    compressing: Duration,
    /// How much longer the requests would have taken with plain bodies.
    saved: Duration,
}

/// A compressed batch that was accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) plain_bytes: usize,
    pub(super) compressed_bytes: usize,
    pub(super) compressing: Duration,
    pub(super) sending: Duration,
}

impl Sent {
    /// How much longer it would have taken with a plain body, at the same speed.
    fn saved(&self) -> Duration {
        let times = self.plain_bytes as f64 / self.compressed_bytes.max(1) as f64;
        self.sending.mul_f64((times - 1.0).max(0.0))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Untried,
    Accepted,
    Plain,
}

/// Permission to compress one batch. The first holder blocks all others until it is dropped.
pub(super) struct Turn<'a> {
    _trial: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl Compression {
    pub(super) fn new() -> Self {
        Self {
            progress: Mutex::new(Progress {
                state: State::Untried,
                plain_bytes: 0,
                compressing: Duration::ZERO,
                saved: Duration::ZERO,
            }),
            trial: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits for the first compressed batch, if it is under way. `None` if the next one is sent plain.
    pub(super) async fn turn(&self) -> Option<Turn<'_>> {
        let trial = match self.state() {
            State::Untried => Some(self.trial.lock().await),
            State::Accepted | State::Plain => None,
        };
        match self.state() {
            State::Untried => Some(Turn { _trial: trial }),
            State::Accepted => Some(Turn { _trial: None }),
            State::Plain => None,
        }
    }

    /// Records an accepted compressed batch. Compression ends if it takes longer than it saves.
    pub(super) fn accepted(&self, sent: Sent) {
        let mut progress = self.lock();
        if progress.state == State::Plain {
            return;
        }
        progress.plain_bytes += sent.plain_bytes;
        progress.compressing += sent.compressing;
        progress.saved += sent.saved();
        let is_judged = progress.plain_bytes >= JUDGED_BYTES;
        if is_judged && progress.compressing > progress.saved {
            tracing::debug!("compressing takes longer than it saves; the rest is sent plain");
            progress.state = State::Plain;
        } else {
            progress.state = State::Accepted;
        }
    }

    /// From now on everything is sent uncompressed.
    pub(super) fn end(&self) {
        self.lock().state = State::Plain;
    }

    fn state(&self) -> State {
        self.lock().state
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a failure may be due to the body being compressed. It is not if the reply is about the
/// token, the place, the quota or the rate.
pub(super) fn may_be_refusal(failure: &RequestError) -> bool {
    let is_about_else = matches!(
        failure.kind,
        RequestErrorKind::QuotaExhausted | RequestErrorKind::Throttled
    );
    !is_about_else && !matches!(failure.error.status, Some(401 | 404 | 407))
}

/// The pieces of a body as one gzip member; `None` if they do not shrink enough.
pub(super) fn gzip(pieces: impl Iterator<Item = Bytes>, plain_bytes: usize) -> Option<Vec<u8>> {
    let max_bytes = SMALL_BYTES.max(plain_bytes / MIN_SHRINKING);
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    for piece in pieces {
        // Writing to a Vec cannot fail.
        encoder.write_all(&piece).ok()?;
        if encoder.get_ref().len() > max_bytes {
            return None;
        }
    }
    let compressed = encoder.finish().ok()?;
    (compressed.len() <= max_bytes).then_some(compressed)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::store::StoreError;

    #[test]
    fn a_body_in_pieces_is_one_gzip_member() {
        let plain = "{\"key\":\"cache:app:/blog\"},".repeat(1000);
        let pieces = plain.as_bytes().chunks(77).map(Bytes::copy_from_slice);
        let compressed = gzip(pieces, plain.len()).unwrap();
        assert!(compressed.len() < plain.len() / 10);
        let mut back = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&compressed[..]);
        decoder.read_to_string(&mut back).unwrap();
        assert_eq!(back, plain);
    }

    #[test]
    fn incompressible_bodies_are_sent_plain() {
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..))
            .take(100_000)
            .collect();
        assert_eq!(gzip(std::iter::once(noise.into()), 100_000), None);
        let small = Bytes::from_static(b"[]");
        assert!(gzip(std::iter::once(small), 2).is_some());
    }

    /// A batch that shrank to half: compressing saved as much time as sending took.
    fn sent(plain_bytes: usize, compressing_ms: u64, sending_ms: u64) -> Sent {
        Sent {
            plain_bytes,
            compressed_bytes: plain_bytes / 2,
            compressing: Duration::from_millis(compressing_ms),
            sending: Duration::from_millis(sending_ms),
        }
    }

    #[tokio::test]
    async fn stops_compressing_if_it_takes_longer_than_it_saves() {
        let compression = Compression::new();
        compression.accepted(sent(JUDGED_BYTES - 2, 20, 10));
        assert!(compression.turn().await.is_some());
        compression.accepted(sent(2, 20, 10));
        assert!(compression.turn().await.is_none());
        let compression = Compression::new();
        compression.accepted(sent(JUDGED_BYTES, 10, 20));
        assert!(compression.turn().await.is_some());
        compression.end();
        compression.accepted(sent(JUDGED_BYTES, 10, 20));
        assert!(compression.turn().await.is_none());
        // At a fifth of the size, sending may be shorter than compressing.
        let compression = Compression::new();
        let fifth = Sent {
            compressed_bytes: JUDGED_BYTES / 5,
            ..sent(JUDGED_BYTES, 30, 10)
        };
        compression.accepted(fifth);
        assert!(compression.turn().await.is_some());
    }

    #[tokio::test]
    async fn others_wait_for_the_first_batch() {
        let compression = Compression::new();
        let first = compression.turn().await.unwrap();
        let second = compression.turn();
        tokio::pin!(second);
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        compression.end();
        drop(first);
        assert!(second.await.is_none());
    }

    #[test]
    fn token_target_and_rate_errors_do_not_disable_compression() {
        let failure = |kind: RequestErrorKind, status| {
            let mut error = StoreError::new("KV_HTTP_ERROR", String::new());
            error.status = status;
            kind.because(error)
        };
        for status in [400, 403, 411, 413, 415, 500, 502, 503] {
            let failure = failure(RequestErrorKind::Fatal, Some(status));
            assert!(may_be_refusal(&failure), "{status}");
        }
        assert!(may_be_refusal(&failure(
            RequestErrorKind::ConnectionLost,
            None
        )));
        for (kind, status) in [
            (RequestErrorKind::Fatal, 401),
            (RequestErrorKind::Fatal, 404),
            (RequestErrorKind::Fatal, 407),
            (RequestErrorKind::Throttled, 429),
            (RequestErrorKind::QuotaExhausted, 400),
        ] {
            assert!(!may_be_refusal(&failure(kind, Some(status))), "{status}");
        }
    }
}
