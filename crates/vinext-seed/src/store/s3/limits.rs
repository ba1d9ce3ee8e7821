//! What S3 accepts.
//!
//! Sources: "Uploading objects" (5 GB in one request) and "Creating object key names" (1,024 bytes of
//! UTF-8) in the user guide of Amazon S3; "DeleteObjects" in its API reference (1,000 keys).

use crate::store::StoreLimits;

/// The limits of S3 and of what is compatible with it.
pub const LIMITS: StoreLimits = StoreLimits {
    max_key_bytes: 1024,
    max_value_bytes: 5_000_000_000,
    // What is kept of it beside the entries: enough for 40 tags of 200 bytes.
    max_metadata_bytes: 8192,
    max_batch_entries: 1000,
    max_body_bytes: 5_000_000_000,
    // Nothing expires.
    min_ttl_seconds: 1,
};
