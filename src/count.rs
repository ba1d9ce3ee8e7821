//! Converts whole numbers that this package's JavaScript has checked.

use std::time::Duration;

/// A count, or a size in bytes. Larger than this machine can address is the largest.
pub(crate) fn count(checked: i64) -> usize {
    usize::try_from(checked.unsigned_abs()).unwrap_or(usize::MAX)
}

pub(crate) fn seconds(checked: i64) -> Duration {
    Duration::from_secs(checked.unsigned_abs())
}

pub(crate) fn milliseconds(checked: i64) -> Duration {
    Duration::from_millis(checked.unsigned_abs())
}
