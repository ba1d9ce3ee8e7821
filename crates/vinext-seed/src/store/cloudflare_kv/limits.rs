//! What Workers KV accepts.
//!
//! Sources: "Limits" in the documentation of Workers KV for keys, values, metadata and the TTL;
//! "Write multiple key-value pairs" in the reference of Cloudflare's API for requests.

use crate::store::StoreLimits;

const MEBIBYTE: usize = 1024 * 1024;

/// The limits of Workers KV and its bulk API.
pub const LIMITS: StoreLimits = StoreLimits {
    max_key_bytes: 512,
    max_value_bytes: 25 * MEBIBYTE,
    max_metadata_bytes: 1024,
    max_batch_entries: 10_000,
    // The reference says "100 megabytes" and does not say which; the smaller ones are safe.
    max_body_bytes: 100_000_000,
    min_ttl_seconds: 60,
};
