//! Spends a limited number of writes on the entries with the highest priority.
//!
//! Invariant: which entries are written depends on counts from a first pass, not on the order in which
//! threads pack. The counts take a few kilobytes, regardless of the size of the site.

use std::collections::BTreeMap;

use crate::plan::Priority;

/// The code of entries that are not written because of the limit.
pub(super) const OVER_BUDGET: &str = "over-budget";

/// Which entries are written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WriteRule {
    /// Whether unchanged entries are written too. Default: no.
    pub force: bool,
    /// The most entries to write, those with the highest priority first. Default: no limit.
    pub max_writes: Option<usize>,
}

/// The number of entries to write, by priority.
#[derive(Clone, Debug, Default)]
pub(super) struct PriorityCounts(BTreeMap<Priority, usize>);

impl PriorityCounts {
    pub(super) fn add(&mut self, priority: Priority) {
        *self.0.entry(priority).or_default() += 1;
    }

    /// How many entries and routes a budget of writes covers.
    pub(super) fn coverage(&self, max_writes: usize) -> Coverage {
        let mut coverage = Coverage::default();
        for (priority, &entries) in &self.0 {
            let written = entries.min(max_writes - coverage.entries);
            coverage.entries += written;
            if !priority.is_payload() {
                coverage.routes += written;
            }
        }
        coverage
    }

    /// The budget that selects the `max_writes` entries with the highest priority.
    pub(super) fn spend(self, max_writes: usize) -> WriteBudget {
        let mut left = max_writes;
        for (priority, entries) in self.0 {
            if entries > left {
                return WriteBudget {
                    last: Some((priority, left)),
                };
            }
            left -= entries;
        }
        WriteBudget { last: None }
    }
}

/// What a budget of writes covers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Coverage {
    pub(super) entries: usize,
    /// Routes whose main entry is covered.
    pub(super) routes: usize,
}

/// The remaining budget of writes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct WriteBudget {
    /// The last priority that is covered, and how many more of its entries are written; `None` if the
    /// budget covers all entries.
    last: Option<(Priority, usize)>,
}

impl WriteBudget {
    /// Whether an entry is written. Must be called in the manifest's order.
    pub(super) fn admits(&mut self, priority: Priority) -> bool {
        match &mut self.last {
            None => true,
            Some((last, left)) if priority == *last => {
                let admits = *left > 0;
                *left = left.saturating_sub(1);
                admits
            }
            Some((last, _)) => priority < *last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(priorities: &[u16], max_writes: usize) -> Vec<usize> {
        let priorities: Vec<_> = priorities.iter().copied().map(Priority::from).collect();
        let mut counts = PriorityCounts::default();
        for &priority in &priorities {
            counts.add(priority);
        }
        let mut budget = counts.spend(max_writes);
        let all = priorities.into_iter().enumerate();
        all.filter(|(_, priority)| budget.admits(*priority))
            .map(|(position, _)| position)
            .collect()
    }

    #[test]
    fn spends_a_budget_on_the_most_important_entries() {
        let priorities = [3, 1, 2, 1, 2, 2];
        assert_eq!(written(&priorities, 0), [0; 0]);
        assert_eq!(written(&priorities, 1), [1]);
        assert_eq!(written(&priorities, 2), [1, 3]);
        assert_eq!(written(&priorities, 4), [1, 2, 3, 4]);
        assert_eq!(written(&priorities, 6), [0, 1, 2, 3, 4, 5]);
        assert_eq!(written(&priorities, 100), [0, 1, 2, 3, 4, 5]);
    }
}
