//! Any bytes as `retry-after` (the first line) and `ratelimit` (the others).
//!
//! Must hold: no panic, no wait over a day, whole seconds and well-formed limits read exactly.

#![no_main]

use std::time::{Duration, SystemTime};

use libfuzzer_sys::fuzz_target;
use vinext_seed::fuzzing::{exhausted_for, retry_after};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// 6 November 1994, 08:49:37, the moment of the dates in HTTP's specification.
const NOW: Duration = Duration::from_secs(784_111_777);

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|&byte| byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let wait = retry_after(&[first], SystemTime::UNIX_EPOCH + NOW);
    assert!(wait.is_none_or(|wait| wait <= DAY));
    if let Some(seconds) = number(first) {
        assert_eq!(wait, Some(Duration::from_secs(seconds).min(DAY)));
    }

    let rest: Vec<&[u8]> = lines.collect();
    let wait = exhausted_for(&rest);
    assert!(wait.is_none_or(|wait| wait <= DAY));
    let limits: Option<Vec<Limit>> = rest.iter().map(|line| Limit::parse(line)).collect();
    if let Some(limits) = limits {
        let spent = limits.iter().filter(|limit| limit.remaining == 0);
        let longest = spent
            .map(|limit| Duration::from_secs(limit.ends_in_seconds))
            .max();
        assert_eq!(wait, longest.map(|wait| wait.min(DAY)));
    }
});

/// The plainest form of a limit: `"default";r=0;t=30`.
struct Limit {
    remaining: u64,
    ends_in_seconds: u64,
}

impl Limit {
    fn parse(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"\"default\";r=")?;
        let at = rest.windows(3).position(|window| window == b";t=")?;
        Some(Self {
            remaining: number(&rest[..at])?,
            ends_in_seconds: number(&rest[at + 3..])?,
        })
    }
}

/// A whole number of at most 15 digits, the most that structured fields allow.
fn number(text: &[u8]) -> Option<u64> {
    let is_short = (1..=15).contains(&text.len());
    let is_number = is_short && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()?
        .parse()
        .ok()
        .filter(|_| is_number)
}
