//! Writes what a later run needs to know of a build: its record, which identifies it and its age, and
//! the digests of its entries, where listings do not have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::timeout;
use tracing::debug;

use super::known_entries::EntryPlace;
use crate::formats::build_record::BuildRecord;
use crate::report::SeedReport;
use crate::send::BatchSender;
use crate::store::Store;

/// How long a run waits for its record to be written. Its entries are stored by then.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How long it waits for the digests of its entries to be kept: up to 24 MiB, at 1.3 MB a second and more.
const MAX_METADATA_TIME: Duration = Duration::from_secs(20);

/// How long the entries of a run stay in the store.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct LongestStay {
    ttl_seconds: u64,
    is_for_good: bool,
}

impl LongestStay {
    /// Takes note of one more entry.
    pub(super) fn add(&mut self, ttl_seconds: Option<u64>) {
        match ttl_seconds {
            Some(seconds) => self.ttl_seconds = self.ttl_seconds.max(seconds),
            None => self.is_for_good = true,
        }
    }

    fn ttl_seconds(self) -> Option<u64> {
        (!self.is_for_good).then_some(self.ttl_seconds)
    }
}

/// Writes the record of a build that has new entries. Failing to write it is harmless: the build's
/// entries can also be identified by their keys.
pub(super) async fn leave<S: Store>(
    sender: &BatchSender<S>,
    place: &EntryPlace,
    stay: LongestStay,
    report: &SeedReport,
) {
    let (Some(key), Some(key_prefix), Some(build_id)) = (
        &place.record_key,
        place.key_prefixes.first(),
        &report.build_id,
    ) else {
        return;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let record = BuildRecord {
        build_id: build_id.clone(),
        key_prefix: key_prefix.clone(),
        rsc_build_id: place.rsc_build_id.clone(),
        entries: report.pairs_stored + report.pairs_unchanged,
        seeded_at_ms: now.map_or(place.now_ms, |now| now.as_secs_f64() * 1000.0),
    };
    let note = record.to_json();
    let writing = sender.put_note(key, &note, stay.ttl_seconds());
    match timeout(MAX_TIME, writing).await {
        Ok(Ok(())) => debug!(key, "wrote the record of the build"),
        Ok(Err(problem)) => debug!(
            code = problem.code(),
            "the record of the build was not written: {problem}"
        ),
        Err(_) => debug!("the record of the build was not written: no answer within {MAX_TIME:?}"),
    }
}

/// Keeps the digests of what was stored, for a store whose listings do not have them. Returns a warning
/// if the next run will not know them.
pub(super) async fn keep_metadata<S: Store>(
    sender: &BatchSender<S>,
    place: &EntryPlace,
) -> Option<String> {
    let keeping = sender.keep_metadata(place.key_prefixes.first()?);
    match timeout(MAX_METADATA_TIME, keeping).await {
        Ok(Ok(0)) => None,
        Ok(Ok(left_out)) => Some(format!(
            "there was no room for the digests of {left_out} entries, so the next run writes them again"
        )),
        Ok(Err(problem)) => Some(format!(
            "the digests of what is stored were not kept, so the next run writes every entry: {problem}"
        )),
        Err(_) => Some(format!(
            "the digests of what is stored were not kept, so the next run writes every entry: no answer \
             within {MAX_METADATA_TIME:?}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_lives_as_long_as_the_longest_entry() {
        let mut stay = LongestStay::default();
        stay.add(Some(60));
        stay.add(Some(3600));
        stay.add(Some(600));
        assert_eq!(stay.ttl_seconds(), Some(3600));
        stay.add(None);
        assert_eq!(stay.ttl_seconds(), None);
    }
}
