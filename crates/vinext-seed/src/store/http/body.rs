//! A request body in pieces, which records when the last piece was sent.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The most that is passed on at a time. The socket takes what it can; with pieces much larger
/// than its buffer, a slow connection would look like a dead one.
const MAX_PIECE_BYTES: usize = 128 * 1024;

/// A body of known length, so that the request has a `content-length` and is not
/// sent chunked.
pub(in crate::store) struct RequestBody {
    pieces: VecDeque<Bytes>,
    left_bytes: u64,
}

impl RequestBody {
    /// A body of `length` bytes.
    pub(in crate::store) fn new(pieces: impl Iterator<Item = Bytes>, bytes: usize) -> Self {
        Self {
            pieces: pieces.collect(),
            left_bytes: bytes as u64,
        }
    }

    /// The body as a stream that reports progress.
    pub(super) fn watched_by(self, activity: Arc<Activity>) -> WatchedBody {
        WatchedBody {
            body: self,
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

impl From<Vec<u8>> for RequestBody {
    fn from(bytes: Vec<u8>) -> Self {
        let length = bytes.len();
        Self::new(std::iter::once(bytes.into()), length)
    }
}

/// A body that is being sent.
pub(super) struct WatchedBody {
    body: RequestBody,
    activity: Arc<Activity>,
}

/// The reply came before all of the body was sent, so that the connection cannot be used again.
#[derive(Debug, thiserror::Error)]
#[error("the reply came before the request was sent completely")]
pub(super) struct EarlyReply;

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = EarlyReply;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EarlyReply>>> {
        match self.activity.state(context) {
            State::Sending => {}
            State::Held => return Poll::Pending,
            // Makes the HTTP library close the connection.
            State::Abandoned => return Poll::Ready(Some(Err(EarlyReply))),
        }
        let piece = self.body.next_piece();
        if let Some(piece) = &piece {
            self.body.left_bytes -= piece.len() as u64;
        }
        self.activity.taken(self.body.pieces.is_empty());
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.body.left_bytes)
    }
}

/// What happens to the rest of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// It is sent.
    Sending,
    /// The reply has begun: nothing more is sent while it is read.
    Held,
    /// It will not be sent.
    Abandoned,
}

/// The progress of a request, shared by its body and the task that waits for the reply.
#[derive(Debug)]
pub(super) struct Activity {
    inner: Mutex<Inner>,
    sent: Notify,
}

#[derive(Debug)]
struct Inner {
    moved: Moved,
    state: State,
    waker: Option<Waker>,
}

/// The last movement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Moved {
    pub(super) at: Instant,
    /// Whether the whole body has been passed on.
    pub(super) is_sent: bool,
}

impl Activity {
    /// The activity of a request that is being made, and is sent already if it has no body.
    pub(super) fn new(is_sent: bool) -> Self {
        let moved = Moved {
            at: Instant::now(),
            is_sent,
        };
        Self {
            inner: Mutex::new(Inner {
                moved,
                state: State::Sending,
                waker: None,
            }),
            sent: Notify::new(),
        }
    }

    fn state(&self, context: &Context<'_>) -> State {
        let mut inner = self.lock();
        if inner.state == State::Held {
            inner.waker = Some(context.waker().clone());
        }
        inner.state
    }

    /// A piece of the body was taken, the last one if `is_sent`.
    fn taken(&self, is_sent: bool) {
        let mut inner = self.lock();
        inner.moved.at = Instant::now();
        inner.moved.is_sent |= is_sent;
        drop(inner);
        if is_sent {
            self.sent.notify_one();
        }
    }

    /// The reply begins. Returns whether it is early; the rest of the body is held back then.
    pub(super) fn reply_begins(&self) -> bool {
        let mut inner = self.lock();
        inner.moved.at = Instant::now();
        let is_early = !inner.moved.is_sent;
        if is_early {
            inner.state = State::Held;
        }
        is_early
    }

    /// A part of the reply was read.
    pub(super) fn received(&self) {
        self.lock().moved.at = Instant::now();
    }

    /// The exchange has ended. Nothing more will be sent.
    pub(super) fn abandon(&self) {
        let mut inner = self.lock();
        inner.state = State::Abandoned;
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    /// Waits until the whole body has been passed on.
    pub(super) async fn sent(&self) {
        self.sent.notified().await;
    }

    pub(super) fn last(&self) -> Moved {
        self.lock().moved
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
