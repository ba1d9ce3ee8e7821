//! The encoder, for the fuzz targets.
//!
//! In: a planned route and an artifact. Out: the encoded pair. Never: more than the packer does.

use super::entry::{self, EntryTail, Timestamps};
use crate::plan::{PlannedEntry, PlannedRoute};

/// One entry of a route as a pair of a bulk request.
#[must_use]
pub fn encode(
    route: &PlannedRoute,
    entry: &PlannedEntry,
    timestamps: Timestamps,
    artifact: &[u8],
) -> Vec<u8> {
    let mut pair = Vec::new();
    let tail = EntryTail::new(route, moment);
    entry::push_pair(&mut pair, route, entry, &tail, artifact);
    pair
}

/// The key of an encoded pair.
#[must_use]
pub fn key(pair: &[u8]) -> String {
    entry::key(pair)
}

/// The size of an encoded pair's value.
#[must_use]
pub fn value_bytes(pair: &[u8]) -> usize {
    entry::value_bytes(pair)
}
