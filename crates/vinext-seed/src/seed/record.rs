//! Writes what later runs need: a record of the build with its id and age, and the digests of its entries
//! if the store's listings do not have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::timeout;
use tracing::debug;

use super::known_entries::BuildKeyspace;
use crate::formats::build_record::BuildRecord;
use crate::report::SeedReport;
use crate::send::BatchSender;
use crate::store::Store;

/// How long a run waits until its record is written. Its entries are already stored.
const MAX_TIME: Duration = Duration::from_secs(5);

/// How long a run waits until the digests of its entries are written: up to 24 MiB, at 1.3 MB a second and more.
const MAX_METADATA_TIME: Duration = Duration::from_secs(20);

/// The longest TTL of a run's entries.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct LongestTtl {
    seconds: u64,
    is_unlimited: bool,
}

impl LongestTtl {
    /// Adds the TTL of an entry, in seconds; `None` if it does not expire.
    pub(super) fn add(&mut self, ttl_seconds: Option<u64>) {
        match ttl_seconds {
            Some(seconds) => self.seconds = self.seconds.max(seconds),
            None => self.is_unlimited = true,
        }
    }

    fn ttl_seconds(self) -> Option<u64> {
        (!self.is_unlimited).then_some(self.seconds)
    }
}

/// Writes the record of a build that has new entries. A failure is only logged, because the keys of the
/// entries show their build too.
pub(super) async fn write_record<S: Store>(
    sender: &BatchSender<S>,
    keyspace: &BuildKeyspace,
    longest_ttl: LongestTtl,
    report: &SeedReport,
) {
    let (Some(key), Some(key_prefix), Some(build_id)) = (
        &keyspace.record_key,
        keyspace.key_prefixes.first(),
        &report.build_id,
    ) else {
        return;
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let record = BuildRecord {
        build_id: build_id.clone(),
        key_prefix: key_prefix.clone(),
        rsc_build_id: keyspace.rsc_build_id.clone(),
        entries: report.pairs_stored + report.pairs_unchanged,
        seeded_at_ms: now.map_or(keyspace.now_ms, |now| now.as_secs_f64() * 1000.0),
    };
    let note = record.to_json();
    let writing = sender.put_note(key, &note, longest_ttl.ttl_seconds());
    match timeout(MAX_TIME, writing).await {
        Ok(Ok(())) => debug!(key, "wrote the record of the build"),
        Ok(Err(problem)) => debug!(
            code = problem.code(),
            "the record of the build was not written: {problem}"
        ),
        Err(_) => debug!("the record of the build was not written: no answer within {MAX_TIME:?}"),
    }
}

/// Writes the digests of the stored entries, for a store whose listings do not have them. Returns a warning
/// if the next run will not find all of them.
pub(super) async fn keep_metadata<S: Store>(
    sender: &BatchSender<S>,
    keyspace: &BuildKeyspace,
) -> Option<String> {
    let keeping = sender.keep_metadata(keyspace.key_prefixes.first()?);
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
    fn keeps_the_longest_ttl() {
        let mut longest_ttl = LongestTtl::default();
        longest_ttl.add(Some(60));
        longest_ttl.add(Some(3600));
        longest_ttl.add(Some(600));
        assert_eq!(longest_ttl.ttl_seconds(), Some(3600));
        longest_ttl.add(None);
        assert_eq!(longest_ttl.ttl_seconds(), None);
    }
}
