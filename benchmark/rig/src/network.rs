//! Throttles a connection to simulate a slower network.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How much may arrive at once: what a router would let through before it slows down.
const BURST_BYTES: usize = 64 * 1024;

/// How much lateness of a timer is made up for. Otherwise every one would slow the connection down.
const CATCH_UP: Duration = Duration::from_millis(10);

/// A connection that is read at a pace.
pub(crate) struct Paced<S> {
    inner: S,
    /// `None` for no limit.
    bytes_per_second: Option<f64>,
    /// When the next byte may be read.
    due: Instant,
    waiting: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    pub(crate) fn new(inner: S, bytes_per_second: Option<f64>) -> Self {
        let due = Instant::now();
        let waiting = Box::pin(sleep_until(due));
        Self {
            inner,
            bytes_per_second,
            due,
            waiting,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let Some(bytes_per_second) = self.bytes_per_second else {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        };
        ready!(self.waiting.as_mut().poll(context));
        let wanted = buffer.remaining().min(BURST_BYTES);
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(wanted));
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        let count = part.filled().len();
        buffer.advance(count);
        let now = Instant::now();
        #[expect(clippy::cast_precision_loss, reason = "at most 64 KiB")]
        let seconds = count as f64 / bytes_per_second;
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(now);
        self.due = self.due.max(earliest) + Duration::from_secs_f64(seconds);
        // Timers have milliseconds; a shorter wait is added to the next.
        if self.due > now + Duration::from_millis(2) {
            let due = self.due;
            self.waiting.as_mut().reset(due);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
