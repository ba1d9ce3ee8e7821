//! The encoder, for the fuzz targets.

use super::buffer_pool::BufferPool;
use super::entry::{Encoder, EntryParts, Timestamps};
use super::json_text::{push_escaped, push_escaped_twice};
use super::memory::MemoryBudget;
use super::segment::{NewEntry, SegmentBuilder};
use crate::plan::{PlannedEntry, PlannedRoute, Priority};
use crate::store::{Frame, StoreLimits};

/// Appends text as part of a JSON string, and to `twice` as part of one inside another.
pub fn escape(text: &str, once: &mut Vec<u8>, twice: &mut Vec<u8>) {
    push_escaped(once, text.as_bytes());
    push_escaped_twice(twice, text);
}

/// One encoded entry.
#[derive(Debug)]
pub struct Encoded {
    /// The entry as encoded in a request.
    pub bytes: Vec<u8>,
    /// Its key, as the segment has it.
    pub key: String,
    /// Its TTL, as the segment has it.
    pub ttl_seconds: Option<u64>,
    /// The lengths of value and entry, as computed beforehand.
    pub expected_bytes: (usize, usize),
}

/// One entry of a route, as a store would get it.
#[must_use]
pub fn encode(
    frame: Frame,
    route: &PlannedRoute,
    entry: &PlannedEntry,
    timestamps: Timestamps,
    artifact: &[u8],
) -> Encoded {
    // With a limit of 0, every size is reported.
    let limits = StoreLimits {
        max_value_bytes: 0,
        ..crate::store::cloudflare_kv::LIMITS
    };
    let encoder = Encoder {
        frame,
        limits,
        timestamps,
    };
    let tail = encoder.tail(route);
    let own_members = Encoder::own_members(route, entry);
    let parts = EntryParts {
        entry,
        artifact,
        page_data: &[],
        own_members: &own_members,
        tail: &tail,
        record: "",
    };
    let size = encoder.size_if_large(parts);
    let mut segment = SegmentBuilder::new(frame, &BufferPool::new(64, 0, MemoryBudget::new(0)));
    let new = NewEntry {
        key: &entry.key,
        key_offset: encoder.key_offset(&entry.key),
        ttl_seconds: route.ttl_seconds,
        is_first: true,
        digest: None,
        metadata: None,
        priority: Priority::default(),
    };
    segment.push(new, |out| encoder.push(out, parts));
    let segment = segment.finish();
    Encoded {
        bytes: segment.slice(0, 0).to_vec(),
        key: segment.key(0).to_owned(),
        ttl_seconds: segment.entries()[0].ttl_seconds(),
        expected_bytes: size.map_or((0, 0), |size| (size.value_bytes, size.framed_bytes)),
    }
}
