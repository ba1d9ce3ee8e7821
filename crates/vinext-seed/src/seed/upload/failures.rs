//! Collects the entries that were not stored, in the manifest's order even if batches fail in another.

use std::collections::BTreeMap;

use crate::report::FailedPairs;

/// The entries that were not stored, by the number of their batch. Lists no more keys than the report
/// does.
pub(super) struct Failures {
    by_batch: BTreeMap<usize, Vec<FailedPairs>>,
    listed_keys: usize,
    max_listed: usize,
}

impl Failures {
    pub(super) fn new(max_listed: usize) -> Self {
        Self {
            by_batch: BTreeMap::new(),
            listed_keys: 0,
            max_listed,
        }
    }

    /// The most keys that are listed.
    pub(super) fn max_listed(&self) -> usize {
        self.max_listed
    }

    /// How many more keys can be listed.
    pub(super) fn room(&self) -> usize {
        self.max_listed.saturating_sub(self.listed_keys)
    }

    /// Adds the failed entries of a batch. Keys beyond the limit are dropped, from the last batch on.
    pub(super) fn add(&mut self, batch: usize, failed: Vec<FailedPairs>) {
        self.listed_keys += failed.iter().map(|one| one.keys.len()).sum::<usize>();
        self.by_batch.insert(batch, failed);
        for one in self.by_batch.values_mut().rev().flatten() {
            let surplus = self.listed_keys.saturating_sub(self.max_listed);
            if surplus == 0 {
                break;
            }
            let kept = one.keys.len().saturating_sub(surplus);
            self.listed_keys -= one.keys.len() - kept;
            one.keys.truncate(kept);
            one.keys.shrink_to_fit();
        }
    }

    /// The failures in the manifest's order.
    pub(super) fn into_ordered(self) -> impl Iterator<Item = FailedPairs> {
        self.by_batch.into_values().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    fn failed(keys: &[&str]) -> Vec<FailedPairs> {
        vec![FailedPairs {
            error: StoreError::new("CODE", "why".to_owned()),
            pairs: keys.len(),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
        }]
    }

    #[test]
    fn lists_the_first_keys_of_the_site_whichever_batch_fails_first() {
        let mut failures = Failures::new(3);
        failures.add(2, failed(&["e", "f"]));
        assert_eq!(failures.room(), 1);
        failures.add(0, failed(&["a", "b"]));
        assert_eq!(failures.room(), 0);
        failures.add(1, failed(&["c", "d"]));
        let ordered: Vec<_> = failures.into_ordered().collect();
        let keys: Vec<_> = ordered.iter().flat_map(|one| &one.keys).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!(ordered.iter().map(|one| one.pairs).sum::<usize>(), 6);
    }
}
