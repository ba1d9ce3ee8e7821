//! What Redis and Valkey accept.
//!
//! Source: "Redis strings" ("a maximum of 512 MB"), which is true of keys too, and
//! `proto-max-bulk-len` in redis.conf.

use crate::store::StoreLimits;

const MEBIBYTE: usize = 1024 * 1024;

/// The limits of Redis and Valkey with their default configuration.
pub const LIMITS: StoreLimits = StoreLimits {
    max_key_bytes: 512 * MEBIBYTE,
    max_value_bytes: 512 * MEBIBYTE,
    max_metadata_bytes: 0,
    // Not a limit of the server, but the size of one attempt: as with Workers KV.
    max_batch_entries: 10_000,
    max_body_bytes: 512 * MEBIBYTE,
    min_ttl_seconds: 1,
};
