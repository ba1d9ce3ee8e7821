//! Selects the entries to write, and counts the others.

use std::ops::Range;
use std::sync::Arc;

use super::super::known_entries::KnownEntries;
use super::super::record::LongestTtl;
use super::super::write_budget::{OVER_BUDGET, WriteBudget};
use crate::pack::PackedRoutes;
use crate::report::{FailedPairs, SeedReport};
use crate::store::StoreError;

/// Selects entries that are not stored yet, within the budget of writes.
pub(super) struct Selection {
    known: Arc<KnownEntries>,
    budget: WriteBudget,
    max_writes: Option<usize>,
    /// The longest TTL of all entries, written or unchanged.
    longest_ttl: LongestTtl,
    /// The entries beyond the budget.
    left_over: FailedPairs,
    max_listed: usize,
}

impl Selection {
    pub(super) fn new(
        known: Arc<KnownEntries>,
        budget: WriteBudget,
        max_writes: Option<usize>,
        max_listed: usize,
    ) -> Self {
        Self {
            known,
            budget,
            max_writes,
            longest_ttl: LongestTtl::default(),
            left_over: FailedPairs {
                error: over_budget(max_writes.unwrap_or_default()),
                pairs: 0,
                keys: Vec::new(),
            },
            max_listed,
        }
    }

    /// Returns the positions of the entries to write, and counts unchanged entries in the report.
    pub(super) fn select(
        &mut self,
        packed: &PackedRoutes,
        report: &mut SeedReport,
    ) -> Vec<Range<usize>> {
        let mut written: Vec<Range<usize>> = Vec::new();
        for (position, span) in packed.entries().iter().enumerate() {
            self.longest_ttl.add(span.ttl_seconds());
            if !span.is_encoded || self.is_known(packed, position) {
                report.pairs_unchanged += 1;
                report.seeded_routes += usize::from(span.is_first);
            } else if self.budget.admits(span.priority) {
                match written.last_mut() {
                    Some(last) if last.end == position => last.end += 1,
                    _ => written.push(position..position + 1),
                }
            } else {
                self.left_over.pairs += 1;
                if self.left_over.keys.len() < self.max_listed {
                    self.left_over.keys.push(packed.key(position).to_owned());
                }
            }
        }
        written
    }

    fn is_known(&self, packed: &PackedRoutes, position: usize) -> bool {
        let span = packed.entries()[position];
        // A first run looks up no keys.
        !self.known.is_empty()
            && self
                .known
                .has(packed.key(position), span.digest, span.ttl_seconds())
    }

    /// Whether one more write is within the limit, after `written` writes.
    pub(super) fn has_write_left(&self, written: usize) -> bool {
        self.max_writes
            .is_none_or(|max_writes| written < max_writes)
    }

    pub(super) fn longest_ttl(&self) -> LongestTtl {
        self.longest_ttl
    }

    /// The entries beyond the budget, if there are any.
    pub(super) fn into_left_over(self) -> Option<FailedPairs> {
        (self.left_over.pairs > 0).then_some(self.left_over)
    }
}

fn over_budget(max_writes: usize) -> StoreError {
    StoreError::new(
        OVER_BUDGET,
        format!(
            "left for a later run, because this one may write only {max_writes} entries; the runtime renders \
             them on the first visit"
        ),
    )
}
