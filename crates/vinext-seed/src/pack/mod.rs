//! Stage 3: reads the planned artifacts, encodes their entries and cuts them into batches.
//!
//! Invariant: packing holds no more than [`PackLimits`] allows, regardless of the size of the site.
//! It stays at most a fixed number of segments ahead of the consumer.

mod artifact_check;
mod artifact_reading;
mod artifacts;
mod batch;
mod batcher;
mod buffer_pool;
mod digest;
mod entry;
mod error;
mod frame;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod json_text;
mod large_buffer;
mod memory;
mod needed_bytes;
mod pack_route_error;
mod packed_routes;
mod packer;
mod page;
mod page_data;
mod page_queue;
#[cfg(test)]
mod reference;
mod route_packer;
mod segment;
mod source;
mod work_queue;
mod worker;

pub use batch::{Batch, BatchEntry, BatchLimits};
pub use batcher::Batcher;
#[cfg(any(test, fuzzing))]
pub(crate) use batcher::batch_of;
#[cfg(test)]
pub(crate) use batcher::{bulk_batch_of, raw_batch_of};
pub(crate) use digest::{EntryDigest, EntryRecord, MEMBER as RECORD_MEMBER};
pub use entry::Timestamps;
pub use error::PackError;
pub(crate) use needed_bytes::{NeededBytes, NoBytes};
pub use packed_routes::PackedRoutes;
pub use packer::Packer;
pub use page::{Page, PageError};
pub use page_queue::PageQueue;

use crate::store::{Frame, StoreLimits};

/// How much packing may hold at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PackLimits {
    /// Threads that read and encode.
    pub threads: usize,
    /// The most segments that are being packed, or wait to be taken.
    pub max_segments_ahead: usize,
    /// Where a segment ends, in bytes, give or take one route.
    pub segment_bytes: usize,
    /// The initial capacity of a segment, in bytes.
    pub buffer_bytes: usize,
    /// Empty segment buffers that are kept for the next segments.
    pub max_free_buffers: usize,
    /// Memory for all segments until they are sent, and for the artifacts that are being encoded, in
    /// bytes.
    pub max_bytes: usize,
}

/// What entries are packed for.
#[derive(Clone, Copy, Debug)]
pub struct PackTarget {
    /// How the store wants them laid out.
    pub frame: Frame,
    /// The store's limits. A route with a larger entry is skipped.
    pub limits: StoreLimits,
    /// When the site is seeded.
    pub timestamps: Timestamps,
}
