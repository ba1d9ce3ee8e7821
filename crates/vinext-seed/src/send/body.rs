//! A batch as an HTTP request body.
//!
//! In: a batch. Out: its pieces, one after another, its exact length beforehand, so that the
//! request has a `content-length` and is not sent chunked, and when the last piece was taken.
//! Never: a copy of what is sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::pack::Batch;

/// The most that is handed over at a time. The socket takes what it can; with pieces much larger
/// than its buffer, a slow connection would look like a dead one.
const MAX_PIECE_BYTES: usize = 128 * 1024;

/// The pieces of a batch that are not sent yet.
pub(super) struct BatchBody {
    pieces: VecDeque<Bytes>,
    left_bytes: u64,
    activity: Arc<Activity>,
}

impl BatchBody {
    pub(super) fn new(batch: &Batch, activity: Arc<Activity>) -> Self {
        Self {
            pieces: batch.body().collect(),
            left_bytes: batch.body_bytes() as u64,
            activity,
        }
    }

    fn next_piece(&mut self) -> Option<Bytes> {
        let first = self.pieces.front_mut()?;
        if first.len() > MAX_PIECE_BYTES {
            return Some(first.split_to(MAX_PIECE_BYTES));
        }
        self.pieces.pop_front()
    }
}

impl Body for BatchBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.next_piece();
        if let Some(piece) = &piece {
            self.left_bytes -= piece.len() as u64;
        }
        self.activity.note(self.pieces.is_empty());
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}

/// When something last moved in a request.
#[derive(Debug)]
pub(super) struct Activity {
    moved: Mutex<Moved>,
    sent: Notify,
}

/// The last movement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Moved {
    pub(super) at: Instant,
    /// Whether all of the body has been handed over.
    pub(super) is_sent: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        let moved = Moved {
            at: Instant::now(),
            is_sent: false,
        };
        Self {
            moved: Mutex::new(moved),
            sent: Notify::new(),
        }
    }

    /// Something moved just now.
    pub(super) fn note(&self, is_sent: bool) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        moved.at = Instant::now();
        moved.is_sent |= is_sent;
        if is_sent {
            self.sent.notify_one();
        }
    }

    /// Waits until all of the body has been handed over, once.
    pub(super) async fn sent(&self) {
        self.sent.notified().await;
    }

    pub(super) fn last(&self) -> Moved {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
