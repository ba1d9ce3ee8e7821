//! Determines how long an entry is fresh, may be served, and is stored. The current time is an argument.

use crate::manifest::Lifetime;

/// The longest default TTL, in seconds: 30 days, the default of vinext's KV adapters.
const MAX_DEFAULT_KV_TTL_SECONDS: u64 = 2_592_000;

/// The default TTL of a page that revalidates, in revalidation periods.
const REVALIDATIONS_KEPT: f64 = 10.0;

/// When the page becomes stale, in milliseconds since the epoch; `None` for a static page.
#[must_use]
pub fn revalidate_at_ms(lifetime: &Lifetime, now_ms: f64) -> Option<f64> {
    lifetime
        .revalidate_seconds
        .map(|seconds| now_ms + seconds * 1000.0)
}

/// When the page must no longer be served, in milliseconds since the epoch; `None` if it has no such limit.
#[must_use]
pub fn expire_at_ms(lifetime: &Lifetime, now_ms: f64) -> Option<f64> {
    let seconds = lifetime.expire_seconds.filter(|&seconds| seconds > 0.0)?;
    Some(now_ms + seconds * 1000.0)
}

/// The TTLs of entries in the store, in seconds. Both are `None` by default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TtlRule {
    /// The TTL of pages that revalidate. Default: ten revalidation periods or until `expire`, whichever is
    /// longer, but at most 30 days.
    pub ttl_seconds: Option<u64>,
    /// The TTL of static pages. Default: none, so they are stored until they are deleted. If the KV adapter
    /// gives static pages a TTL, the default is `ttl_seconds`, or else 30 days.
    pub static_ttl_seconds: Option<u64>,
}

impl TtlRule {
    /// The rule for an adapter that gives static pages a TTL too.
    #[must_use]
    pub fn expiring_static_pages(self) -> Self {
        let by_default = self.ttl_seconds.unwrap_or(MAX_DEFAULT_KV_TTL_SECONDS);
        Self {
            static_ttl_seconds: Some(self.static_ttl_seconds.unwrap_or(by_default)),
            ..self
        }
    }

    /// The TTL of an entry, in seconds; at least the store's minimum. `None` if it does not expire.
    #[must_use]
    pub fn ttl_seconds(&self, lifetime: &Lifetime, min_ttl_seconds: u64) -> Option<u64> {
        let ttl_seconds = match lifetime.revalidate_seconds {
            None => self.static_ttl_seconds?,
            Some(revalidate) => self.ttl_seconds.unwrap_or_else(|| {
                let served = lifetime.expire_seconds.unwrap_or(0.0);
                whole_seconds((REVALIDATIONS_KEPT * revalidate).max(served))
            }),
        };
        Some(ttl_seconds.max(min_ttl_seconds))
    }
}

/// Rounds up, so that an entry never expires early, to at most the default maximum.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=2,592,000 before the cast"
)]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().clamp(0.0, MAX_DEFAULT_KV_TTL_SECONDS as f64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revalidating(revalidate: f64, expire: Option<f64>) -> Lifetime {
        Lifetime {
            revalidate_seconds: Some(revalidate),
            expire_seconds: expire,
            stale_seconds: None,
        }
    }

    #[test]
    fn the_default_ttl_is_ten_periods_or_expire_within_its_bounds() {
        let rule = TtlRule::default();
        for (revalidate, expire, expected) in [
            (60.0, None, 600),
            (60.0, Some(3600.0), 3600),
            (1.0, None, 60),
            (0.5, Some(1.5), 60),
            (6.05, None, 61),
            (60.0, Some(31_536_000.0), 2_592_000),
            (1e9, None, 2_592_000),
        ] {
            assert_eq!(
                rule.ttl_seconds(&revalidating(revalidate, expire), 60),
                Some(expected)
            );
        }
        assert_eq!(rule.ttl_seconds(&Lifetime::default(), 60), None);
    }

    #[test]
    fn raises_a_requested_ttl_to_kvs_minimum() {
        let rule = TtlRule {
            ttl_seconds: Some(5),
            static_ttl_seconds: Some(86_400),
        };
        assert_eq!(rule.ttl_seconds(&revalidating(3600.0, None), 60), Some(60));
        assert_eq!(rule.ttl_seconds(&Lifetime::default(), 60), Some(86_400));
    }

    #[test]
    fn static_pages_expire_if_the_adapter_expires_them() {
        let ttl = |rule: TtlRule| {
            rule.expiring_static_pages()
                .ttl_seconds(&Lifetime::default(), 60)
        };
        let asked = |ttl_seconds, static_ttl_seconds| TtlRule {
            ttl_seconds,
            static_ttl_seconds,
        };
        assert_eq!(ttl(TtlRule::default()), Some(2_592_000));
        assert_eq!(ttl(asked(Some(3_600), None)), Some(3_600));
        assert_eq!(ttl(asked(Some(3_600), Some(86_400))), Some(86_400));
    }

    #[test]
    fn timestamps_keep_fractions_and_ignore_an_expire_that_is_not_positive() {
        let lifetime = revalidating(1.5, Some(0.0));
        assert_eq!(revalidate_at_ms(&lifetime, 1000.0), Some(2500.0));
        assert_eq!(expire_at_ms(&lifetime, 1000.0), None);
        assert_eq!(revalidate_at_ms(&Lifetime::default(), 1000.0), None);
    }
}
