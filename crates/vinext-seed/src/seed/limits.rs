//! The limits that a caller may set: memory, request sizes and concurrency.

use crate::store::{ConfigError, StoreLimits};

/// The default memory limit of a run, in bytes: 128 MB, which even the smallest build machines can
/// spare next to Node.
pub const DEFAULT_MAX_MEMORY_BYTES: usize = 128_000_000;

/// The most requests in flight at a time.
pub const MAX_CONCURRENCY: usize = 64;

/// How much memory a run may use, and how much it may send at a time. A limit that is `None` is derived
/// from the others.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Limits {
    /// Memory, in bytes. Default: [`DEFAULT_MAX_MEMORY_BYTES`]. A run needs about 32 MB and exceeds a
    /// lower limit.
    pub max_memory_bytes: Option<usize>,
    /// Entries per request. Default: as many as the store takes (Workers KV: 10,000), which is also the
    /// largest value.
    pub max_batch_pairs: Option<usize>,
    /// Bytes per request body, up to what the store takes (Workers KV: 100,000,000). Default: what the
    /// memory allows, at most [`MAX_CHOSEN_BODY_BYTES`](crate::store::Store::MAX_CHOSEN_BODY_BYTES). For
    /// files of an export: [`DEFAULT_MAX_FILE_BYTES`](crate::DEFAULT_MAX_FILE_BYTES).
    pub max_batch_bytes: Option<usize>,
    /// Requests in flight, up to [`MAX_CONCURRENCY`]. Default: what the memory allows, at most 8.
    pub concurrency: Option<usize>,
}

impl Limits {
    /// Checks that every limit is possible.
    ///
    /// # Errors
    /// The first limit that is not.
    pub(super) fn check(&self, store: &StoreLimits) -> Result<(), ConfigError> {
        in_range("max_memory_bytes", self.max_memory_bytes, usize::MAX)?;
        in_range(
            "max_batch_pairs",
            self.max_batch_pairs,
            store.max_batch_entries,
        )?;
        in_range(
            "max_batch_bytes",
            self.max_batch_bytes,
            store.max_body_bytes,
        )?;
        in_range("concurrency", self.concurrency, MAX_CONCURRENCY)
    }
}

fn in_range(field: &'static str, value: Option<usize>, max: usize) -> Result<(), ConfigError> {
    match value {
        Some(value) if !(1..=max).contains(&value) => {
            let problem = format!("must be from 1 to {max}, not {value}");
            Err(ConfigError::new(field, problem))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cloudflare_kv::LIMITS;

    #[test]
    fn rejects_impossible_values() {
        let none = Limits::default();
        assert!(none.check(&LIMITS).is_ok());
        for (limits, field) in [
            (
                Limits {
                    max_memory_bytes: Some(0),
                    ..none
                },
                "max_memory_bytes",
            ),
            (
                Limits {
                    max_batch_pairs: Some(LIMITS.max_batch_entries + 1),
                    ..none
                },
                "max_batch_pairs",
            ),
            (
                Limits {
                    max_batch_bytes: Some(LIMITS.max_body_bytes + 1),
                    ..none
                },
                "max_batch_bytes",
            ),
            (
                Limits {
                    concurrency: Some(0),
                    ..none
                },
                "concurrency",
            ),
            (
                Limits {
                    concurrency: Some(MAX_CONCURRENCY + 1),
                    ..none
                },
                "concurrency",
            ),
        ] {
            assert_eq!(limits.check(&LIMITS).unwrap_err().field, field);
        }
    }
}
