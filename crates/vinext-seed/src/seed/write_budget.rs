//! What is written of what could be: a budget of writes goes to the most important entries.
//!
//! Invariant: what is written depends on what a first pass has counted, and not on the order in which
//! threads pack. The counts take a few kilobytes, regardless of the size of the site.

use std::collections::BTreeMap;

use crate::plan::Priority;

/// The code of entries that are left for a later run.
pub(super) const OVER_BUDGET: &str = "over-budget";

/// What is written of what could be.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct WriteRule {
    /// Write entries that have not changed too. Default: no.
    pub force: bool,
    /// The most entries that are written. Default: all.
    pub max_writes: Option<usize>,
}

/// How many entries there are to write of each priority.
#[derive(Clone, Debug, Default)]
pub(super) struct Demand(BTreeMap<Priority, usize>);

impl Demand {
    pub(super) fn add(&mut self, priority: Priority) {
        *self.0.entry(priority).or_default() += 1;
    }

    /// What a budget of writes covers.
    pub(super) fn within(&self, max_writes: usize) -> Within {
        let mut within = Within::default();
        for (priority, &entries) in &self.0 {
            let written = entries.min(max_writes - within.entries);
            within.entries += written;
            if !priority.is_payload() {
                within.routes += written;
            }
        }
        within
    }

    /// The entries that a budget of writes selects.
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

/// What a budget is enough for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Within {
    pub(super) entries: usize,
    /// The routes whose main entry is among the entries.
    pub(super) routes: usize,
}

/// The rest of a budget.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct WriteBudget {
    /// The priority that it ends in, and how many of its entries are still written; `None` if there
    /// is enough for all.
    last: Option<(Priority, usize)>,
}

impl WriteBudget {
    /// Whether an entry is written. Entries have to come in the manifest's order.
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
        let mut demand = Demand::default();
        for &priority in &priorities {
            demand.add(priority);
        }
        let mut budget = demand.spend(max_writes);
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
