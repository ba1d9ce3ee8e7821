//! A batch as an HTTP request body.
//!
//! In: a batch. Out: its pieces, one after another, and its exact length beforehand, so that the
//! request has a `content-length` and is not sent chunked.
//! Never: a copy of what is sent.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::pack::Batch;

/// The pieces of a batch that are not sent yet.
pub(super) struct BatchBody {
    pieces: VecDeque<Bytes>,
    left_bytes: u64,
}

impl BatchBody {
    pub(super) fn new(batch: &Batch) -> Self {
        Self {
            pieces: batch.body().collect(),
            left_bytes: batch.body_bytes() as u64,
        }
    }
}

impl Body for BatchBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = self.pieces.pop_front();
        if let Some(piece) = &piece {
            self.left_bytes -= piece.len() as u64;
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left_bytes)
    }
}
