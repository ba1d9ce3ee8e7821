//! Holds requests back, so that a run stays within the API's rate limit.
//!
//! Invariant: all connections of a run share one limiter. Beyond Cloudflare's limit every call of the
//! account is blocked for five minutes, the deploy's included.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The window of the API's request limit (Cloudflare API, "Rate limits": 1,200 requests per five
/// minutes).
const WINDOW: Duration = Duration::from_secs(300);

/// The requests of a run within a window. The rest of Cloudflare's 1,200 is left to the deploy that
/// follows, which uses the same token.
const MAX_REQUESTS_PER_WINDOW: usize = 1_100;

/// Lets requests through.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// Whether requests are counted.
    has_quota: bool,
    /// When requests of the last window were made, oldest first.
    made: Mutex<VecDeque<Instant>>,
    /// The end of the current pause, if any.
    paused_until: watch::Sender<Option<Instant>>,
}

impl RateLimiter {
    /// One that lets any number through until there is a pause, unless there is a quota.
    pub(super) fn new(has_quota: bool) -> Self {
        Self {
            has_quota,
            made: Mutex::default(),
            paused_until: watch::Sender::new(None),
        }
    }

    /// Waits until a request may be made, and counts it.
    pub(super) async fn admit(&self) {
        loop {
            let now = Instant::now();
            let pause = (*self.paused_until.borrow()).filter(|&until| until > now);
            let Some(until) = pause.or_else(|| self.count(now).err()) else {
                return;
            };
            if pause.is_none() {
                // The budget is spent. Observers see that as a pause too.
                self.pause_until(until);
            }
            sleep_until(until).await;
        }
    }

    /// Holds back all requests for this long.
    pub(super) fn pause(&self, wait: Duration) {
        self.pause_until(Instant::now() + wait);
    }

    /// Notifies when a pause begins or is extended, and until when it lasts.
    pub(super) fn watch(&self) -> watch::Receiver<Option<Instant>> {
        self.paused_until.subscribe()
    }

    fn pause_until(&self, until: Instant) {
        self.paused_until.send_if_modified(|current| {
            let is_longer = current.is_none_or(|current| current < until);
            if is_longer {
                *current = Some(until);
            }
            is_longer
        });
    }

    /// Counts a request, or says when there is room for it.
    fn count(&self, now: Instant) -> Result<(), Instant> {
        if !self.has_quota {
            return Ok(());
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        while made.front().is_some_and(|&first| first + WINDOW <= now) {
            made.pop_front();
        }
        match made.front() {
            Some(&first) if made.len() >= MAX_REQUESTS_PER_WINDOW => Err(first + WINDOW),
            _ => {
                made.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn without_a_quota_requests_are_not_counted() {
        let rate_limiter = RateLimiter::new(false);
        let started = Instant::now();
        for _ in 0..=MAX_REQUESTS_PER_WINDOW {
            rate_limiter.admit().await;
        }
        assert_eq!(Instant::now(), started);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_back_all_requests_and_the_longest_wins() {
        let rate_limiter = RateLimiter::new(true);
        let watching = rate_limiter.watch();
        let start = Instant::now();
        rate_limiter.pause(Duration::from_secs(30));
        rate_limiter.pause(Duration::from_secs(10));
        tokio::join!(rate_limiter.admit(), rate_limiter.admit());
        assert_eq!(start.elapsed().as_secs(), 30);
        assert_eq!(*watching.borrow(), Some(start + Duration::from_secs(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_the_request_quota_at_any_pace() {
        // As docs/reliability.md promises.
        const PROMISED: usize = 1_100;
        let rate_limiter = RateLimiter::new(true);
        let start = Instant::now();
        let mut made = Vec::new();
        for request in 0..3 * PROMISED {
            rate_limiter.admit().await;
            made.push(start.elapsed());
            tokio::time::sleep(Duration::from_millis((request % 7) as u64 * 30)).await;
        }
        for (first, later) in made.iter().zip(&made[PROMISED..]) {
            assert!(*later - *first >= WINDOW);
        }
    }
}
