//! When to retry, and when to stop.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// How often, and for how long, a request is tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RetryPolicy {
    /// Requests for the same pairs, the first included. Default: 8.
    pub attempts: usize,
    /// The wait after the first failure. It doubles with each further one, and up to the same again
    /// is added at random. Default: 100 ms.
    pub initial_delay: Duration,
    /// The longest wait, before the random part. Default: 10 s.
    pub max_delay: Duration,
    /// The longest time that failing requests for the same pairs, and the waits between them, may
    /// take together. Waits that Cloudflare requests do not count, see [`MAX_RETRY_AFTER`]. Default:
    /// 300 s.
    pub total: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
            total: Duration::from_secs(300),
        }
    }
}

/// The longest total wait of the same pairs at Cloudflare's request. It blocks an account for
/// five minutes at most (Cloudflare API, "Rate limits"); a reply that asks for more is not retried.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How much longer than after other failures to wait after a 429 without `retry-after`: going on
/// too early blocks the account.
const THROTTLED_FACTOR: u32 = 8;

impl RetryPolicy {
    /// How long to wait before the next attempt; `None` if no more are allowed.
    pub(super) fn wait(&self, failures: usize, spent: Duration, seed: u64) -> Option<Duration> {
        let wait = self.delay(self.initial_delay, failures, seed);
        (failures < self.attempts && spent + wait <= self.total).then_some(wait)
    }

    /// How long all requests pause after a 429 without `retry-after`.
    pub(super) fn throttled_wait(&self, failures: usize, seed: u64) -> Duration {
        self.delay(self.initial_delay * THROTTLED_FACTOR, failures, seed)
    }

    fn delay(&self, initial: Duration, failures: usize, seed: u64) -> Duration {
        let mut delays = ExponentialBuilder::new()
            .with_factor(2.0)
            .with_min_delay(initial.min(self.max_delay))
            .with_max_delay(self.max_delay)
            .without_max_times()
            .with_jitter()
            .with_jitter_seed(seed)
            .build();
        delays
            .nth(failures.saturating_sub(1))
            .unwrap_or(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 6,
        initial_delay: Duration::from_millis(100),
        max_delay: Duration::from_secs(1),
        total: Duration::from_secs(10),
    };

    #[test]
    fn delays_double_up_to_the_maximum_with_full_jitter() {
        for (failures, base_ms) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000)] {
            for seed in 0..100 {
                let wait = POLICY.wait(failures, Duration::ZERO, seed).unwrap();
                let base = Duration::from_millis(base_ms);
                assert!((base..=2 * base).contains(&wait), "{failures}: {wait:?}");
            }
        }
        let waits: std::collections::HashSet<_> = (0..100)
            .map(|seed| POLICY.wait(1, Duration::ZERO, seed))
            .collect();
        assert!(waits.len() > 50, "jitter spreads");
    }

    #[test]
    fn attempts_and_time_are_bounded() {
        assert_eq!(POLICY.wait(6, Duration::ZERO, 0), None);
        assert!(POLICY.wait(1, Duration::from_millis(9_800), 0).is_some());
        assert_eq!(POLICY.wait(1, Duration::from_millis(9_950), 0), None);
    }

    #[test]
    fn a_throttled_wait_is_longer() {
        let wait = POLICY.throttled_wait(1, 7);
        assert!(wait >= Duration::from_millis(800));
        assert!(POLICY.throttled_wait(9, 7) <= 2 * POLICY.max_delay);
    }
}
