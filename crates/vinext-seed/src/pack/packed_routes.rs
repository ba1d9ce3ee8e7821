//! What the packing threads deliver: neighbouring routes, encoded or skipped.

use super::segment::{EntrySpan, Segment};
use crate::plan::SkippedRoute;

/// Neighbouring routes, packed.
#[derive(Debug)]
pub struct PackedRoutes {
    /// How many routes of the manifest it covers.
    pub routes: usize,
    pub(super) segment: Segment,
    /// The skipped routes, in the manifest's order.
    pub skipped: Vec<SkippedRoute>,
}

impl PackedRoutes {
    /// Its entries, in order.
    pub(crate) fn entries(&self) -> &[EntrySpan] {
        self.segment.entries()
    }

    /// The key of the entry at a position.
    pub(crate) fn key(&self, position: usize) -> &str {
        self.segment.key(position)
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.segment.memory_bytes()
    }
}
